"""The rules that may conclude. Each names its theorem; each returns True only when it is sure.

Every rule judges expressions that are defined on the scope (that is discharged before), and none of them
trusts an answer of ``simplify``, ``solve``, ``integrate``, ``limit`` or ``summation``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly
from sympy import Expr, Symbol

from .limits import limit
from .normal import align_sums, is_zero, shift_gammas
from .scope import ANY, MIRROR, NEG, POS, ZERO, Range, Scope, constant_sign, one_sided, product_sign, sign

Z3_BUDGET = 3_000_000
LARGE = 120
STEPS = 24
GROWTH = 2


def induction(e: Expr, n: Symbol, scope: Scope) -> bool:
    """Prove ``e == 0`` for all integers n of the range by induction.

    Theorem: if E(n0) = 0 and E(n + 1) - E(n) = 0 for all n >= n0, then E vanishes for all n >= n0. A denominator
    without zeros may be cleared first.

    On cards: ``induction on {n}``.
    """
    span = scope.ranges[n]
    if not n.is_integer or span.lo is None or span.hi is not None or not scope.free_of_facts(n):
        return False
    cleared, denominator = sp.fraction(sp.together(align_sums(e, scope)))
    if sign(denominator, scope) not in (POS, NEG, POS | NEG):
        cleared = e
    return any(
        is_zero(form.subs(n, n + 1) - form, scope) and is_zero(unroll(form.subs(n, span.lo)), scope)
        for form in (e, cleared)
    )


def wilf_zeilberger(total: Any, closed: Expr, proposal: Expr, n: Symbol, scope: Scope) -> bool:
    """Prove ``Sum(F(n, k), (k, a, n)) == S(n)`` from a proposed certificate R(n, k).

    Theorem (Wilf and Zeilberger): with t = F/S and G = R t, if t(n+1, k) - t(n, k) = G(n, k+1) - G(n, k) for
    a <= k < n, then T(n+1) - T(n) telescopes to terms at k = a, n and n + 1; if these cancel and T(n0) = 1, then
    the sum T of t is 1 for every n >= n0.

    On cards: ``Wilf-Zeilberger certificate``.
    """
    (k, lo, hi), *more = total.limits
    span = scope.ranges.get(n)
    if more or hi != n or not lo.is_Integer or span is None or span.lo is None or span.hi is not None:
        return False
    if not scope.free_of_facts(n) or sign(closed, scope) not in (POS, NEG) or has_corner(proposal):
        return False
    whole, inner = (scope.with_symbol(k, Range(lo, end)) for end in (n, n - 1))
    if sign(sp.denom(sp.together(proposal)), whole) not in (POS, NEG):
        return False
    t = total.function / closed
    after, g = t.subs(n, n + 1), proposal * t
    ends = g.subs(k, n) - g.subs(k, lo) + after.subs(k, n) + after.subs(k, n + 1) - t.subs(k, n)
    start = unroll(total.subs(n, span.lo)) - closed.subs(n, span.lo)
    return is_zero(after - t - g.subs(k, k + 1) + g, inner) and is_zero(ends, scope) and is_zero(start, scope)


def unroll(e: Expr) -> Expr:
    """Write sums between integer numbers as their terms.

    Definition: a sum is what its terms add up to; an empty one is 0.
    """

    def terms(s: Any) -> Any:
        (k, lo, hi), *more = s.limits
        if more or not (lo.is_Integer and hi.is_Integer) or hi - lo > 200:
            return s
        return sp.Add(*(s.function.subs(k, j) for j in range(int(lo), int(hi) + 1)))

    return e.replace(lambda t: isinstance(t, sp.Sum), terms)


def constant_by_derivative(e: Expr, x: Symbol, scope: Scope) -> bool:
    """Prove ``e == 0`` on an interval from a zero derivative and one zero value.

    Theorem: a differentiable function on an interval whose derivative vanishes is constant (mean value theorem).

    On cards: ``zero derivative in {x} and one value``.
    """
    span = scope.ranges[x]
    if not x.is_real or x.is_integer or has_corner(e) or not scope.free_of_facts(x):
        return False
    if not is_zero(sp.diff(e, x), scope):
        return False
    return any(is_zero(e.subs(x, at), scope) for at in anchors(span))


def anchors(span: Range) -> list[Expr]:
    """List simple points of a range: its closed ends, and 0, 1, -1 or an inner point."""
    ends = [
        end for end, is_open in ((span.lo, span.lo_open), (span.hi, span.hi_open)) if end is not None and not is_open
    ]
    inside = []
    for p in (sp.Integer(0), sp.Integer(1), sp.Integer(-1), sp.Rational(1, 2)):
        here = Scope({}, {})
        above = span.lo is None or sign(p - span.lo, here) in ((POS,) if span.lo_open else (POS, ZERO))
        below = span.hi is None or sign(span.hi - p, here) in ((POS,) if span.hi_open else (POS, ZERO))
        if above and below:
            inside.append(p)
    return list(dict.fromkeys([*ends, *inside]))


def has_corner(e: Expr) -> bool:
    """Tell whether an expression contains a function that is not differentiable everywhere it is defined."""
    return bool(e.has(sp.Abs, sp.Max, sp.Min, sp.floor, sp.ceiling, sp.sign, sp.Piecewise, sp.Heaviside))


def monotone(e: Expr, x: Symbol, anchor: Expr, upward: bool, scope: Scope, depth: int, steps: list[int]) -> int:
    """Find the sign of `e` on one side of an anchor from its value there and the sign of its derivative.

    Theorem: if e' >= 0 on an interval that starts at a, then e >= e(a) on it, strictly off a when e' > 0 inside
    (mean value theorem); likewise to the left of a, and for e' <= 0.
    """
    if has_corner(e):
        return ANY
    value = sign(at_point(e, x, anchor), scope)
    if not one_sided(value):
        return ANY
    span = scope.ranges[x]
    side = Range(anchor, span.hi, True, span.hi_open) if upward else Range(span.lo, anchor, span.lo_open, True)
    inner = scope.with_range(x, side)
    inclined = strip(derivative(e, x), inner)
    if sp.count_ops(inclined) > max(GROWTH * sp.count_ops(e), 40):
        return ANY  # a derivative that grows leads nowhere
    slope = chain_sign(inclined, x, inner, depth - 1, steps, False)
    away = slope if upward else MIRROR[slope]
    total = combine_value_and_drift(value, away)
    return total


def combine_value_and_drift(value: int, away: int) -> int:
    """Add the value at the anchor and the drift away from it; at the anchor itself the drift is 0.

    Law: a sum of two terms of which none is negative is not negative, and positive if one of them is.
    """
    off = ANY
    if value in (POS, ZERO, POS | ZERO) and not away & NEG:
        off = POS if value == POS or away == POS else POS | ZERO
    elif value in (NEG, ZERO, NEG | ZERO) and not away & POS:
        off = NEG if value == NEG or away == NEG else NEG | ZERO
    return off


def derivative(e: Expr, x: Symbol) -> Expr:
    """Differentiate, integrals with moving ends included.

    Theorem (Leibniz): an integral to a moving end b(x) has the derivative f(b) b', plus the integral of df/dx.
    """
    return sp.diff(e, x)


def at_point(e: Expr, x: Symbol, anchor: Expr) -> Expr:
    """Put a point in.

    Laws: an integral of length 0 is 0, and gamma(s, 0) = gamma(s).
    """
    here = e.subs(x, anchor)
    here = here.replace(
        lambda t: isinstance(t, sp.Integral) and sp.expand(t.limits[0][2] - t.limits[0][1]) == 0,
        lambda t: sp.Integer(0),
    )
    here = here.replace(lambda t: isinstance(t, sp.uppergamma) and t.args[1] == 0, lambda t: sp.gamma(t.args[0]))
    return sp.factor_terms(sp.expand(here.rewrite(sp.gamma).replace(sp.gamma, _natural))) if here != 0 else here


def _natural(z: Expr) -> Expr:
    """Write gamma at an integer argument as a factorial, in which the sign is plain."""
    return sp.factorial(sp.expand(z - 1)) if z.is_integer else sp.gamma(z)


def strip(e: Expr, scope: Scope) -> Expr:
    """Divide by factors that are certainly positive.

    Law: dividing by a positive number does not change the sign.
    """
    best = sp.expand(e)
    lawful = shift_gammas(e.replace(sp.factorial, lambda z: sp.gamma(z + 1))).replace(sp.gamma, _natural)
    forms = [e, sp.factor_terms(best), sp.factor_terms(_together(best))]
    forms += [sp.factor_terms(_together(sp.expand(lawful)))] if lawful != e else []
    for form in forms:
        if form == 0:
            return sp.Integer(0)
        factors = [f for f in sp.Mul.make_args(form) if sign(f, scope, False) != POS]
        candidate = sp.Mul(*factors)
        if sp.count_ops(candidate) < sp.count_ops(best):
            best = candidate
    return best


def _together(e: Expr) -> Expr:
    return sp.powsimp(sp.together(sp.powsimp(e)))


def chain_sign(e: Expr, x: Symbol, scope: Scope, depth: int, steps: list[int] | None = None, top: bool = True) -> int:
    """Find a sign by a chain of derivatives: structure first, then anchors at the ends of the range of x.

    Theorem: the mean value theorem, applied `depth` times; between two anchors the range is split.

    On cards: ``derivative chain in {x}``.
    """
    e = sp.factor_terms(e)
    found = sign(e, scope)
    if found in (POS, NEG, ZERO) or depth <= 0 or x not in e.free_symbols or has_corner(e):
        return found
    steps = [STEPS] if steps is None else steps
    steps[0] -= 1
    if not scope.free_of_facts(x) or sp.count_ops(e) > LARGE or steps[0] < 0:
        return found
    span = scope.ranges[x]
    best = found
    for at in anchors(span) if top else []:
        if at in (span.lo, span.hi):
            continue
        if continuous_at(e, x, at, scope):
            both = monotone(e, x, at, True, scope, depth, steps)
            both |= monotone(e, x, at, False, scope, depth, steps)
            best &= both | sign(at_point(e, x, at), scope)
        break
    if best in (POS, NEG, ZERO):
        return best
    if span.lo is not None and sp.oo not in (span.lo, -span.lo):
        best &= _from_end(e, x, span.lo, True, span.lo_open, scope, depth, steps)
    settled = best in (POS, NEG, ZERO) or (not top and one_sided(best))
    if not settled and span.hi is not None and sp.oo not in (span.hi, -span.hi):
        best &= _from_end(e, x, span.hi, False, span.hi_open, scope, depth, steps)
    return best


def _from_end(
    e: Expr, x: Symbol, end: Expr, upward: bool, is_open: bool, scope: Scope, depth: int, steps: list[int]
) -> int:
    if not continuous_at(e, x, end, scope):
        return ANY
    off = monotone(e, x, end, upward, scope, depth, steps)
    if off == ANY or is_open:
        return off
    return off | sign(at_point(e, x, end), scope)


def continuous_at(e: Expr, x: Symbol, end: Expr, scope: Scope) -> bool:
    """Tell whether an expression extends continuously to an end: every part of it has a value there.

    Theorem: sums, products, powers and compositions of continuous functions are continuous where all are defined.
    """
    for part in sp.preorder_traversal(e):
        if part.is_Pow and not part.exp.is_Integer and x in part.base.free_symbols and part.base is not sp.E:
            low = sign(part.base.subs(x, end), scope)
            whole = part.exp.is_integer and not sign(part.exp, scope) & NEG
            if not whole and low & (NEG | ZERO):
                return False
        if part.is_Pow and part.exp.is_number and part.exp < 0 and sign(part.base.subs(x, end), scope) & ZERO:
            return False
        if part.func in (sp.log, sp.loggamma, sp.gamma, sp.digamma) and sign(part.args[0].subs(x, end), scope) != POS:
            return False
    return not e.subs(x, end).has(sp.nan, sp.zoo, sp.oo)


def tangent(e: Expr, x: Symbol, c: Expr, scope: Scope, plainer: Callable[[Expr], Expr]) -> int:
    """Find the sign of a function that touches zero at x = c to second order.

    Theorem (Taylor with Lagrange's remainder): if e(c) = e'(c) = 0 and e'' has one sign on an interval that holds
    c and x, then e has that sign or vanishes. `plainer` rewrites an expression by lemmas.

    On cards: ``second-order contact at {x} = {c}``.
    """
    if has_corner(e) or not scope.free_of_facts(x):
        return ANY
    for f in (e, sp.diff(e, x)):
        if not (is_zero(at_point(f, x, c), scope) or is_zero(plainer(f.subs(x, c)), scope)):
            return ANY
    bend = sp.diff(e, x, 2)
    for form in (bend, plainer(bend)):
        found = sign(strip(form, scope), scope)
        if one_sided(found):
            return found | ZERO
    return ANY


def trichotomy(e: Expr, x: Symbol, scope: Scope) -> int:
    """Judge ``x < 0``, ``x = 0`` and ``x > 0`` by themselves, the symbol carrying its sign.

    Law (trichotomy): every real number is negative, zero or positive, and what holds in all three cases holds.

    On cards: ``cases {x} < 0, {x} = 0, {x} > 0``.
    """
    span, zero = scope.ranges[x], sp.Integer(0)
    here = Scope({}, {})
    if not scope.free_of_facts(x):
        return ANY
    if (span.lo is not None and sign(span.lo, here) != NEG) or (span.hi is not None and sign(span.hi, here) != POS):
        return ANY
    total = sign(at_point(e, x, zero), scope)
    below, above = Range(span.lo, zero, span.lo_open, True), Range(zero, span.hi, True, span.hi_open)
    for assumption, side in (({"negative": True}, below), ({"positive": True}, above)):
        signed = Symbol(x.name, **assumption)
        ranges = {signed if s == x else s: side if s == x else r for s, r in scope.ranges.items()}
        names = {n: signed if s == x else s for n, s in scope.symbols.items()}
        inner = Scope(names, ranges, tuple((f.subs(x, signed), k) for f, k in scope.facts), scope.oracle, scope.lemmas)
        core = strip(e.subs(x, signed), inner)
        found = sign(core, inner)
        total |= found if found != ANY else chain_sign(core, signed, inner, 3)
    return total


def antiderivative(integral: Any, proposal: Expr, scope: Scope, improper: bool = False) -> Expr | None:
    """Evaluate an integral by a proposed antiderivative, or return None.

    Theorem: if F is continuous on [a, b] and F' = f inside, the integral of f is F(b) - F(a) (Newton-Leibniz). An
    improper integral converges to the difference of the limits of F at the ends, if both are finite.

    On cards: ``antiderivative, checked by differentiation``.
    """
    (t, lo, hi), *more = integral.limits
    span = between(lo, hi, improper)
    inner = scope.with_symbol(t, span)
    if more or has_corner(proposal) or not is_zero(sp.diff(proposal, t) - integral.function, inner):
        return None
    if not continuous_on(proposal, t, inner):
        return None
    values = []
    for end, side in ((hi, "-"), (lo, "+")):
        if improper:
            value = limit(proposal, t, end, side, inner)
            if value is None or value.has(sp.oo, sp.zoo, sp.nan):
                return None
        else:
            value = at_point(proposal, t, end)
        values.append(value)
    result: Expr = values[0] - values[1]
    return result


def between(lo: Expr, hi: Expr, is_open: bool) -> Range:
    """Give the range between two ends, of which an infinite one is absent."""
    return Range(None if lo is -sp.oo else lo, None if hi is sp.oo else hi, is_open, is_open)


def vanishes(e: Expr, x: Symbol, scope: Scope) -> tuple[Expr, Expr] | None:
    """Find two rational numbers, perhaps equal, between which a continuous expression certainly has a zero.

    Theorem (intermediate values): a continuous function that changes sign on an interval vanishes inside it.
    """
    if e.free_symbols != {x} or x.is_integer:
        return None
    span = scope.ranges[x]
    if any(end is not None and not end.is_Rational for end in (span.lo, span.hi)):
        return None
    lo = span.lo if span.lo is not None else min(sp.Integer(-40), (span.hi or sp.Integer(0)) - 80)
    hi = span.hi if span.hi is not None else max(sp.Integer(40), lo + 80)
    for factor in sp.Mul.make_args(sp.factor(e)):
        base = factor.base if factor.is_Pow and factor.exp.is_Rational and factor.exp > 0 else factor
        grid = [lo + (hi - lo) * sp.Rational(k, 64) for k in range(65)]
        signs = [constant_sign(base.subs(x, p)) for p in grid]
        exact = [p for p, found in zip(grid[1:-1], signs[1:-1], strict=True) if found == ZERO]
        if exact and not has_corner(base):
            return exact[0], exact[0]
        for (a, s), (b, t) in zip(zip(grid, signs, strict=True), zip(grid[1:], signs[1:], strict=True), strict=False):
            piece = scope.with_range(x, Range(a, b))
            if {s, t} == {POS, NEG} and not has_corner(base) and continuous_on(base, x, piece):
                return a, b
    return None


def exponential_sign(e: Expr, x: Symbol, scope: Scope) -> int:
    """Find the sign of a rational function of exponentials of x by Sturm's theorem in g = exp(c x).

    Theorem: exp increases from 0 to infinity, so that g ranges over an interval, on which Sturm's theorem holds.
    Hyperbolic functions are exponentials by definition.

    On cards: ``Sturm's theorem in an exponential``.
    """
    if e.free_symbols != {x} or x.is_integer:
        return ANY
    hyperbolic = (sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech)
    plain = sp.expand(e.replace(lambda t: t.func in hyperbolic, lambda t: t.rewrite(sp.exp)), deep=True)
    rates = [sp.expand(t.args[0]).coeff(x) for t in plain.atoms(sp.exp)]
    if not rates or not all(r.is_Rational and r != 0 for r in rates):
        return ANY
    rate = sp.Rational(math.gcd(*(abs(r.p) for r in rates)), math.lcm(*(r.q for r in rates)))
    g = Symbol("g", positive=True)
    shape = plain.replace(sp.exp, lambda t: g ** (sp.expand(t).coeff(x) / rate) * sp.exp(sp.expand(t).subs(x, 0)))
    if shape.free_symbols != {g} or not shape.is_rational_function(g):
        return ANY
    top, bottom = sp.fraction(sp.together(shape))
    span = scope.ranges[x]
    lo = sp.Integer(1) if span.lo == 0 else sp.Integer(0)
    hi = sp.Integer(1) if span.hi == 0 else None
    image = Range(lo, hi, span.lo_open or span.lo != 0, span.hi_open)
    return sturm(sp.expand(top * bottom), g, Scope({"g": g}, {g: image}))


def continuous_on(e: Expr, t: Symbol, scope: Scope) -> bool:
    """Tell whether every part of an expression that contains t is defined on the closed range of t.

    Theorem: sums, products, powers and compositions of continuous functions are continuous where all are defined.
    """
    for part in sp.preorder_traversal(e):
        if t not in part.free_symbols:
            continue
        if part.is_Pow and part.base is not sp.E:
            low = sign(part.base, scope)
            natural = part.exp.is_integer and not sign(part.exp, scope) & NEG
            if not natural and low & ZERO:
                return False
            if not natural and not part.exp.is_integer and low & NEG:
                return False
        if part.func in (sp.log, sp.gamma, sp.loggamma, sp.digamma) and sign(part.args[0], scope) != POS:
            return False
        if part.func in (sp.tan, sp.asin, sp.acos, sp.atanh, sp.acosh, sp.LambertW):
            return False
        if part.func is sp.uppergamma and not (part.args[0].is_integer and sign(part.args[0], scope) == POS):
            return False
    return True


def sturm(e: Expr, x: Symbol, scope: Scope) -> int:
    """Find the sign of a polynomial with rational coefficients in one variable over its range.

    Theorem (Sturm): the number of distinct real roots in (a, b] is V(a) - V(b), the loss of sign variations along
    the chain p, p', -rem, ... . Without a root inside, one value decides; roots of even order do not change the sign.

    On cards: ``Sturm's theorem``.
    """
    if e.free_symbols != {x} or not e.is_polynomial(x):
        return ANY
    poly = sp.Poly(e, x)
    if not all(c.is_Rational for c in poly.all_coeffs()):
        return ANY
    p = fmpq_poly([fmpq(int(c.p), int(c.q)) for c in reversed(poly.all_coeffs())])
    span = scope.ranges[x]
    ends: list[fmpq | None] = []
    for end in (span.lo, span.hi):
        if end is not None and not end.is_Rational:
            return ANY
        ends.append(None if end is None else fmpq(int(end.p), int(end.q)))
    lo, hi = ends
    odd = odd_part(p)
    inside = _roots_between(odd, lo, hi)
    if inside:
        return ANY
    # The odd part keeps one sign inside; so does p, up to zeros of even order.
    touches = _roots_between(p // p.gcd(p.derivative()) if p.degree() > 0 else p, lo, hi) > 0
    middle = _sample(odd, lo, hi)
    here = POS if odd(middle) > 0 else NEG
    even = p // odd
    if not even(middle):
        middle = next(m for m in (middle + fmpq(1, k) for k in range(2, 99)) if even(m))
    signs = here if even(middle) > 0 else MIRROR[here]
    signs |= ZERO if touches else 0
    for end, is_open in ((lo, span.lo_open), (hi, span.hi_open)):
        if end is not None and not is_open:
            signs |= POS if p(end) > 0 else NEG if p(end) < 0 else ZERO
    return signs


def odd_part(p: fmpq_poly) -> fmpq_poly:
    """Multiply the square-free factors of odd multiplicity.

    Theorem (Yun): the greatest common divisor of p and p' holds every factor of p once less than p does.
    """
    result = fmpq_poly([1])
    if p.degree() <= 0:
        return p if p.degree() == 0 else result
    repeated = p.gcd(p.derivative())
    simple, order = p // repeated, 1
    while simple.degree() > 0:
        shared = simple.gcd(repeated)
        exact = simple // shared
        if order % 2:
            result = result * exact
        simple, repeated, order = shared, repeated // shared, order + 1
    return result


def _roots_between(p: fmpq_poly, lo: fmpq | None, hi: fmpq | None) -> int:
    """Count the distinct roots in the open interval (Sturm)."""
    if p.degree() <= 0:
        return 0
    chain = [p, p.derivative()]
    while chain[-1].degree() >= 0:
        chain.append(-(chain[-2] % chain[-1]))
    chain.pop()

    def variations(at: fmpq | None, plus: bool) -> int:
        if at is None:
            values = [q[q.degree()] * (1 if plus or q.degree() % 2 == 0 else -1) for q in chain]
        else:
            values = [q(at) for q in chain]
        nonzero = [v for v in values if v != 0]
        return sum((a > 0) != (b > 0) for a, b in zip(nonzero, nonzero[1:], strict=False))

    count = variations(lo, False) - variations(hi, True)
    return count - (hi is not None and p(hi) == 0)


def _sample(p: fmpq_poly, lo: fmpq | None, hi: fmpq | None) -> fmpq:
    """Choose a point inside at which p does not vanish."""
    if lo is None or hi is None:
        base = lo + 1 if lo is not None else hi - 1 if hi is not None else fmpq(0)
        points = [base, *(base + fmpq(1, k) * (1 if lo is not None else -1) for k in range(2, 200))]
    else:
        points = [lo + (hi - lo) * fmpq(k, 211) for k in range(100, 211)]
    return next(point for point in points if p(point) != 0)


def nlsat(e: Expr, scope: Scope) -> int:
    """Find the sign of a polynomial or rational expression by asking Z3 whether each sign can occur.

    Theorem: real-closed fields are decidable; "unsat" over the reals excludes a sign over any subset of them.
    Whatever is no polynomial becomes a fresh variable that keeps its sign, and of tanh, erf, sin and cos the
    range and sin^2 + cos^2 = 1.

    On cards: ``Z3 nlsat``.
    """
    import z3

    names: dict[Expr, Any] = {}

    def atom(t: Expr) -> Any:
        if t not in names:
            names[t] = z3.Real(f"v{len(names)}")
        return names[t]

    def encode(t: Expr) -> Any:
        if t.is_Rational and max(abs(t.p), t.q) < 10**300:
            return z3.Q(int(t.p), int(t.q))
        if t.is_Add:
            return z3.Sum([encode(a) for a in t.args])
        if t.is_Mul:
            return z3.Product([encode(a) for a in t.args])
        if t.is_Pow and t.exp.is_Integer and 0 < t.exp <= 12:
            return z3.Product([encode(t.base)] * int(t.exp))
        return atom(t)

    top, bottom = sp.fraction(sp.together(e))
    flip = sign(bottom, scope, False) if bottom != 1 else POS
    if flip not in (POS, NEG):
        return ANY
    target = encode(top)
    facts = [(encode(fact), signs) for fact, signs in scope.facts if _small(fact)]
    constraints = []
    for t, v in list(names.items()):
        constraints.append(_signed(v, sign(t, scope, False), z3))
        if t.func in (sp.tanh, sp.erf):
            constraints += [v > -1, v < 1]
        if t.func in (sp.sin, sp.cos):
            constraints += [v >= -1, v <= 1]
            partner = names.get((sp.cos if t.func is sp.sin else sp.sin)(*t.args))
            constraints += [v * v + partner * partner == 1] if partner is not None else []
    for t, v in list(names.items()):
        if t.is_Symbol and t in scope.ranges:
            span = scope.ranges[t]
            for end, is_open, lower in ((span.lo, span.lo_open, True), (span.hi, span.hi_open, False)):
                if end is None or not _small(end):
                    continue
                gap = v - encode(end) if lower else encode(end) - v
                constraints.append(gap > 0 if is_open else gap >= 0)
    constraints += [_signed(v, signs, z3) for v, signs in facts]
    possible = 0
    for bit, condition in ((NEG, target < 0), (ZERO, target == 0), (POS, target > 0)):
        solver = z3.SolverFor("QF_NRA")
        solver.set("rlimit", Z3_BUDGET)
        solver.add(*constraints, condition)
        if solver.check() != z3.unsat:
            possible |= bit
    return product_sign(possible, flip) if possible else ANY


def _small(e: Expr) -> bool:
    return bool(e.is_rational_function(*e.free_symbols) and sp.count_ops(e) < 200 and not e.has(sp.oo))


def _signed(v: Any, signs: int, z3: Any) -> Any:
    return z3.Or(*(c for bit, c in ((NEG, v < 0), (ZERO, v == 0), (POS, v > 0)) if signs & bit))
