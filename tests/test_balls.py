"""The numeric route: exact rationals and balls that contain the truth, or a refusal."""

from __future__ import annotations

import flint
import pytest
from flint import acb, arb, fmpq, fmpq_poly

from qed import R, Undecided, interval, judge
from qed.numeric.balls import (
    Matrix,
    Unclear,
    ball,
    count_real_roots,
    divide,
    holds,
    positive,
    power,
    precisions,
    value,
    whole,
)
from qed.numeric.boxes import certify
from qed.numeric.hunt import hunt
from qed.statements.errors import OutOfReach, UndefinedAt
from qed.statements.language import parse_expression, parse_relations, statement


def at(text: str, **env: object) -> object:
    """Evaluate text of the language at a point."""
    return value(parse_expression(text), {k: fmpq(v) if isinstance(v, int) else v for k, v in env.items()})


def judged(text: str, **env: object) -> bool | None:
    """Judge a relation at a point."""
    (relation,) = parse_relations(text)
    return holds(relation, {k: fmpq(v) if isinstance(v, int) else v for k, v in env.items()})[0]


def test_a_logarithm_is_exact_at_a_whole_power_of_its_base_and_nowhere_else() -> None:
    assert at("log(8, 2)") == 3 and at("log(1/81, 3)") == -4 and at("log(8, 1/2)") == -3 and at("log(1, 7)") == 0
    assert at("floor(log(2**40 - 1, 2))") == 39
    for text in ("log(2, 8)", "log(8**300 + 1, 2)"):
        assert isinstance(at(text), arb)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("0**0", fmpq(1)),
        ("1/3 + 1/6", fmpq(1, 2)),
        ("sqrt(4/9)", fmpq(2, 3)),
        ("Sum(k, (k, 1, 0))", fmpq(0)),
        ("Sum(k, (k, 1, 0-5))", fmpq(0)),
        ("Product(k, (k, 1, 0))", fmpq(1)),
        ("factorial(5)", fmpq(120)),
        ("binomial(5, 7)", fmpq(0)),
        ("floor(0-1/2)", fmpq(-1)),
        ("ceiling(0-1/2)", fmpq(0)),
        ("Max(1, 3, 2)", fmpq(3)),
        ("Min(1, 3, 2)", fmpq(1)),
        ("sign(0-3)", fmpq(-1)),
        ("log(1)", fmpq(0)),
        ("realroots(x**4 - 1, x)", fmpq(2)),
        ("det(Matrix([[1, 2], [3, 4]]))", fmpq(-2)),
        ("trace(adjugate(Matrix([[1, 2], [3, 4]])))", fmpq(5)),
        ("uppergamma(3, 0)", fmpq(2)),
    ],
)
def test_what_is_rational_stays_exact(text: str, exact: fmpq) -> None:
    assert at(text) == exact


@pytest.mark.parametrize(
    "text",
    [
        "1/0",
        "0**(0-1)",
        "log(0)",
        "log(0-1)",
        "sqrt(0-1)",
        "(0-8)**(1/3)",
        "gamma(0)",
        "factorial(0-1)",
        "asin(2)",
        "acos(0-2)",
        "acosh(0)",
        "atanh(1)",
        "LambertW(0-1)",
        "loggamma(0-1/2)",
        "digamma(0-2)",
        "besselj(1/2, 0-1)",
        "polylog(2, 3)",
        "log(2, 1)",
        "log(2, 0-1)",
        "beta(0, 1)",
        "uppergamma(0-1/2, 0)",
        "lowergamma(0-1/2, 0)",
    ],
)
def test_what_has_no_real_value_is_undefined_and_no_nan(text: str) -> None:
    with pytest.raises(UndefinedAt):
        at(text)


@pytest.mark.parametrize(
    "text",
    ["polylog(1, 1)**0", "hyper1f1(1, 0-2, 3)**0", "trace(Matrix([[1, polylog(1, 1)], [0, 1]]))", "0*polylog(1, 1)"],
)
def test_a_pole_is_not_forgotten_by_what_is_made_of_it(text: str) -> None:
    with pytest.raises(Unclear, match="pole"):
        at(text)
    assert at(text.replace("1, 1)", "1, 0)").replace("0-2", "2")) in (0, 1, 2)


