"""Try the kernel's rules in an order that is likely to end soon."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from flint import fmpq
from sympy import Expr, ImmutableMatrix, Symbol

from ..kernel import rules
from ..kernel.lemmas import Binding, Fact, Lemma, admits, facts, instance_sign, rewrite
from ..kernel.limits import limit
from ..kernel.lower import Lowering, Obligation
from ..kernel.normal import is_zero
from ..kernel.scope import ANY, ENOUGH, NEG, POS, ZERO, Range, Scope, constant_sign, domain_scope, sign, without_corners
from ..numeric import balls, boxes
from ..statements.errors import OutOfReach, UndefinedAt
from ..statements.language import ARITY, CONSTANTS, Relation, Statement, parse_expression
from .match import matches

STEPS = 160  # derivatives taken in all chains of one inequality
CASES = 50_000


@dataclass
class Proof:
    """What was concluded: a grade, the rules named in the order of use, and what was tried in vain."""

    grade: str | None = None
    engines: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    verdict: str = ""
    witness: dict[str, str] = field(default_factory=dict)
    sides: tuple[str, ...] = ()

    def by(self, *names: str) -> bool:
        """Note the rules that concluded."""
        self.engines += [name for name in names if name not in self.engines]
        return True


class Prover:
    """Prove one statement with the kernel's rules.

    Parameters
    ----------
    claim : Statement
        What is to be proved.
    lemmas : list of Lemma
        Earlier claims that may be used.
    certificate : str, optional
        An antiderivative, in the integration variable, for the statement's integral.
    """

    def __init__(self, claim: Statement, lemmas: list[Lemma], certificate: ast.expr | None = None):
        self.claim, self.lemmas, self.certificate = claim, lemmas, certificate
        self.proof = Proof()
        self.z3_used = False
        self.touched: set[str] = set()
        self.improper = False
        self.steps = [STEPS]
        # Derivatives of equations stand after the equations themselves, the higher ones first to be tried.
        self.facts = [fact for lemma in lemmas for fact in reversed(facts(lemma))]

    def run(self) -> Proof:
        """Prove every relation of the statement, or leave the grade None."""
        proof = self.proof
        finite = self._enumerate()
        if finite is not None:
            return finite
        if not self.claim.domain and all(r.op != "=" for r in self.claim.relations):
            if self._certified():
                proof.grade = "certified"
            return proof
        done = self._limits() if self._mentions("Limit") else self._sizes()
        if (
            not done
            and not proof.verdict
            and self._mentions("Integral")
            and all(r.op == "=" for r in self.claim.relations)
        ):
            self.improper = True
            done = self._sizes()
        if proof.verdict:
            return proof
        if done:
            proof.grade = "instances" if self.claim.matrix_names and len(self.claim.sizes) > 1 else "proved"
            if proof.grade == "instances":
                sizes = ", ".join(map(str, self.claim.sizes))
                proof.engines.append(f"generic entries, sizes {sizes}")
            return proof
        proof.engines.clear()
        if self._certified():
            proof.grade = "certified"
        return proof

    def _mentions(self, name: str) -> bool:
        sides = [side for r in self.claim.relations for side in (r.left, r.right)]
        return any(isinstance(n, ast.Name) and n.id == name for side in sides for n in ast.walk(side))

    def _sizes(self) -> bool:
        try:
            return all(self._at_size(size) for size in self.claim.sizes)
        except OutOfReach as reason:
            self.proof.tried.append(f"the symbolic route does not reach it: {reason}")
            return False

    def _limits(self) -> bool:
        """Settle equations of the form ``Eq(Limit(f, x, p, side), L)``, side by side."""
        for relation in self.claim.relations:
            node = relation.left
            shaped = (
                isinstance(node, ast.Call) and ast.unparse(node.func) == "Limit" and isinstance(node.args[1], ast.Name)
            )
            if not shaped or relation.op != "=":
                self.proof.tried.append("a limit stands alone on the left of Eq(Limit(f, x, p, side), value)")
                return False
            assert isinstance(node, ast.Call)
            try:
                if not self._limit(node, relation):
                    return False
            except OutOfReach as reason:
                self.proof.tried.append(f"the symbolic route does not reach it: {reason}")
                return False
        return True

    def _limit(self, node: ast.Call, relation: Relation) -> bool:
        scope = replace(domain_scope(self.claim.domain), oracle=self._oracle)
        outer = Lowering(scope)
        point, claimed = outer.expression(node.args[2]), outer.expression(relation.right)
        way = node.args[3].value if len(node.args) == 4 and isinstance(node.args[3], ast.Constant) else "+-"
        sides = ("+",) if point in (sp.oo, -sp.oo) else ("+", "-") if way == "+-" else (str(way),)
        x = Symbol(ast.unparse(node.args[1]), real=True)
        small = sp.Rational(1, 1000)
        for side in sides:
            if point in (sp.oo, -sp.oo):
                span = Range(sp.Integer(1000), None) if point is sp.oo else Range(None, sp.Integer(-1000))
            else:
                span = Range(point, point + small, True) if side == "+" else Range(point - small, point, False, True)
            if not all(self._discharge(owed) for owed in outer.obligations):
                self.proof.tried.append("definedness of the point and the value")
                return False
            near = Lowering(scope.with_symbol(x, span))
            body = near.expression(node.args[0])
            if not all(self._discharge(owed) for owed in near.obligations):
                self.proof.tried.append("definedness near the point")
                return False
            found = limit(without_corners(body, near.scope), x, point, side, scope)
            if found is None:
                self.proof.tried.append("limits by continuity, arithmetic and L'Hopital's theorem")
                return False
            same = found == claimed or (not (found - claimed).has(sp.oo, sp.nan) and is_zero(found - claimed, scope))
            if not same:
                apart = (
                    found in (sp.oo, -sp.oo) or claimed in (sp.oo, -sp.oo) or not sign(found - claimed, scope) & ZERO
                )
                if apart:
                    self.proof.verdict, self.proof.sides = "refuted", (str(found), str(claimed))
                    self.proof.witness = {"side": side} if len(sides) == 2 else {}
                return False
        return self.proof.by("limits by continuity, arithmetic and L'Hopital's theorem")

    def _enumerate(self) -> Proof | None:
        """Go through a finite domain point by point."""
        domains = self.claim.domain.values()
        if not domains or any(d.kind != "integer" or "oo" in (d.lo.lstrip("-"), d.hi) for d in domains):
            return None
        spans = [range(int(d.lo), int(d.hi) + 1) for d in domains]
        if math.prod(len(span) for span in spans) > CASES:
            self.proof.tried.append(f"enumeration: more than {CASES} cases")
            return self.proof
        met = 0
        for point in itertools.product(*spans):
            env = {name: fmpq(k) for name, k in zip(self.claim.domain, point, strict=True)}
            try:
                met_here = [balls.holds(h, env)[0] for h in self.claim.where]
                if False in met_here:
                    continue
                met += 1
                if not all(balls.holds(r, env)[0] is True for r in self.claim.relations):
                    self.proof.tried.append(
                        f"enumeration: not settled at {dict(zip(self.claim.domain, point, strict=True))}"
                    )
                    return self.proof
            except (OutOfReach, UndefinedAt) as reason:
                self.proof.tried.append(f"enumeration: {reason}")
                return self.proof
        if met:
            self.proof.by("enumeration of every case")
            self.proof.grade = "exhausted"
        return self.proof

    def _certified(self) -> bool:
        """Settle a statement without variables at its one point, or an inequality on a box."""
        for relation in self.claim.relations:
            try:
                if not self.claim.domain:
                    if relation.op == "=" or balls.holds(relation, {})[0] is not True:
                        return False
                    self.proof.by("ball arithmetic")
                elif boxes.certify(relation, self.claim):
                    self.proof.by("ball arithmetic, branch and bound")
                else:
                    self.proof.tried.append("branch and bound over balls")
                    return False
            except (OutOfReach, UndefinedAt) as reason:
                self.proof.tried.append(f"ball arithmetic: {reason}")
                return False
        return True

    def _oracle(self, e: Expr, scope: Scope) -> int:
        found = rules.nlsat(e, scope)
        self.z3_used = self.z3_used or found != ANY
        return found

    def _lemma_sign(self, e: Expr, scope: Scope) -> int:
        found = ANY
        for fact in self.facts:
            if fact.op == "=" or found in (POS, NEG, ZERO):
                continue
            for gap in self._gaps(fact):
                for binding in matches(gap, e, fact.free, {}):
                    known = instance_sign(e, gap, fact, binding, scope)
                    if known is not None:
                        found &= known
                        self.touched.add(fact.lemma)
                        break
        return found

    def _gaps(self, fact: Fact) -> list[Expr]:
        """Give the difference of an inequality's sides, as stated and rewritten by the other lemmas."""
        gap = fact.left - fact.right
        changed, by = self._rewrite(gap, fact.scope, skip=fact.lemma)
        return [gap, changed] if by else [gap]

    def _at_size(self, size: int) -> bool:
        scope = domain_scope(self.claim.domain)
        scope = replace(scope, oracle=self._oracle, lemmas=self._lemma_sign if self.lemmas else None)
        hypotheses = Lowering(scope, size, self.claim.matrix_names)
        facts: list[tuple[Expr, int]] = []
        for relation in self.claim.where:
            gap = hypotheses.expression(relation.left) - hypotheses.expression(relation.right)
            facts.append((sp.expand(gap), ENOUGH[relation.op]))
        scope = fold(replace(hypotheses.scope, facts=tuple(facts)))
        for relation in self.claim.relations:
            lowering = Lowering(scope, size, self.claim.matrix_names if size else (), improper=self.improper)
            left, right = lowering.expression(relation.left), lowering.expression(relation.right)
            for owed in (*hypotheses.obligations, *lowering.obligations):
                if not self._discharge(owed):
                    self.proof.tried.append(f"definedness: could not show that {owed.reason}")
                    self._undefined(owed)
                    return False
            if isinstance(left, ImmutableMatrix) or isinstance(right, ImmutableMatrix):
                if left.shape != right.shape or relation.op != "=":
                    raise OutOfReach("matrices of different shapes")
                gaps = [sp.expand(a - b) for a, b in zip(left, right, strict=True)]
                gaps = [g for g in gaps if g != 0]
                if not gaps:
                    self.proof.by("exact residual")
            else:
                gaps = _without_modulus(left, relation.op, right)
            inner = lowering.scope
            for gap in gaps:
                if not (self._equation(gap, inner) if relation.op == "=" else self._order(gap, relation.op, inner)):
                    return False
        return True

    def _undefined(self, owed: Obligation) -> None:
        """Refute a statement whose denominator certainly vanishes somewhere in the domain."""
        free = sorted(owed.expression.free_symbols, key=str)
        if owed.allowed != NEG | POS or len(free) != 1 or self.claim.where or not owed.necessary:
            return
        # The variable of an integral counts too: an integrand may be singular at the ends, and not between them.
        bound = [
            s for s in owed.scope.ranges if "#" in s.name and s.name.partition("#")[0] not in self.claim.matrix_names
        ]
        if (bound == [free[0]] and self.improper) or (not bound and free[0].name in self.claim.domain):
            found = rules.vanishes(owed.expression, free[0], owed.scope)
            if found:
                self.proof.verdict = "undefined"
                self.proof.witness = {
                    free[0].name.partition("#")[0]: str(found[0])
                    if found[0] == found[1]
                    else f"between {found[0]} and {found[1]}"
                }
                self.proof.sides = (f"{owed.expression} vanishes there",)

    def _discharge(self, owed: Obligation) -> bool:
        scope = replace(owed.scope, oracle=self._oracle, lemmas=self._lemma_sign if self.lemmas else None)
        if replace(owed, scope=scope).met():
            return True
        if any(not found & ~owed.allowed for found in self._signs(owed.expression, scope)):
            return True
        outside = {s.name for s in owed.expression.free_symbols} - set(self.claim.domain)
        wanted = [op for op in (">", "<") if not ENOUGH[op] & ~owed.allowed]
        if outside or scope.facts or owed.expression.has(sp.Sum, sp.Product, sp.Integral):
            return False
        zero, text = ast.Constant(0), parse_expression(str(owed.expression))
        return any(boxes.certify(Relation(text, op, zero, ""), self.claim) for op in wanted)

    # Equations

    def _equation(self, gap: Expr, scope: Scope) -> bool:
        if is_zero(gap, scope) and not self.improper:
            return self.proof.by("exact residual")
        closed = self._integrate(gap, scope)
        if closed is not None and is_zero(closed, scope):
            return self.proof.by("antiderivative, checked by differentiation", "exact residual")
        if closed is not None and not closed.free_symbols and constant_sign(closed) in (POS, NEG):
            integral = sorted(gap.atoms(sp.Integral), key=sp.default_sort_key)[0]
            value = closed - gap.subs(integral, 0)
            self.proof.verdict, self.proof.sides = (
                "refuted",
                (str(sp.nsimplify(value)), str(sp.nsimplify(value - closed))),
            )
            return False
        if self.improper:
            self.proof.tried.append("antiderivative with limits at the ends")
            return False
        rewritten, by = self._rewrite(gap if closed is None else closed, scope)
        if by and is_zero(rewritten, scope):
            if closed is not None:
                self.proof.by("antiderivative, checked by differentiation")
            return self.proof.by(rewriting(by), "exact residual")
        if self._certified_sum(gap, scope):
            return self.proof.by("Wilf-Zeilberger certificate", "exact residual")
        for n in sorted(gap.free_symbols, key=str):
            if n.is_integer and n in scope.ranges and rules.induction(gap, n, scope):
                return self.proof.by(f"induction on {n}", "exact residual")
        for x in sorted(gap.free_symbols, key=str):
            if x.is_real and not x.is_integer and x in scope.ranges and rules.constant_by_derivative(gap, x, scope):
                return self.proof.by(f"zero derivative in {x} and one value", "exact residual")
        self.proof.tried += ["exact residual", "rewriting", "induction", "zero derivative"]
        return False

    def _certified_sum(self, gap: Expr, scope: Scope) -> bool:
        """Judge ``Sum(...) - closed form`` by the certificate, a rational function of n and the index."""
        found = sorted(gap.atoms(sp.Sum), key=sp.default_sort_key)
        if self.certificate is None or len(found) != 1:
            return False
        total = found[0]
        factor = sp.expand(gap).coeff(total)
        if factor not in (1, -1):
            return False
        n, proposal = total.limits[0][2], self._proposal(total.limits[0], scope)
        closed = -sp.expand(factor * gap - total)
        return proposal is not None and n.is_Symbol and rules.wilf_zeilberger(total, closed, proposal, n, scope)

    def _proposal(self, limits: Any, scope: Scope) -> Expr | None:
        """Read the certificate; a name that is no variable of the statement is the bound one."""
        assert self.certificate is not None
        bound, lo, hi = limits
        span = rules.between(lo, hi, self.improper) if not bound.is_integer else Range(lo, hi)
        lowering = Lowering(scope.with_symbol(bound, span))
        names = {node.id for node in ast.walk(self.certificate) if isinstance(node, ast.Name)}
        for name in names - set(scope.symbols) - set(ARITY) - set(CONSTANTS):
            lowering.scope = replace(lowering.scope, symbols={**lowering.scope.symbols, name: bound})
        proposal: Expr = lowering.expression(self.certificate)
        return proposal if all(self._discharge(owed) for owed in lowering.obligations) else None

    def _integrate(self, gap: Expr, scope: Scope) -> Expr | None:
        """Replace every integral by the ends of a proposed antiderivative."""
        found = sorted(gap.atoms(sp.Integral), key=sp.default_sort_key)
        if not found:
            return None
        for integral in found:
            t, lo, hi = integral.limits[0]
            if self.certificate is not None:
                found_here = self._proposal(integral.limits[0], scope)
                if found_here is None:
                    return None
                proposal = found_here
            else:
                span = rules.between(lo, hi, self.improper)
                integrand = without_corners(integral.function, scope.with_symbol(t, span))
                gap, integral = (
                    gap.subs(integral, sp.Integral(integrand, (t, lo, hi))),
                    sp.Integral(integrand, (t, lo, hi)),
                )
                proposal = sp.integrate(integrand, t)
            if proposal.has(sp.Integral, sp.Piecewise):
                return None
            closed = rules.antiderivative(integral, proposal, scope, self.improper)
            if closed is None:
                self.proof.tried.append(f"the antiderivative {proposal} does not fit")
                return None
            gap = gap.subs(integral, closed)
        return gap

    def _rewrite(self, e: Expr, scope: Scope, skip: str = "", only: str = "") -> tuple[Expr, list[str]]:
        """Put right sides of earlier equations for their left sides wherever an instance stands; name them."""
        names: list[str] = []
        for fact in self.facts:
            if (
                fact.op != "="
                or fact.lemma == skip
                or only not in ("", fact.lemma)
                or not fact.left.free_symbols & fact.free
            ):
                continue
            for part in sorted(sp.preorder_traversal(e), key=_larger_first):
                if not isinstance(part, Expr) or fact.left.is_Symbol:
                    continue
                for binding in matches(fact.left, part, fact.free, {}):
                    changed = rewrite(e, part, fact, binding, scope)
                    if changed is not None and changed != e:
                        e = changed
                        names.append(fact.lemma)
                        break
        return e, names

    # Inequalities

    def _order(self, gap: Expr, op: str, scope: Scope) -> bool:
        allowed, self.steps = ENOUGH[op], [STEPS]
        for names, found in self._named_signs(gap, scope):
            if not found & ~allowed:
                return self.proof.by(*names, *(["Z3 nlsat"] if self.z3_used else []), *self._leaning())
            self.z3_used = False
            self.touched.clear()
        self.proof.tried += ["signs", "Sturm", "Z3", "derivative chains", "tangents"]
        return False

    def _leaning(self) -> list[str]:
        return [f"signs from {', '.join(sorted(self.touched))}"] if self.touched else []

    def _signs(self, e: Expr, scope: Scope) -> Iterator[int]:
        for _, found in self._named_signs(e, scope):
            yield found

    def _named_signs(self, gap: Expr, scope: Scope) -> Iterator[tuple[list[str], int]]:
        forms: list[tuple[list[str], Expr]] = [([], gap)]
        closed = self._integrate(gap, scope) if gap.has(sp.Integral) and self.certificate is not None else None
        if closed is not None:
            forms.insert(0, (["antiderivative, checked by differentiation"], closed))
        start = forms[0]
        for only in ["", *(lemma.name for lemma in self.lemmas if len(self.lemmas) > 1)][::-1]:
            rewritten, by = self._rewrite(start[1], scope, only=only)
            if by and rewritten not in [form for _, form in forms]:
                forms.insert(0, ([*start[0], rewriting(by)], rewritten))
        forms += [([rewriting([by_name])], added) for added, by_name in self._added_zeros(gap, scope)]
        self.z3_used = False
        self.touched.clear()
        for how, form in forms:
            yield [*how, "sign rules"], sign(form, scope, False)
            for x in form.free_symbols & set(scope.ranges) if len(form.free_symbols) == 1 and not scope.facts else ():
                if not x.is_integer:
                    yield [*how, "Sturm's theorem"], rules.sturm(form, x, scope)
            yield [*how, "sign rules"], sign(form, scope)
            yield [*how, "sign rules"], sign(rules.strip(form, scope), scope)
        for how, form in forms:
            core = rules.strip(form, scope)
            variables = [
                s for s in sorted(core.free_symbols, key=str) if s in scope.ranges and s.is_real and not s.is_integer
            ]
            for x in variables:
                if core.free_symbols == {x} and not scope.facts:
                    yield [*how, "Sturm's theorem in an exponential"], rules.exponential_sign(form, x, scope)
            for x in variables:
                for depth in (1, 2, 4, 6) if sp.count_ops(core) <= 40 else (1, 2):
                    yield [*how, f"derivative chain in {x}"], rules.chain_sign(core, x, scope, depth, self.steps)
            for x, c in itertools.permutations(variables, 2):
                if scope.ranges[x] == scope.ranges[c]:
                    yield self._tangent(how, form, x, c, scope)
            for x in variables:
                for p in rules.anchors(scope.ranges[x]):
                    yield self._tangent(how, form, x, p, scope)
            for x in variables:
                yield [*how, f"cases {x} < 0, {x} = 0, {x} > 0"], rules.trichotomy(form, x, scope)

    def _tangent(self, how: list[str], e: Expr, x: Symbol, c: Expr, scope: Scope) -> tuple[list[str], int]:
        """Judge a function by its second derivative where it touches zero."""
        names = [*how, f"second-order contact at {x} = {c}"]
        by: list[str] = []

        def plainer(form: Expr) -> Expr:
            changed, used = self._rewrite(form, scope)
            by.extend(used)
            return changed

        found = rules.tangent(e, x, c, scope, plainer)
        return [*names, *([rewriting(by)] if by else [])], found

    def _added_zeros(self, gap: Expr, scope: Scope) -> Iterator[tuple[Expr, str]]:
        """Add a lemma's ``right - left`` or its negative, its variables standing for their namesakes."""
        for fact in self.facts:
            if fact.op != "=" or not all(s.name in scope.symbols for s in fact.free):
                continue
            binding: Binding = {s: scope.symbols[s.name] for s in fact.free}
            if not admits(fact, binding, scope):
                continue
            zero = (fact.right - fact.left).subs(binding)
            for added in (gap + zero, gap - zero):
                if sp.count_ops(sp.expand(added)) < sp.count_ops(sp.expand(gap)) + sp.count_ops(zero):
                    yield added, fact.lemma


