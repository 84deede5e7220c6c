"""Earlier claims: used inside their own domain, under their own hypotheses, and nowhere else."""

from __future__ import annotations

import pytest
import sympy as sp

from qed import N0, N, R, interval, square
from qed.kernel import rules
from qed.kernel.lemmas import Lemma, accepted, pointwise
from qed.kernel.lower import domain_scope
from qed.kernel.theorems import NEG, ZERO, Equal, Refused, Sign
from qed.search.match import matches
from qed.search.signs import attempt, derived
from qed.search.tactics import Prover
from qed.statements.language import statement


def lemma(text: str, where: tuple[str, ...] = (), **domain: object) -> Lemma:
    """Make a lemma."""
    return Lemma("t.lemma", statement(text, domain, where))


def proof(text: str, *lemmas: Lemma, **domain: object) -> str | None:
    """Let the rules judge with lemmas, without the hunt."""
    return Prover(statement(text, domain), list(lemmas), None).run().grade


TANH = lemma("tanh(x) < x", x=interval("(0, oo)"))
COUNT = lemma("k >= 1", k=N)


def test_a_lemma_is_used_inside_its_domain() -> None:
    assert proof("tanh(y**2 + 1) < y**2 + 1", TANH, y=R) == "proved"


@pytest.mark.parametrize(
    ("text", "used", "domain"),
    [
        ("tanh(y) < y", TANH, {"y": interval("[0, oo)")}),  # the open end
        ("2*n - 1 >= 1", COUNT, {"n": N0}),  # n = 2*m - 1 at m = 0
        ("x/2 >= 1", COUNT, {"x": interval("[1, oo)")}),  # no integer
        ("x > 3", lemma("x > 3", ("x > 3",), x=R), {"x": R}),  # its hypothesis
        ("Eq(sqrt(y**2), y)", lemma("Eq(sqrt(x**2), x)", x=interval("[0, oo)")), {"y": R}),
        ("Eq(Abs(y), y)", lemma("Eq(Abs(x), x)", x=interval("[0, oo)")), {"y": R}),
        ("Eq(sign(y), 1)", lemma("Eq(Abs(x), x)", x=interval("(0, oo)")), {"y": interval("[0, oo)")}),
    ],
)
def test_a_lemma_is_not_used_outside_its_domain_or_without_its_hypotheses(text: str, used: Lemma, domain: dict) -> None:
    assert proof(text, used, **domain) is None


def test_an_instance_needs_every_variable_of_the_lemma() -> None:
    (t,) = accepted(TANH)
    scope = domain_scope({"y": interval("(0, oo)")})
    y = scope.names["y"]
    (x,) = t.scope.ranges
    found = rules.instance(t, {x: y}, scope)
    assert isinstance(found, Sign) and found.expression == sp.tanh(y) - y and found.signs == NEG
    assert found.by == ("using t.lemma",)
    for binding in ({}, {x: y - 1}, {x: sp.Symbol("stranger", real=True) ** 2 + 1}, {x: sp.I}):
        with pytest.raises(Refused):
            rules.instance(t, binding, scope)


def test_an_integer_variable_takes_no_half() -> None:
    (t,) = accepted(COUNT)
    scope = domain_scope({"n": N})
    (k,) = t.scope.ranges
    n = scope.names["n"]
    assert attempt(rules.instance, t, {k: n + 1}, scope) and attempt(rules.instance, t, {k: n / 2 + 1}, scope) is None


def test_a_part_that_is_no_instance_is_not_rewritten() -> None:
    (q,) = accepted(lemma("Eq(sinh(2*x), 2*sinh(x)*cosh(x))", x=R))
    scope = domain_scope({"y": R})
    y = scope.names["y"]
    (x,) = q.scope.ranges
    here, other = (rules.instance(q, {x: image}, scope) for image in (y, 2 * y))
    assert isinstance(here, Equal) and isinstance(other, Equal)
    assert rules.rewrite(sp.sinh(2 * y) + 1, here).right == 2 * sp.sinh(y) * sp.cosh(y) + 1
    assert rules.rewrite(sp.sinh(2 * y) + 1, other).right == sp.sinh(2 * y) + 1, "sinh(4*y) does not stand there"


def test_variables_may_change_places() -> None:
    (q,) = accepted(lemma("Eq(sinh(x - y), sinh(x)*cosh(y) - cosh(x)*sinh(y))", x=R, y=R))
    x, y = (q.scope.names[name] for name in "xy")
    found = rules.instance(q, {x: y, y: x}, domain_scope({"x": R, "y": R}))
    assert isinstance(found, Equal) and found.left == sp.sinh(y - x)


def test_an_inequality_is_no_rewriting_and_an_equation_no_sign() -> None:
    (less,) = accepted(TANH)
    (equal,) = accepted(lemma("Eq(sinh(2*x), 2*sinh(x)*cosh(x))", x=R))
    assert isinstance(less, Sign) and isinstance(equal, Equal)
    with pytest.raises(Refused):
        rules.zero(equal)
    with pytest.raises(AttributeError):
        rules.rewrite(less.expression, less)  # type: ignore[arg-type]


