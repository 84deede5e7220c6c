"""Other editions of the built site: an EPUB for readers of books, and a PDF for paper."""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
import re
import uuid
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from qed.site import about, changes
from qed.site.build import BuildError, build
from qed.site.pages import Page, Part, Reader, parts

HERE = Path(__file__).parent
PRINT = HERE / "print"
LICENCE = "Code under the MIT licence, text and figures under CC BY 4.0."
TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".gif": "image/gif", ".css": "text/css",
         ".xhtml": "application/xhtml+xml"}


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

    pages = {page: _page(site, page, book, without="katex-html", link=link, picture=picture)
             for part in plan for page in part.pages}
    files = {f"{page.slug}.xhtml": _xhtml(book, page.title, _alternative(page.markup)) for page in pages.values()}
    for page in pages.values():
        try:
            ElementTree.fromstring(files[f"{page.slug}.xhtml"])
        except ElementTree.ParseError as error:
            raise BuildError(f"{page.name}: the page is not well-formed, so that no EPUB can be made of it: "
                             f"{error}") from None
    files["title.xhtml"] = _xhtml(book, book.title, (
        f'<div class="cover"><img src="images/cover.png" alt="{escape(f"{book.title}. {book.words}")}"/></div>'))
    files["nav.xhtml"] = _xhtml(book, "Contents", _nav(plan, pages))
    content = {name: text.encode() for name, text in files.items()}
    content["style.css"] = (PRINT / "epub.css").read_bytes()
    pictures["cover.png"] = cover(book)
    content |= {f"images/{name}": pictures[name] for name in sorted(pictures)}
    content["package.opf"] = _package(book, plan, content).encode()
    target = root / "_build" / f"{book.name}.epub"
    _zip(target, content, book.date)
    return target


def cover(book: Book) -> bytes:
    """Draw the cover."""
    import textwrap

    inner = re.sub(r"\A.*?<svg[^>]*>|</svg>\s*\Z", "", book.mark, flags=re.DOTALL)
    title = "".join(f'<text x="120" y="{700 + 150 * n}">{escape(line)}</text>'
                    for n, line in enumerate(textwrap.wrap(book.title, 14)))
    words = "".join(f'<text x="124" y="{1060 + 62 * n}">{escape(line)}</text>'
                    for n, line in enumerate(textwrap.wrap(book.words, 44)))
    picture = (PRINT / "cover.svg").read_text(encoding="utf-8")
    picture = picture.replace("MARK", inner).replace("TITLE", title).replace("WORDS", words)
    return about.render(picture.replace("AUTHOR", escape(book.author)), 1200, 1800)


def _page(site: Path, name: str, book: Book, **how: Any) -> Page:
    address = f"{book.address}{name}.html"
    still = f'<p class="still"><a href="{escape(address)}">On the site it moves.</a></p>' if book.address else ""
    reader = Reader(name, after={"qed-explorer": still}, **how)
    return reader.read((site / f"{name}.html").read_text(encoding="utf-8"))


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


def _alternative(markup: str) -> str:
    """Give each formula its TeX as a text for programs that know no MathML."""
    return re.sub(r'<math((?:(?!alttext)[^>])*)>(.*?<annotation encoding="application/x-tex">)(.*?)</annotation>',
                  lambda m: f'<math{m[1]} alttext="{m[3].replace(chr(34), "&quot;")}">{m[2]}{m[3]}</annotation>',
                  markup, flags=re.DOTALL)


def _xhtml(book: Book, title: str, body: str) -> str:
    return ('<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
            f'lang="{book.language}" xml:lang="{book.language}">\n<head>\n<title>{escape(title)}</title>\n'
            f'<link rel="stylesheet" type="text/css" href="style.css"/>\n</head>\n<body>\n{body}\n</body>\n</html>\n')


def _nav(plan: list[Part], pages: dict[str, Page]) -> str:
    def entry(page: Page) -> str:
        below = "".join(f'<li><a href="{page.slug}.xhtml#{escape(anchor)}">{escape(words)}</a></li>\n'
                        for level, anchor, words in page.headings if level == 2)
        return (f'<li><a href="{page.slug}.xhtml">{escape(page.title)}</a>'
                + (f"\n<ol>\n{below}</ol>" if below else "") + "</li>\n")

    rows = []
    for part in plan:
        entries = "".join(entry(pages[name]) for name in part.pages)
        rows.append(f"<li><span>{escape(part.caption)}</span>\n<ol>\n{entries}</ol></li>\n" if part.caption else entries)
    return f'<nav epub:type="toc">\n<h1>Contents</h1>\n<ol>\n{"".join(rows)}</ol>\n</nav>'


def _package(book: Book, plan: list[Part], content: dict[str, bytes]) -> str:
    def item(place: int, name: str) -> str:
        text = content[name].decode(errors="ignore") if name.endswith(".xhtml") else ""
        about = [word for word, found in (("mathml", "<math" in text), ("svg", "<svg" in text),
                                          ("nav", name == "nav.xhtml"), ("cover-image", name == "images/cover.png"))
                 if found]
        properties = f' properties="{" ".join(about)}"' if about else ""
        kind = TYPES[Path(name).suffix]
        return f'<item id="f{place}" href="{quote(name)}" media-type="{kind}"{properties}/>'

    names = list(content)
    order = ["title.xhtml", "nav.xhtml", *(f"{page.rpartition('/')[2]}.xhtml" for part in plan for page in part.pages)]
    features = ("MathML", "alternativeText", "structuralNavigation", "tableOfContents", "unlocked")
    metadata = [
        f'<dc:identifier id="book">{book.urn}</dc:identifier>', f"<dc:title>{escape(book.title)}</dc:title>",
        f"<dc:language>{book.language}</dc:language>", f"<dc:creator>{escape(book.author)}</dc:creator>",
        f"<dc:description>{escape(book.words)}</dc:description>",
        f"<dc:rights>{escape(book.copyright)}. {LICENCE}</dc:rights>", f"<dc:date>{book.date}</dc:date>",
        f'<meta property="dcterms:modified">{book.date}T00:00:00Z</meta>',
        *(f'<meta property="schema:accessMode">{mode}</meta>' for mode in ("textual", "visual")),
        '<meta property="schema:accessModeSufficient">textual</meta>',
        *(f'<meta property="schema:accessibilityFeature">{feature}</meta>' for feature in features),
        '<meta property="schema:accessibilityHazard">none</meta>',
        '<meta property="schema:accessibilitySummary">Formulas are MathML with their TeX as text; figures and explorers '
        "have descriptions made from the data they draw.</meta>",
    ]
    if book.address:
        metadata.append(f"<dc:source>{escape(book.address)}</dc:source>")
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book" '
        f'xml:lang="{book.language}">',
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">', *metadata, "</metadata>",
        "<manifest>", *(item(place, name) for place, name in enumerate(names)), "</manifest>",
        "<spine>", *(f'<itemref idref="f{names.index(name)}"/>' for name in order), "</spine>", "</package>", "",
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
