"""Mathematics, set by KaTeX at build time."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).parent / "katex"

# One string out, whose first character says whether KaTeX could set the formula.
_TYPESET = """
function typeset(tex, displayMode, macros) {
  try {
    return "+" + katex.renderToString(tex, {displayMode, macros, output: "htmlAndMathml", strict: "ignore"});
  } catch (error) {
    return "-" + error.message;
  }
}
"""

# A tag, a whole <pre>, or the text between them.
_PIECE = re.compile(r"(<pre\b.*?</pre>|<[^>]*>)", re.DOTALL)
_MATH = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)

logger = logging.getLogger(__name__)


class TexError(ValueError):
    """A formula that KaTeX cannot set."""


@lru_cache(1)
def _engine() -> Any:
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    engine.eval((KATEX / "katex.min.js").read_text(encoding="utf-8"))
    engine.eval(_TYPESET)
    return engine


@lru_cache(None)
def _typeset(tex: str, display: bool, macros: str) -> str:
    result: str = _engine().call("typeset", tex, display, json.loads(macros))
    if result[0] == "-":
        raise TexError(result[1:].removeprefix("KaTeX parse error: "))
    return result[1:]


def typeset(tex: str, display: bool = False, macros: Mapping[str, str] | None = None) -> str:
    """Set one formula.

    Parameters
    ----------
    tex : str
        The formula, without delimiters.
    display : bool
        Whether it stands on a line of its own.
    macros : mapping of str to str, optional
        Macros and what they stand for.

    Returns
    -------
    str
        HTML, with MathML for screen readers inside.

    Raises
    ------
    TexError
        If KaTeX cannot set the formula.
    """
    return _typeset(tex.strip(), display, json.dumps(dict(macros or {}), sort_keys=True))


def typeset_html(text: str, macros: Mapping[str, str], report: Callable[[str], None]) -> str:
    r"""Replace ``\(...\)`` and ``\[...\]`` in a piece of HTML by set formulas.

    Parameters
    ----------
    text : str
        HTML; formulas in it are escaped as HTML text is. ``<pre>`` is left alone.
    macros : mapping of str to str
        Macros and what they stand for.
    report : callable
        Called with a message for each formula that cannot be set.
    """

    def formula(match: re.Match[str]) -> str:
        display = match[1] is None
        tex = html.unescape(match[2] if display else match[1])
        try:
            return _wrap(typeset(tex, display, macros), display)
        except TexError as error:
            report(f"KaTeX cannot set {tex!r}: {error}")
            return html.escape(tex)

    pieces = _PIECE.split(text)
    return "".join(piece if n % 2 else _MATH.sub(formula, piece) for n, piece in enumerate(pieces))


def _wrap(markup: str, display: bool, attributes: str = "", number: str = "") -> str:
    if display:  # tabindex: what scrolls must be reachable by keyboard
        return f'<div class="math"{attributes} tabindex="0">{markup}{number}</div>'
    return f'<span class="math">{markup}</span>'


def _visit(translator: Any, node: nodes.Element, display: bool) -> None:
    tex = node.astext()
    attributes = number = ""
    if display and node.get("number"):
        number = f'<span class="eqno">({get_node_equation_number(translator, node)})</span>'
    if node.get("ids"):
        attributes = f' id="{node["ids"][0]}"'
    try:
        markup = typeset(tex, display, translator.config.qed_macros)
    except TexError as error:
        logger.warning("KaTeX cannot set %r: %s", tex, error, location=node, type="qed", subtype="tex")
        markup = translator.encode(tex)
    translator.body.append(_wrap(markup, display, attributes, number))
    raise nodes.SkipNode


def visit_math(translator: Any, node: nodes.Element) -> None:
    """Write a formula in a line of text."""
    _visit(translator, node, display=False)


def visit_math_block(translator: Any, node: nodes.Element) -> None:
    """Write a formula on a line of its own."""
    _visit(translator, node, display=True)
