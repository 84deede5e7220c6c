"""Graphs of what uses what: laid out by dagre and drawn as SVG while the site is built."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

DAGRE = Path(__file__).parent / "dagre" / "dagre.min.js"

# What is used stands left of what uses it, and whatever uses nothing in the first column: dagre lays its longest paths
# from where edges end, so the edges are handed over turned round. The numbers are pixels.
# V8 alone has no structuredClone, which dagre applies to plain objects only.
_ARRANGE = """
globalThis.structuredClone ??= (value) => value === undefined ? value : JSON.parse(JSON.stringify(value));
function arrange(nodes, edges) {
  const graph = new dagre.Graph();
  graph.setGraph({rankdir: "RL", ranker: "longest-path", nodesep: 12, ranksep: 34, marginx: 4, marginy: 4});
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(([width, height], n) => graph.setNode(String(n), {width, height}));
  edges.forEach(([from, to]) => graph.setEdge(String(to), String(from)));
  dagre.layout(graph);
  const {width, height} = graph.graph();
  return JSON.stringify({width, height, nodes: nodes.map((_, n) => graph.node(String(n))),
    edges: edges.map(([from, to]) => graph.edge(String(to), String(from)).points.reverse())});
}
"""

LETTER, LINE, PADDING = 7.6, 17, 12  # of the labels, in pixels; a wide letter, since the reader's font is not known

Point: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Node:
    """A claim or an article in a graph.

    Attributes
    ----------
    label : str
        What is written on it.
    href : str
        Where it leads.
    note : str
        A second line: the grade of a claim.
    about : str
        What a screen reader says beside the label.
    data : dict
        Attributes that the style sheet colours it by.
    """

    label: str
    href: str
    note: str = ""
    about: str = ""
    data: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The label, in lines."""
        return textwrap.wrap(self.label, 26) or [""]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        longest = max(len(line) for line in [*self.lines, self.note])
        return longest * LETTER + 2 * PADDING, (len(self.lines) + bool(self.note)) * LINE + PADDING


@lru_cache(1)
def _engine() -> Any:
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    engine.eval(DAGRE.read_text(encoding="utf-8"))
    engine.eval(_ARRANGE)
    return engine


def arrange(sizes: list[tuple[float, float]], edges: list[tuple[int, int]]) -> dict[str, Any]:
    """Lay out a graph from left to right.

    Parameters
    ----------
    sizes : list of tuple of float
        Width and height of each node, in pixels.
    edges : list of tuple of int
        Pairs of numbers of nodes: what is used, and what uses it.

    Returns
    -------
    dict
        ``width`` and ``height`` of the picture; ``nodes``, with the middle ``x``, ``y`` of each; ``edges``, the points
        of each.
    """
    found: dict[str, Any] = json.loads(_engine().call("arrange", sizes, edges))
    return found


def draw(nodes: list[Node], edges: list[tuple[int, int]], label: str) -> str:
    """Draw a graph as SVG, every node a link.

    Parameters
    ----------
    nodes : list of Node
        The nodes, in the order in which the keyboard reaches them.
    edges : list of tuple of int
        Pairs of numbers of nodes: what is used, and what uses it.
    label : str
        What the graph shows, for those who do not see it.

    Returns
    -------
    str
        An ``<svg>`` without style; the same graph gives the same text.
    """
    placed = arrange([node.size for node in nodes], edges)
    # The boxes of a column are all as wide as its widest: they begin and end on one line.
    columns: dict[int, float] = {}
    for node, middle in zip(nodes, placed["nodes"], strict=True):
        columns[round(middle["x"])] = max(columns.get(round(middle["x"]), 0), node.size[0])
    width, height = round(placed["width"]), round(placed["height"])
    parts = [f'<svg class="qed-graph" role="group" aria-label="{escape(label)}" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}">']
    for (start, end), points in zip(edges, placed["edges"], strict=True):
        path = _path(placed["nodes"][start], placed["nodes"][end], points, columns)
        parts.append(f'<path class="qed-edge" data-ends="{start} {end}" d="{path}"/>')
    for number, (node, middle) in enumerate(zip(nodes, placed["nodes"], strict=True)):
        parts.append(_box(number, node, middle, columns[round(middle["x"])]))
    return "".join([*parts, "</svg>"])


def _path(start: Point, end: Point, points: list[Point], columns: dict[int, float]) -> str:
    """Write an edge as a path: from the right of a box to the left of another, level where it passes a column."""
    here = (start["x"] + columns[round(start["x"])] / 2, start["y"])
    path = f"M{here[0]:.0f} {here[1]:.0f}"
    # Of the points between the first and the last, dagre puts every other one into a column that the edge passes.
    for point in points[2:-2:2]:
        half = columns.get(round(point["x"]), 0) / 2
        path += _bend(here, (point["x"] - half, point["y"])) + f"H{point['x'] + half:.0f}"
        here = (point["x"] + half, point["y"])
    left = end["x"] - columns[round(end["x"])] / 2
    return path + _bend(here, (left, end["y"])) + "m-6 -3.5l6 3.5l-6 3.5"


def _bend(here: tuple[float, float], there: tuple[float, float]) -> str:
    """Continue a path by a curve that is level at both ends."""
    middle = (here[0] + there[0]) / 2
    return f"C{middle:.0f} {here[1]:.0f} {middle:.0f} {there[1]:.0f} {there[0]:.0f} {there[1]:.0f}"


def _box(number: int, node: Node, middle: Point, width: float) -> str:
    height = node.size[1]
    left, top = middle["x"] - width / 2, middle["y"] - height / 2
    data = "".join(f' data-{key}="{escape(value)}"' for key, value in node.data.items())
    seen = " ".join(part for part in (node.label, node.note) if part)
    said = escape(", ".join(part for part in (seen, node.about) if part))
    baseline = top + PADDING / 2 + 13
    lines = [f'<text x="{left + PADDING:.0f}" y="{baseline + n * LINE:.0f}">{escape(line)}</text>'
             for n, line in enumerate(node.lines)]
    if node.note:
        y = baseline + len(node.lines) * LINE
        lines.append(f'<text class="qed-note" x="{left + PADDING:.0f}" y="{y:.0f}">{escape(node.note)}</text>')
    box = f'x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="4"'
    band = f'<rect class="qed-band" x="{left:.0f}" y="{top:.0f}" width="5" height="{height:.0f}" rx="2"/>'
    return (f'<a class="qed-node" href="{escape(node.href)}" data-node="{number}"{data} aria-label="{said}">'
            f'<rect class="qed-box" {box}/>{band}{" ".join(lines)}</a>')
