"""The EPUB: the built site as a book for readers' programs."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import textwrap
import unicodedata
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from qed.site import about
from qed.site.build import BuildError, build
from qed.site.editions import LICENCE, PRINT, Book, about_book, elsewhere, read
from qed.site.live import archive
from qed.site.pages import Page, Part, parts, settle

TYPES = {
    ".ttf": "font/ttf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".css": "text/css",
    ".xhtml": "application/xhtml+xml",
}


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
        return f"{names[path]}{mark}{anchor}" if path in names else elsewhere(address, site, book)

    def picture(address: str) -> str:
        name, content = _picture(address, site)
        pictures[name] = content
        return f"images/{name}"

    pages = {
        name: read(site, name, book, without="katex-html", link=link, picture=picture)
        for part in plan
        for name in part.pages
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
    content |= {f"fonts/{name}": font for name, font in fonts("".join(files.values())).items()}
    content["style.css"] = (PRINT / "epub.css").read_bytes() + (PRINT / "graph.css").read_bytes()
    pictures["cover.png"] = cover(book)
    content |= {f"images/{name}": pictures[name] for name in sorted(pictures)}
    content["package.opf"] = _package(book, plan, content).encode()
    target = root / "_build" / f"{book.name}.epub"
    # Its kind comes first and not compressed, so that it can be told by its first bytes.
    held = {"mimetype": b"application/epub+zip", "META-INF/container.xml": CONTAINER}
    held |= {f"EPUB/{name}": content[name] for name in sorted(content)}
    partial = target.with_suffix(".partial")
    partial.write_bytes(archive(held, book.date, stored={"mimetype"}))
    os.replace(partial, target)
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


# What formulas are set in where a reader's program has no font for mathematics: the first knows how parts of a
# formula are placed and stretched, the second has the letters that the first lacks.
FONTS = {"math.ttf": "DejaVuSerif.ttf", "letters.ttf": "STIXGeneral.ttf"}
ITALIC = ("MATHEMATICAL ITALIC", "PLANCK CONSTANT")


def fonts(markup: str) -> dict[str, bytes]:
    """Cut Matplotlib's fonts down to the characters of all formulas.

    Returns
    -------
    dict
        From the name of a file to its content; the same characters give the same bytes.
    """
    from fontTools import subset

    formulas = "".join(re.findall(r"<math.*?</math>", markup, flags=re.DOTALL))
    formulas = unescape(re.sub(r"<annotation.*?</annotation>|<[^>]*>", "", formulas, flags=re.DOTALL))
    wanted = {ord(character) for character in formulas}
    options = subset.Options(layout_features=[], notdef_outline=True, hinting=False)
    options.drop_tables += ["FFTM"]  # when it was last edited
    found = {}
    for name, file in FONTS.items():
        font = subset.load_font(str(about.fonts_folder() / file), options)
        font.recalcTimestamp = False
        # A name such as x stands upright in the page, and is set in italics.
        italic = {code for code in font.getBestCmap() if unicodedata.name(chr(code), "").startswith(ITALIC)
                  and unicodedata.normalize("NFKC", chr(code)) in formulas}  # fmt: skip
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=wanted | italic)
        cutter.subset(font)
        written = io.BytesIO()
        font.save(written)
        found[name] = written.getvalue()
    return found


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
