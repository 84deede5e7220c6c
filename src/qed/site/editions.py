"""Other editions of the built site: an EPUB for readers of books, and a PDF for paper.

The EPUB is put together here. The PDF is printed by Chromium, the only program of those tried that sets KaTeX's
formulas right, from one long page; what paper needs besides is in ``print/print.css``.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import textwrap
import unicodedata
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from qed.site import about, changes
from qed.site.build import BuildError, build
from qed.site.pages import BadPage, Page, Part, Reader, parts, settle

HERE = Path(__file__).parent
PRINT = HERE / "print"
LICENCE = "Code under the MIT licence, text and figures under CC BY 4.0."
TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".css": "text/css",
    ".xhtml": "application/xhtml+xml",
}


@dataclass(frozen=True)
class Book:
    """What an edition says of itself, from ``_config.yml`` and ``CHANGELOG.md``."""

    title: str
    author: str
    words: str
    copyright: str
    language: str
    address: str
    mark: str
    date: datetime.date

    @property
    def name(self) -> str:
        """The name of an edition's file."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def urn(self) -> str:
        """The name by which readers' programs know the book: the same for all its editions in time."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.address or self.title).urn


def about_book(root: Path) -> Book:
    """Read what an edition says of itself."""
    import yaml

    config: dict[str, Any] = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    html, sphinx = config.get("html") or {}, (config.get("sphinx") or {}).get("config") or {}
    log = root / "CHANGELOG.md"
    dated = changes.read(log) if log.exists() else []
    # Not the clock: an edition of the same pages is the same file.
    date = dated[0].date if dated else datetime.date(1980, 1, 1)
    mark = (root / html["favicon"]).read_text(encoding="utf-8") if html.get("favicon") else ""
    return Book(config["title"], config["author"], sphinx.get("qed_description", "").strip(),
                f"© {config['copyright']} {config['author']}", sphinx.get("language", "en"), html.get("baseurl", ""),
                mark, date)  # fmt: skip


def epub(root: Path) -> Path:
    """Make an EPUB 3 of the book at `root`, from its site, which is built first if it is not up to date.

    Returns
    -------
    Path
        The file, ``_build/<title>.epub``.

    Raises
    ------
    BuildError
        If the site cannot be built, or a page of it is not well-formed.
    """
    build(root)
    site, book, plan = root / "_build" / "html", about_book(root), parts(root)
    names = {f"{page}.html": f"{page.rpartition('/')[2]}.xhtml" for part in plan for page in part.pages}
    pictures: dict[str, bytes] = {}

    def link(address: str) -> str | None:
        path, mark, anchor = address.partition("#")
        return f"{names[path]}{mark}{anchor}" if path in names else _elsewhere(address, site, book)

    def picture(address: str) -> str:
        name, content = _picture(address, site)
        pictures[name] = content
        return f"images/{name}"

    pages = {
        page: _page(site, page, book, without="katex-html", link=link, picture=picture)
        for part in plan
        for page in part.pages
    }
    known = {f"{page.slug}.xhtml#{anchor}" for page in pages.values() for anchor in page.anchors}
    settle(
        pages.values(), known, lambda address: path if (path := address.partition("#")[0]) in names.values() else None
    )
    files = {f"{page.slug}.xhtml": _xhtml(book, page.title, _mathml(page.markup)) for page in pages.values()}
    for name, text in files.items():
        try:
            ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            raise BuildError(f"{name} of the EPUB is not well-formed: {error}") from None
    files["title.xhtml"] = _xhtml(
        book,
        book.title,
        (f'<div class="cover"><img src="images/cover.png" alt="{escape(f"{book.title}. {book.words}")}"/></div>'),
    )
    files["nav.xhtml"] = _xhtml(book, "Contents", _nav(plan, pages))
    content = {name: text.encode() for name, text in files.items()}
    content["style.css"] = (PRINT / "epub.css").read_bytes() + (PRINT / "graph.css").read_bytes()
    pictures["cover.png"] = cover(book)
    content |= {f"images/{name}": pictures[name] for name in sorted(pictures)}
    content["package.opf"] = _package(book, plan, content).encode()
    target = root / "_build" / f"{book.name}.epub"
    _zip(target, content, book.date)
    return target


def cover(book: Book) -> bytes:
    """Draw the cover."""
    inner = about.inside(book.mark)
    title = "".join(
        f'<text x="120" y="{700 + 150 * n}">{escape(line)}</text>'
        for n, line in enumerate(textwrap.wrap(book.title, 14))
    )
    words = "".join(
        f'<text x="124" y="{1060 + 62 * n}">{escape(line)}</text>'
        for n, line in enumerate(textwrap.wrap(book.words, 44))
    )
    picture = (PRINT / "cover.svg").read_text(encoding="utf-8")
    picture = picture.replace("MARK", inner).replace("TITLE", title).replace("WORDS", words)
    return about.render(picture.replace("AUTHOR", escape(book.author)), 1200, 1800)


def _page(site: Path, name: str, book: Book, **how: Any) -> Page:
    address = f"{book.address}{name}.html"
    still = f'<p class="still"><a href="{escape(address)}">On the site it moves.</a></p>' if book.address else ""
    reader = Reader(name, after={"qed-explorer": still}, **how)
    try:
        return reader.read((site / f"{name}.html").read_text(encoding="utf-8"))
    except BadPage as error:
        raise BuildError(str(error)) from None


def _elsewhere(address: str, site: Path, book: Book) -> str | None:
    """An address outside the edition: a file of the site has one only if the site has."""
    if (site / unquote(address.partition("#")[0])).exists():
        return f"{book.address}{address}" if book.address else None
    return address


def _picture(address: str, site: Path) -> tuple[str, bytes]:
    """The name and content of a picture, from the site or from the page itself."""
    if not address.startswith("data:"):
        return Path(address).name, (site / unquote(address)).read_bytes()
    head, _, data = address[5:].partition(",")
    content = base64.b64decode(data) if head.endswith(";base64") else unquote(data).encode()
    suffix = next(key for key, kind in TYPES.items() if kind == head.partition(";")[0])
    return hashlib.sha256(content).hexdigest()[:16] + suffix, content


def _mathml(markup: str) -> str:
    """Give each formula its TeX as a text, and write letters of other alphabets as what they are.

    Browsers, and readers built on them, no longer know ``mathvariant``.
    """
    pattern = r'<math([^>]*)>(.*?<annotation encoding="application/x-tex">)(.*?)</annotation>'

    def named(found: re.Match[str]) -> str:
        text = found[3].replace('"', "&quot;")
        return f'<math{found[1]} alttext="{text}">{found[2]}{found[3]}</annotation>'

    markup = re.sub(pattern, named, markup, flags=re.DOTALL)
    return re.sub(r'<(mi|mn|mo) mathvariant="([a-z-]+)">([A-Za-z0-9])</', _letter, markup)


ALPHABETS = {"double-struck": "double-struck", "bold": "bold", "bold-italic": "bold italic", "script": "script",
             "fraktur": "fraktur", "sans-serif": "sans-serif", "monospace": "monospace"}  # fmt: skip


def _letter(found: re.Match[str]) -> str:
    """Write a letter or digit of another alphabet by its name in Unicode, where some have no such prefix."""
    tag, variant, plain = found.groups()
    kind = "digit" if plain.isdigit() else "capital" if plain.isupper() else "small"
    name = f"{ALPHABETS.get(variant)} {kind} {unicodedata.name(plain).split()[-1]}"
    for full in (f"mathematical {name}", name, name.replace("fraktur", "black-letter")):
        try:
            return f"<{tag}>{unicodedata.lookup(full.upper())}</"
        except KeyError:
            continue
    return found[0]


def _xhtml(book: Book, title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="{book.language}" xml:lang="{book.language}">\n<head>\n<title>{escape(title)}</title>\n'
        f'<link rel="stylesheet" type="text/css" href="style.css"/>\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _nav(plan: list[Part], pages: dict[str, Page]) -> str:
    def entry(page: Page) -> str:
        below = "".join(
            f'<li><a href="{page.slug}.xhtml#{escape(anchor)}">{escape(words)}</a></li>\n'
            for level, anchor, words in page.headings
            if level == 2
        )
        return (
            f'<li><a href="{page.slug}.xhtml">{escape(page.title)}</a>'
            + (f"\n<ol>\n{below}</ol>" if below else "")
            + "</li>\n"
        )

    rows = []
    for part in plan:
        entries = "".join(entry(pages[name]) for name in part.pages)
        rows.append(
            f"<li><span>{escape(part.caption)}</span>\n<ol>\n{entries}</ol></li>\n" if part.caption else entries
        )
    return f'<nav epub:type="toc">\n<h1>Contents</h1>\n<ol>\n{"".join(rows)}</ol>\n</nav>'


def _package(book: Book, plan: list[Part], content: dict[str, bytes]) -> str:
    def item(place: int, name: str) -> str:
        text = content[name].decode(errors="ignore") if name.endswith(".xhtml") else ""
        about = [
            word
            for word, found in (
                ("mathml", "<math" in text),
                ("svg", "<svg" in text),
                ("nav", name == "nav.xhtml"),
                ("cover-image", name == "images/cover.png"),
            )
            if found
        ]
        properties = f' properties="{" ".join(about)}"' if about else ""
        kind = TYPES[Path(name).suffix]
        return f'<item id="f{place}" href="{quote(name)}" media-type="{kind}"{properties}/>'

    names = list(content)
    order = ["title.xhtml", "nav.xhtml", *(f"{page.rpartition('/')[2]}.xhtml" for part in plan for page in part.pages)]
    features = ("MathML", "alternativeText", "structuralNavigation", "tableOfContents", "unlocked")
    metadata = [
        f'<dc:identifier id="book">{book.urn}</dc:identifier>',
        f"<dc:title>{escape(book.title)}</dc:title>",
        f"<dc:language>{book.language}</dc:language>",
        f"<dc:creator>{escape(book.author)}</dc:creator>",
        f"<dc:description>{escape(book.words)}</dc:description>",
        f"<dc:rights>{escape(book.copyright)}. {LICENCE}</dc:rights>",
        f"<dc:date>{book.date}</dc:date>",
        f'<meta property="dcterms:modified">{book.date}T00:00:00Z</meta>',
        *(f'<meta property="schema:accessMode">{mode}</meta>' for mode in ("textual", "visual")),
        '<meta property="schema:accessModeSufficient">textual</meta>',
        *(f'<meta property="schema:accessibilityFeature">{feature}</meta>' for feature in features),
        '<meta property="schema:accessibilityHazard">none</meta>',
        '<meta property="schema:accessibilitySummary">Formulas are MathML with their TeX as text; figures '
        "and explorers have descriptions made from the data they draw.</meta>",
    ]
    if book.address:
        metadata.append(f"<dc:source>{escape(book.address)}</dc:source>")
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book" '
        f'xml:lang="{book.language}">',
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">',
        *metadata,
        "</metadata>",
        "<manifest>",
        *(item(place, name) for place, name in enumerate(names)),
        "</manifest>",
        "<spine>",
        *(f'<itemref idref="f{names.index(name)}"/>' for name in order),
        "</spine>",
        "</package>",
        "",
    ]
    return "\n".join(lines)


CONTAINER = b"""<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def _zip(target: Path, content: dict[str, bytes], date: datetime.date) -> None:
    """Write the container: its kind first and not compressed, so that it can be told by its first bytes."""
    partial = target.with_suffix(".partial")
    files = {"mimetype": b"application/epub+zip", "META-INF/container.xml": CONTAINER}
    files |= {f"EPUB/{name}": content[name] for name in sorted(content)}
    with zipfile.ZipFile(partial, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    os.replace(partial, target)


BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
TIMES = 6  # as often as a page is printed at most; the second time usually agrees with the first
WIDTH = 590  # pixels between the margins of `print.css`
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # fmt: skip

# What is folded is opened. A cell that is long may be broken, so that pages are filled. A line of mathematics that is
# wider than the page, where it can be neither scrolled nor cut, is set smaller. What is still too wide is named.
_FIT = """() => {
  document.querySelectorAll("details").forEach((fold) => fold.open = true);
  for (const cell of document.querySelectorAll(".cell_input")) cell.classList.toggle("long", cell.offsetHeight > 260);
  for (const box of document.querySelectorAll("div.math, .qed-domain, .qed-let, td")) {
    const size = parseFloat(getComputedStyle(box).fontSize), ratio = box.clientWidth / box.scrollWidth;
    if (ratio < 1) box.style.fontSize = `${Math.floor(1000 * size * ratio) / 1000}px`;
  }
  return [...document.querySelectorAll("main *")].filter((e) =>
    !e.closest(".katex") && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 2 &&
    getComputedStyle(e).display != "inline"
  ).map((e) => `${e.closest("main").id}: ${e.className || e.tagName}, ${e.textContent.trim().slice(0, 60)}`);
}"""


def pdf(root: Path) -> Path:
    """Print a PDF of the book at `root`, from its site, which is built first if it is not up to date.

    Returns
    -------
    Path
        The file, ``_build/<title>.pdf``.

    Raises
    ------
    BuildError
        If the site cannot be built, or there is no browser to print it.
    """
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        raise BuildError(
            "The PDF is printed by Chromium or Chrome, and there is none here; on Debian and Ubuntu: "
            "apt install chromium, on macOS: install Google Chrome."
        )
    build(root)
    book, plan, source = about_book(root), parts(root), root / "_build" / "print.html"
    pages = _printed_pages(root, book)
    numbers: dict[str, int] = {}
    try:
        with _browser(path) as browser:
            for _ in range(TIMES):  # the contents need the numbers of pages, and take pages themselves
                source.write_text(_printed(book, plan, pages, numbers), encoding="utf-8")
                printed = _print(browser, source)
                before, numbers = numbers, _numbers(printed)
                if numbers == before:
                    break
            else:
                moved = ", ".join(sorted({key for key, n in numbers.items() if before.get(key) != n})[:3])
                raise BuildError(f"The page numbers of the contents do not settle in {TIMES} printings, that of {moved}"
                                 " among them; make a heading there shorter or longer.")  # fmt: skip
    finally:
        source.unlink(missing_ok=True)
    target = root / "_build" / f"{book.name}.pdf"
    _store(printed, target, book)
    return target


def _printed_pages(root: Path, book: Book) -> dict[str, Page]:
    site, plan = root / "_build" / "html", parts(root)
    names = {f"{page}.html": page.rpartition("/")[2] for part in plan for page in part.pages}

    def page(name: str) -> Page:
        slug = name.rpartition("/")[2]

        def link(address: str) -> str | None:
            path, _, anchor = address.partition("#")
            if path in names:
                return f"#{names[path]}" + (f"--{anchor}" if anchor else "")
            return _elsewhere(address, site, book)

        def picture(address: str) -> str:
            return address if address.startswith("data:") else (site / unquote(address)).as_uri()

        return _page(
            site,
            name,
            book,
            without="katex-mathml",
            link=link,
            picture=picture,
            anchor=lambda anchor: f"{slug}--{anchor}",
        )

    pages = {name: page(name) for part in plan for name in part.pages}
    known = {f"#{anchor}" for one in pages.values() for anchor in {one.slug, *one.anchors}}
    settle(pages.values(), known, lambda address: address.partition("--")[0] if address.startswith("#") else None)
    return pages


def _printed(book: Book, plan: list[Part], pages: dict[str, Page], numbers: dict[str, int]) -> str:
    """The whole book as one page of HTML."""
    fonts = about.fonts_folder()
    faces = "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
        f'src: url("{(fonts / file).as_uri()}"); }}'
        for family, file, weight, style in (
            ("Book", "STIXGeneral.ttf", 400, "normal"), ("Book", "STIXGeneralItalic.ttf", 400, "italic"),
            ("Book", "STIXGeneralBol.ttf", 700, "normal"), ("Book", "STIXGeneralBolIta.ttf", 700, "italic"),
            ("Book Mono", "DejaVuSansMono.ttf", 400, "normal"), ("Book Mono", "DejaVuSansMono-Bold.ttf", 700, "normal"),
        ))  # fmt: skip
    heads = "\n".join(
        f"#{page.slug} {{ page: {_page_name(page)}; }}\n"
        f"@page {_page_name(page)} {{ @top-left {{ content: {json.dumps(page.title, ensure_ascii=False)}; }} }}"
        for page in pages.values()
    )

    def row(level: int, anchor: str, words: str) -> str:
        number = numbers.get(anchor, "")
        return (
            f'<li class="level-{level}"><a href="#{escape(anchor)}"><span>{escape(words)}</span>'
            f"<span>{number}</span></a></li>"
        )

    contents = []
    for part in plan:
        if part.caption:
            contents.append(f'<li class="part">{escape(part.caption)}</li>')
        for page in (pages[name] for name in part.pages):
            contents.append(row(1, page.slug, page.title))
            contents += [row(2, anchor, words) for level, anchor, words in page.headings if level == 2]
    inner = about.inside(book.mark)
    mark = f'<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">{inner}</svg>' if book.mark else ""
    web = escape(book.address)
    where = f'<p>The book on the web, where its figures move: <a href="{web}">{web}</a></p>' if web else ""
    front = (
        f'<section class="title">{mark}<p class="name">{escape(book.title)}</p>'
        f'<p class="words">{escape(book.words)}</p>'
        f'<p class="author">{escape(book.author)}</p></section>'
        f'<section class="imprint"><p>{escape(book.copyright)}</p><p>{LICENCE}</p>{where}'
        f"<p>As of {book.date.day} {book.date:%B %Y}.</p></section>"
        f'<nav class="contents"><h1>Contents</h1><ol>{"".join(contents)}</ol></nav>'
    )
    body = "".join(f'<main id="{page.slug}">{page.markup}</main>' for page in pages.values())
    styles = (HERE / "katex" / "katex.min.css", PRINT / "graph.css", PRINT / "print.css")
    links = "".join(f'<link rel="stylesheet" href="{style.as_uri()}">' for style in styles)
    return (
        f'<!DOCTYPE html><html lang="{book.language}"><head><meta charset="utf-8"><title>{escape(book.title)}</title>'
        f"<style>{faces}</style>{links}<style>{heads}</style></head><body>{front}{body}</body></html>"
    )


