"""The hunt: look for a point of the domain at which a statement fails.

The points are ends, small and large integers, simple fractions, and seeded random rationals. A
witness is exact. Finding none is no proof; finding no point at all means the statement is vacuous.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from ..statements.errors import BadStatement, OutOfReach, UndefinedAt
from ..statements.language import Domain, Relation, Statement, parse_expression
from .balls import Env, Matrix, Unclear, ball, holds, value

POINTS = 160
THIN = 12  # how many more points are drawn where hypotheses leave some out
SEED = 20201124


@dataclass(frozen=True)
class Hunt:
    """What a hunt found.

    Attributes
    ----------
    verdict : str
        "refuted", "undefined", "survived", "vacuous" or "out of reach".
    points : int
        At how many points both sides were evaluated.
    witness : dict or None
        A value for each variable, as text.
    sides : tuple of str
        Both values there, as text, or the reason why a side has none.
    unsettled : tuple
        Some points at which no precision could tell the sides of a strict relation apart.
    """

    verdict: str  # "refuted", "undefined", "survived", "vacuous" or "out of reach"
    points: int = 0
    witness: dict[str, str] | None = None
    sides: tuple[str, ...] = ()
    unsettled: tuple[dict[str, str], ...] = ()


def _end(text: str) -> Any:
    if text in ("oo", "-oo"):
        return None
    try:
        end = value(parse_expression(text), {})
    except (UndefinedAt, OutOfReach, Unclear, TypeError, AttributeError, ValueError) as problem:
        raise BadStatement(f"the end {text!r} of a domain has no value: {problem}") from None
    if not isinstance(end, fmpq | arb) or not ball(end).is_finite():
        raise BadStatement(f"the end {text!r} of a domain is no real number")
    return end


def _inside(x: fmpq, domain: Domain, lo: Any, hi: Any) -> bool:
    above = lo is None or (x > lo if domain.lo_open else x >= lo)
    below = hi is None or (x < hi if domain.hi_open else x <= hi)
    return bool(above and below)


def candidates(domain: Domain, draw: random.Random) -> list[Any]:
    """List points of one variable's domain, the telling ones first."""
    lo, hi = _end(domain.lo), _end(domain.hi)
    if lo is not None and hi is not None and (lo > hi or (lo == hi and (domain.lo_open or domain.hi_open))):
        raise BadStatement(f"the domain {domain} is empty")
    if domain.kind == "integer":
        first = [0, 1, 2, 3, -1, 4, 5, 6, 7, 8, 9, 10, -2, 12, -3, 15, 20, 33, -7, 50]
        low = int(lo.p) if lo is not None else None
        points = [fmpq(n + (low or 0)) for n in first] + ([hi] if hi is not None else [])
        return [n for n in dict.fromkeys(points) if _inside(n, domain, lo, hi)]
    simple = [fmpq(p, q) for p, q in ((0, 1), (1, 1), (-1, 1), (1, 2), (-1, 2), (2, 1), (-2, 1), (3, 1), (-3, 1),
              (1, 3), (3, 4), (1, 1000), (-5, 2), (5, 1), (-6, 1), (10, 1), (-10, 1), (1, 10**9), (-1, 10**9), (25, 1),
              (-40, 1), (10**6, 1), (-(10**6), 1), (10**9, 1), (-(10**9), 1), (10**15, 1))]  # fmt: skip
    if lo is None and hi is None:
        spread = [fmpq(draw.randint(-8000, 8000), draw.randint(700, 1300)) for _ in range(60)]
    elif lo is None or hi is None:
        base, way = (lo, 1) if hi is None else (hi, -1)
        if not isinstance(base, fmpq):
            base = fmpq(int(base.mid().fmpq().floor()) + (way > 0))
        simple = [base + way * abs(s) for s in simple] + simple
        spread = [base + way * fmpq(draw.randint(1, 8000), draw.randint(700, 1300)) for _ in range(60)]
    else:
        a, b = (e if isinstance(e, fmpq) else fmpq((e.mid().fmpq() * 10**12).floor(), 10**12) for e in (lo, hi))
        parts = [fmpq(p, q) for p, q in ((0, 1), (1, 1), (1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 10**6))]
        parts += [fmpq(10**6 - 1, 10**6)]
        simple = [a, b, fmpq(0), *(a + (b - a) * part for part in parts), *simple]  # what is outside goes below
        spread = [a + (b - a) * fmpq(draw.randint(1, 9999), 10000) for _ in range(60)]
    return [x for x in dict.fromkeys(simple + spread) if _inside(x, domain, lo, hi)]


