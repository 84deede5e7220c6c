"""The rules that conclude: each concludes where its theorem applies, and refuses next to it."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
import sympy as sp
from flint import fmpq, fmpq_poly

from qed import N0, N, R, Z, interval
from qed.claims.verdict import decide
from qed.kernel import limits, rules
from qed.kernel.conclude import (
    certified,
    enumerated,
    eventually,
    fails_at,
    fold,
    plan,
    refuted,
    refuted_limit,
    undefined,
)
from qed.kernel.lemmas import Lemma, accepted
from qed.kernel.lower import Goal, Lowering, between, domain_scope, exponential
from qed.kernel.residual import residual
from qed.kernel.signs import defined, derivative, power_conditions, sign, structure
from qed.kernel.theorems import ANY, NEG, POS, ZERO, Equal, Range, Refused, Scope, Sign
from qed.search.limits import Limits
from qed.search.signs import Signs, anchors, attempt
from qed.search.tactics import Prover
from qed.statements.errors import OutOfReach
from qed.statements.language import as_domain, parse_expression, statement

ZERO_, ONE = sp.Integer(0), sp.Integer(1)


def low(text: str, **domain: object) -> tuple[sp.Expr, Scope]:
    """Lower an expression over a domain."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    return Lowering(scope).expression(parse_expression(text)), scope


def given(scope: Scope, fact: sp.Expr, signs: int) -> Scope:
    """Add a hypothesis."""
    return replace(scope, facts=((fact, signs),))


def zero(e: sp.Expr, scope: Scope) -> Equal:
    """Show that an expression is 0."""
    return residual(e, ZERO_, scope)


def proof(text: str, where: tuple[str, ...] = (), **domain: object) -> str | None:
    """Let the rules alone judge, without the hunt."""
    sets = {name: as_domain(d, name) for name, d in domain.items()}
    return Prover(statement(text, sets, where), [], None).run().grade


# Induction


def induct(text: str, name: str = "n", hypothesis: object = None, **domain: object) -> Equal:
    """Use induction with the base and the step that the exact residual shows."""
    e, scope = low(text, **domain)
    n = scope.names[name]
    scope = given(scope, n - hypothesis, POS | ZERO) if hypothesis is not None else scope  # type: ignore[operator]
    lo = scope.ranges[n].lo
    base = zero(e.subs(n, ZERO_ if lo is None else lo), scope)
    return rules.induction(e, n, (base,), zero(e.subs(n, n + 1) - e, scope), scope)


def test_induction_concludes_from_base_and_step() -> None:
    assert induct("Sum(k, (k, 0, n)) - n*(n+1)/2", n=N0).right == 0


def test_induction_needs_the_base_and_the_step_of_this_very_expression() -> None:
    e, scope = low("Sum(k, (k, 0, n)) - n*(n+1)/2", n=N0)
    n = scope.names["n"]
    base, step = zero(e.subs(n, 0), scope), zero(e.subs(n, n + 1) - e, scope)
    assert rules.induction(e, n, (base,), step, scope).left == e
    for a, b in ((step, step), (base, base), (zero(ZERO_ * n, scope), step)):
        with pytest.raises(Refused, match="no base|no step"):
            rules.induction(e + 1, n, (a,), b, scope)
    with pytest.raises(Refused):
        zero((e + 1).subs(n, 0), scope)


@pytest.mark.parametrize("domain", [Z, R, "(-oo, 5]"])
def test_induction_has_no_base_below_a_range_without_least_element(domain: object) -> None:
    with pytest.raises(Refused):
        induct("Sum(1, (k, 1, 3)) - 3 + 0*x", "x", x=domain)
    e, scope = low("0*x", x=domain)
    with pytest.raises(Refused, match="least"):
        rules.induction(e, scope.names["x"], (zero(e, scope),), zero(e, scope), scope)


def test_induction_does_not_step_by_a_hypothesis_that_fails_below() -> None:
    assert proof("Eq(Sum(1, (k, 3, n)), n)", ("n >= 2",), n=N0) is None
    e, scope = low("Sum(1, (k, 3, n)) - Sum(1, (k, 3, n))", n=N0)
    n = scope.names["n"]
    scope = given(scope, n - 2, POS | ZERO)
    with pytest.raises(Refused, match="hypothesis"):
        rules.induction(e, n, (zero(e, scope),), zero(e, scope), scope)


def test_induction_does_not_step_over_a_place_without_value() -> None:
    e, scope = low("(n - 2)/(n - 2) - 1 + 0/(n - 3)", n=N0)
    n = scope.names["n"]
    pole = 1 / (n - 3) - 1 / (n - 3) * (n - 3) / (n - 3)
    assert pole == 0, "SymPy cancels what it sees"
    pole = 1 / (n**2 - 9) - 1 / ((n - 3) * (n + 3))
    step = zero(pole.subs(n, n + 1) - pole, scope)
    with pytest.raises(Refused, match="no value"):
        rules.induction(pole, n, (zero(pole.subs(n, 0), scope),), step, scope)


def test_induction_in_steps_of_two_needs_two_bases_and_the_factors_that_have_a_value() -> None:
    n, scope = low("n", n=N0)
    e = (-1) ** n - 1  # 0 for even n only
    ratio = (ONE, ZERO_)
    step = zero(e.subs(n, n + 2) - e, scope)
    even = zero(e.subs(n, 0), scope)
    for bases in ((even,), (even, even), (even, zero(e.subs(n, 2), scope))):
        with pytest.raises(Refused, match="no base"):
            rules.induction(e, n, bases, step, scope, ratio)
    with pytest.raises(Refused):
        zero(e.subs(n, 1), scope)
    flat = sp.Sum(sp.Symbol("k#1", integer=True), (sp.Symbol("k#1", integer=True), 0, n)) - n * (n + 1) / 2
    bases = (zero(flat.subs(n, 0), scope), zero(flat.subs(n, 1), scope))
    step = zero(flat.subs(n, n + 2) - flat, scope)
    assert rules.induction(flat, n, bases, step, scope, ratio).right == 0
    for factors in ((1 / n, ZERO_), (1 / (n - 3), ZERO_), (ONE, ONE), ()):
        with pytest.raises(Refused):
            rules.induction(flat, n, bases, step, scope, factors)


