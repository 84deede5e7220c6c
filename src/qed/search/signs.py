"""Look for the sign of an expression. What is found are theorems of the kernel; a guess concludes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from ..kernel import rules
from ..kernel.residual import residual, shift_gammas, shift_polygammas
from ..kernel.signs import (
    conditions,
    continuous,
    derivative,
    inside,
    is_whole,
    one_sided,
    power_conditions,
    sign,
    structure,
    sum_sign,
)
from ..kernel.theorems import ANY, MIRROR, NEG, POS, ZERO, Equal, Range, Scope, Sign
from .limits import Limits
from .match import attempt, matches

SURE = (POS, NEG, ZERO)
LARGE, GROWTH, STEPS, PIECES, SOLVABLE = 120, 2, 160, 60, 500


def key(scope: Scope) -> tuple[Any, ...]:
    """Make a scope fit for a dictionary."""
    return (tuple(scope.ranges.items()), scope.facts)


class Signs:
    """Find theorems on signs, with the help of earlier claims.

    Parameters
    ----------
    lemmas : list of theorems
        Earlier claims as the kernel reads them.
    """

    def __init__(self, lemmas: list[Sign | Equal]):
        self.equations = [q for q in lemmas if isinstance(q, Equal)]
        told = [t for t in lemmas if isinstance(t, Sign)]
        self.inequalities = [*told, *(rules.product(structure(sp.S.NegativeOne, t.scope), t) for t in told)]
        self.equations = [d for q in self.equations for d in derived(q)]
        self.seen: dict[Any, Sign] = {}
        self.budget, self.cores = STEPS, [movable(t.expression, t.scope.ranges) for t in self.inequalities]
        for t in list(self.inequalities):
            changed = self.rewritten(t.expression, t.scope, skip=t.by)
            back = attempt(rules.transfer, t, changed) if changed else None
            self.inequalities += [back] if back else []
        self.cores = [movable(t.expression, t.scope.ranges) for t in self.inequalities]

    # Structure, earlier claims, Z3

    def learned(self, scope: Scope, wanted: Iterable[Expr], z3: bool = True) -> Scope:
        """Let a scope know the signs of some expressions."""
        found = []
        for e in wanted:
            if sign(e, scope) not in SURE:
                t = self.deep(e, scope, z3)
                found += [t] if t.signs & sign(e, scope) != sign(e, scope) else []
        return scope.knowing(*found)

    def grounded(self, e: Expr, scope: Scope) -> Scope:
        """Let a scope know what an expression needs to have a value."""
        scope = self.learned(scope, risks(e, scope))
        rest = [a for a in risks(e, scope) if sp.count_ops(a) <= 6]
        boxed = [t for a in rest for op in (POS, NEG) if (t := attempt(rules.boxed, a, op, scope, PIECES))]
        return scope.knowing(*boxed)

    def deep(self, e: Expr, scope: Scope, z3: bool = True) -> Sign:
        """Find a sign by structure, from the parts, by earlier claims and by Z3."""
        place = (e, key(scope), z3, len(scope.known))
        if place not in self.seen:
            self.seen[place] = structure(e, scope)  # against circles
            self.seen[place] = self._deep(e, scope, z3)
        return self.seen[place]

    def _deep(self, e: Expr, scope: Scope, z3: bool) -> Sign:
        t = structure(e, scope)
        if t.signs in SURE:
            return t
        if e.is_Mul or e.is_Pow or (e.args and not e.is_Add and not isinstance(e, sp.Sum | sp.Integral)):
            parts = [*e.args, *([sp.expand(e.args[0] - 1)] if e.func is sp.log else [])]
            within = self.learned(scope, [a for a in parts if a.free_symbols], z3)
            t = structure(e, within) if within.known != scope.known else t
        elif isinstance(e, sp.Sum | sp.Integral):
            inner = inside(e, scope)
            term = self.deep(e.function, inner, z3) if inner else t
            term = term if one_sided(term.signs) else (inner and self.by_core(e.function, inner)) or term
            t = rules.total(e, term, scope) if inner else t
        elif e.is_Add:
            factored = sp.factor_terms(sp.factor(e) if e.free_symbols and e.is_polynomial(*e.free_symbols) else e)
            if (factored.is_Mul or factored.is_Pow) and sign(factored, scope) != ANY:
                q = attempt(residual, e, factored, scope)
                t = rules.meet(t, rules.transfer(structure(factored, scope), q)) if q else t
        if t.signs not in SURE:
            for found in self.from_lemmas(e, scope):
                t = rules.meet(t, found)
        if t.signs not in SURE and z3:
            for where in (scope, self.told(e, scope)):
                if where and t.signs not in SURE:
                    asked = attempt(rules.nlsat, e, where)
                    t = rules.meet(t, asked) if asked else t
        return t

    def images(self, t: Sign | Equal, binding: dict[Symbol, Expr]) -> list[Expr]:
        """List what has to have a sign for an instance to lie in the domain of a theorem."""
        spans = [(x, t.scope.ranges[x]) for x in binding if x in t.scope.ranges]
        return [sp.expand(way * (binding[x] - end)) for x, span in spans for end, _, way in span.ends]

    def from_lemmas(self, e: Expr, scope: Scope) -> Iterator[Sign]:
        """List the theorems on a sign of which the expression is an instance."""
        for t, core in zip(self.inequalities, self.cores, strict=False):
            for binding in readings(t, core, e):
                found = self.applied(t, binding, e, scope)
                if found:
                    yield found
                    break

    def told(self, e: Expr, scope: Scope) -> Scope | None:
        """Let a scope know earlier claims about the same variables that share a power or a function with e."""
        parts = {a for a in e.atoms(sp.Function, sp.Pow) if a.free_symbols}
        near = [t for t in self.inequalities if parts & t.expression.atoms(sp.Function, sp.Pow)]
        near = [t for t in near if set(t.scope.ranges) <= set(scope.ranges) and t.expression not in (e, -e)]
        found = [attempt(rules.instance, t, {x: x for x in t.scope.ranges}, scope) for t in near[:8]]
        return scope.knowing(*(t for t in found if isinstance(t, Sign))) if any(found) else None

    def applied(self, t: Sign, binding: dict[Symbol, Expr], e: Expr, scope: Scope) -> Sign | None:
        """Conclude the sign of an expression that differs by a number from an instance of an earlier claim."""
        if not set().union(*(image.free_symbols for image in binding.values())) <= set(scope.ranges):
            return None
        where = self.learned(scope, self.images(t, binding)) if t.expression != e else scope
        found = attempt(rules.instance, t, binding, where)
        gap = sp.expand_mul(e - found.expression) if isinstance(found, Sign) else sp.nan
        if not isinstance(found, Sign) or not gap.is_number or gap is sp.nan:
            return None
        whole = rules.added(found, structure(gap, where)) if gap != 0 else found
        q = attempt(residual, e, whole.expression, where) if whole.expression != e else None
        return whole if whole.expression == e else rules.transfer(whole, q) if q else None

    def split(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge below and above the end of the range of an earlier claim, and at it."""
        for t, core in zip(self.inequalities, self.cores, strict=False):
            for binding in itertools.islice(readings(t, core, e), 1):
                ends = [(y, end) for y in binding if binding[y] == x for end, *_ in t.scope.ranges[y].ends]
                for y, at in ends if x in scope.ranges else []:
                    sides = [attempt(rules.side, scope, x, at, up) for up in (True, False)]
                    if at in (scope.ranges[x].lo, scope.ranges[x].hi) or None in sides:
                        continue
                    here = self.applied(t, {**binding, y: at}, e.subs(x, at), scope) or self.value(e, x, at, scope)
                    parts = (here, *(self.deep(e, inner) for inner in sides if inner))
                    found = attempt(rules.cases, e, x, at, parts, scope)
                    if found and one_sided(found.signs):
                        return found
        return None

    def bounding(self, e: Expr, scope: Scope) -> Iterator[tuple[Expr, Sign]]:
        """List bounds that earlier claims give for some factors, with theorems on the gaps to the expression."""
        factors = sp.Mul.make_args(e)
        for t in self.inequalities if len(factors) <= 6 else ():
            free = frozenset(t.scope.ranges)
            for weight, pattern in (term.as_coeff_Mul() for term in sp.Add.make_args(t.expression)):
                if pattern.is_rational_function(*free) or len(sp.Mul.make_args(pattern)) > len(factors):
                    continue
                for chosen in itertools.combinations(factors, len(sp.Mul.make_args(pattern))):
                    rest = sp.Mul(*(f for f in factors if f not in chosen)) / weight
                    for binding in matches(pattern, sp.Mul(*chosen), free, {}):
                        where = self.learned(scope, self.images(t, binding))
                        found = attempt(rules.instance, t, binding, where) if set(binding) == free else None
                        if isinstance(found, Sign):
                            bound = rest * (weight * sp.Mul(*chosen) - found.expression)
                            where = self.grounded(rest * bound, where)
                            whole = rules.product(structure(rest, where), found)
                            q = attempt(residual, e - bound, whole.expression, where)
                            yield from [(bound, rules.transfer(whole, q))] if q else []

    def rewritten(self, e: Expr, scope: Scope, skip: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Equal | None:
        """Put right sides of earlier equations for their left sides wherever an instance stands."""
        total: Equal | None = None
        for fact in self.equations:
            free = frozenset(fact.scope.ranges)
            useless = fact.left.is_Symbol or not (fact.left.free_symbols & free or fact.left.has(sp.Integral, sp.Sum))
            if useless or fact.by == skip or (only and fact.by != only):
                continue
            for part in sorted((p for p in sp.preorder_traversal(e) if isinstance(p, Expr)), key=larger_first):
                for binding in matches(fact.left, part, free, {}):
                    if not set().union(*(image.free_symbols for image in binding.values())) <= set(scope.ranges):
                        continue
                    q = attempt(rules.instance, fact, binding, self.learned(scope, self.images(fact, binding)))
                    if not isinstance(q, Equal) or q.left != part or q.right == part:
                        continue
                    step = attempt(rules.rewrite, e, q)
                    if step and step.right != e:
                        total, e = rules.follow(total, step) if total else step, step.right
                        break
        return total

    # Simpler forms

    def stripped(self, e: Expr, scope: Scope) -> tuple[Expr, Expr]:
        """Guess a simpler form: a core and a positive factor, of which the expression is the product."""
        there, back = assumed(e.free_symbols, scope)
        e = e.xreplace(there)
        plain = sp.expand(e)
        lawful = shift_gammas(e.replace(sp.factorial, lambda z: sp.gamma(z + 1))).replace(sp.gamma, natural)
        forms = [e, sp.factor_terms(plain), sp.factor_terms(together(plain))]
        forms += [sp.factor_terms(together(sp.expand(lawful)))] if lawful != e else []
        best, factor = plain.xreplace(back), sp.S.One
        for form in forms:
            if form == 0:
                return sp.S.Zero, sp.S.One
            factors = [f.xreplace(back) for f in sp.Mul.make_args(form)]
            positive = [f for f in factors if sign(f, scope) == POS]
            core = sp.Mul(*(f for f in factors if f not in positive))
            if sp.count_ops(core) < sp.count_ops(best):
                best, factor = core, sp.Mul(*positive)
        return best, factor

    def regained(self, e: Expr, factor: Expr, t: Sign) -> Sign | None:
        """Carry the sign of a core back to the expression that it was stripped from."""
        if e == t.expression:
            return t
        scope = self.learned(t.scope, risks(factor * t.expression, t.scope), z3=False)
        whole = rules.product(structure(factor, scope), t)
        q = attempt(residual, e, whole.expression, scope)
        return rules.transfer(whole, q) if q else None

    def by_core(self, e: Expr, scope: Scope) -> Sign | None:
        """Find the sign of a stripped form."""
        core, factor = self.stripped(e, scope)
        t = self.deep(core, scope)
        return self.regained(e, factor, t) if t.signs != ANY else None

    def value(self, e: Expr, x: Symbol, at: Expr, scope: Scope) -> Sign:
        """Find the sign of an expression at a point."""
        here = e.subs(x, at)
        t = structure(here, scope)
        if t.signs in SURE:
            return t
        empty = lambda s: isinstance(s, sp.Integral) and s.limits[0][1] == s.limits[0][2]  # noqa: E731
        plain = here.replace(empty, lambda s: sp.S.Zero)
        plain = plain.replace(lambda s: isinstance(s, sp.uppergamma) and s.args[1] == 0, lambda s: sp.gamma(s.args[0]))
        plain = sp.factor_terms(sp.expand(plain.rewrite(sp.gamma).replace(sp.gamma, natural))) if plain != 0 else plain
        for form in dict.fromkeys((plain, here)):
            found = self.deep(form, scope)
            q = None if found.signs & t.signs == t.signs else attempt(residual, here, form, scope)
            t = rules.meet(t, rules.transfer(found, q)) if q else t
            if t.signs in SURE:
                return t
        if one_sided(t.signs) and t.signs != ZERO | POS and t.signs != ZERO | NEG:
            return t
        return self.zero(here, scope) or t

    def zero(self, e: Expr, scope: Scope) -> Sign | None:
        """Show that an expression is 0, rewriting it by earlier claims if need be."""
        q = attempt(residual, e, sp.S.Zero, scope)
        if q is None:
            changed = self.rewritten(e, scope) if self.equations else None
            rest = changed and attempt(residual, changed.right, sp.S.Zero, scope)
            q = rules.follow(changed, rest) if changed and rest else None
        return rules.zero(q) if q else None

    # Derivatives

    def beside(
        self, e: Expr, x: Symbol, at: Expr, up: bool, value: Sign, slope: Callable[[Scope], Sign | None], scope: Scope
    ) -> Sign | None:
        """Use the mean value theorem on one side of a point, with a theorem on the slope there."""
        inner = attempt(rules.side, scope, x, at, up)
        found = slope(inner) if inner else None
        if found is None or sum_sign(value.signs, found.signs if up else MIRROR[found.signs]) == ANY:
            return None
        closed = rules.side(scope, x, at, up, True)
        closed = self.grounded(e, closed)
        inner = self.grounded(found.expression, inner) if inner else closed
        return attempt(rules.mean_value, e, x, at, up, value, found, scope, inner, closed)

    def slope(self, e: Expr, x: Symbol, scope: Scope, depth: int, joined: bool = False) -> Sign | None:
        """Find the sign of a derivative, on a common denominator or not, by a chain of its own."""
        slope = derivative(e, x)
        if slope.has(sp.Derivative, sp.Subs):
            return None
        core, factor = self.stripped(sp.factor_terms(together(slope)) if joined else slope, scope)
        if sp.count_ops(core) > max(GROWTH * sp.count_ops(e), 40):
            return None  # a derivative that grows leads nowhere
        t = self.chain(core, x, scope, depth, False)
        if t.signs == ANY:
            return None
        return self.regained(slope, factor, t)

    def chain(self, e: Expr, x: Symbol, scope: Scope, depth: int, top: bool = True) -> Sign:
        """Find a sign by a chain of derivatives: structure first, then from inside and from the ends of the range."""
        t = self.deep(e, scope)
        self.budget -= 1
        hopeless = depth <= 0 or x not in e.free_symbols or not scope.is_free(x) or sp.count_ops(e) > LARGE
        if t.signs in SURE or hopeless or self.budget < 0:
            return t
        span = scope.ranges[x]
        inside = [at for at in anchors(span) if at not in (span.lo, span.hi)][:1] if top else []
        ends = [end for end, _, _ in span.ends if end not in (sp.oo, -sp.oo)]
        for at in [*inside, *ends]:
            if t.signs in SURE or (not top and one_sided(t.signs)):
                break
            found = self.from_anchor(e, x, at, scope, lambda inner: self.slope(e, x, inner, depth - 1))
            t = rules.meet(t, found) if found else t
        return t

    def from_anchor(
        self, e: Expr, x: Symbol, at: Expr, scope: Scope, slope: Callable[[Scope], Sign | None]
    ) -> Sign | None:
        """Join what the mean value theorem says on the sides of a point, and at it."""
        value = self.value(e, x, at, scope)
        if not one_sided(value.signs):
            return None
        span, parts = scope.ranges[x], [value]
        for end, up in ((span.hi, True), (span.lo, False)):
            if end != at:
                part = self.beside(e, x, at, up, value, slope, scope)
                if part is None:
                    return None
                parts.append(part)
        if len(parts) == 2 and parts[1].scope == scope:
            return parts[1]
        return attempt(rules.cases, e, x, at, tuple(parts), scope)

    def trichotomy(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge below 0, at 0 and above by themselves."""
        parts = [self.value(e, x, sp.S.Zero, scope)]
        for up in (False, True):
            inner = attempt(rules.side, scope, x, sp.S.Zero, up)
            if inner is None or parts[-1].signs == ANY:
                return None
            core, factor = self.stripped(e, inner)
            t = self.deep(core, inner)
            t = t if t.signs in SURE else self.chain(core, x, inner, 3)
            found = self.regained(e, factor, t) if t.signs != ANY else None
            if found is None:
                return None
            parts.append(found)
        return attempt(rules.cases, e, x, sp.S.Zero, tuple(parts), scope)

    def tangent(self, e: Expr, x: Symbol, c: Expr, scope: Scope) -> Sign | None:
        """Judge a function by its second derivative where it touches zero at c."""
        slope = derivative(e, x)
        if slope.has(sp.Derivative, sp.Subs):
            return None
        bend = derivative(slope, x)
        flat, level = (self.zero(f.subs(x, c), scope) for f in (e, slope))
        if flat is None or level is None:
            return None

        def bends(inner: Scope) -> Sign | None:
            changed = self.rewritten(bend, inner) if self.equations else None
            for form in (bend, *([changed.right] if changed else [])):
                t = self.by_core(form, inner)
                if t and one_sided(t.signs):
                    return t if form == bend or changed is None else rules.transfer(t, changed)
            return None

        parts = [flat]
        for up in (True, False):
            sloping = self.beside(slope, x, c, up, level, bends, scope)
            part = self.beside(e, x, c, up, flat, lambda _: sloping, scope) if sloping else None  # noqa: B023
            if not part:
                return None
            parts.append(part)
        return attempt(rules.cases, e, x, c, tuple(parts), scope)

    def from_limit(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge a monotone function by its limit at an end of the range of x."""
        span, within = scope.ranges[x], attempt(rules.inner, scope, x)
        if within is None or not continuous(e, x, whole := self.grounded(e, scope)):
            return None
        slope = self.slope(e, x, within, 3)
        if slope is None or not one_sided(slope.signs):
            return None
        within = self.grounded(slope.expression, within)
        for up, end, is_open in ((True, span.lo, span.lo_open), (False, span.hi, span.hi_open)):
            point = end if end is not None else -sp.oo if up else sp.oo
            toward = attempt(rules.approach, e, x, point, "+" if up else "-", scope)
            if toward and (end is None or is_open):
                limit = Limits(toward[1], toward[2], self).find(toward[0], 10)
                t = attempt(rules.tending, e, x, up, limit, slope, whole, within) if limit else None
                if t and t.signs != ANY:
                    return t
        return None

    def descent(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge by the difference of neighbours, where gamma functions or the like leave something rational."""
        if not e.has(sp.gamma, sp.polygamma, sp.loggamma) or scope.ranges[x].hi is not None:
            return None
        gap = e - e.subs(x, x + 1)
        plain = sp.factor(sp.together(shift_polygammas(shift_gammas(sp.expand_mul(gap)))))
        scope = self.grounded(e, scope)
        t, q = self.by_core(plain, scope), attempt(residual, gap, plain, scope)
        toward = attempt(rules.approach, e, x, sp.oo, "+", scope)
        limit = Limits(toward[1], toward[2], self).find(toward[0], 12) if toward and t and q else None
        return attempt(rules.descent, e, x, rules.transfer(t, q), limit, scope) if limit and t and q else None

    def chord(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge a concave or convex function by its values at both ends."""
        within, closed = attempt(rules.inner, scope, x), attempt(rules.inner, scope, x, True)
        if within is None or closed is None or len(list(scope.ranges[x].ends)) < 2:
            return None
        values = tuple(self.value(e, x, end, scope) for end, *_ in scope.ranges[x].ends)
        if not one_sided(values[0].signs | values[1].signs):
            return None
        slope = derivative(e, x)
        bend = self.slope(slope, x, within, 3)
        if bend is None:
            return None
        return attempt(rules.chord, e, x, values, bend, scope, self.grounded(e, closed), self.grounded(slope, within))

    def critical(self, e: Expr, x: Symbol, scope: Scope) -> list[Expr]:
        """Propose points at which the derivative vanishes."""
        there, back = assumed(e.free_symbols, scope)
        slope = self.stripped(sp.factor_terms(derivative(e, x)), scope)[0].xreplace(there)
        long = max((max(abs(r.p), r.q) for r in slope.atoms(sp.Rational)), default=0) > SOLVABLE
        # SymPy turns a long exponent into a polynomial of that degree, and finds no end in functions of functions.
        z = there.get(x, x)
        nested = any(inner.has(z) for f in slope.atoms(sp.Function) for inner in sp.Tuple(*f.args).atoms(sp.Function))
        if nested or (long and not slope.is_polynomial(z)) or sp.count_ops(slope) > 25:
            return []
        if not continuous(e, x, self.grounded(e, scope)):
            return []
        try:
            found = sp.solve(slope, z)
        except (NotImplementedError, ValueError, TypeError):
            return []
        points = [c.xreplace(back) for c in found if isinstance(c, Expr) and not c.has(sp.I)]
        return [c for c in points if attempt(rules.side, scope, x, c, True)][:3]

    def at_critical(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Judge from a proposed point: by derivatives on both sides, or by the second derivative."""
        for c in self.critical(e, x, scope):
            t = self.from_anchor(e, x, c, scope, lambda inner: self.slope(e, x, inner, 3, True))
            t = t if t and one_sided(t.signs) else self.tangent(e, x, c, scope)
            if t:
                return t
        return None

    def in_exponential(self, e: Expr, x: Symbol, scope: Scope) -> Sign | None:
        """Use Sturm's theorem in g = exp(c x), of which the expression is a rational function."""
        hyperbolic = (sp.sinh, sp.cosh, sp.tanh)
        plain = sp.expand(e.replace(lambda t: t.func in hyperbolic, lambda t: t.rewrite(sp.exp)), deep=True)
        rates = [sp.expand(t.args[0]).coeff(x) for t in plain.atoms(sp.exp)]
        if e.free_symbols != {x} or x.is_integer or not rates or not all(r.is_Rational and r != 0 for r in rates):
            return None
        rate = sp.gcd_list([abs(r) for r in rates])
        g = Symbol("g", real=True)
        shape = plain.replace(sp.exp, lambda t: g ** (sp.expand(t).coeff(x) / rate) * sp.exp(sp.expand(t).subs(x, 0)))
        if shape.free_symbols != {g} or not shape.is_rational_function(g):
            return None
        top, bottom = sp.fraction(sp.together(shape))
        span, one = scope.ranges[x], sp.S.One
        lo, hi = one if span.lo == 0 else sp.S.Zero, one if span.hi == 0 else None
        image = Scope({g: Range(lo, hi, span.lo_open or span.lo != 0, span.hi_open)})
        top = sp.expand(top)
        t = structure(top, image) if top.is_number else attempt(rules.sturm, top, g, image)
        b = attempt(rules.sturm, sp.expand(bottom), g, image) if t and bottom != 1 else None
        if t is None or (bottom != 1 and b is None):
            return None
        core, factor = attempt(rules.instance, t, {g: sp.exp(rate * x)}, scope), sp.S.One
        if b is not None:
            below = attempt(rules.instance, b, {g: sp.exp(rate * x)}, scope)
            within = scope.knowing(below) if isinstance(below, Sign) else scope
            if not isinstance(core, Sign) or not isinstance(below, Sign):
                return None
            whole = rules.product(core, structure(1 / below.expression, within))
            q = attempt(residual, e, whole.expression, within)
            return rules.transfer(whole, q) if q else None
        return self.regained(e, factor, core) if isinstance(core, Sign) else None


def movable(e: Expr, symbols: Iterable[Symbol]) -> Expr:
    """Leave out of an expression, multiplied out, what is a number."""
    return sp.expand_mul(e).as_independent(*symbols, as_Add=True)[1]


def readings(t: Sign, core: Expr, e: Expr) -> Iterator[dict[Symbol, Expr]]:
    """List the ways to read an expression as an instance of an earlier claim, or as one moved by a number."""
    free, rest = frozenset(t.scope.ranges), movable(e, e.free_symbols)
    yield from matches(t.expression, e, free, {})
    if core.args and (core, rest) != (t.expression, e):
        yield from matches(core, rest, free, {})


def derived(q: Equal) -> list[Equal]:
    """Give an equation and its derivatives, the higher ones first."""
    once = [d for x in q.scope.ranges if (d := attempt(rules.differentiated, q, x))]
    twice = [d for p in once for x in q.scope.ranges if (d := attempt(rules.differentiated, p, x))]
    return [*twice, *once, q]


def assumed(symbols: Iterable[Symbol], scope: Scope) -> tuple[dict[Symbol, Symbol], dict[Symbol, Symbol]]:
    """Make symbols of which SymPy knows the sign, for guesses, and the way back."""
    words = {POS: "positive", NEG: "negative", POS | ZERO: "nonnegative", NEG | ZERO: "nonpositive"}
    there = {}
    for s in symbols:
        word = words.get(sign(s, scope))
        if word:
            there[s] = Symbol(s.name, **{"integer" if s.is_integer else "real": True, word: True})
    return there, {new: old for old, new in there.items()}


def natural(z: Expr) -> Expr:
    """Write gamma at an integer argument as a factorial, in which the sign is plain."""
    return sp.factorial(sp.expand(z - 1)) if is_whole(z) else sp.gamma(z)


def together(e: Expr) -> Expr:
    """Write on a common denominator."""
    return sp.powsimp(sp.together(sp.powsimp(e)))


def larger_first(part: Any) -> tuple[int, Any]:
    """Order parts by size."""
    return -int(sp.count_ops(part)), sp.default_sort_key(part)


def anchors(span: Range) -> list[Expr]:
    """List simple points of a range: its closed ends, and 0, 1, -1 or 1/2."""
    ends = [end for end, is_open, _ in span.ends if not is_open]
    here = Scope({})
    inside = []
    for p in (sp.Integer(0), sp.Integer(1), sp.Integer(-1), sp.Rational(1, 2)):
        gaps = [(sign(way * (p - end), here), POS if is_open else POS | ZERO) for end, is_open, way in span.ends]
        inside += [p] if all(not gap & ~allowed for gap, allowed in gaps) else []
    return list(dict.fromkeys([*ends, *inside]))


def risks(e: Expr, scope: Scope) -> list[Expr]:
    """List what must have a sign for an expression to have a value."""
    found: list[Expr] = []
    for t in sp.preorder_traversal(e):
        if not isinstance(t, Expr) or not t.args or not t.free_symbols <= set(scope.ranges):
            continue
        needs = power_conditions(t.base, t.exp, scope) if t.is_Pow else conditions(t.func.__name__, t.args) or []
        found += [a for a, allowed, _ in needs if sign(a, scope) & ~allowed]
    return list(dict.fromkeys(found))
