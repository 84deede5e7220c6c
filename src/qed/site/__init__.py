"""The site: a Sphinx extension, and the commands that build the book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

HERE = Path(__file__).parent
DISPLAY = HERE.parent / "display"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    from sphinx.writers.html5 import HTML5Translator

    from qed.site import cards, outputs, reference, tex

    app.add_config_value("qed_macros", {}, "env", [dict])
    app.add_config_value("comments_config", {}, "html", [dict])  # set by Jupyter Book, unused here
    app.add_html_math_renderer("katex", (tex.visit_math, None), (tex.visit_math_block, None))
    app.add_directive("claim-card", cards.ClaimCard)
    app.add_directive("kernel-rules", reference.KernelRules)
    app.add_directive("kernel-files", reference.KernelFiles)
    app.add_role("claim", cards.ClaimRole())
    app.add_transform(cards.ListClaims)
    app.add_transform(cards.ResolveLinks)
    app.add_transform(tex.KeepTogether)
    app.add_node(outputs.qed_figure, html=(outputs.visit_figure, outputs.depart_figure))
    app.add_node(outputs.qed_picture, html=(outputs.visit_picture, None))
    app.add_node(outputs.qed_explorer, html=(HTML5Translator.visit_raw, None))
    app.add_node(outputs.qed_caption, html=(outputs.visit_caption, outputs.depart_caption))
    app.add_css_file("katex/katex.min.css")
    app.add_css_file("qed.css")
    app.add_js_file("qed.js", loading_method="defer")
    app.connect("builder-inited", _add_static)
    app.connect("doctree-read", reference.add_sources)
    app.connect("html-page-context", _plain_title)
    app.connect("html-page-context", reference.add_style)
    app.connect("html-page-context", outputs.add_explorers)
    app.connect("env-get-outdated", _remember)
    app.connect("env-updated", _write_all_if_needed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_static(app: Sphinx) -> None:
    from sphinx.util.fileutil import copy_asset

    app.config.html_static_path += [str(HERE / "static"), str(DISPLAY / "explorer.js"), str(DISPLAY / "explorer.css")]
    katex = Path(app.outdir, "_static", "katex")
    copy_asset(HERE / "katex", katex, excluded=lambda name: name.endswith((".js", ".md")))


def _plain_title(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Give the browser's tab a title without the markup of its formulas."""
    if page in app.env.titles:
        context["title"] = app.env.titles[page].astext().translate(str.maketrans("", "", "\\{}"))


def _public(env: BuildEnvironment) -> dict[str, Any]:
    """What pages show of one another, or link to: titles and anchors."""
    anchors = {doc: sorted(about.get("myst_slugs", {})) for doc, about in env.metadata.items()}
    titles = {doc: title.astext() for doc, title in env.titles.items()}
    return {"titles": titles, "anchors": anchors, "labels": dict(env.get_domain("std").data["anonlabels"])}


def _remember(app: Sphinx, env: BuildEnvironment, *_documents: set[str]) -> list[str]:
    env.qed_public = _public(env)  # type: ignore[attr-defined]
    return []


def _write_all_if_needed(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Write every page again when a title or an anchor changed.

    Sphinx would write only the page where it changed. The side bars of others would keep the old title, and
    a link of theirs to an anchor that is gone would get no warning, until somebody builds from nothing.
    """
    return env.found_docs if _public(env) != env.qed_public else []  # type: ignore[attr-defined]
