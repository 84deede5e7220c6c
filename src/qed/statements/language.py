"""Statements as text, read without evaluation.

A statement is written in SymPy's syntax and kept as Python's own syntax tree, so that nothing is
cancelled before it is looked at: ``x/x`` stays a quotient. The formula shown to the reader, the
symbolic expression that is judged and the numeric hunt are all made from this one tree.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction

from .errors import BadStatement

# Number of arguments of every function of the language.
ARITY: dict[str, tuple[int, ...]] = {
    **dict.fromkeys("exp sqrt Abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
                    "erf erfc erfi gamma loggamma digamma factorial floor ceiling LambertW".split(), (1,)),
    **dict.fromkeys("uppergamma lowergamma beta binomial besselj besseli polylog polygamma "
                    "Rational realroots".split(), (2,)),
    "hyper1f1": (3,), "log": (1, 2), "Max": (2, 3, 4), "Min": (2, 3, 4), "diff": (2, 3), "Sum": (2,), "Product": (2,),
    "Integral": (2,), "Sup": (2,), "Inf": (2,), "Limit": (3, 4), "Matrix": (1,), "eye": (1,), "det": (1,),
    "trace": (1,), "adjugate": (1,), "transpose": (1,),
}  # fmt: skip
CONSTANTS = ("pi", "E", "oo", "EulerGamma", "Id")
BINDERS = ("Sum", "Product", "Integral", "Sup", "Inf")
RELATIONS = {"Eq": "=", "Ne": "!=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.NotEq: "!="}


@dataclass(frozen=True)
class Domain:
    """The set over which a variable ranges.

    Parameters
    ----------
    kind : {"real", "integer", "matrix"}
    lo, hi : str
        The ends, as text; ``-oo`` and ``oo`` where there is none.
    lo_open, hi_open : bool
        Whether an end is left out.
    sizes : tuple of int
        For matrices: the sizes at which instances are expanded and hunted.
    """

    kind: str
    lo: str = "-oo"
    hi: str = "oo"
    lo_open: bool = True
    hi_open: bool = True
    sizes: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind == "matrix":
            return "square()" if self.sizes == SIZES else f"square({', '.join(map(str, self.sizes))})"
        for name, known in NAMED.items():
            if self == known:
                return name
        ends = f"{'(' if self.lo_open else '['}{self.lo}, {self.hi}{')' if self.hi_open else ']'}"
        return ends if self.kind == "real" else f"integers {ends}"


R = Domain("real")
Z = Domain("integer")
N0 = Domain("integer", lo="0", lo_open=False)
N = Domain("integer", lo="1", lo_open=False)
SIZES = (1, 2, 3, 4)
NAMED = {"R": R, "Z": Z, "N0": N0, "N": N}


def interval(text: str) -> Domain:
    """Read an interval of real numbers such as ``"[0, 1)"`` or ``"(0, oo)"``.

    Parameters
    ----------
    text : str
        A bracket for each end, round where the end is left out. An end is an exact constant, or ``oo`` or ``-oo``.

    Returns
    -------
    Domain
        Of kind "real".

    Raises
    ------
    BadStatement
        When the text is no interval, an end is no exact constant, or no number lies in it.
    """
    found = re.fullmatch(r"\s*([\[(])\s*(.+?)\s*,\s*(.+?)\s*([\])])\s*", text)
    if not found:
        raise BadStatement(f"the domain {text!r} is no interval: write it like '[0, 1)', or use R, N, N0, Z")
    left, lo, hi, right = found.groups()
    for end in (lo, hi):
        node = parse_expression(end, f"the end {end!r} of the domain {text!r}")
        if end not in ("oo", "-oo") and _names(node, frozenset(), text):
            raise BadStatement(f"the end {end!r} of the domain {text!r} is no constant: put the condition into where=")
    if lo == "oo" or hi == "-oo":
        raise BadStatement(f"the domain {text!r} is empty: put the smaller end first")
    return Domain("real", lo, hi, left == "(" or lo == "-oo", right == ")" or hi == "oo")


def integers(lo: int, hi: int) -> Domain:
    """Give the integers from `lo` to `hi`: a finite domain, which is enumerated.

    Parameters
    ----------
    lo, hi : int
        The ends, both included.

    Returns
    -------
    Domain
        Of kind "integer".

    Raises
    ------
    BadStatement
        When `lo` is larger than `hi`.
    """
    if lo > hi:
        raise BadStatement(f"the domain integers({lo}, {hi}) is empty: put the smaller end first")
    return Domain("integer", str(lo), str(hi), False, False)


def square(*sizes: int) -> Domain:
    """Give the real square matrices, expanded and hunted at a few sizes.

    Parameters
    ----------
    *sizes : int
        Numbers of rows; 1, 2, 3 and 4 if none is named. A matrix of size s has the shape (s, s), and all
        matrices of a statement have the same sizes.

    Returns
    -------
    Domain
        Of kind "matrix".

    Raises
    ------
    BadStatement
        When a size is less than 1.
    """
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise BadStatement(f"square{sizes} asks for a matrix without rows: sizes begin at 1")
    return Domain("matrix", sizes=sizes or SIZES)


def as_domain(value: object, name: str) -> Domain:
    """Read what an author wrote as the domain of the variable `name`."""
    if isinstance(value, Domain):
        return value
    if isinstance(value, str):
        sizes = re.fullmatch(r"square\(([\d, ]*)\)", value)
        if sizes:
            return square(*(int(size) for size in sizes[1].split(",") if size.strip()))
        ends = re.fullmatch(r"integers \[(-?\d+), (-?\d+)\]", value)
        if ends:
            return integers(int(ends[1]), int(ends[2]))
        return NAMED[value] if value in NAMED else interval(value)
    raise BadStatement(f"the domain of {name} is {value!r}: write R, N, N0, Z, square(), or text like '[0, 1)'")


@dataclass(frozen=True)
class Relation:
    """Two sides and what is said of them; `text` is the source."""

    left: ast.expr
    op: str
    right: ast.expr
    text: str


@dataclass(frozen=True)
class Definition:
    """A name (or a function of parameters) that a statement may use."""

    name: str
    params: tuple[str, ...]
    body: ast.expr
    text: str


@dataclass(frozen=True)
class Statement:
    """What is claimed: relations that hold together, over a domain, under hypotheses.

    Attributes
    ----------
    text : str
        As written.
    shown, relations : tuple of Relation
        The relations as written, and the same with every definition put in.
    domain : dict
        From a variable's name to its :class:`Domain`.
    where_shown, where : tuple of Relation
        The hypotheses, as written and with every definition put in.
    definitions : tuple of Definition
        Those that the statement uses.
    """

    text: str
    shown: tuple[Relation, ...]
    relations: tuple[Relation, ...]
    domain: dict[str, Domain]
    where_shown: tuple[Relation, ...] = ()
    where: tuple[Relation, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """What is said, apart from spacing and names of definitions: equal keys mean the same statement."""
        sides = [(ast.dump(r.left), r.op, ast.dump(r.right)) for r in (*self.relations, *self.where)]
        return (*sides, len(self.relations), *sorted((name, str(d)) for name, d in self.domain.items()))

    @property
    def matrix_names(self) -> tuple[str, ...]:
        """The variables that range over square matrices."""
        return tuple(name for name, d in self.domain.items() if d.kind == "matrix")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes at which matrix variables are instantiated; ``(0,)`` if there are none."""
        return next((d.sizes for d in self.domain.values() if d.kind == "matrix"), (0,))


