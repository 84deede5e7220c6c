"""Signs that follow from the way an expression is built, and where it has a value."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from ..numeric import balls
from ..statements import language
from ..statements.errors import BadStatement, OutOfReach, UndefinedAt
from .theorems import ANY, MIRROR, NEG, POS, SEAL, ZERO, Range, Scope, Sign

ODD = (sp.sinh, sp.tanh, sp.asinh, sp.atan, sp.erf, sp.erfi, sp.sign, sp.LambertW, sp.atanh, sp.asin)
SMOOTH = (
    sp.Add, sp.Mul, sp.Pow, sp.exp, sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan, sp.sinh, sp.cosh, sp.tanh,
    sp.asinh, sp.acosh, sp.atanh, sp.erf, sp.erfc, sp.erfi, sp.log, sp.gamma, sp.loggamma, sp.polygamma, sp.uppergamma,
    sp.LambertW, sp.polylog, sp.Sum, sp.Integral, sp.Symbol,
)  # fmt: skip


JUMPS = (sp.floor, sp.ceiling, sp.sign)


@lru_cache(maxsize=4096)
def constant_sign(e: Expr) -> int:
    """Decide the sign of a constant: exactly for rationals, by balls otherwise."""
    if e.is_Rational:
        return POS if e.p > 0 else NEG if e.p < 0 else ZERO
    if e in (sp.oo, -sp.oo):
        return POS if e is sp.oo else NEG
    try:
        node, zero = language.parse_expression(str(e).replace("exp(1)", "E")), language.parse_expression("0")
        for op, sign in ((">", POS), ("<", NEG)):
            if balls.holds(language.Relation(node, op, zero, ""), {})[0]:
                return sign
    except (BadStatement, OutOfReach, UndefinedAt):
        pass
    return ANY


def parity(e: Expr) -> int | None:
    """Give an integer polynomial's remainder mod 2 if all its values share it."""
    if not is_whole(e):
        return None
    terms = sp.Poly(e, *sorted(e.free_symbols, key=str)).terms() if e.free_symbols else [((), e)]
    if not all(int(c) % 2 == 0 for m, c in terms if any(m)):
        return None
    return sum(int(c) for m, c in terms if not any(m)) % 2


def is_whole(e: Expr) -> bool:
    """Tell whether an expression is certainly integer-valued: an integer polynomial in integer symbols."""
    symbols = sorted(e.free_symbols, key=str)
    if not symbols:
        return bool(e.is_Integer)
    if not all(s.is_integer for s in symbols) or not e.is_polynomial(*symbols):
        return False
    return all(c.is_Integer for c in sp.Poly(e, *symbols).coeffs())


def one_sided(signs: int) -> bool:
    """Tell whether a sign is never on both sides of zero, so that sums and mixtures keep it."""
    return not (signs & NEG and signs & POS)


@lru_cache(maxsize=65536)
def is_complex(e: Expr) -> bool:
    """Tell whether an expression is written with the imaginary unit, as a sine is by Euler's formula."""
    return bool(e.has(sp.I))


@lru_cache(maxsize=64)
def product_sign(a: int, b: int) -> int:
    """Combine the signs of two factors."""
    found = 0
    for x in (NEG, ZERO, POS):
        for y in (NEG, ZERO, POS):
            if a & x and b & y:
                found |= ZERO if ZERO in (x, y) else POS if x == y else NEG
    return found


@lru_cache(maxsize=64)
def sum_sign(a: int, b: int) -> int:
    """Combine the signs of two summands."""
    found = 0
    for x in (NEG, ZERO, POS):
        for y in (NEG, ZERO, POS):
            if a & x and b & y:
                found |= y if x == ZERO else x if y in (x, ZERO) else ANY
    return found


def sign(e: Expr, scope: Scope) -> int:
    """Find the possible signs of an expression: a superset of those that it takes where it has a value."""
    if is_complex(e):
        return ANY
    found = _structure(e, scope)
    for fact, known in (*scope.facts, *((t.expression, t.signs) for t in scope.known)):
        if found in (POS, NEG, ZERO):
            break
        if e == fact:
            found &= known
        elif e == -fact:
            found &= MIRROR[known]
    return found


