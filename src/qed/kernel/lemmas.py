"""Using what was accepted before: equals for equals, and signs of known inequalities."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy import Expr, Symbol

from ..statements.errors import OutOfReach
from ..statements.language import Relation, Statement
from .lower import Lowering
from .scope import ENOUGH, NEG, ZERO, Range, Scope, domain_scope, is_whole, sign

Binding = dict[Symbol, Expr]


@dataclass(frozen=True)
class Lemma:
    """A claim that was accepted before, ready to be used."""

    name: str
    statement: Statement


@dataclass(frozen=True)
class Fact:
    """One relation of a lemma in its own symbols; `free` are those symbols, with their ranges in `scope`."""

    lemma: str
    left: Expr
    op: str
    right: Expr
    scope: Scope
    usable: bool

    @property
    def free(self) -> frozenset[Symbol]:
        """The lemma's variables."""
        return frozenset(self.scope.ranges)


def facts(lemma: Lemma) -> list[Fact]:
    """Lower a lemma's relations; those beyond the symbolic route, or about matrices, are left out.

    Theorem: functions that are equal on an open interval have equal derivatives there, so that an equation also
    gives its first two derivatives.
    """
    found = []
    for relation in lemma.statement.relations:
        if lemma.statement.matrix_names:
            continue
        owner = Lowering(domain_scope(lemma.statement.domain))
        try:
            left, right = owner.expression(relation.left), owner.expression(relation.right)
        except OutOfReach:
            continue
        if isinstance(left, Expr) and isinstance(right, Expr):
            found.append(Fact(lemma.name, left, relation.op, right, owner.scope, not lemma.statement.where))
            found += _derived(found[-1], relation)
    return found


def _derived(fact: Fact, relation: Relation) -> list[Fact]:
    """Differentiate an equation in every variable that ranges over an open interval, once and twice."""
    if relation.op != "=":
        return []
    derived = []
    for x, span in fact.scope.ranges.items():
        if x.is_integer or not is_open(span):
            continue
        for k in (1, 2):
            sides = sp.diff(fact.left, x, k), sp.diff(fact.right, x, k)
            derived.append(Fact(fact.lemma, sides[0], "=", sides[1], fact.scope, fact.usable))
    return derived


def is_open(span: Range) -> bool:
    """Tell whether a range is an open interval."""
    return (span.lo is None or span.lo_open) and (span.hi is None or span.hi_open)


def rewrite(e: Expr, part: Expr, fact: Fact, binding: Binding, scope: Scope) -> Expr | None:
    """Put the right side of an instance of an equation for its left side, which must stand in `e` as `part`.

    Rule: equals may be put for equals, in the lemma's domain.

    On cards: ``rewriting by {claims}``.
    """
    if fact.op != "=" or fact.left.subs(binding, simultaneous=True) != part or not admits(fact, binding, scope):
        return None
    changed: Expr = e.subs(part, fact.right.subs(binding, simultaneous=True))
    return changed


def instance_sign(e: Expr, gap: Expr, fact: Fact, binding: Binding, scope: Scope) -> int | None:
    """Give the signs that an inequality allows its difference of sides, if `e` is an instance of that.

    `gap` is ``left - right`` of the fact, possibly rewritten by equations.

    Rule: what holds for all values in a domain holds for each of them.

    On cards: ``signs from {claims}``.
    """
    if fact.op == "=" or gap.subs(binding, simultaneous=True) != e or not admits(fact, binding, scope):
        return None
    return ENOUGH[fact.op]


def admits(fact: Fact, binding: Binding, scope: Scope) -> bool:
    """Tell whether an instance of a lemma lies in the lemma's domain.

    Rule: a lemma says nothing outside its domain, so every variable's image must be certain to lie in its set.
    """
    if not fact.usable or set(binding) != set(fact.scope.ranges):
        return False
    shallow = Scope(scope.symbols, scope.ranges, scope.facts, scope.oracle)
    for symbol, image in binding.items():
        span = fact.scope.ranges[symbol]
        if not image.free_symbols <= set(scope.ranges):
            return False
        if not (is_whole(image) if symbol.is_integer else image.is_extended_real and image.is_finite):
            return False
        for end, end_open, way in ((span.lo, span.lo_open, 1), (span.hi, span.hi_open, -1)):
            if end is not None and sign(sp.expand(way * (image - end)), shallow) & (NEG | (ZERO if end_open else 0)):
                return False
    return True