def matrix(size: int, draw: random.Random, turn: int) -> Matrix:
    """Draw a matrix with small rational entries; the first turns are zero, identity and a shift."""
    cells = range(size)
    if turn < 3:
        return Matrix([[fmpq(int((turn == 1 and i == j) or (turn == 2 and j == i + 1))) for j in cells] for i in cells])
    return Matrix([[fmpq(draw.randint(-12, 12), draw.choice((1, 2, 3, 4, 5))) for _ in cells] for _ in cells])


def grid(sizes: list[int], total: int | None = None) -> Iterator[tuple[int, ...]]:
    """List the places of a grid by their sum, those with one sum in lexicographic order, the whole of it never."""
    if total is None:
        for total in range(sum(sizes) - len(sizes) + 1):
            yield from grid(sizes, total)
    elif not sizes:
        yield ()
    else:
        head, *rest = sizes
        for i in range(max(0, total - sum(rest) + len(rest)), min(head - 1, total) + 1):
            yield from ((i, *tail) for tail in grid(rest, total - i))


def points(claim: Statement, count: int) -> Iterator[Env]:
    """Draw points of the domain, the plainest first: a grid of simple values, and random ones."""
    draw = random.Random(SEED)
    scalars = {n: candidates(d, draw) for n, d in claim.domain.items() if d.kind != "matrix"}
    if any(not found for found in scalars.values()):
        return
    chosen: dict[tuple[Any, ...], None] = {}
    if len(scalars) == 1:
        chosen = dict.fromkeys((x,) for x in next(iter(scalars.values())))
    elif scalars:
        for place in itertools.islice(grid([min(len(found), 7) for found in scalars.values()]), count // 2):
            chosen[tuple(found[i] for found, i in zip(scalars.values(), place, strict=True))] = None
        reals = [n for n in scalars if claim.domain[n].kind == "real"]
        shared = [x for x in scalars[reals[0]] if all(x in scalars[n] for n in reals)] if len(reals) > 1 else []
        for turn in range(count):
            at = {n: draw.choice(found) for n, found in scalars.items()}
            if shared and turn % 6 == 0:  # statements about two numbers often change where these are equal
                at |= dict.fromkeys(reals, draw.choice(shared[:12]))
            chosen[tuple(at.values())] = None
    ordered = sorted(itertools.islice(chosen, count), key=lambda point: sum(len(str(x)) + (x < 0) for x in point)) or [
        ()
    ]
    matrices = claim.matrix_names
    sizes = claim.sizes
    for turn in range(max(len(ordered), 8 * len(sizes)) if matrices else len(ordered)):
        env: Env = dict(zip(scalars, ordered[turn % len(ordered)], strict=True))
        for name in matrices:
            size = sizes[turn % len(sizes)]
            env[name] = matrix(size, draw, turn // len(sizes) if len(matrices) == 1 else 3)
            env["Id"] = Matrix.identity(size)
        yield env


def show(x: Any, digits: int = 6) -> str:
    """Write a value as text: rationals exactly while short, balls to some digits."""
    if isinstance(x, Matrix):
        return "[" + ", ".join("[" + ", ".join(show(e) for e in row) + "]" for row in x.rows) + "]"
    if isinstance(x, fmpq):
        text = str(x)
        return text if len(text) <= 24 else show(arb(x), digits)
    if not isinstance(x, arb):
        return str(x)
    mantissa, e, exponent = str(x.str(digits, radius=False)).partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + e + exponent


def show_sides(left: Any, right: Any) -> tuple[str, str]:
    """Write two unequal values with as many digits as tell them apart."""
    pairs = ((show(left, digits), show(right, digits)) for digits in (6, 10, 16, 25, 40))
    decimal = ((show(ball(left), d), show(ball(right), d)) for d in (6, 10, 16, 25, 40))
    for pair, as_balls in zip(pairs, decimal, strict=True):
        if isinstance(left, Matrix) or as_balls[0] != as_balls[1]:
            return pair
    return show(left), show(right)


def refine(claim: Statement, worst: list[tuple[float, Env]]) -> Iterator[Env]:
    """Walk from the points of least margin towards smaller margins, by ever smaller exact steps."""
    reals = [n for n, d in claim.domain.items() if d.kind == "real"]
    ends = {n: (_end(claim.domain[n].lo), _end(claim.domain[n].hi)) for n in reals}
    for _, env in worst:
        best, here = margin(claim, env), dict(env)
        step = fmpq(1, 2)
        for _ in range(60):
            if step < fmpq(1, 2**14) or best is None:
                break
            for name, way in itertools.product(reals, (step, -step)):
                there = {**here, name: here[name] + way}
                if not _inside(there[name], claim.domain[name], *ends[name]):
                    continue
                found = margin(claim, there)
                if found is not None and found < best:
                    best, here = found, there
                    break
            else:
                step = step / 2
                continue
            yield here


def margin(claim: Statement, env: Env) -> float | None:
    """Measure by how much the tightest inequality holds at a point, as a float that only guides the search."""
    smallest: float | None = None
    for relation in claim.relations:
        if relation.op in ("=", "!="):
            continue
        try:
            left, right = value(relation.left, env), value(relation.right, env)
            gap = float(ball(left - right if relation.op in (">", ">=") else right - left).mid())
        except (UndefinedAt, OutOfReach, Unclear, OverflowError, AttributeError, TypeError):
            return None
        smallest = gap if smallest is None else min(smallest, gap)
    return smallest


def simplest(claim: Statement, env: Env) -> Env:
    """Round a witness to the smallest denominators at which it still is one."""
    for bound in (1, 2, 3, 5, 10, 20, 50, 100, 1000):
        there: Env = {}
        for name, x in env.items():
            near = Fraction(int(x.p), int(x.q)).limit_denominator(bound) if isinstance(x, fmpq) else x
            there[name] = fmpq(near.numerator, near.denominator) if isinstance(near, Fraction) else x
        inside = all(
            not isinstance(there[n], fmpq) or _inside(there[n], d, _end(d.lo), _end(d.hi))
            for n, d in claim.domain.items()
        )
        if inside and _judge(claim, there)[0] == "refuted":
            return there
    return env


def _judge(claim: Statement, env: Env) -> tuple[str, tuple[str, ...]]:
    """Judge a statement at one point: skipped, unknown, held, touching, refuted or undefined."""
    try:
        if not all(holds(h, env)[0] for h in claim.where):
            return "skipped", ()
    except (UndefinedAt, OutOfReach):
        return "skipped", ()
    evaluated, touching = 0, False
    for relation in claim.relations:
        try:
            verdict, sides = holds(relation, env, round_ends=True)
        except UndefinedAt as reason:
            return "undefined", (str(reason),)
        except OutOfReach:
            continue
        if verdict is False and sides:
            return "refuted", show_sides(*sides)
        evaluated += sides is not None
        touching = touching or (verdict is None and sides is not None and relation.op in ("<", ">", "!="))
    if evaluated < len(claim.relations):
        return "unknown", ()
    return ("touching" if touching else "held"), ()


def hunt(claim: Statement, count: int = POINTS) -> Hunt:
    """Look for a counterexample.

    Rule: a statement about all values falls with one; no number of values at which it holds proves it.

    Parameters
    ----------
    claim : Statement
        What to attack.
    count : int
        The largest number of points to try, before the walk towards small margins.

    Returns
    -------
    Hunt
        With verdict "refuted" or "undefined" and an exact witness, or "survived".
    """
    slow = any(isinstance(n, ast.Name) and n.id == "Integral" for r in claim.relations for n in _walk(r))
    tried = evaluated = 0
    margins: list[tuple[float, Env]] = []
    unsettled: list[dict[str, str]] = []
    wanted = 40 if slow else count
    for env in points(claim, wanted * (THIN if claim.where else 1)):
        if tried >= wanted:
            break
        seen, sides = _judge(claim, env)
        if seen in ("refuted", "undefined"):
            return Hunt(seen, evaluated, _named(claim, env), sides)
        tried += seen != "skipped"
        evaluated += seen in ("held", "touching")
        if seen == "touching" and not claim.matrix_names and len(unsettled) < 8:
            unsettled.append(_named(claim, env))
        if seen == "held" and not slow and not claim.matrix_names and (gap := margin(claim, env)) is not None:
            margins.append((gap, env))
    if not tried:
        return Hunt("vacuous")
    margins.sort(key=lambda pair: pair[0])
    for env in refine(claim, margins[:3]):
        seen, _ = _judge(claim, env)
        if seen == "refuted":
            env = simplest(claim, env)
            return Hunt(seen, evaluated, _named(claim, env), _judge(claim, env)[1])
    # A statement that could be evaluated only here and there has not been hunted.
    return Hunt("survived" if 2 * evaluated >= tried else "out of reach", evaluated, unsettled=tuple(unsettled))


def valueless(claim: Statement, count: int = POINTS) -> bool:
    """Tell whether a statement has no value at any point that a hunt would try: then it says nothing anywhere."""
    seen = {_judge(claim, env)[0] for env in points(claim, count * (THIN if claim.where else 1))}
    return seen - {"skipped"} == {"undefined"}


def _walk(r: Relation) -> Iterator[ast.AST]:
    yield from ast.walk(r.left)
    yield from ast.walk(r.right)


def _named(claim: Statement, env: Env) -> dict[str, str]:
    return {n: show(env[n]) for n in claim.domain}


__all__ = ["Hunt", "hunt"]
