"""The supremum of a function over a closed interval, enclosed as tightly as a statement about it needs.

``Sup(f, (x, a, b))`` and ``Inf(f, (x, a, b))`` are numbers: the least upper and the greatest lower bound of the values
of f on [a, b]. A statement about them and about constants is settled once balls around these numbers are small enough.
"""

from __future__ import annotations

import ast
import heapq
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import flint
from flint import arb, arb_series, fmpq

from ..statements.errors import Disagreement, OutOfReach, UndefinedAt
from ..statements.language import Statement, bound_variable
from .balls import Unclear, ball, value
from .hunt import Hunt, show_sides

BITS = range(8, 97, 8)  # the widths that are tried, as powers of 1/2
PIECES = 12_000
NARROW = fmpq(1, 2**110)
PRECISION = 160
POINTS = 400
FAILS = (OutOfReach, TypeError, ValueError, AttributeError, IndexError, OverflowError, ZeroDivisionError)


def suprema(judged: Statement) -> list[ast.Call]:
    """List the outermost suprema and infima of a statement."""
    sides = [side for r in (*judged.relations, *judged.where) for side in (r.left, r.right)]
    found: list[ast.Call] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Sup", "Inf"):
            found.append(node)
        else:
            for child in ast.iter_child_nodes(node):
                walk(child)

    for side in sides:
        walk(side)
    return found


@dataclass(order=True)
class Piece:
    """An interval on which one of the functions is at most `upper`; None where it has no bound yet."""

    rank: tuple[float, int]
    lo: fmpq = field(compare=False)
    hi: fmpq = field(compare=False)
    which: int = field(compare=False)
    upper: arb | None = field(compare=False)


class Enclosure:
    """Bounds of a supremum, made tighter on demand.

    Parameters
    ----------
    call : ast.Call
        ``Sup(f, (x, a, b))`` with constant ends and no other free names; an ``Inf`` is the supremum of -f, negated.
    """

    def __init__(self, call: ast.Call):
        self.name, first, last = bound_variable(call)
        self.negated = call.func.id == "Inf"  # type: ignore[attr-defined]
        f = call.args[0]
        body = ast.UnaryOp(ast.USub(), f) if self.negated else f
        # |u| is the larger of u and -u, and both have derivatives where u has one.
        split = isinstance(body, ast.Call) and ast.unparse(body.func) == "Abs"
        self.functions: list[ast.expr] = [body.args[0], ast.UnaryOp(ast.USub(), body.args[0])] if split else [body]  # type: ignore[attr-defined]
        self.a, self.b = _ends(first, last)
        self.low: arb | None = None
        self.best: fmpq | None = None
        self.queue: list[Piece] = []
        self.count = 0
        lo, hi = self.a.lower().fmpq(), self.b.upper().fmpq()
        for end in (lo, hi):
            self.raise_low(end)
        for which in range(len(self.functions)):
            self.push(lo, hi, which)

    def raise_low(self, x: fmpq) -> None:
        """Take the value at a point of the interval for a lower bound, if it is a better one."""
        if not (x >= self.a and x <= self.b):
            return
        for f in self.functions:
            try:
                found = ball(value(f, {self.name: x})).lower()
            except Unclear:
                continue
            if found.is_finite() and (self.low is None or found > self.low):
                self.low, self.best = found, x

    def push(self, lo: fmpq, hi: fmpq, which: int) -> None:
        """Bound a function on an interval, and keep the interval unless it cannot hold the supremum."""
        self.count += 1
        upper = self.bound(self.functions[which], lo, hi)
        if upper is not None and self.low is not None and upper <= self.low:
            return
        height = float("inf") if upper is None else float(upper)
        heapq.heappush(self.queue, Piece((-height, self.count), lo, hi, which, upper))

    def bound(self, f: ast.expr, lo: fmpq, hi: fmpq) -> arb | None:
        """Bound a function on an interval from above.

        Theorem (Taylor): with m the midpoint and h half the width, f lies in f(m) + f'(m) [-h, h] + F [0, h^2], where
        F encloses f''/2 on the interval; and in the ball that the interval gives.
        """
        middle, half = (lo + hi) / 2, (hi - lo) / 2
        around = arb(middle, arb(half))
        found: list[arb] = []
        with suppress(Unclear):
            found.append(ball(value(f, {self.name: around})).upper())
        with suppress(Unclear, UndefinedAt, *FAILS):
            here = value(f, {self.name: arb_series([arb(middle), 1], 3)})
            there = value(f, {self.name: arb_series([around, 1], 3)})
            if isinstance(here, arb_series) and isinstance(there, arb_series):
                square = arb(half * half / 2, arb(half * half / 2))
                found.append((here[0] + here[1] * arb(0, arb(half)) + there[2] * square).upper())
        finite = [bound for bound in found if bound.is_finite()]
        return None if not finite else finite[0] if len(finite) == 1 or finite[0] <= finite[1] else finite[1]

    def refine(self, bits: int) -> arb | None:
        """Enclose the supremum in a ball of width 1/2**bits at most; None where that takes too many pieces."""
        width = arb(fmpq(1, 2**bits))
        while self.count < PIECES:
            if not self.queue:
                return self.enclosed(self.low) if self.low is not None else None
            top = self.queue[0].upper
            if top is not None and self.low is not None and top - self.low <= width:
                # The queue is ordered by floats; the true maximum is sought before anything rests on it.
                high = self.low
                for piece in self.queue:
                    if piece.upper is not None and piece.upper > high:
                        high = piece.upper
                if all(piece.upper is not None for piece in self.queue) and high - self.low <= width:
                    return self.enclosed(high)
            piece = heapq.heappop(self.queue)
            if piece.hi - piece.lo < NARROW:
                return None
            middle = (piece.lo + piece.hi) / 2
            self.raise_low(middle)
            for lo, hi in ((piece.lo, middle), (middle, piece.hi)):
                self.push(lo, hi, piece.which)
        return None

    def enclosed(self, high: arb) -> arb:
        found = self.low.union(high)  # type: ignore[union-attr]
        return -found if self.negated else found


