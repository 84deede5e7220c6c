"""Explorers of the built site in a real browser: by mouse, by keyboard, without scripts, on paper."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT

EVEN, PLANE = "book/even-taylor.html", "book/det-exp-trace.html"
WITH = [
    f"book/{path.stem}.html"
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    if 'class=\\"qed-explorer' in path.read_text(encoding="utf-8")
]

# Put a second copy of the page's explorer before the script comes.
DOUBLE = """document.addEventListener('readystatechange', () => {
  const one = document.querySelector('.qed-explorer:not([data-live])');
  if (one && !document.querySelector('.copy')) {
    const copy = one.cloneNode(true);
    copy.classList.add('copy');
    one.after(copy);
  }
});"""


def drawing(page: Any) -> str:
    """Give what moves in the explorer's pictures."""
    return page.evaluate(
        "[...document.querySelectorAll('.qed-pictures > svg > g > g:last-child')].map(g => g.innerHTML).join('')"
    )


def words(page: Any) -> str:
    """Give what a screen reader finds at the picture."""
    return page.locator(".qed-pictures > svg[role=img]").first.get_attribute("aria-label")


def test_explorers_are_where_they_are_looked_for():
    assert {EVEN, PLANE} <= set(WITH)


@pytest.mark.parametrize("name", WITH)
def test_every_slider_moves_the_figure_by_keyboard_and_back(visit: Any, name: str):
    seen = visit()
    page = seen.go(name)
    first = drawing(page)
    assert first
    for k in range(page.locator(".qed-row input").count()):
        slider, output = page.locator(".qed-row input").nth(k), page.locator(".qed-row output").nth(k)
        start, shown = slider.input_value(), output.inner_text()
        slider.focus()
        page.keyboard.press("Home" if start != "0" else "End")
        assert drawing(page) != first
        assert output.inner_text() != shown
        assert slider.get_attribute("aria-valuetext") == output.inner_text()
        slider.fill(start)
        assert (drawing(page), output.inner_text()) == (first, shown)
    assert seen.errors == [] and seen.strangers == []


def test_arrows_go_step_by_step_and_the_words_of_each_state_are_said(visit: Any):
    page = visit().go(EVEN)
    page.get_by_role("slider", name="degree n").focus()
    assert page.locator(".qed-said").inner_text() == ""
    found = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        found.append((page.locator(".qed-row output").first.inner_text(), page.locator(".qed-said").text_content()))
        assert words(page) == found[-1][1]
    assert [value for value, _ in found] == ["3", "4", "5"]
    assert "negative: no probabilities" in found[0][1]
    assert "order of softmax lost" in found[1][1]
    assert page.locator(".qed-said").get_attribute("role") == "status"


def test_a_drag_with_the_mouse_moves_dots_and_bars(visit: Any):
    page = visit().go(EVEN)
    slider = page.get_by_role("slider", name="shift c")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    seen = [drawing(page)]
    for share in (0.6, 0.8, 0.99):
        page.mouse.move(box["x"] + box["width"] * share, y)
        seen.append(drawing(page))
    page.mouse.up()
    assert len(set(seen)) == 4
    assert page.locator(".qed-row output").nth(1).inner_text() == "3"
    assert "order of softmax kept" in words(page)


@pytest.mark.parametrize("quiet", ["reduce", "no-preference"])
def test_the_button_plays_to_the_end_and_can_be_stopped(visit: Any, quiet: str):
    seen = visit()
    seen.page.clock.install(time=datetime(2026, 1, 1))
    page = seen.go(EVEN)
    page.clock.pause_at(datetime(2026, 1, 2))
    page.emulate_media(reduced_motion=quiet)
    output, before = page.locator(".qed-row output").first, drawing(page)
    page.clock.run_for(60_000)
    assert drawing(page) == before, "nothing may move by itself"
    page.get_by_role("button", name="Play degree n").click()
    page.clock.run_for(750)
    assert output.inner_text() == "3"
    page.get_by_role("button", name="Pause degree n").click()
    page.clock.run_for(60_000)
    assert output.inner_text() == "3"
    page.get_by_role("button", name="Play degree n").focus()
    page.keyboard.press("Space")
    page.clock.run_for(60_000)
    assert output.inner_text() == "12"
    page.get_by_role("button", name="Play degree n").click()
    assert output.inner_text() == "1"
    page.get_by_role("slider", name="degree n").press("End")
    page.clock.run_for(60_000)
    assert output.inner_text() == "12"
    assert page.get_by_role("button", name="Play degree n").count() == 1