def test_integrals_are_gathered_only_where_they_stand_linearly_between_the_same_ends() -> None:
    e, scope = low("Integral(sin(t), (t, 0, 1))/x + x*Integral(t**2, (t, 0, 1)) - 7", x="(0, oo)")
    x = scope.names["x"]
    (whole,) = rules.gathered(e, scope).right.atoms(sp.Integral)
    t = whole.limits[0][0]
    assert sp.expand(whole.function - sp.sin(t) / x - x * t**2) == 0
    for text in (
        "Integral(t, (t, 0, 1)) + Integral(t, (t, 0, 2))",
        "Integral(t, (t, 0, 1))*Integral(t**2, (t, 0, 1))",
        "exp(Integral(t, (t, 0, 1))) + Integral(t**2, (t, 0, 1))",
        "x",
    ):
        with pytest.raises(Refused):
            rules.gathered(low(text, x=R)[0], scope)
    e, scope = low("2*Sum(1/k, (k, 1, n)) - Sum(log(1 + 1/k), (k, 1, n))", n=N0)
    (total,) = rules.gathered(e, scope, sp.Sum).right.atoms(sp.Sum)
    (k, *_) = total.limits[0]
    assert total.function == 2 / k - sp.log(1 + 1 / k)
    with pytest.raises(Refused):
        rules.gathered(low("Sum(1/k, (k, 1, n)) - Sum(1/k, (k, 2, n))", n=N0)[0], scope, sp.Sum)
    for text, kind in (
        ("Sum(Integral(t**k, (t, 0, 1)), (k, 0, n))", sp.Integral),  # the index would escape
        ("Integral(Sum(t**k, (k, 0, n)), (t, 0, 1))", sp.Sum),
    ):
        with pytest.raises(Refused, match="escape"):
            rules.gathered(low(text, n=N0)[0], scope, kind)


def test_signs_are_added_only_where_both_terms_have_values() -> None:
    scope = domain_scope({"x": R})
    x = scope.names["x"]
    square, root = rules.nlsat(x**2 - 2 * x + 1, scope), structure(sp.sqrt(x), scope)
    assert rules.added(square, structure(ONE, scope)).signs == POS
    with pytest.raises(Refused):
        rules.added(root, structure(-sp.sqrt(x), scope))  # 0 where neither has a value
    with pytest.raises(Refused):
        rules.added(square, structure(ONE, domain_scope({"y": R})))


def test_a_power_may_have_a_base_0_only_if_a_whole_variable_makes_its_exponent_not_negative() -> None:
    scope = domain_scope({"x": interval("[0, 1]"), "n": N0, "a": interval("[0, oo)")})
    x, n, a = (scope.names[k] for k in "xna")
    assert defined(x ** (n / 2), scope) and defined(x ** (a + 1), scope)
    for exponent in (a, n / 2 - 1, n / 2 - ONE / 2):
        assert not defined(x**exponent, scope)
    assert power_conditions(x, n / 2, scope, smooth=True)[0][1] == POS


# Zero derivative


def steady(text: str, at: object, domain: object, fact: tuple[sp.Expr, int] | None = None) -> Equal:
    """Use a zero derivative and the value at a point, as the exact residual shows them."""
    e, scope = low(text, x=domain)
    x, at = scope.names["x"], sp.S(at)
    scope = given(scope, x, fact[1]) if fact else scope
    return rules.constant(e, x, at, zero(derivative(e, x), scope), zero(e.subs(x, at), scope), scope)


ARCS = "atan(x) + atan(1/x) - pi/2"


def test_a_zero_derivative_needs_a_value_too() -> None:
    assert steady(ARCS, 1, "(0, oo)").right == 0
    with pytest.raises(Refused):
        steady("atan(x) + atan(1/x) + pi/2", 1, "(0, oo)")
    e, scope = low(ARCS, x="(0, oo)")
    x = scope.names["x"]
    slope = zero(derivative(e, x), scope)
    with pytest.raises(Refused, match="value"):
        rules.constant(e, x, ONE, slope, slope, scope)


def test_the_value_is_taken_inside_the_range() -> None:
    for at, domain in ((1, "(1, oo)"), (1, "[2, 3]"), (-1, "(0, oo)")):
        with pytest.raises(Refused):
            steady(ARCS, at, domain)


@pytest.mark.parametrize(
    ("text", "domain"),
    [("floor(x)", "[0, 2]"), ("sign(x) - 1", "[0, 2]"), ("Abs(x) - x", "R"), (ARCS, "R"), (ARCS, "[-1, 1]")],
)
def test_a_zero_derivative_off_a_jump_a_corner_or_a_pole_proves_nothing(text: str, domain: str) -> None:
    with pytest.raises(Refused):
        steady(text, 1, domain)


def test_a_zero_derivative_on_a_domain_that_a_hypothesis_cuts_proves_nothing() -> None:
    with pytest.raises(Refused, match="hypothesis"):
        steady(ARCS, 1, "(0, oo)", (sp.S.One, NEG | POS))
    assert proof("Eq(atan(x)+atan(1/x), pi/2)", ("Ne(x,0)",), x=R) is None


# The mean value theorem


def mean(text: str, at: object, up: bool, domain: object, value: int | None = None, slope: int | None = None) -> Sign:
    """Use the mean value theorem with what the structure of value and derivative shows."""
    e, scope = low(text, x=domain)
    x, at = scope.names["x"], sp.S(at)
    beside = rules.side(scope, x, at, up)
    signs = structure(e.subs(x, at), scope), structure(derivative(e, x), beside)
    return rules.mean_value(e, x, at, up, *signs, scope, beside, rules.side(scope, x, at, up, True))


def test_a_value_and_a_slope_give_the_sign_on_the_side_of_the_anchor() -> None:
    assert mean("exp(x) - 1", 0, True, "R").signs == POS
    assert mean("exp(x) - 1", 0, False, "R").signs == NEG
    assert mean("x**3", 0, True, "[0, oo)").signs == POS
    assert mean("x + exp(x)", 0, True, "[0, oo)").signs == POS
    assert mean("x - 5", 0, True, "R").signs == ANY


def test_the_mean_value_theorem_asks_for_this_value_and_this_slope() -> None:
    e, scope = low("exp(x) - 1", x=R)
    x = scope.names["x"]
    side, closed = rules.side(scope, x, ZERO_, True), rules.side(scope, x, ZERO_, True, True)
    value, slope = structure(ZERO_, scope), structure(sp.exp(x), side)
    assert rules.mean_value(e, x, ZERO_, True, value, slope, scope, side, closed).signs == POS
    other = rules.side(scope, x, ZERO_, False)
    for wrong in (
        (e, x, ZERO_, True, structure(ONE, scope), slope, scope, side, closed),  # another value
        (e, x, ZERO_, True, structure(ZERO_, side), slope, scope, side, closed),  # a value over another scope
        (e, x, ZERO_, True, value, structure(sp.exp(2 * x), side), scope, side, closed),  # another slope
        (e, x, ZERO_, True, value, structure(sp.exp(x), scope), scope, side, closed),  # a slope over another scope
        (e, x, ZERO_, False, value, slope, scope, side, closed),  # the other side
        (e, x, ZERO_, True, value, slope, scope, side, side),  # the anchor left out
        (e, x, ZERO_, True, value, structure(sp.exp(x), other), scope, other, closed),
    ):
        with pytest.raises(Refused):
            rules.mean_value(*wrong)


