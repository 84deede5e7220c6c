"""Matplotlib's drawing as SVG elements on a grid, so that equal drawings are equal texts on every processor."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

GRID = 10  # steps in a pixel: coordinates are whole numbers of tenths
SLACK = 2  # steps by which a curve may be flattened

Array = np.ndarray[Any, Any]


def on_grid(values: Any) -> Array:
    """Round pixels to whole steps of the grid.

    They are rounded to a millionth of a step first: a value that is meant to lie half-way between two steps goes to
    the same one whatever its last bits are. Any other goes astray only if it lies within its own error of a boundary.
    """
    found: Array = np.rint(np.round(np.asarray(values, dtype=float) * GRID, 6)).astype(np.int64)
    return found


def thin(points: Array) -> Array:
    """Leave out points of a line that no eye would miss (Ramer, Douglas and Peucker), by exact arithmetic.

    Parameters
    ----------
    points : array of int, shape (n, 2)
        In steps of the grid, at most 30000 in size, so that squares of products fit.

    Returns
    -------
    array of int, shape (m, 2)
        Among them the first and the last; none of the others is farther than `SLACK` from the new line.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        (dx, dy), (x, y) = points[last] - points[first], (points[first + 1 : last] - points[first]).T
        length = dx * dx + dy * dy
        along = x * dx + y * dy
        ends = np.minimum(x * x + y * y, (x - dx) ** 2 + (y - dy) ** 2)
        beside = (along >= 0) & (along <= length)
        # Distances, squared, times the squared length of the chord if it has one.
        far = np.where(beside, (x * dy - y * dx) ** 2, ends * length) if length else ends
        worst = int(far.argmax())
        if far[worst] > SLACK * SLACK * max(length, 1):
            keep[first + 1 + worst] = True
            spans += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return points[keep]


def _numbers(values: Array) -> str:
    """Write whole numbers as short as a path allows: a minus sign separates too."""
    return " ".join(map(str, values.ravel().tolist())).replace(" -", "-")


def _outline(xy: Array, codes: Array) -> str:
    """Write a path whose points are on the grid."""
    text, i, at = [], 0, xy[0]
    start = xy[0]
    while i < len(codes):
        code = codes[i]
        if code == Path.MOVETO or code == Path.LINETO:
            run = i + 1
            while run < len(codes) and codes[run] == Path.LINETO:
                run += 1
            line = xy[i:run] if code == Path.MOVETO else np.vstack([at, xy[i:run]])
            if code == Path.MOVETO:
                start = xy[i]
                following = codes[run] if run < len(codes) else Path.STOP
                if run > i + 1 or following not in (Path.MOVETO, Path.STOP):
                    text.append(f"M{_numbers(start)}")
            steps = np.diff(thin(line), axis=0)
            steps = steps[(steps != 0).any(axis=1)]
            if len(steps):
                text.append(f"l{_numbers(steps)}")
            elif run > i + 1:
                text.append("h0")
            at, i = line[-1], run
        elif code in (Path.CURVE3, Path.CURVE4):
            many = 2 if code == Path.CURVE3 else 3
            text.append(f"{'q' if many == 2 else 'c'}{_numbers(xy[i : i + many] - at)}")
            at, i = xy[i + many - 1], i + many
        elif code == Path.CLOSEPOLY:
            text.append("z")
            at, i = start, i + 1
        else:
            break
    return "".join(text)