def test_a_bessel_function_of_positive_order_is_0_at_0() -> None:
    assert at("besselj(1/2, 0)") == at("besseli(3/2, 0)") == 0
    with pytest.raises(UndefinedAt):
        at("besselj(0-1/2, 0)")


def test_the_variable_of_a_limit_is_not_taken_from_the_domain() -> None:
    """At x = 0 the quotient has no value, and the limit has one."""
    assert hunt(statement("Eq(Limit(sin(x)/x, x, 0), 1)", {"x": R})).verdict == "out of reach"
    assert judge("t.t", "Eq(Limit(sin(x)/x, x, 0), 1)", domain={"x": R}, control="0 > 1").grade == "proved"


@pytest.mark.parametrize(
    "text",
    ["y + 1", "Limit(x, x, 0)", "Sum(k, (k, 1, 10**6))", "Sum(Sum(1, (j, 1, 900)), (k, 1, 900))", "binomial(5, 1/2)"],
)
def test_what_has_no_numeric_route_raises_and_is_not_guessed(text: str) -> None:
    with pytest.raises(OutOfReach):
        at(text)


@pytest.mark.parametrize(
    "text",
    [
        "Eq(det(x), x)",
        "Eq(eye(2), eye(3))",
        "Eq(1/eye(2), eye(2))",
        "Eq(2**eye(2), eye(2))",
        "Eq(eye(2)**x, eye(2))",
        "Eq(Abs(eye(2)), eye(2))",
        "Eq(eye(2), 1)",
        "eye(2) < eye(2)",
        "Eq(realroots(sqrt(2)*t, t), 1)",
        "Eq(realroots(log(t), t), 1)",
        "Eq(Matrix([[1, 2]])*Matrix([[1, 2]]), 1)",
        "Eq(exp(Matrix([[1, 2]])), 1)",
        "trace(Matrix([[1, 2]])) > 0",
        "det(Matrix([[1, 2]])) < 0",
        "Eq(adjugate(Matrix([[1, 2]])), eye(1))",
        "Eq(Matrix([[1, 2]])**0, eye(1))",
        "Eq(eye(0), eye(0))",
        "Eq(eye(x), eye(3))",
        "Eq(eye(10**6), eye(10**6))",
    ],
)
def test_a_meeting_of_kinds_that_do_not_fit_is_out_of_reach_and_no_crash(text: str) -> None:
    with pytest.raises(OutOfReach):
        judged(text, x=fmpq(1, 2))


def test_a_ball_around_one_half_is_not_taken_for_a_square_root() -> None:
    exponent = arb(fmpq(1, 2), arb(1))
    found = power(fmpq(4), exponent)
    assert not found < 8 and not found > 1, "4**[-1/2, 3/2] covers [1/2, 8]"


@pytest.mark.parametrize(("op", "truth"), [(">", True), ("<=", False), ("!=", True)])
def test_an_exponent_that_misses_one_half_by_1e_minus_40_is_told_apart(op: str, truth: bool) -> None:
    text = "4**(1/2 + 10**(0-40)*sqrt(2))"
    assert judged(f"Ne({text}, 2)" if op == "!=" else f"{text} {op} 2") is truth


def test_a_nan_is_neither_held_nor_refuted() -> None:
    (relation,) = parse_relations("x < 1")
    assert holds(relation, {"x": arb("nan")}) == (None, None)


def test_balls_never_confirm_an_equation_of_irrationals() -> None:
    assert judged("Eq(sqrt(2)*sqrt(3), sqrt(6))") is None
    assert judged("Eq(sqrt(2)*sqrt(3), sqrt(6) + 10**(0-30))") is False


def test_an_offset_below_double_precision_is_seen() -> None:
    assert judged("sin(1) < sin(1) + 10**(0-60)") is True


def test_the_precision_is_restored_after_a_comparison() -> None:
    before = flint.ctx.prec
    judged("sqrt(2) < 2")
    assert flint.ctx.prec == before


def test_equations_and_integrals_get_fewer_precisions() -> None:
    counts = [len(precisions(parse_relations(t)[0])) for t in ("x < 1", "Eq(x, 1)", "Integral(x, (x, 0, 1)) < 1")]
    assert counts[0] > counts[1] > counts[2] == 1


def test_only_an_exact_integer_is_whole() -> None:
    assert [whole(v) for v in (fmpq(3), fmpq(1, 2), arb(3))] == [3, None, None]


