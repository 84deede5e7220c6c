"""The search: what can be found, collected page by page, and the file in which the reader's browser looks it up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector

from qed.site import notebooks

# An entry: what it is, its anchor on the page, its title, and the words to be found.
Entry = tuple[str, str, str, str]

INDEX = "search-index.js"


def setup(app: Sphinx) -> None:
    """Register the search, in place of Sphinx's own, which finds no word of Chinese inside a longer one."""
    app.add_env_collector(Collector)
    app.connect("builder-inited", _replace)
    app.connect("html-collect-pages", _pages)
    app.connect("html-page-context", _add_scripts)


class Collector(EnvironmentCollector):
    """Keeps the entries of each page in the environment, so that pages that did not change need not be read."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page."""
        _kept(env).pop(docname, None)

    def merge_other(self, app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment) -> None:
        """Take over the pages that another process has read."""
        _kept(env).update({name: _kept(other)[name] for name in docnames if name in _kept(other)})

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Collect a page that was read."""
        path = Path(app.env.doc2path(app.env.docname))
        entries = list(_of_sections(doctree))
        if path.suffix == ".ipynb":
            entries += _of_claims(path)
        _kept(app.env)[app.env.docname] = entries


def _kept(env: BuildEnvironment) -> dict[str, list[Entry]]:
    return env.__dict__.setdefault("qed_search", {})  # type: ignore[no-any-return]


def _of_sections(doctree: nodes.document) -> Iterator[Entry]:
    for section in doctree.findall(nodes.section):
        kind = "page" if isinstance(section.parent, nodes.document) else "section"
        title = plain(section.next_node(nodes.title))
        text = " ".join(plain(child) for child in section.children if not isinstance(child, _APART))
        yield kind, "" if kind == "page" else section["ids"][0], title, text
    for signature in doctree.findall(addnodes.desc_signature):
        if signature.get("ids"):
            content = signature.parent.next_node(addnodes.desc_content)
            yield "function", signature["ids"][0], signature["ids"][0], plain(content)


def _of_claims(path: Path) -> Iterator[Entry]:
    for claim in notebooks.stored(path)[0].values():
        record = claim.record
        how = ", ".join([record["grade"], *record.get("engines", [])])
        said = [claim.id.partition(".")[2].replace("-", " "), record.get("words"), record.get("statement"), how]
        yield "claim", claim.id, claim.id, " · ".join(part for part in said if part)


_APART = (nodes.section, nodes.title, addnodes.desc, addnodes.toctree)


def plain(node: nodes.Node | None) -> str:
    """The words of a node on one line: without code cells and cards, and with formulas only where they are short."""
    return " ".join("".join(_words(node)).split()) if node is not None else ""


def _words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Text):
        yield str(node)
    elif isinstance(node, nodes.math):
        tex = node.astext()
        yield tex if re.fullmatch(r"[\w\s+<>=()|^-]{1,20}", tex) else "…"
    elif not isinstance(node, _WORDLESS):
        for child in node.children:
            yield from _words(child)
        if not isinstance(node, nodes.Inline):
            yield " "


_WORDLESS = (nodes.raw, nodes.comment, nodes.literal_block, nodes.math_block, nodes.image)


def _replace(app: Sphinx) -> None:
    app.builder.search = False  # type: ignore[attr-defined]


def _pages(app: Sphinx) -> Iterable[tuple[str, dict[str, Any], str]]:
    """The page of the search; first the file that it loads, since the link to it carries the file's hash."""
    if app.builder.name == "html":
        _write(app)
        yield "search", {"title": "Search"}, "search.html"


def _add_scripts(app: Sphinx, page: str, *_: Any) -> None:
    if page == "search" and app.builder.name == "html":
        for name in ("minisearch/minisearch.js", INDEX, "search.js"):
            app.add_js_file(name, loading_method="defer")


def _write(app: Sphinx) -> None:
    pages = sorted(_kept(app.env))
    address = [[app.builder.get_target_uri(page), plain(app.env.titles[page])] for page in pages]
    entries = [[place, *entry] for place, page in enumerate(pages) for entry in _kept(app.env)[page]]
    text = json.dumps({"pages": address, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, "_static", INDEX).write_text(f"const searchIndex = {text};\n", encoding="utf-8")
