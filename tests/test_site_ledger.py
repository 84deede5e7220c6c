"""The ledger page and the previews of claims, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import until

LEDGER = "book/ledger.html"
ROWS = "[...document.querySelectorAll('table.qed-book tbody tr')].filter(row => row.checkVisibility())"
PREVIEW = ".qed-preview .qed-card"


def claims(site: Path) -> list[dict[str, Any]]:
    """The claims of the ledger for programs."""
    found: list[dict[str, Any]] = json.loads((site / "ledger.json").read_text(encoding="utf-8"))["claims"]
    return found


def shown(page: Any) -> list[str]:
    """The ids of the rows in view, in their order."""
    names = "row => row.cells[0].innerText + '.' + row.cells[1].firstChild.innerText"
    found: list[str] = page.evaluate(f"{ROWS}.map({names})")
    return found


def test_a_filter_leaves_the_rows_that_fit_says_how_many_and_can_be_linked(visit: Any, site: Path):
    page = visit().go(LEDGER)
    every = [claim["id"] for claim in claims(site)]
    assert shown(page) == every
    page.locator("[name=grade]").select_option("certified")
    page.locator("[name=article]").select_option("even-taylor")
    wanted = [c["id"] for c in claims(site) if (c["effective"], c["article"]) == ("certified", "even-taylor")]
    assert wanted
    until(page, "location.hash.includes('article')")
    assert shown(page) == wanted
    assert page.get_by_role("status").inner_text() == f"{len(wanted)} of {len(every)} claims"
    again = visit().go(page.url)
    assert shown(again) == wanted
    assert again.locator("[name=grade]").input_value() == "certified"
    again.get_by_role("button", name="Show all").click()
    until(again, "!location.hash")
    assert shown(again) == every


def test_text_is_looked_for_in_names_statements_and_methods_and_every_word_must_be_there(visit: Any):
    page = visit().go(f"{LEDGER}#text=TURAN+induction")
    assert shown(page) == ["even-taylor.turan-sum"]
    page.locator("[name=text]").fill("no such claim")
    until(page, f"{ROWS}.length == 0")
    assert page.get_by_role("status").inner_text().startswith("0 of ")


def test_methods_and_words_filter_as_well(visit: Any, site: Path):
    page = visit().go(LEDGER)
    page.locator("[name=engine]").select_option("Sturm's theorem")
    until(page, "location.hash.includes('engine')")
    assert page.url.endswith("#engine=sturm-s-theorem")
    assert shown(page) == [c["id"] for c in claims(site) if "Sturm's theorem" in c["engines"]]
    page.get_by_role("button", name="Show all").click()
    page.locator("[name=words]").select_option("stated in words")
    until(page, "location.hash.includes('words')")
    assert shown(page) == [c["id"] for c in claims(site) if "stated in words" in c["flags"]]


def test_a_total_leads_to_its_claims(visit: Any, site: Path):
    page = visit().go(LEDGER)
    page.locator(".qed-totals a", has_text="joined in words").click()
    until(page, "location.hash.includes('words')")
    assert shown(page) == [c["id"] for c in claims(site) if "joined in words" in c["flags"]]
    page.locator(".qed-totals a", has_text="claims").click()
    until(page, f"{ROWS}.length == {len(claims(site))}")


def test_a_column_sorts_both_ways_and_says_which(visit: Any, site: Path):
    page = visit().go(LEDGER)
    used = {claim["id"]: len(claim["used_by"]) for claim in claims(site)}
    head = page.get_by_role("columnheader", name="Used by")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    counts = [used[id] for id in shown(page)]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [used[id] for id in shown(page)] == sorted(counts)
    page.get_by_role("columnheader", name="Grade").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    grades = page.evaluate(f"{ROWS}.map(row => row.querySelector('.qed-grade').dataset.grade)")
    order = ["proved", "certified", "exhausted", "instances", "sampled", "cited"]
    assert grades == sorted(grades, key=order.index)


def test_without_a_script_all_claims_can_be_read_and_no_dead_control_is_in_view(browser: Any, address: str,
                                                                                site: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}{LEDGER}")
    assert page.locator("table.qed-book tbody tr:visible").count() == len(claims(site))
    assert page.locator("form.qed-filters").is_visible() is False
    assert page.locator("table.qed-book button").count() == 0
    context.close()


def test_the_ledger_filters_from_a_memory_stick(browser: Any, site: Path):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{(site / LEDGER).as_uri()}#grade=cited")
    assert shown(page) == [claim["id"] for claim in claims(site) if claim["effective"] == "cited"]
    page.locator("[name=grade]").select_option("")
    until(page, f"{ROWS}.length == {len(claims(site))}")
    context.close()


def test_a_link_shows_the_card_of_a_claim_on_another_page_and_moves_nothing(visit: Any):
    seen = visit()
    seen.page.clock.install()
    page = seen.go(LEDGER)
    page.evaluate("""() => { window.moved = 0; new PerformanceObserver(list => list.getEntries()
        .forEach(e => { window.moved += e.value; })).observe({type: 'layout-shift', buffered: true}); }""")
    page.locator("table.qed-book tbody a.qed-ref").nth(3).hover()
    card = page.wait_for_selector(PREVIEW)
    assert "even-taylor.positive" in card.inner_text()
    assert card.query_selector(".katex") is not None
    assert page.locator(f"{PREVIEW} :is(a[href], [tabindex], details)").count() == 0
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0 and box["y"] + box["height"] <= 900
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    page.mouse.move(box["x"] + 20, box["y"] + 20, steps=4)
    page.clock.run_for(400)
    assert page.locator(PREVIEW).count() == 1, "the card goes although it is pointed at"
    page.mouse.move(5, 5)
    page.wait_for_selector(PREVIEW, state="detached")
    assert page.evaluate("window.moved") <= 0.02


def test_a_node_of_a_graph_shows_the_card_of_its_claim(visit: Any):
    page = visit().go(LEDGER)
    page.locator("a.qed-node[href$='even-taylor.minimum']").hover()
    assert "even-taylor.minimum" in page.wait_for_selector(PREVIEW).inner_text()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["book/even-taylor.html", LEDGER])
def test_a_preview_comes_with_the_keyboard_goes_with_escape_and_leaves_the_link_as_it_was(
        visit: Any, name: str, width: int):
    page = visit(width=width).go(name)
    links = page.locator("article :is(p, th, li) a.qed-ref")
    link = links.nth(min(4, links.count() - 1))
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert link.evaluate("e => e == document.activeElement")
    card = page.wait_for_selector(PREVIEW)
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    described = link.evaluate("e => document.getElementById(e.getAttribute('aria-describedby')).innerText")
    assert described.split("\n")[0] in card.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(PREVIEW).count() == 0
    assert link.get_attribute("aria-describedby") is None
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('.')")


def test_a_touch_follows_the_link_without_a_preview(browser: Any, address: str):
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{address}book/intro.html")
    link = page.locator("article p a.qed-ref").first
    target = link.get_attribute("href")
    link.tap()
    page.wait_for_url(f"**/{target}")
    context.close()


def test_the_keyboard_reaches_every_node_of_a_graph_and_lights_its_edges(visit: Any):
    page = visit(width=360).go(LEDGER)
    page.locator("details:not([open]):has(> #graph-even-taylor) > summary").press("Enter")  # of a large book
    page.locator("#graph-even-taylor a.qed-node").first.focus()
    ends = page.locator("#graph-even-taylor [data-ends^='0 '], #graph-even-taylor [data-ends$=' 0']")
    assert page.locator("#graph-even-taylor .qed-lit").count() == ends.count() > 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.node") == "1"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    inside = page.evaluate("""() => { const box = document.activeElement.getBoundingClientRect();
        return box.left >= 0 && box.right <= innerWidth; }""")
    assert inside, "the node that has the focus is not in view"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_labels_of_a_graph_can_be_told_from_their_boxes(visit: Any, theme: str):
    found = visit(theme=theme).go(LEDGER).evaluate("""() => {
      const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
          .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
      return [...document.querySelectorAll('.qed-node text')].map(e => {
        const behind = e.parentElement.querySelector('.qed-box');
        const [a, b] = [getComputedStyle(e).fill, getComputedStyle(behind).fill].map(light).sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05); }); }""")
    assert found and min(found) >= 4.5
