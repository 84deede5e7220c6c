"""Where symbols live: ranges, hypotheses, and the signs that follow from them.

A sign is a set of possibilities, written as bits: `NEG`, `ZERO`, `POS`. Every rule here returns a set
that contains the truth; `ANY` is the honest answer when nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import Expr, Integer, Symbol

from ..numeric import balls
from ..statements import language
from ..statements.errors import BadStatement, OutOfReach, UndefinedAt

NEG, ZERO, POS, ANY = 1, 2, 4, 7
MIRROR = {a | b << 1 | c << 2: c | b << 1 | a << 2 for a in (0, 1) for b in (0, 1) for c in (0, 1)}
ENOUGH = {">": POS, ">=": POS | ZERO, "<": NEG, "<=": NEG | ZERO, "!=": NEG | POS, "=": ZERO}


@dataclass(frozen=True)
class Range:
    """The values of one symbol; an end of None is absent."""

    lo: Expr | None
    hi: Expr | None
    lo_open: bool = False
    hi_open: bool = False


@dataclass(frozen=True)
class Scope:
    """Symbols with their ranges, and facts: expressions with a sign that is known on the whole range."""

    symbols: dict[str, Symbol]
    ranges: dict[Symbol, Range]
    facts: tuple[tuple[Expr, int], ...] = ()
    oracle: Callable[[Expr, Scope], int] | None = None
    lemmas: Callable[[Expr, Scope], int] | None = None

    def free_of_facts(self, symbol: Symbol) -> bool:
        """Tell whether no hypothesis mentions a symbol, so that its range is all of its values."""
        return not any(symbol in fact.free_symbols for fact, _ in self.facts)

    def with_symbol(self, symbol: Symbol, span: Range) -> Scope:
        """Add a bound variable with its range."""
        return replace(self, symbols={**self.symbols, symbol.name: symbol}, ranges={**self.ranges, symbol: span})

    def with_range(self, symbol: Symbol, span: Range) -> Scope:
        """Narrow the range of a symbol."""
        return replace(self, ranges={**self.ranges, symbol: span})


@lru_cache(maxsize=4096)
def constant_sign(e: Expr) -> int:
    """Decide the sign of a constant: exactly for rationals, by balls otherwise."""
    if e.is_Rational:
        return POS if e.p > 0 else NEG if e.p < 0 else ZERO
    if e in (sp.oo, -sp.oo):
        return POS if e is sp.oo else NEG
    try:
        node = language.parse_expression(str(e).replace("exp(1)", "E"))
    except BadStatement:
        return ANY
    zero = language.parse_expression("0")
    for op, sign in ((">", POS), ("<", NEG)):
        try:
            if balls.holds(language.Relation(node, op, zero, ""), {})[0]:
                return sign
        except (OutOfReach, UndefinedAt):
            return ANY
    return ANY


def domain_scope(domain: dict[str, language.Domain]) -> Scope:
    """Make the symbols of a statement from its domain, with the assumptions that the domain gives."""
    symbols, ranges = {}, {}
    for name, d in domain.items():
        if d.kind == "matrix":
            continue
        lo, hi = (None if t in ("oo", "-oo") else sp.sympify(t, rational=True) for t in (d.lo, d.hi))
        low = constant_sign(lo) if lo is not None else ANY
        high = constant_sign(hi) if hi is not None else ANY
        known: dict[str, bool] = {"integer": True} if d.kind == "integer" else {"real": True}
        if low == POS or (low == ZERO and d.lo_open):
            known["positive"] = True
        elif low == ZERO:
            known["nonnegative"] = True
        elif high == NEG or (high == ZERO and d.hi_open):
            known["negative"] = True
        elif high == ZERO:
            known["nonpositive"] = True
        symbols[name] = Symbol(name, **known)
        ranges[symbols[name]] = Range(lo, hi, d.lo_open, d.hi_open)
    return Scope(symbols, ranges)


def parity(e: Expr) -> int | None:
    """Give an integer polynomial's remainder mod 2 if all its values share it."""
    symbols = sorted(e.free_symbols, key=str)
    if not all(s.is_integer for s in symbols):
        return None
    if not symbols:
        return int(e) % 2 if e.is_Integer else None
    try:
        poly = sp.Poly(e, *symbols)
    except sp.PolynomialError:
        return None
    terms = poly.terms()
    if not all(c.is_Integer for _, c in terms):
        return None
    constant = sum(int(c) for m, c in terms if not any(m))
    return constant % 2 if all(int(c) % 2 == 0 for m, c in terms if any(m)) else None


def one_sided(signs: int) -> bool:
    """Tell whether a sign is never on both sides of zero, so that sums and mixtures keep it."""
    return not (signs & NEG and signs & POS)