def structure(e: Expr, scope: Scope) -> Sign:
    """Conclude the signs of an expression from its parts.

    Laws: the signs of sums, products and powers; the values and signs of the functions of the language; an affine
    function on an interval lies between its values at the ends.

    On cards: ``sign rules``.
    """
    return Sign(SEAL, e, sign(e, scope), scope, scope.by("sign rules"))


def _structure(e: Expr, scope: Scope) -> int:
    if not e.free_symbols:
        return constant_sign(e)
    if e.is_Symbol:
        return _range_sign(scope.ranges[e], scope) if e in scope.ranges else ANY
    if e.is_Mul:
        found = POS
        for factor in e.args:
            found = product_sign(found, sign(factor, scope))
        return found
    if e.is_Pow:
        return _power(e, scope)
    return _sum(e, scope) if e.is_Add else _function(e, scope)


def _range_sign(span: Range, scope: Scope) -> int:
    found = ANY
    for end, is_open, way in span.ends:
        at = sign(end, scope)
        if way < 0:
            at = MIRROR[at]
        if not at & NEG:
            beyond = POS if at == POS or is_open else POS | ZERO
            found &= beyond if way > 0 else MIRROR[beyond]
    return found


def _power(e: Expr, scope: Scope) -> int:
    base, grows, even = sign(e.base, scope), sign(e.exp, scope), parity(e.exp)
    if base == POS or e.base is sp.E:
        return POS
    if even is None and not is_whole(e.exp):
        # A nonnegative base to a real power is nonnegative; 0**0 is 1.
        return POS | ZERO if not base & NEG else ANY
    found = base & ZERO  # also where it would be divided by
    if base & POS or (base & NEG and even != 1) or (base & ZERO and (grows & NEG or (grows & ZERO and even != 1))):
        found |= POS
    return found | (NEG if base & NEG and even != 0 else 0)


def _sum(e: Expr, scope: Scope) -> int:
    found = ZERO
    for term in e.args:
        found = sum_sign(found, sign(term, scope))
    if found != ANY:
        return found
    # a*exp(u) - a has the sign of a*u.
    rest, tail = e.as_independent(*e.free_symbols, as_Add=True)
    coefficient, power = tail.as_coeff_Mul()
    if power.func is sp.exp and coefficient.is_Rational and rest == -coefficient:
        return product_sign(constant_sign(coefficient), sign(power.args[0], scope))
    for symbol in sorted(e.free_symbols & set(scope.ranges), key=str):
        found &= _affine(e, symbol, scope)
        if found in (POS, NEG, ZERO):
            break
    return found


def _affine(e: Expr, symbol: Symbol, scope: Scope) -> int:
    """Bound an affine function of one symbol by its values at the ends of the symbol's range."""
    span, found, at_ends = scope.ranges[symbol], ANY, 0
    slope = sp.diff(e, symbol) if e.is_polynomial(symbol) else e
    if symbol in slope.free_symbols or (span.lo is None and span.hi is None):
        return ANY
    others = {s: r for s, r in scope.ranges.items() if s != symbol}
    inner = Scope(others, scope.facts, scope.names)
    tilt = sign(slope, inner)
    for end, is_open, way in span.ends:
        at = sign(sp.expand(e.subs(symbol, end)), inner)
        found &= sum_sign(at, product_sign(tilt if way > 0 else MIRROR[tilt], POS if is_open else POS | ZERO))
        at_ends |= at
    return found & at_ends if span.lo is not None and span.hi is not None and one_sided(at_ends) else found


