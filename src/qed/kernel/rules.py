"""The rules that conclude from theorems: each a theorem of analysis, and what it asks for.

A rule makes a theorem or raises `Refused`. None of them chooses anything: what to try is up to the search.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly
from sympy import Expr, Symbol

from ..numeric import boxes
from ..numeric.balls import count_real_roots
from ..statements.errors import BadStatement
from ..statements.language import Relation, parse_expression
from .lower import between
from .residual import is_zero, unroll
from .signs import (
    constant_sign,
    continuous,
    defined,
    derivative,
    inside,
    is_whole,
    one_sided,
    product_sign,
    sign,
    sum_sign,
    total_sign,
)
from .theorems import (
    ANY,
    ENOUGH,
    MIRROR,
    NEG,
    POS,
    SEAL,
    ZERO,
    Equal,
    Limit,
    Range,
    Scope,
    Sign,
    names,
    require,
)  # fmt: skip

Z3_BUDGET = 3_000_000
Binding = dict[Symbol, Expr]


# Theorems joined


def meet(a: Sign, b: Sign) -> Sign:
    """Join two theorems on the signs of one expression.

    Law: what holds, and what holds too, hold together.
    """
    require(a.expression == b.expression and a.scope == b.scope, "theorems on different things")
    both = a.signs & b.signs
    return a if both == a.signs else b if both == b.signs else Sign(SEAL, a.expression, both, a.scope, names(a, b))


def zero(q: Equal) -> Sign:
    """Read an equation with 0 as a sign.

    Definition: the sign of 0 is zero.
    """
    require(q.right == 0, "the right side is not 0")
    return Sign(SEAL, q.left, ZERO, q.scope, q.by)


def transfer(t: Sign, q: Equal) -> Sign:
    """Give one side of an equation the sign of the other side.

    Rule: equals have equal signs.
    """
    forth = q.right == t.expression
    back = q.left == t.expression and defined(q.left, q.scope, q.right)
    require(q.scope == t.scope and (forth or back), "the equation is about something else")
    return Sign(SEAL, q.left if forth else q.right, t.signs, t.scope, names(q, t))


def total(e: Any, term: Sign, scope: Scope) -> Sign:
    """Conclude the sign of a sum or an integral from that of its terms.

    Law: a sum of one-signed terms has their sign, and is 0 if it is empty; so has an integral, and is 0 over no length.
    """
    require(isinstance(e, sp.Sum | sp.Integral), "neither a sum nor an integral")
    require(term.expression == e.function and term.scope == inside(e, scope), "no theorem on the terms")
    return Sign(SEAL, e, total_sign(e, term.signs, scope), scope, scope.by(*term.by))


def product(a: Sign, b: Sign) -> Sign:
    """Multiply two expressions with their signs.

    Law: the sign of a product is the product of the signs, where both factors have values.
    """
    whole = a.expression * b.expression
    require(a.scope == b.scope, "theorems over different scopes")
    sure = all(defined(t.expression, t.scope, whole) for t in (a, b))
    require(sure, "a factor may have no value where the product has")
    return Sign(SEAL, whole, product_sign(a.signs, b.signs), a.scope, names(a, b))


def added(a: Sign, b: Sign) -> Sign:
    """Add two expressions with their signs.

    Law: a sum of one-signed terms has their sign, where all of them have values.
    """
    total = a.expression + b.expression
    require(a.scope == b.scope, "theorems over different scopes")
    require(all(defined(t.expression, t.scope, total) for t in (a, b)), "a term may have no value where the sum has")
    return Sign(SEAL, total, sum_sign(a.signs, b.signs), a.scope, names(a, b))


def follow(p: Equal, q: Equal) -> Equal:
    """Join two equations.

    Law: equality is transitive.
    """
    require(p.right == q.left and p.scope == q.scope, "the equations do not meet")
    return Equal(SEAL, p.left, q.right, p.scope, names(p, q))


def rewrite(e: Expr, q: Equal) -> Equal:
    """Put the right side of an equation for its left side wherever that stands in an expression.

    Rule: equals may be put for equals, unless a sum or an integral binds a symbol in them.
    """
    require(not bound(e) & (q.left.free_symbols | q.right.free_symbols), "a bound symbol would be captured")
    return Equal(SEAL, e, e.xreplace({q.left: q.right}), q.scope, q.by)


def bound(e: Expr) -> set[Symbol]:
    """List the symbols that sums, products and integrals bind in an expression."""
    return {s for t in e.atoms(sp.Sum, sp.Product, sp.Integral) for s in t.bound_symbols}


def holds_at(image: Expr, x: Symbol, span: Range, scope: Scope) -> bool:
    """Tell whether an expression has a value everywhere on a scope, always in the range of x.

    Rule: an integer variable takes only what is certainly an integer, and no variable what may lie beyond an end.
    """
    if image.free_symbols - set(scope.ranges) or not defined(image, scope):
        return False
    inside = [sign(sp.expand(way * (image - end)), scope) for end, _, way in span.ends]
    allowed = [POS if is_open else POS | ZERO for _, is_open, _ in span.ends]
    fits = is_whole(image) if x.is_integer else not image.has(sp.I, sp.zoo, sp.nan, sp.oo, -sp.oo)
    return bool(fits) and not any(a & ~b for a, b in zip(inside, allowed, strict=True))


def instance(t: Sign | Equal, binding: Binding, scope: Scope) -> Sign | Equal:
    """Put expressions for all variables of a theorem.

    Rule: what holds for all values in a domain holds for each of them, and says nothing outside the domain, nor where
    an expression has no value.
    """
    sides = (t.expression,) if isinstance(t, Sign) else (t.left, t.right)
    require(defined(sides[0], t.scope), "the theorem may speak of what has no value")
    require(set(binding) == set(t.scope.ranges) and not t.scope.facts, "every variable needs an image")
    for x, span in t.scope.ranges.items():
        image = binding[x]
        lo, hi = (None if end is None else end.subs(binding, simultaneous=True) for end in (span.lo, span.hi))
        there = Range(lo, hi, span.lo_open, span.hi_open)
        require(holds_at(image, x, there, scope), f"{image} may lie outside the range of {x}")
        require(not image.free_symbols & set().union(*map(bound, sides)), "a bound symbol would be captured")
    put = [side.subs(binding, simultaneous=True) for side in sides]
    by = tuple(dict.fromkeys((*t.by, *scope.by())))
    return Sign(SEAL, put[0], t.signs, scope, by) if isinstance(t, Sign) else Equal(SEAL, put[0], put[1], scope, by)


# Calculus


def side(scope: Scope, x: Symbol, anchor: Expr, upward: bool, closed: bool = False) -> Scope:
    """Narrow the range of x to what lies above, or below, an anchor in it or at its end.

    Definition: the side of a point in an interval is an interval that begins or ends there.
    """
    span = scope.ranges[x]
    require(anchor.free_symbols <= set(scope.ranges) - {x} and defined(anchor, scope), "an anchor is a point")
    for end, _, way in span.ends:
        require(not sign(sp.expand(way * (anchor - end)), scope) & NEG, f"{anchor} may lie outside the range of {x}")
    above, below = Range(anchor, span.hi, not closed, span.hi_open), Range(span.lo, anchor, span.lo_open, not closed)
    return scope.with_range(x, above if upward else below)


def mean_value(
    e: Expr, x: Symbol, anchor: Expr, upward: bool, value: Sign, slope: Sign, scope: Scope, beside: Scope, closed: Scope
) -> Sign:
    """Conclude the sign of e on one side of an anchor from its value there and the sign of its derivative.

    Theorem (mean value theorem): if e is continuous from a to x and differentiable between, then
    e(x) = e(a) + e'(s) (x - a) for some s between.

    On cards: ``derivative chain in {x}``.
    """
    require(beside == side(scope, x, anchor, upward), "another side")
    require(scope.is_free(x) and not x.is_integer, f"a hypothesis or a range depends on {x}")
    require(value.expression == e.subs(x, anchor) and value.scope == scope, "no theorem on the value at the anchor")
    require(slope.expression == derivative(e, x) and slope.scope == beside, "no theorem on the derivative")
    require(closed == side(scope, x, anchor, upward, True) and continuous(e, x, closed), "e may be discontinuous")
    require(defined(slope.expression, beside, e), "e may not be differentiable")
    drift = slope.signs if upward else MIRROR[slope.signs]
    by = closed.by(f"derivative chain in {x}", *names(value, slope), *beside.by())
    return Sign(SEAL, e, sum_sign(value.signs, drift), beside, by)


def inner(scope: Scope, x: Symbol, closed: bool = False) -> Scope:
    """Leave out the ends of the range of x, or take them in.

    Definition: an interval without its ends is open, and closed with them.
    """
    span = scope.ranges[x]
    require(scope.is_free(x) and not x.is_integer, f"a hypothesis or a range depends on {x}")
    return scope.with_range(x, Range(span.lo, span.hi, not closed, not closed))


def tending(e: Expr, x: Symbol, upward: bool, limit: Limit, slope: Sign, scope: Scope, within: Scope) -> Sign:
    """Conclude the sign of e from its limit at an end of the range of x and the sign of its derivative.

    Theorem (mean value theorem): a differentiable function that rises on an open interval is above its limit at the
    lower end, and below that at the upper end; so for the other signs.

    On cards: ``derivative in {x}, and limit at an end``.
    """
    span = scope.ranges[x]
    end, is_open, point = (span.lo, span.lo_open, -sp.oo) if upward else (span.hi, span.hi_open, sp.oo)
    require(end is None or is_open, "the interval may be a point")
    toward = approach(e, x, point if end is None else end, "+" if upward else "-", scope)
    require((limit.expression, limit.u, limit.scope) == toward, "no theorem on the limit")
    require(within == inner(scope, x) == slope.scope and slope.expression == derivative(e, x), "no theorem on e'")
    require(continuous(e, x, scope) and defined(slope.expression, within, e), "e may not be differentiable")
    drift = slope.signs if upward else MIRROR[slope.signs]
    by = scope.by(f"derivative in {x}, and limit at an end", *names(limit, slope), *within.by())
    return Sign(SEAL, e, sum_sign(sign(limit.value, scope), drift), scope, by)


def descent(e: Expr, x: Symbol, step: Sign, limit: Limit, scope: Scope) -> Sign:
    """Conclude the sign of e from its limit at infinity and the sign of e(x) - e(x + 1).

    Theorem: if e(x) > e(x + 1) for all x > a, and e tends to L at infinity, then e(x) > e(x + 1) >= L; so for the
    other signs, but not for "not 0": steps up and down may meet L.

    On cards: ``descent in {x}, and limit at infinity``.
    """
    require(scope.is_free(x) and scope.ranges[x].hi is None, f"a hypothesis depends on {x}, or it is bounded")
    toward = approach(e, x, sp.oo, "+", scope)
    require((limit.expression, limit.u, limit.scope) == toward, "no theorem on the limit")
    require(not limit.value.has(sp.oo, -sp.oo, sp.zoo, sp.nan), "the limit is infinite")
    require(step.expression == e - e.subs(x, x + 1) and step.scope == scope, "no theorem on the step")
    require(one_sided(step.signs) and defined(e, step.scope), "it steps up and down, or e may have no value")
    by = scope.by(f"descent in {x}, and limit at infinity", *names(limit, step))
    return Sign(SEAL, e, sum_sign(step.signs, sign(limit.value, scope)), scope, by)


def chord(e: Expr, x: Symbol, ends: tuple[Sign, ...], bend: Sign, scope: Scope, closed: Scope, within: Scope) -> Sign:
    """Conclude the sign of e between two ends from its values there and the sign of its second derivative.

    Theorem (error of linear interpolation): if e is continuous on [a, b] and twice differentiable inside, then
    e(x) = (1 - r) e(a) + r e(b) - e''(s) (x - a) (b - x)/2 with r = (x - a)/(b - a) and some s between a and b.

    On cards: ``second derivative in {x}, and both ends``.
    """
    spans, slope = list(scope.ranges[x].ends), derivative(e, x)
    values = [(t.expression, t.scope) for t in ends]
    require(values == [(e.subs(x, end), scope) for end, *_ in spans] and len(ends) == 2, "no theorems on both ends")
    require(closed == inner(scope, x, True) and continuous(e, x, closed), "e may be discontinuous")
    require(within == inner(scope, x) == bend.scope and bend.expression == derivative(slope, x), "no theorem on e''")
    twice = continuous(slope, x, within, e) and defined(bend.expression, within, sp.Tuple(e, slope))
    require(twice, "e may not be differentiable twice")
    signs = sum_sign(sum_sign(ends[0].signs, ends[1].signs), MIRROR[bend.signs])
    for t, (_, is_open, _) in zip(ends, spans, strict=True):
        signs |= 0 if is_open else t.signs
    by = closed.by(f"second derivative in {x}, and both ends", *names(*ends, bend), *within.by())
    return Sign(SEAL, e, signs, scope, by)


def cases(e: Expr, x: Symbol, anchor: Expr, parts: tuple[Sign, ...], scope: Scope) -> Sign:
    """Join what holds below an anchor, at it and above it.

    Law (trichotomy): a real number is less than another, equal to it or greater.

    On cards: ``cases {x} < {c}, {x} = {c}, {x} > {c}``.
    """
    span, total, found = scope.ranges[x], 0, []
    for end, upward in ((span.hi, True), (span.lo, False)):
        if end != anchor:
            found += [t for t in parts if t.expression == e and t.scope == side(scope, x, anchor, upward)][:1]
            require(found, "a side is missing")
    wanted = sum(end != anchor for end in (span.lo, span.hi))
    require(len(found) == wanted, "a side is missing")
    if (span.lo != anchor or not span.lo_open) and (span.hi != anchor or not span.hi_open):
        found += [t for t in parts if t.expression == e.subs(x, anchor) and t.scope == scope][:1]
        require(len(found) == wanted + 1, "the anchor itself is missing")
    for t in found:
        total |= t.signs
    own = (f"cases {x} < {anchor}, {x} = {anchor}, {x} > {anchor}",) if wanted == 2 else ()
    return Sign(SEAL, e, total, scope, (*own, *names(*found)))


def constant(e: Expr, x: Symbol, at: Expr, slope: Equal, value: Equal, scope: Scope) -> Equal:
    """Prove ``e = 0`` on an interval from a zero derivative and one zero value.

    Theorem: a differentiable function on an interval whose derivative vanishes is constant (mean value theorem).

    On cards: ``zero derivative in {x} and one value``.
    """
    require(scope.is_free(x) and not x.is_integer, f"a hypothesis or a range depends on {x}")
    require(slope.left == derivative(e, x) and slope.right == 0 and slope.scope == scope, "no theorem on e'")
    require(value.left == e.subs(x, at) and value.right == 0 and value.scope == scope, "no theorem on the value")
    require(x not in at.free_symbols and holds_at(at, x, scope.ranges[x], scope), "the point may lie outside")
    require(continuous(e, x, scope) and defined(slope.left, scope, e), "e may not be differentiable")
    by = scope.by(f"zero derivative in {x} and one value", *names(slope, value))
    return Equal(SEAL, e, sp.S.Zero, scope, by)


def differentiated(q: Equal, x: Symbol) -> Equal:
    """Differentiate both sides of an equation.

    Theorem: functions that are equal on an open interval have equal derivatives there.
    """
    span, left, right = q.scope.ranges[x], derivative(q.left, x), derivative(q.right, x)
    require(q.scope.is_free(x) and not x.is_integer, f"a hypothesis or a range depends on {x}")
    require(all(is_open for _, is_open, _ in span.ends), "the interval is not open")
    require(all(continuous(e, x, q.scope, e) for e in (q.left, q.right)), "a side may have a corner")
    require(defined(right, q.scope, sp.Tuple(left, q.right)), "the right derivative may have no value")
    return Equal(SEAL, left, right, q.scope, q.by)


def antiderivative(integral: Any, q: Equal, values: tuple[Limit, ...], scope: Scope, proposal: Expr) -> Equal:
    """Evaluate an integral by an antiderivative F; `q` says that the integrand is F'.

    Theorem: if F is continuous on [a, b] and F' = f inside, the integral of f is F(b) - F(a) (Newton-Leibniz). An
    improper integral converges to the difference of the limits of F at the ends, if both are finite.

    On cards: ``antiderivative, checked by differentiation``.
    """
    (t, lo, hi), *more = integral.limits
    span = between(lo, hi, bool(values))
    require(not more and q.scope == scope.with_symbol(t, span), "no theorem on the integrand")
    require(q.left == integral.function and q.right == derivative(proposal, t), "no theorem on the integrand")
    require(continuous(proposal, t, q.scope), "the antiderivative may jump")
    infinite = lo is -sp.oo or hi is sp.oo
    backwards = NEG | ZERO if values else NEG  # nothing is known of the limits where both ends are one
    forwards = infinite or not sign(sp.expand(hi - lo), scope) & backwards
    require(forwards, "it may run backwards, or be improper and empty")
    require(values or not infinite, "no theorem on the limits")
    ends = [proposal.subs(t, hi), proposal.subs(t, lo)]
    for number, (found, end, way) in enumerate(zip(values, (hi, lo), "-+", strict=False)):
        moved, u, near = approach(proposal, t, end, way, scope)
        require(found.expression == moved and found.u == u and found.scope == near, "no theorem on a limit")
        ends[number] = found.value
    require(not sp.Tuple(*ends).has(sp.oo, -sp.oo, sp.zoo, sp.nan) and len(values) in (0, 2), "an end has no value")
    by = ("antiderivative, checked by differentiation", *names(q, *values))
    return Equal(SEAL, integral, ends[0] - ends[1], scope, tuple(dict.fromkeys(by)), converges=True)


def gathered(e: Expr, scope: Scope, kind: Any = sp.Integral) -> Equal:
    """Write a sum of multiples of integrals between the same ends, or of sums, as one.

    Law: integrals and sums are linear.
    """
    found = sorted(e.atoms(kind), key=sp.default_sort_key)
    require(len({t.limits for t in found}) == 1, "no integrals or sums, or not between the same ends")
    marks = {t: sp.Dummy() for t in found}
    plain, held = e.xreplace(marks), set(marks.values())
    weights = [sp.diff(plain, mark) for mark in marks.values()]
    require(not any(w.free_symbols & held or w.has(kind) for w in weights), "it is not linear in them")
    rest = plain.xreplace(dict.fromkeys(held, sp.S.Zero))
    whole = kind(sp.Add(*(w * t.function for w, t in zip(weights, marks, strict=True))), *found[0].limits)
    told = sp.Tuple(*weights, *found).free_symbols
    require(told.isdisjoint(bound(e)), "a bound symbol would be captured, or escape")
    return Equal(SEAL, e, whole + rest, scope, scope.by())


def approach(e: Expr, x: Symbol, point: Expr, way: str, scope: Scope) -> tuple[Expr, Symbol, Scope]:
    """Write a limit at a point, from above (+) or below (-), as one for a small u > 0.

    Definition: x = point + u or point - u; at infinity, x = 1/u or -1/u.
    """
    u = Symbol("u#", real=True)
    if point in (sp.oo, -sp.oo):
        image = 1 / u if point is sp.oo else -1 / u
    else:
        image = point + u if way == "+" else point - u
    require(u not in e.free_symbols | point.free_symbols and x not in bound(e), "a bound symbol would be captured")
    return e.subs(x, image), u, scope.with_symbol(u, Range(sp.S.Zero, sp.Rational(1, 10**6), True, True))


# Sums


def induction(
    e: Expr, n: Symbol, bases: tuple[Equal, ...], step: Equal, scope: Scope, factors: tuple[Expr, ...] = (sp.S.One,)
) -> Equal:
    """Prove ``e = 0`` for all integers n of the range by induction.

    Theorem: if e(n0) = ... = e(n0 + d - 1) = 0 and e(n + d) = r_0(n) e(n) + ... + r_(d-1)(n) e(n + d - 1) for all
    n >= n0, then e vanishes for all n >= n0.

    On cards: ``induction on {n}``.
    """
    span, order = scope.ranges[n], len(factors)
    require(n.is_integer and first_value(span) and span.hi is None, f"{n} has no least value, or a greatest one")
    fine = scope.is_free(n) and defined(e, scope) and all(defined(r, scope) for r in factors)
    require(fine, f"a hypothesis depends on {n}, or e or a factor may have no value")
    starts = [(q.left, q.right, q.scope) for q in bases]
    require(order and starts == [(e.subs(n, sp.S(span.lo) + k), sp.S.Zero, scope) for k in range(order)], "no base")
    gap = e.subs(n, n + order) - sp.Add(*(r * e.subs(n, n + k) for k, r in enumerate(factors)))
    require(step.left == gap and step.right == 0 and step.scope == scope, "no step")
    return Equal(SEAL, e, sp.S.Zero, scope, scope.by(f"induction on {n}", *names(*bases, step)))


def first_value(span: Range) -> bool:
    """Tell whether a range of integers begins with a value of its own.

    Definition: the least of some integers is an integer, and one of them.
    """
    return span.lo is not None and is_whole(span.lo) and not span.lo_open


def wilf_zeilberger(total: Any, closed: Expr, proposal: Expr, scope: Scope) -> Equal:
    """Prove ``Sum(F(n, k), (k, a, n)) = S(n)`` from a proposed certificate R(n, k).

    Theorem (Wilf and Zeilberger): with t = F/S and G = R t, if t(n+1, k) - t(n, k) = G(n, k+1) - G(n, k) for
    a <= k < n, then T(n+1) - T(n) telescopes to terms at k = a, n and n + 1; if these cancel and T(n0) = 1, then
    the sum T of t is 1 for every n >= n0.

    On cards: ``Wilf-Zeilberger certificate``.
    """
    (k, lo, n), *more = total.limits
    require(not more and n.is_Symbol and lo.is_Integer and n in scope.ranges, "the sum does not end at a variable")
    span = scope.ranges[n]
    least = n.is_integer and first_value(span) and span.hi is None and scope.is_free(n)
    require(least, f"{n} has no least value, or a greatest one")
    known = closed.free_symbols <= set(scope.ranges) and defined(closed, scope)
    require(known and sign(closed, scope) in (POS, NEG), "the closed form may vanish, or have no value")
    whole, inner = (scope.with_symbol(k, Range(lo, end)) for end in (n, n - 1))
    require(sign(sp.denom(sp.together(proposal)), whole) in (POS, NEG), "the certificate may have a pole")
    require(proposal.is_rational_function(n, k) and defined(total.function, whole), "a term may have no value")
    t = total.function / closed
    after, g = t.subs(n, n + 1), proposal * t
    ends = g.subs(k, n) - g.subs(k, lo) + after.subs(k, n) + after.subs(k, n + 1) - t.subs(k, n)
    start = unroll(total.subs(n, span.lo)) - closed.subs(n, span.lo)
    require(is_zero(after - t - g.subs(k, k + 1) + g, inner), "the recurrence fails")
    require(is_zero(ends, scope) and is_zero(start, scope), "the terms at the ends do not cancel")
    return Equal(SEAL, total, closed, scope, scope.by("Wilf-Zeilberger certificate", "exact residual"))


# Polynomials, and signs by other engines


def sturm(e: Expr, x: Symbol, scope: Scope) -> Sign:
    """Find the sign of a polynomial with rational coefficients in one variable over its range.

    Theorem (Sturm): the number of distinct real roots in (a, b] is V(a) - V(b), the loss of sign variations along
    the chain p, p', -rem, ... . Without a root of odd order inside, one value decides.

    On cards: ``Sturm's theorem``.
    """
    require(e.free_symbols == {x} and e.is_polynomial(x), "no polynomial in one variable")
    coefficients, span = sp.Poly(e, x).all_coeffs(), scope.ranges[x]
    require(all(c.is_Rational for c in (*coefficients, *(end for end, *_ in span.ends))), "a number is not rational")
    p = fmpq_poly([fmpq(int(c.p), int(c.q)) for c in reversed(coefficients)])
    lo, hi = (None if end is None else fmpq(int(end.p), int(end.q)) for end in (span.lo, span.hi))
    signs = ZERO
    if p.degree() >= 0:
        odd, radical = odd_part(p), p // p.gcd(p.derivative()) if p.degree() > 0 else p
        require(not count_real_roots(odd, lo, hi), "it changes its sign inside")
        step = (hi - lo) / 211 if lo is not None and hi is not None else fmpq(1, 7)
        start = lo if lo is not None else hi - 300 * step if hi is not None else fmpq(0)
        inside = [start + k * step for k in range(1, 200)] if lo != hi else [start]
        values = [v for m in inside if (v := p(m)) != 0]
        require(values, "no point inside to look at")
        signs = _bit(values[0]) | (ZERO if count_real_roots(radical, lo, hi) else 0)
        for end, is_open in ((lo, span.lo_open), (hi, span.hi_open)):
            signs |= 0 if end is None or is_open else _bit(p(end))
    return Sign(SEAL, e, signs, scope, scope.by("Sturm's theorem"))


def _bit(value: fmpq) -> int:
    return POS if value > 0 else NEG if value < 0 else ZERO


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
        if order % 2:
            result = result * (simple // shared)
        simple, repeated, order = shared, repeated // shared, order + 1
    return result


def nlsat(e: Expr, scope: Scope) -> Sign:
    """Find the sign of a polynomial or rational expression by asking Z3 whether each sign can occur.

    Theorem: real-closed fields are decidable; "unsat" over the reals excludes a sign over any subset of them, and
    "sat", for a sign or without one, shows that this is no conclusion from hypotheses that contradict each other.
    Whatever is no polynomial becomes a fresh variable that keeps its sign; of tanh, erf, sin and cos the range and
    sin^2 + cos^2 = 1, of a quotient and a root that they are, t - 1 < floor(t) <= t, t <= ceiling(t) < t + 1, and
    that |t|, a maximum or a minimum is one of two or more and not less, or not more, than each.

    On cards: ``Z3 nlsat``.
    """
    import z3

    atoms: dict[Expr, Any] = {}

    def encode(t: Expr) -> Any:
        if t.is_Rational and max(abs(t.p), t.q) < 10**300:
            return z3.Q(int(t.p), int(t.q))
        if t.is_Add or t.is_Mul:
            return (z3.Sum if t.is_Add else z3.Product)([encode(a) for a in t.args])
        if t.is_Pow and t.exp.is_Integer and 0 < t.exp <= 12:
            return z3.Product([encode(t.base)] * int(t.exp))
        return atoms.setdefault(t, z3.Real(f"v{len(atoms)}"))

    def small(t: Expr) -> bool:
        return bool(sp.count_ops(t) < 200 and not t.has(sp.oo, -sp.oo, sp.I))

    def signed(v: Any, signs: int) -> Any:
        return z3.Or(*(c for bit, c in ((NEG, v < 0), (ZERO, v == 0), (POS, v > 0)) if signs & bit))

    require(not e.has(sp.I), "Z3 takes every constant for a real number")
    top, bottom = sp.fraction(sp.together(e))
    flip = sign(bottom, scope) & ~ZERO  # where e has a value, its denominators are not 0
    if flip == NEG | POS and sp.denom(sp.together(bottom)) == 1:
        flip = nlsat(bottom, scope).signs & ~ZERO
    require(flip in (POS, NEG), "the denominator may have either sign")
    target = encode(top)
    sums = [(t.expression, t.signs) for t in scope.known if t.expression.is_Add and defined(t.expression, scope, e)]
    given, told = [signed(encode(fact), signs) for fact, signs in (*scope.facts, *sums) if small(fact)], 0
    while told < len(atoms):
        t, v = list(atoms.items())[told]
        told += 1
        given.append(signed(v, sign(t, scope)))
        if t.is_Pow and t.exp.is_Integer and -12 <= t.exp < 0:
            given.append(v * encode(t.base**-t.exp) == 1)
        if t.is_Pow and t.exp.is_Rational and abs(t.exp.p) == 1 < t.exp.q <= 4 and sp.count_ops(t) < 60:
            power, base = z3.Product([v] * int(t.exp.q)), encode(t.base)
            given.append(power == base if t.exp > 0 else power * base == 1)
        if t.func in (sp.floor, sp.ceiling) and sp.count_ops(t) < 60:
            gap = (encode(t.args[0]) - v) * (1 if t.func is sp.floor else -1)
            given += [gap >= 0, gap < 1]
        if t.func in (sp.Abs, sp.Max, sp.Min) and sp.count_ops(t) < 60:
            pieces = [encode(a) for a in ((t.args[0], -t.args[0]) if t.func is sp.Abs else t.args)]
            given += [z3.Or(*(v == piece for piece in pieces))]
            given += [v <= piece if t.func is sp.Min else v >= piece for piece in pieces]
        if t.func in (sp.tanh, sp.erf, sp.sin, sp.cos):
            given += [v >= -1, v <= 1] if t.func in (sp.sin, sp.cos) else [v > -1, v < 1]
        partner = sp.cos(*t.args) if t.func is sp.sin else sp.sin(*t.args) if t.func is sp.cos else t
        if partner != t and (partner in atoms or sign(partner, scope) != ANY):
            given.append(v * v + encode(partner) ** 2 == 1)
        for end, is_open, way in scope.ranges[t].ends if t in scope.ranges else ():
            if small(end):
                gap = (v - encode(end)) * way
                given.append(gap > 0 if is_open else gap >= 0)
    answers = []
    for condition in (target < 0, target == 0, target > 0, True):
        solver = z3.SolverFor("QF_NRA")
        solver.set("rlimit", Z3_BUDGET)
        solver.add(*given, condition)
        answers.append(solver.check() if condition is not True or z3.sat not in answers else z3.sat)
    require(answers.pop() == z3.sat, "Z3 does not show that the hypotheses can be met")
    possible = sum(bit for bit, answer in zip((NEG, ZERO, POS), answers, strict=True) if answer != z3.unsat)
    require(possible != ANY, "Z3 excludes no sign")
    return Sign(SEAL, e, product_sign(possible, flip), scope, scope.by("Z3 nlsat"))


def boxed(e: Expr, signs: int, scope: Scope, budget: int = boxes.BOXES) -> Sign:
    """Certify that an expression is positive, or negative, by enclosing it on a box that holds the scope.

    Theorem: FLINT's balls contain the true values, so an inequality that they show on every piece of a box is true.
    """
    symbols = sorted(e.free_symbols, key=str)
    require(not bound(e) and signs in (POS, NEG), "sums and integrals have no ball here")
    plain = [x for x in symbols if x in scope.ranges and x.name.isidentifier() and not x.is_integer]
    require(plain == symbols, "an integer, or a symbol that cannot be written")
    require(len({x.name for x in symbols}) == len(symbols), "two symbols of one name")
    ends = [end for x in symbols for end in (scope.ranges[x].lo, scope.ranges[x].hi)]
    require(all(end is not None and end.is_Rational for end in ends), "the box is not bounded by rational numbers")
    numbers = [fmpq(int(end.p), int(end.q)) for end in ends]  # type: ignore[union-attr]
    box = {str(x): (lo, hi) for x, lo, hi in zip(symbols, numbers[::2], numbers[1::2], strict=True)}
    try:
        gap, zero_node = parse_expression(str(e).replace("exp(1)", "E")), parse_expression("0")
    except BadStatement:
        gap = None
    op = next(op for op, bits in ENOUGH.items() if bits == signs)
    shown = gap is not None and boxes.enclose(Relation(gap, op, zero_node, ""), box, budget)
    require(shown, "the boxes do not settle it")
    return Sign(SEAL, e, signs, scope, scope.by("ball arithmetic, branch and bound"))


def vanishing(e: Expr, base: Expr, x: Symbol, a: Expr, b: Expr, scope: Scope) -> None:
    """Check that a multiple e of a continuous expression certainly has a zero from a to b, both rational.

    Theorem (intermediate values): a continuous function that changes sign on an interval vanishes inside it.
    """
    span = Range(a, b)
    require(e.free_symbols == {x} and not scope.facts and a.is_Rational and b.is_Rational, "no interval to look at")
    own = scope.ranges[x] if a == b else Range(scope.ranges[x].lo, scope.ranges[x].hi)
    require(all(holds_at(point, x, own, scope) for point in (a, b)) and not x.is_integer, "outside")
    rest = sp.cancel(e / base)
    inner = Scope({x: span})
    require(is_zero(e - base * rest, inner) and defined(rest, inner, e), "the factor is none")
    signs = {constant_sign(base.subs(x, a)), constant_sign(base.subs(x, b))}
    require(signs == {ZERO} or (signs == {POS, NEG} and continuous(base, x, inner)), "no change of sign")
