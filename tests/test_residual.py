"""The exact zero test: it may say no to a true identity, never yes to a false one."""

from __future__ import annotations

import pytest
import sympy as sp

from qed import N0, N, R, interval
from qed.kernel.lower import Lowering, domain_scope
from qed.kernel.residual import align_sums, elementary, is_zero, residual, shift_gammas, unroll
from qed.kernel.theorems import Refused, Scope
from qed.statements.language import as_domain, parse_expression


def low(text: str, **domain: object) -> tuple[sp.Expr, Scope]:
    """Lower an expression over a domain."""
    scope = domain_scope({name: as_domain(d, name) for name, d in domain.items()})
    return Lowering(scope).expression(parse_expression(text)), scope


TRUE = [
    ("(x+1)**2 - x**2 - 2*x - 1", {"x": R}),
    ("cos(3*x) - 4*cos(x)**3 + 3*cos(x)", {"x": R}),
    ("exp(x+y) - exp(x)*exp(y)", {"x": R, "y": R}),
    ("cosh(x)**2 - sinh(x)**2 - 1", {"x": R}),
    ("log(x*y) - log(x) - log(y)", {"x": interval("(0, oo)"), "y": interval("(0, oo)")}),
    ("factorial(n+1) - (n+1)*factorial(n)", {"n": N0}),
    ("uppergamma(n+1, x) - n*uppergamma(n, x) - x**n*exp(-x)", {"x": R, "n": N}),
    ("(-1)**(n+1) + (-1)**n", {"n": N0}),
    ("(-1)**(2*n) - 1", {"n": N0}),
    ("6**n - 2**n*3**n", {"n": N0}),
    ("Sum(x**k, (k, 0, n+1)) - Sum(x**k, (k, 0, n)) - x**(n+1)", {"x": R, "n": N0}),
    ("sqrt(x)**2 - x", {"x": interval("[0, oo)")}),
    ("sqrt(x**2) - Abs(x)", {"x": R}),
    ("sqrt(x*y) - sqrt(x)*sqrt(y)", {"x": interval("[0, oo)"), "y": interval("[0, oo)")}),
    ("(x**3)**(1/3) - x", {"x": interval("[0, oo)")}),
    ("(x**y)**(1/2) - x**(y/2)", {"x": interval("(0, oo)"), "y": R}),
    ("0**x", {"x": interval("(0, oo)")}),
    ("Max(x, 1) - x", {"x": interval("[1, oo)")}),
    ("gamma(2*x)*sqrt(pi) - 2**(2*x-1)*gamma(x)*gamma(x+1/2)", {"x": interval("(0, oo)")}),
]
FALSE = [
    ("cos(3*x) - 4*cos(x)**3 + 2*cos(x)", {"x": R}),  # a wrong coefficient
    ("sqrt(x**2) - x", {"x": R}),  # a root is not negative
    ("log(x**2) - 2*log(x)", {"x": interval("(-oo, 0)")}),  # factors of unknown sign
    ("log(x*y) - log(x) - log(y)", {"x": R, "y": R}),
    ("(x**2)**y - x**(2*y)", {"x": R, "y": R}),
    ("(-1)**n - 1", {"n": N0}),  # parity not known
    ("(-1)**(n*n) - 1", {"n": N0}),
    ("Sum(x**k, (k, 0, n+1)) - Sum(x**k, (k, 0, n)) - x**n", {"x": R, "n": N0}),  # the wrong last term
    ("Sum(x**k, (k, 3, n+1)) - Sum(x**k, (k, 3, n)) - x**(n+1)", {"x": R, "n": N0}),  # both sums may be empty
    ("uppergamma(n+1, x) - n*uppergamma(n, x)", {"x": R, "n": N}),
    ("sqrt(x)*sqrt(y) + sqrt(x*y)", {"x": interval("[0, oo)"), "y": interval("[0, oo)")}),
    ("exp(x*y) - exp(x)*exp(y)", {"x": R, "y": R}),
    ("atan(x) + atan(1/x) - pi/2", {"x": interval("(0, oo)")}),  # true, beyond this rule
    ("Abs(x)*Abs(y) - x*y", {"x": R, "y": R}),
    ("floor(2*x) - 2*floor(x)", {"x": R}),
    ("binomial(n, 2) - n**2/2", {"n": N0}),
    ("x**(1/3) - x**(1/2)", {"x": interval("[0, oo)")}),
    ("sin(x)**2 - cos(x)**2 + 1", {"x": R}),
    ("2**n - 3**n", {"n": N0}),
    ("exp(x/2) + exp(x)", {"x": R}),  # a half power is no other sign
    ("sqrt(x**2 + 2*x + 1) - x - 1", {"x": R}),  # neither is the root of a square
    ("(x**2)**(1/2) - x", {"x": interval("(-oo, 0]")}),
    ("0**n", {"n": N0}),  # 0**0 is 1
    ("Max(x, 1) - x", {"x": interval("[0, oo)")}),
]