def _function(e: Expr, scope: Scope) -> int:
    f = e.func
    if isinstance(e, sp.Sum | sp.Integral):
        inner = inside(e, scope)
        return total_sign(e, sign(e.function, inner), scope) if inner else ANY
    if f in (sp.cosh, sp.factorial, sp.erfc, sp.exp):
        return POS
    if f in (sp.Max, sp.Min):
        signs = [sign(a, scope) if f is sp.Max else MIRROR[sign(a, scope)] for a in e.args]
        largest = POS if POS in signs else POS | ZERO if any(not s & NEG for s in signs) else ANY
        if largest == ANY and all(not s & POS for s in signs):
            largest = NEG | ZERO if any(s & ZERO for s in signs) else NEG
        return largest if f is sp.Max else MIRROR[largest]
    first = sign(e.args[0], scope) if e.args else ANY
    if f is sp.gamma or (f is sp.uppergamma and not sign(e.args[1], scope) & NEG):
        return POS if first == POS else ANY
    if f in ODD:
        return first
    if f is sp.Abs:
        return (POS if first & (POS | NEG) else 0) | first & ZERO
    if f is sp.log:
        return sign(sp.expand(e.args[0] - 1), scope)
    if f is sp.polylog and first == POS:
        return sign(e.args[1], scope)
    if f in (sp.sin, sp.cos, sp.tan):
        return _wave(e, scope)
    if f is sp.polygamma and e.args[0].is_Integer and e.args[0] >= 0 and sign(e.args[1], scope) == POS:
        beyond = e.args[0] > 0 or not sign(sp.expand(e.args[1] - sp.Rational(3, 2)), scope) & NEG  # the root is 1.46...
        return ANY if not beyond else NEG if e.args[0] > 0 and e.args[0] % 2 == 0 else POS
    if f in (sp.acos, sp.acosh):
        return POS if sign(sp.expand(1 - e.args[0]), scope) in (POS, NEG) else POS | ZERO
    if f is sp.binomial and all(is_whole(a) and not sign(a, scope) & NEG for a in e.args):
        return POS if not sign(sp.expand(e.args[0] - e.args[1]), scope) & NEG else POS | ZERO
    return ANY


def _wave(e: Expr, scope: Scope) -> int:
    """Find the sign of a sine on a half period; the cosine is a quarter ahead, and the tangent their quotient."""
    if e.func is sp.tan:
        return product_sign(sign(sp.sin(e.args[0]), scope), sign(sp.cos(e.args[0]), scope))
    turned = e.args[0] + (sp.pi / 2 if e.func is sp.cos else 0)
    for k in range(-2, 2):
        gaps = [sign(sp.expand(gap), scope) for gap in (turned - k * sp.pi, (k + 1) * sp.pi - turned)]
        if not any(gap & NEG for gap in gaps):
            found = POS if gaps == [POS, POS] else POS | ZERO
            return MIRROR[found] if k % 2 else found
    return ANY


def total_sign(e: Any, term: int, scope: Scope) -> int:
    """A sum or integral of one-signed terms has their sign; an empty sum is 0, an integral of length 0 too."""
    length = sign(sp.expand(e.limits[0][2] - e.limits[0][1]), scope)
    if isinstance(e, sp.Integral) and length & (ZERO | NEG):
        return ZERO if length == ZERO else ANY if length & NEG or not one_sided(term) else term | ZERO
    if not one_sided(term):
        return ANY
    return term if not length & NEG else term | ZERO


def inside(e: Any, scope: Scope, closed: bool = False) -> Scope | None:
    """Give the scope of the terms of a sum, or of an integrand, whose values at the ends matter to no integral."""
    (variable, lo, hi), *more = e.limits
    is_open = isinstance(e, sp.Integral) and not closed
    return None if more or variable in scope.ranges else scope.with_symbol(variable, Range(lo, hi, is_open, is_open))


def without_corners(e: Expr, scope: Scope) -> Expr:
    """Drop absolute values, maxima and minima whose case is certain on the scope."""

    def settle(t: Any) -> Any:
        if t.func in (sp.Abs, sp.sign):
            found = sign(t.args[0], scope)
            if t.func is sp.sign:
                return {POS: sp.Integer(1), NEG: sp.Integer(-1), ZERO: sp.Integer(0)}.get(found, t)
            return t.args[0] if not found & NEG else -t.args[0] if not found & POS else t
        a, b, *more = t.args
        gap = ANY if more else sign(a - b, scope)
        larger, smaller = (a, b) if not gap & NEG else (b, a)
        return t if gap & NEG and gap & POS else larger if t.func is sp.Max else smaller

    return e.replace(lambda t: t.func in (sp.Abs, sp.sign, sp.Max, sp.Min), settle)