def fold(scope: Scope) -> Scope:
    """Turn hypotheses that bound one real variable by a number into its range."""
    kept = []
    for fact, signs in scope.facts:
        symbol = next(iter(fact.free_symbols)) if len(fact.free_symbols) == 1 else None
        slope = sp.diff(fact, symbol) if symbol is not None else None
        if symbol is None or symbol.is_integer or slope is None or not slope.is_Rational or slope == 0:
            kept.append((fact, signs))
            continue
        end = -fact.subs(symbol, 0) / slope
        below = bool(signs & POS) == bool(slope > 0)
        span = scope.ranges[symbol]
        if signs not in (POS, NEG, POS | ZERO, NEG | ZERO) or not end.is_Rational:
            kept.append((fact, signs))
            continue
        strict = not signs & ZERO
        old, old_open = (span.lo, span.lo_open) if below else (span.hi, span.hi_open)
        if old is not None and not old.is_Rational:
            kept.append((fact, signs))
            continue
        tighter = old is None or (end > old if below else end < old) or (end == old and strict)
        if tighter:
            ends = (end, span.hi, strict, span.hi_open) if below else (span.lo, end, span.lo_open, strict)
            scope = scope.with_range(symbol, Range(*ends))
    return replace(scope, facts=tuple(kept))


def _without_modulus(left: Expr, op: str, right: Expr) -> list[Expr]:
    """Split ``|u| < v`` into ``u < v`` and ``-u < v``; other relations give their one difference."""
    if op in ("<", "<=") and isinstance(left, sp.Abs):
        return [left.args[0] - right, -left.args[0] - right]
    if op in (">", ">=") and isinstance(right, sp.Abs):
        return [left - right.args[0], left + right.args[0]]
    return [left - right]


def _larger_first(part: Any) -> tuple[int, Any]:
    return -int(sp.count_ops(part)), sp.default_sort_key(part)


def rewriting(names: list[str]) -> str:
    """Name the earlier claims by which an expression was rewritten."""
    return f"rewriting by {', '.join(dict.fromkeys(names))}"
