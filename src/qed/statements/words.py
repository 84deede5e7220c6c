"""Statements about machine words: integers of a fixed width, whose arithmetic wraps around.

A variable ranges over ``bits(w)``, the integers from 0 to 2**w - 1, and every operation is done modulo 2**w.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import BadStatement
from .language import COMPARE, RELATIONS, Definition, Domain, Relation, Statement, is_name

WIDEST = 128
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
        if not is_name(name):
            raise BadStatement(f"{name!r} cannot name a variable, since the language uses it or cannot read it")
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
            if len(set(params)) < len(params) or not all(is_name(one) for one in (name, *params)):
                raise BadStatement(f"the definition {head!r} needs other names for its parameters: like 'f(x, y)'")
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
