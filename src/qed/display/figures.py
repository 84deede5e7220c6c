"""Figures in one style, each described in words made from the data it draws."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

# Okabe and Ito's palette, which the colour-blind can tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
)

STYLE: dict[str, Any] = {
    "figure.dpi": 100, "savefig.dpi": 200, "figure.facecolor": "white", "savefig.facecolor": "white",
    "font.size": 11, "axes.titlesize": 11, "axes.labelsize": 11, "legend.fontsize": 10, "legend.frameon": False,
    "mathtext.fontset": "cm", "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "axes.grid": True, "grid.color": "#e3e3e3", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "lines.linewidth": 1.9, "lines.markersize": 4.5, "xtick.direction": "out", "ytick.direction": "out",
    "axes.prop_cycle": None, "figure.constrained_layout.use": True,
}  # fmt: skip

# A panel of 520 pixels is shown 352 wide on a phone, and its smallest letters more than 9 pixels high.
WIDEST = 5.2  # inches
SMALLEST = 10.3  # points


def legible(colour: Any) -> Any:
    """Darken a colour in which words stand until its contrast with white is 4.5 or more; greys and white stay."""
    from colorsys import hls_to_rgb, rgb_to_hls

    from matplotlib.colors import to_hex, to_rgb

    hue, lightness, saturation = rgb_to_hls(*to_rgb(colour))
    if saturation < 0.2:
        return colour
    while True:
        found = hls_to_rgb(hue, lightness, saturation)
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in found]
        if 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 4.5:
            return to_hex(found)
        lightness -= 0.01


def style() -> Any:
    """Give the settings of Matplotlib that all figures and explorers share."""
    from cycler import cycler

    return STYLE | {"axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, SKY])}


def three(value: float) -> str:
    """Write a number to three significant digits."""
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e+") if value else "0"


def describe(data: Mapping[str, Any]) -> str:
    """Describe drawn data in words.

    Parameters
    ----------
    data : mapping
        From a label to what was drawn: a pair of arrays ``(x, y)``, one array of values, a number or text.

    Returns
    -------
    str
        A sentence for each item, with ranges and extrema to three digits.
    """
    import numpy as np  # here, since claims are judged without it where it is not installed

    sentences = []
    for label, drawn in data.items():
        if isinstance(drawn, str):
            sentences.append(f"{label}: {drawn}.")
        elif isinstance(drawn, tuple):
            x, y = (np.asarray(part, dtype=float) for part in drawn)
            keep = np.isfinite(x) & np.isfinite(y)
            x, y = x[keep], y[keep]
            if not len(x):
                sentences.append(f"{label}: nothing in view.")
                continue
            low, high = int(np.argmin(y)), int(np.argmax(y))
            sentences.append(
                f"{label}: {len(x)} points, x from {three(x.min())} to {three(x.max())}, "
                f"least {three(y[low])} at x = {three(x[low])}, greatest {three(y[high])} at x = {three(x[high])}."
            )
        else:
            values = np.asarray(drawn, dtype=float)
            if values.ndim == 0:
                sentences.append(f"{label}: {three(float(values))}.")
            else:
                sentences.append(
                    f"{label}: {values.size} values from {three(np.nanmin(values))} to {three(np.nanmax(values))}."
                )
    return " ".join(sentences)


def _png(canvas: Any) -> bytes:
    """Draw a figure with at most 256 colours: a third of the bytes, and to the eye the same."""
    from PIL import Image

    drawn, file = io.BytesIO(), io.BytesIO()
    canvas.savefig(drawn, format="png", metadata={"Software": None})
    few = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(file, format="png", optimize=True)
    return file.getvalue()


def _cuts(canvas: Any, columns: list[list[Any]]) -> list[int]:
    """Find where nothing is drawn between two columns of panels, in pixels of the page from the left.

    There a page that is narrow may take a figure apart and set its columns below one another.
    """
    canvas.draw_without_rendering()
    boxes = [part.get_tightbbox() for part in canvas.get_children() if part is not canvas.patch and part.get_visible()]
    drawn = [(box.x0, box.x1) for box in boxes if box is not None]
    cuts = []
    for one, other in zip(columns, columns[1:], strict=False):
        first, last = max(pane.bbox.x1 for pane in one), min(pane.bbox.x0 for pane in other)
        # From the right, since what stands between two columns, such as a scale of colours, belongs to the first.
        for right in sorted({x0 for x0, _ in drawn if first < x0 <= last}, reverse=True):
            left = max(x1 for x0, x1 in drawn if x0 < right)
            if left <= right:
                cuts.append(round((left + right) / 2))
                break
    return cuts


def figure(
    draw: Callable[..., Mapping[str, Any]],
    name: str,
    caption: str,
    size: tuple[float, float] = (5.2, 3.4),
    panels: tuple[int, int] = (1, 1),
) -> None:
    """Draw a figure and display it with an alt text made from its data.

    Its words can be read on a phone: a panel is at most 5.2 inches wide, words are drawn in 10.3 points at least and
    dark enough for a white ground, and the site sets the columns of `panels` below one another where they would be
    too small side by side.

    Parameters
    ----------
    draw : callable
        Takes the axes (one, or an array of them when there are several `panels`), draws, and returns the data
        drawn as a mapping; see :func:`describe`.
    name : str
        The figure's anchor, for example ``"even-taylor.fig-floor"``.
    caption : str
        One or two sentences; ``$...$`` is mathematics.
    size : tuple of float
        Width and height in inches; a figure that is too wide is drawn narrower in the same shape.
    panels : tuple of int
        Rows and columns.

    Raises
    ------
    ValueError
        When the drawing function returns no data, for then there is no alt text.
    """
    import matplotlib as mpl
    from IPython.display import display
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    scale = min(1, WIDEST * panels[1] / size[0])
    with mpl.rc_context(style()):
        canvas = Figure(figsize=(scale * size[0], scale * size[1]))
        axes = canvas.subplots(*panels)
        panes = canvas.axes[:]
        data = draw(axes)
        if not data:
            raise ValueError(f"figure {name}: the drawing function must return the data that it drew")
        for text in canvas.findobj(Text):
            text.set_fontsize(max(text.get_fontsize(), SMALLEST))
            text.set_color(legible(text.get_color()))
        cuts = _cuts(canvas, [panes[k :: panels[1]] for k in range(panels[1])])
        picture = _png(canvas)
    alt = describe(data)
    display(  # type: ignore[no-untyped-call]
        {"text/plain": f"Figure {name}. {alt}", "image/png": picture},
        raw=True,
        metadata={"qed": {"figure": name, "caption": caption, "alt": alt} | ({"cuts": cuts} if cuts else {})},
    )
