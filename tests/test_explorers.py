"""Explorers: all states are drawn in advance, alike on every processor; what goes wrong is said in one sentence."""

from __future__ import annotations

import gzip
import json
import math
import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, Book, copy_small
from matplotlib.path import Path as Outline
from PIL import Image

from qed import explorer, slider
from qed.display import explorers, svg
from qed.site import notebooks
from qed.site.build import build
from qed.site.refresh import refresh

Shown = list[tuple[dict[str, str], dict[str, Any]]]

X = np.linspace(0, 1, 41)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What is displayed: data by media type, and what is said about it."""
    found: Shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: found.append((data, more["metadata"]["qed"])))
    return found


def draw_power(axes: Any, n: int) -> dict[str, Any]:
    """Draw a power."""
    axes.plot(X, X**n)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x$")
    axes.set_title(f"power {n}")
    return {"power": (X, X**n)}


def stored(page: str) -> Any:
    """Give the states that an explorer holds."""
    return json.loads(BeautifulSoup(page, "html.parser").select_one('script[type="application/json"]').string)


def pictures(page: str) -> list[ET.Element]:
    """Parse the pictures of the first state."""
    images = BeautifulSoup(page, "html.parser").select("img")
    return [ET.fromstring(unquote(image["src"].partition(",")[2])) for image in images]


def test_every_state_is_drawn_and_described_and_what_stands_still_is_stored_once(shown: Shown):
    explorer(draw_power, "t.fig", "A power.", n=slider(range(1, 6), "degree $n$", start=2))
    data = stored(shown[0][0]["text/html"])
    assert [len(state[0]) for state in data["states"]] == [2] * 5
    assert len(data["parts"]) == 10
    said = [" ".join(data["sentences"][k] for k in words) for words in data["words"]]
    assert said[1].startswith("power: 41 points, x from 0 to 1, least 0")
    frame = ET.tostring(pictures(shown[0][0]["text/html"])[0], encoding="unicode")
    assert frame.count("power 2") == 1
    assert "power 3" not in frame


def test_the_first_state_is_a_picture_with_its_words_where_no_script_runs(shown: Shown):
    explorer(draw_power, "t.fig", "A power.", size=(4, 3), n=slider(range(1, 6), "degree $n$", start=4))
    data, about = shown[0]
    page = BeautifulSoup(data["text/html"], "html.parser")
    assert page.img["alt"] == about["alt"] != ""
    assert (int(page.img["height"]), about["figure"], about["caption"]) == (300, "t.fig", "A power.")
    assert page.select_one(".qed-controls p").get_text().startswith("Shown here: degree n = 4.")
    assert page.find("svg") is None and page.find("input") is None  # JupyterLab strips them where it does not trust


def test_the_text_compares_the_first_state_with_the_ends_of_each_slider(shown: Shown):
    def draw(axes: Any, n: int, c: float) -> dict[str, Any]:
        return {**draw_power(axes, n), "shift": c}

    explorer(draw, "t.fig", "A power.", n=slider([1, 2, 3], "$n$"), c=slider([-0.5, 0, 0.5], "$c$", " s", start=0))
    lines = shown[0][0]["text/plain"].splitlines()
    assert lines[:3] == ["Explorer t.fig, 9 states.", "Slider n: 1 to 3.", "Slider c: −0.5 s to 0.5 s."]
    assert [line.partition(": ")[0] for line in lines[3:]] == [
        "At n = 1, c = 0 s", "At n = 3, c = 0 s", "At n = 1, c = −0.5 s", "At n = 1, c = 0.5 s",
    ]  # fmt: skip
    assert lines[4].endswith("shift: 0.")


def test_the_last_slider_moves_fastest_as_the_script_counts(shown: Shown):
    def draw(axes: Any, a: int, b: int) -> dict[str, Any]:
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return {"pair": f"{a}, {b}"}

    explorer(draw, "t.fig", "Pairs.", a=slider([1, 2], "a"), b=slider([1, 2, 3], "b"))
    data = stored(shown[0][0]["text/html"])
    assert [data["sentences"][k] for (k,) in data["words"]] == [
        f"pair: {a}, {b}." for a in (1, 2) for b in (1, 2, 3)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_noise_in_the_last_bits_changes_nothing(shown: Shown, seed: int):
    # Relative noise of 2**-50 on values that are halves of a grid step, zeros and ties; the sizes are pixels / 10.
    values = np.concatenate([np.arange(0, 400) / 2, [0.1, 0.3, 1 / 3, 0.3125, 0.3125]])

    def draw_with(noise: Any) -> Any:
        def draw(axes: Any, n: int) -> dict[str, Any]:
            height = values * noise / 200
            axes.plot(np.arange(len(height)), height, "o-")
            axes.bar([0, 1], height[3:5])
            axes.fill_between(np.arange(len(height)), height)
            axes.set(xlim=(0, 500), ylim=(0, 1))
            return {"heights": (np.arange(len(height)), height), "one": height[-1]}

        return draw

    noise = 1 + 2.0**-50 * np.random.default_rng(seed).uniform(-1, 1, len(values))
    for each in (np.ones(len(values)), noise):
        explorer(draw_with(each), "t.fig", "Heights.", n=slider([1, 2], "n"))
    assert (values * noise != values).sum() > 300
    assert shown[0] == shown[1]


def test_half_steps_are_rounded_alike_whatever_their_last_bits():
    half = np.array([0.05, 1.25, 33.35, 639.95, 0.15])
    below, above = np.nextafter(half, 0), np.nextafter(half, 1000)
    assert (svg.on_grid(below) == svg.on_grid(above)).all()
    assert svg.on_grid([0.04, 0.06]).tolist() == [0, 1]


def distance(point: Any, line: Any) -> float:
    """Measure the distance of a point from a polygonal line."""
    best = math.inf
    for a, b in zip(line, line[1:], strict=False):
        t = np.clip((point - a) @ (b - a) / max((b - a) @ (b - a), 1), 0, 1)
        best = min(best, float(np.hypot(*(point - a - t * (b - a)))))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_a_thinned_line_keeps_its_ends_and_strays_by_at_most_the_slack(seed: int):
    steps = np.random.default_rng(seed).integers(-9, 10, (120, 2)) + [seed * 5, 0]
    line = np.cumsum(steps, axis=0)
    found = svg.thin(line)
    assert (found[0] == line[0]).all() and (found[-1] == line[-1]).all()
    assert max(distance(point, found) for point in line) <= svg.SLACK
    turn = np.linspace(0, 2 * np.pi, 400)
    circle = svg.on_grid(100 * np.array([np.cos(turn), np.sin(turn)]).T)
    assert 20 < len(svg.thin(circle)) < 80


def test_a_line_that_turns_back_is_not_cut_short():
    line = np.array([[0, 0], [500, 0], [0, 0]])
    assert svg.thin(line).tolist() == line.tolist()
    beyond = np.array([[0, 0], [500, 0], [100, 0]])
    assert svg.thin(beyond).tolist() == beyond.tolist()


def test_a_path_with_curves_gaps_and_closed_parts_keeps_them():
    codes = np.array([1, 2, 79, 1, 4, 4, 4, 1, 3, 3], dtype=np.uint8)
    xy = np.array([[0, 0], [90, 0], [0, 0], [10, 10], [20, 10], [30, 20], [40, 10], [5, 5], [6, 9], [7, 5]])
    assert svg._outline(xy, codes) == "M0 0l90 0zM10 10c10 0 20 10 30 0M5 5q1 4 2 0"
    assert Outline.CURVE4 == 4


def test_what_is_drawn_keeps_colour_width_dashes_clip_and_place(shown: Shown):
    def draw(axes: Any, n: int) -> dict[str, Any]:
        axes.plot([0, 1], [0, 2], ":", color="#0072B2", lw=2)
        axes.plot([0.5], [0.5], "o", color="#D55E00", ms=7.2)
        axes.fill([0, 1, 1], [0, 0, 0.5], color="#009E73", alpha=0.35)
        axes.scatter([0.2, 0.4], [0.2, 0.4], marker="s")
        axes.imshow([[0.0, 1.0], [1.0, 0.0]], extent=(0, 1, 0, 1), aspect="auto", cmap="gray")
        axes.text(0.5, 0.9, "a < b", ha="center", color="#777777")
        axes.text(0.5, 0.8, r"$\frac{a}{b}$")
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        return {"n": n}

    explorer(draw, "t.fig", "All kinds.", size=(2, 2), n=slider([1, 2], "n"))
    text = ET.tostring(pictures(shown[0][0]["text/html"])[0], encoding="unicode")
    assert re.search(r'stroke="#0072b2" stroke-width="28" stroke-dasharray="28 46" clip-path="url\(#t.fig-\d\)"', text)
    assert re.search(r'd="M\d+ \d+h0" stroke="#d55e00" stroke-width="1\d\d" stroke-linecap="round"', text)
    assert re.search(r'fill="#009e73"[^>]* opacity="0.35"', text)
    assert re.search(r'text-anchor="middle" fill="#777777">a &lt; b<', text)
    assert text.count("<ns0:image") == 1 and "pixelated" in text
    dot = re.search(r'd="M(\d+) (\d+)h0"', text)
    assert dot is not None
    box = re.search(r'rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', text)
    assert box is not None
    left, top, width, height = map(int, box.groups())
    assert abs(int(dot[1]) - left - width / 2) < 3 and abs(int(dot[2]) - top - height / 2) < 3


def test_a_formula_is_drawn_as_outlines_and_a_picture_of_cells_stands_upright(shown: Shown):
    def draw(axes: Any, n: int) -> dict[str, Any]:
        axes.imshow([[0.0, 0.0], [1.0, 1.0]], extent=(0, 1, 0, 1), aspect="auto", cmap="gray")
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        axes.set_title(r"$\sqrt{x}$")
        return {"n": n}

    explorer(draw, "t.fig", "Cells.", size=(2, 2), n=slider([1, 2], "n"))
    text = ET.tostring(pictures(shown[0][0]["text/html"])[0], encoding="unicode")
    encoded = re.search(r"data:image/png;base64,([^\"]+)", text)
    assert encoded is not None
    cells = np.asarray(Image.open(BytesIO(b64decode(encoded[1]))))
    assert cells.shape[:2] == (2, 2)
    assert cells[0, 0, 0] == 0 and cells[1, 0, 0] == 255  # the first row of the data is above
    assert "sqrt" not in text


def test_panels_are_pictures_of_one_size_that_can_stand_below_one_another(shown: Shown):
    def draw(axes: Any, n: int) -> dict[str, Any]:
        for k, pane in enumerate(axes):
            pane.plot([0, 1], [0, n])
            pane.set(xlim=(0, 1), ylim=(0, 2), ylabel="a long name" if k else "")
        return {"n": n}

    explorer(draw, "t.fig", "Two.", size=(6, 3), panels=(1, 2), n=slider([1, 2], "n"))
    one, two = (each.attrib for each in pictures(shown[0][0]["text/html"]))
    assert (one["width"], one["height"]) == (two["width"], two["height"])
    left, right = (int(each["viewBox"].split()[0]) for each in (one, two))
    assert left < right
    alts = [img["alt"] for img in BeautifulSoup(shown[0][0]["text/html"], "html.parser").select("img")]
    assert alts == ["n: 1.", ""]
    assert all(len(state) == 2 for state in stored(shown[0][0]["text/html"])["states"])


def test_values_are_settled_to_twelve_digits_and_shown_with_a_true_minus():
    found = slider(np.arange(-0.3, 0.5, 0.1), "$c$", " %")
    assert found.values == (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
    assert found.shown[0] == "−0.3"
    assert slider(["plane", "sphere"], "surface", start="sphere").start == 1
    assert slider(range(3), "n").values == (0, 1, 2)


@pytest.mark.parametrize(
    ("values", "more", "said"),
    [
        ([], {}, "slider degree n: it needs two values or more, and has 0"),
        ([1], {}, "needs two values or more, and has 1"),
        ([1, 2, 1], {}, "a value occurs twice"),
        ([0.1 + 0.2, 0.3], {}, "a value occurs twice"),
        ([1, math.nan], {}, "nan is no finite number"),
        ([1, 2], {"start": 3}, "it cannot start at 3, which is not among its values"),
        ([1, 2], {"label": r"$\rho$"}, "no LaTeX"),
    ],
)
def test_a_slider_that_cannot_work_is_refused(values: list[float], more: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=re.escape(said)):
        slider(values, **({"label": "degree $n$"} | more))


def wrong(kind: str) -> Any:
    """Give a drawing function that goes wrong at n = 3."""

    def draw(axes: Any, n: int) -> Any:
        axes.plot([0, 1], [0, 1])
        axes.set(xlim=(0, 1), ylim=(0, 1))
        if n < 3:
            return {"a": 1.0, "b": (X, X)}
        if kind == "limits":
            axes.set(ylim=(0, 2))
        elif kind == "label":
            axes.set(xlabel="time")
        elif kind == "axes":
            axes.figure.add_axes((0, 0, 1, 1))
        return {
            "nothing": None, "empty": {}, "nan": {"a": math.nan, "b": (X, X)}, "gap": {"a": 1, "b": (X, X * math.nan)},
            "keys": {"a": 1}, "order": {"b": (X, X), "a": 1}, "lengths": {"a": 1, "b": (X, X[1:])},
        }.get(kind, {"a": 1.0, "b": (X, X)})  # fmt: skip

    return draw


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nothing", "the drawing function must return the data that it drew"),
        ("empty", "the drawing function must return the data that it drew"),
        ("nan", "'a' has no finite value; draw something there, or return a text"),
        ("gap", "'b' has no finite value; draw something there, or return a text"),
        ("keys", "the data must have the same keys in every state; the difference is 'b'"),
        ("order", "the data must have the same keys in every state; the difference is 'their order'"),
        ("lengths", "'b' has 41 values of x and 40 of y"),
        ("limits", "the y limits must be the same in every state; set it to (0.0, 1.0)"),
        ("label", "the x label must be the same in every state; set it to ''"),
        ("axes", "the drawing function adds axes; ask for more panels instead"),
    ],
)
def test_a_state_that_goes_wrong_is_named_with_what_is_wrong(kind: str, said: str):
    with pytest.raises(ValueError, match=re.escape(f"explorer t.fig at n = 3: {said}")):
        explorer(wrong(kind), "t.fig", "Wrong.", n=slider(range(1, 5), "n"))


def test_an_error_of_the_drawing_function_says_in_which_state():
    def draw(axes: Any, n: int) -> dict[str, Any]:
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return {"a": 1 / (2 - n)}

    with pytest.raises(ZeroDivisionError) as caught:
        explorer(draw, "t.fig", "Wrong.", n=slider([1, 2], "n"))
    assert caught.value.__notes__ == ["explorer t.fig at n = 2"]


def test_too_much_is_refused_by_weight_and_by_number():
    def draw(axes: Any, n: int, m: int) -> dict[str, Any]:
        noise = np.random.default_rng(100 * n + m).uniform(0, 1, 400)
        axes.plot(np.linspace(0, 1, 400), noise)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return {"noise": noise}

    with pytest.raises(ValueError, match=r"explorer t.fig: \d+ kB compressed is too heavy, at most 120; use fewer"):
        explorer(draw, "t.fig", "Noise.", n=slider(range(12), "n"), m=slider(range(12), "m"))
    with pytest.raises(ValueError, match="10000 states are too many, at most 2500"):
        explorer(draw, "t.fig", "Noise.", n=slider(range(100), "n"), m=slider(range(100), "m"))
    with pytest.raises(ValueError, match="it needs one to four sliders, and has 0"):
        explorer(draw, "t.fig", "Noise.")
    with pytest.raises(ValueError, match=r"n is no slider; write n=slider\(...\)"):
        explorer(draw, "t.fig", "Noise.", n=range(3))  # type: ignore[arg-type]


STORED = [
    pytest.param(notebooks.text(out["data"]["text/html"]), id=out["metadata"]["qed"]["figure"])
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    for _, out in notebooks.outputs(notebooks.read(path))
    if 'class="qed-explorer"' in notebooks.text(out.get("data", {}).get("text/html", ""))
]


def test_the_book_has_explorers():
    assert {"even-taylor.fig-shifted", "det-exp-trace.fig-plane"} <= {param.id for param in STORED}


@pytest.mark.parametrize("page", STORED)
def test_a_stored_explorer_is_light_and_brings_the_present_script(page: str):
    assert len(gzip.compress(page.encode(), mtime=0)) <= explorers.HEAVIEST
    for file in ("explorer.js", "explorer.css"):
        text = (Path(explorers.__file__).parent / file).read_text(encoding="utf-8")
        assert text in page, f"{file} changed since the notebook was executed; run: make refresh"


@pytest.mark.parametrize("page", STORED)
def test_an_explorer_draws_a_state_with_few_elements(page: str):
    # What a move of a slider costs is the elements that it puts in; 60 of them take a few milliseconds.
    data = stored(page)
    assert max(sum(map(len, state)) for state in data["states"]) <= 60
    assert max(sum(len(data["parts"][k]) for panel in state for k in panel) for state in data["states"]) < 20_000


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A tiny book whose article has two explorers, executed and built."""
    book = copy_small(tmp_path_factory.mktemp("explorers") / "small")
    new = nbformat.v4.new_code_cell
    code = """
from qed import explorer, slider

def draw(axes, n, colour="C0"):
    axes.plot([0, 1], [0, n / 5], color=colour)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    return {"slope": n / 5}
"""
    one = """explorer(draw, "squares.fig-one", "One, $n$.", size=(4, 3), n=slider(range(1, 6), "$n$", play=True))"""
    other = """explorer(draw, "squares.fig-two", "Two.", size=(4, 3), n=slider(range(1, 6), "$n$", start=3),
         colour=slider(["C1", "C2"], "colour"))"""
    words = nbformat.v4.new_markdown_cell("# Two?\n\nSee [the second](#squares.fig-two).")
    path = book.root / "book" / "squares.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[words, new(code), new(one), new(other)]), path)
    book.write("book/intro.md", "# A book\n\nOf explorers.\n")
    refresh(path)
    build(book.root)
    return book


