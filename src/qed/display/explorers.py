"""Explorers: figures with sliders, drawn in advance for every state, so that no page needs Python to show them."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .figures import describe, style

if TYPE_CHECKING:
    import numpy as np  # functions that draw import it, since claims are judged without it where it is not installed

FOLDER = Path(__file__).parent
HEAVIEST = 120_000  # bytes, compressed
MOST_STATES = 2500


@dataclass(frozen=True)
class Slider:
    """A slider: its values, and how it is shown.

    Attributes
    ----------
    values : tuple
        What the drawing function gets: whole numbers, numbers with at most twelve digits, or text.
    shown : tuple of str
        The values as a reader sees them, without the unit.
    label, unit : str
        The name before the slider, and what follows each value.
    start : int
        The place of the value that is shown first.
    play : bool
        Whether a button runs through the values.
    """

    values: tuple[Any, ...]
    shown: tuple[str, ...]
    label: str
    unit: str
    start: int
    play: bool


def slider(values: Sequence[Any], label: str, unit: str = "", start: Any = None, play: bool = False) -> Slider:
    """Describe a slider of an explorer.

    Parameters
    ----------
    values : sequence of int, float or str
        In their order on the slider: a ``range``, an array, a list of names. Numbers are rounded to twelve digits.
    label : str
        Names the quantity; ``$n$`` sets a letter in italics.
    unit : str
        Written after each value, for example ``" %"``.
    start : int, float or str
        The value that is shown first, and where no script runs or on paper; the first of `values` unless given.
    play : bool
        Whether a button runs through the values; for what moves in time, or grows.

    Returns
    -------
    Slider
        For :func:`explorer`.

    Raises
    ------
    ValueError
        When there are no values to choose from, two are the same, one is no finite number, or `start` is not among
        them.
    """
    name = label.replace("$", "")
    found = tuple(_value(value, name) for value in values)
    # Steps added up may miss zero by their rounding.
    least = 1e-12 * max((abs(value) for value in found if not isinstance(value, str)), default=0)
    found = tuple(0.0 if isinstance(value, float) and abs(value) < least else value for value in found)
    if len(found) < 2:
        raise ValueError(f"slider {name}: it needs two values or more, and has {len(found)}")
    if len(set(found)) < len(found):
        raise ValueError(f"slider {name}: a value occurs twice")
    if re.search(r"\\|\$[^$]*[_^{][^$]*\$", label):
        raise ValueError(f"slider {name}: a label has letters only, such as $n$ or ρ, and no LaTeX")
    first = found[0] if start is None else _value(start, name)
    if first not in found:
        raise ValueError(f"slider {name}: it cannot start at {_show(first)}, which is not among its values")
    return Slider(found, tuple(map(_show, found)), label, unit, found.index(first), play)


def explorer(
    draw: Callable[..., Mapping[str, Any]],
    name: str,
    caption: str,
    size: tuple[float, float] = (4.4, 3.1),
    panels: tuple[int, int] = (1, 1),
    **sliders: Slider,
) -> None:
    """Draw a figure for every state of its sliders, and display it so that the sliders work without Python.

    The frame, that is axes, limits, ticks and labels of the axes, is drawn once: it has to be the same in every state.

    Parameters
    ----------
    draw : callable
        As for :func:`figure`: takes the axes (one, or an array of them when there are several `panels`) and, by name,
        a value of each slider; draws, and returns the data drawn as a mapping, with the same keys in every state.
    name : str
        The explorer's anchor, for example ``"even-taylor.fig-shift"``.
    caption : str
        One or two sentences; ``$...$`` is mathematics.
    size : tuple of float
        Width and height in inches.
    panels : tuple of int
        Rows and columns.
    **sliders : Slider
        One to four of them, made by :func:`slider`; the names are those of `draw`'s arguments.

    Raises
    ------
    ValueError
        When there is no slider, a state has no data, values that are no numbers, other keys or another frame than the
        first one, or all states together take more than 120 kB, compressed. The message names the state.
    """
    from IPython.display import display

    if not 1 <= len(sliders) <= 4:
        raise ValueError(f"explorer {name}: it needs one to four sliders, and has {len(sliders)}")
    if wrong := [key for key, one in sliders.items() if not isinstance(one, Slider)]:
        raise ValueError(f"explorer {name}: {wrong[0]} is no slider; write {wrong[0]}=slider(...)")
    count = math.prod(len(one.values) for one in sliders.values())
    if count > MOST_STATES:
        raise ValueError(f"explorer {name}: {count} states are too many, at most {MOST_STATES}; use fewer values")
    shot = _draw_all(draw, name, size, panels, sliders)
    alt = " ".join(shot.words[shot.start])
    page = _html(shot, name, alt, sliders)
    weight = len(gzip.compress(page.encode(), mtime=0))
    if weight > HEAVIEST:
        raise ValueError(f"explorer {name}: {weight / 1000:.0f} kB compressed is too heavy, at most "
                         f"{HEAVIEST // 1000}; use fewer values, or draw fewer and smoother things")  # fmt: skip
    display(  # type: ignore[no-untyped-call]
        {"text/plain": _plain(shot, name, sliders), "text/html": page},
        raw=True,
        metadata={"qed": {"figure": name, "caption": caption, "alt": alt}},
    )


@dataclass
class _Shot:
    """All states of an explorer: the frames of its panels, and for each state what moves in them and its sentences."""

    columns: int
    boxes: list[tuple[int, int, int, int]]  # of each panel, in pixels: left, top, width, height
    frames: list[str]
    clips: dict[str, str]  # by name
    elements: list[list[list[str]]]  # by state and panel
    words: list[list[str]]
    start: int


def _draw_all(draw: Callable[..., Mapping[str, Any]], name: str, size: tuple[float, float], panels: tuple[int, int],
              sliders: Mapping[str, Slider]) -> _Shot:  # fmt: skip
    import matplotlib as mpl
    import numpy as np
    from matplotlib.figure import Figure

    from .svg import Recorder

    states = list(itertools.product(*(one.values for one in sliders.values())))
    first = states.index(tuple(one.values[one.start] for one in sliders.values()))
    elements: list[list[list[str]]] = [[] for _ in states]
    words: list[list[str]] = [[] for _ in states]
    keys: list[str] = []
    with mpl.rc_context(style() | {"image.interpolation": "none"}):
        canvas = Figure(figsize=size)
        panes = canvas.subplots(*panels)
        all_panes = list(np.ravel(panes))
        width, height = (int(length) for length in canvas.bbox.size)
        recorder = Recorder(width, height, canvas.dpi, name)
        frame: list[Any] = []
        fixed: list[str] = []
        boxes: list[tuple[int, int, int, int]] = []
        for place in [first, *range(first), *range(first + 1, len(states))]:
            where = f"explorer {name} at {_say(states[place], sliders)}"
            for pane in all_panes:
                _empty(pane)
            try:
                data = draw(panes, **dict(zip(sliders, states[place], strict=True)))
            except Exception as error:
                error.add_note(where)
                raise
            words[place] = _words(data, where)
            if len(canvas.axes) != len(all_panes):
                raise ValueError(f"{where}: the drawing function adds axes; ask for more panels instead")
            if place == first:
                keys, frame = list(data), [_frame(pane) for pane in all_panes]
                canvas.draw_without_rendering()  # settles the layout
                canvas.set_layout_engine("none")
                fixed = ["".join(_record(recorder, _still(pane))) for pane in all_panes]
                boxes = _boxes(all_panes, panels, recorder)
            if list(data) != keys:
                odd = sorted(set(keys) ^ set(data)) or ["their order"]
                raise ValueError(f"{where}: the data must have the same keys in every state; "
                                 f"the difference is {odd[0]!r}")  # fmt: skip
            for pane, kept in zip(all_panes, frame, strict=True):
                now = _frame(pane)
                if changed := [part for part, value in kept.items() if now[part] != value]:
                    raise ValueError(f"{where}: the {changed[0]} must be the same in every state; "
                                     f"set it to {kept[changed[0]]!r}")  # fmt: skip
                pane.apply_aspect()
                elements[place].append(_record(recorder, _moving(pane)))
    clips = {
        clip: f'<clipPath id="{escape(clip)}"><rect x="{x}" y="{y}" width="{w}" height="{h}"/></clipPath>'
        for (x, y, w, h), clip in recorder.clips.items()
    }
    return _Shot(panels[1], boxes, fixed, clips, elements, words, first)


def _boxes(panes: list[Any], panels: tuple[int, int], recorder: Any) -> list[tuple[int, int, int, int]]:
    """Cut the canvas into pictures of one size, a panel each, so that they can stand below one another."""
    found = [pane.get_tightbbox(recorder) for pane in panes]
    width = math.ceil(max(box.width for box in found)) + 8
    height = recorder.size[1] // panels[0]
    lefts = [round((box.x0 + box.x1 - width) / 2) for box in found]
    return [(left, k // panels[1] * height, width, height) for k, left in enumerate(lefts)]


def _empty(pane: Any) -> None:
    """Take away what the last state drew; the axes stay."""
    for part in list(pane.get_children()):
        if part in pane._children:
            part.remove()
    if pane.get_legend() is not None:
        pane.get_legend().remove()
    for part in (pane.title, pane._left_title, pane._right_title):
        part.set_text("")
    pane.set_prop_cycle(None)


def _frame(pane: Any) -> dict[str, Any]:
    """Give what the states of a pane have to share."""

    def settle(ends: Any) -> tuple[float, ...]:
        return tuple(_settled(float(end)) for end in ends)

    return {"x limits": settle(pane.get_xlim()), "y limits": settle(pane.get_ylim()),
            "x label": pane.get_xlabel(), "y label": pane.get_ylabel(),
            "x scale": pane.get_xscale(), "y scale": pane.get_yscale()}  # fmt: skip


def _still(pane: Any) -> list[Any]:
    parts = [*pane.spines.values(), pane.xaxis, pane.yaxis] if pane.axison else []
    return sorted((part for part in parts if part.get_visible()), key=lambda part: part.zorder)


def _moving(pane: Any) -> list[Any]:
    titles = [pane.title, pane._left_title, pane._right_title]
    legend = [pane.get_legend()] if pane.get_legend() is not None else []
    parts = [*pane._children, *titles, *legend]
    return sorted((part for part in parts if part.get_visible()), key=lambda part: part.zorder)


def _record(recorder: Any, parts: list[Any]) -> list[str]:
    """Draw things and give their SVG elements."""
    recorder.elements = []
    for part in parts:
        part.draw(recorder)
    return list(recorder.elements)


def _words(data: Any, where: str) -> list[str]:
    """Describe the data of a state, a sentence or more for each key."""
    import numpy as np

    if not isinstance(data, Mapping) or not data:
        raise ValueError(f"{where}: the drawing function must return the data that it drew")
    found = []
    for label, drawn in data.items():
        if not isinstance(drawn, str):
            arrays = drawn if isinstance(drawn, tuple) else (drawn,)
            arrays = tuple(_settle(np.asarray(array, dtype=float)) for array in arrays)
            if len(arrays) == 2 and arrays[0].shape != arrays[1].shape:
                raise ValueError(f"{where}: {label!r} has {arrays[0].size} values of x and {arrays[1].size} of y")
            if not all(np.isfinite(array).any() for array in arrays):
                raise ValueError(f"{where}: {label!r} has no finite value; draw something there, or return a text")
            drawn = arrays if isinstance(drawn, tuple) else arrays[0]
        found.append(describe({label: drawn}))
    return found


def _plain(shot: _Shot, name: str, sliders: Mapping[str, Slider]) -> str:
    """Describe the first state, and what becomes of it at the ends of each slider."""
    import numpy as np

    lines = [f"Explorer {name}, {len(shot.words)} states."]
    lengths = [len(one.values) for one in sliders.values()]
    first = [one.start for one in sliders.values()]
    places = [first]
    for k, one in enumerate(sliders.values()):
        lines.append(f"Slider {_named(one)}: {one.shown[0]}{one.unit} to {one.shown[-1]}{one.unit}.")
        places += [[*first[:k], end, *first[k + 1 :]] for end in (0, len(one.values) - 1) if end != one.start]
    for place in places:
        said = ", ".join(f"{_named(one)} = {one.shown[i]}{one.unit}"
                         for one, i in zip(sliders.values(), place, strict=True))  # fmt: skip
        lines.append(f"At {said}: " + " ".join(shot.words[int(np.ravel_multi_index(place, lengths))]))
    return "\n".join(lines)


def _html(shot: _Shot, name: str, alt: str, sliders: Mapping[str, Slider]) -> str:
    """Put an explorer together: a picture of the first state, all the others, and what makes the sliders work.

    The picture stands where no script runs. The site leaves out style and script, for its pages bring their own.
    """
    parts: dict[str, int] = {}
    sentences: dict[str, int] = {}
    data = {
        "sliders": [{"label": _label(one), "name": _named(one), "shown": [v + one.unit for v in one.shown],
                     "start": one.start, "play": one.play} for one in sliders.values()],
        "states": [[[parts.setdefault(e, len(parts)) for e in panel] for panel in state] for state in shot.elements],
        "words": [[sentences.setdefault(s, len(sentences)) for s in state] for state in shot.words],
    }  # fmt: skip
    data |= {"parts": list(parts), "sentences": list(sentences)}
    pictures = []
    for k, (left, top, width, height) in enumerate(shot.boxes):
        drawn = f'{shot.frames[k]}<g>{"".join(shot.elements[shot.start][k])}</g>'
        # The clip paths of all states, for the script puts their elements into this picture.
        used = "".join(clip for name, clip in shot.clips.items() if _uses(shot, k, name))
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{10 * left} '
            f'{10 * top} {10 * width} {10 * height}"><defs>{used}</defs><g fill="none" stroke-linejoin="round" '
            f'font-family="DejaVu Sans,Verdana,sans-serif">{drawn}</g></svg>'
        )
        source = "data:image/svg+xml," + quote(svg, safe=" =:/;,()'<>+*!@&$?~-._")
        words = escape(alt if k == 0 else "")
        pictures.append(f'<img src="{escape(source)}" width="{width}" height="{height}" alt="{words}">')
    shown = ", ".join(f"{_label(one)} = {one.shown[one.start]}{escape(one.unit)}" for one in sliders.values())
    stored = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<div class="qed-explorer">\n<div class="qed-pictures qed-columns-{min(shot.columns, 3)}">\n'
        + "\n".join(pictures)
        + "\n</div>\n"
        f'<div class="qed-controls qed-controls-{len(sliders)}"><p>Shown here: {shown}. '
        "The sliders work where scripts may run: on the book’s site, and in a notebook that is trusted.</p></div>\n"
        f'<script type="application/json">{stored}</script>\n'
        f'<style>\n{_own("explorer.css")}</style>\n<script>\n{_own("explorer.js")}</script>\n</div>'
    )


def _uses(shot: _Shot, panel: int, clip: str) -> bool:
    mark = f"url(#{clip})"
    return mark in shot.frames[panel] or any(mark in e for state in shot.elements for e in state[panel])


@cache
def _own(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")


def _settled(value: float) -> float:
    return float(f"{value:.12g}")


def _settle(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Round to twelve digits, so that which value is least, and its third digit, do not hang on the last bits."""
    import numpy as np

    return np.array([_settled(v) for v in values.ravel().tolist()]).reshape(values.shape)


def _value(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"slider {name}: {number} is no finite number")
    return _settled(number)


def _show(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.12g}".replace("-", "−")


def _named(one: Slider) -> str:
    return one.label.replace("$", "")


def _label(one: Slider) -> str:
    return re.sub(r"\$(.+?)\$", r"<i>\1</i>", escape(one.label))


def _say(state: Sequence[Any], sliders: Mapping[str, Slider]) -> str:
    return ", ".join(f"{key} = {_show(value)}" for key, value in zip(sliders, state, strict=True))
