"""The rules that may conclude: each concludes where its theorem applies, and refuses next to it."""

from __future__ import annotations

import ast
import dataclasses

import pytest
import sympy as sp
from flint import fmpq, fmpq_poly

from qed import N0, R, Z, interval
from qed.kernel import rules
from qed.kernel.limits import limit
from qed.kernel.lower import Lowering, exponential, replace_name
from qed.kernel.scope import ANY, NEG, POS, ZERO, Range, Scope, domain_scope, sign
from qed.search.tactics import Prover
from qed.statements.errors import OutOfReach
from qed.statements.language import as_domain, parse_expression, statement


def low(text: str, **domain: object) -> tuple[sp.Expr, Scope]:
    """Lower an expression over a domain."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    return Lowering(scope).expression(parse_expression(text)), scope


def with_x(rule: object, text: str, domain: object, *more: object) -> object:
    """Apply a rule to an expression in x."""
    e, scope = low(text, x=domain)
    return rule(e, scope.symbols["x"], scope, *more)  # type: ignore[operator]


def given(scope: Scope, fact: sp.Expr, signs: int) -> Scope:
    """Add a hypothesis."""
    return dataclasses.replace(scope, facts=((fact, signs),))


def proof(text: str, where: tuple[str, ...] = (), **domain: object) -> str | None:
    """Let the kernel's rules alone judge, without the hunt."""
    return Prover(statement(text, domain, where), [], None).run().grade


# Induction


def test_induction_needs_the_base_and_not_only_the_step() -> None:
    e, scope = low("Sum(k, (k, 0, n)) - n*(n+1)/2 - 1", n=N0)
    assert not rules.induction(e, scope.symbols["n"], scope)
    e, scope = low("Sum(k, (k, 0, n)) - n*(n+1)/2", n=N0)
    assert rules.induction(e, scope.symbols["n"], scope)


def test_induction_needs_the_step_and_not_only_the_base() -> None:
    e, scope = low("Sum(k, (k, 0, n)) - n", n=N0)
    assert not rules.induction(e, scope.symbols["n"], scope)


@pytest.mark.parametrize("domain", [Z, R])
def test_induction_has_no_base_below_a_range_without_least_element(domain: object) -> None:
    e, scope = low("x - x**2", x=domain)
    assert not rules.induction(e, scope.symbols["x"], scope)


def test_induction_does_not_step_by_a_hypothesis_that_fails_below() -> None:
    e, scope = low("Sum(1, (k, 3, n)) - n", n=N0)
    n = scope.symbols["n"]
    assert not rules.induction(e, n, given(scope, n - 2, POS | ZERO))


def test_sums_are_unrolled_between_numbers_only() -> None:
    e, scope = low("Sum(k, (k, 1, n))", n=N0)
    n = scope.symbols["n"]
    assert rules.unroll(e.subs(n, 4)) == 10 and rules.unroll(e.subs(n, 0)) == 0 and rules.unroll(e.subs(n, -5)) == 0
    assert rules.unroll(e) == e


# Derivatives


def test_a_zero_derivative_without_the_value_is_not_enough() -> None:
    assert with_x(rules.constant_by_derivative, "atan(x) + atan(1/x) - pi/2", "(0, oo)")
    assert not with_x(rules.constant_by_derivative, "atan(x) + atan(1/x) + pi/2", "(0, oo)")


@pytest.mark.parametrize(("text", "domain"), [("floor(x)", "[0, 2]"), ("sign(x) - 1", "[0, 2]"), ("Abs(x) - x", "R")])
def test_a_zero_derivative_off_a_jump_or_a_corner_proves_nothing(text: str, domain: str) -> None:
    assert not with_x(rules.constant_by_derivative, text, domain)


def test_a_zero_derivative_on_a_domain_that_a_hypothesis_cuts_proves_nothing() -> None:
    e, scope = low("atan(x) + atan(1/x) - pi/2", x=R)
    x = scope.symbols["x"]
    assert not rules.constant_by_derivative(e, x, given(scope, x, NEG | POS))


def test_a_chain_does_not_cross_a_pole_that_a_hypothesis_leaves_out() -> None:
    e, scope = low("1/x", x="(-oo, 1]")
    x = scope.symbols["x"]
    assert rules.chain_sign(e, x, given(scope, x, NEG | POS), 4) & NEG