@pytest.mark.parametrize(
    ("text", "at", "domain"),
    [
        ("floor(x)", 0, "[0, 2]"),  # jumps
        ("Abs(x - 1)", 0, "[0, 2]"),  # a corner
        ("1/(x - 1)", 0, "[0, 2]"),  # a pole
        ("log(x)", 0, "(0, 2]"),  # no value at the anchor
        ("(x**2 - 2*x + 1)**(1/3) - 1", 0, "[0, 3]"),  # no derivative at 1; it returns to 0 at 2, and rises
        ("asin(sin(x)) - x", 0, "[0, 4]"),  # its slope jumps at pi/2
        ("1/x", -1, "(-oo, 1]"),
    ],
)
def test_the_mean_value_theorem_crosses_no_jump_corner_or_pole(text: str, at: int, domain: str) -> None:
    with pytest.raises(Refused):
        mean(text, at, True, domain)


def test_the_mean_value_theorem_does_not_cross_what_a_hypothesis_or_a_range_leaves_out() -> None:
    e, scope = low("exp(x) - 1", x=R, y=R)
    x, y = scope.names["x"], scope.names["y"]
    cut = given(scope, x, NEG | POS)
    tied = Scope({x: Range(None, None), y: Range(ZERO_, x)}, (), scope.names)
    for where in (cut, tied):
        side, closed = rules.side(where, x, ZERO_, True), rules.side(where, x, ZERO_, True, True)
        found = structure(ZERO_, where), structure(sp.exp(x), side)
        with pytest.raises(Refused, match="depends"):
            rules.mean_value(e, x, ZERO_, True, *found, where, side, closed)


def tending(text: str, up: bool, domain: object, slope: object = None, other: str = "") -> Sign:
    """Use a limit at an end, with what the search finds."""
    e, scope = low(text, x=domain)
    x, find = scope.names["x"], Signs([])
    within = rules.inner(scope, x)
    span = scope.ranges[x]
    end = (span.lo if up else span.hi) if (span.lo if up else span.hi) is not None else -sp.oo if up else sp.oo
    moved, u, near = rules.approach(low(other or text, x=domain)[0], x, end, "+" if up else "-", scope)
    limit = Limits(u, near).find(moved)
    assert limit
    falls = find.deep(derivative(e, x) if slope is None else sp.S(slope), within)
    return rules.tending(e, x, up, limit, falls, scope, find.grounded(falls.expression, within))


def test_a_limit_and_a_slope_give_the_sign_up_to_that_end() -> None:
    assert tending("1/x", False, "(0, oo)").signs == POS
    assert tending("exp(x)", True, "R").signs == POS
    assert tending("x**3", True, "(0, 1]").signs == POS
    assert tending("log(x)", True, "(0, oo)").signs == ANY
    assert tending("1 - exp(-x)", True, "(0, 1)").signs == POS


@pytest.mark.parametrize(
    ("text", "up", "domain", "other"),
    [
        ("x**3", True, "[0, 1]", ""),  # the end belongs to the range, which might be a point
        ("1/x", True, "R", ""),  # a pole on the way
        ("exp(x)", True, "R", "exp(x) - 1"),  # the limit of something else
        ("exp(x) + floor(x)*0 + sign(x)", True, "(0, 2)", "1 + exp(x)"),
        ("exp(x) + Abs(x - 1)/100", True, "(0, 2)", "1 + exp(x)"),
    ],
)
def test_a_limit_at_an_end_says_nothing_elsewhere(text: str, up: bool, domain: str, other: str) -> None:
    with pytest.raises(Refused):
        tending(text, up, domain, other=other)


def bent(text: str, domain: object) -> Sign:
    """Use the second derivative and the values at both ends, with what the search finds."""
    e, scope = low(text, x=domain)
    x, find = scope.names["x"], Signs([])
    within, closed = rules.inner(scope, x), rules.inner(scope, x, True)
    ends = tuple(find.value(e, x, end, scope) for end, *_ in scope.ranges[x].ends)
    bend = find.deep(derivative(derivative(e, x), x), within)
    return rules.chord(e, x, ends, bend, scope, closed, within)


@pytest.mark.parametrize(
    ("text", "domain", "signs"),
    [
        ("sin(x)", "[0, pi]", POS | ZERO),
        ("sin(x)", "(0, pi)", POS),
        ("sin(x)", "(0, pi]", POS | ZERO),
        ("x**2 - x", "[0, 1]", NEG | ZERO),
        ("exp(x)", "[0, 1]", ANY),  # convex and positive at both ends: a chord above says nothing
        ("x**2 - x + 1/8", "[0, 1]", ANY),
        ("log(1 + x)/log(2) - x", "(0, 1)", POS),
    ],
)
def test_the_values_at_both_ends_and_the_bend_give_the_sign_between(text: str, domain: str, signs: int) -> None:
    assert bent(text, domain).signs == signs


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("sin(x)", "[0, oo)"),
        ("floor(x) - x**2/2", "[0, 2]"),
        ("-1 - Abs(x - 1)", "[0, 2]"),
        ("1/(x - 1)", "[0, 2]"),
        ("log(x)", "(0, 1]"),
        ("(x**2 - 2*x + 1)**(1/3) - 1", "[0, 2]"),
    ],
)
def test_a_chord_spans_no_jump_corner_pole_or_half_line(text: str, domain: str) -> None:
    with pytest.raises(Refused):
        bent(text, domain)


def descend(e: sp.Expr, scope: Scope, step: sp.Expr, value: sp.Expr) -> Sign:
    """Use a descent with a step of known sign, and a limit."""
    x = scope.names["x"]
    gap = e - e.subs(x, x + 1)
    toward = rules.approach(value, x, sp.oo, "+", scope)
    limit = Limits(toward[1], toward[2]).find(toward[0])
    return rules.descent(e, x, rules.transfer(structure(step, scope), residual(gap, step, scope)), limit, scope)


