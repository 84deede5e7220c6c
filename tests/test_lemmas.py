"""Earlier claims: used inside their own domain, under their own hypotheses, and nowhere else."""

from __future__ import annotations

import pytest
import sympy as sp

from qed import N0, N, R, interval, square
from qed.kernel.lemmas import Lemma, admits, facts, instance_sign, is_open, rewrite
from qed.kernel.scope import NEG, Range, domain_scope
from qed.search.match import matches
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
    (fact,) = facts(TANH)
    scope = domain_scope({"y": interval("(0, oo)")})
    y = scope.symbols["y"]
    (x,) = fact.free
    assert admits(fact, {x: y}, scope)
    assert not admits(fact, {}, scope)
    assert not admits(fact, {x: y - 1}, scope)
    assert not admits(fact, {x: sp.Symbol("stranger", positive=True)}, scope)
    assert not admits(fact, {x: sp.I}, scope)


def test_an_integer_variable_takes_no_half() -> None:
    (fact,) = facts(COUNT)
    scope = domain_scope({"n": N})
    (k,) = fact.free
    n = scope.symbols["n"]
    assert admits(fact, {k: n + 1}, scope) and not admits(fact, {k: n / 2 + 1}, scope)


def test_a_binding_that_does_not_give_the_part_is_refused() -> None:
    fact = facts(lemma("Eq(sinh(2*x), 2*sinh(x)*cosh(x))", x=R))[0]
    scope = domain_scope({"y": R})
    y = scope.symbols["y"]
    (x,) = fact.free
    part = sp.sinh(2 * y)
    assert rewrite(part + 1, part, fact, {x: y}, scope) == 2 * sp.sinh(y) * sp.cosh(y) + 1
    assert rewrite(part + 1, part, fact, {x: 2 * y}, scope) is None


def test_an_inequality_is_no_rewriting_and_an_equation_no_sign() -> None:
    (less,) = facts(TANH)
    equal = facts(lemma("Eq(sinh(2*x), 2*sinh(x)*cosh(x))", x=R))[0]
    scope = domain_scope({"y": interval("(0, oo)")})
    y = scope.symbols["y"]
    (x,), (z,) = less.free, equal.free
    assert rewrite(sp.tanh(y), sp.tanh(y), less, {x: y}, scope) is None
    assert instance_sign(sp.tanh(y) - y, less.left - less.right, less, {x: y}, scope) == NEG
    assert instance_sign(y - sp.tanh(y), less.left - less.right, less, {x: y}, scope) is None
    assert instance_sign(sp.Integer(0), sp.Integer(0), equal, {z: y}, scope) is None


def test_an_equation_is_differentiated_on_open_intervals_only() -> None:
    assert is_open(Range(sp.Integer(0), None, True, True)) and not is_open(Range(sp.Integer(0), None))
    assert len(facts(lemma("Eq(x**2, x*x)", x=interval("[0, 1]")))) == 1
    assert len(facts(lemma("Eq(x**2, x*x)", x=interval("(0, 1)")))) == 3
    assert len(facts(lemma("Eq(2**n, 2*2**(n-1))", n=N))) == 1


def test_lemmas_about_matrices_or_beyond_the_symbolic_route_are_left_out() -> None:
    assert facts(lemma("Eq(det(A), det(A))", A=square(2))) == []
    assert facts(lemma("Eq(Limit(x, x, 0), 0)")) == []


def test_a_lemma_of_at_least_zero_does_not_give_more_than_zero() -> None:
    weak = lemma("log(1 + x) <= x", x=interval("(-1, oo)"))
    assert proof("log(1 + y) <= y", weak, y=interval("(-1, oo)")) == "proved"
    assert proof("log(1 + y) < y", weak, y=interval("(-1, oo)")) is None


def test_matching_finds_instances_by_shape_and_not_by_luck() -> None:
    x, y, z = sp.symbols("x y z", real=True)
    assert list(matches(sp.sin(x), sp.sin(y + 1), frozenset({x}), {})) == [{x: y + 1}]
    assert list(matches(sp.sin(x), sp.cos(y), frozenset({x}), {})) == []
    assert list(matches(sp.sin(x) * sp.cos(x), sp.sin(y) * sp.cos(z), frozenset({x}), {})) == []