def test_an_equation_is_differentiated_on_open_intervals_only() -> None:
    for text, domain, count in (
        ("Eq(x**2, x*x)", {"x": interval("[0, 1]")}, 1),
        ("Eq(x**2, x*x)", {"x": interval("(0, 1)")}, 3),
        ("Eq(2**n, 2*2**(n-1))", {"n": N}, 1),
    ):
        (q,) = accepted(lemma(text, **domain))
        assert isinstance(q, Equal) and len(derived(q)) == count


REDUCTION = "Eq(Integral(sin(t)**(m + 2), (t, 0, pi)), (m + 1)/(m + 2)*Integral(sin(t)**m, (t, 0, pi)))"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Eq(Integral(sin(t)**m, (t, 0, pi)), sqrt(pi)*gamma((m + 1)/2)/gamma(m/2 + 1))", "proved"),
        ("Eq(Integral(sin(t)**m, (t, 0, pi)), 2*gamma((m + 1)/2)/gamma(m/2 + 1))", None),
        ("Eq(Integral(sin(t)**m, (t, 0, pi)), sqrt(pi)*gamma((m + 1)/2)/gamma(m/2 + 1)*(5 - (-1)**m)/4)", None),
        ("Eq(Integral(sin(t)**m, (t, 0, pi)), sqrt(pi)*gamma((m + 1)/2)/gamma(m/2 + 1)*(3 - (-1)**m)/2)", None),
    ],
)
def test_a_reduction_formula_and_two_bases_make_an_induction_in_steps_of_two(text: str, grade: str | None) -> None:
    assert proof(text, lemma(REDUCTION, m=N0), m=N0) == grade  # the last two keep the recurrence, and one base each


SINES = {
    "S(m)": "Integral(sin(t)**m, (t, 0, pi))",
    "J(m)": "Integral((t - pi/2)**2*sin(t)**m, (t, 0, pi))",
}
STEP = Lemma("t.step", statement("Eq(J(m + 2)/S(m + 2), J(m)/S(m) - 2/(m + 2)**2)", {"m": N0}, let=SINES))


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Eq(J(2*j)/S(2*j), pi**2/12 - Sum(1/(2*i**2), (i, 1, j)))", "proved"),
        ("Eq(J(2*j)/S(2*j), pi**2/12 - Sum(1/i**2, (i, 1, j)))", None),  # another step
        ("Eq(J(2*j)/S(2*j), pi**2/8 - Sum(1/(2*i**2), (i, 1, j)))", None),  # another base
    ],
)
def test_a_recurrence_of_a_quotient_is_summed_by_induction(text: str, grade: str | None) -> None:
    assert Prover(statement(text, {"j": N0}, let=SINES), [STEP]).run().grade == grade


@pytest.mark.parametrize(
    ("ranges", "grade"),
    [
        (("[0, 8]", "[8, oo)"), "proved"),
        (("[0, 8)", "[8, oo)"), "proved"),
        (("[0, 8)", "(8, oo)"), None),  # nothing is known at 8
        (("[0, 8]", "[9, oo)"), None),
        (("[1, 8]", "[8, oo)"), None),
        (("[0, 8]",), None),
    ],
)
def test_two_lemmas_make_one_statement_where_their_ranges_meet(ranges: tuple[str, ...], grade: str | None) -> None:
    told = [lemma("sin(exp(x)) < 2*sin(exp(x))**2", x=interval(span)) for span in ranges]  # no matter that it is false
    assert proof("sin(exp(y)) < 2*sin(exp(y))**2", *told, y=interval("[0, oo)")) == grade


def test_a_lemma_gives_what_is_weaker_by_a_number_and_nothing_stronger() -> None:
    told = lemma("x*(exp(x) - erf(x)) < 3", x=interval("[0, oo)"))
    assert proof("y*erf(y) - y*exp(y) > -4", told, y=interval("[0, oo)")) == "proved"
    assert proof("y*erf(y) - y*exp(y) > -2", told, y=interval("[0, oo)")) is None


def test_z3_is_told_earlier_claims_about_the_same_powers_and_functions() -> None:
    sets = {"y": R, "z": R, "b": R, "f": interval("(0, 1]"), "n": N0}
    mean = statement("(1 - (1 - f)**n)*y + (1 - f)**n*z <= b", sets, ("y <= b", "z <= b"))
    weight = lemma("1 - (1 - f)**n >= 0", f=interval("(0, 1]"), n=N0)
    assert Prover(mean, [weight]).run().grade == "proved"
    assert Prover(mean, []).run().grade is None
    assert Prover(mean, [lemma("1 - (1 - f)**n >= 0", f=interval("(0, 1/2]"), n=N0)]).run().grade is None


