"""The EPUB and the PDF, on the tiny book."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Book, copy_small

from qed.site import editions, epub, pdf
from qed.site.build import BuildError
from qed.site.pages import BadPage, Page, Reader, settle

OPF = {"o": "http://www.idpf.org/2007/opf", "dc": "http://purl.org/dc/elements/1.1/"}
XHTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The tiny book with a dated changelog, its EPUB made once."""
    found = copy_small(tmp_path_factory.mktemp("editions") / "small")
    found.write("CHANGELOG.md", "# Changelog\n\n## 2026-02-03\n\n- Added: squares.\n")
    epub.epub(found.root)
    return found


@pytest.fixture(scope="module")
def archive(book: Book) -> zipfile.ZipFile:
    """The EPUB, opened."""
    return zipfile.ZipFile(next(book.root.glob("_build/*.epub")))


def pages(archive: zipfile.ZipFile) -> dict[str, ElementTree.Element]:
    """The pages of an EPUB, by file name; reading them shows that they are well-formed."""
    return {
        name.removeprefix("EPUB/"): ElementTree.fromstring(archive.read(name))
        for name in archive.namelist()
        if name.endswith(".xhtml")
    }


def copy(text: str, without: str = "katex-html", name: str = "book/page", **after: str) -> str:
    """What the reader of pages makes of an article."""
    reader = Reader(
        name,
        without,
        link=lambda address: None if address == "gone" else f"<{address}>",
        picture=lambda address: f"[{address}]",
        after=after,
    )
    return reader.read(f"<body><nav><p>menu</p></nav><article>{text}</article><p>foot</p></body>").markup


def test_a_book_program_can_tell_the_file_by_its_first_bytes(archive: zipfile.ZipFile):
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert archive.read("mimetype") == b"application/epub+zip"
    container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
    assert [place.get("full-path") for place in container.iter() if place.get("full-path")] == ["EPUB/package.opf"]


def test_the_package_lists_every_file_once_and_reads_the_pages_in_the_books_order(archive: zipfile.ZipFile):
    package = ElementTree.fromstring(archive.read("EPUB/package.opf"))
    items = {item.get("id"): item for item in package.iterfind("o:manifest/o:item", OPF)}
    listed = [item.get("href") for item in items.values()]
    held = [name.removeprefix("EPUB/") for name in archive.namelist() if name.startswith("EPUB/")]
    assert sorted([*listed, "package.opf"]) == sorted(held)
    order = [items[place.get("idref")].get("href") for place in package.iterfind("o:spine/o:itemref", OPF)]
    assert order == ["title.xhtml", "nav.xhtml", "intro.xhtml", "squares.xhtml", "bibliography.xhtml"]
    properties = {item.get("href"): (item.get("properties") or "").split() for item in items.values()}
    assert properties["nav.xhtml"] == ["nav"]
    assert properties["images/cover.png"] == ["cover-image"]
    assert "mathml" in properties["squares.xhtml"]


def test_the_package_says_what_the_book_is_and_not_when_it_was_made(archive: zipfile.ZipFile):
    package = ElementTree.fromstring(archive.read("EPUB/package.opf"))
    assert package.find(".//dc:title", OPF).text == "Executable derivations"
    assert package.find(".//dc:language", OPF).text == "en"
    assert package.find(".//o:meta[@property='dcterms:modified']", OPF).text == "2026-02-03T00:00:00Z"
    assert {entry.date_time[:3] for entry in archive.infolist()} == {(2026, 2, 3)}


def test_every_link_of_the_epub_leads_to_something_in_it(archive: zipfile.ZipFile):
    found = pages(archive)
    anchors = {name: [e.get("id") for e in root.iter() if e.get("id")] for name, root in found.items()}
    assert [name for name, ids in anchors.items() if len(ids) != len(set(ids))] == []
    count = 0
    for name, root in found.items():
        for place in root.iter(f"{XHTML}a"):
            path, _, anchor = place.get("href").partition("#")
            if "://" not in path:
                count += 1
                assert (path or name) in found, place.get("href")
                assert not anchor or anchor in anchors[path or name], place.get("href")
        for place in root.iter(f"{XHTML}img"):
            assert f"EPUB/{place.get('src')}" in archive.namelist()
            assert place.get("alt")
    assert count > 10


def test_a_claim_keeps_its_formula_grade_routes_near_miss_and_exact_statement(archive: zipfile.ZipFile):
    card = next(
        e for e in pages(archive)["squares.xhtml"].iter(f"{XHTML}section") if e.get("id") == "squares.nonnegative"
    )
    said = " ".join("".join(card.itertext()).split())
    assert all(word in said for word in ("proved", "an even power", "no counterexample", "fails at", "Exact statement"))
    formula = next(card.iter(f"{MATHML}math"))
    assert formula.get("alttext") == r"x^{2} \ge 0"
    assert formula.get("display") == "block"