@pytest.mark.parametrize(
    ("text", "domain", "truth"),
    [
        ("exp(x) - 1 - x", "R", POS | ZERO),
        ("exp(x) - 1 - x", "(0, oo)", POS),
        ("x - sin(x)", "[0, oo)", POS | ZERO),
        ("x - log(1 + x)", "(-1, oo)", POS | ZERO),
        ("sqrt(x)*(1 - x)", "[0, 2]", ANY),
    ],
)
def test_a_chain_of_derivatives_keeps_every_sign_that_occurs(text: str, domain: str, truth: int) -> None:
    found = with_x(rules.chain_sign, text, domain, 4)
    assert isinstance(found, int) and found & truth == truth


def test_a_chain_proves_strictness_off_the_anchor_only() -> None:
    assert with_x(rules.chain_sign, "exp(x) - 1 - x", "(0, oo)", 4) == POS
    assert with_x(rules.chain_sign, "exp(x) - 1 - x", "[0, oo)", 4) == POS | ZERO


def test_a_chain_of_depth_zero_or_with_a_corner_says_nothing_new() -> None:
    assert with_x(rules.chain_sign, "exp(x) - 1 - x", "R", 0) == ANY
    assert with_x(rules.chain_sign, "Abs(x) - x/2 + sin(x)", "R", 4) == ANY


def test_monotone_needs_a_value_of_one_sign_at_the_anchor() -> None:
    e, scope = low("exp(x) - 1 - x", x=R)
    assert rules.monotone(e, scope.symbols["x"], sp.Integer(0), True, scope, 4, [400]) == POS
    e, scope = low("x + y", x="[0, oo)", y=R)
    assert rules.monotone(e, scope.symbols["x"], sp.Integer(0), True, scope, 4, [400]) == ANY


def test_anchors_lie_in_the_range_and_an_open_end_is_none() -> None:
    assert rules.anchors(Range(sp.Integer(0), sp.Integer(1), True, False)) == [1, sp.Rational(1, 2)]
    assert sp.Integer(0) not in rules.anchors(Range(sp.Integer(2), None))


@pytest.mark.parametrize(
    ("text", "corner"),
    [("Abs(x)", True), ("Max(x, 0)", True), ("floor(x)", True), ("sign(x)", True), ("exp(x)", False)],
)
def test_a_corner_is_seen(text: str, corner: bool) -> None:
    assert rules.has_corner(low(text, x=R)[0]) is corner


@pytest.mark.parametrize(
    ("text", "point", "extends"),
    [
        ("1/x", 0, False),
        ("log(x)", 0, False),
        ("exp(-1/x)", 0, False),
        ("sqrt(x)", 0, False),
        ("x*exp(x)", 0, True),
        ("gamma(x)", 0, False),
        ("digamma(x)", 0, False),
        ("loggamma(x)", 0, False),
        ("1/(x - 1)", 0, True),
    ],
)
def test_an_expression_is_continuous_at_an_end_only_where_every_part_has_a_value(
    text: str, point: int, extends: bool
) -> None:
    x = sp.Symbol("x", real=True)
    scope = Scope({"x": x}, {x: Range(sp.Integer(0), sp.Rational(1, 2), True, True)})
    e = Lowering(scope).expression(parse_expression(text))
    assert rules.continuous_at(e, x, sp.Integer(point), scope) is extends


def test_leibniz_rule_counts_the_moving_end() -> None:
    e, scope = low("Integral(exp(t), (t, 0, x))", x="[0, oo)")
    x = scope.symbols["x"]
    assert sp.simplify(rules.derivative(e, x) - sp.exp(x)) == 0


def test_at_a_point_an_integral_without_length_is_zero_and_another_is_kept() -> None:
    e, scope = low("Integral(exp(t), (t, 0, x))", x="[0, oo)")
    x = scope.symbols["x"]
    assert rules.at_point(e, x, sp.Integer(0)) == 0 and rules.at_point(e, x, sp.Integer(1)) != 0


def test_only_positive_factors_are_stripped() -> None:
    e, scope = low("exp(x)*(x - 1)*y", x=R, y=R)
    assert sign(rules.strip(e, scope), scope) == ANY
    assert not rules.strip(e, scope).has(sp.exp)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("exp(x) - 1 - x", POS | ZERO),
        ("exp(x) - 1 - 2*x", ANY),  # the slope
        ("exp(x) - x", ANY),  # the value
        ("x**3", ANY),  # the bend
        ("Abs(x)**3", ANY),  # a corner
    ],
)
def test_a_tangent_needs_the_value_the_slope_and_the_bend(text: str, truth: int) -> None:
    e, scope = low(text, x=R)
    assert rules.tangent(e, scope.symbols["x"], sp.Integer(0), scope, lambda form: form) == truth


