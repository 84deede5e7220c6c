"""What the site says of itself to browsers and to other sites, and that two builds of one book are equal."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, Book, copy_small
from PIL import Image

from qed.site import about, changes
from qed.site.build import BuildError, build

CHANGES = """# Changelog

Written for readers.

## Unreleased

- Added: what nobody has seen yet.

## 2026-03-01

- Withdrawn: `squares.sum` & its "proof"; it was
  false at 0.

## 2026-02-01

- Added: squares.
"""
ADDRESS = "https://example.org/book/"
ATOM = {"a": changes.ATOM}


def publish(book: Book, address: str = ADDRESS) -> None:
    """Give the book an address."""
    text = (book.root / "_config.yml").read_text(encoding="utf-8")
    book.write("_config.yml", text.replace("\nhtml:\n", f"\nhtml:\n  baseurl: {address}\n", 1))


def head(book: Book, name: str) -> BeautifulSoup:
    """The head of a page."""
    text = (book.site / "book" / f"{name}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").head


def said(page: BeautifulSoup) -> dict[str, str]:
    """What a page's head says in meta elements."""
    return {
        tag.get("name") or tag.get("property"): tag["content"]
        for tag in page.select("meta[content]")
        if tag.get("name") or tag.get("property")
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The tiny book with an address and a changelog, built once."""
    book = copy_small(tmp_path_factory.mktemp("published") / "small")
    publish(book)
    book.write("CHANGELOG.md", CHANGES)
    build(book.root)
    return book


def test_a_page_says_its_title_and_its_first_sentence(published: Book):
    found = said(head(published, "squares"))
    assert found["description"] == found["og:description"] == "No."
    assert found["og:title"] == "Is a square ever negative?"
    assert found["og:type"] == "article"
    assert said(head(published, "intro"))["og:type"] == "website"


def test_a_page_without_a_first_sentence_says_what_the_book_is(published: Book):
    assert said(head(published, "bibliography"))["description"].startswith("Questions of mathematics")


def test_a_description_keeps_its_quotation_marks_and_signs(small: Book):
    page = small.root / "book" / "bibliography.md"
    sentence = 'Is "it" so that $a<b$ & more? Yes.'
    page.write_text(page.read_text(encoding="utf-8").replace("\n\n", f"\n\n{sentence}\n\n", 1), encoding="utf-8")
    build(small.root)
    assert said(head(small, "bibliography"))["description"] == "Is “it” so that a<b & more?"


def test_with_an_address_pages_have_canonical_links_and_a_picture_for_previews(published: Book):
    page = head(published, "squares")
    assert page.select_one("link[rel=canonical]")["href"] == f"{ADDRESS}book/squares.html"
    assert said(page)["og:url"] == f"{ADDRESS}book/squares.html"
    picture = said(page)["og:image"].removeprefix(ADDRESS)
    assert Image.open(published.site / picture).size == (1200, 630)


def test_with_an_address_the_sitemap_names_every_page_that_there_is(published: Book):
    root = ElementTree.parse(published.site / "sitemap.xml").getroot()
    found = [
        place.text.removeprefix(ADDRESS) for place in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert found == ["book/bibliography.html", "book/intro.html", "book/squares.html"]
    assert all((published.site / name).exists() for name in found)


def test_without_an_address_nothing_pretends_to_have_one(small: Book):
    build(small.root)
    page = head(small, "squares")
    assert page.select_one("link[rel=canonical]") is None
    assert {"og:url", "og:image", "twitter:card"}.isdisjoint(said(page))
    assert not (small.site / "sitemap.xml").exists()
    assert not (small.site / "feed.xml").exists()  # for there is no changelog
    assert page.select_one('link[type="application/atom+xml"]') is None


@pytest.mark.parametrize("address", ["example.org", "https://example.org/book", "ftp://example.org/"])
def test_an_address_that_is_none_is_refused_in_one_sentence(small: Book, address: str):
    publish(small, address)
    with pytest.raises(BuildError, match="html.baseurl .* is no address of a folder; write for instance"):
        build(small.root)


def test_the_feed_tells_the_dated_changes_newest_first_and_nothing_unreleased(published: Book):
    root = ElementTree.parse(published.site / "feed.xml").getroot()
    entries = root.findall("a:entry", ATOM)
    assert [entry.find("a:title", ATOM).text for entry in entries] == [
        'Withdrawn: squares.sum & its "proof"',
        "Added: squares",
    ]
    assert [entry.find("a:updated", ATOM).text for entry in entries] == ["2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    assert root.find("a:updated", ATOM).text == "2026-03-01T00:00:00Z"
    assert "<code>squares.sum</code> &amp; its" in entries[0].find("a:content", ATOM).text
    assert root.find("a:link[@rel='self']", ATOM).get("href") == f"{ADDRESS}feed.xml"
    names = [place.text for place in root.iter(f"{{{changes.ATOM}}}id")]
    assert len(set(names)) == 3
    assert head(published, "squares").select_one('link[type="application/atom+xml"]')["href"] == "../feed.xml"


def test_what_every_atom_feed_must_have_is_there_without_an_address_too():
    found = [changes.Change(date(2026, 3, 1), "Fixed", "a < b")]
    root = ElementTree.fromstring(changes.feed(found, "A book", "its authors", ""))
    for place in (root, root.find("a:entry", ATOM)):
        assert [len(place.findall(f"a:{tag}", ATOM)) for tag in ("id", "title", "updated")] == [1, 1, 1]
    assert root.find("a:author/a:name", ATOM).text == "its authors"
    assert root.find("a:entry/a:content", ATOM) is not None  # required where an entry has no link
    assert root.find(".//a:link", ATOM) is None


@pytest.mark.parametrize(("old", "new", "says"), [
    ("## 2026-03-01", "## March 2026", "line 9: the heading 'March 2026' is no date"),
    ("- Added: squares", "- squares", "line 16: the line does not begin with its kind"),
])  # fmt: skip
def test_a_changelog_that_cannot_be_read_is_refused_by_its_line(small: Book, old: str, new: str, says: str):
    small.write("CHANGELOG.md", CHANGES.replace(old, new))
    with pytest.raises(BuildError, match=says):
        build(small.root)


def test_the_changelog_of_the_book_can_be_read_to_its_last_line():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(changes.read(ROOT / "CHANGELOG.md")) == sum(
        line.startswith("- ") for line in text.partition("## 20")[2].splitlines()
    )


def test_the_manifest_names_icons_that_are_as_large_as_it_says(published: Book):
    manifest = json.loads((published.site / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert (published.site / manifest["start_url"]).exists()
    for icon in manifest["icons"]:
        assert "{}x{}".format(*Image.open(published.site / icon["src"]).size) == icon["sizes"]
    assert head(published, "squares").select_one("link[rel=manifest]")["href"] == "../manifest.webmanifest"


def test_icons_of_three_sizes_stand_where_old_browsers_look_for_them(published: Book):
    icon = Image.open(published.site / "favicon.ico")
    assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}


def test_the_mark_can_be_told_from_its_ground_at_16_pixels():
    mark = (ROOT / "book" / "_static" / "mark.svg").read_text(encoding="utf-8")
    for ground, dark in ((255, False), (32, True)):
        drawn = mark.replace("prefers-color-scheme: dark", "min-width: 0") if dark else mark
        assert ("(min-width: 0)" in drawn) == dark
        if dark:  # the renderer knows no media queries; put the dark rules in their place
            drawn = drawn.replace("@media (min-width: 0) {", "").replace("} }\n", "}\n")
        png = about.render(drawn, 16, 16, f"rgb({ground},{ground},{ground})")
        grey = Image.open(io.BytesIO(png)).convert("L")
        assert all(abs(grey.getpixel(place) - ground) > 90 for place in ((4, 9), (12, 1)))  # the stone and the ring
        assert all(abs(grey.getpixel(place) - ground) < 12 for place in ((12, 4), (8, 9), (12, 12)))  # and between


def test_two_builds_of_one_book_are_equal_byte_by_byte(published: Book, tmp_path: Path):
    other = tmp_path / "elsewhere" / "in another folder"
    shutil.copytree(published.root, other, ignore=shutil.ignore_patterns("_build"))
    for path in other.rglob("*"):
        os.utime(path, (10**9, 10**9))
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "qed.site", "--root", str(other), "build"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert Book(other).files() == published.files()


def test_a_book_edited_and_edited_back_gives_the_same_site(small: Book):
    build(small.root)
    before, page = small.files(), small.root / "book" / "intro.md"
    text = page.read_text(encoding="utf-8")
    small.append("book/intro.md", "## One more section\n\nWith a word that stands nowhere else.")
    build(small.root)
    assert small.files() != before
    page.write_text(text, encoding="utf-8")
    build(small.root)
    assert small.files() == before
