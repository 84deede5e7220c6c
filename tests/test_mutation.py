"""Mutants of claims: how they are made, and that a checker that accepts the false is exposed."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict

import pytest
from conftest import ROOT

from qed import mutation
from qed.__main__ import main
from qed.claims.verdict import Decision
from qed.commands import Unreadable, alone, in_order, stored_claims
from qed.mutation import as_stated, examine, line, mutants, score, tasks, total

CLAIMS = stored_claims(ROOT / "book")
FORMAL = {claim["id"]: claim for claim in CLAIMS if claim["latex"] is not None}


def stored(statement, domain=None, where=(), let=()):
    """A claim as it is stored."""
    return {
        "id": "a.b",
        "statement": statement,
        "latex": "",
        "domain": [{"name": name, "set": text} for name, text in (domain or {}).items()],
        "where": [{"text": text} for text in where],
        "let": [{"text": text} for text in let],
        "uses": [],
        "because": None,
        "cite": None,
    }


def of(kind, statement, domain=None, where=()):
    """The mutants of one kind, as text."""
    found = [m for m in mutants(stored(statement, domain, where)) if m.kind == kind]
    return (
        {m.text.replace(" ", "") for m in found} if kind not in ("end", "wider", "hypothesis") else set(map(str, found))
    )


@pytest.mark.parametrize("id", FORMAL)
def test_no_mutant_says_what_its_claim_or_another_mutant_says(id):
    found = mutants(FORMAL[id])
    keys = [m.read().key for m in found]
    assert found and as_stated(FORMAL[id]).read().key not in keys and len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("kind", "statement", "expected"),
    [
        ("constant", "3*x > 1", {"4*x>1", "2*x>1", "-3*x>1", "6*x>1", "3*x>2", "3*x>0"}),
        ("constant", "x > -2", {"x>-1", "x>-3", "x>2", "x>-4"}),
        ("sign", "Eq(-x + y, y - x)", {"Eq(x+y,y-x)", "Eq(-x-y,y-x)", "Eq(-x+y,y+x)", "Eq(-x+y,-(y-x))"}),
        ("summand", "x - y > 0", {"x>0", "-y>0"}),
        ("factor", "x*y > y/x", {"x>y/x", "y>y/x", "x*y>y", "x*y>1/x"}),
        ("exponent", "x**2 >= 0", {"x**3>=0"}),
        ("exponent", "x**y > 0", {"x**(y+1)>0"}),
        ("function", "sin(x) < exp(x)", {"cos(x)<exp(x)", "sin(x)<cosh(x)"}),
        ("function", "tanh(x) < log(y)", {"atan(x)<log(y)", "erf(x)<log(y)", "tanh(x)<atan(y)", "tanh(x)<LambertW(y)"}),
        ("range", "Sum(k, (k, 1, 5)) > x", {f"Sum(k,(k,{r}))>x" for r in ("0,5", "2,5", "1,4", "1,6")}),
        ("range", "Integral(t, (t, x, oo)) > 0", {f"Integral(t,(t,x{step},oo))>0" for step in ("+1", "-1")}),
        ("relation", "x <= y", {"x<y", "x>=y"}),
        ("relation", "x < y < 3", {"x>y<3", "x<y>3"}),
        ("one side", "x <= y", {"x<=y+1/1000", "x<=y-1/1000", "x<=1001/1000*y", "x<=999/1000*y"}),
    ],
)
def test_every_kind_of_change_is_made(kind, statement, expected):
    assert of(kind, statement, {"x": "R", "y": "R"}) == expected


def test_the_domain_is_opened_closed_and_widened():
    assert of("end", "x > y", {"x": "[0, 1)", "y": "R"}) == {f"x > y, x in {s}, y in R" for s in ("(0, 1)", "[0, 1]")}
    assert of("wider", "x > 0", {"x": "[0, 1)"}) == {
        f"x > 0, x in {s}" for s in ("[-1, 1)", "(-oo, 1)", "[0, 2)", "[0, oo)")
    }
    assert of("wider", "n > 0", {"n": "N"}) == {"n > 0, n in N0", "n > 0, n in Z"}
    assert of("wider", "Eq(det(A), 1)", {"A": "square(2)"}) == {"Eq(det(A), 1), A in square()"}
    assert not of("wider", "x > 0", {"x": "R"})


def test_hypotheses_are_dropped_opened_and_closed():
    assert of("hypothesis", "x > 0", {"x": "R"}, ["x > 1", "x < 5"]) == {"x > 0, x in R, x < 5", "x > 0, x in R, x > 1"}
    assert "x > 0, x in R, x >= 1" in of("end", "x > 0", {"x": "R"}, ["x > 1"])


def test_what_is_no_statement_any_more_is_left_out():
    found = [m.text for m in mutants(stored("Eq(diff(x**2, x, 1), 2*x)", {"x": "R"}))]
    assert "Eq(diff(x ** 2, x, 2), 2 * x)" in found and "Eq(diff(x ** 2, x, 0), 2 * x)" not in found
    assert not any("eye(3)" in m.text for m in mutants(stored("Eq(A*eye(2), A)", {"A": "square(2)"})))


def test_the_book_has_mutants_of_every_kind():
    kinds = {m.kind for claim in FORMAL.values() for m in mutants(claim)}
    assert kinds == {
        "constant", "sign", "summand", "factor", "exponent", "function", "range", "relation", "one side", "end",
        "wider", "hypothesis",
    }  # fmt: skip


def test_a_sample_is_always_the_same_and_counts_by_claim():
    twice = [tasks(CLAIMS, "det-exp-trace", 2) for _ in range(2)]
    assert twice[0] == twice[1] and all(task.claim.startswith("det-exp-trace.") for task in twice[0])
    assert len(twice[0]) == 2 * len({task.claim for task in twice[0]})
    with pytest.raises(Unreadable, match="no-such-article"):
        tasks(CLAIMS, "no-such-article")


def test_a_mutant_is_judged_with_the_lemmas_and_the_reach_of_its_claim():
    (one,) = {(t.lemmas[0][0], t.hunt_only) for t in tasks(CLAIMS, "even-taylor.positive")}
    assert one == ("even-taylor.representation", False)
    assert all(t.hunt_only for t in tasks(CLAIMS, "det-exp-trace.identity"))


def test_no_false_mutant_in_a_sample_of_every_claim_is_accepted():
    outcomes = defaultdict(list)
    for task in tasks(CLAIMS, sample=2):
        outcomes[task.claim].append(examine(task, apart=False, count=40))
    found = total([score(claim, of_claim) for claim, of_claim in outcomes.items()])
    assert len(outcomes) == len(FORMAL) and found["accepted_false"] == []
    assert found["false"] > 50 and found["rejected_false"] >= 0.95 * found["false"], line(found)


def test_a_checker_that_accepts_everything_is_exposed(monkeypatch):
    monkeypatch.setattr(mutation, "decide", lambda *given, **more: Decision("proved", ("says so",)))
    outcomes = [examine(task, apart=False) for task in tasks(CLAIMS, "even-taylor.log-bounds", 12)]
    found = score("even-taylor.log-bounds", outcomes)
    assert len(found["accepted_false"]) == found["false"] > 3 and found["sharpness"] == 0
    assert "ACCEPTED [" in line(found)


def test_a_checker_that_breaks_accepts_nothing(monkeypatch):
    def breaks(*given, **more):
        raise ZeroDivisionError("at last")

    monkeypatch.setattr(mutation, "decide", breaks)
    (task,) = tasks(CLAIMS, "even-taylor.log-bounds", 1)
    found = examine(task, apart=False)
    assert found.status == "undecided" and "at last" in found.engine


def test_a_piece_of_work_that_hangs_or_dies_gives_a_reason_and_no_result():
    assert alone(abs, -3) == (3, "")
    assert alone(time.sleep, 60, 0.5) == (None, "stopped by the clock")
    assert alone(os._exit, 1) == (None, "its process died")


def test_results_come_in_the_order_asked_for():
    assert list(in_order(lambda n: time.sleep(0.05 * n) or n, [3, 1, 2], jobs=3)) == [3, 1, 2]


def test_the_command_reports_a_claim_in_one_line_and_ends_well(capsys):
    assert main(["mutate", "even-taylor.log-bounds", "--sample", "3", "--book", str(ROOT / "book")]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("even-taylor.log-bounds  3 mutants") and last.startswith("1 claims") and "sharpness" in last


def test_the_command_ends_with_one_when_something_false_was_accepted(monkeypatch, capsys):
    monkeypatch.setattr(mutation, "decide", lambda *given, **more: Decision("proved", ("says so",)))
    monkeypatch.setattr(mutation, "survey", lambda work, jobs: (examine(task, apart=False) for task in work))
    book = ["--book", str(ROOT / "book")]
    assert main(["mutate", "even-taylor.log-bounds", "--sample", "6", "--json", *book]) == 1
    assert json.loads(capsys.readouterr().out)["accepted_false"]


def test_a_slug_or_book_that_is_not_there_is_refused():
    for given in (["no-such-article"], ["--book", "nowhere"]):
        run = subprocess.run([sys.executable, "-m", "qed", "mutate", *given], capture_output=True, text=True, cwd=ROOT)
        assert run.returncode == 2 and given[-1] in run.stderr and not run.stdout
