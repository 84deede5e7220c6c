"""The built site in a real browser, served from a local port."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT

PAGES = ["index.html", "contents.html", "search.html", "404.html", *(
    f"book/{path.stem}.html" for path in sorted((ROOT / "book").iterdir()) if path.suffix in (".md", ".ipynb")
)]  # fmt: skip
ARTICLES = [f"book/{path.stem}.html" for path in sorted((ROOT / "book").glob("*.ipynb"))]

# A formula that is shown, with nothing of it: no size, or text where a formula should be.
INVISIBLE = """() => [...document.querySelectorAll('article .katex-html')].filter(e => {
  const box = e.getBoundingClientRect();
  return e.checkVisibility() && !(box.width > 1 && box.height > 1);
}).length"""

# The contrast of each grade's word with what is behind it, by the formula of WCAG 2.
CONTRAST = """() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (!/rgba\\(.*, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const words = '.qed-grade, .qed-flag, .qed-id, .qed-witness, .qed-routes dt, figcaption';
  return [...document.querySelectorAll(words)].map(e => {
    const [a, b] = [getComputedStyle(e).color, behind(e)].map(light).sort((x, y) => y - x);
    return [e.className || e.tagName, (a + 0.05) / (b + 0.05)];
  });
}"""

# Marks that stand right after a formula, and yet not on the line, or not at the place, where the formula ends.
ASTRAY = """() => {
  const found = [], walk = document.createTreeWalker(document.querySelector('article'), NodeFilter.SHOW_TEXT);
  for (let last = null; walk.nextNode();) {
    const text = walk.currentNode, here = text.parentElement;
    if (!here.checkVisibility() || here.closest('pre, .katex-mathml')) continue;
    if (here.closest('.katex')) { last = here.closest('.katex-base') || last; continue; }
    if (last && /^[.,;:!?)\\]]/.test(text.data)) {
      const range = document.createRange();
      range.setStart(text, 0), range.setEnd(text, 1);
      const mark = range.getBoundingClientRect(), end = last.getBoundingClientRect();
      if (!(mark.width > 0 && Math.abs(mark.left - end.right) < 4 && mark.top < end.bottom && end.top < mark.bottom))
        found.push(last.textContent + text.data.slice(0, 20));
    }
    if (text.data.trim()) last = null;
  }
  return found;
}"""


def soup(path: Path) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_error_and_asks_no_other_host(visit: Any, name: str, theme: str):
    seen = visit(theme=theme)
    page = seen.go(name)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert seen.errors == []
    assert seen.strangers == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_script_in_it_but_the_one_that_its_policy_names(site: Path, name: str):
    page = soup(site / name)
    policy = page.head.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy is not None
    assert page.find(["script", "link", "style"]) not in policy.find_all_previous()  # it holds from there on only
    inline = [tag.string for tag in page.find_all("script", src=False) if tag.get("type") != "application/json"]
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in inline]
    rules = dict(rule.strip().split(" ", 1) for rule in policy["content"].split(";"))
    assert rules.get("script-src", "").split() == (["'self'", *hashes] if inline else [])
    assert rules["default-src"] == ("'self'" if inline else "'none'")
    assert [name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")] == []


def test_a_script_that_found_its_way_into_a_page_is_not_run(visit: Any, site: Path):
    seen, name = visit(), ARTICLES[0]
    bad = '<script>window.harm = 1</script><img src="x" alt="" onerror="window.harm = 2"></body>'
    text = (site / name).read_text(encoding="utf-8").replace("</body>", bad)
    seen.context.route(f"**/{name}", lambda route: route.fulfill(body=text, content_type="text/html"))
    assert seen.go(name).evaluate("window.harm") is None
    assert sum("Content Security Policy" in said for said in seen.errors) == 2


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_not_scroll_sideways_on_a_phone(visit: Any, name: str):
    page = visit(width=360).go(name)
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('article, main').scrollWidth") <= 360


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ARTICLES)
def test_mathematics_is_visible_in_its_own_fonts(visit: Any, name: str, width: int):
    page = visit(width=width).go(name)
    loaded = page.evaluate("[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)")
    assert {"KaTeX_Main", "KaTeX_Math"} <= {name.strip('"') for name in loaded}
    assert page.locator("article p .katex").count() > 0
    assert page.locator(".qed-card .katex").count() >= page.locator(".qed-card").count() > 0
    assert page.evaluate(INVISIBLE) == 0
    page.evaluate("document.querySelectorAll('article pre, article code').forEach(e => e.remove())")
    text = page.locator("article").inner_text()
    assert [mark for mark in (r"\(", r"\[", r"\frac", "$$") if mark in text] == []


@pytest.mark.parametrize("name", ARTICLES)
def test_a_long_formula_can_be_scrolled_to_both_its_ends(visit: Any, name: str):
    page = visit(width=360).go(name)
    cut = page.evaluate("""() => [...document.querySelectorAll('article div.math')].filter(e => {
        e.scrollLeft = 0;
        const first = e.querySelector('.katex-html');
        return first.getBoundingClientRect().left < e.getBoundingClientRect().left - 1;
    }).length""")
    assert cut == 0


@pytest.mark.parametrize("width", [320, 360, 412, 820, 1440])
@pytest.mark.parametrize("name", ARTICLES)
def test_what_follows_a_formula_stands_on_its_line(visit: Any, name: str, width: int):
    assert visit(width=width).go(name).evaluate(ASTRAY) == []


@pytest.mark.parametrize("name", ARTICLES)
def test_a_formula_is_a_stop_for_the_keyboard_if_it_scrolls_and_only_then(visit: Any, name: str):
    page = visit(width=360).go(name)
    wrong = page.evaluate("""() => [...document.querySelectorAll('article div.math')]
      .filter(e => (e.scrollWidth > e.clientWidth + 1) != (e.tabIndex == 0)).length""")
    assert wrong == 0
    assert page.locator("article div.math[tabindex='0']").count() > 0


def test_code_of_96_columns_need_not_be_scrolled_on_a_laptop(visit: Any):
    page = visit(width=1440).go(ARTICLES[0])
    page.evaluate("document.querySelector('.cell_input pre').textContent = 'm'.repeat(96)")
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.cell_input pre'))")


@pytest.mark.parametrize("name", ARTICLES)
def test_an_exact_statement_is_broken_into_lines_on_a_phone(visit: Any, name: str):
    page = visit(width=360).go(name)
    page.evaluate("document.querySelectorAll('.qed-exact').forEach(e => e.open = true)")
    wide = "() => [...document.querySelectorAll('.qed-exact pre')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ARTICLES)
def test_words_on_cards_can_be_told_from_what_is_behind_them(visit: Any, name: str, theme: str):
    found = visit(theme=theme).go(name).evaluate(CONTRAST)
    assert found
    assert [pair for pair in found if pair[1] < 4.5] == []


@pytest.mark.parametrize("name", ARTICLES)
def test_outputs_do_not_stand_on_a_light_box_in_the_dark(visit: Any, name: str):
    page = visit(theme="dark").go(name)
    light = page.evaluate("""() => [...document.querySelectorAll('.cell_output, .cell_output *')]
      .filter(e => {
        if (e.tagName == 'IMG') return false;
        const v = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
        return v[3] !== 0 && v[0] + v[1] + v[2] > 380;
      }).length""")
    assert light == 0


@pytest.mark.parametrize("name", ARTICLES)
def test_the_page_does_not_move_when_its_figures_arrive(visit: Any, name: str):
    page = visit().go(name)
    wrong = page.evaluate("""() => [...document.querySelectorAll('figure img')].filter(e => {
      const kept = e.getAttribute('width') / e.getAttribute('height');
      return !e.complete || !(Math.abs(e.naturalWidth / e.naturalHeight - kept) < 0.01);
    }).length""")
    assert wrong == 0


def test_a_page_in_the_dark_theme_is_printed_dark_on_light(visit: Any):
    page = visit(theme="dark").go(ARTICLES[0])
    page.emulate_media(media="print")
    paragraph = "getComputedStyle(document.querySelector('article section > p'))"
    ink = page.evaluate(paragraph + ".color.match(/\\d+/g).map(Number)")
    assert sum(ink) < 200
    assert page.evaluate("getComputedStyle(document.querySelector('figure img')).filter") == "none"


@pytest.mark.parametrize("name", ["no-such-page.html", "book/no-such-page.html", "book/no/such/page.html"])
def test_an_address_that_leads_nowhere_gets_a_page_of_the_book_that_leads_on(visit: Any, name: str):
    seen = visit()
    page = seen.go(name)
    assert page.inner_text("h1") == "There is no such page"
    assert page.evaluate("getComputedStyle(document.querySelector('.site-header')).position") == "sticky"
    page.click("article a >> text=The search")
    page.wait_for_url("**/search.html")
    assert page.inner_text("h1") == "Search"
    # Chromium guesses what a page will ask for before its base is known.
    assert [error for error in seen.errors if not error.startswith(("http", "Failed to load"))] == []


def test_the_theme_can_be_switched(visit: Any):
    page = visit().go("book/intro.html")
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    for _ in range(3):  # auto, light, dark, in a circle that starts anywhere
        page.locator("button.theme-switch-button:visible").first.click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(colour) != before


def test_a_claims_address_leads_to_its_card(visit: Any):
    page = visit().go("book/intro.html")
    page.locator("section.qed-card .qed-id").first.click()
    page.wait_for_load_state("load")
    anchor = unquote(urlsplit(page.url).fragment)
    assert page.evaluate("anchor => document.getElementById(anchor).checkVisibility()", anchor)
    top = page.evaluate("anchor => document.getElementById(anchor).getBoundingClientRect().top", anchor)
    assert 0 <= top < 900


def test_the_search_finds_an_article(visit: Any):
    page = visit().go("search.html?q=polynomials")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 0


def test_no_link_and_no_anchor_is_broken(site: Path):
    pages = {path: soup(path) for path in [*site.glob("*.html"), *site.glob("book/*.html")]}
    anchors = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        for tag in page.select("a[href], link[href], img[src], script[src]"):
            url = urlsplit(tag.get("href") or tag.get("src"))
            if url.scheme or url.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(url.path))) if url.path else path
            target = target / "index.html" if target.is_dir() else target
            view = target.name == "ledger.html" and "=" in (url.fragment or "")  # of its table, and no anchor
            missing = url.fragment and not view and target in anchors and unquote(url.fragment) not in anchors[target]
            if not target.exists() or missing:
                broken.append(f"{path.relative_to(site)}: {url.geturl()}")
    assert broken == []


def test_no_two_things_on_a_page_bear_one_name(site: Path):
    for path in site.glob("book/*.html"):
        ids = [tag["id"] for tag in soup(path).select("[id]")]
        assert len(ids) == len(set(ids)), (path.name, sorted({id for id in ids if ids.count(id) > 1}))


def test_every_page_has_one_title_and_says_its_language(site: Path):
    for path in site.glob("book/*.html"):
        page = soup(path)
        assert len(page.select("article h1")) == 1, path.name
        assert page.html["lang"] == "en", path.name
