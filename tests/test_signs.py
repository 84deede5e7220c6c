"""Signs: a set of possibilities that always contains the truth."""

from __future__ import annotations

import itertools
import random

import pytest
import sympy as sp
from flint import fmpq

from qed import N0, N, R, Z, interval
from qed.kernel.lower import Lowering
from qed.kernel.rules import combine_value_and_drift, nlsat
from qed.kernel.scope import (
    ANY,
    ENOUGH,
    MIRROR,
    NEG,
    POS,
    ZERO,
    Range,
    Scope,
    constant_sign,
    domain_scope,
    is_whole,
    one_sided,
    parity,
    product_sign,
    shift_between,
    sign,
    sum_sign,
    without_corners,
)
from qed.numeric.balls import holds
from qed.statements.errors import OutOfReach, UndefinedAt
from qed.statements.language import as_domain, parse_expression, parse_relations


def signed(text: str, **domain: object) -> int:
    """Find the signs of an expression over a domain."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    return sign(Lowering(scope).expression(parse_expression(text)), scope)


BITS = {NEG: (-2, -1), ZERO: (0,), POS: (1, 2)}


def values(signs: int) -> list[int]:
    """List sample numbers of the signs."""
    return [v for bit, sample in BITS.items() if signs & bit for v in sample]


def bit(v: float) -> int:
    """Give the sign of a number."""
    return POS if v > 0 else NEG if v < 0 else ZERO


@pytest.mark.parametrize(("a", "b"), list(itertools.product(range(1, 8), repeat=2)))
def test_the_tables_of_signs_contain_every_sum_and_product(a: int, b: int) -> None:
    for x, y in itertools.product(values(a), values(b)):
        assert bit(x * y) & product_sign(a, b)
        assert bit(x + y) & sum_sign(a, b)
    assert all(bit(-x) & MIRROR[a] for x in values(a))


@pytest.mark.parametrize(("value", "away"), list(itertools.product(range(1, 8), repeat=2)))
def test_a_value_and_a_drift_contain_every_value_away_from_the_anchor(value: int, away: int) -> None:
    for start, step in itertools.product(values(value), values(away)):
        assert bit(start + step) & combine_value_and_drift(value, away)


def test_one_sided_means_never_on_both_sides() -> None:
    assert [one_sided(s) for s in (NEG, ZERO, POS | ZERO, NEG | POS, ANY)] == [True, True, True, False, False]


def test_enough_for_at_least_zero_includes_zero_and_for_more_does_not() -> None:
    assert ENOUGH[">="] == POS | ZERO and ENOUGH[">"] == POS and ENOUGH["!="] == NEG | POS


@pytest.mark.parametrize(
    ("text", "domain", "truth"),
    [
        ("x**2", {"x": R}, POS | ZERO),
        ("x**2 + 1", {"x": R}, POS),
        ("exp(x)", {"x": R}, POS),
        ("x**n", {"x": R, "n": N0}, ANY),
        ("x**(2*n)", {"x": R, "n": N}, POS | ZERO),
        ("x", {"x": interval("(0, 1]")}, POS),
        ("x", {"x": interval("[0, 1]")}, POS | ZERO),
        ("1 - x", {"x": interval("[0, 1]")}, POS | ZERO),
        ("1 - x", {"x": interval("[0, 1)")}, POS),
        ("n - 1", {"n": N}, POS | ZERO),
        ("log(x)", {"x": interval("[1, oo)")}, POS | ZERO),
        ("Sum(1, (k, 1, n))", {"n": N0}, POS | ZERO),
        ("Sum(1, (k, 1, n))", {"n": N}, POS),
        ("Sum(1, (k, 1, n))", {"n": Z}, POS | ZERO),
        ("Integral(exp(t), (t, 0, x))", {"x": interval("[0, oo)")}, POS | ZERO),
        ("binomial(n, k)", {"n": N0, "k": N0}, POS | ZERO),
        ("Abs(x)", {"x": R}, POS | ZERO),
        ("Max(x, y)", {"x": interval("(0, 1)"), "y": R}, POS),
    ],
)
def test_a_sign_contains_the_truth_and_a_possible_zero_is_not_lost(text: str, domain: dict, truth: int) -> None:
    assert signed(text, **domain) & truth == truth


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x - y", {"x": R, "y": R}),
        ("sin(x)", {"x": R}),
        ("Product(x, (k, 1, n))", {"x": R, "n": N0}),
        ("floor(x)", {"x": R}),
        ("x**n", {"x": R, "n": N0}),
        ("log(x)", {"x": interval("(0, oo)")}),
        ("loggamma(x)", {"x": interval("(0, oo)")}),
        ("Sum(x**k, (k, 0, n))", {"x": R, "n": N0}),
    ],
)
def test_what_takes_both_signs_is_never_given_one(text: str, domain: dict) -> None:
    assert not one_sided(signed(text, **domain))


def test_random_expressions_never_take_a_sign_that_was_excluded() -> None:
    draw = random.Random(7)
    pieces = [
        "x",
        "y",
        "1",
        "2",
        "x**2",
        "exp(x)",
        "Abs(y)",
        "(x - y)",
        "(x + 1)",
        "(y - 1)",
        "x*y",
        "tanh(x)",
        "log(x + 2)",
        "sqrt(y)",
    ]
    domain = {"x": as_domain("[-1, 1]", "x"), "y": as_domain("[0, oo)", "y")}
    scope = domain_scope(domain)
    for _ in range(120):
        one, two, three = (draw.choice(pieces) for _ in range(3))
        text = f"{one} {draw.choice('+-*')} {two} {draw.choice('+-*')} {three}"
        found = sign(Lowering(scope).expression(parse_expression(text)), scope)
        for x, y in ((-1, 0), (1, 0), (0, 0), (fmpq(1, 2), 2), (fmpq(-1, 3), 9), (1, 1), (-1, fmpq(1, 7))):
            env = {"x": fmpq(x), "y": fmpq(y)}
            try:
                for op, mark in (("<", NEG), (">", POS)):
                    if holds(parse_relations(f"{text} {op} 0")[0], env)[0]:
                        assert mark & found, (text, env)
            except (OutOfReach, UndefinedAt):
                continue


@pytest.mark.parametrize(
    ("text", "truth"),
    [("pi - 22/7", NEG), ("E - 2", POS), ("sqrt(2)*sqrt(3) - sqrt(6)", ZERO), ("0", ZERO), ("log(2) - 1", NEG)],
)
def test_a_constant_has_its_sign_or_any(text: str, truth: int) -> None:
    assert constant_sign(Lowering(Scope({}, {})).expression(parse_expression(text))) & truth


@pytest.mark.parametrize("e", [sp.nan, sp.zoo, sp.I, sp.Float("0.1") * sp.I])
def test_a_constant_without_real_value_has_no_sign(e: sp.Expr) -> None:
    assert constant_sign(e) == ANY


def test_parity_is_known_only_where_all_values_share_it() -> None:
    n, x = sp.Symbol("n", integer=True), sp.Symbol("x", real=True)
    assert [parity(e) for e in (2 * n, 2 * n + 1, n, n * (n + 1), n / 2, 2 * x, sp.Integer(4), sp.Rational(1, 2))] == [
        0, 1, None, None, None, None, 0, None,
    ]  # fmt: skip


def test_whole_is_certain_only_for_integer_polynomials() -> None:
    n, x = sp.Symbol("n", integer=True), sp.Symbol("x", real=True)
    assert [is_whole(e) for e in (n + 1, n / 2, x, sp.Integer(3), sp.Rational(1, 2), sp.pi)] == [
        True, False, False, True, False, False,
    ]  # fmt: skip


def test_a_shift_is_an_integer_number_or_none() -> None:
    n = sp.Symbol("n", integer=True)
    assert (shift_between(n + 2, n), shift_between(n + sp.Rational(1, 2), n), shift_between(2 * n, n)) == (
        2,
        None,
        None,
    )


def test_a_corner_is_dropped_only_where_its_case_is_certain() -> None:
    scope = domain_scope({"x": interval("[0, oo)"), "y": R})
    x, y = scope.symbols["x"], scope.symbols["y"]
    assert without_corners(sp.Abs(x + 1), scope) == x + 1
    assert without_corners(sp.Abs(y), scope) == sp.Abs(y)
    assert without_corners(sp.Max(x, y), scope) == sp.Max(x, y)
    assert without_corners(sp.sign(y), scope) == sp.sign(y)


def test_z3_excludes_a_sign_and_never_one_that_occurs() -> None:
    scope = domain_scope({"x": R, "y": R})
    x, y = scope.symbols["x"], scope.symbols["y"]
    assert nlsat(x**2 + y**2 - 2 * x * y, scope) == POS | ZERO
    assert nlsat(x - y, scope) == ANY
    assert nlsat(x / y, scope) == ANY, "the sign of the denominator is not known"


def test_z3_divides_by_no_zero_and_takes_no_function_for_another() -> None:
    scope = domain_scope({"x": R})
    x = scope.symbols["x"]
    assert nlsat(sp.sin(x) - sp.cos(x), scope) == ANY
    assert nlsat(sp.exp(x) - x - 1, scope) == ANY, "exp(x) >= 1 + x is a lemma, no axiom"
    assert nlsat(sp.tanh(x) + 1, scope) == POS


def test_a_hypothesis_is_a_sign_of_its_own_expression_only() -> None:
    scope = domain_scope({"x": R, "y": R})
    x, y = scope.symbols["x"], scope.symbols["y"]
    given = Scope(scope.symbols, scope.ranges, ((x - y, POS),))
    assert sign(x - y, given) == POS and sign(y - x, given) == NEG
    assert sign(x + y, given) == ANY
    assert not given.free_of_facts(x) and scope.free_of_facts(x)


def test_a_bound_variable_with_an_empty_range_gives_the_empty_sum() -> None:
    assert signed("Sum(1/k, (k, 1, 0-n))", n=N0) & ZERO


def test_ranges_make_assumptions_that_hold_at_their_ends() -> None:
    for text, attribute, truth in (
        ("[0, 1]", "is_positive", None),
        ("(0, 1]", "is_positive", True),
        ("[-1, 0]", "is_negative", None),
        ("[-1, 1]", "is_nonnegative", None),
    ):
        assert getattr(domain_scope({"x": interval(text)}).symbols["x"], attribute) is truth
    assert Range(sp.Integer(0), None).hi is None
