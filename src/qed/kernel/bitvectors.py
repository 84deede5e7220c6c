"""Statements about machine words: integers of a fixed width, whose arithmetic wraps around.

A variable ranges over ``bits(w)``, the integers from 0 to 2**w - 1, and every operation is done modulo 2**w. There are
two routes: Z3 decides the negation, and the hunt evaluates the same tree in Python's integers.
"""

from __future__ import annotations

import ast
import itertools
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BadStatement, Disagreement
from .hunt import Hunt
from .language import COMPARE, RELATIONS, Definition, Domain, Relation, Statement

WIDEST = 128
RLIMIT = 20_000_000
EVERY = 16  # bits of all variables together, up to which every point is tried
POINTS, SEED = 4000, 20201214
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|",
    ast.BitXor: "^",
}  # fmt: skip


@dataclass(frozen=True)
class Bits(Domain):
    """The words of a fixed width, read as integers without sign."""

    kind: str = "bits"
    width: int = 0

    def __str__(self) -> str:
        return f"bits({self.width})"


def bits(width: int) -> Bits:
    """Give the machine words of a width: the integers from 0 to 2**width - 1, with arithmetic modulo 2**width.

    Parameters
    ----------
    width : int
        The number of bits, from 1 to 128; all variables of a statement have the same.

    Returns
    -------
    Domain
        Of kind "bits".

    Raises
    ------
    BadStatement
        When the width is none.
    """
    if type(width) is not int or not 1 <= width <= WIDEST:
        raise BadStatement(f"bits({width!r}) is no machine word: the width is an integer from 1 to {WIDEST}")
    return Bits(lo="0", hi=str(2**width - 1), lo_open=False, hi_open=False, width=width)


def as_bits(value: object) -> Bits | None:
    """Read a domain if it is one of machine words; None if it is another."""
    if isinstance(value, Bits):
        return value
    found = re.fullmatch(r"bits\((\d+)\)", value.strip()) if isinstance(value, str) else None
    return bits(int(found[1])) if found else None


def width_of(judged: Statement) -> int:
    """Give the width of a statement about machine words; 0 for any other statement."""
    return next((d.width for d in judged.domain.values() if isinstance(d, Bits)), 0)


# Reading


def statement(
    text: str, domain: Mapping[str, object], where: tuple[str, ...] = (), let: Mapping[str, object] | None = None
) -> Statement:
    """Read a statement about machine words; its operators are + - * << >> & | ^ ~, its constants natural numbers.

    Parameters
    ----------
    text, where, let
        As for other statements.
    domain : mapping
        A :class:`Bits` for each variable, all of one width.

    Raises
    ------
    BadStatement
        When something does not parse, is unknown, has no domain, or does not fit into the width.
    """
    domains: dict[str, Domain] = {}
    for name, value in domain.items():
        found = as_bits(value)
        if found is None:
            raise BadStatement(f"{name} ranges over {value}, and others over machine words: give it bits(...) as well")
        if not name.isidentifier():
            raise BadStatement(f"{name!r} cannot name a variable")
        domains[name] = found
    widths = sorted({d.width for d in domains.values() if isinstance(d, Bits)})
    if len(widths) != 1:
        raise BadStatement(f"the variables have the widths {widths}: give all of them the same bits(...)")
    reader = _Reader(widths[0], frozenset(domains), let or {})
    shown, judged = reader.relations(text)
    hypotheses = [reader.relations(one) for one in where]
    return Statement(
        text, shown, judged, domains,
        tuple(r for s, _ in hypotheses for r in s), tuple(r for _, j in hypotheses for r in j),
        tuple(d for d in reader.definitions.values() if d.name in reader.used),
    )  # fmt: skip