def parse_expression(text: str, what: str = "the expression") -> ast.expr:
    """Read one expression of the language without evaluating anything."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as problem:
        raise BadStatement(f"{what} does not parse: {getattr(problem, 'msg', problem)} in {text[:200]!r}") from None
    _check(tree, text)
    return tree


def _check(node: ast.AST, text: str) -> None:
    """Refuse whatever the language does not have, saying what to write instead."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, float):
            exact = Fraction(str(node.value))
            raise BadStatement(f"{node.value} in {text!r} is a float: write the exact number {exact}")
        if type(node.value) is not int:
            raise BadStatement(f"{node.value!r} in {text!r} is no number")
    elif isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise BadStatement(f"{ast.unparse(node)!r} is not in the language: write a plain function call")
        for place, argument in enumerate(node.args):
            if node.func.id == "Limit" and place == 3:
                if not (isinstance(argument, ast.Constant) and argument.value in ("+", "-", "+-")):
                    raise BadStatement(f"the side of a limit in {text!r} is '+', '-' or '+-'")
            else:
                _check(argument, text)
        if node.func.id == "Matrix":
            _check_matrix(node, text)
    elif isinstance(node, ast.BinOp):
        if not isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
            raise BadStatement(f"{ast.unparse(node)!r}: only + - * / ** are in the language")
        _check(node.left, text)
        _check(node.right, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, text)
    elif isinstance(node, ast.Tuple | ast.List):
        for element in node.elts:
            _check(element, text)
    elif not isinstance(node, ast.Name):
        raise BadStatement(f"{ast.unparse(node)!r} in {text!r} is not in the language")