class _Named(ast.NodeTransformer):
    """Put a name for every supremum."""

    def __init__(self) -> None:
        self.calls: list[ast.Call] = []

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in ("Sup", "Inf"):
            self.calls.append(node)
            return ast.Name(f"#{len(self.calls) - 1}")
        return self.generic_visit(node)


def _settled(left: Any, op: str, right: Any) -> bool | None:
    gap = ball(left - right)
    if not gap.is_finite():
        return None
    certainly = {
        "=": (False, gap != 0), "!=": (gap != 0, False), "<": (gap < 0, gap >= 0), "<=": (gap <= 0, gap > 0),
        ">": (gap > 0, gap <= 0), ">=": (gap >= 0, gap < 0),
    }[op]  # fmt: skip
    return True if certainly[0] else False if certainly[1] else None


def decide_supremum(judged: Statement) -> tuple[str, dict[str, str], tuple[str, ...], Hunt]:
    """Decide a statement about suprema and constants.

    Theorem: the supremum is at least every value, and at most the largest upper bound of pieces that cover the
    interval. Pieces are halved, the one of the largest bound first, until the balls between the two bounds settle
    every relation; then a coarse grid, evaluated apart, must stay beneath.

    On cards: ``ball arithmetic, supremum by branch and bound``.

    Returns
    -------
    verdict : str
        "certified", "refuted", "undefined" or "undecided".
    witness : dict
        Where a function has no value; else where the only supremum is nearly taken, if that is short to write.
    sides : tuple of str
        Both sides, or the reason why there is no value.
    hunt : Hunt
        What the grid saw.

    Raises
    ------
    Disagreement
        When the grid sees a value beyond the enclosure.
    """
    nothing = Hunt("out of reach")
    if judged.domain or judged.where or not all(_alone(call) for call in suprema(judged)):
        return "undecided", {}, ("a supremum beside variables, hypotheses or inside another has no route",), nothing
    if any(isinstance(n, ast.Name) and n.id == "oo" for call in suprema(judged) for n in ast.walk(call)):
        return "undecided", {}, ("a supremum over an infinite range: cut off the tail, and bound it apart",), nothing
    saved = flint.ctx.prec
    flint.ctx.prec = PRECISION
    try:
        return _within(judged)
    except FAILS as problem:
        return "undecided", {}, (f"{type(problem).__name__}: {problem}",), nothing
    finally:
        flint.ctx.prec = saved


