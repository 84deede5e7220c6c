"""Try the kernel's rules in an order that is likely to end soon."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from ..kernel import rules
from ..kernel.conclude import (
    Approach,
    Conclusion,
    Plan,
    Refutation,
    certified,
    conclude,
    enumerated,
    eventually,
    meets,
    plan,
    refuted,
    refuted_limit,
    undefined,
)  # fmt: skip
from ..kernel.lemmas import Lemma, accepted
from ..kernel.lower import Goal, Lowering, between
from ..kernel.residual import align_sums, residual
from ..kernel.signs import constant_sign, defined, derivative, structure, without_corners
from ..kernel.theorems import ANY, NEG, POS, ZERO, Equal, Range, Refused, Scope, Sign, Theorem
from ..statements.errors import OutOfReach
from ..statements.language import ARITY, CONSTANTS, Statement
from .limits import Limits
from .match import attempt, in_sympy
from .signs import LARGE, STEPS, Signs, anchors, key, risks

WRITTEN = 2000


@dataclass
class Proof:
    """What came of a search: a conclusion of the kernel, a refutation by it, or what was tried in vain."""

    conclusion: Conclusion | None = None
    refutation: Refutation | None = None
    tried: list[str] = field(default_factory=list)

    @property
    def grade(self) -> str | None:
        """The grade that the kernel concluded, if it did."""
        return self.conclusion.grade if self.conclusion else None

    @property
    def engines(self) -> tuple[str, ...]:
        """The rules behind the conclusion."""
        return self.conclusion.engines if self.conclusion else ()


class Prover:
    """Look for a proof of one statement.

    Parameters
    ----------
    claim : Statement
        What is to be proved.
    lemmas : list of Lemma
        Earlier claims that may be used.
    certificate : ast.expr, optional
        An antiderivative in the integration variable, or a Wilf-Zeilberger certificate.
    """

    def __init__(self, claim: Statement, lemmas: list[Lemma], certificate: ast.expr | None = None):
        self.claim, self.certificate = claim, certificate
        self.proof = Proof()
        self.signs = Signs([t for lemma in lemmas for t in accepted(lemma)])
        self.lemmas = [(f"using {lemma.name}",) for lemma in lemmas]
        self.integrals: dict[object, Equal | None] = {}

    def run(self) -> Proof:
        """Look for a conclusion of the kernel, or for a refutation by it."""
        domains = self.claim.domain.values()
        if domains and all(d.kind == "integer" and "oo" not in (d.lo.lstrip("-"), d.hi) for d in domains):
            self._try(lambda: enumerated(self.claim), "enumeration")
            return self.proof
        inequalities = all(r.op != "=" for r in self.claim.relations)
        if domains or not inequalities:
            self._plan(False)
            integrals = any(isinstance(n, ast.Name) and n.id == "Integral" for n in self._nodes())
            if not self._done() and integrals and all(r.op == "=" for r in self.claim.relations):
                self._plan(True)
        if not self._done() and inequalities:
            self._try(lambda: certified(self.claim), "ball arithmetic")
        return self.proof

    def _done(self) -> bool:
        return self.proof.conclusion is not None or self.proof.refutation is not None

    def _nodes(self) -> Iterator[ast.AST]:
        for relation in self.claim.relations:
            yield from ast.walk(relation.left)
            yield from ast.walk(relation.right)

    def _try(self, rule: object, what: str) -> None:
        try:
            self.proof.conclusion = rule()  # type: ignore[operator]
        except Refused as reason:
            self.proof.tried.append(f"{what}: {reason}")

    def _plan(self, improper: bool) -> None:
        """Show one by one what has to be shown; the kernel concludes from that."""
        try:
            self._show(improper)
        except Exception as problem:
            if not in_sympy(problem):
                raise
            self.proof.tried.append(f"SymPy breaks on it: {problem}")

    def _show(self, improper: bool) -> None:
        try:
            todo = plan(self.claim, improper)
        except OutOfReach as reason:
            self.proof.tried.append(f"the symbolic route does not reach it: {reason}")
            return
        found: list[Theorem] = []
        for goal in todo.obligations:
            shown = self._defined(goal)
            if shown is None:
                self.proof.tried.append(f"definedness: could not show that {goal.reason}")
                self._undefined(todo, goal)
                return
            found.append(shown)
        for goal, wanted in todo.nearby:
            over = self._defined(goal)
            close = over or Limits(wanted.u, wanted.near, self.signs).search(wanted.expression)
            if close is None or (over is None and attempt(eventually, goal, close) is None):
                self.proof.tried.append(f"definedness: could not show that {goal.reason}")
                return
            found.append(close)
        for wanted in todo.limits:
            if not self._limit(todo, wanted, found):
                return
        for goal in todo.goals:
            try:
                met = self._goal(todo, goal)
            except OutOfReach as reason:
                self.proof.tried.append(f"the symbolic route does not reach it: {reason}")
                return
            if met is None:
                return
            found.append(met)
        for integral, scope in todo.improper:
            q = None if defined(integral, scope) else self._antiderivative(integral, scope, True)
            found += [q] if q else []
        self._try(lambda: conclude(todo, found), "conclusion")

    # Definedness

    def _defined(self, goal: Goal) -> Sign | None:
        self.signs.budget = STEPS
        for t in self._signs(goal.expression, goal.scope, False):
            if meets(t, goal):
                return t
        boxes = [attempt(rules.boxed, goal.expression, op, goal.scope) for op in (NEG, POS) if not op & ~goal.allowed]
        return next((t for t in boxes if t), None)

    def _undefined(self, todo: Plan, goal: Goal) -> None:
        """Look for a change of sign of a factor of a denominator."""
        if len(goal.expression.free_symbols) != 1 or goal.allowed != NEG | POS:
            return
        (x,) = goal.expression.free_symbols
        span = goal.scope.ranges[x]
        if x.is_integer or any(not end.is_Rational for end, *_ in span.ends):
            return
        lo = span.lo if span.lo is not None else min(sp.Integer(-40), (span.hi or sp.Integer(0)) - 80)
        hi = span.hi if span.hi is not None else max(sp.Integer(40), lo + 80)
        grid = [lo + (hi - lo) * sp.Rational(k, 64) for k in range(65)]
        for factor in sp.Mul.make_args(sp.factor(goal.expression)):
            base = factor.base if factor.is_Pow and factor.exp.is_Rational and factor.exp > 0 else factor
            signs = [constant_sign(base.subs(x, p)) for p in grid]
            exact = [(p, p) for p, found in zip(grid[1:-1], signs[1:-1], strict=True) if found == ZERO]
            between = [(grid[k], grid[k + 1]) for k in range(64) if {signs[k], signs[k + 1]} == {POS, NEG}]
            for a, b in [*exact, *between]:
                found = attempt(undefined, todo, goal, base, a, b)
                if found:
                    self.proof.refutation = found
                    return

    # Limits

    def _limit(self, todo: Plan, wanted: Approach, found: list[Theorem]) -> bool:
        limit = Limits(wanted.u, wanted.near, self.signs).search(wanted.expression)
        if limit is None:
            self.proof.tried.append("limits by continuity, arithmetic and L'Hôpital's theorem")
            return False
        found.append(limit)
        self.proof.refutation = attempt(refuted_limit, todo, limit)
        gap = limit.value - wanted.claimed
        if limit.value != wanted.claimed and not gap.has(sp.oo, -sp.oo, sp.nan):
            q = attempt(residual, gap, sp.S.Zero, wanted.near)
            found += [rules.zero(q)] if q else []
        return self.proof.refutation is None

    # Goals

    def _goal(self, todo: Plan, goal: Goal) -> Sign | None:
        self.signs.budget = STEPS
        if goal.allowed == ZERO:
            return self._equation(todo, goal)
        for t in self._signs(goal.expression, goal.scope, True):
            if meets(t, goal):
                return t
        self.proof.tried += ["signs", "Sturm", "Z3", "derivative chains", "tangents"]
        return None

    def _equation(self, todo: Plan, goal: Goal) -> Sign | None:
        gap, scope = goal.expression, goal.scope
        for q in self._equations(todo, gap, scope):
            t = q if isinstance(q, Sign) else attempt(rules.zero, q)
            if t or isinstance(q, Sign):
                return t
            if q.left == gap and not q.right.free_symbols:
                self.proof.refutation = attempt(refuted, todo, structure(q.right, scope), q)
                if self.proof.refutation:
                    return None
        self.proof.tried += ["exact residual", "rewriting", "induction", "zero derivative"]
        return None

    def _equations(self, todo: Plan, gap: Expr, scope: Scope) -> Iterator[Equal | Sign]:
        """List equations with the gap on the left, and 0 on the right if all goes well."""
        informed = self._informed(gap, scope)
        for where in (scope, informed)[: 0 if todo.improper else 1 + (informed.known != ())]:
            yield from self._residual(gap, where)
        scope = informed
        for kind in (sp.Integral, sp.Sum) if self.signs.equations else ():
            whole = attempt(rules.gathered, gap, scope, kind) if len(gap.atoms(kind)) > 1 else None
            changed = self.signs.rewritten(whole.right, scope) if whole else None
            yield from self._residual(gap, scope, rules.follow(whole, changed)) if whole and changed else ()
        closed = self._integrated(gap, scope, bool(todo.improper))
        if closed:
            yield from self._residual(gap, scope, closed)
            yield closed
        if todo.improper:
            self.proof.tried.append("antiderivative with limits at the ends")
            return
        form = closed.right if closed else gap
        changed = self.signs.rewritten(form, scope)
        if changed:
            yield from self._residual(gap, scope, rules.follow(closed, changed) if closed else changed)
        rooted = gap.has(sp.sin, sp.cos) and any(p.exp.is_Rational and not p.exp.is_Integer for p in gap.atoms(sp.Pow))
        by_cases = attempt(rules.nlsat, gap, scope) if rooted or gap.has(sp.Abs, sp.Max, sp.Min) else None
        yield from [by_cases] if by_cases and by_cases.signs == ZERO else []
        yield from self._summed(gap, scope)
        for n in sorted(gap.free_symbols & set(scope.ranges), key=str):
            if n.is_integer:
                yield from self._induction(gap, n, scope)
                yield from self._cleared(gap, n, scope)
        for x in sorted(gap.free_symbols & set(scope.ranges), key=str):
            if not x.is_integer:
                yield from self._constant(gap, x, scope)

    def _informed(self, e: Expr, scope: Scope) -> Scope:
        """Let a scope know the signs of what stands under powers and logarithms."""
        parts = [t for t in sp.preorder_traversal(e) if isinstance(t, Expr) and t.free_symbols <= set(scope.ranges)]
        bases = [t.args[0] for t in parts if t.func is sp.log or (t.is_Pow and not t.exp.is_Integer)]
        deeper = [f for b in bases for f in sp.Mul.make_args(b) if f.free_symbols]
        return self.signs.learned(scope, dict.fromkeys(deeper))

    def _residual(self, gap: Expr, scope: Scope, via: Equal | None = None) -> Iterator[Equal]:
        """Show that the gap, or what it was shown to be, is 0."""
        q = attempt(residual, via.right if via else gap, sp.S.Zero, scope)
        if q:
            yield rules.follow(via, q) if via else q

    def _induction(self, gap: Expr, n: Symbol, scope: Scope) -> Iterator[Equal]:
        span = scope.ranges[n]
        if span.lo is None or not scope.is_free(n):
            return
        scope = self.signs.learned(scope, risks(gap, scope))
        step = attempt(residual, gap.subs(n, n + 1) - gap, sp.S.Zero, scope)
        base = attempt(residual, gap.subs(n, span.lo), sp.S.Zero, scope) if step else None
        found = attempt(rules.induction, gap, n, (base,), step, scope) if base and step else None
        if found:
            yield found
            return
        for order in (1, 2) if self.signs.equations else ():
            yield from self._by_recurrence(gap, n, order, scope)

    def _by_recurrence(self, gap: Expr, n: Symbol, order: int, scope: Scope) -> Iterator[Equal]:
        """Use induction with a recurrence that earlier claims give for the sums, integrals or functions in the gap."""
        later = [gap.subs(n, n + k) for k in range(order + 1)]
        changed = self.signs.rewritten(later[-1], scope)
        if changed is None:
            return
        atoms = [sorted(e.atoms(sp.Sum, sp.Integral), key=sp.default_sort_key) for e in later]
        factors: tuple[Expr, ...] = (sp.S.One, *(sp.S.Zero for _ in range(order - 1)))
        if all(len(found) == 1 for found in atoms):
            weights = [(changed.right.coeff(a), e.coeff(a)) for e, (a,) in zip(later[:-1], atoms, strict=False)]
            if any(w for w, _ in weights) and not any(v == 0 for _, v in weights):
                factors = tuple(w / v for w, v in weights)
        first = sp.S(scope.ranges[n].lo)
        left = later[-1] - sp.Add(*(r * e for r, e in zip(factors, later, strict=False)))
        known = self.signs.rewritten(left, scope)
        step = attempt(residual, known.right, sp.S.Zero, scope) if known else None
        bases = [self._value(gap.subs(n, first + k), scope) for k in range(order)] if step else [None]
        if known and step and all(bases):
            found = attempt(rules.induction, gap, n, tuple(bases), rules.follow(known, step), scope, factors)
            yield from [found] if found else []

    def _value(self, e: Expr, scope: Scope) -> Equal | None:
        """Show that an expression is 0, evaluating its integrals or rewriting it by earlier claims if need be."""
        for via in (None, self._integrated(e, scope, False), self.signs.rewritten(e, scope)):
            for q in self._residual(e, scope, via):
                return q
        return None

    def _cleared(self, gap: Expr, n: Symbol, scope: Scope) -> Iterator[Sign]:
        """Clear a denominator, and then use induction."""
        top, bottom = sp.fraction(sp.together(align_sums(gap, scope)))
        if n not in bottom.free_symbols:
            return
        for q in self._induction(top, n, scope):
            known = self.signs.learned(scope, [bottom])
            whole = rules.product(rules.zero(q), structure(1 / bottom, known))
            same = attempt(residual, gap, whole.expression, known)
            yield from [rules.transfer(whole, same)] if same else []

    def _constant(self, gap: Expr, x: Symbol, scope: Scope) -> Iterator[Equal]:
        slope = attempt(residual, derivative(gap, x), sp.S.Zero, scope)
        for at in anchors(scope.ranges[x]) if slope else []:
            value = attempt(residual, gap.subs(x, at), sp.S.Zero, scope)
            known = self.signs.learned(scope, risks(gap, scope) + risks(derivative(gap, x), scope))
            found = attempt(rules.constant, gap, x, at, slope, value, known) if value else None
            if found:
                yield found
                return

    def _summed(self, gap: Expr, scope: Scope) -> Iterator[Equal]:
        """Judge ``Sum(...) - closed form`` by the certificate, a rational function of n and the index."""
        found = sorted(gap.atoms(sp.Sum), key=sp.default_sort_key)
        if self.certificate is None or len(found) != 1:
            return
        total = found[0]
        factor = sp.expand(gap).coeff(total)
        if factor not in (1, -1):
            return
        proposal = self._proposal(total.limits[0], scope, False)
        closed = -sp.expand(factor * gap - total)
        q = attempt(rules.wilf_zeilberger, total, closed, proposal, scope) if proposal is not None else None
        if q:
            yield from self._residual(gap, scope, rules.rewrite(gap, q))

    def _proposal(self, limits: tuple[Symbol, Expr, Expr], scope: Scope, improper: bool) -> Expr | None:
        """Read the certificate; a name that is no variable of the statement is the bound one."""
        assert self.certificate is not None
        bound, lo, hi = limits
        span = Range(lo, hi) if bound.is_integer else between(lo, hi, improper)
        lowering = Lowering(scope.with_symbol(bound, span))
        names = {node.id for node in ast.walk(self.certificate) if isinstance(node, ast.Name)}
        for name in names - set(scope.names) - set(ARITY) - set(CONSTANTS):
            lowering.scope = replace(lowering.scope, names={**lowering.scope.names, name: bound})
        proposal: Expr = lowering.expression(self.certificate)
        return proposal if all(self._defined(owed) for owed in lowering.obligations) else None

    def _integrated(self, gap: Expr, scope: Scope, improper: bool) -> Equal | None:
        """Replace every integral by the ends of a proposed antiderivative."""
        total = attempt(rules.gathered, gap, scope) if len(gap.atoms(sp.Integral)) > 1 else None
        for integral in sorted((total.right if total else gap).atoms(sp.Integral), key=sp.default_sort_key):
            q = self._antiderivative(integral, scope, improper)
            step = attempt(rules.rewrite, total.right if total else gap, q) if q else None
            if step is None:
                return None
            total = rules.follow(total, step) if total else step
        return total

    def _antiderivative(self, integral: sp.Integral, scope: Scope, improper: bool) -> Equal | None:
        known = (integral, improper, key(scope))
        if known not in self.integrals:
            self.integrals[known] = self._evaluated(integral, scope, improper)
        return self.integrals[known]

    def _evaluated(self, integral: sp.Integral, scope: Scope, improper: bool) -> Equal | None:
        t, lo, hi = integral.limits[0]
        inner = attempt(scope.with_symbol, t, between(lo, hi, improper))
        if inner is None or len(integral.limits) > 1:
            return None
        if self.certificate is not None:
            proposal = self._proposal(integral.limits[0], scope, improper)
        else:
            proposal = primitive(without_corners(integral.function, inner), t)
        if proposal is None or proposal.has(sp.Integral, sp.Piecewise):
            return None
        slope = derivative(proposal, t)
        inner = self.signs.learned(inner, risks(proposal, inner) + risks(slope, inner))
        q = attempt(residual, integral.function, slope, inner)
        values = []
        for end, way in ((hi, "-"), (lo, "+")) if improper else ():
            moved, u, near = rules.approach(proposal, t, end, way, scope)
            limit = Limits(u, near, self.signs).search(moved)
            if limit is None:
                return None
            values.append(limit)
        found = attempt(rules.antiderivative, integral, q, tuple(values), scope, proposal) if q else None
        if found is None:
            self.proof.tried.append(f"the antiderivative {proposal} does not fit")
        return found

    # Inequalities

    def _signs(self, gap: Expr, scope: Scope, integrals: bool) -> Iterator[Sign]:
        """List theorems on the sign of an expression, the cheap ones first."""
        find = self.signs
        forms: list[Equal | None] = [None]
        given = integrals and self.certificate is not None and gap.has(sp.Integral)
        closed = self._integrated(gap, scope, False) if given else None
        forms = [closed, *forms] if closed else forms
        start = closed.right if closed else gap
        for only in [(), *(self.lemmas if len(self.lemmas) > 1 else [])][::-1]:
            changed = find.rewritten(start, scope, only=only)
            if changed and all(form is None or form.right != changed.right for form in forms):
                forms.insert(0, rules.follow(closed, changed) if closed else changed)
        for form in forms:
            for t in self._plain(form.right if form else gap, scope):
                yield rules.transfer(t, form) if form else t
        for form in forms:
            for t in self._deep(form.right if form else gap, scope):
                yield rules.transfer(t, form) if form else t

    def _plain(self, e: Expr, scope: Scope) -> Iterator[Sign]:
        yield structure(e, scope)
        if len(e.free_symbols) == 1 and not scope.facts:
            for x in e.free_symbols & set(scope.ranges):
                t = attempt(rules.sturm, sp.expand(e), x, scope)
                found = self.signs.regained(e, sp.S.One, t) if t else None
                yield from [found] if found else []
        yield self.signs.deep(e, scope)
        t = self.signs.by_core(e, scope)
        yield from [t] if t else []
        for kind in (sp.Integral, sp.Sum):
            q = attempt(rules.gathered, e, scope, kind) if len(e.atoms(kind)) > 1 else None
            yield from [rules.transfer(self.signs.deep(q.right, scope), q)] if q else []

    def _deep(self, e: Expr, scope: Scope) -> Iterator[Sign]:
        find = self.signs
        core, factor = find.stripped(e, scope)
        reals = [s for s in sorted(core.free_symbols, key=str) if s in scope.ranges and not s.is_integer]
        variables = [x for x in reals if not written_out(e, scope.ranges[x])]
        tries: list[Any] = [lambda x=x: find.split(e, x, scope) for x in sorted(e.free_symbols, key=str)]
        tries += [lambda x=x: find.in_exponential(e, x, scope) for x in variables]
        for x in variables:
            for depth in (1, 2, 4, 6) if sp.count_ops(core) <= 40 else (1, 2):
                tries.append(lambda x=x, depth=depth: find.chain(core, x, scope, depth))
        pairs = [(x, c) for x, c in itertools.permutations(variables, 2) if scope.ranges[x] == scope.ranges[c]]
        pairs += [(x, p) for x in variables for p in anchors(scope.ranges[x])]
        tries += [lambda x=x, c=c: find.tangent(e, x, c, scope) for x, c in pairs]
        tries += [lambda x=x: find.trichotomy(e, x, scope) for x in variables]
        tries += [lambda x=x: find.chain(e, x, scope, 3) for x in variables if e != core]
        tries += [lambda x=x: find.descent(e, x, scope) for x in reals]
        tries += [lambda x=x: find.chord(e, x, scope) for x in variables]
        tries += [lambda x=x: find.from_limit(e, x, scope) for x in variables]
        tries += [lambda x=x: find.at_critical(e, x, scope) for x in variables if len(variables) == 1]
        for one in tries:
            t = attempt(one)
            if t is not None and t.signs != ANY:
                found = t if t.expression == e else find.regained(e, factor, t)
                yield from [found] if found else []


def written_out(e: Expr, span: Range) -> bool:
    """Tell whether SymPy would write a gamma function or its kin out at an end, one term for every integer below it."""
    long = any(end.is_Integer and abs(end) > WRITTEN for end, *_ in span.ends)
    return long and e.has(sp.gamma, sp.loggamma, sp.polygamma)


def primitive(f: Expr, t: Symbol) -> Expr | None:
    """Propose an antiderivative; none of a power of more than t with a symbol above, where SymPy has no end."""
    powers = (p for p in f.atoms(sp.Pow) if p.exp.free_symbols - {t} and t in p.base.free_symbols)
    plain = all(p.base.as_independent(t, as_Add=False)[1] == t for p in powers)
    return sp.integrate(f, t) if plain and sp.count_ops(f) <= LARGE else None
