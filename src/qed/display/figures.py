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


def figure(
    draw: Callable[..., Mapping[str, Any]],
    name: str,
    caption: str,
    size: tuple[float, float] = (6.4, 3.8),
    panels: tuple[int, int] = (1, 1),
) -> None:
    """Draw a figure and display it with an alt text made from its data.

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
        Width and height in inches.
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

    with mpl.rc_context(style()):
        canvas = Figure(figsize=size)
        axes = canvas.subplots(*panels)
        data = draw(axes)
        if not data:
            raise ValueError(f"figure {name}: the drawing function must return the data that it drew")
        picture = _png(canvas)
    alt = describe(data)
    display(  # type: ignore[no-untyped-call]
        {"text/plain": f"Figure {name}. {alt}", "image/png": picture},
        raw=True,
        metadata={"qed": {"figure": name, "caption": caption, "alt": alt}},
    )