def test_a_tangent_is_not_drawn_across_a_hypothesis() -> None:
    e, scope = low("x**3", x=R)
    x = scope.symbols["x"]
    assert rules.tangent(e, x, sp.Integer(0), given(scope, x, POS | ZERO), lambda form: form) == ANY


def test_three_cases_join_the_signs_of_all_three() -> None:
    assert with_x(rules.trichotomy, "x**2", "R") == POS | ZERO
    assert with_x(rules.trichotomy, "x**3", "R") == ANY
    assert with_x(rules.trichotomy, "x", "[1, 2]") == ANY, "zero is not inside"
    e, scope = low("x", x=R)
    assert rules.trichotomy(e, scope.symbols["x"], given(scope, scope.symbols["x"], POS)) == ANY


# Integrals


def integral(text: str, proposal: str, **domain: object) -> sp.Expr | None:
    """Check a proposed antiderivative of the one integral in an expression."""
    e, scope = low(text, **domain)
    (found,) = e.atoms(sp.Integral)
    (t, lo, hi), *_ = found.limits
    inner = replace_name(scope, "t", t, Range(lo, hi))
    return rules.antiderivative(found, Lowering(inner).expression(parse_expression(proposal)), scope)


def test_an_antiderivative_gives_the_difference_at_the_ends() -> None:
    assert integral("Integral(t**2, (t, 0, 3))", "t**3/3 + 7") == 9


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("Integral(t**2, (t, 0, 3))", "t**3/2"),  # another derivative
        ("Integral(1/t**2, (t, 0-1, 1))", "0-1/t"),  # a pole inside
        ("Integral(1, (t, 0, 3))", "atan(tan(t))"),  # jumps
        ("Integral(1, (t, 0, 3))", "t + floor(t)"),  # jumps with derivative zero
        ("Integral(1/t, (t, 0, 1))", "log(t)"),  # infinite at the end
        ("Integral(1/(2+cos(t)), (t, 0, 6))", "2*atan(tan(t/2)/sqrt(3))/sqrt(3)"),  # jumps at pi
    ],
)
def test_an_antiderivative_that_jumps_or_has_another_derivative_is_refused(text: str, proposal: str) -> None:
    assert integral(text, proposal) is None


@pytest.mark.parametrize(
    ("text", "continuous"),
    [
        ("1/t", False),
        ("log(t)", False),
        ("tan(t)", False),
        ("exp(t)", True),
        ("1/(t+1)", True),
        ("gamma(t)", False),
        ("uppergamma(2, t)", True),
        ("uppergamma(1/2, t)", False),
    ],
)
def test_continuity_on_the_unit_interval_is_certified_or_refused(text: str, continuous: bool) -> None:
    t = sp.Symbol("t", real=True)
    scope = Scope({"t": t}, {t: Range(sp.Integer(0), sp.Integer(1))})
    assert rules.continuous_on(Lowering(scope).expression(parse_expression(text)), t, scope) is continuous


def test_an_infinite_end_is_an_absent_one() -> None:
    assert rules.between(sp.Integer(0), sp.oo, True) == Range(sp.Integer(0), None, True, True)
    assert rules.between(-sp.oo, sp.oo, True).lo is None


@pytest.mark.parametrize(
    ("text", "domain", "zero"),
    [
        ("x - 1", "R", True),
        ("x**2 + 1", "R", False),
        ("x**2", "R", True),
        ("x - 1", "[2, 3]", False),
        ("floor(x) - 1/2", "R", False),
        ("exp(x)", "R", False),
        ("x + 45", "(-oo, -50]", False),
        ("x - 4", "[0, pi]", False),
    ],
)
def test_a_zero_of_a_factor_is_found_by_a_change_of_sign_inside_the_domain_only(
    text: str, domain: str, zero: bool
) -> None:
    assert (with_x(rules.vanishes, text, domain) is not None) is zero


# Polynomials


@pytest.mark.parametrize(
    ("text", "domain", "truth"),
    [
        ("x**2 - 2*x + 1", "R", POS | ZERO),
        ("x**2 - 2*x + 1", "(1, oo)", POS),
        ("x**2 - 2*x + 1", "[1, oo)", POS | ZERO),
        ("x**2 - 2", "R", ANY),
        ("(x**2 - 2)**2", "R", POS | ZERO),
        ("(x**2 - 2)**2", "[2, oo)", POS),
        ("x*(x - 1)**2", "[0, oo)", POS | ZERO),
        ("-x**4 - 1", "R", NEG),
        ("x - 1", "[1, 1]", ZERO),
        ("(x - 1)**2*(x - 3)", "[1, 1]", ZERO),
        ("x**5 + x", "(0, 1)", POS),
    ],
)
def test_sturm_counts_roots_of_even_order_and_at_closed_ends(text: str, domain: str, truth: int) -> None:
    found = with_x(rules.sturm, text, domain)
    assert isinstance(found, int) and found & truth == truth
    assert found == truth or domain == "[1, 1]"


