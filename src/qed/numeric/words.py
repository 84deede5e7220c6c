"""Machine words in Python's integers: values, and the hunt.

The second route beside Z3, so it shares no code with the encoding in `kernel.bitvectors`, however alike the two look.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator, Mapping

from ..statements.errors import BadStatement
from ..statements.language import Relation, Statement
from ..statements.words import width_of
from .hunt import Hunt

EVERY = 16  # bits of all variables together, up to which every point is tried
POINTS, SEED = 4000, 20201214


def word(node: ast.expr, env: Mapping[str, int], width: int) -> int:
    """Evaluate an expression in words of bits.

    Definition: every operation gives its result modulo 2**width; a shift to the right fills in zeros, and a shift by
    the width or more gives 0.
    """
    mask = (1 << width) - 1
    match node:
        case ast.Constant(value=int() as number):
            return number
        case ast.Name(id=name):
            return env[name]
        case ast.UnaryOp(op=op, operand=inner):
            value = word(inner, env, width)
            return (~value if isinstance(op, ast.Invert) else -value if isinstance(op, ast.USub) else value) & mask
        case ast.BinOp(left=left, op=op, right=right):
            a, b = word(left, env, width), word(right, env, width)
            match op:
                case ast.Add():
                    return (a + b) & mask
                case ast.Sub():
                    return (a - b) & mask
                case ast.Mult():
                    return (a * b) & mask
                case ast.LShift():
                    return (a << b) & mask if b < width else 0
                case ast.RShift():
                    return a >> b if b < width else 0
                case ast.BitAnd():
                    return a & b
                case ast.BitOr():
                    return a | b
                case ast.BitXor():
                    return a ^ b
    raise BadStatement(f"no value for {ast.unparse(node)}")


def _holds(r: Relation, env: Mapping[str, int], width: int) -> tuple[bool, int, int]:
    a, b = word(r.left, env, width), word(r.right, env, width)
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[r.op], a, b


def failure(judged: Statement, env: Mapping[str, int]) -> tuple[str, str] | None:
    """Give both sides of a relation that fails at a point which meets the hypotheses; None if none does."""
    width = width_of(judged)
    if not all(_holds(h, env, width)[0] for h in judged.where):
        return None
    for r in judged.relations:
        true, a, b = _holds(r, env, width)
        if not true:
            return str(a), str(b)
    return None


def _points(judged: Statement) -> Iterator[dict[str, int]]:
    """Give every point where they are few; else plain words, words of few runs of bits, and random ones."""
    names, width = list(judged.domain), width_of(judged)
    if exhaustive(judged):
        for values in itertools.product(range(1 << width), repeat=len(names)):
            yield dict(zip(names, values, strict=True))
        return
    draw = random.Random(SEED)
    top = (1 << width) - 1
    plain = [0, 1, 2, 3, top, top - 1, top >> 1, (top >> 1) + 1]

    def one() -> int:
        kind = draw.randrange(4)
        if kind == 0:
            return draw.choice(plain)
        if kind == 1:
            return (1 << draw.randrange(width)) - draw.randrange(2)
        return draw.getrandbits(width) >> (draw.randrange(width) if kind == 2 else 0)

    for values in itertools.islice(itertools.product(plain, repeat=len(names)), 600):
        yield dict(zip(names, values, strict=True))
    for _ in range(POINTS):
        yield {name: one() for name in names}


def hunt_words(judged: Statement) -> Hunt:
    """Look for a counterexample in Python's integers.

    Rule: a statement about all words falls with one tuple of them; where every tuple was tried, it holds.
    """
    width, met = width_of(judged), 0
    for env in _points(judged):
        if not all(_holds(h, env, width)[0] for h in judged.where):
            continue
        met += 1
        sides = failure(judged, env)
        if sides is not None:
            return Hunt("refuted", met, {name: str(value) for name, value in env.items()}, sides)
    return Hunt("survived" if met else "vacuous", met)


def exhaustive(judged: Statement) -> bool:
    """Tell whether the hunt tries every point of the domain."""
    return width_of(judged) * len(judged.domain) <= EVERY
