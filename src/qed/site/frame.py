"""What surrounds the text of a page: navigation, styles, scripts, and the pages of contents and search."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import TocTree
from sphinx.util.fileutil import copy_asset
from sphinx.writers.html5 import HTML5Translator

from qed.site import cards
from qed.site.pages import Part, listed

HERE = Path(__file__).parent
STATIC = HERE / "static"
KATEX = HERE / "katex"

# Every page needs these; one style sheet and one script, so that a first visit asks for few files.
STYLES = (STATIC / "frame.css", STATIC / "qed.css")
SCRIPTS = (KATEX / "copy-tex.min.js", STATIC / "frame.js", STATIC / "qed.js")
# What notebooks bring in their outputs, and pages with explorers ask for.
EXPLORER = tuple(HERE.parent / "display" / name for name in ("explorer.css", "explorer.js"))
BOOK_CSS, BOOK_JS, MATH_CSS = "book.css", "book.js", "math.css"

# What Sphinx and its extensions bring and no page here needs.
UNUSED = ("basic.css", "pygments.css", "mystnb.*.css", "documentation_options.js", "doctools.js", "sphinx_highlight.js")

# The fonts of nearly every formula are inside the style sheet. As files they would arrive after the first paint, in
# half a dozen requests, and move what stands below a formula.
INSIDE = tuple(f"KaTeX_{name}.woff2" for name in
               ("Main-Regular", "Math-Italic", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular"))
# The letters of number sets, which most articles need, and a reference page does not.
LETTERS = "KaTeX_AMS-Regular.woff2"

# A page must not grow with the book: its menu shows a small book whole, of a large one what is near.
SMALL, PARTS, PAGES = 16, 7, 7

# Even these are ready only some milliseconds after the first layout. Until then nothing is shown, so nothing moves.
AWAIT = """(() => {
  const root = document.documentElement, show = () => delete root.dataset.fonts;
  const faces = ["1em KaTeX_Main", "italic 1em KaTeX_Math", ...[1, 2, 3, 4].map((n) => `1em KaTeX_Size${n}`)];
  root.dataset.fonts = "awaited";
  document.addEventListener("load", ({ target }) => {
    if (target.id == "math-style") Promise.all(faces.map((face) => document.fonts.load(face))).finally(show);
  }, true);
  setTimeout(show, 1500);
})();"""

# Before anything is painted: the theme that the reader chose, or else the system's.
BOOT = """(() => {
  let theme = "auto";
  try { theme = localStorage.getItem("theme") || theme; } catch {}
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme == "auto" ? dark : theme;
})();"""

# A server shows the page for addresses that lead nowhere under any of them. Its links start from what stands before
# the first folder of the site.
HOME = """document.head.append(Object.assign(document.createElement("base"),
  { href: location.pathname.replace(/(book|_\\w+)\\/.*$|[^/]*$/, "") }));
"""
NOWHERE = "404"

# Formulas, and whatever shows claims: their cards hold formulas.
_MATH = re.compile(r'class="(?:[^"]* )?(?:katex|qed-(?!scroll))')

T = TypeVar("T")


def setup(app: Sphinx) -> None:
    """Register the theme and what it needs."""
    app.add_html_theme("qed", str(HERE / "theme"))
    app.add_node(nodes.table, override=True, html=(_visit_table, _depart_table))
    app.add_node(nodes.citation, override=True, html=(_visit_citation, HTML5Translator.depart_citation))
    app.add_css_file(BOOK_CSS, priority=100)
    app.add_js_file(BOOK_JS, priority=100, loading_method="defer")
    app.connect("builder-inited", _write_assets)
    app.connect("doctree-resolved", _without_traces)
    app.connect("doctree-resolved", _unbroken_titles)
    app.connect("html-collect-pages", _pages)
    app.connect("html-page-context", _fill, priority=900)  # after those that add a style or a script to a page
    app.connect("build-finished", _sweep, priority=900)


def parts(app: Sphinx) -> list[Part]:
    """The parts of the book, as ``_toc.yml`` has them."""
    return list(listed(app.config.external_site_map))


def _named(book: Sequence[Part], part: Part) -> dict[str, Any]:
    """A part's caption, and its anchor on the page of contents."""
    return {"caption": part.caption or "Pages", "anchor": f"part-{book.index(part) + 1}"}


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
        title = app.builder.render_partial(app.env.titles[target])["title"]  # type: ignore[attr-defined]
        titles[target] = cards.unbroken(title)
    address = app.builder.get_relative_uri(page, target)
    return {"uri": address, "title": titles[target], "current": page == target}


def _titles(app: Sphinx) -> dict[str, str]:
    return app.builder.__dict__.setdefault("qed_titles", {})  # type: ignore[no-any-return]


def policy(boot: str, base: str = "'none'") -> str:
    """What a page may load and run: files of the site, and the one script in its head, known by its hash.

    KaTeX and the editor place what they show by `style` attributes, so these are free. A worker, Python for instance,
    has the policy that its own file is served with, not this one.
    """
    known = b64encode(sha256(boot.encode()).digest()).decode()
    return (f"default-src 'self'; script-src 'self' 'sha256-{known}'; style-src 'self' 'unsafe-inline'; "
            "font-src 'self' data:; img-src 'self' data: blob:; object-src 'none'; "
            f"base-uri {base}; form-action 'self'")


