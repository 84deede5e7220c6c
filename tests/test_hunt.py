"""The hunt: it finds a counterexample inside the domain, or says honestly that it saw nothing."""

from __future__ import annotations

import itertools
import random

import pytest
from flint import arb, fmpq

from qed import N0, R, integers, interval, square
from qed.numeric.hunt import candidates, grid, hunt, margin, matrix, points, refine, show, show_sides, simplest
from qed.statements.language import statement


@pytest.mark.parametrize(
    ("text", "domain", "witness"),
    [
        ("x > 0", {"x": interval("[0, 1]")}, {"x": "0"}),  # a closed end
        ("x**2 - 2*x + 1 > 0", {"x": R}, {"x": "1"}),
        ("n**2 > n", {"n": N0}, {"n": "0"}),
        ("Eq(x, 1)", {"x": interval("[1, 2]")}, {"x": "2"}),
        ("x < 10**7", {"x": R}, None),  # far out
    ],
)
def test_a_false_statement_falls_with_an_exact_witness(text: str, domain: dict, witness: dict | None) -> None:
    found = hunt(statement(text, domain))
    assert found.verdict == "refuted"
    assert witness is None or found.witness == witness
    assert len(found.sides) == 2


def test_a_pole_in_the_domain_is_found_as_undefined_with_its_reason() -> None:
    found = hunt(statement("Eq(x/x, 1)", {"x": R}))
    assert (found.verdict, found.witness, found.sides) == ("undefined", {"x": "0"}, ("division by zero",))


def test_a_true_statement_survives_and_the_points_are_counted() -> None:
    found = hunt(statement("x**2 >= 0", {"x": R}))
    assert found.verdict == "survived" and found.points > 50


def test_an_open_end_is_no_witness() -> None:
    assert hunt(statement("x > 0", {"x": interval("(0, 1]")})).verdict == "survived"


@pytest.mark.parametrize("where", [("x > 1", "x < 0"), ("x > 2",)])
def test_hypotheses_that_no_point_meets_are_vacuous_and_no_survival(where: tuple[str, ...]) -> None:
    assert hunt(statement("x > 5", {"x": interval("[0, 1]")}, where)).verdict == "vacuous"


@pytest.mark.parametrize("text", ["Eq(Limit(x, x, 0), 0)", "x < 1 + 0*Sum(k, (k, 1, 5000))"])
def test_a_statement_that_cannot_be_evaluated_has_not_survived(text: str) -> None:
    assert hunt(statement(text, {"x": R})).verdict == "out of reach"


def test_a_chain_with_a_link_that_cannot_be_evaluated_has_not_survived() -> None:
    assert hunt(statement("0 < 1 < Limit(x, x, 0)", {})).verdict == "out of reach"


def test_a_statement_that_is_evaluated_at_few_points_only_has_not_survived() -> None:
    assert hunt(statement("x < 1 + 0*Sum(k, (k, 1, 5000*x**2))", {"x": R})).verdict != "survived"


def test_a_function_outside_its_domain_is_no_agreement() -> None:
    assert hunt(statement("Eq(LambertW(0 - x - 1), 5)", {"x": interval("[0, oo)")})).verdict == "undefined"


def test_the_walk_finds_a_dip_of_width_one_thousandth_between_the_points() -> None:
    text = "(x - 31416/100000)**2 > 10**(0-9)"
    assert hunt(statement(text, {"x": interval("[0, 1]")})).verdict == "refuted"


def test_the_same_statement_gives_the_same_points() -> None:
    claim = statement("x + y > 0", {"x": R, "y": interval("[0, pi]")})
    assert [str(p) for p in points(claim, 50)] == [str(p) for p in points(claim, 50)]


@pytest.mark.parametrize("text", ["[0, 1]", "(0, 1)", "(sqrt(2), pi]", "(-oo, -50]", "[7, oo)", "[3, 3]"])
def test_every_candidate_lies_in_the_domain(text: str) -> None:
    domain = interval(text)
    found = candidates(domain, random.Random(1))
    assert found
    lo = {"(sqrt(2), pi]": arb(2).sqrt(), "[7, oo)": 7, "[3, 3]": 3, "[0, 1]": 0, "(0, 1)": 0}.get(text)
    assert all(lo is None or x >= lo for x in found)


@pytest.mark.parametrize("text", ["[0, sin(1)**2 + cos(1)**2]", "[exp(9), oo)", "(-oo, pi**9]", "(sqrt(2), sqrt(3))"])
def test_an_end_that_is_no_rational_leaves_points(text: str) -> None:
    assert len(candidates(interval(text), random.Random(0))) > 20


def test_finite_integers_keep_to_their_ends() -> None:
    assert set(candidates(integers(-2, 3), random.Random(1))) <= {fmpq(k) for k in range(-2, 4)}


def test_matrices_are_hunted_at_their_stated_sizes_only() -> None:
    claim = statement("Ne(trace(Id + 0*A), 1)", {"A": square(2, 3)})
    assert {len(p["A"].rows) for p in points(claim, 40)} == {2, 3}


def test_the_first_matrices_are_zero_identity_and_shift() -> None:
    draw = random.Random(1)
    assert [show(matrix(2, draw, turn)) for turn in range(3)] == [
        "[[0, 0], [0, 0]]", "[[1, 0], [0, 1]]", "[[0, 1], [0, 0]]",
    ]  # fmt: skip


def test_unequal_values_are_shown_with_the_digits_that_tell_them_apart() -> None:
    third = arb(1) / 3
    left, right = show_sides(third, third + arb("1e-12"))
    assert left != right


def test_a_margin_has_no_number_where_a_side_has_no_value() -> None:
    claim = statement("1/x > 0", {"x": R})
    assert margin(claim, {"x": fmpq(0)}) is None
    assert margin(claim, {"x": fmpq(2)}) == 0.5


def test_the_walk_stays_in_the_domain() -> None:
    claim = statement("x > 0 - 1", {"x": interval("[0, 1]")})
    assert all(0 <= env["x"] <= 1 for env in refine(claim, [(1.5, {"x": fmpq(1, 2)})]))


def test_a_simpler_witness_is_still_a_witness() -> None:
    claim = statement("x < 1", {"x": R})
    found = simplest(claim, {"x": fmpq(123457, 100000)})
    assert found["x"].q < 100 and found["x"] >= 1


@pytest.mark.parametrize("sizes", [[3], [7, 2], [2, 1, 4], [3, 3, 3]])
def test_the_grid_is_listed_by_sums_and_never_made_as_a_whole(sizes: list[int]) -> None:
    everything = itertools.product(*map(range, sizes))
    assert list(grid(sizes)) == sorted(everything, key=lambda at: (sum(at), at))
    assert list(itertools.islice(grid([7] * 60), 3)) == [(0,) * 60, (0,) * 59 + (1,), (0,) * 58 + (1, 0)]


def test_zero_comes_early_inside_an_interval_and_never_from_outside() -> None:
    draw = random.Random(1)
    assert fmpq(0) in candidates(interval("(-1, pi)"), draw)[:3]
    assert fmpq(0) not in candidates(interval("(0, pi)"), draw) + candidates(interval("[1, 2]"), draw)
