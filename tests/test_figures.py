"""Figures: each is described in words made from the data that it draws."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.text import Text
from PIL import Image

from qed import figure
from qed.display.figures import WIDEST, describe, legible, three


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1.23456, "1.23"), (-2.5e-7, "-2.5e-7"), (1e9, "1e+9"), (1e12, "1e+12")]
)
def test_numbers_are_written_to_three_digits(value: float, text: str) -> None:
    assert three(value) == text


def test_a_curve_is_described_by_its_extremes_and_not_by_its_ends() -> None:
    x = np.linspace(0, 3, 7)
    assert describe({"parabola": (x, (x - 1) ** 2)}) == (
        "parabola: 7 points, x from 0 to 3, least 0 at x = 1, greatest 4 at x = 3."
    )


def test_values_that_are_not_finite_are_left_out_of_the_description() -> None:
    assert "nan" not in describe({"f": ([0, 1, 2], [np.nan, 1, np.inf])})
    assert describe({"f": ([0.0], [np.nan])}) == "f: nothing in view."


def test_text_numbers_and_arrays_are_described() -> None:
    assert describe({"a": "a word", "b": 2, "c": [1, 5, 3]}) == "a: a word. b: 2. c: 3 values from 1 to 5."


def test_a_figure_that_returns_no_data_is_refused_for_it_has_no_alt_text() -> None:
    with pytest.raises(ValueError, match="must return the data that it drew"):
        figure(lambda axes: None, "t.fig", "Nothing.")  # type: ignore[arg-type, return-value]


def test_a_figure_carries_name_caption_and_alt_text_and_the_same_bytes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Any, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: shown.append((data, more)))

    def draw(axes: Any) -> dict[str, Any]:
        x = np.linspace(0, 1, 5)
        axes.plot(x, x**2)
        return {"square": (x, x**2)}

    for _ in range(2):
        figure(draw, "t.fig", "A square.", size=(2, 1))
    (one, more), (two, _) = shown
    assert one == two
    assert more["metadata"]["qed"]["figure"] == "t.fig" and more["metadata"]["qed"]["caption"] == "A square."
    assert more["metadata"]["qed"]["alt"].startswith("square: 5 points")
    assert b"Software" not in one["image/png"]


def test_a_figure_has_two_dots_for_each_pixel_and_few_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    x = np.linspace(0, 6, 400)

    def draw(axes: Any) -> dict[str, Any]:
        axes.plot(x, np.sin(x))
        return {"sine": (x, np.sin(x))}

    figure(draw, "t.fig-sine", "A sine.", size=(5.0, 2.5))
    picture = Image.open(io.BytesIO(shown[0]["image/png"]))
    assert picture.size == (1000, 500)
    assert picture.mode == "P"
    white, blue = picture.convert("RGB").getpixel((999, 0)), (0, 114, 178)
    assert white == (255, 255, 255)
    seen = {colour for _, colour in picture.convert("RGB").getcolors(256)}
    assert min(sum(abs(a - b) for a, b in zip(colour, blue, strict=True)) for colour in seen) < 6


def drawn(monkeypatch: pytest.MonkeyPatch, draw: Any, **options: Any) -> tuple[Image.Image, list[int], Any]:
    """Draw a figure; give its picture, where it may be cut, and Matplotlib's object."""
    shown: list[tuple[Any, Any]] = []
    kept: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: shown.append((data, more["metadata"]["qed"])))

    def keep(axes: Any) -> Any:
        kept.append(np.ravel(axes)[0].figure)
        return draw(axes)

    figure(keep, "t.fig", "A figure.", **options)
    return Image.open(io.BytesIO(shown[0][0]["image/png"])), shown[0][1].get("cuts", []), kept[0]


@pytest.mark.parametrize(("size", "panels"), [((9, 4.5), (1, 1)), ((16, 4), (1, 2))])
def test_words_in_a_panel_are_at_least_9_pixels_high_on_a_phone(
    monkeypatch: pytest.MonkeyPatch, size: tuple[float, float], panels: tuple[int, int]
) -> None:
    def draw(axes: Any) -> dict[str, Any]:
        np.ravel(axes)[0].text(0.5, 0.5, "small", fontsize=6)
        np.ravel(axes)[0].plot([0, 1], label="a line")
        np.ravel(axes)[0].legend(fontsize=5)
        return {"line": ([0, 1], [0, 1])}

    picture, _, canvas = drawn(monkeypatch, draw, size=size, panels=panels)
    assert picture.width / panels[1] == 200 * WIDEST
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)
    points = [text.get_fontsize() for text in canvas.findobj(Text) if text.get_text()]
    assert "small" in [text.get_text() for text in canvas.findobj(Text)]
    assert min(points) / 72 * 100 * 352 / (100 * WIDEST) >= 9


def test_columns_of_panels_are_cut_apart_where_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(axes: Any) -> dict[str, Any]:
        for pane in np.ravel(axes):
            shown = pane.imshow([[0, 1], [2, 3]])
            pane.set(ylabel="height")
        axes[0, 0].figure.colorbar(shown, ax=axes[:, 0])
        return {"pixels": [0, 3]}

    picture, cuts, canvas = drawn(monkeypatch, draw, size=(8, 4), panels=(2, 2))
    (cut,) = cuts
    assert picture.convert("L").crop((2 * cut - 1, 0, 2 * cut + 1, picture.height)).getextrema() == (255, 255)
    scale = canvas.axes[4].get_tightbbox()
    assert scale.x1 <= cut <= canvas.axes[1].get_tightbbox().x0


def test_what_stands_across_two_panels_keeps_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(axes: Any) -> dict[str, Any]:
        axes[0].figure.suptitle("a title of both panels")
        return {"pixels": [0, 3]}

    assert drawn(monkeypatch, draw, size=(8, 4), panels=(1, 2))[1] == []


@pytest.mark.parametrize("colour", ["#E69F00", "C1", "#009E73", "yellow"])
def test_coloured_words_are_dark_enough_for_white_paper_and_keep_their_hue(colour: str) -> None:
    def light(value: Any) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(value)]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    assert 4.5 <= 1.05 / (light(legible(colour)) + 0.05) < 4.8
    assert rgb_to_hsv(to_rgb(legible(colour)))[0] == pytest.approx(rgb_to_hsv(to_rgb(colour))[0], abs=0.01)


def test_words_that_are_dark_white_or_grey_keep_their_colour() -> None:
    assert [legible(colour) for colour in ("white", "#777777", "#0072B2", "black")] == [
        "white", "#777777", "#0072b2", "black"
    ]  # fmt: skip
