"""The exact zero test: is an expression identically zero where it is defined?

Transcendental pieces are replaced by independent generators after their laws have been applied once
(exponents split, gamma functions shifted to a common argument, sums cut to a common length). What is left
is a rational function; it vanishes iff its numerator expands to 0. Generators that are in truth dependent
can make the test say no to a true identity, never yes to a false one.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from .scope import NEG, POS, ZERO, Scope, is_whole, parity, shift_between, sign


def is_zero(e: Any, scope: Scope) -> bool:
    """Tell whether an expression vanishes identically.

    Theorem: a rational function whose numerator expands to 0 vanishes wherever it is defined, whatever quantities
    stand for its variables.

    On cards: ``exact residual``.

    Parameters
    ----------
    e : sympy.Expr
        A difference of two sides, each defined and continuous on the scope.
    scope : Scope
        The ranges of its symbols.

    Returns
    -------
    bool
        True only if the numerator expands to 0. False says nothing.
    """
    e = sp.expand(e) if e.is_Add else e
    if e == 0:
        return True
    if e.has(sp.nan, sp.zoo, sp.oo):
        return False
    numerator, relations = _rational(elementary(e, scope), scope)
    top = sp.expand(sp.numer(sp.together(numerator)))
    for generator, relation in reversed(relations):  # a nested root stands after the roots inside it
        if top.has(generator):
            top = sp.expand(sp.rem(top, relation, generator))
    return bool(top == 0)


def elementary(e: Expr, scope: Scope) -> Expr:
    """Write functions by fewer ones: circular and hyperbolic by exp, factorials by gamma, logs of products by sums.

    Laws: Euler's formulas; n! = gamma(n + 1) and what follows for binomials and beta; erfc = 1 - erf;
    log(ab) = log a + log b for positive a and b.
    """
    e = e.replace(lambda t: t.func in (sp.factorial, sp.binomial, sp.beta), lambda t: t.rewrite(sp.gamma))
    e = e.replace(sp.lowergamma, lambda s, x: sp.gamma(s) - sp.uppergamma(s, x)).replace(
        sp.erfc, lambda x: 1 - sp.erf(x)
    )
    e = align_sums(e, scope)
    e = shift_gammas(e)
    circular = (sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech, sp.csch)
    e = e.replace(lambda t: t.func in circular, lambda t: t.rewrite(sp.exp))
    return e.replace(sp.log, lambda x: _split_log(x, scope))


def _split_log(x: Expr, scope: Scope) -> Expr:
    """Use log(ab) = log a + log b for positive factors only."""
    factored = sp.factor(sp.together(x)) if x.is_Add else x
    parts = sp.Mul.make_args(factored)
    total = sp.Integer(0)
    for part in parts:
        base, power = part.as_base_exp()
        if part.is_Rational:
            if part <= 0:
                return sp.log(x)
            for prime, k in sp.factorrat(part).items():
                total += k * sp.log(prime)
        elif base is sp.E:
            total += power
        elif sign(base, scope) == POS:
            total += power * sp.log(base)
        else:
            return sp.log(x)
    return total


def shift_gammas(e: Expr) -> Expr:
    """Bring gamma functions whose arguments differ by integers to the least one of them.

    Laws: gamma(z + 1) = z gamma(z), and gamma(s + 1, x) = s gamma(s, x) + x**s exp(-x), gamma(1, x) = exp(-x).
    """
    e = _duplicate(e)
    for head in (sp.gamma, sp.uppergamma):
        found = sorted(e.atoms(head), key=sp.default_sort_key)
        classes: list[list[Any]] = []
        for atom in found:
            for group in classes:
                same = atom.args[1:] == group[0].args[1:]
                if same and shift_between(atom.args[0], group[0].args[0]) is not None:
                    group.append(atom)
                    break
            else:
                classes.append([atom])
        for group in classes:
            lowest = min(group, key=lambda a: shift_between(a.args[0], group[0].args[0]) or 0)
            s = lowest.args[0]
            if head is sp.uppergamma and s.is_Integer and s >= 1:
                s = sp.Integer(1)
            for atom in group:
                k = shift_between(atom.args[0], s) or 0
                if k > 40:
                    continue
                if head is sp.gamma:
                    moved: Any = sp.gamma(s) * sp.Mul(*(s + j for j in range(k)))
                else:
                    x = atom.args[1]
                    moved = sp.exp(-x) if s == 1 else sp.uppergamma(s, x)
                    for j in range(k):
                        moved = (s + j) * moved + x ** (s + j) * sp.exp(-x)
                e = e.subs(atom, moved) if moved != atom else e
    return e


def _duplicate(e: Expr) -> Expr:
    """Use Legendre's duplication, gamma(2z) = 2**(2z - 1) gamma(z) gamma(z + 1/2) / sqrt(pi), where all three occur."""
    found = sorted(e.atoms(sp.gamma), key=sp.default_sort_key)
    for double in found:
        for single in found:
            z = single.args[0]
            k = shift_between(double.args[0], 2 * z)
            halves = [h for h in found if shift_between(h.args[0], z + sp.Rational(1, 2)) is not None]
            if k is None or not halves or not z.free_symbols or abs(k) > 20:
                continue
            rising = sp.Mul(*(2 * z + j for j in range(k))) / sp.Mul(*(2 * z - j for j in range(1, 1 - k)))
            return e.subs(double, rising * 2 ** (2 * z - 1) * single * sp.gamma(z + sp.Rational(1, 2)) / sp.sqrt(sp.pi))
    return e