class _Reader:
    """Reads relations, and puts definitions in."""

    def __init__(self, width: int, names: frozenset[str], let: Mapping[str, object]):
        self.width, self.names, self.used, self.pieces = width, names, set[str](), 0
        self.definitions: dict[str, Definition] = {}
        for head, body in let.items():
            found = re.fullmatch(r"\s*([A-Za-z]\w*)\s*(?:\(\s*(\w+(?:\s*,\s*\w+)*)\s*\))?\s*", head)
            if not found:
                raise BadStatement(f"the definition {head!r} is neither a name nor a name with parameters")
            name, params = found[1], tuple(p.strip() for p in found[2].split(",")) if found[2] else ()
            if name in names or name in RELATIONS or name in self.definitions:
                raise BadStatement(f"{name} is defined twice, or is a variable as well: rename one")
            tree = self.parsed(str(body), f"the definition of {name}")
            self.check(tree, str(body))
            self.definitions[name] = Definition(name, params, tree, str(body))

    @staticmethod
    def parsed(text: str, what: str) -> ast.expr:
        try:
            return ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError, ValueError) as problem:
            raise BadStatement(f"{what} does not parse: {getattr(problem, 'msg', problem)} in {text[:200]!r}") from None

    def relations(self, text: str) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
        """Read relations as written, and with every definition put in."""
        links: list[tuple[ast.expr, str, ast.expr]] = []
        match self.parsed(text, "the statement"):
            case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in RELATIONS:
                links.append((left, RELATIONS[name], right))
            case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in COMPARE for op in ops):
                links += [(a, COMPARE[type(op)], b) for a, op, b in zip([left, *rest], ops, rest, strict=False)]
            case _:
                raise BadStatement(f"{text!r} says nothing: write Eq(a, b), or an inequality with < <= > >= !=")
        for left, _, right in links:
            self.check(left, text)
            self.check(right, text)
        shown = tuple(Relation(left, op, right, text) for left, op, right in links)
        put_in = [(self.unfold(left, {}, text), op, self.unfold(right, {}, text)) for left, op, right in links]
        return shown, tuple(Relation(left, op, right, text) for left, op, right in put_in)

    def check(self, node: ast.expr, text: str) -> None:
        """Refuse whatever words of bits do not have."""
        match node:
            case ast.Constant(value=value):
                if type(value) is not int or not 0 <= value < 1 << self.width:
                    raise BadStatement(f"{value!r} in {text!r} is no integer from 0 to 2**{self.width} - 1")
                written = ast.get_source_segment(text.strip(), node) or ""
                node.kind = written if written.startswith("0x") else None  # as the formula shows it
            case ast.Name():
                pass
            case ast.UnaryOp(op=ast.Invert() | ast.USub() | ast.UAdd(), operand=inner):
                self.check(inner, text)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                self.check(left, text)
                self.check(right, text)
            case ast.Call(func=ast.Name(), args=args, keywords=[]):
                for one in args:
                    self.check(one, text)
            case _:
                raise BadStatement(
                    f"{ast.unparse(node)!r} in {text!r} is not in the language of machine words: it has "
                    f"{' '.join(OPERATORS.values())} ~ and no division"
                )

    def unfold(self, node: ast.expr, own: dict[str, ast.expr], text: str, depth: int = 0) -> ast.expr:
        """Put definitions in; `own` holds the arguments of the definition that is being put in."""
        self.pieces += 1
        if depth > 40 or self.pieces > 20_000:
            raise BadStatement(f"the definitions in {text!r} go round in a circle, or unfold to too many pieces")
        match node:
            case ast.Constant(value=value):
                return ast.Constant(value)
            case ast.Name(id=name) if name in own:
                self.pieces += sum(1 for _ in ast.walk(own[name]))
                return own[name]
            case ast.Name(id=name) if name in self.definitions:
                return self.put_in(name, [], text, depth)
            case ast.Name(id=name):
                if name not in self.names:
                    raise BadStatement(f"{name} in {text!r} has no domain: add {name}=bits({self.width})")
                return ast.Name(name)
            case ast.UnaryOp(op=op, operand=inner):
                return ast.UnaryOp(op, self.unfold(inner, own, text, depth))
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(self.unfold(left, own, text, depth), op, self.unfold(right, own, text, depth))
            case ast.Call(func=ast.Name(id=name), args=args):
                if name not in self.definitions:
                    raise BadStatement(f"{name} in {text!r} is no function here: define it by let=")
                return self.put_in(name, [self.unfold(one, own, text, depth) for one in args], text, depth)
        raise BadStatement(f"{ast.unparse(node)!r} in {text!r} is not in the language of machine words")

    def put_in(self, name: str, args: list[ast.expr], text: str, depth: int) -> ast.expr:
        known = self.definitions[name]
        if len(args) != len(known.params):
            raise BadStatement(f"{name} in {text!r} takes {len(known.params)} arguments, not {len(args)}")
        self.used.add(name)
        return self.unfold(known.body, dict(zip(known.params, args, strict=True)), text, depth + 1)