def _check_matrix(node: ast.Call, text: str) -> None:
    rows = node.args[0].elts if node.args and isinstance(node.args[0], ast.List) else []
    widths = {len(row.elts) if isinstance(row, ast.List) else 0 for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise BadStatement(f"{ast.unparse(node)!r} in {text!r}: write a matrix as Matrix([[a, b], [c, d]])")


def parse_relations(text: str) -> tuple[Relation, ...]:
    """Read ``Eq(a, b)``, ``a < b <= c`` and the like; a chain is read as all its links together."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as problem:
        raise BadStatement(
            f"the statement does not parse: {getattr(problem, 'msg', problem)} in {text[:200]!r}"
        ) from None
    links: list[tuple[ast.expr, str, ast.expr]] = []
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in RELATIONS:
        if len(tree.args) != 2:
            raise BadStatement(f"{tree.func.id} takes two sides, in {text!r}")
        links.append((tree.args[0], RELATIONS[tree.func.id], tree.args[1]))
    elif isinstance(tree, ast.Compare):
        sides = [tree.left, *tree.comparators]
        for left, op, right in zip(sides, tree.ops, sides[1:], strict=False):
            if type(op) not in COMPARE:
                raise BadStatement(f"{text!r}: write Eq(a, b) for an equation, and < <= > >= for an inequality")
            links.append((left, COMPARE[type(op)], right))
    else:
        raise BadStatement(f"{text!r} says nothing: write Eq(a, b), or an inequality with < <= > >=")
    for left, _, right in links:
        _check(left, text)
        _check(right, text)
    return tuple(Relation(left, op, right, text) for left, op, right in links)


def is_name(text: str) -> bool:
    """Tell whether a text can name a variable: Python's parser leaves it as it is, and the language has it not."""
    plain = text.isidentifier() and unicodedata.normalize("NFKC", text) == text
    return plain and text not in ARITY and text not in CONSTANTS and text not in RELATIONS


def define(head: str, body: object) -> Definition:
    """Read a definition, ``"f"`` or ``"f(n, x)"`` and what it stands for."""
    found = re.fullmatch(r"\s*([A-Za-z]\w*)\s*(?:\(\s*(\w+(?:\s*,\s*\w+)*)\s*\))?\s*", head)
    if not found:
        raise BadStatement(f"the definition {head!r} is neither a name nor a name with parameters, like 'f(n, x)'")
    name, params = found[1], tuple(p.strip() for p in found[2].split(",")) if found[2] else ()
    if name in ARITY or name in CONSTANTS or name in RELATIONS:
        raise BadStatement(f"the definition of {name!r} hides a name of the language: choose another")
    if len(set(params)) < len(params) or not all(is_name(one) for one in (name, *params)):
        raise BadStatement(f"the definition {head!r} needs names for its parameters, each another: like 'f(n, x)'")
    return Definition(name, params, parse_expression(str(body), f"the definition of {name}"), str(body))


def certificate(text: str) -> ast.expr:
    """Read a certificate: an expression whose functions the language has."""
    node = parse_expression(text, "the certificate")
    _names(node, frozenset(), text)
    return node


class _Expander(ast.NodeTransformer):
    """Put definitions in, renaming bound variables so that none is captured."""

    def __init__(self, definitions: dict[str, Definition], text: str):
        self.definitions, self.text, self.count, self.depth = definitions, text, 0, 0
        self.budget = 4000

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = self.definitions.get(node.id)
        if known is None:
            return node
        if known.params:
            raise BadStatement(f"{node.id} in {self.text!r} needs its arguments {', '.join(known.params)}")
        return self._body(known, {})

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id  # type: ignore[attr-defined]
        args = [self.visit(argument) for argument in node.args]
        known = self.definitions.get(name)
        if known is None:
            return ast.Call(node.func, args, [])
        if len(args) != len(known.params):
            raise BadStatement(f"{name} in {self.text!r} takes {len(known.params)} arguments, not {len(args)}")
        return self._body(known, dict(zip(known.params, args, strict=True)))

    def _body(self, known: Definition, values: dict[str, ast.expr]) -> ast.expr:
        self.depth += 1
        if self.depth > 40:
            raise BadStatement(f"the definition of {known.name} goes round in a circle")
        self.count += 1
        if self.count > self.budget:
            raise BadStatement(f"the definitions in {self.text!r} unfold to more than {self.budget} pieces")
        result: ast.expr = self.visit(deepcopy(substitute(known.body, values, f"#{self.count}")))
        self.depth -= 1
        return result


def substitute(node: ast.expr, values: dict[str, ast.expr], suffix: str) -> ast.expr:
    """Replace names by expressions; bound variables get `suffix`, which no author can type, so nothing is captured."""
    if isinstance(node, ast.Name):
        return values.get(node.id, node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BINDERS:
        body, limits = node.args
        if isinstance(limits, ast.Tuple) and isinstance(limits.elts[0], ast.Name):
            bound = ast.Name(limits.elts[0].id + suffix)
            inner = {**values, limits.elts[0].id: bound}
            ends: list[ast.expr] = [substitute(e, values, suffix) for e in limits.elts[1:]]
            return ast.Call(node.func, [substitute(body, inner, suffix), ast.Tuple([bound, *ends])], [])
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name in ("realroots", "Limit") and isinstance(node.args[1], ast.Name):
            values = {**values, node.args[1].id: ast.Name(node.args[1].id + suffix)}
        if name == "diff" and isinstance(node.args[1], ast.Name):
            variable = node.args[1].id
            image = values.get(variable, node.args[1])
            others = [v for parameter, v in values.items() if parameter != variable]
            written = {n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)} - set(values)
            mentioned = {n.id for v in others for n in ast.walk(v) if isinstance(n, ast.Name)} | written - {variable}
            if not isinstance(image, ast.Name) or image.id in mentioned:
                raise BadStatement(
                    f"{ast.unparse(node)!r}: {ast.unparse(image)} is put in for the variable of this derivative and "
                    "stands elsewhere in it too: give the definition other parameters"
                )
        return ast.Call(node.func, [substitute(a, values, suffix) for a in node.args], [])
    if isinstance(node, ast.BinOp):
        return ast.BinOp(substitute(node.left, values, suffix), node.op, substitute(node.right, values, suffix))
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, substitute(node.operand, values, suffix))
    if isinstance(node, ast.Tuple | ast.List):
        return type(node)([substitute(e, values, suffix) for e in node.elts])
    return node


