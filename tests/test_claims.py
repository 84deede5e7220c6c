"""Claims: every error has its name, names the claim, and says what to do next."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy as sp
import z3
from flint import arb

from qed import (
    N0,
    BadStatement,
    Claim,
    Disagreement,
    Evidence,
    QedError,
    R,
    Refuted,
    Toothless,
    Undecided,
    Vacuous,
    Verdict,
    claim,
    integers,
    judge,
    ledger,
    square,
)
from qed.claims.record import ACCEPTED, GRADES, weaker
from qed.kernel.checks import below, impossible
from qed.search.tactics import Prover


def made(text: Any, control: Any = "0 > 1", known: dict | None = None, id: str = "t.t", **given: Any) -> Claim:
    """Judge a claim that nobody else knows."""
    domain = {k: given.pop(k) for k in list(given) if len(k) == 1}
    return judge(id, text, domain=domain, control=control, known={} if known is None else known, **given)


def prose(check: Any, at: Any = 1, control: Any = 2, **given: Any) -> Claim:
    """Judge a claim stated in words."""
    return judge("t.words", "one is one", check=check, at=at, control=control, known={}, **given)


def is_one(v: Any) -> Verdict:
    """Accept 1 and nothing else."""
    return Verdict(v == 1, witness={"value": str(v)})


# The five errors


def test_a_false_claim_names_its_id_the_point_and_both_sides() -> None:
    with pytest.raises(Refuted, match=r"^t\.t: x\*\*2 > 0 is false at x = 0: the sides are 0 and 0$"):
        made("x**2 > 0", x=R)


def test_an_undefined_claim_names_the_point_and_the_reason() -> None:
    with pytest.raises(Refuted, match=r"^t\.t: Eq\(x/x, 1\) is undefined at x = 0: division by zero$"):
        made("Eq(x/x, 1)", x=R)


def test_an_undecided_claim_is_called_no_refutation_and_says_how_to_help() -> None:
    with pytest.raises(Undecided, match="This is a failure, not a refutation. Tried: .*Help it: narrow the domain"):
        made("(x**2 - 2)**2 > 0", x=R)


@pytest.mark.parametrize("where", [("x > 1", "x < 0"), ("x > 2",)])
def test_a_claim_about_no_point_is_vacuous_and_not_accepted(where: tuple[str, ...]) -> None:
    with pytest.raises(Vacuous, match=r"^t\.t: no point of the domain meets .*widen .* or mend where="):
        made("x > 5", where=where, x="[0, 1]")


@pytest.mark.parametrize(
    ("where", "domain"),
    [(("n + m >= 1234",), {"n": "N0", "m": "Z"}), (("x**4 > 9", "x**4 < 10"), {"x": R}), (("x > 10**20",), {"x": R})],
)
def test_hypotheses_that_no_point_was_found_to_meet_are_not_called_contradictory(where: Any, domain: Any) -> None:
    first = min(domain)
    with pytest.raises(Undecided, match="no point was found that meets the hypotheses, nor that none does"):
        judge("t.t", f"{first}**2 >= 0", where=where, domain=domain, control=f"{first}**2 < 0", known={})


def test_hypotheses_with_an_equation_that_no_rational_meets_are_undecided_and_not_vacuous() -> None:
    with pytest.raises(Undecided):
        made("Eq(x**4, 4)", where="Eq(x**2, 2)", x=R)


@pytest.mark.parametrize("control", ["x**4 >= 0", "0 <= x**2", "(x**2 - 2)**2 > 0", "Eq(Limit(floor(y), y, 1), 1)"])
def test_a_control_that_holds_or_cannot_be_judged_is_toothless(control: str) -> None:
    with pytest.raises(
        Toothless, match=r"^t\.t: its control .* was not refused .*; a check that cannot fail shows nothing"
    ):
        made("x**2 >= 0", control, x=R)


def test_a_control_that_crashes_the_engine_does_not_pass_for_refused() -> None:
    with pytest.raises(QedError):
        made("x**2 >= 0", "Eq(det(x), x)", x=R)


@pytest.mark.parametrize("control", ["x**2>=0", "(x**2) >= (0)", {}, {"where": ()}, {"x": R}])
def test_a_control_that_differs_by_spacing_only_is_the_statement_itself(control: Any) -> None:
    with pytest.raises(BadStatement, match="the control is the statement itself: state a near-miss that is false"):
        made("x**2 >= 0", control, x=R)


def test_a_control_over_an_empty_domain_shows_nothing() -> None:
    with pytest.raises(Vacuous, match="no point meets the control"):
        made("x**2 >= 0", {"where": ("x > 1", "x < 0")}, x=R)


@pytest.mark.parametrize("control", ["log(-1) > x", "x + sqrt(-1 - x**2) > 0", "Eq(x**2/0, 0)"])
def test_a_control_without_any_value_is_toothless(control: str) -> None:
    with pytest.raises(Toothless, match=r"^t\.t: its control .* has no value anywhere .*: state a near-miss"):
        made("x**2 >= 0", control, x=R)


def test_a_control_that_is_undefined_somewhere_only_shows_that_definedness_matters() -> None:
    assert made("Eq(x/x, 1)", {"x": "[0, oo)"}, x="(0, oo)").control.verdict == "undefined"


def test_a_domain_whose_ends_may_be_one_is_undecided_and_not_called_empty() -> None:
    with pytest.raises(Undecided, match="no number is certain to lie in the domain"):
        made("x >= 0", x="[0, gamma(1/2) - sqrt(pi)]")


def test_a_touching_point_that_is_long_to_write_is_no_bad_statement() -> None:
    with pytest.raises(Undecided):
        made("sqrt(x)**2 > x", x=f"[{10**20 + 39}/{3 * 10**20}, {10**20 + 40}/{3 * 10**20}]")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"control": None}, "no control: add control="),
        ({"uses": ("t.s",)}, "uses 't.s', which no earlier claim bears"),
        ({"uses": ("t.t",)}, "this very claim"),
        ({"because": "it is clear"}, "because= joins earlier claims: name them in uses="),
        ({"grade": "best"}, "grade='best' is none of proved, certified"),
        ({"source": "meh"}, "begins with none of confirms, sharpens"),
        ({"control": {"wher": ("x > 1",)}}, "the domain of wher"),
        ({"id": "t"}, "not of the form article.what-is-true"),
        ({"id": "t.a b"}, "not of the form article.what-is-true"),
        ({"id": "t.a.b"}, "not of the form article.what-is-true"),
        ({"id": ""}, "not of the form article.what-is-true"),
    ],
)
def test_a_claim_of_bad_form_is_refused_by_name(given: dict, message: str) -> None:
    with pytest.raises(BadStatement, match=message):
        made("x**2 >= 0", **{"control": "x**2 > 0", **given}, x=R)


def test_a_misspelt_use_is_told_the_nearest_claim() -> None:
    known = {"t.square": made("x**2 >= 0", "x**2 > 0", x=R, id="t.square")}
    with pytest.raises(BadStatement, match="did you mean t.square"):
        made("x**4 >= 0", "x**4 > 0", known, uses=("t.sqaure",), x=R)


@pytest.mark.parametrize("stated", [sp.Eq(1, 1), True, sp.false])
def test_a_statement_that_became_a_truth_value_is_refused(stated: Any) -> None:
    with pytest.raises(BadStatement, match="evaluated to a truth value"):
        made(stated)


def test_a_float_in_a_side_is_told_the_exact_number() -> None:
    with pytest.raises(BadStatement, match="write the exact number, such as '1/2'"):
        made((0.5, "<", 1))


def test_sides_may_be_expressions_that_the_notebook_derived() -> None:
    x = sp.Symbol("x")
    assert made((x**2 + 1, ">", 0), "x**2 > 0", x=R).text == "x**2 + 1 > 0"


def test_an_asserted_grade_above_the_computed_one_is_an_error() -> None:
    with pytest.raises(Undecided, match="grade='proved' was asserted, but the check reaches only 'certified'"):
        made("2**(1/2) < 3/2", "2**(1/2) < 7/5", grade="proved")
    assert made("2**(1/2) < 3/2", "2**(1/2) < 7/5", grade="certified").grade == "certified"


TRUE_ALL_THE_SAME = ("Eq(diff(Sum(k, (k, 0, n)), x), 0)", "sqrt(2)*x**2*10**5000 >= 0")


@pytest.mark.parametrize(
    "stated",
    [
        "Eq(eye(2), 1)",
        "Eq(det(x), x)",
        "Eq(Rational(1, x), 1/x)",
        "Eq(eye(0), eye(0))",
        "Eq(eye(n), eye(n))",
        "Eq(realroots(Abs(x), x), 1)",
        "Eq(diff(Sum(k, (k, 0, n)), x), 0)",
        "sqrt(2)*x**2*10**5000 >= 0",
        "Eq(exp(Matrix([[1, 2]])), 1)",
        object(),
        3,
    ],
)
def test_whatever_breaks_inside_is_a_named_error_and_never_a_bare_exception(stated: Any) -> None:
    try:
        found = made(stated, x=R, n=N0)
    except QedError as problem:
        assert str(problem).startswith("t.t: ")
    else:
        assert found.grade == "proved" and stated in TRUE_ALL_THE_SAME


def test_an_exception_inside_a_rule_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(Prover, "run", broken)
    with pytest.raises(Undecided, match="ZeroDivisionError"):
        made("x**2 >= 0", "x**2 > 0", x=R)


def test_a_proof_without_grade_is_never_an_acceptance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prover, "run", lambda self: self.proof)
    with pytest.raises(Undecided):
        made("x**2 >= 0", "x**2 > 0", x=R)


def test_a_proof_of_what_the_hunt_refutes_is_a_disagreement_and_no_acceptance(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(self: Any) -> Any:
        self.proof.conclusion = SimpleNamespace(grade="proved", engines=("generosity",))
        return self.proof

    monkeypatch.setattr(Prover, "run", generous)
    with pytest.raises(Disagreement, match=r"^t\.t: the rules accept it as proved, but .* is false at x = 0"):
        made("x**2 > 0", x=R)


def test_a_statement_that_no_point_evaluates_is_not_proved_by_the_rules_alone() -> None:
    with pytest.raises(Undecided):
        made("x**2 + 0*Sum(k, (k, 1, 5000)) >= 0", x=R)


@pytest.mark.parametrize("disarm", ["0*Sum(floor(k), (k, 1, 5000))", "0*Sum(foo, (foo, 1, 5000))"])
def test_the_letters_oo_in_a_name_do_not_excuse_from_the_hunt(disarm: str) -> None:
    with pytest.raises(Undecided):
        made(f"x**2 + {disarm} >= 0", x=R)


# Enumeration


def test_a_finite_domain_is_exhausted_and_a_single_failure_refutes() -> None:
    assert made("n**2 <= 25", "n**2 < 25", n=integers(-5, 5)).grade == "exhausted"
    with pytest.raises(Refuted):
        made("n**2 < 25", n=integers(-5, 5))


def test_a_hypothesis_that_no_ball_settles_is_not_read_as_false() -> None:
    with pytest.raises(QedError):
        made("n < 1", where="exp(log(2))*n >= 2*n", n=integers(0, 5))


# Grades and the graph


def test_the_weaker_of_two_grades_is_the_later_in_the_list() -> None:
    assert weaker("proved", "cited") == "cited" and weaker("certified", "proved") == "certified"
    assert GRADES == ("proved", "certified", "exhausted", "instances", "sampled", "cited")


def test_the_effective_grade_goes_through_two_floors_and_names_the_weakest() -> None:
    known: dict[str, Claim] = {}
    known["t.a"] = made(
        "Eq(LambertW(x)*exp(LambertW(x)), x)", "Eq(LambertW(x), x)", known, "t.a", cite="Euler 1783", x="[0, 1]"
    )
    known["t.b"] = made("x**2 + 1 > 0", "x**2 > 0", known, "t.b", uses=("t.a",), x=R)
    known["t.c"] = made("x**2 + 2 > 0", "x**2 > 0", known, "t.c", uses=("t.b",), x=R)
    assert [(c.grade, c.effective, c.weakest) for c in known.values()] == [
        ("cited", "cited", None),
        ("proved", "cited", "t.a"),
        ("proved", "cited", "t.a"),
    ]
    with pytest.raises(Undecided, match="grade='proved' was asserted, but t.a lends it only 'cited'"):
        made("x**2 + 3 > 0", "x**2 > 0", known, "t.d", uses=("t.c",), grade="proved", x=R)


def test_matrices_of_several_sizes_are_instances_and_of_one_size_proved() -> None:
    assert made("Eq(det(A*A), det(A)**2)", "Eq(det(A*A), det(A))", A=square(1, 2)).grade == "instances"
    assert made("Eq(det(A*A), det(A)**2)", "Eq(det(A*A), det(A))", A=square(2)).grade == "proved"


@pytest.mark.parametrize("how", [{"because": "words"}, {"cite": "a book"}])
@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x < 5", {"x": R}),
        ("Eq(1/x, 1/x)", {"x": "[-1, 1]"}),
        ("acosh(x) >= 0", {"x": R}),
        ("Eq(LambertW(0-x-1), 5)", {"x": "[0, oo)"}),
        ("0 < 1 < Limit(x, x, 0)", {}),
        ("0 < 1 < 0*Sum(k, (k, 1, 5000))", {}),
        ("x < 10**7", {"x": R}),
    ],
)
def test_words_or_a_citation_do_not_carry_what_a_point_refutes(how: dict, text: str, domain: dict) -> None:
    known = {"t.square": made("u**2 >= 0", "u**2 > 0", u=R, id="t.square")}
    with pytest.raises(QedError):
        made(text, "0 > 1", known, uses=("t.square",), **how, **domain)


def test_a_claim_joined_in_words_is_marked_and_its_control_must_fall() -> None:
    known = {"t.square": made("u**2 >= 0", "u**2 > 0", u=R, id="t.square")}
    assert made("x**4 >= 0", "x**4 > 0", known, uses=("t.square",), because="square it", x=R).because == "square it"
    with pytest.raises(Toothless):
        made("x**4 >= 0", "x**6 >= 0", known, uses=("t.square",), because="square it", x=R)


def test_a_claim_whose_ancestor_uses_it_is_a_circle() -> None:
    known = {"t.a": made("x**2 >= 0", "x**2 > 0", x=R, id="t.a")}
    known["t.b"] = made("x**4 >= 0", "x**4 > 0", known, "t.b", uses=("t.a",), x=R)
    with pytest.raises(BadStatement):
        made("x**2 >= 0", "x**2 > 0", known, "t.a", uses=("t.b",), x=R)


# Claims stated in words


def test_one_function_judges_the_value_and_the_near_miss() -> None:
    found = prose(is_one)
    assert (found.grade, found.words, found.control.witness) == ("instances", "one is one", {"value": "2"})


@pytest.mark.parametrize(
    ("check", "error", "message"),
    [
        (lambda v: Verdict(False, witness={"a": "b"}), Refuted, "refuses 1: a = b"),
        (lambda v: Verdict(None, witness={"a": "b"}), QedError, None),  # type: ignore[arg-type]
        (lambda v: Verdict(True), Toothless, "was accepted"),
        (lambda v: Verdict(v == 1), Toothless, "without a witness"),
        (lambda v: v == 1, Undecided, "return a Verdict"),
        (lambda v: None, Undecided, "return a Verdict"),
        (lambda v: 1 / 0, Undecided, "raised ZeroDivisionError at 1"),
        (lambda v: Verdict(True) if v == 1 else 1 / 0, Undecided, "raised ZeroDivisionError at 2"),
        (lambda v: Verdict(v == 1, grade="great", witness={"a": "b"}), BadStatement, "gave the grade 'great'"),
        (lambda v: Verdict(v == 1, witness="a = b"), BadStatement, "write names and values as text, in a dict"),  # type: ignore[arg-type]
        (functools.partial(lambda a, v: Verdict(False), 0), QedError, None),
    ],
)
def test_a_check_that_refuses_raises_or_returns_no_verdict_accepts_nothing(
    check: Any, error: type, message: str | None
) -> None:
    with pytest.raises(error, match=message):
        prose(check)


@pytest.mark.parametrize("ok", ["no", float("nan"), arb(0), [0], 2], ids=["text", "nan", "ball", "list", "two"])
def test_what_is_merely_truthy_is_no_acceptance(ok: Any) -> None:
    with pytest.raises(QedError):
        prose(lambda v: Verdict(ok if v == 1 else False, witness={"a": "b"}))


def test_a_truth_value_of_numpy_is_one() -> None:
    assert prose(lambda v: Verdict(np.bool_(v == 1), witness={"a": "b"})).grade == "instances"


@pytest.mark.parametrize("grade", ["proved", "certified"])
def test_a_check_function_does_not_give_itself_a_grade_of_the_kernel(grade: str) -> None:
    with pytest.raises(BadStatement, match=f"gave the grade '{grade}', which only the kernel gives"):
        prose(lambda v: Verdict(v == 1, grade, "pure thought", {"value": str(v)}))


def test_evidence_is_made_by_the_kernel_only() -> None:
    with pytest.raises(Undecided, match="only the kernel makes a theorem: Evidence is forged"):
        prose(lambda v: Evidence(None, v == 1, "proved", "pure thought", {"value": str(v)}))


def odd_square(v: str) -> Evidence:
    """Ask Z3 for an odd square of an even number, or of any number."""
    n, k = z3.Ints("n k")
    given = [n == 2 * k] if v == "even" else [n == k]
    found = impossible([n * n % 2 == 1], given, f"no {v} number has an odd square", lambda m: {"n": str(m.eval(n))})
    return found


def test_what_z3_calls_impossible_is_proved_and_a_model_is_the_witness() -> None:
    found = prose(odd_square, at="even", control="other")
    assert found.grade == "proved" and found.engines == ("Z3: no even number has an odd square",)
    assert int(found.control.witness["n"]) % 2 == 1


def test_hypotheses_that_cannot_be_met_make_nothing_impossible() -> None:
    n = z3.Int("n")
    with pytest.raises(Vacuous, match="cannot be met"):
        prose(lambda v: impossible([n == v], [n > 1, n < 1], "anything", lambda m: {"n": "1"}))


def test_what_z3_does_not_decide_is_undecided() -> None:
    a, b, c = z3.Ints("a b c")
    with pytest.raises(Undecided, match="does not decide"):
        prose(lambda v: impossible([a**3 + b**3 + c**3 == 114, a > b, b > c], [], "sums of cubes", lambda m: {}))


def test_a_ball_is_below_a_bound_only_as_a_whole() -> None:
    found = prose(lambda v: below(arb(v), 2, "the number"), at=1, control=3)
    assert found.grade == "certified" and found.control.witness == {"the number": "3.00"}
    with pytest.raises(Undecided, match="lies in the ball"):
        prose(lambda v: below(arb(v, 1), 2, "the number"))
    with pytest.raises(Undecided, match="lies in the ball"):
        prose(lambda v: below(arb(2), 2, "the number"))
    for value, bound in ((1.5, 2), (arb(1), 1.5), (arb("inf"), 2), (arb("nan"), 2)):
        with pytest.raises(BadStatement, match="compare a finite ball"):
            below(value, bound, "the number")


def test_the_claimed_value_is_no_control() -> None:
    with pytest.raises(BadStatement, match="the control is the claimed value itself"):
        prose(is_one, control=1)


# The public door


def test_claim_shows_the_card_and_the_ledger_counts_it(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        claim("ledgertest.square", "x**2 >= 0", x=R, control="x**2 > 0")
        claim("ledgertest.words", "one is one", check=is_one, at=1, control=2)
        assert capsys.readouterr().out.startswith("ledgertest.square: proved\n  x**2 >= 0\n  for x in R\n")
        assert ledger("ledgertest").totals() == {"proved": 1, "instances": 1, "stated in words": 1}
        text = ledger("ledgertest")._repr_mimebundle_()["text/plain"]
        assert text.splitlines()[0] == "2 claims: 1 proved, 1 instances, 1 stated in words"
    finally:
        for name in [n for n in ACCEPTED if n.startswith("ledgertest.")]:
            del ACCEPTED[name]


def test_a_refused_claim_is_not_remembered() -> None:
    with pytest.raises(Refuted):
        claim("ledgertest.false", "x**2 > 0", x=R, control="x**2 > 1")
    assert "ledgertest.false" not in ACCEPTED