@pytest.mark.parametrize(("text", "domain"), [("x**2 - sqrt(2)", "R"), ("exp(x)", "R"), ("x", "[0, sqrt(2)]")])
def test_sturm_says_nothing_without_rational_coefficients_and_ends(text: str, domain: str) -> None:
    assert with_x(rules.sturm, text, domain) == ANY


def test_the_odd_part_keeps_the_factors_of_odd_order_only() -> None:
    p = fmpq_poly([-1, 1]) ** 3 * fmpq_poly([-2, 1]) ** 2 * fmpq_poly([1, 0, 1])
    odd = rules.odd_part(p)
    assert odd(fmpq(1)) == 0 and odd(fmpq(2)) != 0 and odd.degree() == 3


@pytest.mark.parametrize(
    ("text", "domain", "truth"),
    [
        ("exp(2*x) - 2*exp(x) + 1", "R", POS | ZERO),
        ("exp(2*x) - 3*exp(x) + 2", "R", ANY),
        ("cosh(x) - 1", "R", POS | ZERO),
        ("exp(x/2) + exp(x/3) - 2", "(0, oo)", POS),
        ("exp(x**2) - exp(x)", "R", ANY),
        ("exp(x) - x", "R", ANY),
        ("exp(x**2 + x) - exp(x)/2", "R", ANY),
    ],
)
def test_sturm_in_an_exponential_never_excludes_a_sign_that_occurs(text: str, domain: str, truth: int) -> None:
    assert with_x(rules.exponential_sign, text, domain) == truth


# Limits


