"""Signs: a set of possibilities that always contains the truth."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
import sympy as sp
from flint import fmpq

from qed import N0, N, R, Z, interval
from qed.kernel import rules
from qed.kernel.lower import Lowering, domain_scope
from qed.kernel.rules import nlsat
from qed.kernel.signs import (
    constant_sign,
    continuous,
    defined,
    derivative,
    is_whole,
    one_sided,
    parity,
    product_sign,
    sign,
    structure,
    sum_sign,
    without_corners,
)
from qed.kernel.theorems import ANY, ENOUGH, MIRROR, NEG, POS, ZERO, Range, Refused, Scope
from qed.numeric.balls import holds
from qed.search.match import attempt
from qed.search.signs import Signs
from qed.search.tactics import Prover, primitive
from qed.statements.errors import OutOfReach, UndefinedAt
from qed.statements.language import as_domain, parse_expression, parse_relations, statement


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
        ("sin(x)", {"x": interval("[0, pi]")}, POS | ZERO),
        ("sin(x)", {"x": interval("(pi, 2*pi)")}, NEG),
        ("sin(x)", {"x": interval("(0, 7/2)")}, ANY),
        ("cos(x/2)", {"x": interval("(-pi, pi)")}, POS),
        ("cos(x)", {"x": interval("(-pi/2, pi/2]")}, POS | ZERO),
        ("cos(x)", {"x": interval("(-pi/2, 2)")}, ANY),
        ("tan(x)", {"x": interval("(-pi/2, 0)")}, NEG),
        ("tan(x)", {"x": interval("(0, 2)")}, ANY),
        ("acos(x)", {"x": interval("[-1, 1]")}, POS | ZERO),
        ("acos(x)", {"x": interval("[-1, 1)")}, POS),
        ("acosh(x)", {"x": interval("(1, oo)")}, POS),
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
    assert constant_sign(Lowering(Scope({})).expression(parse_expression(text))) & truth


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


def test_a_corner_is_dropped_only_where_its_case_is_certain() -> None:
    scope = domain_scope({"x": interval("[0, oo)"), "y": R})
    x, y = scope.names["x"], scope.names["y"]
    assert without_corners(sp.Abs(x + 1), scope) == x + 1
    assert without_corners(sp.Abs(y), scope) == sp.Abs(y)
    assert without_corners(sp.Max(x, y), scope) == sp.Max(x, y)
    assert without_corners(sp.sign(y), scope) == sp.sign(y)


def asked(e: sp.Expr, scope: Scope) -> int:
    """Ask Z3 for the signs; any if it excludes none."""
    try:
        return nlsat(e, scope).signs
    except Refused:
        return ANY


def test_z3_excludes_a_sign_and_never_one_that_occurs() -> None:
    scope = domain_scope({"x": R, "y": R})
    x, y = scope.names["x"], scope.names["y"]
    assert asked(x**2 + y**2 - 2 * x * y, scope) == POS | ZERO
    assert asked(x - y, scope) == ANY
    assert asked(x / y, scope) == ANY, "the sign of the denominator is not known"


@pytest.mark.parametrize(
    "facts",
    [
        ("x - 1", "-x"),
        ("x*y - 1", "-x*y"),
        ("sin(x) - 2",),
        ("log(y) - 1", "-log(y)"),
        ("x*y - 1", "1 - x - y", "x + y - 2"),
    ],
)
def test_z3_concludes_nothing_from_hypotheses_that_contradict_each_other(facts: tuple[str, ...]) -> None:
    scope = domain_scope({"x": R, "y": R})
    given = tuple((sp.sympify(fact, scope.names), POS) for fact in facts)
    target = scope.names["x"] ** 3 + scope.names["y"]
    target += sp.sin(scope.names["x"]) - sp.sin(scope.names["x"] + 1)
    with pytest.raises(Refused, match="can be met"):
        nlsat(target, replace(scope, facts=given))


def test_z3_concludes_nothing_where_it_cannot_tell_whether_the_hypotheses_can_be_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scope = domain_scope({"x": R, "y": R})
    x, y = scope.names["x"], scope.names["y"]
    scope = replace(scope, facts=((x * y - 1, POS),))
    assert nlsat(x**2 * y**2 + x * y - 2, scope).signs == POS
    monkeypatch.setattr(rules, "Z3_BUDGET", 1)
    with pytest.raises(Refused, match="can be met"):
        nlsat(x**2 * y**2 + x * y - 2, scope)


def test_z3_divides_by_no_zero_and_takes_no_function_for_another() -> None:
    scope = domain_scope({"x": R})
    x = scope.names["x"]
    assert asked(sp.sin(x) - sp.cos(x), scope) == ANY
    assert asked(sp.exp(x) - x - 1, scope) == ANY, "exp(x) >= 1 + x is a lemma, no axiom"
    assert asked(sp.tanh(x) + 1, scope) == POS


def test_z3_knows_the_ends_of_an_integer_part_and_no_more() -> None:
    scope = domain_scope({"y": R, "h": interval("(0, oo)"), "g": interval("(-oo, 0)")})
    y, h, g = scope.names["y"], scope.names["h"], scope.names["g"]
    rest = y - h * sp.floor(y / h)
    assert asked(rest, scope) == POS | ZERO and asked(h - rest, scope) == POS
    assert asked(sp.ceiling(y) - y, scope) == POS | ZERO and asked(y + 1 - sp.ceiling(y), scope) == POS
    assert asked(y - g * sp.floor(y / g), scope) == NEG | ZERO
    for e in (sp.floor(y), y - sp.Rational(1, 2) - sp.floor(y), sp.floor(y) - sp.floor(h)):
        assert asked(e, scope) == ANY


def test_a_hypothesis_is_a_sign_of_its_own_expression_only() -> None:
    scope = domain_scope({"x": R, "y": R})
    x, y = scope.names["x"], scope.names["y"]
    given = Scope(scope.ranges, ((x - y, POS),))
    assert sign(x - y, given) == POS and sign(y - x, given) == NEG
    assert sign(x + y, given) == ANY
    assert not given.is_free(x) and scope.is_free(x)


def test_a_symbol_in_the_range_of_another_is_not_free() -> None:
    x, y = sp.symbols("x y", real=True)
    scope = Scope({x: Range(None, None), y: Range(sp.Integer(0), x)})
    assert scope.is_free(y) and not scope.is_free(x) and not scope.is_free(sp.Symbol("z"))


def test_a_bound_variable_with_an_empty_range_gives_the_empty_sum() -> None:
    assert signed("Sum(1/k, (k, 1, 0-n))", n=N0) & ZERO


def test_sympy_is_told_that_a_symbol_is_real_or_whole_and_nothing_of_its_sign() -> None:
    for text in ("[0, 1]", "(0, 1]", "[-1, 0)", "R"):
        x = domain_scope({"x": as_domain(text, "x")}).names["x"]
        assert x.is_real and x.is_positive is None and x.is_nonnegative is None and x.is_negative is None
    n = domain_scope({"n": N}).names["n"]
    assert n.is_integer and n.is_positive is None
    assert structure(n, domain_scope({"n": N})).signs == POS


@pytest.mark.parametrize(
    ("text", "domain", "has_value"),
    [
        ("1/x", {"x": R}, False),
        ("1/x", {"x": interval("(0, oo)")}, True),
        ("1/(x**2 + 1)", {"x": R}, True),
        ("log(x)", {"x": interval("[0, oo)")}, False),
        ("sqrt(x)", {"x": interval("[0, oo)")}, True),
        ("sqrt(x)", {"x": R}, False),
        ("x**n", {"x": R, "n": N0}, True),
        ("x**(n - 1)", {"x": R, "n": N0}, False),
        ("x**y", {"x": interval("[0, oo)"), "y": R}, False),
        ("gamma(x)", {"x": R}, False),
        ("uppergamma(n, x)", {"x": R, "n": N}, True),
        ("uppergamma(y, x)", {"x": R, "y": interval("(0, oo)")}, False),
        ("tan(x)", {"x": R}, False),
        ("Sum(1/k, (k, 1, n))", {"n": N0}, True),
        ("Sum(1/k, (k, 0, n))", {"n": N0}, False),
        ("Integral(1/t, (t, 1, x))", {"x": interval("[1, oo)")}, True),
        ("Integral(sqrt(t), (t, 0-1, x))", {"x": interval("[0, oo)")}, False),
        ("acosh(x)", {"x": interval("[1, oo)")}, True),
        ("asin(x)", {"x": R}, False),
        ("floor(x)", {"x": R}, True),
    ],
)
def test_an_expression_is_called_defined_only_where_every_part_has_a_value(
    text: str, domain: dict, has_value: bool
) -> None:
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    assert defined(Lowering(scope).expression(parse_expression(text)), scope) is has_value


def test_what_has_a_value_by_another_expression_need_not_be_shown_again() -> None:
    scope = domain_scope({"x": R})
    x = scope.names["x"]
    assert defined(2 / x + 1, scope, 1 / x) and not defined(2 / x + 1, scope, 1 / (x + 1))


def test_the_derivative_of_a_power_has_a_value_at_zero_where_its_factor_vanishes() -> None:
    scope = domain_scope({"x": R, "n": N0})
    x, n = scope.names["x"], scope.names["n"]
    assert defined(derivative(x**n, x), scope) and defined(derivative(derivative(x**n, x), x), scope)
    assert not defined(x ** (n - 1), scope) and not defined(n * x ** (n - 2), scope)
    assert not defined((n + 1) * x ** (n - 1), scope)


@pytest.mark.parametrize("text", ["floor(x)", "Abs(x)", "Max(x, 0)", "sign(x)", "1/x", "tan(x)", "sqrt(x)"])
def test_what_may_jump_or_bend_or_have_no_value_is_not_called_continuous(text: str) -> None:
    scope = domain_scope({"x": R})
    assert not continuous(Lowering(scope).expression(parse_expression(text)), scope.names["x"], scope)
    assert continuous(sp.exp(scope.names["x"]), scope.names["x"], scope)


def test_leibniz_rule_counts_the_moving_end() -> None:
    scope = domain_scope({"x": interval("[0, oo)")})
    x = scope.names["x"]
    e = Lowering(scope).expression(parse_expression("Integral(exp(t), (t, 0, x))"))
    assert derivative(e, x) == sp.exp(x) and derivative(e, x) != 0


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("Max(x, y) - x", POS | ZERO),
        ("Max(x, y) + Min(x, y) - x - y", ZERO),
        ("Abs(x) + Abs(y) - Abs(x + y)", POS | ZERO),
        ("Min(x, y, x + y) - x", NEG | ZERO),
        ("Max(x, y) - x - 1", ANY),
        ("sqrt(x**2 + y**2) - y", POS | ZERO),
        ("sqrt(x**2 + y**2) - y - x", ANY),
        ("1/sqrt(1 + x**2) - 1", NEG | ZERO),
        ("x/(2 + sin(y)) - x", ANY),
        ("(2 + sin(y) + cos(y))/(3 - sin(y))", POS),
        ("1 - sin(x)**2*sin(y)**2", POS | ZERO),
        ("floor(x)/(2 + sin(y)) - x/(2 + sin(y))", NEG | ZERO),
    ],
)
def test_z3_knows_cases_roots_waves_and_denominators_by_their_definitions(text: str, signs: int) -> None:
    scope = domain_scope({"x": R, "y": R})
    assert asked(sp.sympify(text, scope.names), scope) == signs


def test_z3_is_told_what_is_known_of_sums_only_where_they_have_values() -> None:
    scope = domain_scope({"x": R, "y": R})
    x = scope.names["x"]
    root = nlsat(2 * x + (sp.sqrt(x) + 1) ** 2 - 2 * sp.sqrt(x) - 1, scope)  # 3*x, where the root has a value
    assert root.signs == POS | ZERO
    assert asked(x**3 + x, scope.knowing(root)) == ANY, "x may be negative"


def test_z3_takes_no_imaginary_unit_for_a_real_number() -> None:
    with pytest.raises(Refused, match="real number"):
        nlsat((1 + sp.I) ** 4 + sp.Symbol("x", real=True) ** 2, domain_scope({"x": R}))


def test_an_integral_over_some_length_of_what_vanishes_at_the_ends_only_is_positive() -> None:
    scope = domain_scope({"m": N0, "a": interval("[0, oo)")})
    t = sp.Symbol("t", real=True)
    m, a = scope.names["m"], scope.names["a"]
    assert sign(sp.Integral(sp.sin(t) ** m, (t, 0, sp.pi)), scope) == POS
    assert sign(sp.Integral(t, (t, 0, a)), scope) == POS | ZERO
    assert sign(sp.Integral(sp.sin(t) ** 3, (t, 0, 4 + m)), scope) == ANY
    assert not defined(sp.Integral(sp.log(t), (t, 0, 1)), scope), "what has no value at an end is another matter"


def test_sympy_is_not_asked_for_what_it_finds_no_end_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked_for(*_: object) -> None:
        raise AssertionError("SymPy was asked")

    scope = domain_scope({"x": R, "m": N0})
    x, m = scope.names["x"], scope.names["m"]
    assert primitive(sp.sin(x) ** 2, x) is not None and Signs([]).critical(sp.exp(x) - x, x, scope) == [0]
    assert primitive(x**m, x) is not None
    monkeypatch.setattr(sp, "integrate", asked_for)
    monkeypatch.setattr(sp, "solve", asked_for)
    assert primitive(sp.sin(x) ** (m + 2), x) is None
    assert primitive((1 + x) ** m * sp.exp(x), x) is None
    assert Signs([]).critical(sp.sin(sp.exp(x)) - sp.sin(sp.cosh(x)), x, scope) == []
    assert Signs([]).critical(sp.exp(1000 * x) + sp.exp(-997 * x) - sp.cosh(x), x, scope) == []


def test_what_sympy_breaks_on_is_undecided_and_what_the_engine_breaks_on_is_not_hidden() -> None:
    x = sp.Symbol("x", real=True)
    assert attempt(lambda: sp.Max(sp.zoo, x)) is None
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 // 0)
    judged = statement("sin(x)**2/x**2 <= Min(1, 1/x**2)", {"x": interval("(0, oo)")})
    assert Prover(judged, []).run().grade is None