def conditions(name: str, args: Any, smooth: bool = False) -> list[tuple[Expr, int, str]] | None:
    """List what must have which sign for a function to have a value, or to be differentiable; None if not known."""
    if not args:
        return None
    x, weak = args[-1], POS if smooth else POS | ZERO
    if name == "log":
        return [(x, POS, f"the logarithm's argument {x} is positive")]
    if name == "tan":
        return [(sp.cos(x), POS | NEG, f"cos({x}) is not 0")]
    if name in ("asin", "acos", "atanh"):
        return [(1 - x**2, POS if name == "atanh" else weak, f"{x} lies between -1 and 1")]
    if name == "acosh":
        return [(x - 1, weak, f"{x} is at least 1")]
    if name == "LambertW":
        return [(x + sp.exp(-1), weak, f"{x} is at least -1/e")]
    if name == "polygamma" and not (args[0].is_Integer and args[0] >= 0):
        return None
    if name in ("gamma", "loggamma", "digamma", "polygamma"):
        return [(x, POS, f"the argument {x} of {name} is positive")]
    if name in ("uppergamma", "lowergamma"):
        order = [(args[0], POS, f"the order {args[0]} of the incomplete gamma function is positive")]
        return order if is_whole(args[0]) else [*order, (x, weak, f"{x} is not negative, as the order is no integer")]
    if name == "polylog":
        allowed = weak if args[0].is_Rational and args[0] > 1 else POS
        return [(1 - x, allowed, f"the argument {x} of polylog is below 1, or 1 if the order is above 1")]
    if name in ("factorial", "binomial"):
        if not all(map(is_whole, args)):
            return None
        return [(a, POS | ZERO, f"the argument {a} of {name} is not negative") for a in args]
    plain = "exp sin cos atan sinh cosh tanh asinh erf erfc erfi Add Mul Abs Max Min sign floor ceiling"
    return [] if name in plain.split() else None


def power_conditions(base: Expr, exponent: Expr, scope: Scope, smooth: bool = False) -> list[tuple[Expr, int, str]]:
    """List what must have which sign for a power to have a value; 0**0 is 1."""
    if is_whole(exponent):
        below = sign(exponent, scope) & NEG
        return [(base, NEG | POS, f"{base} is not 0, having a negative exponent")] if below else []
    grows = sign(exponent, scope)
    if grows == POS or (not grows & NEG and not smooth and all(s.is_integer for s in exponent.free_symbols)):
        weak = POS if smooth else POS | ZERO
        return [(base, weak, f"{base} is not negative, having a fractional exponent")]
    return [(base, POS, f"{base} is positive, having an exponent that is no integer")]


def defined(e: Expr, scope: Scope, given: Expr = sp.S.Zero) -> bool:
    """Tell whether an expression certainly has a value at every point of a scope at which `given` has one.

    Definition: an expression has a value where all its parts have. In a derivative, x**k/x is x**(k - 1), and
    k*x**(k - 1) is 0 for k = 0, also where x is 0.
    """
    sure = parts(given, scope)

    def fine(t: Any, scope: Scope, rest: Expr = sp.S.One) -> bool:
        if t in sure or t.is_Symbol or (t.is_Atom and t.is_number and t not in (sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I)):
            return True
        if isinstance(t, sp.Sum | sp.Integral):
            (s, lo, hi), inner = t.limits[0], inside(t, scope, True)
            if inner is None:
                return False
            if isinstance(t, sp.Integral) and (sign(sp.expand(hi - lo), scope) & NEG or not integrable(t.function, s)):
                return False
            return fine(lo, scope) and fine(hi, scope) and fine(t.function, inner)
        if t.is_Mul:
            powers: dict[Expr, Expr] = {}
            for base, exponent in (a.as_base_exp() for a in t.args if not a.is_number):
                powers[base] = powers.get(base, sp.S.Zero) + exponent
            joined = [a for a in t.args if a.is_number] + [base**exponent for base, exponent in powers.items()]
            return all(fine(a, scope, sp.Mul(*joined[:i], *joined[i + 1 :])) for i, a in enumerate(joined))
        if not all(fine(a, scope) for a in t.args):
            return False
        if t.is_Pow:
            needs: Any = [] if t.base is sp.E else power_conditions(t.base, t.exp, scope)
            if any(sign(a, scope) & ~allowed for a, allowed, _ in needs):
                return _vanishes_below(t.exp, rest, scope)
            return True
        needs = conditions(t.func.__name__, t.args)
        return needs is not None and not any(sign(a, scope) & ~allowed for a, allowed, _ in needs)

    return fine(e, scope)


