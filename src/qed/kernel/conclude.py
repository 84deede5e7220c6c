"""From a statement to what has to be shown, and from theorems to a grade. Nothing else sets a grade of a proof."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy as sp
from flint import fmpq
from sympy import Expr, ImmutableMatrix, Symbol

from ..numeric import balls, boxes
from ..statements.errors import OutOfReach, UndefinedAt
from ..statements.language import Relation, Statement, parse_expression, substitute
from .limits import INFINITE
from .lower import Goal, Lowering, domain_scope
from .residual import is_zero
from .rules import approach, vanishing
from .signs import defined, sign
from .theorems import ENOUGH, NEG, POS, SEAL, ZERO, Equal, Limit, Range, Scope, Sign, Theorem, _Sealed, names, require

CASES = 100_000


@dataclass(frozen=True)
class Approach:
    """A limit that has to be found, as a small `u` falls to 0, and the value that is claimed for it."""

    expression: Expr
    u: Symbol
    near: Scope
    claimed: Expr
    way: str


@dataclass(frozen=True)
class Plan(_Sealed):
    """What has to be shown for a statement: where it is defined, and then that it holds.

    `sides` are those of the relation behind each goal. Of an expression under a limit, `nearby` says what it needs
    near the point: that is met all over the scope, or by a limit that has the sign. `improper` lists the integrals
    that may be improper, every one of which has to converge.
    """

    statement: Statement
    obligations: tuple[Goal, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Approach, ...]
    nearby: tuple[tuple[Goal, Approach], ...]
    sides: tuple[tuple[Expr, Expr], ...]
    improper: tuple[tuple[Expr, Scope], ...]


@dataclass(frozen=True)
class Conclusion(_Sealed):
    """That a statement holds: how strongly, and by which rules."""

    statement: Statement
    grade: str
    engines: tuple[str, ...]


@dataclass(frozen=True)
class Refutation(_Sealed):
    """That a statement is false, or undefined: where, and what its sides are there."""

    verdict: str
    sides: tuple[str, ...]
    witness: dict[str, str] = field(default_factory=dict)


def plan(claim: Statement, improper: bool = False) -> Plan:
    """Write down what has to be shown for a statement.

    Rule: a statement holds if it is defined all over its domain and each of its relations holds there, under its
    hypotheses, for matrices at every size. A chain of inequalities is all its links; |u| < v is u < v and -u < v.
    """
    obligations: list[Goal] = []
    goals: list[Goal] = []
    sides: list[tuple[Expr, Expr]] = []
    limits: list[Approach] = []
    nearby: list[tuple[Goal, Approach]] = []
    integrals: list[tuple[Expr, Scope]] = []
    for size in claim.sizes:
        matrices = claim.matrix_names if size else ()
        hypotheses = Lowering(domain_scope(claim.domain), size, matrices)
        facts = [_difference(hypotheses, relation) for relation in claim.where]
        scope = fold(replace(hypotheses.scope, facts=tuple(facts)))
        obligations += hypotheses.obligations
        for relation in claim.relations:
            if _is_limit(relation.left):
                limits += _approaches(relation, scope, obligations, nearby)
                continue
            lowering = Lowering(scope, size, matrices, improper=improper)
            left, right = lowering.expression(relation.left), lowering.expression(relation.right)
            obligations += lowering.obligations
            integrals += lowering.integrals if improper else []
            for a, b in _links(left, relation.op, right):
                goals.append(Goal(a - b, ENOUGH[relation.op], lowering.scope, relation.text))
                sides.append((a, b))
    owed = tuple(obligations), tuple(goals), tuple(limits), tuple(nearby)
    return Plan(SEAL, claim, *owed, tuple(sides), tuple(integrals))


def _difference(lowering: Lowering, relation: Relation) -> tuple[Expr, int]:
    gap = lowering.expression(relation.left) - lowering.expression(relation.right)
    if not isinstance(gap, Expr):
        raise OutOfReach("a hypothesis about matrices")
    return sp.expand(gap), ENOUGH[relation.op]


def _links(left: Expr, op: str, right: Expr) -> list[tuple[Expr, Expr]]:
    if isinstance(left, ImmutableMatrix) or isinstance(right, ImmutableMatrix):
        if getattr(left, "shape", None) != getattr(right, "shape", None) or op != "=":
            raise OutOfReach("matrices of different shapes")
        return list(zip(left, right, strict=True))
    if op in ("<", "<=") and isinstance(left, sp.Abs):
        return [(left.args[0], right), (-left.args[0], right)]
    if op in (">", ">=") and isinstance(right, sp.Abs):
        return [(left, right.args[0]), (left, -right.args[0])]
    return [(left, right)]


def _is_limit(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "Limit"


def _approaches(
    relation: Relation, scope: Scope, obligations: list[Goal], nearby: list[tuple[Goal, Approach]]
) -> list[Approach]:
    node = relation.left
    if not (isinstance(node, ast.Call) and relation.op == "=" and isinstance(node.args[1], ast.Name)):
        raise OutOfReach("a limit stands alone on the left of Eq(Limit(f, x, p, side), value)")
    outer = Lowering(scope)
    point, claimed = outer.expression(node.args[2]), outer.expression(relation.right)
    way = node.args[3].value if len(node.args) == 4 and isinstance(node.args[3], ast.Constant) else "+-"
    ways = ("+",) if point in INFINITE else ("+", "-") if way == "+-" else (str(way),)
    x, small, found = Symbol("x#", real=True), sp.Rational(1, 1000), []
    for one in ways:
        if point in INFINITE:
            span = Range(sp.Integer(1000), None) if point is sp.oo else Range(None, sp.Integer(-1000))
        else:
            span = Range(point, point + small, True) if one == "+" else Range(point - small, point, False, True)
        near = Lowering(scope.with_symbol(x, span, node.args[1].id))
        moved, u, inner = approach(near.expression(node.args[0]), x, point, one, scope)
        obligations += [*outer.obligations, *(owed for owed in near.obligations if owed.scope != near.scope)]
        for owed in near.obligations:
            if owed.scope == near.scope:
                nearby.append((owed, Approach(*approach(owed.expression, x, point, one, scope), sp.S.Zero, one)))
        found.append(Approach(moved, u, inner, claimed, one if len(ways) == 2 else ""))
    return found


def fold(scope: Scope) -> Scope:
    """Turn hypotheses that bound one real variable by a number into its range.

    Law: a x + b > 0 says the same as x > -b/a or x < -b/a, by the sign of a.
    """
    kept = []
    for fact, signs in scope.facts:
        symbol = min(fact.free_symbols, key=str, default=Symbol(""))
        slope = sp.diff(fact, symbol) if fact.free_symbols == {symbol} else sp.nan
        if not slope.is_Rational or slope == 0 or symbol.is_integer or signs not in (POS, NEG, POS | ZERO, NEG | ZERO):
            kept.append((fact, signs))
            continue
        end, span, is_open = -fact.subs(symbol, 0) / slope, scope.ranges[symbol], not signs & ZERO
        below = bool(signs & POS) == bool(slope > 0)
        old, old_open = (span.lo, span.lo_open) if below else (span.hi, span.hi_open)
        if not end.is_Rational or (old is not None and not old.is_Rational):
            kept.append((fact, signs))
        elif old is None or (end > old if below else end < old) or (end == old and is_open and not old_open):
            both = (end, span.hi, is_open, span.hi_open) if below else (span.lo, end, span.lo_open, is_open)
            scope = scope.with_range(symbol, Range(*both))
    return replace(scope, facts=tuple(kept))


def meets(t: Sign, goal: Goal) -> bool:
    """Tell whether a theorem is what a goal asks for: this expression, this scope, no other sign."""
    return t.expression == goal.expression and t.scope == goal.scope and not t.signs & ~goal.allowed


def conclude(todo: Plan, theorems: Iterable[Theorem]) -> Conclusion:
    """Conclude a statement from theorems that meet all its goals.

    Rule: what is shown for every obligation, relation and limit of a statement proves it; about matrices of several
    sizes it proves these instances.
    """
    found = list(theorems)
    signs = [t for t in found if isinstance(t, Sign)]
    used: list[Theorem] = []
    for goal in (*todo.obligations, *todo.goals):
        met = next((t for t in signs if meets(t, goal)), None)
        require(met is not None, f"nothing shows that {goal.reason}")
        used += [met] if goal in todo.goals and met is not None else []
    for integral, scope in todo.improper:
        sure = (t for t in found if isinstance(t, Equal) and t.converges and (t.left, t.scope) == (integral, scope))
        require(any(sure) or defined(integral, scope), f"nothing shows that {integral} converges")
    for goal, wanted in todo.nearby:
        if not any(meets(t, goal) for t in signs):
            used.append(eventually(goal, _limit_of(wanted, found)))
    for wanted in todo.limits:
        limit = _limit_of(wanted, found)
        apart = Goal(limit.value - wanted.claimed, ZERO, wanted.near, "")
        agree = limit.value == wanted.claimed or any(meets(t, apart) for t in signs)
        require(agree and not apart.expression.has(sp.zoo), "the limit is another")
        used.append(limit)
    sizes = todo.statement.sizes if todo.statement.matrix_names else ()
    generic = (f"generic entries, sizes {', '.join(map(str, sizes))}",) if len(sizes) > 1 else ()
    grade = "instances" if generic else "proved"
    return Conclusion(SEAL, todo.statement, grade, (*(names(*used) or ("exact residual",)), *generic))


def eventually(goal: Goal, limit: Limit) -> Limit:
    """Take a limit for the sign of an expression near the point.

    Theorem: what tends to a positive number, or to infinity, is positive near the point; so for negative ones.
    """
    near = sign(limit.value, limit.scope)
    require(near in (POS, NEG) and not near & ~goal.allowed, f"nothing shows that {goal.reason}")
    return limit


def _limit_of(wanted: Approach, theorems: Iterable[Theorem]) -> Limit:
    for t in theorems:
        if isinstance(t, Limit) and (t.expression, t.u, t.scope) == (wanted.expression, wanted.u, wanted.near):
            return t
    require(False, "no theorem on a limit")
    raise AssertionError


def enumerated(claim: Statement) -> Conclusion:
    """Go through a finite domain point by point.

    Rule: what holds at each point of a finite domain holds on it.

    On cards: ``enumeration of every case``.
    """
    domains = claim.domain.values()
    finite = domains and all(d.kind == "integer" and "oo" not in (d.lo.lstrip("-"), d.hi) for d in domains)
    require(finite, "the domain is not finite")
    spans = [range(int(d.lo), int(d.hi) + 1) for d in domains]
    require(math.prod(map(len, spans)) <= CASES, f"more than {CASES} cases")
    met = 0
    for point in itertools.product(*spans):
        env = {name: fmpq(k) for name, k in zip(claim.domain, point, strict=True)}
        try:
            if not any(balls.holds(h, env)[0] is False for h in claim.where):
                met += 1
                at = ", ".join(f"{name} = {k}" for name, k in zip(claim.domain, point, strict=True))
                require(all(balls.holds(r, env)[0] is True for r in claim.relations), f"not settled at {at}")
        except (OutOfReach, UndefinedAt) as reason:
            require(False, str(reason))
    require(met, "no point meets the hypotheses")
    return Conclusion(SEAL, claim, "exhausted", ("enumeration of every case",))


def certified(claim: Statement) -> Conclusion:
    """Certify strict inequalities by balls: at the one point of a statement without variables, or on a box.

    Theorem: FLINT's balls contain the true values.
    """
    engine = "ball arithmetic, branch and bound" if claim.domain else "ball arithmetic"
    for relation in claim.relations:
        try:
            if claim.domain:
                require(boxes.certify(relation, claim), "the boxes do not settle it")
            else:
                require(relation.op != "=" and balls.holds(relation, {})[0] is True, "the balls do not settle it")
        except (OutOfReach, UndefinedAt) as reason:
            require(False, str(reason))
    return Conclusion(SEAL, claim, "certified", (engine,))


def refuted(todo: Plan, t: Sign, value: Equal) -> Refutation:
    """Refute a statement by a theorem on the difference of two sides: `value` says what that is, `t` its sign.

    Law: a difference of another sign than the relation allows contradicts the relation.
    """
    place = [k for k, g in enumerate(todo.goals) if (g.expression, g.scope) == (value.left, value.scope)]
    require(place and t.expression == value.right and t.scope == value.scope, "no goal of this statement")
    require(not t.signs & todo.goals[place[0]].allowed, "the theorem does not contradict it")
    left, right = todo.sides[place[0]]
    shown = (value.right + right, right) if not right.has(sp.Integral) else (left, left - value.right)
    return Refutation(SEAL, "refuted", tuple(str(sp.expand(side)) for side in shown))


def refuted_limit(todo: Plan, limit: Limit) -> Refutation:
    """Refute a statement by a limit that is certainly another than the claimed one.

    Law: a function has one limit.
    """
    for wanted in todo.limits:
        if (wanted.expression, wanted.u, wanted.near) == (limit.expression, limit.u, limit.scope):
            apart = {limit.value, wanted.claimed} & set(INFINITE) and limit.value != wanted.claimed
            if apart or not sign(sp.factor(limit.value - wanted.claimed), wanted.near) & ZERO:
                witness = {"side": wanted.way} if wanted.way else {}
                return Refutation(SEAL, "refuted", (str(limit.value), str(wanted.claimed)), witness)
    require(False, "the limits are not apart")
    raise AssertionError


def undefined(todo: Plan, owed: Goal, base: Expr, a: Expr, b: Expr) -> Refutation:
    """Refute a statement whose denominator certainly vanishes somewhere in the domain, from a to b.

    Theorem (intermediate values): see `vanishing`. The variable of an integral counts too; but an integrand may be
    singular at the ends of an improper one.
    """
    (x,) = owed.expression.free_symbols
    require(owed in todo.obligations and owed.allowed == NEG | POS and owed.necessary, "it may be defined elsewhere")
    inner = [s for s in owed.scope.ranges if s.name.startswith(("t#", "k#", "x#", "u#"))]
    require(not todo.statement.where and (inner == [x] if inner else x.name in todo.statement.domain), "another scope")
    require(not inner or todo.improper, "the integral may be improper")
    vanishing(owed.expression, base, x, a, b, owed.scope)
    place = str(a) if a == b else f"between {a} and {b}"
    return Refutation(SEAL, "undefined", (f"{owed.expression} vanishes there",), {x.name.partition("#")[0]: place})


def fails_at(claim: Statement, point: dict[str, str]) -> Refutation:
    """Refute a strict relation whose sides are exactly equal at a point, where balls cannot tell them apart.

    Law: a number is not less than itself.
    """
    values = {name: parse_expression(f"({text})") for name, text in point.items()}
    for relation in claim.relations:
        here = Lowering(Scope({}))
        left, right = (here.expression(substitute(side, values, "#")) for side in (relation.left, relation.right))
        strict = relation.op in ("<", ">", "!=") and not here.obligations
        if strict and isinstance(left, Expr) and isinstance(right, Expr) and is_zero(left - right, here.scope):
            return Refutation(SEAL, "refuted", (str(left), str(right)), point)
    require(False, "no strict relation fails there")
    raise AssertionError
