"""Limits by continuity, arithmetic and L'Hopital's theorem; no series and no answer of SymPy's ``limit``."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Symbol

from .scope import NEG, POS, ZERO, Range, Scope, sign

DEPTH = 24


def limit(e: Expr, x: Symbol, point: Expr, side: str, scope: Scope) -> Expr | None:
    """Find a one-sided limit.

    Theorem: limits pass through sums, products, quotients and continuous functions wherever those are defined,
    and 0/0 and oo/oo have the limit of the quotient of the derivatives, if there is one (L'Hopital).

    On cards: ``limits by continuity, arithmetic and L'Hopital's theorem``.

    Parameters
    ----------
    e : sympy.Expr
        A real expression, defined near the point on that side.
    x : sympy.Symbol
        The variable.
    point : sympy.Expr
        A number, ``oo`` or ``-oo``.
    side : {"+", "-"}
        From above or from below; ignored at infinity.
    scope : Scope
        The ranges of the other symbols.

    Returns
    -------
    sympy.Expr or None
        The limit, possibly infinite; None when the rules do not settle it.
    """
    u = sp.Dummy("u", positive=True)
    if point in (sp.oo, -sp.oo):
        moved = e.subs(x, (1 if point is sp.oo else -1) / u)
    else:
        moved = e.subs(x, point + (u if side == "+" else -u))
    inner = scope.with_symbol(u, Range(sp.Integer(0), None, True, True))
    return _limit(_tidy(moved), u, inner, DEPTH)


def _tidy(e: Expr) -> Expr:
    """Write powers of the positive symbol outside roots and logarithms, where they can cancel."""
    e = e.replace(
        lambda t: t.is_Pow and t.exp.is_Rational and not t.exp.is_Integer,
        lambda t: sp.expand_power_base(sp.factor(sp.together(t.base)) ** t.exp),
    )
    return e


def _limit(e: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    if u not in e.free_symbols:
        return e
    if depth <= 0:
        return None
    if e == u:
        return sp.Integer(0)
    if e.is_Add:
        return _sum(e, u, scope, depth)
    if e.is_Mul:
        return _product(e, u, scope, depth)
    if e.func is sp.exp or (e.is_Pow and e.base is sp.E):
        inner = _limit(e.exp if e.is_Pow else e.args[0], u, scope, depth - 1)
        return None if inner is None else sp.Integer(0) if inner is -sp.oo else sp.exp(inner)
    if e.is_Pow:
        return _power(e, u, scope, depth)
    return _function(e, u, scope, depth)


def _sign(value: Expr, scope: Scope) -> int:
    return POS if value is sp.oo else NEG if value is -sp.oo else sign(value, scope)


def _infinite(value: Expr) -> bool:
    return value in (sp.oo, -sp.oo)


def _sum(e: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    parts = [_limit(term, u, scope, depth - 1) for term in e.args]
    if all(part is not None for part in parts):
        infinite = {part for part in parts if part is not None and _infinite(part)}
        if len(infinite) <= 1:
            return infinite.pop() if infinite else sp.Add(*parts)
    top, bottom = sp.fraction(sp.together(e))
    if u in bottom.free_symbols:
        return _quotient(top, bottom, u, scope, depth - 1)
    # The fastest term may be taken out: a (1 + b/a).
    for lead in e.args:
        ratio = sp.Add(*(_simple(term / lead) for term in e.args))
        inner = _limit(ratio, u, scope, depth - 2) if depth > 2 else None
        if inner is not None and not _infinite(inner) and not _sign(inner, scope) & ZERO:
            outer = _limit(lead, u, scope, depth - 1)
            if outer is not None and _infinite(outer):
                return outer * sp.Integer(1 if _sign(inner, scope) == POS else -1)
    return None


def _simple(e: Expr) -> Expr:
    return sp.powsimp(sp.cancel(sp.together(e)))


def _product(e: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    parts = [_limit(factor, u, scope, depth - 1) for factor in e.args]
    if all(part is not None for part in parts):
        infinite = [part for part in parts if part is not None and _infinite(part)]
        signs = [_sign(part, scope) for part in parts if part is not None]
        if not infinite:
            return sp.Mul(*parts)
        if all(s in (POS, NEG) for s in signs):
            return sp.oo * sp.Integer((-1) ** sum(s == NEG for s in signs))
    top, bottom = sp.fraction(sp.powsimp(e))
    if u in bottom.free_symbols:
        return _quotient(top, bottom, u, scope, depth - 1)
    # 0 * oo: one factor goes below, a power of u if there is one.
    for factor in sorted(e.args, key=lambda f: f.has(sp.exp, sp.log)):
        rest = sp.Mul(*(f for f in e.args if f != factor))
        if rest != 1 and u in rest.free_symbols and u in factor.free_symbols:
            return _quotient(rest, 1 / factor, u, scope, depth - 1)
    return None


def _quotient(top: Expr, bottom: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    """Divide, and use L'Hopital's theorem for 0/0 and oo/oo.

    Theorem (L'Hopital): if f and g both tend to 0 or g to infinity, g' has no zero near the point, and f'/g'
    has a limit, then f/g has the same. Without oscillating parts g' keeps its sign near the point.
    """
    if depth <= 0:
        return None
    f, g = _limit(top, u, scope, depth - 1), _limit(bottom, u, scope, depth - 1)
    if f is None or g is None:
        return None
    if not _infinite(g) and _sign(g, scope) in (POS, NEG):
        return f / g
    if _infinite(g) and not _infinite(f):
        return sp.Integer(0)
    zero_over_zero = _sign(f, scope) == ZERO and _sign(g, scope) == ZERO
    if not zero_over_zero and not (_infinite(f) and _infinite(g)):
        if _sign(g, scope) == ZERO and _sign(f, scope) in (POS, NEG):
            near = sign(bottom, scope.with_range(u, Range(sp.Integer(0), sp.Rational(1, 10**6), True, False)))
            if near in (POS, NEG):
                return sp.oo * sp.Integer(1 if near == _sign(f, scope) else -1)
        return None
    if (top / bottom).has(sp.sin, sp.cos, sp.tan, sp.floor, sp.Abs, sp.sign, sp.Max, sp.Min) and not zero_over_zero:
        return None
    slope = sp.diff(bottom, u)
    if slope == 0:
        return None
    a, b = sp.fraction(sp.together(_tidy(_simple(sp.diff(top, u) / slope))))
    return _quotient(a, b, u, scope, depth - 1) if u in b.free_symbols else _limit(a / b, u, scope, depth - 1)


def _power(e: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    if u in e.exp.free_symbols:
        if sign(e.base, scope) != POS:
            return None
        inner = _limit(e.exp * sp.log(e.base), u, scope, depth - 1)
        return None if inner is None else sp.Integer(0) if inner is -sp.oo else sp.exp(inner)
    base = _limit(e.base, u, scope, depth - 1)
    grows = sign(e.exp, scope)
    if base is None or grows not in (POS, NEG):
        return None
    if _infinite(base):
        if grows == NEG:
            return sp.Integer(0)
        return sp.oo if base is sp.oo else sp.Integer(-1) ** e.exp * sp.oo if e.exp.is_Integer else None
    at = _sign(base, scope)
    if at == ZERO and grows == NEG:
        near = sign(e.base, scope.with_range(u, Range(sp.Integer(0), sp.Rational(1, 10**6), True, False)))
        if near == POS:
            return sp.oo
        return sp.oo * sp.Integer(-1) ** e.exp if near == NEG and e.exp.is_Integer else None
    if at == POS or (at == ZERO and grows == POS) or (e.exp.is_Integer and at == NEG):
        return base**e.exp
    return None


def _function(e: Expr, u: Symbol, scope: Scope, depth: int) -> Expr | None:
    """Use continuity, and the limits at infinity that define the range of a function."""
    if len(e.args) != 1:
        return None
    inner = _limit(e.args[0], u, scope, depth - 1)
    if inner is None:
        return None
    f = e.func
    if f is sp.log:
        if inner is sp.oo or _sign(inner, scope) == POS:
            return sp.log(inner)
        return -sp.oo if _sign(inner, scope) == ZERO and sign(e.args[0], scope) == POS else None
    if f is sp.Abs:
        return sp.oo if _infinite(inner) else sp.Abs(inner)
    at_infinity = {sp.atan: sp.pi / 2, sp.tanh: 1, sp.erf: 1, sp.sinh: sp.oo, sp.asinh: sp.oo}
    if _infinite(inner):
        if f is sp.erfc:
            return sp.Integer(0) if inner is sp.oo else sp.Integer(2)
        if f is sp.cosh:
            return sp.oo
        return sp.S(at_infinity[f]) * (1 if inner is sp.oo else -1) if f in at_infinity else None
    if f is sp.tan and _sign(sp.cos(inner), scope) in (POS, NEG):
        return sp.tan(inner)
    continuous = (sp.sin, sp.cos, sp.atan, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc, sp.erfi, sp.asinh)
    return f(inner) if f in continuous else None