def test_a_page_has_the_states_and_neither_style_nor_script_of_its_own(two: Book):
    text = (two.site / "book" / "squares.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    figures = page.select("figure.qed-figure")
    assert [figure["id"] for figure in figures] == ["squares.fig-one", "squares.fig-two"]
    assert [figure.figcaption.get_text()[:9] for figure in figures] == ["Figure 1.", "Figure 2."]
    assert figures[0].figcaption.select_one(".katex") is not None
    assert page.select_one('a[href="#squares.fig-two"]') is not None
    assert page.select(".qed-explorer style, .qed-explorer [style], .qed-controls input") == []
    assert [script.get("type") for script in page.select(".qed-explorer script")] == ["application/json"] * 2
    assert not any(name.startswith("on") for each in figures for tag in each.find_all() for name in tag.attrs)
    assert [tag.has_attr("defer") for tag in page.select('script[src*="explorer.js"]')] == [True]


def test_only_pages_with_explorers_ask_for_their_script_and_style(two: Book):
    for name, wanted in (("squares", True), ("intro", False)):
        text = (two.site / "book" / f"{name}.html").read_text(encoding="utf-8")
        assert [file in text for file in ("explorer.js", "explorer.css")] == [wanted, wanted]


def test_the_same_notebook_gives_the_same_outputs_twice(two: Book):
    path = two.root / "book" / "squares.ipynb"
    before = path.read_bytes()
    refresh(path)
    assert path.read_bytes() == before