def test_two_explorers_on_one_page_do_not_disturb_each_other(visit: Any):
    seen = visit()
    seen.page.add_init_script(DOUBLE)
    page = seen.go(EVEN)
    assert page.locator(".qed-explorer[data-live]").count() == 2
    outputs = page.locator(".qed-row output")
    assert outputs.all_inner_texts() == ["2", "0", "2", "0"]
    page.locator(".copy input").first.press("End")
    page.locator(".qed-explorer:not(.copy) input").nth(1).press("Home")
    assert outputs.all_inner_texts() == ["2", "−2", "12", "0"]
    assert "no probabilities" not in page.locator(".copy svg[role=img]").get_attribute("aria-label")
    assert seen.errors == []


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", WITH)
def test_without_scripts_the_first_state_stays_and_takes_the_same_room(
    browser: Any, visit: Any, address: str, name: str, width: int,
):  # fmt: skip
    page = visit(width=width).go(name)
    live = page.locator("figure:has(.qed-explorer)").first.bounding_box()
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    try:
        bare = context.new_page()
        bare.goto(address + name)
        images = bare.locator(".qed-explorer img")
        assert all(image.is_visible() and image.bounding_box()["height"] > 100 for image in images.all())
        assert bare.locator(".qed-controls p").first.inner_text().startswith("Shown here: ")
        assert bare.locator(".qed-explorer input").count() == 0
        still = bare.locator("figure:has(.qed-explorer)").first.bounding_box()
        assert abs(still["height"] - live["height"]) <= 1, "the page moves when the sliders come"
    finally:
        context.close()


def test_paper_shows_the_first_state_whatever_the_sliders_say(visit: Any):
    page = visit(theme="dark").go(EVEN)
    page.get_by_role("slider", name="degree n").press("End")
    assert not page.locator(".qed-explorer img").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".qed-explorer img").first.is_visible()
    assert page.locator(".qed-controls > p").first.inner_text().startswith("Shown here: degree n = 2, shift c = 0.")
    assert not page.locator(".qed-pictures > svg").first.is_visible()
    assert not page.locator(".qed-row").first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.qed-explorer img')).filter") == "none"


@pytest.mark.parametrize("name", WITH)
def test_on_a_phone_panels_stand_below_one_another_and_letters_stay_legible(visit: Any, name: str):
    page = visit(width=360).go(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = page.evaluate("[...document.querySelectorAll('.qed-pictures text')]"
                          ".filter(t => Math.abs(t.getScreenCTM().b) < 1e-6)"
                          ".map(t => t.getBoundingClientRect().height)")  # fmt: skip
    assert sizes and min(sizes) > 10.9  # letters of 11 px
    for control in page.locator(".qed-row :is(input, button)").all():
        box = control.bounding_box()
        assert box["height"] >= 24 and box["x"] >= 0 and box["x"] + box["width"] <= 360


@pytest.mark.parametrize("name", WITH)
def test_in_the_dark_a_drawing_is_light_on_dark_as_figures_are(visit: Any, name: str):
    dark = visit(theme="dark").go(name)
    look = "e => getComputedStyle(document.querySelector(e)).filter"
    assert dark.evaluate(look, ".qed-pictures > svg") == dark.evaluate(look, "figure > img") != "none"
    assert visit().go(name).evaluate(look, ".qed-pictures > svg") == "none"


@pytest.mark.parametrize("name", WITH)
def test_pages_with_explorers_obey_a_strict_security_policy(visit: Any, site: Path, name: str):
    # Alone, because the theme has scripts of its own inside the page.
    seen = visit()
    policy = "script-src 'self'; style-src 'self'; img-src 'self' data:"
    explorer = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser").select_one(".qed-explorer")
    assert [script["type"] for script in explorer.select("script")] == ["application/json"]
    body = f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    body += f'<link rel="stylesheet" href="_static/explorer.css">{explorer}'
    body += '<script defer src="_static/explorer.js"></script>'
    seen.context.route("**/alone.html", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    seen.page.goto(seen.address + "alone.html")
    seen.page.wait_for_selector(".qed-explorer[data-live]")
    before = drawing(seen.page)
    slider = seen.page.locator("input").last
    slider.press("Home" if slider.evaluate("e => e.value == e.max") else "End")
    assert drawing(seen.page) != before
    assert seen.errors == []