def test_a_ball_that_touches_zero_is_unclear_as_positive_and_zero_is_undefined() -> None:
    with pytest.raises(Unclear):
        positive(arb(0, 1), "x")
    with pytest.raises(UndefinedAt):
        positive(fmpq(0), "x")
    positive(fmpq(1), "x")


def test_division_by_a_ball_around_zero_is_unclear_and_by_zero_undefined() -> None:
    with pytest.raises(Unclear):
        divide(fmpq(1), arb(0, 1))
    with pytest.raises(UndefinedAt):
        divide(fmpq(1), fmpq(0))
    with pytest.raises(OutOfReach):
        divide(fmpq_poly([1]), fmpq_poly([0, 1]))


def test_a_matrix_has_no_negative_power() -> None:
    with pytest.raises(OutOfReach):
        power(Matrix.identity(2), fmpq(-1))


def test_a_rational_becomes_a_ball_that_contains_it() -> None:
    assert ball(fmpq(1, 3)).contains(fmpq(1, 3)) and ball("x") == "x"


def test_real_roots_are_counted_once_each_and_the_zero_polynomial_is_refused() -> None:
    assert count_real_roots(fmpq_poly([0, 0, -1, 1])) == 2  # x^2 (x - 1)
    assert count_real_roots(fmpq_poly([1, 0, 1])) == 0
    assert count_real_roots(fmpq_poly([7])) == 0
    with pytest.raises(OutOfReach):
        count_real_roots(fmpq_poly([]))


@pytest.mark.parametrize(
    ("integral", "digits"),
    [
        ("Integral(x**2, (x, 2, 0))", "-2.66666666666666666667"),
        ("Integral(exp(x), (x, 0, 1))", "1.71828182845904523536"),
        ("Integral(atan(5*x), (x, 0, 3))", "3.97063098912998986"),
        ("Integral(atanh(x), (x, 0, 1/2))", "0.130812035941136959"),
        ("Integral(gamma(x), (x, 1, 2))", "0.922745950680630606"),
        ("Integral(acos(x), (x, 0-1, 1))", "3.14159265358979323846"),
        ("Integral(asin(x), (x, 0, 1))", "0.570796326794896619231"),
        ("Integral(acosh(1+x), (x, 0, 1))", "0.901864986280756124"),
    ],
)
def test_an_integral_is_enclosed_or_refused_even_at_a_branch_point(integral: str, digits: str) -> None:
    flint.ctx.prec = 128
    try:
        found = at(integral)
    except (Unclear, OutOfReach):
        return
    finally:
        flint.ctx.prec = 53
    assert isinstance(found, arb)
    assert abs(found - arb(digits)) < arb("1e-14")


@pytest.mark.parametrize(
    "integral",
    [
        "Integral(1/x, (x, 0-1, 2))",
        "Integral(1/x**2, (x, 0-1, 1))",
        "Integral(tan(x), (x, 1, 2))",
        "Integral(sign(x), (x, 0-1, 1))",
        "Integral(floor(3*x), (x, 0, 1))",
        "Integral(sqrt(x - 1/2), (x, 0, 1))",
        "Integral(log(x - 1/2), (x, 0, 1))",
        "Integral(acosh(x), (x, 0, 2))",
    ],
)
def test_an_integral_over_a_pole_or_a_jump_or_outside_the_domain_gets_no_value(integral: str) -> None:
    with pytest.raises((Unclear, OutOfReach, UndefinedAt)):
        at(integral)


def test_a_derivative_at_a_corner_is_unclear_and_of_a_complex_argument_out_of_reach() -> None:
    with pytest.raises(Unclear):
        at("diff(Abs(x), x)", x=0)
    with pytest.raises(OutOfReach):
        at("diff(x, x)", x=acb(1))


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x**2 > 0", "[-1, 1]"),  # touches zero
        ("x < 1", "[0, 1]"),  # the closed end counts
        ("1/x > 0", "[-1, 1]"),  # a pole
        ("sqrt(x) > 0 - 1", "[-1, 1]"),  # undefined on one half
        ("x > 0", "R"),  # no box
        ("4**(1/2 + exp(-10**8*(x - 23456/100000)**2)) < 3", "[0, 1]"),  # a spike
    ],
)
def test_branch_and_bound_does_not_certify_what_fails_somewhere(text: str, domain: str) -> None:
    claim = statement(text, {"x": R if domain == "R" else interval(domain)})
    assert not certify(claim.relations[0], claim)