def test_what_falls_from_place_to_place_to_its_limit_is_above_it() -> None:
    scope = domain_scope({"x": interval("(0, oo)")})
    x = scope.names["x"]
    assert descend(1 / x, scope, 1 / (x * (x + 1)), 1 / x).signs == POS
    assert descend(1 / x + 1, scope, 1 / (x * (x + 1)), 1 / x + 1).signs == POS
    assert descend(-1 / x, scope, -1 / (x * (x + 1)), -1 / x).signs == NEG
    assert descend(1 / x - 1, scope, 1 / (x * (x + 1)), 1 / x - 1).signs == ANY
    wave = sp.sin(2 * sp.pi * x)
    for e, over, step, value in (
        (1 / x, scope, 1 / (x * (x + 1)), 1 / x**2),  # another limit
        (1 / x, domain_scope({"x": interval("(0, 9]")}), 1 / (x * (x + 1)), 1 / x),  # there is no next place
        (1 / x, given(scope, 5 - x, POS), 1 / (x * (x + 1)), 1 / x),
        (wave, scope, ZERO_, ONE),  # it has no limit
        (sp.log(x), scope, sp.log(x) - sp.log(x + 1), sp.log(x)),  # an infinite one
    ):
        with pytest.raises(Refused):
            descend(e, over, step, value)


def test_steps_up_and_down_may_meet_the_limit_though_none_of_them_is_zero() -> None:
    told = statement("(n - 10)/n**2 - (n - 9)/(n + 1)**2 != 0", {"n": N})  # the numerator is n**2 - 19*n - 10
    (step,) = accepted(Lemma("t.step", told))
    n = step.scope.names["n"]
    toward = rules.approach((n - 10) / n**2, n, sp.oo, "+", step.scope)
    limit = Limits(toward[1], toward[2]).find(toward[0])
    assert limit.value == 0 and step.signs == NEG | POS
    with pytest.raises(Refused, match="up and down"):
        rules.descent((n - 10) / n**2, n, step, limit, step.scope)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("1/x + 1/(2*x**2) < polygamma(1, x)", "proved"),
        ("polygamma(1, x) < 1/x + 1/(2*x**2) + 1/(6*x**3)", "proved"),
        ("polygamma(1, x) < 1/x + 1/(2*x**2) + 1/(7*x**3)", None),
        ("polygamma(2, x) < 0", "proved"),
        ("polygamma(0, x) > 0", None),
        ("Eq(polygamma(2, x + 2) - polygamma(2, x), 2/x**3 + 2/(x + 1)**3)", "proved"),
        ("Eq(polygamma(2, x + 2) - polygamma(2, x), 2/x**3 - 2/(x + 1)**3)", None),
        ("Eq(diff(loggamma(x), x, 2), polygamma(1, x))", "proved"),
        ("Eq(polygamma(1, 5/2) + 0*x, pi**2/2 - 40/9)", "proved"),
        ("Eq(polygamma(1, 5/2) + 0*x, pi**2/2 - 4)", None),
    ],
)
def test_polygamma_functions_have_their_recurrence_their_signs_and_their_derivatives(text: str, grade: str) -> None:
    assert proof(text, x="(0, oo)") == grade


@pytest.mark.parametrize("text", ["polygamma(1, x) > 0", "Eq(polygamma(1, x) - polygamma(1, x + 1), 1/x**2)"])
def test_a_polygamma_function_is_not_taken_across_its_poles(text: str) -> None:
    assert proof(text, x=R) is None


def test_a_chord_asks_for_the_values_and_the_bend_of_this_very_expression() -> None:
    e, scope = low("sin(x)", x="[0, pi]", y=R)
    x, y = scope.names["x"], scope.names["y"]
    within, closed = rules.inner(scope, x), rules.inner(scope, x, True)
    ends, bend = (structure(ZERO_, scope),) * 2, structure(-sp.sin(x), within)
    assert rules.chord(e, x, ends, bend, scope, closed, within).signs == POS | ZERO
    for wrong in (
        (e + 1, x, ends, bend, scope, closed, within),
        (e, x, ends[:1], bend, scope, closed, within),
        (e, x, (structure(ZERO_, within),) * 2, bend, scope, closed, within),
        (e, x, ends, structure(-sp.sin(2 * x), within), scope, closed, within),
        (e, x, ends, structure(-sp.sin(x), scope), scope, closed, within),
        (e, x, ends, bend, scope, within, within),
    ):
        with pytest.raises(Refused):
            rules.chord(*wrong)  # type: ignore[arg-type]
    for cut in (given(scope, x - 1, NEG | POS), scope.with_range(y, Range(ZERO_, x))):
        with pytest.raises(Refused, match="depends"):
            rules.inner(cut, x)


def chain(text: str, domain: object, depth: int = 4) -> int:
    """Search for a sign by a chain of derivatives in x."""
    e, scope = low(text, x=domain)
    return Signs([]).chain(e, scope.names["x"], scope, depth).signs


@pytest.mark.parametrize(
    ("text", "domain", "truth"),
    [
        ("exp(x) - 1 - x", "R", POS | ZERO),
        ("exp(x) - 1 - x", "(0, oo)", POS),
        ("x - sin(x)", "[0, oo)", POS | ZERO),
        ("x - log(1 + x)", "(-1, oo)", POS | ZERO),
        ("sqrt(x)*(1 - x)", "[0, 2]", ANY),
        ("(x**2 - 2*x + 1)**(1/3) - 1", "[0, 3]", ANY),
    ],
)
def test_a_chain_of_derivatives_keeps_every_sign_that_occurs(text: str, domain: str, truth: int) -> None:
    assert chain(text, domain) & truth == truth


def test_a_chain_proves_strictness_off_the_anchor_only() -> None:
    assert chain("exp(x) - 1 - x", "(0, oo)") == POS
    assert chain("exp(x) - 1 - x", "[0, oo)") == POS | ZERO


def test_a_chain_of_depth_zero_or_with_a_corner_says_nothing_new() -> None:
    assert chain("exp(x) - 1 - x", "R", 0) == ANY
    assert chain("Abs(x) - x/2 + sin(x)", "R") == ANY


def test_anchors_lie_in_the_range_and_an_open_end_is_none() -> None:
    assert anchors(Range(ZERO_, ONE, True, False)) == [1, sp.Rational(1, 2)]
    assert ZERO_ not in anchors(Range(sp.Integer(2), None))


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("exp(x) - 1 - x", POS | ZERO),
        ("exp(x) - 1 - 2*x", ANY),  # the slope
        ("exp(x) - x", ANY),  # the value
        ("x**3", ANY),  # the bend
        ("Abs(x)**3", ANY),  # a corner
        ("asin(sin(x)) - x", ANY),  # zero to second order at 0, and its second derivative is 0 wherever it exists
    ],
)
def test_a_tangent_needs_the_value_the_slope_and_the_bend(text: str, truth: int) -> None:
    e, scope = low(text, x=R)
    found = Signs([]).tangent(e, scope.names["x"], ZERO_, scope)
    assert (found.signs if found else ANY) == truth


