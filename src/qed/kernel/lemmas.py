"""Using what was accepted before."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from ..statements.errors import OutOfReach
from ..statements.language import Statement
from .lower import Lowering, domain_scope
from .theorems import ENOUGH, SEAL, Equal, Sign


@dataclass(frozen=True)
class Lemma:
    """A claim that was accepted before, ready to be used."""

    name: str
    statement: Statement


def accepted(lemma: Lemma) -> list[Sign | Equal]:
    """Read an earlier claim as theorems about its own variables.

    Rule: what was accepted may be used, under its own name. Left out are claims with hypotheses or matrices, and
    what the symbolic route does not reach.

    On cards: ``using {claims}``.
    """
    found: list[Sign | Equal] = []
    if lemma.statement.matrix_names or lemma.statement.where:
        return found
    by = (f"using {lemma.name}",)
    for relation in lemma.statement.relations:
        owner = Lowering(domain_scope(lemma.statement.domain))
        try:
            left, right = owner.expression(relation.left), owner.expression(relation.right)
        except OutOfReach:
            continue
        if isinstance(left, Expr) and isinstance(right, Expr):
            equation, scope = relation.op == "=", owner.scope
            owed = (Sign(SEAL, o.expression, o.allowed, scope, by) for o in owner.obligations if o.scope == scope)
            scope = scope.knowing(*owed)
            found.append(
                Equal(SEAL, left, right, scope, by)
                if equation
                else Sign(SEAL, left - right, ENOUGH[relation.op], scope, by)
            )
    return found
