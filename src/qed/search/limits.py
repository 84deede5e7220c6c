"""Look for a limit: what to divide by what, and which quotients to differentiate."""

from __future__ import annotations

import sympy as sp
from sympy import Expr, Symbol

from ..kernel import limits as kernel
from ..kernel.residual import residual
from ..kernel.signs import derivative, sign
from ..kernel.theorems import NEG, POS, ZERO, Limit, Scope
from .match import attempt

DEPTH = 24


class Limits:
    """Find limits as u falls to 0.

    Parameters
    ----------
    u : sympy.Symbol
        The variable.
    scope : Scope
        The ranges of all symbols, with that of u.
    """

    def __init__(self, u: Symbol, scope: Scope):
        self.u, self.scope = u, scope
        self.positive = sp.Dummy("u", positive=True)
        self.found: dict[Expr, Limit] = {}
        self.vain: dict[Expr, int] = {}

    def find(self, e: Expr, depth: int = DEPTH) -> Limit | None:
        """Find the limit of an expression, if these rules do; what was looked for in vain is not looked for again."""
        if e not in self.found and self.vain.get(e, -1) < depth:
            t = self._find(e, depth)
            if t:
                self.found[e] = t
            else:
                self.vain[e] = depth
        return self.found.get(e)

    def _find(self, e: Expr, depth: int) -> Limit | None:
        if self.u not in e.free_symbols or e == self.u:
            return attempt(kernel.trivial, e, self.u, self.scope)
        if depth <= 0:
            return None
        plain = self.tidy(e)
        if plain != e:
            return self.instead(e, plain, depth - 1)
        parts = self.parts(e, depth)
        found = attempt(kernel.combine, e, self.u, parts, self.scope) if parts is not None else None
        if found:
            return found
        return self.of_sum(e, depth) if e.is_Add else self.of_product(e, depth) if e.is_Mul else None

    def parts(self, e: Expr, depth: int) -> dict[Expr, Limit] | None:
        """Find the limits of the parts."""
        powers = e.is_Pow and e.base is not sp.E and self.u in e.exp.free_symbols
        found = {}
        for part in (e.exp * sp.log(e.base),) if powers else e.args:
            if self.u in part.free_symbols:
                t = self.find(part, depth - 1)
                if t is None:
                    return None
                found[part] = t
        return found

    def instead(self, e: Expr, other: Expr, depth: int) -> Limit | None:
        """Find the limit of an equal expression."""
        if e == other:
            return None
        t = self.find(other, depth)
        q = attempt(residual, e, other, self.scope) if t else None
        return kernel.equal(t, q) if t and q else None

    def tidy(self, e: Expr) -> Expr:
        """Write powers of the positive symbol outside roots and logarithms, where they can cancel."""
        moved = e.xreplace({self.u: self.positive})
        moved = moved.replace(
            lambda t: t.is_Pow and t.exp.is_Rational and not t.exp.is_Integer,
            lambda t: sp.expand_power_base(sp.factor(sp.together(t.base)) ** t.exp),
        )
        return moved.xreplace({self.positive: self.u})

    def simple(self, e: Expr) -> Expr:
        """Cancel, as for a positive symbol."""
        moved = e.xreplace({self.u: self.positive})
        return sp.powsimp(sp.cancel(sp.together(moved))).xreplace({self.positive: self.u})

    def sign(self, value: Expr) -> int:
        """Give the sign of a limit."""
        return POS if value is sp.oo else NEG if value is -sp.oo else sign(value, self.scope)

    def of_sum(self, e: Expr, depth: int) -> Limit | None:
        """Write a sum on one denominator, or take its fastest term out: a (1 + b/a)."""
        top, bottom = sp.fraction(sp.together(e))
        if self.u in bottom.free_symbols:
            return self.quotient(e, top, bottom, depth - 1)
        for lead in e.args if depth > 2 else ():
            ratio = sp.Add(*(self.simple(term / lead) for term in e.args))
            inner = self.find(ratio, depth - 2)
            if inner and inner.value not in kernel.INFINITE and not self.sign(inner.value) & ZERO:
                outer = self.find(lead, depth - 1)
                if outer and outer.value in kernel.INFINITE:
                    whole = sp.Mul(lead, ratio, evaluate=False)
                    found = attempt(kernel.combine, whole, self.u, {lead: outer, ratio: inner}, self.scope)
                    q = attempt(residual, e, whole, self.scope) if found else None
                    return kernel.equal(found, q) if found and q else None
        return None

    def of_product(self, e: Expr, depth: int) -> Limit | None:
        """Write a product as a quotient; of 0 * oo one factor goes below, a power of u if there is one."""
        kept = sp.Mul(*(f for f in e.args if not kernel.bounded(f)))
        rest = self.find(kept, depth - 1) if kept != e else None
        if rest and self.sign(rest.value) == ZERO:
            return attempt(kernel.squeezed, e, rest)
        opened = self.instead(e, sp.expand(e), depth - 2) if e.has(*kernel.BOUNDED) else None
        if opened:
            return opened
        top, bottom = sp.fraction(sp.powsimp(e))
        if self.u in bottom.free_symbols:
            return self.quotient(e, top, bottom, depth - 1)
        tails = [f for f in e.args if f.has(sp.erf, sp.erfc)]
        if len(tails) == 1 and e != tails[0]:
            return self.quotient(e, tails[0], tails[0] / e, depth - 1)
        for factor in sorted(e.args, key=lambda f: f.has(sp.exp, sp.log)):
            rest = sp.Mul(*(f for f in e.args if f != factor))
            if rest != 1 and self.u in rest.free_symbols and self.u in factor.free_symbols:
                return self.quotient(e, rest, 1 / factor, depth - 1)
        return None

    def quotient(self, e: Expr, top: Expr, bottom: Expr, depth: int) -> Limit | None:
        """Divide, and use L'Hopital's theorem for 0/0 and oo/oo."""
        if depth <= 0:
            return None
        f, g = self.find(top, depth - 1), self.find(bottom, depth - 1)
        found = self.divided(f, g) or self.by_slopes(f, g, depth) if f and g else None
        if found is None or found.expression == e:
            return found
        q = attempt(residual, e, found.expression, self.scope)
        return kernel.equal(found, q) if q else None

    def divided(self, f: Limit, g: Limit) -> Limit | None:
        """Divide two limits."""
        under = attempt(kernel.combine, sp.Pow(g.expression, -1, evaluate=False), self.u, {g.expression: g}, self.scope)
        if under is None:
            return None
        whole = sp.Mul(f.expression, under.expression, evaluate=False)
        parts = {f.expression: f, under.expression: under}
        found = attempt(kernel.combine, whole, self.u, parts, self.scope)
        return found

    def by_slopes(self, f: Limit, g: Limit, depth: int) -> Limit | None:
        """Use L'Hopital's theorem."""
        slope = derivative(g.expression, self.u)
        if slope == 0:
            return None
        quotient = derivative(f.expression, self.u) / slope
        plain = self.tidy(self.simple(quotient))
        a, b = sp.fraction(sp.together(plain))
        if self.u in b.free_symbols:
            ratio = self.quotient(quotient, a, b, depth - 1)
        else:
            ratio = self.find(plain, depth - 1) if plain == quotient else self.instead(quotient, plain, depth - 1)
        waves = [t for t in sp.preorder_traversal(slope) if isinstance(t, kernel.WAVES) and self.u in t.free_symbols]
        calm = [t for w in waves if (t := self.find(w.args[0], 6))]
        return attempt(kernel.lhopital, f.expression / g.expression, f, g, ratio, tuple(calm)) if ratio else None