def test_formulas_bring_fonts_with_every_character_of_theirs(archive: zipfile.ZipFile):
    from fontTools.ttLib import TTFont

    style = archive.read("EPUB/style.css").decode()
    found = [TTFont(io.BytesIO(archive.read(f"EPUB/fonts/{name}"))) for name in epub.FONTS]
    assert all(f'url("fonts/{name}")' in style for name in epub.FONTS)
    assert "MATH" in found[0]
    held = {code for font in found for code in font.getBestCmap()}
    written = {
        letter
        for root in pages(archive).values()
        for formula in root.iter(f"{MATHML}math")
        for kind in ("mi", "mn", "mo")
        for e in formula.iter(f"{MATHML}{kind}")
        for letter in e.text or ""
        if not unicodedata.category(letter).startswith(("C", "Z"))
    }
    assert written > set("x2≥")
    assert {letter for letter in written if ord(letter) not in held} == set()
    assert ord("\N{MATHEMATICAL ITALIC SMALL X}") in held
    assert sum(len(archive.read(f"EPUB/fonts/{name}")) for name in epub.FONTS) < 100_000


def test_no_script_and_no_glyphs_for_browsers_alone_are_left(archive: zipfile.ZipFile):
    for name, root in pages(archive).items():
        tags = {e.tag.rpartition("}")[2] for e in root.iter()}
        assert tags.isdisjoint({"script", "style", "button", "form"} if name != "title.xhtml" else {"script"})
        assert not [e for e in root.iter() if "katex-html" in (e.get("class") or "").split()]


def test_letters_of_other_alphabets_are_written_as_what_they_are():
    marked = "".join(
        f'<mi mathvariant="{kind}">{letter}</mi>'
        for kind, letter in (
            ("double-struck", "R"),
            ("double-struck", "E"),
            ("script", "H"),
            ("fraktur", "C"),
            ("bold", "x"),
            ("sans-serif", "T"),
            ("normal", "d"),
        )
    )
    assert epub._mathml(marked) == (
        '<mi>ℝ</mi><mi>𝔼</mi><mi>ℋ</mi><mi>ℭ</mi><mi>𝐱</mi><mi>𝖳</mi><mi mathvariant="normal">d</mi>'
    )


def test_html_becomes_xml_and_names_of_drawings_keep_their_case():
    assert copy('a<br>b&nbsp;&lt;<input disabled><svg viewBox="0 0 1 1"><clipPath/></svg>') == (
        'a<br/>b\N{NO-BREAK SPACE}&lt;<input disabled=""/><svg viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg"><clipPath></clipPath></svg>'
    )


def test_what_needs_a_browser_is_left_out_with_all_that_is_in_it():
    assert (
        copy(
            '<p>a<a class="headerlink" href="#x">#</a><button><b>copy</b></button></p><script>if (a<b) "</p>"</script>'
            '<details class="qed-exact qed-source"><summary>s<br></summary><pre>code</pre></details>b'
        )
        == "<p>a</p>b"
    )


def test_of_the_two_forms_of_a_formula_one_is_left():
    formula = (
        '<span class="katex"><span class="katex-mathml">M</span><span class="katex-html"><span>H</span></span></span>'
    )
    assert copy(formula, "katex-html") == '<span class="katex"><span class="katex-mathml">M</span></span>'
    assert copy(formula, "katex-mathml") == '<span class="katex"><span class="katex-html"><span>H</span></span></span>'


def test_an_explorer_stands_still_and_says_where_it_moves():
    explorer = (
        '<div class="qed-explorer"><img src="data:image/svg+xml,%3Csvg/%3E" alt="a"><div><p>n = 4.</p>'
        '</div><script type="application/json">{}</script></div>'
    )
    assert copy(explorer, **{"qed-explorer": "<p>there</p>"}) == (
        '<div class="qed-explorer"><img src="[data:image/svg+xml,%3Csvg/%3E]" alt="a"/><div><p>n = 4.</p></div>'
        "<p>there</p></div>"
    )


def test_a_picture_inside_the_page_becomes_a_file(tmp_path: Path):
    assert epub._picture("data:image/svg+xml,%3Csvg/%3E", tmp_path)[1] == b"<svg/>"
    name, content = epub._picture("data:image/png;base64,aGk=", tmp_path)
    assert (name[-4:], content) == (".png", b"hi")


def test_links_are_resolved_and_one_that_leads_nowhere_becomes_text():
    assert copy('<a href="other.html#x">o</a><a href="#y">y</a><a href="https://example.org/">e</a>') == (
        '<a href="&lt;book/other.html#x&gt;">o</a><a href="&lt;book/page.html#y&gt;">y</a>'
        '<a href="&lt;https://example.org/&gt;">e</a>'
    )
    assert copy('<a class="k" href="../gone" title="t">g</a>') == '<span class="k">g</span>'