class Recorder(RendererBase):
    """A renderer that writes down what is drawn.

    Attributes
    ----------
    elements : list of str
        One SVG element for each thing drawn, coordinates in steps of the grid from the upper left corner.
    clips : dict
        From a rectangle (x, y, width, height) in steps to the name of its clip path.
    """

    def __init__(self, width: float, height: float, dpi: float, name: str) -> None:
        super().__init__()
        self.size, self.dpi, self.name = (width, height), dpi, name
        self.elements: list[str] = []
        self.clips: dict[tuple[int, ...], str] = {}
        self._known: dict[bytes, str] = {}  # paths that were drawn before, as what stands still is in every state

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Give the canvas in pixels."""
        return self.size

    def points_to_pixels(self, points: Any) -> Any:
        """Convert points to pixels."""
        return points * self.dpi / 72

    def option_scale_image(self) -> bool:
        """Take images as they are, cell by cell."""
        return True

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Any, rgbFace: Any = None) -> None:
        """Write a path, thinned out."""
        width, height = self.size
        stroke, fill = self._stroke(gc), self._fill(gc, rgbFace)
        if not (stroke or fill):
            return
        view = None if rgbFace is not None else (-width, -height, 2 * width, 2 * height)
        found = path.cleaned(transform=transform, remove_nans=True, clip=view, curves=True)
        if rgbFace is not None and np.abs(found.vertices).max(initial=0) > 3 * max(self.size):
            found = found.clip_to_bbox(Bbox([[-width, -height], [2 * width, 2 * height]]))
        d, corners = self._data(found)
        if d:
            style = f"{fill}{stroke}{self._alpha(gc)}{self._clip(gc, corners)}"
            self.elements.append(f'<path d="{d}"{style}/>')

    def draw_markers(self, gc: Any, marker_path: Path, marker_trans: Any, path: Path, trans: Any,
                     rgbFace: Any = None) -> None:  # fmt: skip
        """Write round dots as points of a thick pen; leave other markers to Matplotlib."""
        plain = rgbFace is not None and to_hex(rgbFace) == to_hex(gc.get_rgb())
        if not (plain and marker_path is Path.unit_circle()):
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
            return
        across = 2 * abs(marker_trans.get_matrix()[0, 0]) + self.points_to_pixels(gc.get_linewidth())
        places = trans.transform(path.vertices)
        places = places[np.isfinite(places).all(axis=1) & (np.abs(places) < 3 * max(self.size)).all(axis=1)]
        if len(places):
            xy = self._down(places)
            d = "".join(f"M{x} {y}h0" for x, y in xy.tolist())
            pen = f' stroke="{to_hex(rgbFace)}" stroke-width="{on_grid(across)}" stroke-linecap="round"'
            self.elements.append(f'<path d="{d}"{pen}{self._alpha(gc)}{self._clip(gc, xy)}/>')

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Write an image of colours, one pixel a cell where Matplotlib leaves it so."""
        from PIL import Image

        rows, columns = im.shape[:2]
        # Matplotlib's transformation, if it gives one, starts from the unit square.
        place = transform if transform is not None else Affine2D().scale(columns, rows).translate(x, y)
        corners = place.transform([[0, 0], [1, 1]])
        (left, right), (low, high) = np.sort(corners.T)
        # Both the rows of an image and Matplotlib's heights count upwards.
        upright = im[::-1] if corners[1, 1] > corners[0, 1] else im
        xy = self._down(np.array([[left, high], [right, low]]))
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(upright)).save(file, format="png")
        href = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
        (px, py), (w, h) = xy[0], xy[1] - xy[0]
        self.elements.append(
            f'<image x="{px}" y="{py}" width="{w}" height="{h}" preserveAspectRatio="none" '
            f'image-rendering="pixelated" href="{href}"{self._alpha(gc)}{self._clip(gc, xy)}/>'
        )

    def draw_text(self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False,
                  mtext: Any = None) -> None:  # fmt: skip
        """Write words as text, and formulas as the outlines of their letters."""
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        # Where the reader's font is narrower or wider, the text keeps the side by which it was placed.
        side = mtext.get_horizontalalignment() if mtext is not None else "left"
        if angle and mtext is not None and mtext.get_rotation_mode() != "anchor":
            side = "center"
        share, anchor = {"left": (0.0, ""), "center": (0.5, "middle"), "right": (1.0, "end")}[side]
        length = share * self.get_text_width_height_descent(s, prop, ismath)[0]
        turn = np.deg2rad(angle)
        px, py = on_grid([x + length * np.cos(turn), y - length * np.sin(turn)])
        about = f' text-anchor="{anchor}"' if anchor else ""
        if angle:
            about += f' transform="rotate({-angle:g} {px} {py})"'
        about += f' fill="{to_hex(gc.get_rgb())}"'
        size = on_grid(self.points_to_pixels(prop.get_size_in_points()))
        self.elements.append(
            f'<text x="{px}" y="{py}" font-size="{size}"{about}{self._alpha(gc)}>{escape(s, quote=False)}</text>'
        )

    def draw_gouraud_triangles(self, *_: Any) -> None:
        """Refuse what has no counterpart in SVG."""
        raise ValueError("shading='gouraud' cannot be drawn in an explorer; use imshow")

    def _down(self, points: Array) -> Array:
        """Put points on the grid, heights counted from above."""
        xy = on_grid(points)
        xy[:, 1] = on_grid(self.size[1]) - xy[:, 1]
        return xy

    def _data(self, path: Path) -> tuple[str, Array]:
        """Write a path of finite vertices in pixels; give its text and the points that bound it."""
        vertices, codes = np.asarray(path.vertices), np.asarray(path.codes)
        if not len(vertices):
            return "", np.empty((0, 2), dtype=np.int64)
        xy = self._down(np.nan_to_num(vertices))
        key = xy.tobytes() + codes.tobytes()
        if key not in self._known:
            self._known[key] = _outline(xy, codes)
        return self._known[key], xy[codes != Path.CLOSEPOLY]

    def _stroke(self, gc: Any) -> str:
        width = self.points_to_pixels(gc.get_linewidth())
        colour = gc.get_rgb()
        if not width or (len(colour) == 4 and colour[3] == 0):
            return ""
        found = f' stroke="{to_hex(colour)}" stroke-width="{max(int(on_grid(width)), 1)}"'
        if len(colour) == 4 and colour[3] != 1 and not gc.get_forced_alpha():
            found += f' stroke-opacity="{colour[3]:.3g}"'
        offset, dashes = gc.get_dashes()
        if dashes is not None:
            found += f' stroke-dasharray="{_numbers(on_grid(self.points_to_pixels(np.asarray(dashes))))}"'
            if offset:
                found += f' stroke-dashoffset="{on_grid(self.points_to_pixels(offset))}"'
        return found

    def _fill(self, gc: Any, face: Any) -> str:
        if face is None or (len(face) == 4 and face[3] == 0):
            return ""
        shown = len(face) == 4 and face[3] != 1 and not gc.get_forced_alpha()
        return f' fill="{to_hex(face)}"' + (f' fill-opacity="{face[3]:.3g}"' if shown else "")

    def _alpha(self, gc: Any) -> str:
        return f' opacity="{gc.get_alpha():.3g}"' if gc.get_forced_alpha() and gc.get_alpha() != 1 else ""

    def _clip(self, gc: Any, points: Array) -> str:
        """Cut at the axes what reaches beyond them."""
        box = gc.get_clip_rectangle()
        if box is None or not len(points):
            return ""
        (left, low), (right, high) = self._down(np.array([[box.x0, box.y1], [box.x1, box.y0]]))
        margin = on_grid(self.points_to_pixels(gc.get_linewidth()) / 2)
        x, y = points.T
        if left <= x.min() - margin and x.max() + margin <= right and low <= y.min() - margin and (
            y.max() + margin <= high
        ):
            return ""
        area = (int(left), int(low), int(right - left), int(high - low))
        name = self.clips.setdefault(area, f"{self.name}-{len(self.clips)}")
        return f' clip-path="url(#{name})"'