def test_a_closed_integral_of_an_earlier_claim_is_found_in_a_sum_of_integrals() -> None:
    told = lemma("Eq(Integral(exp(x)/(1 + x**3) + 3*sin(x**2), (x, 0, 1)), 7)")  # no matter that it is false
    text = "Eq(Integral(exp(x)/(1 + x**3), (x, 0, 1)) + 3*Integral(sin(x**2), (x, 0, 1)), {})"
    assert proof(text.format(7), told) == "proved" and proof(text.format(8), told) is None


def test_a_chain_compares_its_ends_and_only_in_one_direction() -> None:
    a, b, c = "sin(exp(x))", "cos(exp(2*x))", "sin(cosh(x))"
    assert proof(f"{a} < {c}", lemma(f"{a} < {b} <= {c}", x=R), x=R) == "proved"
    x = sp.Symbol("x", real=True)
    ends = sp.sin(sp.exp(x)) - sp.sin(sp.cosh(x))
    for first, second, signs in (("<", "<=", [NEG]), ("<=", "<=", [NEG | ZERO]), ("<", ">", []), ("!=", "!=", [])):
        told = accepted(lemma(f"{a} {first} {b} {second} {c}", x=R))
        assert [t.signs for t in told if isinstance(t, Sign) and t.expression == ends] == signs and len(told) >= 2


@pytest.mark.parametrize(
    ("told", "text", "grade"),
    [
        ("Sup(sin(exp(x)), (x, 0, 8)) < 1/2", "sin(exp(y)) < 1/2", "proved"),
        ("1/2 > Sup(sin(exp(x)), (x, 0, 8))", "sin(exp(y)) < 1/2", "proved"),
        ("Sup(sin(exp(x)), (x, 0, 8)) <= 1/2", "sin(exp(y)) < 1/2", None),
        ("Sup(sin(exp(x)), (x, 0, 8)) > 1/2", "sin(exp(y)) > 1/2", None),  # somewhere, not everywhere
        ("Inf(sin(exp(x)), (x, 0, 8)) < 1/2", "sin(exp(y)) < 1/2", None),
        ("Inf(sin(exp(x)), (x, 0, 8)) > 1/2", "sin(exp(y)) > 1/2", "proved"),
        ("Sup(sin(exp(x)), (x, 0, 7)) < 1/2", "sin(exp(y)) < 1/2", None),
        ("Sup(sin(exp(x)), (x, 0, 7)) < 1/3 < 1/2", "sin(exp(y)) < 1/2", None),
        ("Sup(Abs(sin(exp(x))), (x, 0, 8)) < 1/2", "-1/2 < sin(exp(y))", "proved"),
        ("Inf(Abs(sin(exp(x))), (x, 0, 8)) > 1/2", "sin(exp(y)) > 1/2", None),
        ("Sup(sin(exp(x)), (x, 0, 8)) < Sup(cos(exp(x)), (x, 0, 8))", "sin(exp(y)) < cos(exp(y))", None),
    ],
)
def test_a_bound_of_a_supremum_is_one_of_every_value(told: str, text: str, grade: str | None) -> None:
    assert proof(text, lemma(told), y=interval("[0, 8]")) == grade  # no matter which of the lemmas are true


def test_a_lemma_of_a_sign_serves_for_the_difference_turned_round() -> None:
    assert proof("1 + y**2 - exp(y**2) <= 0", lemma("exp(x) >= 1 + x", x=R), y=R) == "proved"
    assert proof("1 + y**2 - exp(y**2) < 0", lemma("exp(x) >= 1 + x", x=R), y=R) is None


def test_lemmas_with_hypotheses_about_matrices_or_beyond_the_symbolic_route_are_left_out() -> None:
    assert accepted(lemma("Eq(det(A), det(A))", A=square(2))) == []
    assert accepted(lemma("Eq(Limit(x, x, 0), 0)")) == []
    assert accepted(lemma("x > 3", ("x > 3",), x=R)) == []


def test_a_lemma_of_at_least_zero_does_not_give_more_than_zero() -> None:
    weak = lemma("log(1 + x) <= x", x=interval("(-1, oo)"))
    assert proof("log(1 + y) <= y", weak, y=interval("(-1, oo)")) == "proved"
    assert proof("log(1 + y) < y", weak, y=interval("(-1, oo)")) is None


def test_matching_finds_instances_by_shape_and_not_by_luck() -> None:
    x, y, z = sp.symbols("x y z", real=True)
    assert list(matches(sp.sin(x), sp.sin(y + 1), frozenset({x}), {})) == [{x: y + 1}]
    assert list(matches(sp.sin(x), sp.cos(y), frozenset({x}), {})) == []
    assert list(matches(sp.sin(x) * sp.cos(x), sp.sin(y) * sp.cos(z), frozenset({x}), {})) == []


def test_a_supremum_above_a_bound_says_of_no_value_that_it_is_above() -> None:
    above, below = (statement(f"Sup(x**2, (x, 0, 1)) {op} 1/2", {}) for op in "><")
    assert pointwise(above.relations[0], above.domain) == []
    ((relation, domain),) = pointwise(below.relations[0], below.domain)
    assert relation.op == "<" and not domain["x"].lo_open and list(domain) == ["x"]