def test_a_tangent_is_not_drawn_across_a_hypothesis() -> None:
    e, scope = low("exp(x) - 1 - x", x=R)
    x = scope.names["x"]
    assert Signs([]).tangent(e, x, ZERO_, given(scope, x, POS | ZERO)) is None


def test_three_cases_join_the_signs_of_all_three() -> None:
    for text, domain, truth in (("x**2", "R", POS | ZERO), ("x**3", "R", ANY), ("x", "[1, 2]", None)):
        e, scope = low(text, x=domain)
        found = Signs([]).trichotomy(e, scope.names["x"], scope)
        assert (found and found.signs) == truth


def test_an_equation_is_differentiated_on_open_intervals_without_corners_only() -> None:
    for text, domain, fine in (
        ("sinh(2*x)", "R", True),
        ("sinh(2*x)", "[0, oo)", False),
        ("Abs(x)", "R", False),
        ("2**x", Z, False),
    ):
        e, scope = low(text, x=domain)
        q = residual(e, e, scope)
        assert (attempt(rules.differentiated, q, scope.names["x"]) is not None) is fine, text


# Instances


def test_an_image_lies_in_a_range_only_if_it_certainly_does() -> None:
    _, scope = low("y", y="[0, oo)", n=N0)
    x, k, y, n = sp.Symbol("x", real=True), sp.Symbol("k", integer=True), scope.names["y"], scope.names["n"]
    right = Range(ZERO_, None)
    assert rules.holds_at(y, x, right, scope) and rules.holds_at(n + 1, k, right, scope)
    for image, of, span in (
        (y, x, Range(ZERO_, None, True)),  # the open end
        (y, k, right),  # no integer
        (sp.log(y + 1) / y, x, Range(None, None)),  # no value at 0
        (x, x, right),  # no variable of the scope
        (y, x, Range(ZERO_, ONE)),
    ):
        assert not rules.holds_at(image, of, span, scope)


def test_a_derivative_whose_formula_has_no_value_refutes_nothing() -> None:
    """LambertW has the derivative 1 at 0, and the formula for it is 0/0 there."""
    prover = Prover(statement("diff(LambertW(x), x) <= 1", {"x": "[0, oo)"}), [], None)
    assert prover.run().refutation is None and prover.proof.grade is None
    assert proof("Eq(diff(x**n, x, 2), diff(diff(x**n, x), x))", x="[0, oo)", n=N0) == "proved"


def test_an_instance_lies_in_the_domain_of_the_theorem() -> None:
    e, scope = low("x - 1", x="[1, oo)")
    t, x = structure(e, scope), scope.names["x"]
    assert t.signs == POS | ZERO
    _, there = low("y", y="[0, oo)", z=R, n=N0)
    y, z, n = (there.names[name] for name in "yzn")
    assert rules.instance(t, {x: y + 1}, there) == replace_expression(structure(y, there), t)
    for image in (y, z, sp.I, sp.Symbol("stranger", real=True) ** 2 + 1, 1 / y + 1, sp.oo):
        with pytest.raises(Refused, match="outside"):
            rules.instance(t, {x: image}, there)
    with pytest.raises(Refused, match="every variable"):
        rules.instance(t, {}, there)
    whole, own = low("k", k=N0)
    k = own.names["k"]
    assert rules.instance(structure(whole, own), {k: 2 * n}, there).expression == 2 * n  # type: ignore[union-attr]
    for image in (n / 2, n - 1, y):
        with pytest.raises(Refused, match="outside"):
            rules.instance(structure(whole, own), {k: image}, there)
    with pytest.raises(Refused):
        rules.instance(structure(x, given(scope, x - 5, POS)), {x: y + 1}, there)


def replace_expression(t: Sign, old: Sign) -> Sign:
    """The theorem t, as it would read with the rules of `old`; equality of theorems compares all of it."""
    assert t.by == old.by
    return t


# Integrals


def integral(text: str, proposal: str, **domain: object) -> sp.Expr | None:
    """Check a proposed antiderivative of the one integral in an expression."""
    e, scope = low(text, **domain)
    (found,) = e.atoms(sp.Integral)
    (t, lo, hi), *_ = found.limits
    inner = scope.with_symbol(t, between(lo, hi, False), "t")
    guess = Lowering(inner).expression(parse_expression(proposal))
    try:
        q = residual(found.function, derivative(guess, t), inner)
        return rules.antiderivative(found, q, (), scope, guess).right
    except Refused:
        return None


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


def test_an_antiderivative_needs_a_theorem_on_this_integrand_and_its_limits_at_the_ends() -> None:
    e, scope = low("Integral(t**2, (t, 0, 3))")
    t = e.limits[0][0]
    inner, opened = (scope.with_symbol(t, between(ZERO_, sp.Integer(3), way)) for way in (False, True))
    guess = t**3 / 3
    for q, values in (
        (residual(t**3, t**3, inner), ()),
        (residual(t**2, t**2, opened), ()),
        (residual(t**2, t**2, opened), (limits.trivial(ONE, t, inner),) * 2),
    ):
        with pytest.raises(Refused, match="no theorem"):
            rules.antiderivative(e, q, values, scope, guess)


@pytest.mark.parametrize("text", ["Eq(Integral(1/x**2, (x, 1, oo)), 1)", "Eq(Integral(exp(-x), (x, 0, oo)), 1)"])
def test_an_improper_integral_takes_limits_at_its_ends(text: str) -> None:
    assert proof(text) == "proved"
    assert proof(text.replace(", 1)", ", 2)")) is None


def test_an_infinite_end_is_an_absent_one() -> None:
    assert between(ZERO_, sp.oo, True) == Range(ZERO_, None, True, True)
    assert between(-sp.oo, sp.oo, True).lo is None


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
    prover = Prover(statement(f"Eq(1/({text}), 1)", {"x": domain}), [], None)
    e, scope = low(text, x=domain)
    fall = prover.run().refutation
    assert (fall is not None and fall.verdict == "undefined") is zero


