"""What surrounds the text of a page: navigation, styles, scripts, and the pages of contents and search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import TocTree
from sphinx.util.fileutil import copy_asset

HERE = Path(__file__).parent
STATIC = HERE / "static"
KATEX = HERE / "katex"

# Every page needs these; one style sheet and one script, so that a first visit asks for few files.
STYLES = (KATEX / "katex.min.css", STATIC / "frame.css", STATIC / "qed.css")
SCRIPTS = (KATEX / "copy-tex.min.js", STATIC / "frame.js", STATIC / "qed.js")
BOOK_CSS, BOOK_JS = "book.css", "book.js"

# What Sphinx and its extensions bring and no page here needs.
UNUSED = ("basic.css", "pygments.css", "mystnb.*.css", "documentation_options.js", "doctools.js", "sphinx_highlight.js")

# The fonts that nearly every formula needs. The browser would ask for them only after it has laid the page out.
FONTS = ("KaTeX_Main-Regular.woff2", "KaTeX_Math-Italic.woff2")

# A page must not grow with the book: its menu shows a small book whole, of a large one what is near.
SMALL, PARTS, PAGES = 16, 9, 9

# Before anything is painted: the theme that the reader chose, or else the system's.
BOOT = """(() => {
  let theme = "auto";
  try { theme = localStorage.getItem("theme") || theme; } catch {}
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme == "auto" ? dark : theme;
})();"""

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption, the anchor on the page of contents, and its pages in order."""

    caption: str
    anchor: str
    pages: tuple[str, ...]


def setup(app: Sphinx) -> None:
    """Register the theme and what it needs."""
    app.add_html_theme("qed", str(HERE / "theme"))
    app.add_css_file(BOOK_CSS, priority=100)
    app.add_js_file(BOOK_JS, priority=100, loading_method="defer")
    app.connect("builder-inited", _write_assets)
    app.connect("html-collect-pages", _pages)
    app.connect("html-page-context", _fill, priority=900)  # after those that add a style or a script to a page
    app.connect("build-finished", _sweep, priority=900)


def parts(app: Sphinx) -> list[Part]:
    """The parts of the book, as ``_toc.yml`` has them."""
    site = app.config.external_site_map

    def below(name: str) -> Iterator[str]:
        yield name
        for tree in site[name].subtrees:
            for child in tree.files():
                yield from below(child)

    found = []
    for place, tree in enumerate(site.root.subtrees):
        pages = tuple(page for child in tree.files() for page in below(child))
        found.append(Part(tree.caption or "Pages", f"part-{place + 1}", pages))
    return found


def around(items: Sequence[T], place: int, most: int) -> Sequence[T]:
    """At most so many of the items, with the one at `place` in their middle where that is possible."""
    first = max(0, min(place - most // 2, len(items) - most))
    return items[first : first + most]


def near(book: Sequence[Part], page: str) -> list[tuple[Part, Sequence[str]]]:
    """What a page's menu shows: parts, and of each the pages that are listed under it."""
    if sum(len(part.pages) for part in book) <= SMALL:
        return [(part, part.pages) for part in book]
    here = next((place for place, part in enumerate(book) if page in part.pages), None)
    shown = around(book, here or 0, PARTS)
    return [(part, around(part.pages, part.pages.index(page), PAGES) if page in part.pages else ()) for part in shown]


def _link(app: Sphinx, titles: dict[str, str], page: str, target: str) -> dict[str, Any]:
    if target not in titles:
        titles[target] = app.builder.render_partial(app.env.titles[target])["title"]  # type: ignore[attr-defined]
    address = app.builder.get_relative_uri(page, target)
    return {"uri": address, "title": titles[target], "current": page == target}


def _titles(app: Sphinx) -> dict[str, str]:
    return app.builder.__dict__.setdefault("qed_titles", {})  # type: ignore[no-any-return]


def _fill(app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the templates what they show around the text."""
    if app.builder.name != "html":
        return
    titles = _titles(app)
    context["qed_navigation"] = [
        {"caption": part.caption, "anchor": part.anchor, "more": len(part.pages) - len(pages),
         "pages": [_link(app, titles, page, target) for target in pages if target in app.env.titles]}
        for part, pages in near(parts(app), page)
    ]
    context["qed_toc"] = _sections(app, page)
    context["qed_boot"] = BOOT
    context["qed_fonts"] = []
    if doctree is not None and 'class="katex"' in context["body"]:
        context["qed_fonts"] = [f"_static/katex/fonts/{name}" for name in FONTS]
    for kind in ("css_files", "script_files"):
        context[kind] = [file for file in context[kind] if not _unused(str(file.filename))]


def _unused(name: str) -> bool:
    return any(fnmatch(name, f"_static/{pattern}") for pattern in UNUSED)


def _sections(app: Sphinx, page: str) -> str:
    """The sections of a page as a list of links, empty if there are fewer than two."""
    if page not in app.env.tocs:
        return ""
    toc = TocTree(app.env).get_toc_for(page, app.builder)
    lists = list(toc.findall(nodes.bullet_list))
    if len(lists) < 2 or len(lists[1]) < 2:
        return ""
    inner = lists[1]
    for entry in list(inner.findall(nodes.list_item)):
        deep = entry.parent.parent is not inner and entry.parent is not inner
        if deep and entry.parent.parent.parent is not inner:
            entry.parent.remove(entry)
    inner.parent.remove(inner)
    fragment: str = app.builder.render_partial(inner)["fragment"]  # type: ignore[attr-defined]
    return fragment


def _pages(app: Sphinx) -> Iterable[tuple[str, dict[str, Any], str]]:
    """The pages of contents and of search."""
    if app.builder.name != "html":
        return
    titles = _titles(app)
    book = [
        {"caption": part.caption, "anchor": part.anchor,
         "pages": [_link(app, titles, "contents", target) for target in part.pages]}
        for part in parts(app)
    ]
    yield "contents", {"title": "Contents", "qed_parts": book}, "contents.html"


def _write_assets(app: Sphinx) -> None:
    """Write what pages ask for, before they are written: their links carry the hashes of these files."""
    if app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    bundled = {path.name for path in (*STYLES, *SCRIPTS)}
    copy_asset(KATEX, static / "katex", excluded=lambda name: name.endswith((".js", ".css", ".md")))
    copy_asset(STATIC, static, excluded=lambda name: name in bundled)
    styles = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    (static / BOOK_CSS).write_text(styles.replace("url(fonts/", "url(katex/fonts/"), encoding="utf-8")
    scripts = ";\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    (static / BOOK_JS).write_text(scripts, encoding="utf-8")


def _sweep(app: Sphinx, failure: Exception | None) -> None:
    """Take away what no page asks for."""
    if app.builder.name == "html" and failure is None:
        for pattern in UNUSED:
            for path in Path(app.outdir, "_static").glob(pattern):
                path.unlink()