@pytest.mark.parametrize(("text", "domain"), TRUE)
def test_an_identity_is_recognised(text: str, domain: dict) -> None:
    assert is_zero(*low(text, **domain))


@pytest.mark.parametrize(("text", "domain"), FALSE)
def test_what_is_not_identically_zero_is_never_called_zero(text: str, domain: dict) -> None:
    assert not is_zero(*low(text, **domain))


@pytest.mark.parametrize("e", [sp.nan, sp.zoo, sp.oo])
def test_a_nan_or_an_infinity_is_not_zero(e: sp.Expr) -> None:
    assert not is_zero(e, Scope({}))


def test_logarithms_are_split_for_positive_factors_only() -> None:
    e, scope = low("log(x*y)", x=R, y=interval("(0, oo)"))
    assert elementary(e, scope) == e
    e, scope = low("log(2*y)", y=interval("(0, oo)"))
    assert elementary(e, scope) == sp.log(2) + sp.log(scope.names["y"])


def test_gamma_functions_are_shifted_by_integers_only() -> None:
    x = sp.Symbol("x", real=True)
    assert sp.expand(shift_gammas(sp.gamma(x + 2) - x * (x + 1) * sp.gamma(x))) == 0
    half = sp.gamma(x) - sp.gamma(x + sp.Rational(1, 2))
    assert shift_gammas(half) == half


def test_sums_are_not_cut_where_the_shorter_may_begin_below_its_empty_range() -> None:
    e, scope = low("Sum(1, (k, 3, n+1)) - Sum(1, (k, 3, n))", n=N0)
    assert len(align_sums(e, scope).atoms(sp.Sum)) == 2
    e, scope = low("Sum(1, (k, 1, n+1)) - Sum(1, (k, 1, n))", n=N0)
    assert align_sums(e, scope) == 1


def test_sums_are_unrolled_between_numbers_only() -> None:
    e, scope = low("Sum(k, (k, 1, n))", n=N0)
    n = scope.names["n"]
    assert unroll(e.subs(n, 4)) == 10 and unroll(e.subs(n, 0)) == 0 and unroll(e.subs(n, -5)) == 0
    assert unroll(e) == e


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        ("x", "x**2/x", {"x": R}),  # reduced by SymPy to x itself: no danger
        ("x + 1", "(x**2 - 1)/(x - 1)", {"x": interval("(1, oo)")}),
        ("exp(x)", "exp(x)*(x**2 + 1)/(x**2 + 1)", {"x": R}),
        ("(x**2 - 1)/(x - 1)", "x + 1", {"x": R}),  # where the left side has no value, nothing is said
    ],
)
def test_an_equation_says_that_the_right_side_has_a_value_where_the_left_has(
    left: str, right: str, domain: dict
) -> None:
    (a, scope), (b, _) = low(left, **domain), low(right, **domain)
    q = residual(a, b, scope)
    assert (q.left, q.right, q.scope) == (a, b, scope)


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        ("x + 1", "(x**2 - 1)/(x - 1)", {"x": R}),
        ("x", "x*(1 + 1/x) - 1", {"x": R}),
        ("x**n", "x**(n - 1)*(x**2 + x)/(x + 1)", {"x": interval("[0, oo)"), "n": N0}),  # at x = 0, n = 0
        ("x + 1", "x", {"x": R}),
    ],
)
def test_no_equation_reaches_from_a_value_to_none(left: str, right: str, domain: dict) -> None:
    (a, scope), (b, _) = low(left, **domain), low(right, **domain)
    with pytest.raises(Refused):
        residual(a, b, scope)