def test_a_zero_is_believed_only_between_opposite_signs_of_a_continuous_factor() -> None:
    e, scope = low("(x - 1)**2*(x**2 + 1)", x="[0, 3]")
    x = scope.names["x"]
    rules.vanishing(e, x - 1, x, ZERO_, sp.Integer(2), scope)
    for base, a, b in ((x - 1, 2, 3), (x - 2, 1, 3), (x - 1, -1, 2), (x**2 + 1, 0, 2), (x - 1, 2, 2)):
        with pytest.raises(Refused):
            rules.vanishing(e, base, x, sp.Integer(a), sp.Integer(b), scope)
    f, wide = low("x + floor(x) - 1/2", x=R)
    with pytest.raises(Refused, match="change of sign"):
        rules.vanishing(f, f, x, ZERO_, sp.Integer(2), wide)


# Polynomials


def signs_by(rule: object, text: str, domain: object) -> int:
    """Apply a rule to an expression in x; any sign if it refuses."""
    e, scope = low(text, x=domain)
    found = attempt(rule, e, scope.names["x"], scope)  # type: ignore[arg-type]
    return found.signs if isinstance(found, Sign) else ANY


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
    found = signs_by(rules.sturm, text, domain)
    assert found & truth == truth
    assert found == truth or domain == "[1, 1]"


@pytest.mark.parametrize(("text", "domain"), [("x**2 - sqrt(2)", "R"), ("exp(x)", "R"), ("x", "[0, sqrt(2)]")])
def test_sturm_says_nothing_without_rational_coefficients_and_ends(text: str, domain: str) -> None:
    assert signs_by(rules.sturm, text, domain) == ANY


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
    e, scope = low(text, x=domain)
    found = Signs([]).in_exponential(e, scope.names["x"], scope)
    assert (found.signs if found else ANY) == truth


# Boxes


@pytest.mark.parametrize(
    ("text", "domain", "sign", "fine"),
    [
        ("cos(x)", "[0, 1]", POS, True),
        ("cos(x)", "[0, 1]", NEG, False),
        ("cos(x)", "[0, 2]", POS, False),
        ("cos(x)", "[0, oo)", POS, False),
        ("x", "[0, 1]", POS, False),
        ("x + 1", "[0, sqrt(2)]", POS, False),
    ],
)
def test_a_box_certifies_a_strict_sign_between_rational_ends(text: str, domain: str, sign: int, fine: bool) -> None:
    e, scope = low(text, x=domain)
    assert (attempt(rules.boxed, e, sign, scope) is not None) is fine


def test_a_box_takes_no_integer_and_no_symbol_that_python_would_read_otherwise() -> None:
    k, t = sp.Symbol("k", integer=True), sp.Symbol("t#1", real=True)
    for s in (k, t):
        with pytest.raises(Refused, match="cannot be written"):
            rules.boxed(s + 2, POS, Scope({s: Range(ZERO_, ONE), sp.Symbol("t", real=True): Range(ZERO_, ONE)}))


# Limits


