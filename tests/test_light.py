"""Pages are light, hold still, and can be read by everybody: measured in a real browser."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, Book, until, violations

from qed.site.build import build
from qed.site.search import INDEX

NAMES = sorted(path.stem for path in (ROOT / "book").iterdir() if path.suffix in (".md", ".ipynb"))
PAGES = ["contents.html", "404.html", "search.html?q=positive", *(f"book/{name}.html" for name in NAMES)]
ARTICLES = [f"book/{path.stem}.html" for path in sorted((ROOT / "book").glob("*.ipynb"))]

SHIFTS = """
  window.shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint').length > 0"

# Without its fallback, a page must be shown by what it waits for.
PATIENT = "const later = setTimeout; window.setTimeout = (f, ms) => ms >= 1000 ? 0 : later(f, ms);"

# Copy what is selected as the keyboard does, and see what went to the clipboard.
COPY = """formula => {
  const range = document.createRange();
  range.selectNodeContents(formula);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  let copied;
  document.addEventListener("copy", event => { copied = event.clipboardData.getData("text/plain"); }, {once: true});
  document.execCommand("copy");
  return copied;
}"""


@pytest.mark.parametrize("name", ARTICLES)
def test_a_page_is_shown_as_soon_as_its_fonts_are_there(visit: Any, name: str):
    seen = visit()
    seen.context.add_init_script(PATIENT)
    page = seen.go(name)
    until(page, "!document.documentElement.dataset.fonts")
    assert page.evaluate("getComputedStyle(document.body).opacity") == "1"


@pytest.mark.parametrize("name", PAGES)
def test_a_first_view_takes_few_requests_and_few_bytes(visit: Any, site: Path, name: str):
    seen = visit()
    asked: list[str] = []
    seen.page.on("response", lambda response: asked.append(unquote(urlsplit(response.url).path)[1:]))
    seen.go(name)
    files = [site / path for path in asked if not path.startswith("_images/")]
    packed = [path.read_bytes() if path.suffix == ".woff2" else gzip.compress(path.read_bytes()) for path in files]
    assert len(files) > 2
    assert len(files) <= 12, asked
    assert sum(map(len, packed)) <= 300_000, dict(zip(asked, map(len, packed), strict=True))


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_still_even_if_its_fonts_come_late(visit: Any, name: str, width: int):
    seen = visit(width=width)
    late: list[Any] = []
    seen.context.route("**/*.woff2", lambda route: late.append(route))
    seen.context.add_init_script(SHIFTS)
    page = seen.page
    page.goto(seen.address + name, wait_until="commit")
    until(page, PAINTED)
    seen.context.unroute("**/*.woff2")
    for font in late:
        font.continue_()
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))))")
    assert page.evaluate("window.shift") <= 0.02


def test_the_measure_of_what_moves_sees_something_that_moves(visit: Any):
    seen = visit()
    seen.context.add_init_script(SHIFTS)
    page = seen.go(ARTICLES[0])
    page.evaluate("""document.querySelector("article").prepend(
        Object.assign(document.createElement("p"), {textContent: "late", style: "height: 300px"}))""")
    until(page, "window.shift > 0.02")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_that_keeps_a_reader_out(visit: Any, name: str):
    page = visit().go(name)
    if "search" in name:
        page.wait_for_selector("#search-results li")
    page.evaluate("document.querySelectorAll('details:not(.qed-source)').forEach(e => e.open = true)")
    assert violations(page) == []


@pytest.mark.parametrize("menu", ["site-nav", "page-toc"])
def test_axe_finds_nothing_that_keeps_a_reader_out_of_an_open_menu(visit: Any, menu: str):
    page = visit(width=360).go(ARTICLES[0])
    page.click(f"header [popovertarget={menu}]")
    assert violations(page) == []


def test_axe_sees_words_that_are_too_pale_and_pictures_without_words(visit: Any):
    page = visit().go("404.html")
    page.evaluate("""document.querySelector("article").insertAdjacentHTML("beforeend",
        '<p style="color: #777; background: #888">pale</p><img src="x.png">')""")
    assert {rule for rule, *_ in violations(page)} >= {"color-contrast", "image-alt"}


