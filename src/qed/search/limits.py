"""Look for a limit: what to divide by what, and which quotients to differentiate."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy import Expr, Symbol

from ..kernel import limits as kernel
from ..kernel.residual import residual
from ..kernel.signs import derivative, sign, without_corners
from ..kernel.theorems import ANY, NEG, POS, ZERO, Limit, Scope, Sign
from .match import attempt

if TYPE_CHECKING:
    from .signs import Signs

DEPTH = 24
BOUNDED, STEPS = (sp.sin, sp.cos, sp.tanh, sp.erf), (sp.floor, sp.ceiling)


class Limits:
    """Find limits as u falls to 0.

    Parameters
    ----------
    u : sympy.Symbol
        The variable.
    scope : Scope
        The ranges of all symbols, with that of u.
    signs : Signs
        What finds the signs of gaps between an expression and its bounds; without it nothing is squeezed.
    """

    def __init__(self, u: Symbol, scope: Scope, signs: Signs | None = None):
        self.u, self.scope, self.signs = u, scope, signs
        self.positive = sp.Dummy("u", positive=True)
        self.found: dict[Expr, Limit] = {}
        self.vain: dict[Expr, int] = {}

    def search(self, e: Expr, depth: int = DEPTH) -> Limit | None:
        """Find the limit of an expression, or else of two bounds."""
        plain = without_corners(e, self.scope)
        return self.find(e, depth) or self.instead(e, plain, depth) or self.squeezed(e, self.bounds(e), depth)

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
        moved = moved.replace(sp.log, lambda x: sp.expand_log(sp.log(sp.factor(sp.together(x)))))
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
        kept = sp.Mul(*(f for f in e.args if not bounded(f)))
        rest = self.find(kept, depth - 1) if kept != e else None
        if rest and self.sign(rest.value) == ZERO:
            return self.squeezed(e, self.between(e, [way * sp.Abs(kept) for way in (1, -1)]), depth)
        opened = self.instead(e, sp.expand(e), depth - 2) if e.has(*BOUNDED) else None
        if opened:
            return opened
        tails = [f for f in e.args if f.has(sp.erf, sp.erfc)]
        faint = self.find(tails[0], depth - 1) if len(tails) == 1 and e != tails[0] else None
        if faint and self.sign(faint.value) == ZERO:
            return self.quotient(e, tails[0], tails[0] / e, depth - 1)
        top, bottom = sp.fraction(sp.powsimp(e))
        if self.u in bottom.free_symbols:
            return self.quotient(e, top, bottom, depth - 1)
        for factor in sorted(e.args, key=lambda f: f.has(sp.exp, sp.log)):
            rest = sp.Mul(*(f for f in e.args if f != factor))
            if rest != 1 and self.u in rest.free_symbols and self.u in factor.free_symbols:
                return self.quotient(e, rest, 1 / factor, depth - 1)
        return None

    def squeezed(self, e: Expr, bounds: Iterable[tuple[Expr, Sign]], depth: int) -> Limit | None:
        """Look for two bounds with the same limit."""
        lower: list[tuple[Limit, Sign]] = []
        upper: list[tuple[Limit, Sign]] = []
        for bound, t in bounds:
            limit = self.find(bound, depth - 2) if t.signs != ANY and t.signs != NEG | POS else None
            lower += [(limit, t)] if limit and not t.signs & NEG else []
            upper += [(limit, t)] if limit and not t.signs & POS else []
            for (lo, above), (hi, below) in itertools.product(lower, upper):
                found = attempt(kernel.squeezed, e, lo, hi, above, below)
                if found:
                    return found
        return None

    def bounds(self, e: Expr) -> Iterator[tuple[Expr, Sign]]:
        """List bounds: what the ends of bounded functions and of steps give, and earlier claims."""
        steps = [t for t in sorted(e.atoms(*BOUNDED, *STEPS), key=str) if self.u in t.free_symbols]
        corners = itertools.product(*map(ends_of, steps)) if len(steps) <= 2 else ()
        yield from self.between(e, [e.xreplace(dict(zip(steps, corner, strict=True))) for corner in corners])
        yield from self.signs.bounding(e, self.scope) if self.signs else ()

    def between(self, e: Expr, proposed: list[Expr]) -> Iterator[tuple[Expr, Sign]]:
        """List theorems on the gaps between an expression and proposed bounds."""
        for bound in (without_corners(b, self.scope) for b in proposed if b != e and self.signs):
            assert self.signs
            scope = self.signs.grounded(e - bound, self.scope)
            yield bound, self.signs.by_core(e - bound, scope) or self.signs.deep(e - bound, scope)

    def quotient(self, e: Expr, top: Expr, bottom: Expr, depth: int) -> Limit | None:
        """Divide, and use L'Hôpital's theorem for 0/0 and oo/oo."""
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

    def as_before(self, top: Expr, bottom: Expr, before: Expr) -> tuple[Expr, Expr]:
        """Write a denominator as it stood before, and is known to be defined, if it is a constant multiple of that."""
        for power in sorted(before.atoms(sp.Pow), key=sp.default_sort_key):
            if power.exp == -1 and power.base.is_Add and self.u in bottom.free_symbols:
                times = sp.cancel(bottom / power.base)
                if self.u not in times.free_symbols:
                    return top / times, power.base
        return top, bottom

    def by_slopes(self, f: Limit, g: Limit, depth: int) -> Limit | None:
        """Use L'Hôpital's theorem."""
        slope = derivative(g.expression, self.u)
        quotient = derivative(f.expression, self.u) / slope if slope != 0 else sp.nan
        if quotient.has(sp.Derivative, sp.Subs, sp.nan):
            return None
        plain = self.tidy(self.simple(quotient))
        top, bottom = sp.fraction(sp.together(plain))
        a, b = self.as_before(top, bottom, quotient)
        if self.u in b.free_symbols:
            ratio = self.quotient(quotient, a, b, depth - 1)
        else:
            ratio = self.find(plain, depth - 1) if plain == quotient else self.instead(quotient, plain, depth - 1)
        waves = [t for t in sp.preorder_traversal(slope) if isinstance(t, kernel.WAVES) and self.u in t.free_symbols]
        calm = [t for w in waves if (t := self.find(w.args[0], 6))]
        return attempt(kernel.lhopital, f.expression / g.expression, f, g, ratio, tuple(calm)) if ratio else None


def bounded(e: Expr) -> bool:
    """Tell whether a factor is a natural power of a function with values between -1 and 1."""
    base, exponent = e.as_base_exp()
    return isinstance(base, BOUNDED) and bool(exponent.is_Integer and exponent > 0)


def ends_of(t: Any) -> tuple[Expr, Expr]:
    """Give what a function lies between."""
    if t.func in STEPS:
        return t.args[0], t.args[0] + (1 if t.func is sp.ceiling else -1)
    return sp.S.NegativeOne, sp.S.One