# The first route: Python's integers


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


# The second route: Z3


def decide_words(judged: Statement) -> tuple[str, dict[str, str], tuple[str, str]]:
    """Decide a statement about words of bits.

    Theorem: a statement holds for all words that meet the hypotheses if and only if no words meet the hypotheses and
    its negation; Z3 turns this into a question about single bits and answers it. A first question whether any words
    meet the hypotheses guards against proofs about nothing.

    On cards: ``Z3 bit-vectors``.

    Returns
    -------
    verdict : str
        "proved", "refuted", "vacuous", or "undecided" when the budget is spent.
    witness, sides
        For a refutation: the words, and both sides there, evaluated anew in Python's integers.

    Raises
    ------
    Disagreement
        When Python's integers do not confirm what Z3 gave as a counterexample.
    """
    import z3

    width = width_of(judged)
    names = {name: z3.BitVec(name, width) for name in judged.domain}

    def encode(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return z3.BitVecVal(value, width)
            case ast.Name(id=name):
                return names[name]
            case ast.UnaryOp(op=op, operand=inner):
                value = encode(inner)
                return ~value if isinstance(op, ast.Invert) else -value if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right):
                a, b = encode(left), encode(right)
                match op:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.LShift():
                        return a << b
                    case ast.RShift():
                        return z3.LShR(a, b)
                    case ast.BitAnd():
                        return a & b
                    case ast.BitOr():
                        return a | b
                    case ast.BitXor():
                        return a ^ b
        raise BadStatement(f"no words of bits in {ast.unparse(node)}")

    def relation(r: Relation) -> Any:
        a, b = encode(r.left), encode(r.right)
        compared = {"=": a == b, "!=": a != b, "<": z3.ULT(a, b), "<=": z3.ULE(a, b), ">": z3.UGT(a, b)}
        return compared.get(r.op, z3.UGE(a, b))

    def ask(*formulas: Any) -> tuple[Any, Any]:
        solver = z3.SolverFor("QF_BV")
        solver.set("rlimit", RLIMIT)
        solver.set("random_seed", 0)
        solver.add(*formulas)
        answer = solver.check()
        return answer, solver.model() if answer == z3.sat else None

    given = [relation(h) for h in judged.where]
    met, _ = ask(*given)
    if met != z3.sat:
        return ("vacuous" if met == z3.unsat else "undecided"), {}, ("", "")
    answer, model = ask(*given, z3.Not(z3.And([relation(r) for r in judged.relations])))
    if answer == z3.unsat:
        return "proved", {}, ("", "")
    if answer != z3.sat:
        return "undecided", {}, ("", "")
    env = {name: model.eval(v, model_completion=True).as_long() for name, v in names.items()}
    sides = failure(judged, env)
    if sides is None:
        raise Disagreement(f"Z3 refutes {judged.text} at {env}, and Python's integers do not: one errs")
    return "refuted", {name: str(value) for name, value in env.items()}, sides