def bound_variable(call: ast.Call) -> tuple[str, ast.expr, ast.expr]:
    """Take apart the limits ``(k, a, b)`` of a sum, product or integral."""
    limits = call.args[1]
    if not (isinstance(limits, ast.Tuple) and len(limits.elts) == 3 and isinstance(limits.elts[0], ast.Name)):
        raise BadStatement(f"{ast.unparse(call)!r}: the limits are written (variable, from, to)")
    return limits.elts[0].id, limits.elts[1], limits.elts[2]


def _check_bound(variable: str, node: ast.expr) -> None:
    if not is_name(variable.partition("#")[0]):
        named = variable or "what stands there"
        raise BadStatement(f"{ast.unparse(node)!r}: {named} cannot name a variable; take a name such as k or t")


def _names(node: ast.expr, bound: frozenset[str], text: str) -> set[str]:
    """Collect the free names, refusing unknown functions and wrong numbers of arguments."""
    if isinstance(node, ast.Name):
        if node.id == "oo":
            raise BadStatement(
                f"oo in {text!r} is no number: it may stand only at the end of a sum, an integral or a limit"
            )
        return set() if node.id in bound or node.id in CONSTANTS else {node.id}
    if isinstance(node, ast.Call):
        name = node.func.id  # type: ignore[attr-defined]
        if name not in ARITY:
            raise BadStatement(f"{name} in {text!r} is no function of the language; it has: {', '.join(sorted(ARITY))}")
        if len(node.args) not in ARITY[name]:
            raise BadStatement(f"{name} in {text!r} takes {' or '.join(map(str, ARITY[name]))} arguments")
        if name in BINDERS:
            variable, lo, hi = bound_variable(node)
            _check_bound(variable, node)
            inside = _names(node.args[0], bound | {variable}, text)
            return inside | _end_names(lo, bound, text) | _end_names(hi, bound, text)
        if name in ("Limit", "realroots"):
            variable = node.args[1].id if isinstance(node.args[1], ast.Name) else ""
            _check_bound(variable, node)
            rest = [_end_names(a, bound, text) for a in node.args[2:] if not isinstance(a, ast.Constant)]
            return _names(node.args[0], bound | {variable}, text).union(*rest)
        if name == "diff":
            order = node.args[2] if len(node.args) == 3 else ast.Constant(1)
            if (
                not isinstance(node.args[1], ast.Name)
                or not isinstance(order, ast.Constant)
                or order.value not in range(1, 13)
            ):
                raise BadStatement(f"{ast.unparse(node)!r}: write diff(f, x) or diff(f, x, k) with k from 1 to 12")
            if node.args[1].id in bound:
                raise BadStatement(
                    f"{ast.unparse(node)!r}: {node.args[1].id} is bound by a sum or an integral around it"
                )
        return set().union(*(_names(a, bound, text) for a in node.args))
    children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
    return set().union(*(_names(c, bound, text) for c in children))