def _page_name(page: Page) -> str:
    return "p-" + page.slug


@contextmanager
def _browser(path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            page = program.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
            page.emulate_media(media="print")
            yield page
        finally:
            program.close()


def _print(page: Any, source: Path) -> bytes:
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready")
    if wide := page.evaluate(_FIT):
        raise BuildError("Wider than the paper, and cannot be broken:\n" + "\n".join(wide))
    printed: bytes = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    return printed


def _numbers(printed: bytes) -> dict[str, int]:
    """The page on which each linked anchor stands."""
    import pikepdf

    with pikepdf.open(io.BytesIO(printed)) as file:
        order = {page.obj.objgen: number for number, page in enumerate(file.pages, 1)}
        return {unquote(str(name).lstrip("/")): order[place[0].objgen] for name, place in file.Root.Dests.items()}


def _store(printed: bytes, target: Path, book: Book) -> None:
    """Write the file, packed, with the book's own date and name in place of the browser's."""
    import pikepdf

    partial = target.with_suffix(".partial")
    with pikepdf.open(io.BytesIO(printed)) as file:
        moment = f"D:{book.date:%Y%m%d}000000Z"
        file.docinfo = file.make_indirect(pikepdf.Dictionary(
            Title=book.title, Author=book.author, Subject=book.words, Producer="Chromium", CreationDate=moment,
            ModDate=moment))  # fmt: skip
        file.Root.Lang = book.language
        file.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        file.save(partial, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    os.replace(partial, target)
