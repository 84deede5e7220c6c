"""Limits by continuity, arithmetic, squeezing and L'Hôpital's theorem; no series and no answer of SymPy's ``limit``."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy import Expr, Symbol

from .signs import defined, derivative, sign
from .theorems import NEG, POS, SEAL, ZERO, Equal, Limit, Scope, Sign, names, require

INFINITE = (sp.oo, -sp.oo)
RULE = "limits by continuity, arithmetic and L'Hôpital's theorem"
CONTINUOUS = (sp.sin, sp.cos, sp.atan, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc, sp.erfi, sp.asinh, sp.Abs)
AT_INFINITY = {sp.atan: sp.pi / 2, sp.tanh: 1, sp.erf: 1, sp.sinh: sp.oo, sp.asinh: sp.oo}
TAME = (sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.erfc)
WAVES = (sp.sin, sp.cos, sp.tan)
Parts = Mapping[Expr, Limit]


def trivial(e: Expr, u: Symbol, scope: Scope) -> Limit:
    """Conclude the limit of u itself, and of what does not contain it.

    Definition: u falls to 0, and a constant tends to itself.
    """
    require(e == u or u not in e.free_symbols, "not trivial")
    return Limit(SEAL, e, u, sp.S.Zero if e == u else e, scope, scope.by(RULE))


def equal(t: Limit, q: Equal) -> Limit:
    """Give the left side of an equation the limit of the right side.

    Rule: equals have equal limits.
    """
    require(q.right == t.expression and q.scope == t.scope, "the equation is about something else")
    return Limit(SEAL, q.left, t.u, t.value, t.scope, names(t, q))


def combine(e: Expr, u: Symbol, parts: Parts, scope: Scope) -> Limit:
    """Conclude a limit from those of the parts; of b**c, where u stands in c, from that of c*log(b).

    Theorem: limits pass through sums, products, powers and continuous functions wherever those are defined.

    On cards: ``limits by continuity, arithmetic and L'Hôpital's theorem``.
    """
    values, used = [], []
    wanted = (e.exp * sp.log(e.base),) if e.is_Pow and e.base is not sp.E and u in e.exp.free_symbols else e.args
    for part in wanted:
        t = parts[part] if u in part.free_symbols else trivial(part, u, scope)
        require(t.expression == part and t.u == u and t.scope == scope, "no theorem on a part")
        values.append(t.value)
        used.append(t)
    value = _value(e, values, scope, len(wanted) < len(e.args))
    require(value is not None and not value.has(sp.nan, sp.zoo), "the parts do not settle it")
    return Limit(SEAL, e, u, value, scope, names(*used) or scope.by(RULE))


def _sign(value: Expr, scope: Scope) -> int:
    return POS if value is sp.oo else NEG if value is -sp.oo else sign(value, scope)


def _value(e: Expr, values: list[Expr], scope: Scope, by_log: bool) -> Expr | None:
    infinite = {v for v in values if v in INFINITE}
    first, f = values[0], e.func
    if e.is_Add:
        return None if len(infinite) > 1 else infinite.pop() if infinite else sp.Add(*values)
    if e.is_Mul:
        signs = [_sign(v, scope) for v in values]
        if not infinite:
            return sp.Mul(*values)
        return sp.oo * sp.Integer((-1) ** signs.count(NEG)) if all(s in (POS, NEG) for s in signs) else None
    if f is sp.exp or by_log:
        if by_log and sign(e.base, scope) != POS:
            return None
        return sp.S.Zero if first is -sp.oo else sp.oo if first is sp.oo else sp.exp(first)
    if e.is_Pow:
        return _power(e, first, scope)
    if f is sp.polygamma and e.args[0].is_Integer and e.args[0] >= 0 and not _sign(values[1], scope) & ~POS:
        return f(*values) if values[1] is not sp.oo else sp.S.Zero if e.args[0] > 0 else sp.oo
    at = _sign(first, scope)
    if f is sp.log:
        if first is sp.oo or at == POS:
            return sp.log(first)
        return -sp.oo if at == ZERO and sign(e.args[0], scope) == POS else None
    if f is sp.tan and first not in INFINITE:
        return sp.tan(first) if sign(sp.cos(first), scope) in (POS, NEG) else None
    if first not in INFINITE:
        return f(first) if f in CONTINUOUS else None
    if f is sp.erfc:
        return sp.S.Zero if first is sp.oo else sp.Integer(2)
    if f in (sp.cosh, sp.Abs):
        return sp.oo
    return sp.S(AT_INFINITY[f]) * (1 if first is sp.oo else -1) if f in AT_INFINITY else None


def _power(e: Expr, base: Expr, scope: Scope) -> Expr | None:
    """A power with a constant exponent."""
    grows, at, near = sign(e.exp, scope), _sign(base, scope), sign(e.base, scope)
    if grows not in (POS, NEG):
        return None
    flips = sp.Integer(-1) ** e.exp if e.exp.is_Integer else None
    if base in INFINITE:
        return sp.S.Zero if grows == NEG else sp.oo if base is sp.oo else None if flips is None else flips * sp.oo
    if at == ZERO and grows == NEG:
        return sp.oo if near == POS else flips * sp.oo if near == NEG and flips is not None else None
    if at == ZERO and grows == POS:
        return sp.S.Zero
    return base**e.exp if at == POS or (flips is not None and at == NEG) else None


def squeezed(e: Expr, lo: Limit, hi: Limit, above: Sign, below: Sign) -> Limit:
    """Conclude the limit of an expression that lies between two others with one limit.

    Theorem (squeeze): if lo <= f <= hi near the point, and lo and hi tend to the same, f tends to it; here `above`
    is about f - lo and `below` about f - hi.

    On cards: ``squeeze theorem``.
    """
    u, scope = lo.u, lo.scope
    require(scope == hi.scope == above.scope == below.scope and u == hi.u, "theorems about another scope")
    require(scope.is_free(u), f"a hypothesis or a range depends on {u}")
    told = (above.expression, below.expression) == (e - lo.expression, e - hi.expression)
    require(told and not above.signs & NEG and not below.signs & POS, "no theorem that it lies between the bounds")
    sure = defined(lo.expression, above.scope, e) and defined(hi.expression, below.scope, e)
    require(sure and lo.value == hi.value, "a bound may have no value, or the bounds have different limits")
    by = (*names(lo, hi, above, below), "squeeze theorem")
    return Limit(SEAL, e, u, lo.value, scope, tuple(dict.fromkeys(by)))


def lhopital(e: Expr, top: Limit, bottom: Limit, ratio: Limit, calm: tuple[Limit, ...] = ()) -> Limit:
    """Conclude the limit of a quotient from that of the derivatives' quotient.

    Theorem (L'Hôpital): if f and g both tend to 0 or g to infinity, g' has no zero near the point, and f'/g'
    has a limit, then f/g has the same. A g' that is built of exponentials, logarithms, powers and sines of arguments
    with a finite limit, `calm`, keeps its sign near the point.
    """
    f, g, u, scope = top.expression, bottom.expression, top.u, top.scope
    require(e == f / g and u == bottom.u == ratio.u and scope == bottom.scope == ratio.scope, "not this quotient")
    slopes = derivative(f, u), derivative(g, u)
    require(slopes[1] != 0 and ratio.expression == slopes[0] / slopes[1], "no theorem on the derivatives")
    to_zero = sign(top.value, scope) == ZERO and sign(bottom.value, scope) == ZERO
    require(to_zero or bottom.value in INFINITE, "neither 0/0 nor over infinity")
    require(all(t.scope == scope for t in calm), "limits over another scope")
    require_steady(slopes[1], u, calm)
    return Limit(SEAL, e, u, ratio.value, scope, names(top, bottom, ratio, *calm))


def require_steady(e: Expr, u: Symbol, calm: tuple[Limit, ...]) -> None:
    """Refuse what may vanish again and again as u falls to 0.

    Theorem (Hardy; van den Dries and Miller): exponentials, logarithms, powers, and sines of what has a finite limit,
    make functions that keep their sign near the point.
    """
    settled = {t.expression for t in calm if t.value not in INFINITE and t.u == u}
    for part in sp.preorder_traversal(e):
        wave = isinstance(part, WAVES) and part.args[0] in settled
        fine = u not in part.free_symbols or part.is_Symbol or isinstance(part, TAME) or wave
        require(fine, f"{part} may make the denominator's derivative vanish again and again")
