"""The site: a Sphinx extension, and the commands that build the book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    from qed.site import cards, outputs, tex

    app.add_config_value("qed_macros", {}, "env", [dict])
    app.add_config_value("comments_config", {}, "html", [dict])  # set by Jupyter Book, unused here
    app.add_html_math_renderer("katex", (tex.visit_math, None), (tex.visit_math_block, None))
    app.add_directive("claim-card", cards.ClaimCard)
    app.add_role("claim", cards.ClaimRole())
    app.add_transform(cards.ListClaims)
    app.add_transform(cards.ResolveLinks)
    app.add_node(outputs.qed_figure, html=(outputs.visit_figure, outputs.depart_figure))
    app.add_node(outputs.qed_picture, html=(outputs.visit_picture, None))
    app.add_node(outputs.qed_caption, html=(outputs.visit_caption, outputs.depart_caption))
    app.add_css_file("katex/katex.min.css")
    app.add_css_file("qed.css")
    app.connect("builder-inited", _add_static)
    app.connect("html-page-context", _plain_title)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_static(app: Sphinx) -> None:
    from sphinx.util.fileutil import copy_asset

    app.config.html_static_path.append(str(HERE / "static"))
    katex = Path(app.outdir, "_static", "katex")
    copy_asset(HERE / "katex", katex, excluded=lambda name: name.endswith((".js", ".md")))


def _plain_title(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Give the browser's tab a title without the markup of its formulas."""
    if page in app.env.titles:
        context["title"] = app.env.titles[page].astext().translate(str.maketrans("", "", "\\{}"))