def test_branch_and_bound_certifies_a_strict_inequality_and_ignores_no_hypothesis() -> None:
    claim = statement("Abs(sin(x) - x) < 1/100", {"x": interval("[-1/3, 1/3]")})
    assert certify(claim.relations[0], claim)
    held = statement("x < 2", {"x": interval("[0, 1]")}, ("x > 0",))
    assert not certify(held.relations[0], held)


KINKED = [
    ("Integral((1 - t**2)**(3/2), (t, -1, 1))", "3*pi/8"),
    ("Integral(1 - t**(1/p), (t, 0, 1))", "1/(p + 1)"),
    ("Integral(pi - 2*asin(t), (t, 0, 1))", "2"),
    ("Integral(1/Max(1/p, sqrt(t)), (t, 0, 1))", "2 - 1/p"),
    ("Integral(Abs(sin(t) - 1/2), (t, 0, pi))", "2*sqrt(3) - 2 - pi/6"),
]


@pytest.mark.parametrize(("text", "value"), KINKED)
def test_the_hunt_sees_integrals_with_roots_at_the_ends_and_corners_between(text: str, value: str):
    sets = {"p": "[1, 9]"} if "p" in text.replace("pi", "") else {}
    assert hunt(statement(f"Eq({text}, {value})", sets)).verdict == "survived"
    assert hunt(statement(f"Eq({text}, {value} + 1/10**9)", sets)).verdict == "refuted"


def test_an_integrand_that_is_undefined_on_a_short_piece_is_never_certified():
    relation = statement("Integral(sqrt(t), (t, -1/10**40, 1)) < 1", {}).relations[0]
    assert holds(relation, {})[0] is None
    with pytest.raises(Undecided):
        judge("t.t", "Integral(sqrt(t), (t, -1/10**40, 1)) < 1", domain={}, control="Integral(sqrt(t), (t, 0, 1)) < 0")


def test_a_derivative_within_a_derivative_is_a_second_derivative():
    assert at("diff(x*diff(x**3, x), x)", x=2) == at("9*x**2", x=2)
    assert holds(parse_relations("Gt(diff(sin(x)*diff(diff(cos(x), x), x), x), 0)")[0], {"x": fmpq(2)})[0] is True
    assert holds(parse_relations("Eq(diff(diff(x**4, x), x), 12*x**2 + 1)")[0], {"x": fmpq(3)})[0] is False


def test_the_derivative_of_a_dilogarithm_is_a_logarithm():
    assert hunt(statement("Eq(diff(polylog(2, z), z), -log(1 - z)/z)", {"z": "(0, 1)"})).verdict == "survived"
    assert hunt(statement("Eq(diff(polylog(3, z), z, 2), -log(1 - z)/z)", {"z": "(0, 1)"})).verdict == "refuted"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("polygamma(1, 1)", "1.644934066848", "1.644934066849"),  # pi**2/6
        ("polygamma(0, 1/2)", "-1.963510026022", "-1.963510026021"),  # -EulerGamma - 2*log(2)
        ("polygamma(2, 0 - 5/2)", "-0.108204051642", "-0.108204051641"),  # mpmath
        ("diff(x*polygamma(1, x + 1/3), x, 2)", "52.4836940491", "52.4836940492"),  # at x = 0, which mpmath gives
    ],
)
def test_polygamma_functions_and_their_derivatives_are_enclosed(text: str, low: str, high: str) -> None:
    found = value(parse_expression(text.replace("x*", "(x + 1/3)*", 1) if "diff" in text else text), {"x": fmpq(0)})
    assert arb(low) < found < arb(high)


def test_a_polygamma_function_has_no_value_at_its_poles_and_none_of_an_order_that_is_no_natural_number() -> None:
    for text in ("polygamma(1, 0)", "polygamma(3, 0 - 2)", "digamma(0 - 4)"):
        with pytest.raises(UndefinedAt):
            value(parse_expression(text), {})
    for text in ("polygamma(1/2, 1)", "polygamma(0 - 1, 1)"):
        with pytest.raises(OutOfReach):
            value(parse_expression(text), {})
    with pytest.raises(Unclear):
        value(parse_expression("polygamma(1, x)"), {"x": arb(0, 1)})