def test_a_link_that_only_a_script_understands_leads_to_the_page():
    page = Page(
        "book/a", '<a href="b.xhtml#x">1</a><a href="b.xhtml#grade=proved&amp;q">2</a><a href="http://c/#y">3</a>'
    )
    settle([page], {"b.xhtml#x"}, lambda address: "b.xhtml" if address.startswith("b.xhtml") else None)
    assert page.markup == '<a href="b.xhtml#x">1</a><a href="b.xhtml">2</a><a href="http://c/#y">3</a>'


def test_a_page_whose_elements_cross_is_refused_where_they_do(small: Book):
    with pytest.raises(BadPage, match=r"book/page, line 1 of the page: </p> stands where <b> is still open"):
        copy("<p><b>a</p></b>")
    small.append("book/intro.md", "<div>\n\nopen")
    with pytest.raises(BuildError, match="book/intro, line .* stands where <div> is still open"):
        epub.epub(small.root)


def test_two_epubs_of_one_book_are_equal_byte_by_byte(book: Book, tmp_path: Path):
    other = tmp_path / "elsewhere"
    shutil.copytree(book.root, other, ignore=shutil.ignore_patterns("_build"))
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-m", "qed.site", "--root", str(other), "epub"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "executable-derivations.epub (0." in done.stdout.splitlines()[-1]
    name = "_build/executable-derivations.epub"
    assert (other / name).read_bytes() == (book.root / name).read_bytes()


def test_without_a_browser_the_pdf_says_what_is_missing(small: Book, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    with pytest.raises(
        BuildError, match="printed by Chromium or Chrome, and there is none here; .*apt install chromium"
    ):
        pdf.pdf(small.root)


def test_page_numbers_that_never_settle_end_the_printing_and_leave_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    turns = iter(range(100))
    monkeypatch.setattr(shutil, "which", lambda *_: "/a/browser")
    monkeypatch.setattr(pdf, "_browser", lambda _: nullcontext())
    monkeypatch.setattr(pdf, "_print", lambda *_: b"")
    monkeypatch.setattr(pdf, "_numbers", lambda _: {"squares": next(turns)})
    with pytest.raises(BuildError, match="do not settle in 6 printings, that of squares among them"):
        pdf.pdf(book.root)
    assert not (book.root / "_build" / "print.html").exists()


@pytest.fixture(scope="module")
def printed(book: Book) -> Path:
    """The PDF. Without a browser a reason to skip; where CI=true, a failure."""
    if not any(shutil.which(name) for name in pdf.BROWSERS):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("the PDF needs Chromium: apt install chromium")
    return print_aside(book)


def print_aside(book: Book) -> Path:
    """Print in a thread of its own: a browser that other tests keep open holds this one's event loop."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(pdf.pdf, book.root).result()


def test_the_pdf_has_a_name_an_outline_and_all_its_fonts_inside(printed: Path):
    import pikepdf

    with pikepdf.open(printed) as file:
        assert str(file.docinfo.Title) == "Executable derivations"
        assert str(file.docinfo.CreationDate) == "D:20260203000000Z"
        assert [round(float(side) / 72 * 25.4) for side in file.pages[0].mediabox] == [0, 0, 210, 297]
        with file.open_outline() as outline:
            titles = [item.title for item in outline.root]
        assert titles == ["Contents", "A small book", "Is a square ever negative?", "Bibliography"]
        fonts = [
            one for one in file.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
        ]
        assert {str(one.FontName).rpartition("+")[2] for one in fonts} >= {"STIXGeneral-Regular", "KaTeX_Math-Italic"}
        assert [
            str(one.FontName) for one in fonts if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(one.keys())
        ] == []


def test_formulas_of_the_pdf_have_their_tex_as_words_and_figures_what_they_show(printed: Path):
    import pikepdf

    with pikepdf.open(printed) as file:
        parts = [one for one in file.objects if isinstance(one, pikepdf.Dictionary) and "/Alt" in one and "/S" in one]
        formulas = {str(one.Alt) for one in parts if one.S == "/Formula"}
        figures = {str(one.Alt) for one in parts if one.S == "/Figure"}
    assert r"x^{2} \ge 0" in formulas
    assert any(words.startswith("Curve x**2") for words in figures)
    assert not [words for words in formulas | figures if "$" in words]


def test_the_contents_of_the_pdf_give_the_pages_on_which_things_stand(book: Book, printed: Path):
    found = pdf._numbers(printed.read_bytes())
    assert found["intro"] < found["squares"] < found["bibliography"]
    about = editions.about_book(book.root)
    html = pdf._printed(about, pdf.parts(book.root), pdf._printed_pages(book.root, about), found)
    assert f'<a href="#squares"><span>Is a square ever negative?</span><span>{found["squares"]}</span></a>' in html


def test_two_pdfs_of_one_book_are_equal_byte_by_byte(book: Book, printed: Path):
    before = printed.read_bytes()
    printed.unlink()
    assert print_aside(book).read_bytes() == before


def test_the_date_of_an_edition_is_that_of_the_last_change(book: Book):
    assert editions.about_book(book.root).date == date(2026, 2, 3)