def product_sign(a: int, b: int) -> int:
    """Combine the signs of two factors."""
    if a == ZERO or b == ZERO:
        return ZERO
    zero = (a | b) & ZERO
    pos = POS if (a & POS and b & POS) or (a & NEG and b & NEG) else 0
    neg = NEG if (a & POS and b & NEG) or (a & NEG and b & POS) else 0
    return pos | neg | zero


def sum_sign(a: int, b: int) -> int:
    """Combine the signs of two summands."""
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    joint = a | b
    if not joint & NEG:
        return POS if POS in (a, b) else POS | ZERO
    if not joint & POS:
        return NEG if NEG in (a, b) else NEG | ZERO
    return ANY


def sign(e: Expr, scope: Scope, deep: bool = True) -> int:
    """Find the possible signs of an expression over a scope.

    Laws: the signs of sums, products and powers; the values and signs of the functions of the language; an affine
    function on an interval lies between its values at the ends.

    On cards: ``sign rules``.

    Parameters
    ----------
    e : sympy.Expr
        A real expression, defined on the scope.
    scope : Scope
        Ranges and facts.
    deep : bool
        Whether to ask the polynomial oracle when structure does not settle it.

    Returns
    -------
    int
        Bits `NEG`, `ZERO`, `POS`; a superset of the signs taken.
    """
    found = _structure(e, scope, deep)
    if found in (POS, NEG, ZERO):
        return found
    for fact, known in scope.facts:
        if e == fact:
            found &= known
        elif e == -fact:
            found &= MIRROR[known]
    if found in (POS, NEG, ZERO) or not deep:
        return found
    if scope.lemmas is not None:
        found &= scope.lemmas(e, scope)
    if found not in (POS, NEG, ZERO) and scope.oracle is not None:
        found &= scope.oracle(e, scope)
    return found


def _range_sign(span: Range, scope: Scope) -> int:
    low = sign(span.lo, scope, False) if span.lo is not None else ANY
    high = sign(span.hi, scope, False) if span.hi is not None else ANY
    found = ANY
    if low == POS or (low in (ZERO, POS | ZERO) and span.lo_open):
        found &= POS
    elif not low & NEG:
        found &= POS | ZERO
    if high == NEG or (high in (ZERO, NEG | ZERO) and span.hi_open):
        found &= NEG
    elif not high & POS:
        found &= NEG | ZERO
    return found


def _structure(e: Expr, scope: Scope, deep: bool) -> int:
    if not e.free_symbols:
        return constant_sign(e)
    if e.is_Symbol:
        return _range_sign(scope.ranges[e], scope) if e in scope.ranges else ANY
    if e.is_Mul:
        found = POS
        for factor in e.args:
            found = product_sign(found, sign(factor, scope, deep))
        return found
    if e.is_Pow or e.func is sp.exp:
        return _power(e, scope, deep)
    if e.is_Add:
        return _sum(e, scope, deep)
    return _function(e, scope, deep)


def _power(e: Expr, scope: Scope, deep: bool) -> int:
    if e.func is sp.exp or e.base is sp.E:
        return POS
    base, exponent = sign(e.base, scope, deep), e.exp
    if base == POS:
        return POS
    even = parity(exponent)
    grows = sign(exponent, scope, deep)
    if even is None:
        # A nonnegative base to a real power is nonnegative; 0**0 is 1.
        return POS | ZERO if not base & NEG else ANY
    zero = base & ZERO if grows == POS else (0 if grows == ZERO else base & ZERO)
    if grows & ZERO and zero:
        zero |= POS  # 0**0 is 1
    if even == 0:
        return (POS if base & (POS | NEG) else 0) | zero or POS
    return base & (POS | NEG) | zero


def _sum(e: Expr, scope: Scope, deep: bool) -> int:
    found = ZERO
    for term in e.args:
        found = sum_sign(found, sign(term, scope, False))
    if found != ANY:
        return found
    # a*exp(u) + b has the sign of a*(u - log(-b/a)); with b = -a that of a*u.
    rest, tail = e.as_independent(*e.free_symbols, as_Add=True)
    coefficient, power = tail.as_coeff_Mul()
    if power.func is sp.exp and coefficient.is_Rational and rest == -coefficient:
        return product_sign(constant_sign(coefficient), sign(power.args[0], scope, deep))
    found &= _affine(e, scope, deep)
    if found != ANY:
        return found
    if deep:
        factored = sp.factor_terms(sp.factor(e)) if e.is_polynomial(*e.free_symbols) else sp.factor_terms(e)
        if factored.is_Mul or factored.is_Pow:
            return _structure(factored, scope, False)
    return ANY