def test_the_first_stop_of_the_keyboard_leads_past_the_menus(visit: Any):
    page = visit().go(ARTICLES[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("menu", ["site-nav", "page-toc"])
def test_an_open_menu_shows_a_button_that_closes_it(visit: Any, menu: str):
    page = visit(width=360).go(ARTICLES[0])
    page.click(f"header [popovertarget={menu}]")
    page.locator(f"#{menu}").get_by_role("button", name="Close").click()
    assert not page.evaluate(f"document.getElementById('{menu}').checkVisibility()")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert page.locator(f"#{menu}").is_visible()
    assert not page.locator(f"#{menu} .close-button").is_visible()


@pytest.mark.parametrize("menu", ["site-nav", "page-toc"])
def test_a_menu_opens_and_closes_by_keyboard_and_gives_the_focus_back(visit: Any, menu: str):
    page = visit(width=360).go(ARTICLES[0])
    shown = f"document.getElementById('{menu}').checkVisibility()"
    assert not page.evaluate(shown)
    button = page.locator(f"header [popovertarget={menu}]")
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(shown)
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.getElementById('{menu}').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert not page.evaluate(shown)
    assert button.evaluate("e => e == document.activeElement")


def test_focus_is_visible_on_everything_that_the_keyboard_reaches(visit: Any):
    page = visit(width=820).go(ARTICLES[0])
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        style = page.evaluate("""() => {
            const e = document.activeElement, s = getComputedStyle(e);
            return e == document.body ? null : [e.outerHTML.slice(0, 80), s.outlineStyle, parseFloat(s.outlineWidth)];
        }""")
        if style is not None:
            seen += 1
            assert style[1] == "solid", style
            assert style[2] >= 2, style
    assert seen > 40


def test_without_scripts_a_page_is_read_its_menu_opens_and_all_pages_are_found(browser: Any, address: str):
    context = browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(address + ARTICLES[0])
        assert page.locator("article .katex").first.is_visible()
        assert page.locator(".qed-run-here").count() == 1 and not page.locator(".qed-run-here").is_visible()
        page.locator(".menu-button").click()
        page.locator("#site-nav .contents-link").click()
        page.wait_for_url("**/contents.html")
        addresses = page.locator("article a").evaluate_all("links => links.map(link => link.href)")
        reached = {address.rpartition("/")[2] for address in addresses}
        assert {f"{name}.html" for name in NAMES} - reached == {"intro.html"}  # to which the title leads
    finally:
        context.close()


def results(page: Any) -> list[str]:
    """Where the results of the search lead."""
    page.wait_for_selector("#search-results li a")
    return page.locator("#search-results a").evaluate_all("links => links.map(link => link.getAttribute('href'))")


def test_the_search_finds_a_claim_by_its_name_first(visit: Any):
    assert results(visit().go("search.html?q=even-taylor.positive"))[0].endswith("#even-taylor.positive")


def test_the_search_finds_a_claim_by_words_and_the_link_leads_to_its_card(visit: Any):
    page = visit().go("search.html?q=one+zero+taylor")
    link = next(href for href in results(page) if href.endswith("#even-taylor.one-zero"))
    page.locator(f"#search-results a[href='{link}']").click()
    page.wait_for_load_state("load")
    assert page.locator("section.qed-card:target").count() == 1


@pytest.mark.parametrize("query", ["偶次泰勒", "泰勒展开式", "《exp(x)在x=0处的偶次泰勒展开式总是正的》"])
def test_the_search_finds_an_article_by_a_piece_of_its_chinese_title(visit: Any, query: str):
    assert results(visit().go(f"search.html?q={query}"))[0].startswith("./book/even-taylor.html")


def test_what_the_search_shows_of_a_text_ends_with_a_whole_word(visit: Any, site: Path):
    page = visit().go("search.html?q=softmax")
    results(page)
    shown = page.locator("#search-results p").all_text_contents()
    cut = [text.removesuffix(" …").split()[-1] for text in shown if text.endswith(" …")]
    assert len(cut) > 3
    words = set((site / "_static" / INDEX).read_text(encoding="utf-8").replace('"', " ").split())
    assert [word for word in cut if word not in words] == []


def test_the_search_says_so_when_nothing_is_found(visit: Any):
    page = visit().go("search.html?q=偶奇偶奇")
    until(page, "document.querySelector('#search-count').textContent == 'Nothing was found.'")


def test_the_search_and_the_theme_work_from_a_memory_stick(browser: Any, site: Path):
    context = browser.new_context(color_scheme="light")
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((site / "search.html").as_uri() + "?q=even-taylor.positive")
        assert results(page)[0].endswith("#even-taylor.positive")
        page.locator("#search-words").fill("softmax")
        until(page, "document.querySelector('#search-results mark')?.textContent.toLowerCase() == 'softmax'")
        page.locator(".theme-switch-button").click()
        page.goto((site / ARTICLES[0]).as_uri())
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert errors == []
    finally:
        context.close()


def test_a_copied_formula_is_its_tex(visit: Any):
    page = visit().go("book/even-taylor.html")
    shown = page.locator("article div.math").first
    tex = shown.locator("annotation").text_content()
    assert page.evaluate(COPY, shown.element_handle()) == f"$${tex}$$"
    line = page.locator("article p .katex").first
    assert page.evaluate(COPY, line.element_handle()) == f"${line.locator('annotation').text_content()}$"


def test_code_can_be_copied_by_a_button(visit: Any):
    seen = visit()
    seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = seen.go(ARTICLES[0])
    box = page.locator(".cell_input .highlight").nth(1)
    box.hover()
    box.locator("button.copy").click()
    until(page, "document.querySelector('.cell_input button.copy') !== null")
    assert page.evaluate("navigator.clipboard.readText()") == box.locator("pre").text_content()


def test_nothing_moves_by_itself_for_readers_who_ask_for_that(visit: Any):
    page = visit().go(ARTICLES[0])  # a visit asks for reduced motion
    moving = page.evaluate("""() => [...document.querySelectorAll('body *')].filter(e => {
        const s = getComputedStyle(e);
        return parseFloat(s.transitionDuration) > 0 || s.animationName != 'none';
    }).length""")
    assert moving == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_paper_gets_the_text_and_not_the_frame(visit: Any):
    page = visit().go(ARTICLES[0])
    page.emulate_media(media="print")
    for frame in ("header.site-header", "#site-nav", "#page-toc", ".prev-next", ".qed-ways"):
        assert not page.locator(frame).first.is_visible(), frame
    assert page.locator("article h1").is_visible()


def test_no_style_sheet_and_no_script_lies_about_unused(site: Path):
    text = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    static = site / "_static"
    names = [path.name for path in static.glob("*.*") if path.suffix in (".css", ".js")]
    assert [name for name in names if f"/{name}?" not in text] == []
    # The index of the search grows with the book, and live code is fetched when a reader asks for it.
    rest = [path for path in static.rglob("*") if path.is_file() and path.name != INDEX and "live" not in path.parts]
    assert sum(path.stat().st_size for path in rest) < 700_000


def sizes(small: Book, pages: int, parts: int) -> dict[str, int]:
    """Build a book of so many pages in so many parts; return the bytes of its pages by name."""
    names = [f"page-{n:03}" for n in range(pages)]
    for name in names:
        small.write(f"book/{name}.md", f"# A question about {name}, and what it is good for?\n\nIts answer.\n")
    chapters = ""
    for part in range(parts):
        chapters += f"  - caption: Part {part:02} of the book\n    chapters:\n"
        inside = [name for n, name in enumerate(names) if n * parts // pages == part]
        chapters += "".join(f"      - file: book/{name}\n" for name in inside)
    toc = (ROOT / "tests/books/small/_toc.yml").read_text(encoding="utf-8").partition("parts:\n")
    small.write("_toc.yml", toc[0] + toc[1] + chapters + toc[2])
    build(small.root)
    return {path.stem: path.stat().st_size for path in (small.site / "book").glob("*.html")}


def test_a_page_does_not_grow_with_the_book_whether_its_parts_get_longer_or_more(small: Book):
    before = sizes(small, pages=26, parts=5)
    for parts in (5, 40):
        after = sizes(small, pages=208, parts=parts)
        assert {name: after[name] / before[name] for name in before if after[name] > 1.1 * before[name]} == {}
    page = BeautifulSoup((small.site / "book" / "page-100.html").read_text(encoding="utf-8"), "html.parser")
    assert {"page-099.html", "page-101.html", "../contents.html"} <= {a["href"] for a in page.select("#site-nav a")}
    contents = (small.site / "contents.html").read_text(encoding="utf-8")
    assert all(f"book/page-{n:03}.html" in contents for n in range(208))


def test_two_builds_of_one_book_are_the_same_byte_for_byte(small: Book):
    built = []
    for seed in ("1", "2"):
        subprocess.run([sys.executable, "-m", "qed.site", "--root", str(small.root), "build"], check=True,
                       capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        built.append(small.files())
        subprocess.run(["rm", "-r", str(small.root / "_build")], check=True)
    assert sorted(built[0]) == sorted(built[1])
    assert [name for name, content in built[0].items() if content != built[1][name]] == []
