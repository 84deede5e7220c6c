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
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).parent / "katex"

# One string out, whose first character says whether KaTeX could set the formula.
_TYPESET = """
function typeset(tex, displayMode, macros) {
  macros["\\\\arraystretch"] ??= "1.25";  // fractions in rows above each other would touch
  try {
    return "+" + katex.renderToString(tex, {displayMode, macros, output: "htmlAndMathml", strict: "ignore"});
  } catch (error) {
    return "-" + error.message;
  }
}
"""

# A tag, a whole <pre>, or the text between them.
_PIECE = re.compile(r"(<pre\b.*?</pre>|<[^>]*>)", re.DOTALL)
# What must stay on a formula's line: brackets before it, and after it the marks of a sentence and short endings.
OPENING = r"[(\[“‘]*"
CLOSING = r"(?:[-’]?\w{1,3}\b)?[.,;:!?)\]’”%…]*"
_MATH = re.compile(rf"({OPENING})\\\((.+?)\\\)({CLOSING})|\\\[(.+?)\\\]", re.DOTALL)
_TAG = re.compile(r"<[^>]*>|^[^>]*>")
SHORT = 20  # characters up to which a formula in a line of text is never broken

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
        before, inline, after, displayed = match.groups("")
        tex = html.unescape(inline or displayed)
        try:
            markup = _wrap(typeset(tex, not inline, macros), not inline)
        except TexError as error:
            report(f"KaTeX cannot set {tex!r}: {error}")
            markup = html.escape(tex)
        return f'<span class="qed-glue">{before}{markup}{after}</span>' if before or after else markup

    pieces = _PIECE.split(text)
    return "".join(piece if n % 2 else _MATH.sub(formula, piece) for n, piece in enumerate(pieces))


def _wrap(markup: str, display: bool, attributes: str = "", number: str = "") -> str:
    if display:
        return f'<div class="math"{attributes}>{markup}{number}</div>'
    # The last part apart: whether a line may break after it is for some browsers a matter of what is around it.
    head, base, tail = markup.rpartition('<span class="katex-base">')
    end = "</span></span>"
    if base:
        markup = f'{head}<span class="qed-last">{base}{tail.removesuffix(end)}</span>{end}'
    shown = _TAG.sub("", head.partition('class="katex-html"')[2] + base + tail)
    whole = " qed-whole" if len(shown.replace("\u200b", "")) <= SHORT else ""
    return f'<span class="math{whole}">{markup}</span>'


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


class KeepTogether(SphinxTransform):
    """Keep what follows a formula on its line: browsers may break between a formula and a full stop."""

    default_priority = 900  # the text is final: quotation marks are set at 855

    def apply(self, **kwargs: Any) -> None:
        """Put each formula and what must not leave it into one element, of which `qed.css` says the rest."""
        for formula in list(self.document.findall(nodes.math)):
            inner: nodes.Element = formula
            while isinstance(inner.parent, _INLINE) and inner.parent[-1] is inner:
                inner = inner.parent
            parent = inner.parent
            if parent is None or isinstance(parent, nodes.title) or "qed-glue" in parent.get("classes", ()):
                continue
            place = parent.index(inner)
            before, after = _text(parent, place - 1), _text(parent, place + 1)
            opening = re.search(f"{OPENING}$", before)[0]  # type: ignore[index]
            closing = re.match(CLOSING, after)[0]  # type: ignore[index]
            if not opening and not closing:
                continue
            glue = nodes.inline("", "", classes=["qed-glue"])
            new = [nodes.Text(before[: len(before) - len(opening)]), glue, nodes.Text(after[len(closing) :])]
            first, last = place - bool(before), place + bool(after)
            parent[first : last + 1] = [node for node in new if node is glue or node.astext()]
            glue += [node for node in (nodes.Text(opening), inner, nodes.Text(closing)) if node.astext()]


_INLINE = (nodes.reference, nodes.emphasis, nodes.strong, nodes.inline, addnodes.pending_xref)


def _text(parent: nodes.Element, place: int) -> str:
    """The text at a place among an element's children, empty where something else or nothing stands."""
    here = parent[place] if 0 <= place < len(parent) else None
    return str(here) if isinstance(here, nodes.Text) else ""