def align_sums(e: Expr, scope: Scope) -> Expr:
    """Pull constants out of sums, and cut sums of the same terms to the shortest of them.

    Law: the sum to b + j is the sum to b plus j terms, provided that b + 1 is not below the lower end
    (the empty sum is 0).
    """
    if not e.has(sp.Sum):
        return e

    def linear(s: Any) -> Any:
        (k, lo, hi), *more = s.limits
        if more:
            return s
        total = sp.Integer(0)
        for term in sp.Add.make_args(sp.expand(s.function, power_base=False)):
            outside, inside = term.as_independent(k, as_Add=False)
            total += outside * sp.Sum(sp.powsimp(inside), (k, lo, hi))
        return total

    e = e.replace(lambda t: isinstance(t, sp.Sum), linear)
    sums = sorted(e.atoms(sp.Sum), key=sp.default_sort_key)
    for s in sums:
        (k, lo, hi), *_ = s.limits
        mates = [t for t in sums if t.function == s.function and t.limits[0][:2] == s.limits[0][:2]]
        gaps = [shift_between(t.limits[0][2], hi) for t in mates]
        shortest = min((g, i) for i, g in enumerate(gaps) if g is not None)
        length = -shortest[0]
        base = mates[shortest[1]].limits[0][2]
        if length and not sign(sp.expand(base - lo + 1), scope) & NEG:
            tail = sp.Add(*(s.function.subs(k, base + j) for j in range(1, length + 1)))
            e = e.subs(s, mates[shortest[1]] + tail)
    return e


def _rational(e: Expr, scope: Scope) -> tuple[Expr, list[tuple[Symbol, Expr]]]:
    """Replace everything transcendental by generators; give the relations that roots and signs obey."""
    generators: dict[Any, Any] = {}
    relations: list[tuple[Symbol, Expr]] = []

    def generator(key: Any) -> Any:
        if key not in generators:
            generators[key] = sp.Dummy(f"g{len(generators)}", positive=True)
        return generators[key]

    def exponential(base: Any, exponent: Expr) -> Expr:
        result = sp.Integer(1)
        for term in sp.Add.make_args(sp.expand(exponent)):
            c, m = term.as_coeff_Mul()
            if base is sp.E and m.func is sp.LambertW and sign(m.args[0], scope) in (POS, NEG):
                result *= (walk(m.args[0]) / walk(m)) ** c  # W(y) exp(W(y)) = y
            elif m == 1:
                result *= walk(base**c) if base is not sp.E else generator(("exp", sp.Integer(1))) ** c
            else:
                result *= generator(("exp", m) if base is sp.E else ("pow", base, m)) ** c
        return result

    def power(base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            return walk(base) ** exponent
        if base is sp.E:
            return exponential(sp.E, exponent)
        if is_whole(exponent):
            content, factors = sp.factor_list(base) if base.is_Add or base.is_Mul else (sp.Integer(1), [(base, 1)])
            pieces = [(f, sp.Integer(m)) for f, m in factors]
            if content != 1 or base.is_Rational:
                number = content if content != 1 else base
                pieces = [] if base.is_Rational else pieces
                if number < 0:
                    pieces.append((sp.Integer(-1), sp.Integer(1)))
                pieces += [(sp.Integer(p), sp.Integer(k)) for p, k in sp.factorrat(abs(number)).items()]
            return sp.Mul(*(whole_power(f, m * exponent) for f, m in pieces))
        if exponent.is_Rational:
            root = generator(("root", base, exponent.q))
            if (root, base, exponent.q) not in [(r, b, q) for r, b, q in known_roots]:
                known_roots.append((root, base, exponent.q))
                relations.append((root, sp.numer(sp.together(root**exponent.q - walk(base)))))
            return root**exponent.p
        if sign(base, scope) == POS:
            return exponential(base, exponent)
        return generator(("pow", base, exponent))

    def whole_power(base: Expr, exponent: Expr) -> Expr:
        if base == -1:
            fixed = parity(exponent)
            if fixed is not None:
                return sp.Integer(-1) ** fixed
            result = sp.Integer(1)
            for term in sp.Add.make_args(sp.expand(exponent)):
                odd = parity(term)
                if odd is not None:
                    result *= sp.Integer(-1) ** odd
                    continue
                flip = generator(("sign", term))
                relations.append((flip, flip**2 - 1))
                result *= flip
            return result
        return exponential(base, exponent)

    known_roots: list[tuple[Any, Any, int]] = []

    def walk(t: Any) -> Any:
        if t.is_Rational or t.is_Symbol or t is sp.I:
            return t
        if t.is_Add or t.is_Mul:
            return t.func(*(walk(a) for a in t.args))
        if t.func is sp.exp:
            return exponential(sp.E, t.args[0])
        if t is sp.E:
            return exponential(sp.E, sp.Integer(1))
        if t.is_Pow:
            return power(t.base, t.exp)
        if isinstance(t, sp.Sum | sp.Integral | sp.Product):
            return generator(t)
        return generator(t.func(*(sp.expand(a) for a in t.args)) if t.args else t)

    return walk(e), relations


__all__ = ["ZERO", "align_sums", "elementary", "is_zero", "shift_gammas"]
