"""Certificates: what is proposed is checked, and a wrong proposal proves nothing."""

import pytest

from qed import N0, BadStatement, N, R, Undecided, judge

SQUARES = "Eq(Sum(binomial(n, k)**2, (k, 0, n)), binomial(2*n, n))"


def test_a_wilf_zeilberger_certificate_proves_the_sum_of_squared_binomials():
    right, missed = "k**2*(2*k - 3*n - 3)/(2*(2*n + 1)*(n + 1 - k)**2)", SQUARES.replace("2*n", "2*n + 1")
    found = judge("c.squares", SQUARES, domain={"n": N0}, certificate=right, control=missed)
    assert found.grade == "proved" and "Wilf-Zeilberger certificate" in found.engines


@pytest.mark.parametrize(
    "wrong", ["k**2*(2*k - 3*n - 2)/(2*(2*n + 1)*(n + 1 - k)**2)", "0", "k/(n - k)"], ids=["shifted", "zero", "pole"]
)
def test_a_wrong_certificate_leaves_the_sum_undecided(wrong):
    with pytest.raises(Undecided, match="c.squares"):
        judge("c.squares", SQUARES, domain={"n": N0}, certificate=wrong, control="1 < 0")


def test_the_recurrence_alone_does_not_prove_a_sum_whose_first_value_differs():
    """From n to n + 1 both sides double; at n = 0 they are 1 and 2."""
    import sympy as sp

    from qed.kernel.lower import domain_scope
    from qed.kernel.rules import wilf_zeilberger
    from qed.kernel.theorems import Refused

    scope = domain_scope({"n": N0})
    n, k = scope.names["n"], sp.Symbol("k", integer=True)
    total, proposal = sp.Sum(sp.binomial(n, k), (k, 0, n)), -k / (2 * (n + 1 - k))
    assert wilf_zeilberger(total, 2**n, proposal, scope).right == 2**n
    with pytest.raises(Refused, match="ends"):
        wilf_zeilberger(total, 2 * 2**n, proposal, scope)


def test_an_antiderivative_proves_an_integral_and_its_negative_does_not():
    text = "Eq(Integral(t*exp(t**2), (t, 0, x)), (exp(x**2) - 1)/2)"
    given = {"domain": {"x": "[0, oo)"}, "control": "Eq(Integral(t*exp(t**2), (t, 0, x)), exp(x**2) - 1)"}
    assert judge("c.integral", text, certificate="exp(t**2)/2", **given).grade == "proved"
    # Between fixed ends no other rule helps out.
    text, missed = "Eq(Integral(t*exp(t**2), (t, 0, 1)), (E - 1)/2)", "Eq(Integral(t*exp(t**2), (t, 0, 1)), E)"
    assert judge("c.integral", text, certificate="exp(t**2)/2", control=missed).grade == "proved"
    with pytest.raises(Undecided, match="does not fit"):
        judge("c.integral", text, certificate="-exp(t**2)/2", control=missed)


def test_a_certificate_with_a_jump_inside_is_refused():
    """atan(tan(t)) has the derivative 1 wherever it has one, and jumps at pi/2."""
    with pytest.raises(Undecided):
        judge("c.jump", "Eq(Integral(1 + 0*t, (t, 0, 3)), 3)", certificate="atan(tan(t))", control="1 < 0")


def test_a_certificate_with_an_unknown_function_is_refused_by_name():
    with pytest.raises(BadStatement, match="garbage"):
        judge("c.name", "Eq(Integral(t, (t, 0, 1)), 1/2)", certificate="garbage(t)", control="1 < 0")


def test_nested_roots_are_reduced_in_the_exact_residual():
    let = {"r": "(1 + sqrt(2))**(1/3)", "s": "1 + r - 1/r"}
    found = judge("c.roots", "Eq(s**3 - 3*s**2 + 6*s - 6 + 0*x, 0)", domain={"x": R}, let=let,
                  control="Eq(s**3 - 3*s**2 + 6*s - 5 + 0*x, 0)")  # fmt: skip
    assert found.grade == "proved" and found.engines == ("exact residual",)


def test_a_strict_inequality_that_touches_at_an_irrational_value_is_refused_exactly():
    """Balls cannot tell E*(1/E) from 1; the exact residual at the point can."""
    from qed import Refuted

    with pytest.raises(Refuted, match="n = 1"):
        judge("c.touch", "E*(n/E)**n < factorial(n)", domain={"n": N}, control="1 < 0")