def _fill(app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the templates what they show around the text."""
    if app.builder.name != "html":
        return
    titles = _titles(app)
    book = parts(app)
    context["qed_navigation"] = [
        _named(book, part) | {
            "more": len(part.pages) - len(pages),
            "pages": [_link(app, titles, page, target) for target in pages if target in app.env.titles],
        }
        for part, pages in near(book, page)
    ]  # fmt: skip
    for way in ("prev", "next"):
        if neighbour := context.get(way):
            neighbour["title"] = cards.unbroken(neighbour["title"])
    context["qed_toc"] = _sections(app, page)
    context["qed_boot"] = BOOT
    body = context.get("body", "")
    if _MATH.search(body):
        app.add_css_file(MATH_CSS, priority=90, id="math-style")
        context["qed_boot"] += AWAIT
    if page == NOWHERE:
        context["qed_boot"] = HOME + context["qed_boot"]
    context["qed_policy"] = policy(context["qed_boot"], "'self'" if page == NOWHERE else "'none'")
    context["qed_fonts"] = [f"_static/katex/fonts/{LETTERS}"] if 'mathbb"' in body else []
    for kind in ("css_files", "script_files"):
        context[kind] = [file for file in context[kind] if not _unused(str(file.filename))]


def _unused(name: str) -> bool:
    return any(fnmatch(name, f"_static/{pattern}") for pattern in UNUSED)


def _sections(app: Sphinx, page: str) -> str:
    """The sections of a page as a list of links, empty if there are fewer than two."""
    if page not in app.env.tocs:
        return ""
    toc = TocTree(app.env).get_toc_for(page, app.builder)
    title = toc.next_node(nodes.list_item)
    sections = title[1] if title is not None and len(title) > 1 else None
    if not isinstance(sections, nodes.bullet_list):
        return ""
    for tree in list(sections.findall(addnodes.toctree)):  # of the book's first page
        tree.parent.remove(tree)
    for section in sections:
        for below in list(section.findall(nodes.bullet_list))[1:]:  # what is deeper than two levels
            below.parent.remove(below)
    if len(sections) < 2:
        return ""
    fragment: str = app.builder.render_partial(sections)["fragment"]  # type: ignore[attr-defined]
    return fragment


def _pages(app: Sphinx) -> Iterable[tuple[str, dict[str, Any], str]]:
    """The pages of contents and for addresses that lead nowhere, and the one that leads to the book's first page."""
    if app.builder.name != "html":
        return
    titles, book = _titles(app), parts(app)
    shown = [_named(book, part) | {"pages": [_link(app, titles, "contents", target) for target in part.pages]}
             for part in book]  # fmt: skip
    yield "contents", {"title": "Contents", "qed_parts": shown}, "contents.html"
    yield NOWHERE, {"title": "There is no such page"}, "404.html"
    if app.config.root_doc != "index":
        yield "index", {}, "index.html"


def _without_traces(_app: Sphinx, doctree: nodes.document, _page: str) -> None:
    """Take away the empty boxes that the book's parts leave on its first page."""
    for box in list(doctree.findall(nodes.compound)):
        if "toctree-wrapper" in box["classes"] and all(child.get("hidden") for child in box.children):
            box.parent.remove(box)


def _unbroken_titles(_app: Sphinx, doctree: nodes.document, _page: str) -> None:
    """Keep small formulas that titles, and links to pages, write in plain letters on one line."""
    for named in list(doctree.findall(lambda node: isinstance(node, nodes.title | nodes.reference))):
        for text in list(named.findall(nodes.Text)):
            if (whole := cards.unbroken(str(text))) != str(text):
                text.parent.replace(text, nodes.Text(whole))


def _visit_table(translator: Any, node: nodes.table) -> None:
    """Open a table in a box of its own, which scrolls where the page must not."""
    translator.body.append('<div class="qed-scroll">')
    HTML5Translator.visit_table(translator, node)


def _depart_table(translator: Any, node: nodes.table) -> None:
    HTML5Translator.depart_table(translator, node)
    translator.body.append("</div>\n")


def _visit_citation(translator: Any, node: nodes.citation) -> None:
    """Open an entry of the bibliography, with a role that its list may hold; the one of docutils is deprecated."""
    HTML5Translator.visit_citation(translator, node)
    translator.body[-1] = translator.body[-1].replace('role="doc-biblioentry"', 'role="listitem"')


def _write_assets(app: Sphinx) -> None:
    """Write what pages ask for, before they are written: their links carry the hashes of these files."""
    if app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    bundled = {path.name for path in (*STYLES, *SCRIPTS)}
    copy_asset(KATEX, static / "katex", excluded=lambda name: name.endswith((".js", ".css", ".md")))
    copy_asset(STATIC, static, excluded=lambda name: name in bundled or name.endswith(".md"))
    for file in EXPLORER:
        copy_asset(file, static)
    (static / BOOK_CSS).write_text("\n".join(path.read_text(encoding="utf-8") for path in STYLES), encoding="utf-8")
    (static / BOOK_JS).write_text(";\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS), encoding="utf-8")
    (static / MATH_CSS).write_text(_math_style(), encoding="utf-8")


def _math_style() -> str:
    style = (KATEX / "katex.min.css").read_text(encoding="utf-8")
    for name in INSIDE:
        data = b64encode((KATEX / "fonts" / name).read_bytes()).decode()
        style = style.replace(f"url(fonts/{name})", f"url(data:font/woff2;base64,{data})")
    return style.replace("url(fonts/", "url(katex/fonts/")


def _sweep(app: Sphinx, failure: Exception | None) -> None:
    """Take away what no page asks for."""
    if app.builder.name == "html" and failure is None:
        for pattern in UNUSED:
            for path in Path(app.outdir, "_static").glob(pattern):
                path.unlink()
