"""Figures: each is described in words made from the data that it draws."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qed import figure
from qed.display.figures import describe, three


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

    figure(draw, "t.fig-sine", "A sine.", size=(6.0, 3.0))
    picture = Image.open(io.BytesIO(shown[0]["image/png"]))
    assert picture.size == (1200, 600)
    assert picture.mode == "P"
    white, blue = picture.convert("RGB").getpixel((1199, 0)), (0, 114, 178)
    assert white == (255, 255, 255)
    seen = {colour for _, colour in picture.convert("RGB").getcolors(256)}
    assert min(sum(abs(a - b) for a, b in zip(colour, blue, strict=True)) for colour in seen) < 6
