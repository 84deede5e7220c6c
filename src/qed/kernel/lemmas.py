"""Using what was accepted before."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from sympy import Expr

from ..statements.errors import OutOfReach
from ..statements.language import Domain, Relation, Statement, bound_variable
from .lower import Lowering, domain_scope
from .signs import sum_sign
from .theorems import ANY, ENOUGH, SEAL, Equal, Scope, Sign


@dataclass(frozen=True)
class Lemma:
    """A claim that was accepted before, ready to be used."""

    name: str
    statement: Statement


def accepted(lemma: Lemma) -> list[Sign | Equal]:
    """Read an earlier claim as theorems about its own variables.

    Rule: what was accepted may be used, under its own name. Left out are claims with hypotheses or matrices, and
    what the symbolic route does not reach. What is undefined elsewhere is known to be met; a gamma function has values
    at negative numbers too. Order is transitive: of a chain, any side compares with any later one.

    On cards: ``using {claims}``.
    """
    found: list[Sign | Equal] = []
    chain: list[tuple[Expr, Expr, int, Scope]] = []
    owed: list[Sign] = []
    if lemma.statement.matrix_names or lemma.statement.where:
        return found
    by = (f"using {lemma.name}",)
    for relation, domain in (one for r in lemma.statement.relations for one in pointwise(r, lemma.statement.domain)):
        owner = Lowering(domain_scope(domain))
        try:
            left, right = owner.expression(relation.left), owner.expression(relation.right)
        except OutOfReach:
            chain = []
            continue
        scope = owner.scope
        met = [o for o in owner.obligations if o.necessary and o.scope == scope]
        owed += [Sign(SEAL, o.expression, o.allowed, scope, by) for o in met]
        scope = scope.knowing(*(t for t in owed if t.scope == scope))
        if isinstance(left, Expr) and isinstance(right, Expr) and relation.op == "=":
            found.append(Equal(SEAL, left, right, scope, by))
        elif isinstance(left, Expr) and isinstance(right, Expr):
            links = [(start, signs) for start, end, signs, over in chain if end == left and over == scope]
            steps = [(start, sum_sign(signs, ENOUGH[relation.op])) for start, signs in links]
            chain = [(a, right, signs, scope) for a, signs in [*steps, (left, ENOUGH[relation.op])] if signs != ANY]
            found += [Sign(SEAL, start - end, signs, scope, by) for start, end, signs, _ in chain]
    return found


def pointwise(r: Relation, domain: dict[str, Domain]) -> list[tuple[Relation, dict[str, Domain]]]:
    """Read a bound of a supremum or an infimum as one of the values.

    Definition: no value is above the supremum, or below the infimum.
    """
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(r.op, r.op)
    for side, op, other in ((r.left, r.op, r.right), (r.right, turned, r.left)):
        name = ast.unparse(side.func) if isinstance(side, ast.Call) else ""
        if isinstance(side, ast.Call) and name in ("Sup", "Inf"):
            (x, lo, hi), f, wanted = bound_variable(side), side.args[0], "<" if name == "Sup" else ">"
            told = {x, *(n.id for end in (lo, hi) for n in ast.walk(end) if isinstance(n, ast.Name))}
            if op[0] not in (wanted, "=") or told & set(domain):
                return []
            span = Domain("real", ast.unparse(lo), ast.unparse(hi), False, False)
            both = f.args if isinstance(f, ast.Call) and ast.unparse(f.func) == "Abs" and wanted == "<" else []
            functions = [*both, ast.UnaryOp(ast.USub(), both[0])] if both else [f]
            op = f"{wanted}=" if op == "=" else op
            return [(Relation(g, op, other, r.text), {**domain, x: span}) for g in functions]
    return [(r, domain)]
