"""The exact residual: are two expressions identical wherever the first has a value?

Transcendental pieces are replaced by independent generators after their laws have been applied once
(exponents split, gamma functions shifted to a common argument, sums cut to a common length). What is left
is a rational function; it vanishes iff its numerator expands to 0. Generators that are in truth dependent
can make the test say no to a true identity, never yes to a false one.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from .signs import defined, is_complex, is_whole, parity, sign, without_corners
from .theorems import NEG, POS, SEAL, Equal, Scope, require

CIRCULAR = (sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)


def residual(left: Expr, right: Expr, scope: Scope) -> Equal:
    """Conclude that two expressions are equal from the difference of their forms.

    Theorem: a rational function whose numerator expands to 0 vanishes wherever it is defined, whatever quantities
    stand for its variables.

    On cards: ``exact residual``.
    """
    require(is_zero(left - right, scope), "the residual does not expand to 0")
    require(defined(right, scope, left), "the right side may have no value")
    return Equal(SEAL, left, right, scope, scope.by("exact residual"))


def is_zero(e: Any, scope: Scope) -> bool:
    """Tell whether an expression vanishes wherever it has a value. False says nothing."""
    if e.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.Derivative, sp.Subs):
        return False
    e = sp.expand(e) if e.is_Add else e
    if e == 0:
        return True
    forms = _Generators(scope)
    top = sp.expand(sp.numer(sp.together(forms.walk(elementary(e, scope)))))
    for generator, relation in reversed(forms.relations):  # a nested root stands after the roots inside it
        if top.has(generator):
            top = sp.expand(sp.rem(top, relation, generator))
    return bool(top == 0)


def elementary(e: Expr, scope: Scope) -> Expr:
    """Write functions by fewer ones: circular and hyperbolic by exp, factorials by gamma, logs of products by sums.

    Laws: Euler's formulas; n! = gamma(n + 1) and what follows for binomials and beta; erfc = 1 - erf;
    Li_1(x) = -log(1 - x);
    gamma(s, 0) = gamma(s); an integral of length 0 is 0; log(ab) = log a + log b for positive a and b, and
    log(-a) + log(-b) for negative ones.
    """
    e = without_corners(e, scope)
    e = e.replace(lambda t: t.func in (sp.factorial, sp.binomial, sp.beta), lambda t: t.rewrite(sp.gamma))
    e = e.replace(sp.lowergamma, lambda s, x: sp.gamma(s) - sp.uppergamma(s, x))
    e = e.replace(sp.uppergamma, lambda s, x: sp.gamma(s) if x == 0 else sp.uppergamma(s, x))
    e = e.replace(sp.erfc, lambda x: 1 - sp.erf(x))
    e = e.replace(sp.polylog, lambda s, x: -sp.log(1 - x) if s == 1 else sp.polylog(s, x))
    e = e.replace(lambda t: isinstance(t, sp.Integral), lambda t: sp.S.Zero if _gap(*t.limits[0][1:]) == 0 else t)
    e = shift_polygammas(shift_gammas(align_sums(e, scope)))
    e = e.replace(lambda t: t.func in CIRCULAR, lambda t: t.rewrite(sp.exp))
    return e.replace(sp.log, lambda x: _split_log(x, scope))


def _gap(a: Expr, b: Expr) -> int | None:
    """Give ``a - b`` if it is an integer number."""
    gap = sp.expand(a - b)
    return int(gap) if gap.is_Integer else None


def _split_log(x: Expr, scope: Scope) -> Expr:
    total, flips = sp.Integer(0), 0
    for part in sp.Mul.make_args(sp.factor(sp.together(x)) if x.is_Add else x):
        base, power = part.as_base_exp()
        if power == 1 and sign(base, scope) == NEG:
            part, base, flips = -part, -base, flips + 1
        if part.is_Rational and part > 0:
            total += sp.Add(*(k * sp.log(prime) for prime, k in sp.factorrat(part).items()))
        elif base is sp.E and not is_complex(power):
            total += power
        elif sign(base, scope) == POS:
            total += power * sp.log(base)
        else:
            return sp.log(x)
    return sp.log(x) if flips % 2 else total


def shift_gammas(e: Expr) -> Expr:
    """Bring gamma functions whose arguments differ by integers to the least one of them.

    Laws: gamma(z + 1) = z gamma(z), gamma(s + 1, x) = s gamma(s, x) + x**s exp(-x), gamma(1, x) = exp(-x), and
    Legendre's gamma(2z) = 2**(2z - 1) gamma(z) gamma(z + 1/2) / sqrt(pi) where all three occur.
    """
    e = _duplicate(e)
    for head in (sp.gamma, sp.uppergamma):
        rest = sorted(e.atoms(head), key=sp.default_sort_key)
        while rest:
            first, *_ = rest
            group = [a for a in rest if a.args[1:] == first.args[1:] and _gap(a.args[0], first.args[0]) is not None]
            rest = [a for a in rest if a not in group]
            s = min(group, key=lambda a: _gap(a.args[0], first.args[0]) or 0).args[0]
            if head is sp.uppergamma and s.is_Integer and s >= 1:
                s = sp.Integer(1)
            for atom in group:
                k = _gap(atom.args[0], s) or 0
                if k > 40:
                    continue
                moved: Any = sp.gamma(s) * sp.Mul(*(s + j for j in range(k)))
                if head is sp.uppergamma:
                    x = atom.args[1]
                    moved = sp.exp(-x) if s == 1 else sp.uppergamma(s, x)
                    for j in range(k):
                        moved = (s + j) * moved + x ** (s + j) * sp.exp(-x)
                e = e.subs(atom, moved) if moved != atom else e
    return e


def shift_polygammas(e: Expr) -> Expr:
    """Bring polygamma functions whose arguments differ by integers to the least, and numbers to one from 0 to 1.

    Law: psi_k(z + 1) = psi_k(z) + (-1)**k k!/z**(k + 1).
    """
    natural = (a for a in e.atoms(sp.polygamma) if a.args[0].is_Integer and a.args[0] >= 0)
    found = sorted(natural, key=sp.default_sort_key)
    moved = {}
    for atom in found:
        order, z = atom.args
        gaps = [gap for other in found if other.args[0] == order and (gap := _gap(z, other.args[1])) is not None]
        down = int(sp.ceiling(z)) - 1 if z.is_Rational and z > 0 else max(gaps)
        if 0 < down <= 40:
            s = z - down
            steps = sp.Add(*((s + j) ** (-order - 1) for j in range(down)))
            moved[atom] = sp.polygamma(order, s) + sp.S.NegativeOne**order * sp.factorial(order) * steps
    return e.xreplace(moved)


def _duplicate(e: Expr) -> Expr:
    found = sorted(e.atoms(sp.gamma), key=sp.default_sort_key)
    for double in found:
        for single in found:
            z = single.args[0]
            k = _gap(double.args[0], 2 * z)
            halves = [h for h in found if _gap(h.args[0], z + sp.Rational(1, 2)) is not None]
            if k is None or not halves or not z.free_symbols or abs(k) > 20:
                continue
            rising = sp.Mul(*(2 * z + j for j in range(k))) / sp.Mul(*(2 * z - j for j in range(1, 1 - k)))
            return e.subs(double, rising * 2 ** (2 * z - 1) * single * sp.gamma(z + sp.Rational(1, 2)) / sp.sqrt(sp.pi))
    return e


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


def align_sums(e: Expr, scope: Scope) -> Expr:
    """Pull constants out of sums, and cut sums of the same terms to the shortest of them.

    Law: the sum to b + j is the sum to b plus j terms, provided that b + 1 is not below the lower end
    (the empty sum is 0).
    """

    def linear(s: Any) -> Any:
        (k, lo, hi), *more = s.limits
        total = s if more else sp.Integer(0)
        for term in [] if more else sp.Add.make_args(sp.expand(s.function, power_base=False)):
            outside, inside = term.as_independent(k, as_Add=False)
            total += outside * sp.Sum(sp.powsimp(inside), (k, lo, hi))
        return total

    e = unroll(e).replace(lambda t: isinstance(t, sp.Sum), linear) if e.has(sp.Sum) else e
    sums = sorted(e.atoms(sp.Sum), key=sp.default_sort_key)
    for s in sums:
        (k, lo, hi), *_ = s.limits
        mates = [t for t in sums if t.function == s.function and t.limits[0][:2] == s.limits[0][:2]]
        shorter = [(gap, i) for i, t in enumerate(mates) if (gap := _gap(t.limits[0][2], hi)) is not None]
        length, mate = -min(shorter)[0], mates[min(shorter)[1]]
        base = mate.limits[0][2]
        if length and not sign(sp.expand(base - lo + 1), scope) & NEG:
            e = e.subs(s, mate + sp.Add(*(s.function.subs(k, base + j) for j in range(1, length + 1))))
    return e


def _factors(e: Expr) -> list[tuple[Expr, int]]:
    content, factors = sp.factor_list(e) if e.is_Add or e.is_Mul else (e, []) if e.is_Rational else (sp.S.One, [(e, 1)])
    if not content.is_Rational:
        return [*factors, (content, 1)]
    return [*factors, *sp.factorrat(abs(content)).items(), *([(-1, 1)] if content < 0 else [])]


class _Generators:
    """Replace everything transcendental by generators; `relations` are those that roots and signs obey."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.table: dict[Any, Any] = {}
        self.relations: list[tuple[Symbol, Expr]] = []

    def new(self, key: Any) -> Any:
        return self.table.setdefault(key, sp.Dummy(f"g{len(self.table)}"))

    def walk(self, t: Any) -> Any:
        if t.is_Rational or t.is_Symbol or t is sp.I:
            return t
        if t.is_Add or t.is_Mul:
            return t.func(*(self.walk(a) for a in t.args))
        if t.func is sp.exp or t is sp.E:
            return self.exponential(sp.E, sp.S.One if t is sp.E else t.args[0])
        if t.is_Pow:
            return self.power(t.base, t.exp)
        if isinstance(t, sp.Sum | sp.Integral | sp.Product) or not t.args:
            return self.new(t)
        return self.new(t.func(*(sp.expand(a) for a in t.args)))

    def power(self, base: Expr, exponent: Expr) -> Expr:
        """Write a power: the exponent split, and the base where its factors allow it."""
        if exponent.is_Integer:
            return self.walk(base) ** exponent
        if base is sp.E or base.func is sp.exp:
            return self.exponential(sp.E, exponent if base is sp.E else exponent * base.args[0])
        inner = sign(base.base, self.scope) if base.is_Pow else NEG
        if inner == POS or (not inner & NEG and sign(base.exp, self.scope) == sign(exponent, self.scope) == POS):
            return self.power(base.base, base.exp * exponent)
        if base == 1 or (base == 0 and sign(exponent, self.scope) == POS):
            return base
        if is_whole(exponent) and base != 0:
            top, bottom = sp.fraction(sp.together(base))
            if top == 0:
                return self.new(("pow", base, exponent))
            pieces = [*_factors(top), *((f, -m) for f, m in _factors(bottom))]
            return sp.Mul(*(self.whole_power(sp.S(f), m * exponent) for f, m in pieces))
        primes = sp.factorrat(base) if base.is_Rational and base > 0 and max(base.p, base.q) < 10**12 else {base: 1}
        if primes != {base: 1}:
            return sp.Mul(*(self.power(sp.Integer(f), m * exponent) for f, m in primes.items()))
        parts = sp.Mul.make_args(sp.factor(base))
        below = [p for p in parts if not sign(p, self.scope) & POS]
        split = [-p if p in below else p for p in parts]
        certain = all(p in below or not sign(p, self.scope) & NEG for p in parts)
        if base not in split and len(below) % 2 == 0 and certain:
            return sp.Mul(*(self.power(p, exponent) for p in split))
        if exponent.is_Rational:
            known = ("root", base, exponent.q) in self.table
            root = self.new(("root", base, exponent.q))
            if not known:
                self.relations.append((root, sp.numer(sp.together(root**exponent.q - self.walk(base)))))
            return root**exponent.p
        return self.exponential(base, exponent) if sign(base, self.scope) == POS else self.new(("pow", base, exponent))

    def exponential(self, base: Any, exponent: Expr) -> Expr:
        """Split the exponent of a positive base, or of any base if it is whole."""
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(exponent)):
            c, m = term.as_coeff_Mul()
            if base is sp.E and m.func is sp.LambertW and sign(m.args[0], self.scope) in (POS, NEG):
                inner, w = self.walk(m.args[0]), self.walk(m)
                result *= (inner / w) ** c if c.is_Integer else self.new(("exp", term))  # W(y) exp(W(y)) = y
            elif m == 1 and base is not sp.E:
                result *= self.walk(base**c)
            else:
                result *= self.new(("exp", m) if base is sp.E else ("pow", base, m)) ** c
        return result

    def whole_power(self, base: Expr, exponent: Expr) -> Expr:
        """Split a whole exponent; powers of -1 are signs."""
        if base != -1:
            return self.exponential(base, exponent)
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(exponent)):
            odd = parity(term)
            flip = sp.Integer(-1) ** odd if odd is not None else self.new(("sign", term))
            if odd is None and (flip, flip**2 - 1) not in self.relations:
                self.relations.append((flip, flip**2 - 1))
            result *= flip
        return result