def _end_names(node: ast.expr, bound: frozenset[str], text: str) -> set[str]:
    """Collect the free names of an end or the value of a limit, which may be oo or -oo and nothing made of these."""
    infinite = ast.unparse(node) in ("oo", "-oo")
    return set() if infinite else _names(node, bound, text)


def statement(
    text: str,
    domain: dict[str, object] | None = None,
    where: tuple[str, ...] = (),
    let: Mapping[str, object] | None = None,
) -> Statement:
    """Read a statement with its domain, hypotheses and definitions.

    Parameters
    ----------
    text : str
        The statement in SymPy's syntax, for example ``"Eq(diff(f(n, x), x), f(n - 1, x))"``.
    domain : dict
        A set for each free variable.
    where : tuple of str
        Further hypotheses, each a relation.
    let : dict
        Definitions that the reader sees, for example ``{"f(n, x)": "Sum(x**k/factorial(k), (k, 0, n))"}``.

    Returns
    -------
    Statement
        As read; nothing in it has been evaluated.

    Raises
    ------
    BadStatement
        When something does not parse, is unknown, or has no domain.
    """
    domains = {name: as_domain(value, name) for name, value in (domain or {}).items()}
    for name in domains:
        if not is_name(name):
            raise BadStatement(f"{name!r} cannot name a variable, since the language uses it or cannot read it")
    made = [define(head, body) for head, body in (let or {}).items()]
    definitions = {d.name: d for d in made}
    twice = next((d.name for d in made if definitions[d.name] is not d), None)
    if twice:
        raise BadStatement(f"{twice} is defined twice: leave one definition, or rename it")
    clash = sorted(set(definitions) & set(domains))
    if clash:
        raise BadStatement(f"{clash[0]} is both a variable and a definition: rename one")

    if len({d.sizes for d in domains.values() if d.kind == "matrix"}) > 1:
        raise BadStatement("the matrices have different sizes: give them all the same square(...)")

    def read(source: str) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
        shown = parse_relations(source)
        put_in = _Expander(definitions, source)
        judged = tuple(
            Relation(put_in.visit(deepcopy(r.left)), r.op, put_in.visit(deepcopy(r.right)), r.text) for r in shown
        )
        for relation in judged:
            value_names = _end_names if _is_call(relation.left, "Limit") else _names
            free = _names(relation.left, frozenset(), source) | value_names(relation.right, frozenset(), source)
            for call in (n for side in (relation.left, relation.right) for n in ast.walk(side) if _is_call(n, "diff")):
                variable = ast.unparse(call.args[1])  # type: ignore[attr-defined]
                if variable in domains and domains[variable].kind != "real":
                    raise BadStatement(
                        f"{source!r} differentiates by {variable}, which does not range over real numbers"
                    )
            for name in sorted(free - set(domains)):
                raise BadStatement(f"{name} in {source!r} has no domain: add {name}=R, or the set it ranges over")
        return shown, judged

    shown, judged = read(text)
    hypotheses = [read(source) for source in where]
    used = _used_definitions(text, where, definitions)
    return Statement(
        text, shown, judged, domains,
        tuple(r for s, _ in hypotheses for r in s), tuple(r for _, j in hypotheses for r in j),
        tuple(definitions[name] for name in definitions if name in used),
    )  # fmt: skip


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _used_definitions(text: str, where: tuple[str, ...], definitions: dict[str, Definition]) -> set[str]:
    """Find the definitions that a statement leans on, through one another as well."""
    found: set[str] = set()
    todo = [text, *where]
    while todo:
        words = set(re.findall(r"[A-Za-z]\w*", todo.pop()))
        for name in (words & set(definitions)) - found:
            found.add(name)
            todo.append(definitions[name].text)
    return found