def lim(text: str, point: object, side: str = "+", **domain: object) -> sp.Expr | None:
    """Find a limit in u."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    u = sp.Symbol("u", real=True)
    near = scope.with_symbol(u, Range(None, None))
    return limit(Lowering(near).expression(parse_expression(text)), u, sp.S(point), side, scope)


@pytest.mark.parametrize(
    ("text", "point", "side", "value"),
    [
        ("sin(u)/u", 0, "+", 1),
        ("(1 - cos(u))/u**2", 0, "-", sp.Rational(1, 2)),
        ("2**(1/u)", 0, "-", 0),
        ("2**(1/u)", 0, "+", sp.oo),
        ("1/u", 0, "-", -sp.oo),
        ("(1 + 1/u)**u", sp.oo, "+", sp.E),
        ("u*log(u)", 0, "+", 0),
        ("sqrt(u**2 + u) - u", sp.oo, "+", sp.Rational(1, 2)),
        ("atan(u)", -sp.oo, "+", -sp.pi / 2),
    ],
)
def test_a_limit_is_found_on_its_side(text: str, point: object, side: str, value: object) -> None:
    assert lim(text, point, side) == value


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("sin(1/u)", 0),
        ("sin(u)", sp.oo),
        ("floor(u)", 1),
        ("(u + sin(u)*cos(u))/((u + sin(u)*cos(u))*exp(sin(u)))", sp.oo),
    ],
)
def test_an_oscillation_or_a_jump_has_no_limit_by_these_rules(text: str, point: object) -> None:
    assert lim(text, point) is None


def test_a_parameter_of_unknown_sign_gives_no_limit() -> None:
    assert lim("exp(0-u*y)", sp.oo, y=R) is None
    assert lim("exp(0-u*y)", sp.oo, y="(0, oo)") == 0


# Lowering: definedness is an obligation of its own


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x/x", "denominator"),
        ("0*log(x)", "logarithm"),
        ("sqrt(x)", "radicand"),
        ("tan(x)", "cos"),
        ("asin(x)", "between -1 and 1"),
        ("acosh(x)", "at least 1"),
        ("LambertW(x)", "-1/e"),
        ("gamma(x)", "positive"),
        ("x**y", "positive"),
        ("x**(0-2)", "negative exponent"),
        ("x**(1/3)", "fractional exponent"),
        ("log(2, x)", "positive"),
        ("Sum(1/(x - k), (k, 1, 3))", "denominator"),
        ("Integral(1/t, (t, 0, 1))", "denominator"),
    ],
)
def test_what_may_be_undefined_leaves_an_obligation_even_where_it_cancels(text: str, reason: str) -> None:
    lowering = Lowering(domain_scope({"x": R, "y": R}))
    lowering.expression(parse_expression(text))
    assert any(reason in owed.reason and not owed.met() for owed in lowering.obligations)


def test_a_derivative_at_the_edge_of_a_root_is_an_obligation() -> None:
    for text in ("diff(sqrt(x), x)", "diff(uppergamma(1/2, x), x)*sqrt(x)", "diff(x**(3/2), x)"):
        lowering = Lowering(domain_scope({"x": interval("[0, oo)")}))
        lowering.expression(parse_expression(text))
        assert any(not owed.met() for owed in lowering.obligations), text


@pytest.mark.parametrize(
    "text",
    [
        "Limit(x, x, 0)",
        "realroots(x, x)",
        "diff(Abs(x), x)",
        "Sum(x, (k, 0, x))",
        "Integral(t, (t, 0, x))",
        "factorial(x)",
        "binomial(x, 2)",
        "besselj(0, x)",
        "Sum(1/k, (k, 1, oo))",
        "(x + 1)**10**6",
    ],
)
def test_what_the_symbolic_route_does_not_reach_is_refused(text: str) -> None:
    with pytest.raises(OutOfReach):
        low(text, x=R)


def test_a_variable_called_like_a_bound_symbol_is_not_captured() -> None:
    assert low("Sum(k_1, (j, 0, 2))", k_1=N0)[0] == 3 * sp.Symbol("k_1", integer=True, nonnegative=True)
    e, scope = low("Integral(t_1, (s, 0, 1))", t_1=R)
    assert scope.symbols["t_1"] in e.free_symbols


def test_matrix_entries_are_not_variables_of_that_name() -> None:
    assert proof("Eq(trace(A), A_11 + A_22)", A=as_domain_matrix(2), A_11=R, A_22=R) is None


def as_domain_matrix(*sizes: int) -> object:
    """Square matrices of given sizes."""
    from qed import square

    return square(*sizes)


def test_the_exponential_of_a_matrix_needs_the_sign_of_its_discriminant() -> None:
    scope = domain_scope({"a": R, "b": R})
    a, b = scope.symbols["a"], scope.symbols["b"]
    assert exponential(sp.ImmutableMatrix([[0, a], [0, 0]]), scope) == sp.ImmutableMatrix([[1, a], [0, 1]])
    with pytest.raises(OutOfReach):
        exponential(sp.ImmutableMatrix([[0, a], [b, 0]]), scope)
    with pytest.raises(OutOfReach):
        exponential(sp.ImmutableMatrix([[1, 2, 0], [3, 4, 0], [0, 0, 1]]), scope)


# The rules together, without the hunt to help


@pytest.mark.parametrize(
    ("text", "where", "domain"),
    [
        ("Eq(atan(x)+atan(1/x), pi/2)", ("Ne(x,0)",), {"x": R}),
        ("1/x > 0", ("Ne(x,0)",), {"x": "(-oo, 1]"}),
        ("(x-y)**2 > 0", ("x>=y",), {"x": "[0, 1]", "y": "(0, 1]"}),
        ("Eq(Sum(1,(k,3,n)), n)", ("n>=2",), {"n": N0}),
        ("Eq(log(x**2,b), 2*log(x,b))", (), {"x": "(0, oo)", "b": "(-oo, -1)"}),
        ("x > 1", ("2*x >= 2", "x > 0"), {"x": "[1, oo)"}),
        ("exp(x) > 1 + x", (), {"x": R}),
        ("tanh(x) < x", (), {"x": "[0, oo)"}),
        ("(x**2-2)**2 > 0", (), {"x": R}),
        ("Eq(x/x, 1)", (), {"x": R}),
        ("Sum(1,(k,1,n)) > 0", (), {"n": N0}),
        ("Eq(Sum(k,(k,1,n)), n*(n+1)/2)", (), {"n": Z}),
        ("Eq(Limit(x,x,0), 0*log(y))", (), {"y": R}),
        ("Eq(Integral(1/(x-1)**2,(x,oo,0)), 1)", (), {}),
    ],
)
def test_the_rules_alone_prove_no_false_statement(text: str, where: tuple[str, ...], domain: dict) -> None:
    assert proof(text, where, **domain) is None


def test_a_certificate_is_parsed_as_a_tree_and_not_believed() -> None:
    claim = statement("Eq(Integral(exp(t), (t, 0, 1)), E)", {})
    assert Prover(claim, [], ast.parse("exp(t) + 1", mode="eval").body).run().grade is None
