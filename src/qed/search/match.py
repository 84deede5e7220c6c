"""Find where a lemma applies. What is found is checked by substitution, never believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, TypeVar

import sympy as sp
from sympy import Expr, Symbol

from ..kernel.theorems import Refused

Binding = dict[Symbol, Expr]
Kind = TypeVar("Kind")


def attempt(rule: Callable[..., Kind], *given: Any) -> Kind | None:
    """Apply a rule, or try something; None if it refuses, or if SymPy breaks on it."""
    try:
        return rule(*given)
    except Refused:
        return None
    except Exception as problem:
        if not in_sympy(problem):
            raise
        return None


def in_sympy(problem: Exception) -> bool:
    """Tell whether it was SymPy that raised: it compares infinities, say, or takes a quotient for a polynomial."""
    last = problem.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    return last is not None and str(last.tb_frame.f_globals["__name__"]).partition(".")[0] == "sympy"


def matches(pattern: Expr, target: Expr, free: frozenset[Symbol], binding: Binding) -> Iterator[Binding]:
    """List the ways to read `target` as an instance of `pattern`, with `free` the pattern's variables."""
    if pattern in free:
        if binding.get(pattern, target) == target:
            yield {**binding, pattern: target}
        return
    open_symbols = pattern.free_symbols & free
    if not open_symbols:
        if pattern == target:
            yield binding
        return
    unbound = [s for s in open_symbols if s not in binding]
    if not unbound:
        image = pattern.subs(binding, simultaneous=True)
        numbers = isinstance(image, Expr) and isinstance(target, Expr)
        yield from [binding] if image == target or (numbers and sp.expand(image - target) == 0) else []
        return
    if len(unbound) == 1 and (pattern.is_Add or pattern.is_Mul) and pattern.is_polynomial(unbound[0]):
        known = sp.expand(pattern.subs(binding)) if binding else pattern
        slope = known.diff(unbound[0])
        if slope.is_Rational and slope != 0:
            yield {**binding, unbound[0]: sp.expand((target - known.subs(unbound[0], 0)) / slope)}
            return
    if pattern.func != target.func or len(pattern.args) != len(target.args):
        return
    orders = permutations(target.args) if pattern.is_Add or pattern.is_Mul else [target.args]
    if len(target.args) > 6:
        return
    for order in orders:
        yield from _all(pattern.args, tuple(order), free, binding)


def _all(
    patterns: tuple[Expr, ...], targets: tuple[Expr, ...], free: frozenset[Symbol], binding: Binding
) -> Iterator[Binding]:
    if not patterns:
        yield binding
        return
    for found in matches(patterns[0], targets[0], free, binding):
        yield from _all(patterns[1:], targets[1:], free, found)
