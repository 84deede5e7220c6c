"""Branch and bound: an inequality certified on a closed box by enclosing it on ever smaller pieces."""

from __future__ import annotations

import ast
import heapq
from typing import Any

import flint
from flint import arb, arb_series, fmpq

from ..statements.errors import OutOfReach, UndefinedAt
from ..statements.language import Relation, Statement, parse_expression
from .balls import Unclear, value

BOXES = 6000
NARROW = fmpq(1, 2**120)


def certify(relation: Relation, claim: Statement) -> bool:
    """Certify ``left op right`` on the whole of a closed, bounded box.

    Theorem: FLINT's balls contain the true values, so a piece on which the enclosure of the difference keeps
    its sign is settled; in one variable a second-order Taylor form sharpens the enclosure.

    On cards: ``ball arithmetic, branch and bound``.

    Returns
    -------
    bool
        True when every piece is settled within the budget of boxes. False says nothing.
    """
    if claim.where or relation.op not in ("<", "<=", ">", ">="):
        return False
    left, right = relation.left, relation.right
    if relation.op in ("<", "<=") and isinstance(left, ast.Call) and ast.unparse(left.func) == "Abs":
        minus = ast.UnaryOp(ast.USub(), left.args[0])
        both = (Relation(side, relation.op, right, relation.text) for side in (left.args[0], minus))
        return all(certify(half, claim) for half in both)
    box: dict[str, tuple[fmpq, fmpq]] = {}
    for name, d in claim.domain.items():
        if d.kind != "real" or "oo" in (d.hi, d.lo.lstrip("-")):
            return False
        lo, hi = (value(parse_expression(t), {}) for t in (d.lo, d.hi))
        if not (isinstance(lo, fmpq) and isinstance(hi, fmpq)):
            return False
        box[name] = (lo, hi)
    return enclose(relation, box)


def enclose(relation: Relation, box: dict[str, tuple[fmpq, fmpq]], budget: int = BOXES) -> bool:
    """Enclose the difference of two sides of an inequality on ever smaller pieces of a box, given by name.

    Theorem: FLINT's balls contain the true values.

    Returns
    -------
    bool
        True when it keeps its sign, strictly, on every piece within the budget of boxes. False says nothing.
    """
    if not box:
        return False
    positive = relation.op in (">", ">=")

    def lower_bound(piece: list[tuple[fmpq, fmpq]]) -> Any:
        gap = _enclose(relation, dict(zip(box, piece, strict=True)))
        return (gap if positive else -gap).lower()

    saved = flint.ctx.prec
    flint.ctx.prec = 96
    try:
        return _run(list(box.values()), lower_bound, budget)
    except (OutOfReach, UndefinedAt, TypeError, ValueError, AttributeError, OverflowError):
        return False
    finally:
        flint.ctx.prec = saved


def _run(box: list[tuple[fmpq, fmpq]], lower_bound: Any, budget: int) -> bool:
    queue: list[tuple[float, int, list[tuple[fmpq, fmpq]]]] = [(0.0, 0, box)]
    for count in range(1, budget):
        if not queue:
            return True
        _, _, piece = heapq.heappop(queue)
        try:
            low = lower_bound(piece)
        except Unclear:
            low = None
        if low is not None and low > 0:
            continue
        widest = max(range(len(piece)), key=lambda i: piece[i][1] - piece[i][0])
        lo, hi = piece[widest]
        if hi - lo < NARROW:
            return False
        middle = (lo + hi) / 2
        for number, half in enumerate(((lo, middle), (middle, hi))):
            rest = [*piece[:widest], half, *piece[widest + 1 :]]
            heapq.heappush(queue, (-float((hi - lo).p) / float((hi - lo).q), 2 * count + number, rest))
    return False


def _enclose(relation: Relation, piece: dict[str, tuple[fmpq, fmpq]]) -> Any:
    def ball_of(lo: fmpq, hi: fmpq) -> arb:
        return arb((lo + hi) / 2, arb((hi - lo) / 2))

    def gap(env: dict[str, Any]) -> Any:
        return value(relation.left, env) - value(relation.right, env)

    env = {name: ball_of(*ends) for name, ends in piece.items()}
    whole = gap(env)
    if len(piece) == 1:
        ((name, (lo, hi)),) = piece.items()
        half = (hi - lo) / 2
        try:
            around = gap({name: arb_series([ball_of(lo, hi), 1], 3)})
            middle = gap({name: arb_series([arb((lo + hi) / 2), 1], 3)})
            step = arb(0, arb(half))
            taylor = middle[0] + middle[1] * step + around[2] * (step * step)
            return taylor if taylor.lower() > arb(whole).lower() or not arb(whole).is_finite() else arb(whole)
        except (OutOfReach, Unclear, AttributeError, TypeError):
            pass
    return arb(whole) if isinstance(whole, fmpq) else whole