def lim(text: str, point: object, side: str = "+", **domain: object) -> sp.Expr | None:
    """Find a limit in u."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    u = sp.Symbol("u", real=True)
    near = scope.with_symbol(u, Range(None, None))
    moved, small, inner = rules.approach(Lowering(near).expression(parse_expression(text)), u, sp.S(point), side, scope)
    found = Limits(small, inner).find(moved)
    return found.value if found else None


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
        ("polygamma(1, u)", sp.oo, "+", 0),
        ("log(u + 1) - log(u)", sp.oo, "+", 0),
        ("u*erfc(u/sqrt(2))*exp(u**2/2)", sp.oo, "+", sp.sqrt(2) / sp.sqrt(sp.pi)),
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


def test_a_limit_that_leaves_a_power_of_zero_is_settled() -> None:
    assert lim("(1 - u**(0 - b))/b", sp.oo, b="(0, oo)") == 1 / sp.Symbol("b", real=True)
    text = "Eq(Limit((1 - u**(0 - b))/b, u, oo), -1/b)"
    assert decide(statement(text, {"b": interval("(0, oo)")})).verdict == "refuted"


def test_a_quotient_is_defined_near_the_point_for_every_value_of_a_parameter() -> None:
    z = sp.Symbol("z", real=True)
    assert lim("(u - 3)/2*log(1 - z**2/u)", sp.oo, z=R) == -(z**2) / 2


def test_a_parameter_of_unknown_sign_gives_no_limit() -> None:
    assert lim("exp(0-u*y)", sp.oo, y=R) is None
    assert lim("exp(0-u*y)", sp.oo, y="(0, oo)") == 0


def test_a_limit_is_combined_from_theorems_on_its_parts() -> None:
    u = sp.Symbol("u", real=True)
    scope = Scope({u: Range(ZERO_, ONE, True, True)})
    part = limits.trivial(u, u, scope)
    assert limits.combine(sp.exp(u), u, {u: part}, scope).value == 1
    assert limits.combine(1 / u, u, {u: part}, scope).value == sp.oo
    wide = Scope({u: Range(None, None)})
    for wrong in (
        lambda: limits.trivial(u**2, u, scope),
        lambda: limits.combine(sp.exp(u), u, {u: limits.trivial(u, u, wide)}, scope),
        lambda: limits.combine(sp.exp(2 * u), u, {2 * u: part}, scope),
        lambda: limits.combine(1 / u, u, {u: limits.trivial(u, u, wide)}, wide),  # of either sign
        lambda: limits.combine(sp.floor(u), u, {u: part}, scope),
        lambda: limits.equal(part, residual(u, 2 * u - u + ZERO_, wide)),
    ):
        with pytest.raises(Refused):
            wrong()


def test_lhopital_asks_for_the_quotient_of_the_derivatives_and_for_an_end_of_oscillation() -> None:
    u = sp.Symbol("u", real=True)
    scope = Scope({u: Range(ZERO_, ONE, True, True)})
    find = Limits(u, scope).find
    top, bottom, ratio = find(sp.sin(u)), find(u), find(sp.cos(u))
    assert top and bottom and ratio
    assert limits.lhopital(sp.sin(u) / u, top, bottom, ratio).value == 1
    one = find(sp.cos(u))
    for wrong in (
        (sp.sin(u) / u, top, bottom, find(sp.exp(u))),  # another quotient
        (u / sp.sin(u), top, bottom, ratio),
        (sp.cos(u) / u, one, bottom, find(-sp.sin(u))),  # 1/0
    ):
        with pytest.raises(Refused):
            limits.lhopital(*wrong)  # type: ignore[arg-type]
    waving = u + u**2 * sp.sin(1 / u)
    assert find(sp.sin(1 / u)) is None
    with pytest.raises(Refused, match="again and again"):
        limits.require_steady(derivative(waving, u), u, ())
    limits.require_steady(derivative(sp.sin(u), u), u, (limits.trivial(u, u, scope),))


# Lowering: definedness is an obligation of its own


def shown(owed: Goal) -> bool:
    """Tell whether the rules of signs meet an obligation."""
    return not sign(owed.expression, owed.scope) & ~owed.allowed


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
    assert any(reason in owed.reason and not shown(owed) for owed in lowering.obligations)


def test_a_derivative_at_the_edge_of_a_root_is_an_obligation() -> None:
    for text in ("diff(sqrt(x), x)", "diff(uppergamma(1/2, x), x)*sqrt(x)", "diff(x**(3/2), x)"):
        lowering = Lowering(domain_scope({"x": interval("[0, oo)")}))
        lowering.expression(parse_expression(text))
        assert any(not shown(owed) for owed in lowering.obligations), text


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
    assert low("Sum(k_1, (j, 0, 2))", k_1=N0)[0] == 3 * sp.Symbol("k_1", integer=True)
    e, scope = low("Integral(t_1, (s, 0, 1))", t_1=R)
    assert scope.names["t_1"] in e.free_symbols


def test_matrix_entries_are_not_variables_of_that_name() -> None:
    assert proof("Eq(trace(A), A_11 + A_22)", A=as_domain_matrix(2), A_11=R, A_22=R) is None


def as_domain_matrix(*sizes: int) -> object:
    """Square matrices of given sizes."""
    from qed import square

    return square(*sizes)


def test_the_exponential_of_a_matrix_needs_the_sign_of_its_discriminant() -> None:
    scope = domain_scope({"a": R, "b": R})
    a, b = scope.names["a"], scope.names["b"]
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


# What concludes a statement


def test_a_finite_domain_is_enumerated_to_its_last_point() -> None:
    claim = statement("n**2 <= 25", {"n": as_domain("integers [-5, 5]", "n")})
    assert enumerated(claim).grade == "exhausted"
    for text, where, domain in (
        ("n**2 <= 24", (), "integers [-5, 5]"),
        ("n**2 <= 25", (), "Z"),
        ("n**2 <= 25", ("n > 9",), "integers [-5, 5]"),
        ("n >= 0", (), "integers [0, 100000]"),
        ("1/n < 2", (), "integers [0, 5]"),
    ):
        with pytest.raises(Refused):
            enumerated(statement(text, {"n": as_domain(domain, "n")}, where))


def test_balls_certify_strict_relations_and_no_equation() -> None:
    assert certified(statement("pi > 3")).grade == "certified"
    assert certified(statement("x > -1", {"x": "[0, 1]"})).engines == ("ball arithmetic, branch and bound",)
    for text, domain in (("pi > 4", {}), ("Eq(pi, pi)", {}), ("x > 0", {"x": "[0, 1]"}), ("x > -1", {"x": "[0, oo)"})):
        with pytest.raises(Refused):
            certified(statement(text, domain))


def test_hypotheses_become_ranges_only_where_they_bound_one_real_symbol_by_a_number() -> None:
    _, scope = low("x", x="[0, 5]", y=R, n=N0)
    x, y, n = (scope.names[name] for name in "xyn")
    narrow = fold(given(scope, 2 * x - 2, POS))
    assert narrow.ranges[x] == Range(ONE, sp.Integer(5), True, False) and not narrow.facts
    assert fold(given(scope, 1 - x, POS | ZERO)).ranges[x] == Range(ZERO_, ONE)
    assert fold(given(scope, x - 9, NEG)).ranges[x] == scope.ranges[x], "it says nothing new"
    assert fold(given(scope, x, POS)).ranges[x].lo_open and not fold(given(scope, x, POS | ZERO)).ranges[x].lo_open
    for fact, signs in (
        (x - y, POS),
        (x - 1, NEG | POS),
        (x - 1, ZERO),
        (n - 1, POS),
        (x**2 - 1, POS),
        (x - sp.pi, POS),
    ):
        kept = fold(given(scope, fact, signs))
        assert kept.facts == ((fact, signs),) and kept.ranges == scope.ranges


def test_a_statement_is_refuted_by_a_theorem_against_it_and_by_no_other() -> None:
    todo = plan(statement("Eq(Integral(t, (t, 0, 1)), 1)"))
    (goal,) = todo.goals
    (found,) = goal.expression.atoms(sp.Integral)
    t = found.limits[0][0]
    inner = goal.scope.with_symbol(t, Range(ZERO_, ONE))
    q = rules.rewrite(goal.expression, rules.antiderivative(found, residual(t, t, inner), (), goal.scope, t**2 / 2))
    fall = refuted(todo, structure(q.right, goal.scope), q)
    assert fall.verdict == "refuted" and fall.sides == ("1/2", "1")
    with pytest.raises(Refused):
        refuted(todo, structure(ZERO_, goal.scope), q)
    with pytest.raises(Refused):
        refuted(todo, structure(ONE, goal.scope), residual(ONE, ONE, goal.scope))
    with pytest.raises(Refused):
        refuted(plan(statement("Eq(1, 2)")), structure(q.right, goal.scope), q)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Eq(Limit(x + 0/(1 - x*z), x, 0), 0)", "proved"),  # for every z defined near 0, though not on one interval
        ("Eq(Limit(x*(1 - log(1 - z/x)), x, oo), oo)", "proved"),
        ("Eq(Limit(x + 0/(x - z), x, 0), 0)", None),  # not at z = 0
        ("Eq(Limit(0*log(z - x) + 1, x, oo), 1)", None),  # it tends to -oo
        ("Eq(Limit(0*log(1 + z*sin(x)), x, oo), 0)", None),  # it waves
        ("Eq(Limit(x + 0*sqrt(z), x, 0), 0)", None),
        ("Eq(Limit(x + 0*log(x*z**2), x, 0, '+'), 0)", None),  # it tends to 0, from either side as far as this says
    ],
)
def test_what_stands_under_a_limit_has_to_be_defined_near_the_point(text: str, grade: str | None) -> None:
    assert proof(text, z=R) == grade


def test_only_a_limit_that_is_not_zero_has_a_sign_near_the_point() -> None:
    todo = plan(statement("Eq(Limit(x + 0/(1 - x*z), x, 0, '+'), 0)", {"z": R}))
    ((goal, wanted),) = todo.nearby
    limit = Limits(wanted.u, wanted.near).find(wanted.expression)
    assert limit and eventually(goal, limit) is limit
    for wrong in (replace(goal, allowed=NEG), replace(goal, allowed=ZERO)):
        with pytest.raises(Refused):
            eventually(wrong, limit)
    with pytest.raises(Refused):
        eventually(goal, limits.trivial(wanted.u, wanted.u, wanted.near))


def test_a_limit_refutes_only_the_statement_about_it() -> None:
    todo = plan(statement("Eq(Limit(x + 1, x, 0, '+'), 2)"))
    (wanted,) = todo.limits
    found = Limits(wanted.u, wanted.near).find(wanted.expression)
    assert found and refuted_limit(todo, found).sides == ("1", "2")
    for text in ("Eq(Limit(x + 1, x, 0, '+'), 1)", "Eq(Limit(x + 1, x, 1, '+'), 1)"):
        with pytest.raises(Refused):
            refuted_limit(plan(statement(text)), found)


def test_a_statement_is_called_undefined_only_for_a_zero_of_its_own_denominator() -> None:
    todo = plan(statement("Eq(1/(x - 1), 1)", {"x": "[0, 3]"}))
    (owed,) = todo.obligations
    assert undefined(todo, owed, owed.expression, ZERO_, sp.Integer(2)).verdict == "undefined"
    for other in (
        replace(owed, necessary=False),
        replace(owed, allowed=POS),
        replace(owed, expression=-owed.expression),
    ):
        with pytest.raises(Refused):
            undefined(todo, other, other.expression, ZERO_, sp.Integer(2))
    cut = plan(statement("Eq(1/(x - 1), 1)", {"x": "[0, 3]"}, ("x**2 > 4",)))
    with pytest.raises(Refused):
        undefined(cut, cut.obligations[0], owed.expression, ZERO_, sp.Integer(2))


def test_a_strict_relation_falls_at_a_point_only_if_its_sides_are_exactly_equal_there() -> None:
    claim = statement("E*(n/E)**n < factorial(n)", {"n": "N"})
    assert fails_at(claim, {"n": "1"}).witness == {"n": "1"}
    for text, at in (("E*(n/E)**n < factorial(n)", "2"), ("E*(n/E)**n <= factorial(n)", "1"), ("1/n > 1/n", "0")):
        with pytest.raises((Refused, OutOfReach)):
            fails_at(statement(text, {"n": "N0"}), {"n": at})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Limit(x*sin(1/x), x, 0)", "0"),
        ("Limit((x + sin(x))/x, x, oo)", "1"),
        ("Limit(exp(-x)*cos(x)**2, x, oo)", "0"),
    ],
)
def test_a_bounded_factor_does_not_hinder_a_limit_of_zero(text: str, value: str) -> None:
    assert decide(statement(f"Eq({text}, {value})", {})).verdict == "proved"
    assert decide(statement(f"Eq({text}, {value} + 1)", {})).verdict == "refuted"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Limit(floor(x)/x, x, oo)", "1"),
        ("Limit((2*x + sin(x))/(x + cos(x)), x, oo)", "2"),
        ("Limit(1/(x*(2 + sin(x))), x, oo)", "0"),
    ],
)
def test_a_limit_is_squeezed_between_what_steps_and_waves_lie_between(text: str, value: str) -> None:
    assert decide(statement(f"Eq({text}, {value})", {})).verdict == "proved"
    assert decide(statement(f"Eq({text}, {value} + 1)", {})).verdict == "refuted"


@pytest.mark.parametrize(
    "text",
    ["Limit(floor(x), x, 2, '+')", "Limit(x - floor(x), x, oo)", "Limit(x*tan(1/x), x, 0)", "Limit(x/sin(1/x), x, 0)"],
)
def test_bounds_with_different_limits_or_none_squeeze_nothing(text: str) -> None:
    assert Prover(statement(f"Eq({text}, 0)", {}), []).run().grade is None


def test_the_bounds_of_earlier_claims_squeeze_a_limit_and_one_of_them_does_not() -> None:
    ratio, x = "gamma(x + 1)/gamma(x + 1/2)", {"x": interval("[1, oo)")}
    lo, hi, far = (
        Lemma(f"t.{n}", statement(text, x))
        for n, text in enumerate((f"{ratio} >= sqrt(x)", f"{ratio} <= sqrt(x + 1/2)", f"{ratio} <= sqrt(2*x)"))
    )
    claim = statement("Eq(Limit(gamma(n)/gamma(n - 1/2)/sqrt(n), n, oo), 1)", {})
    found = Prover(claim, [lo, hi]).run()
    assert found.grade == "proved" and {"squeeze theorem", "using t.0", "using t.1"} <= set(found.engines)
    assert all(Prover(claim, lemmas).run().grade is None for lemmas in ([lo], [hi], [lo, far]))


def test_the_squeeze_asks_for_two_bounds_with_one_limit_near_this_point() -> None:
    u = sp.Symbol("u", real=True)
    e = u * sp.sin(1 / u)
    scope, other = (Scope({u: Range(sp.S(lo), sp.S(hi), True, True)}) for lo, hi in ((0, 1), (-1, 0)))
    lo, hi, zero, one = (Limits(u, scope).find(sp.S(bound)) for bound in (-u, u, ZERO_, ONE))
    above, below, low = rules.nlsat(e + u, scope), rules.nlsat(e - u, scope), rules.nlsat(e - 1, scope)
    assert (above.signs, below.signs) == (POS | ZERO, NEG | ZERO)
    assert limits.squeezed(e, lo, hi, above, below).value == 0
    beyond = Limits(u, other).find(u)
    for wrong in (
        (lo, hi, above, above),  # a bound below, and none above
        (lo, hi, below, below),
        (lo, one, above, low),  # two limits
        (zero, hi, structure(e, scope), below),  # no bound at all
        (lo, hi, rules.nlsat(e + u, replace(scope, facts=((u, POS),))), below),  # under a hypothesis
        (beyond, hi, rules.nlsat(e - u, other), below),  # on the other side of the point
    ):
        with pytest.raises(Refused):
            limits.squeezed(e, *wrong)
    z = sp.Symbol("z", real=True)
    for span, fine in ((Range(ZERO_, None, True), True), (Range(None, None), False)):
        wide = scope.with_symbol(z, span)
        bound = -u * (1 + sp.exp(1 / z))  # has no value at z = 0
        theorems = Limits(u, wide).find(bound), Limits(u, wide).find(u), rules.nlsat(e - bound, wide)
        assert attempt(limits.squeezed, e, *theorems, rules.nlsat(e - u, wide)) or not fine
        if not fine:
            with pytest.raises(Refused, match="no value"):
                limits.squeezed(e, *theorems, rules.nlsat(e - u, wide))
