"""The site: a Sphinx extension, and the commands that build the book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    from sphinx.writers.html5 import HTML5Translator

    from qed.site import about, cards, frame, inert, ledger, live, outputs, reference, search, tex

    app.add_config_value("qed_macros", {}, "env", [dict])
    app.add_config_value("comments_config", {}, "html", [dict])  # set by Jupyter Book, unused here
    app.add_html_math_renderer("katex", (tex.visit_math, None), (tex.visit_math_block, None))
    app.add_directive("claim-card", cards.ClaimCard)
    app.add_directive("ledger", ledger.Ledger)
    app.add_directive("kernel-rules", reference.KernelRules)
    app.add_directive("kernel-files", reference.KernelFiles)
    app.add_role("claim", cards.ClaimRole())
    app.add_transform(cards.ListClaims)
    app.add_transform(cards.ResolveLinks)
    app.add_transform(outputs.RequireAlt)
    app.add_transform(inert.RequireInert)
    app.add_transform(tex.KeepTogether)
    app.add_node(outputs.qed_figure, html=(outputs.visit_figure, outputs.depart_figure))
    app.add_node(outputs.qed_panels, html=(outputs.visit_panels, outputs.depart_panels))
    app.add_node(outputs.qed_picture, html=(outputs.visit_picture, None))
    app.add_node(outputs.qed_explorer, html=(HTML5Translator.visit_raw, None))
    app.add_node(outputs.qed_caption, html=(outputs.visit_caption, outputs.depart_caption))
    frame.setup(app)
    search.setup(app)
    live.setup(app)
    app.connect("doctree-read", reference.add_sources)
    app.connect("doctree-resolved", ledger.fill)
    app.connect("html-page-context", _plain_title)
    app.connect("html-page-context", ledger.add_files)
    app.connect("html-page-context", cards.add_preview)
    app.connect("html-page-context", reference.add_style)
    app.connect("html-page-context", outputs.add_explorers)
    app.connect("env-get-outdated", _remember)
    app.connect("env-updated", _write_again)
    app.connect("build-finished", ledger.write)
    about.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _plain_title(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Give the browser's tab a title without the markup of its formulas."""
    from qed.site import cards

    if page in app.env.titles:
        context["title"] = cards.plain_title(app.env, page)


def _public(env: BuildEnvironment) -> dict[str, Any]:
    """What pages show of one another, or link to: titles, anchors, and what uses what."""
    from qed.site import cards, ledger

    anchors = {doc: sorted(about.get("myst_slugs", {})) for doc, about in env.metadata.items()}
    titles = {doc: title.astext() for doc, title in env.titles.items()}
    labels = dict(env.get_domain("std").data["anonlabels"])
    shared = {"used_by": cards.used_by(env), "ledger": ledger.pages(env)}
    return {"titles": titles, "anchors": anchors, "labels": labels, **shared}


def _remember(app: Sphinx, env: BuildEnvironment, *_documents: set[str]) -> list[str]:
    env.qed_public = _public(env)  # type: ignore[attr-defined]
    return []


def _write_again(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Write every page again when a title, an anchor or what uses a claim changed; the ledger in any case.

    Sphinx would write only the page where it changed. The side bars of others would keep the old title, and
    a link of theirs to an anchor that is gone would get no warning, until somebody builds from nothing.
    """
    from qed.site import ledger

    return env.found_docs if _public(env) != env.qed_public else ledger.pages(env)  # type: ignore[attr-defined]
