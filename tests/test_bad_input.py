"""What an author can get wrong: each mistake is told with the claim, the field, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sympy as sp

from qed import BadStatement, QedError, R, Toothless, Undecided, Vacuous, Verdict, bits, claim, judge

GOOD: dict[str, Any] = {"stated": "x**2 >= 0", "domain": {"x": R}, "control": "x**2 > 0"}
PROSE: dict[str, Any] = {"stated": "one is one", "domain": {}, "at": 1, "control": 2}


def is_one(value: Any) -> Verdict:
    """Accept 1 only."""
    return Verdict(value == 1, witness={"value": str(value)})


def raising(value: Any) -> Verdict:
    """Fail at everything."""
    raise ZeroDivisionError("division by zero")


CASES: dict[str, tuple[type[QedError], dict[str, Any], str]] = {
    # a statement that does not parse
    "statement": (BadStatement, {"stated": "x**2 >"}, "the statement does not parse: invalid syntax in 'x..2 >'"),
    "control": (BadStatement, {"control": "x**2 >"}, "in the control, the statement does not parse"),
    "hypothesis": (BadStatement, {"where": "x >"}, "in where=, the statement does not parse: invalid syntax in 'x >'"),
    "second hypothesis": (BadStatement, {"where": ("x > 0", "x <")}, "in where=, .* in 'x <'"),
    "definition": (BadStatement, {"let": {"f": "x +"}}, "in let=, the definition of f does not parse"),
    "head": (BadStatement, {"let": {"f(": "x"}}, "in let=, the definition 'f\\(' is neither a name nor"),
    "certificate": (BadStatement, {"certificate": "t +"}, "the certificate does not parse"),
    "certificate that is no text": (BadStatement, {"certificate": 5}, "certificate=5 is no text"),
    "domain that is no dict": (BadStatement, {"domain": ["x"]}, r"domain=\['x'\] is no dict from names to sets"),
    "name that is no text": (BadStatement, {"domain": {5: R}}, "is no dict from names to sets"),
    "equals sign": (BadStatement, {"stated": "x == 1"}, "write Eq\\(a, b\\) for an equation"),
    "no relation": (BadStatement, {"stated": "x"}, "'x' says nothing: write Eq\\(a, b\\)"),
    "nothing": (BadStatement, {"stated": ""}, "does not parse"),
    "truth value": (BadStatement, {"stated": sp.Eq(1, 1)}, "write it as text"),
    # unknown functions and symbols
    "function": (BadStatement, {"stated": "foo(x) > 0"}, "foo in 'foo\\(x\\) > 0' is no function of the language; it"),
    "function in control": (BadStatement, {"control": "foo(x) > 0"}, "in the control, foo in .* is no function"),
    "function in where": (BadStatement, {"where": "foo(x) > 0"}, "in where=, foo in .* is no function"),
    "function in certificate": (BadStatement, {"certificate": "foo(t)"}, "foo in 'foo\\(t\\)' is no function"),
    "arguments": (BadStatement, {"stated": "sin(x, x) > 0"}, "sin in .* takes 1 arguments"),
    "symbol": (BadStatement, {"stated": "x + y > 0"}, "y in 'x \\+ y > 0' has no domain: add y=R"),
    "symbol in control": (BadStatement, {"control": "x + y > 0"}, "in the control, y in .* add y=R"),
    "symbol in where": (BadStatement, {"where": "y > 0"}, "in where=, y in 'y > 0' has no domain: add y=R"),
    "power sign": (BadStatement, {"stated": "x^2 >= 0"}, "only \\+ - \\* / \\*\\* are in the language"),
    # domains
    "no domain": (BadStatement, {"domain": {}}, "x in .* has no domain: add x=R, or the set it ranges over"),
    "domain None": (BadStatement, {"domain": {"x": None}}, "in x=, the domain of x is None: write R, N, N0, Z"),
    "domain number": (BadStatement, {"domain": {"x": 3}}, "in x=, the domain of x is 3: write R, N"),
    "domain text": (BadStatement, {"domain": {"x": "real"}}, "in x=, the domain 'real' is no interval: write it like"),
    "empty": (BadStatement, {"domain": {"x": "[1, 0]"}}, "in x=, the domain \\[1, 0\\] is empty: .* smaller one first"),
    "open point": (BadStatement, {"domain": {"x": "(0, 0)"}}, "in x=, the domain \\(0, 0\\) is empty: two different"),
    "irrational": (BadStatement, {"domain": {"x": "(pi, 3)"}}, "in x=, the domain \\(pi, 3\\) is empty"),
    "turned round": (BadStatement, {"domain": {"x": "[5, -oo)"}}, "in x=, the domain .* is empty: put the smaller end"),
    "control empty": (BadStatement, {"control": {"x": "[1, 0]"}}, "in the control, in x=, the domain .* is empty"),
    "end": (BadStatement, {"domain": {"x": "[0, y]"}}, "in x=, the end 'y' of the domain .* is no constant: .* where="),
    "no value": (BadStatement, {"domain": {"x": "[0, 1/0]"}}, "in x=, the end '1/0' of a domain has no value"),
    "widths": (BadStatement, {"stated": "x < y", "domain": {"x": bits(8), "y": bits(9)}}, "give all of them the same"),
    # hypotheses
    "contradiction": (Vacuous, {"where": ("x > 1", "x < 0")}, "no point of the domain meets .*: widen it"),
    "where number": (BadStatement, {"where": 5}, "where=5 is no text: write a text, or a tuple of texts"),
    "where mixed": (BadStatement, {"where": ("x > 0", 5)}, "where=5 is no text"),
    "let text": (BadStatement, {"let": "f = x"}, "let='f = x' is no dict with names: write let="),
    "let number": (BadStatement, {"let": {5: "x"}}, "is no dict with names"),
    # controls
    "control missing": (BadStatement, {"control": None}, "no control: add control=, the nearest false statement"),
    "control equal": (BadStatement, {"control": "x**2>=0"}, "the control is the statement itself: state a near-miss"),
    "control true": (Toothless, {"control": "x**4 >= 0"}, "its control .* was not refused .* Move the near-miss off"),
    "control number": (BadStatement, {"control": 3}, "in the control, '3' says nothing: write Eq"),
    "control let": (BadStatement, {"control": {"let": 3}}, "in the control, let=3 is no dict"),
    # floats
    "float": (BadStatement, {"stated": "x > 0.1"}, "0.1 in 'x > 0.1' is a float: write the exact number 1/10"),
    "float in control": (BadStatement, {"control": "x > 0.1"}, "in the control, 0.1 .* write the exact number 1/10"),
    "float in where": (BadStatement, {"where": "x > 0.5"}, "in where=, 0.5 .* write the exact number 1/2"),
    "float in let": (BadStatement, {"let": {"f": "0.25*x"}}, "in let=, 0.25 .* write the exact number 1/4"),
    "float in domain": (BadStatement, {"domain": {"x": "[0, 0.5]"}}, "in x=, 0.5 .* write the exact number 1/2"),
    "float in certificate": (BadStatement, {"certificate": "0.5*t"}, "0.5 .* write the exact number 1/2"),
    "float of SymPy": (BadStatement, {"stated": (sp.Float(0.1) * sp.Symbol("x"), ">", 0)}, "the exact number 1/10"),
    # words around the claim
    "because": (BadStatement, {"because": " ", "uses": ()}, "because=' ' says nothing: write a sentence"),
    "cite": (BadStatement, {"cite": ""}, "cite='' says nothing"),
    "uses": (BadStatement, {"uses": "t.s"}, "uses 't.s', which no earlier claim bears"),
    "uses number": (BadStatement, {"uses": (3,)}, "uses=3 is no text"),
    "grade": (BadStatement, {"grade": "best"}, "grade='best' is none of proved, certified"),
    "source": (BadStatement, {"source": "meh"}, "begins with none of confirms"),
    # check functions
    "check": (BadStatement, {**PROSE, "check": 3}, "check=3 is no function: write one from a value to a Verdict"),
    "check raises": (Undecided, {**PROSE, "check": raising}, "the check raising raised ZeroDivisionError at 1: "),
    "check None": (Undecided, {**PROSE, "check": lambda v: None}, "returned None at 1: return a Verdict"),
    "check NaN": (BadStatement, {**PROSE, "check": lambda v: Verdict(float("nan"))}, "must be True or False"),
    "check equal": (BadStatement, {**PROSE, "check": is_one, "control": 1}, "the control is the claimed value itself"),
    "check soft": (Toothless, {**PROSE, "check": lambda v: Verdict(True)}, "its control 2 was accepted by"),
    "no witness": (Toothless, {**PROSE, "check": lambda v: Verdict(v == 1)}, "refused without a witness: return"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_claim_field_and_cure(case: str) -> None:
    error, changed, message = CASES[case]
    with pytest.raises(error) as told:
        judge("t.t", known={}, **{**GOOD, **changed})
    assert str(told.value).startswith("t.t: ")
    assert re.search(message, str(told.value)), str(told.value)
    assert "the engine failed" not in str(told.value)


def test_nothing_of_this_is_wrong_with_the_claim_itself() -> None:
    assert judge("t.t", known={}, **GOOD).grade == "proved"
    assert judge("t.t", known={}, **PROSE, check=is_one).grade == "instances"


def test_a_single_text_in_uses_names_one_claim() -> None:
    known = {"t.s": judge("t.s", known={}, **GOOD)}
    assert judge("t.t", known=known, **GOOD, uses="t.s").uses == ("t.s",)
    with pytest.raises(BadStatement, match="uses 't.gone', which no earlier claim bears"):
        claim("t.t", "x**2 >= 0", x=R, control="x**2 > 0", uses="t.gone")


@pytest.mark.parametrize("id", ["", "t", ".t", "t.", "t.s.r", "t/s.r", "t.s r"])
def test_an_id_that_no_link_could_lead_to_is_refused(id: str) -> None:
    with pytest.raises(BadStatement, match="is not of the form article.what-is-true"):
        judge(id, known={}, **GOOD)