def _within(judged: Statement) -> tuple[str, dict[str, str], tuple[str, ...], Hunt]:
    naming = _Named()
    relations = [(naming.visit(deepcopy(r.left)), r.op, naming.visit(deepcopy(r.right))) for r in judged.relations]
    grids = [_grid(call) for call in naming.calls]
    seen = sum(grid.points for grid in grids)
    for grid in grids:
        if grid.undefined:
            return "undefined", {grid.name: grid.undefined[0]}, grid.undefined[1:], Hunt("undefined", seen)
    try:
        enclosures = [Enclosure(call) for call in naming.calls]
        for bits in BITS:
            balls = [found for one in enclosures if (found := one.refine(bits)) is not None]
            if len(balls) < len(enclosures):
                break
            for found, grid in zip(balls, grids, strict=True):
                if grid.highest is not None and grid.highest > (-found if grid.negated else found):
                    raise Disagreement(f"the grid sees {grid.highest} beyond the enclosed {found}: one of them errs")
            env = {f"#{number}": found for number, found in enumerate(balls)}
            sides = [(value(left, dict(env)), op, value(right, dict(env))) for left, op, right in relations]
            answers = [_settled(*one) for one in sides]
            if all(answers):
                return "certified", {}, (), Hunt("survived", seen)
            if False in answers:
                number = answers.index(False)
                pairs = enumerate(zip(enclosures, balls, strict=True))
                finer = {f"#{n}": one.refine(bits + 24) or found for n, (one, found) in pairs}  # for more digits
                left, _, right = relations[number]
                where = str(enclosures[0].best)
                place = {enclosures[0].name: where} if len(enclosures) == 1 and len(where) <= 24 else {}
                return "refuted", place, show_sides(value(left, finer), value(right, finer)), Hunt("refuted", seen)
    except UndefinedAt as problem:
        return "undefined", {}, (str(problem),), Hunt("undefined", seen)
    except Unclear as problem:
        return "undecided", {}, (str(problem),), Hunt("survived", seen)
    return "undecided", {}, ("branch and bound for a supremum, within its budget",), Hunt("survived", seen)


def _alone(call: ast.Call) -> bool:
    """Tell whether no supremum stands inside a supremum."""
    return not any(
        isinstance(n, ast.Name) and n.id in ("Sup", "Inf") for part in call.args for n in ast.walk(part)
    )


@dataclass(frozen=True)
class _Grid:
    """The largest of a function's values at some points (for an infimum: of the negated ones)."""

    name: str
    negated: bool
    points: int
    highest: arb | None
    undefined: tuple[str, ...] = ()


def _grid(call: ast.Call) -> _Grid:
    """Evaluate a function at evenly spaced points of its interval."""
    name, first, last = bound_variable(call)
    negated = call.func.id == "Inf"  # type: ignore[attr-defined]
    a, b = _ends(first, last)
    lo, hi = a.upper().fmpq(), b.lower().fmpq()
    highest: arb | None = None
    points = 0
    for x in [lo + (hi - lo) * fmpq(n, POINTS) for n in range(POINTS + 1)] if lo <= hi else []:
        try:
            found = ball(value(call.args[0], {name: x}))
        except Unclear:
            continue
        except UndefinedAt as problem:
            return _Grid(name, negated, points, highest, (str(x), str(problem)))
        low = (-found if negated else found).lower()
        points += 1
        if low.is_finite() and (highest is None or low > highest):
            highest = low
    return _Grid(name, negated, points, highest)


def _ends(first: ast.expr, last: ast.expr) -> tuple[arb, arb]:
    a, b = ball(value(first, {})), ball(value(last, {}))
    if not (isinstance(a, arb) and isinstance(b, arb) and a <= b):
        raise OutOfReach("the ends of a supremum: put the smaller one first")
    return a, b