def _affine(e: Expr, scope: Scope, deep: bool) -> int:
    """Bound an affine function of one symbol by its values at the ends of the symbol's range."""
    found = ANY
    for symbol, span in scope.ranges.items():
        if symbol not in e.free_symbols or not e.is_polynomial(symbol):
            continue
        slope = sp.diff(e, symbol)
        if symbol in slope.free_symbols or (span.lo is None and span.hi is None):
            continue
        others = {s: r for s, r in scope.ranges.items() if s != symbol}
        inner = Scope(scope.symbols, others, scope.facts, scope.oracle)
        tilt = sign(slope, inner, deep)
        ends = 0
        for end, is_open, way in ((span.lo, span.lo_open, tilt), (span.hi, span.hi_open, MIRROR[tilt])):
            if end is None or end in (sp.oo, -sp.oo):
                ends = ANY
                continue
            at_end = sign(sp.expand(e.subs(symbol, end)), inner, deep)
            found &= sum_sign(at_end, product_sign(way, POS if is_open else POS | ZERO))
            ends |= at_end
        if one_sided(ends):
            found &= ends
        if found in (POS, NEG, ZERO):
            break
    return found


def _function(e: Expr, scope: Scope, deep: bool) -> int:
    f = e.func
    if f in (sp.cosh, sp.factorial, sp.erfc, sp.sech):
        return POS
    if f is sp.gamma or f is sp.loggamma:
        return POS if f is sp.gamma and sign(e.args[0], scope, deep) == POS else ANY
    if f is sp.uppergamma:
        s, x = (sign(a, scope, deep) for a in e.args)
        return POS if s == POS and not x & NEG else ANY
    if f in (sp.sinh, sp.tanh, sp.asinh, sp.atan, sp.erf, sp.erfi, sp.sign, sp.LambertW, sp.atanh, sp.asin):
        return sign(e.args[0], scope, deep)
    if f is sp.Abs:
        inner = sign(e.args[0], scope, deep)
        return (POS if inner & (POS | NEG) else 0) | inner & ZERO
    if f is sp.log:
        return sign(sp.expand(e.args[0] - 1), scope, deep)
    if f in (sp.Max, sp.Min):
        signs = [sign(a, scope, deep) for a in e.args]
        if f is sp.Min:
            signs = [MIRROR[s] for s in signs]
        low = POS if POS in signs else POS | ZERO if any(not s & NEG for s in signs) else ANY
        if low == ANY and all(not s & POS for s in signs):
            low = NEG | ZERO if any(s & ZERO for s in signs) else NEG
        return low if f is sp.Max else MIRROR[low]
    if f is sp.binomial:
        top, low = e.args
        if any(sign(a, scope, deep) & NEG for a in e.args):
            return ANY
        return POS if not sign(sp.expand(top - low), scope, deep) & NEG else POS | ZERO
    if isinstance(e, sp.Sum | sp.Integral):
        (variable, lo, hi), *more = e.limits
        if more:
            return ANY
        length = sign(sp.expand(hi - lo), scope, deep)
        term = sign(e.function, scope.with_symbol(variable, Range(lo, hi)), deep)
        if not one_sided(term):
            return ANY
        if isinstance(e, sp.Sum):
            # At least one term when hi >= lo; an empty sum is 0.
            return term if not length & NEG else term | ZERO
        if length & NEG:
            return ANY
        # A continuous integrand of one sign has an integral of that sign (Rolle); of length 0, it is 0.
        return term | ZERO if length != POS else term
    return ANY


def without_corners(e: Expr, scope: Scope) -> Expr:
    """Drop absolute values, maxima and minima whose case is certain on the scope."""

    def settle(t: Any) -> Any:
        if t.func in (sp.Abs, sp.sign):
            found = sign(t.args[0], scope)
            if t.func is sp.sign:
                return {POS: sp.Integer(1), NEG: sp.Integer(-1), ZERO: sp.Integer(0)}.get(found, t)
            return t.args[0] if not found & NEG else -t.args[0] if not found & POS else t
        if len(t.args) == 2:
            larger = sign(t.args[0] - t.args[1], scope)
            if not larger & NEG or not larger & POS:
                return t.args[0] if bool(larger & NEG == 0) == (t.func is sp.Max) else t.args[1]
        return t

    return e.replace(lambda t: t.func in (sp.Abs, sp.sign, sp.Max, sp.Min), settle)


def is_whole(e: Expr) -> bool:
    """Tell whether an expression is certainly integer-valued: an integer polynomial in integer symbols."""
    symbols = sorted(e.free_symbols, key=str)
    if not symbols:
        return bool(e.is_Integer)
    if not all(s.is_integer for s in symbols) or not e.is_polynomial(*symbols):
        return False
    return all(c.is_Integer for c in sp.Poly(e, *symbols).coeffs())


def shift_between(a: Expr, b: Expr) -> int | None:
    """Give ``a - b`` if it is an integer number."""
    gap = sp.expand(a - b)
    return int(gap) if isinstance(gap, Integer) else None