def parts(e: Any, scope: Scope) -> set[Any]:
    """List the parts that have a value wherever an expression has one.

    Definition: a sum without terms is 0, and an integral over no length, whether or not what stands inside has a value.
    """
    inner = {s for t in e.atoms(sp.Sum, sp.Product, sp.Integral) for s in t.bound_symbols}
    walk, found = sp.preorder_traversal(e), set()
    for t in walk:
        if isinstance(t, sp.Sum | sp.Product | sp.Integral):
            length = sign(sp.expand(t.limits[0][2] - t.limits[0][1]), scope)
            if len(t.limits) > 1 or length & (NEG | ZERO if isinstance(t, sp.Integral) else NEG):
                walk.skip()
        found |= set() if t.free_symbols & inner else {t}
    return found


def integrable(e: Expr, x: Symbol) -> bool:
    """Tell whether an expression with a value all over a closed interval certainly has an integral there.

    Theorem: a bounded function that is continuous but for some jumps is integrable, and a continuous function on a
    closed interval is bounded. What jumps may not stand in a quotient, a logarithm or whatever else is not continuous
    for all numbers: ``t + 1 - ceiling(t)`` is positive from 0 to 1, and comes as near to 0 as one likes.
    """
    for t in sp.preorder_traversal(e):
        natural = t.is_Pow and (x not in t.base.free_symbols or (t.exp.is_Integer and t.exp > 0))
        whole = isinstance(t, sp.Sum | sp.Product | sp.Integral | sp.Tuple) or conditions(t.func.__name__, t.args) == []
        if not natural and not whole and any(jumps(a, x) for a in t.args):
            return False
    return True


def jumps(e: Any, x: Symbol) -> bool:
    """Tell whether an expression may jump as x moves."""
    return any(x in t.free_symbols for t in e.atoms(*JUMPS))


def _vanishes_below(exponent: Expr, rest: Expr, scope: Scope) -> bool:
    """Tell whether a factor is 0 for every value of an index at which an exponent ``a*k + b``, a > 0, is negative."""
    for k in exponent.free_symbols & rest.free_symbols & set(scope.ranges):
        slope, lo = sp.diff(exponent, k), scope.ranges[k].lo
        if not (k.is_integer and slope.is_Integer and slope > 0 and lo is not None and lo.is_Integer):
            continue
        below = [v for v in range(int(lo), int(lo) + 9) if sign(exponent.subs(k, v), scope) & NEG]
        factors = [f for f in sp.Mul.make_args(rest) if f.is_polynomial(k)]
        return len(below) < 9 and all(any(f.subs(k, v) == 0 for f in factors) for v in below)
    return False


def derivative(e: Expr, x: Symbol) -> Expr:
    """Differentiate, integrals with moving ends included; the result is factored, or the terms of its sums.

    Theorem (Leibniz): an integral to a moving end b(x) has the derivative f(b) b', plus the integral of df/dx.
    """
    slope = sp.diff(e, x)
    if not slope.has(sp.Sum):
        return sp.factor_terms(slope)
    return slope.replace(lambda t: isinstance(t, sp.Sum), lambda s: sp.Sum(sp.factor(s.function), *s.limits))


def continuous(e: Expr, x: Symbol, scope: Scope, given: Expr = sp.S.Zero) -> bool:
    """Tell whether an expression certainly is a continuous function of x, and smooth where its derivative is defined.

    Theorem: sums, products, powers and compositions of continuous functions are continuous where all are defined.
    """
    smooth = all(isinstance(t, SMOOTH) for t in sp.preorder_traversal(e) if x in t.free_symbols and isinstance(t, Expr))
    moving = [t for t in e.atoms(sp.Integral) if any(x in end.free_symbols for end in t.limits[0][1:])]
    return smooth and not any(jumps(t.function, t.limits[0][0]) for t in moving) and defined(e, scope, given)
