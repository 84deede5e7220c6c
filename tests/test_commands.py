"""The commands ``python -m qed judge`` and ``python -m qed check``."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT, store

from qed import bits, judge
from qed.claims.stored import MIME
from qed.commands import verdict
from qed.display.card import record

ACCEPTED = ("proved", "certified", "exhausted", "instances")
REJECTED = ("refuted", "undefined", "vacuous")


def qed(*arguments):
    """Run a command of the checker."""
    return subprocess.run([sys.executable, "-m", "qed", *arguments], capture_output=True, text=True, cwd=ROOT)


def test_the_command_judges_the_whole_corpus_right_in_the_order_of_the_file():
    file = ROOT / "tests" / "soundness" / "corpus.json"
    entries = json.loads(file.read_text())
    run = qed("judge", str(file))
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0 and [v["id"] for v in found] == [e["id"] for e in entries]
    pairs = list(zip(entries, found, strict=True))
    assert [e["id"] for e, v in pairs if not e["truth"] and v["verdict"] in ACCEPTED] == []
    assert [e["id"] for e, v in pairs if e["truth"] and v["verdict"] in REJECTED] == []
    # What the clock stopped says something of the machine, and nothing of the checker.
    assert sum(v["verdict"] == "undecided" and v["engine"] != "stopped by the clock" for v in found) <= 4
    assert all(v["witness"] for v in found if v["verdict"] in ("refuted", "undefined"))


def test_a_statement_that_does_not_parse_is_undecided_and_says_why():
    found = verdict({"id": "a", "statement": "x +* 2 > 0", "domain": {"x": "R"}})
    assert found["verdict"] == "undecided" and "does not parse" in found["engine"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not valid JSON"),
        ("{}", "not a list"),
        ("[1]", "entry 1 is no object"),
        ('[{"id": "a", "domain": {}}]', "entry 1 (a): 'statement'"),
        ('[{"id": "a", "statement": "1 < 2", "domain": []}]', "entry 1 (a): 'domain'"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_entry_and_field(tmp_path, text, what):
    file = tmp_path / "statements.json"
    file.write_text(text)
    run = qed("judge", str(file))
    assert run.returncode == 2 and what in run.stderr and not run.stdout


def test_a_missing_file_is_refused_by_name(tmp_path):
    run = qed("judge", str(tmp_path / "nothing.json"))
    assert run.returncode == 2 and "nothing.json" in run.stderr


SQUARE = judge("t.square", "x**2 >= 0", domain={"x": "R"}, control="x**2 > 0", known={})


def checked(folder, change=None, *claims):
    """Check a book of one notebook, with the record of its first claim changed."""
    store(folder, "t", *(claims or (SQUARE,)))
    notebook = json.loads((folder / "t.ipynb").read_text())
    notebook["cells"][1]["outputs"][0]["data"][MIME].update(change or {})
    (folder / "t.ipynb").write_text(json.dumps(notebook))
    run = qed("check", str(folder))
    return run.returncode, run.stdout.splitlines()


def test_check_judges_every_stored_claim_again_and_lists_grade_and_near_miss(tmp_path):
    """With controls that change a domain, a hypothesis or a definition, and a claim that uses another."""
    known = {"t.square": SQUARE}
    given = {"domain": {"x": "R"}, "known": known}
    claims = [
        SQUARE,
        judge("t.fourth", "x**4 >= 0", control={"statement": "x**3 >= 0", "x": "[-1, 1)"}, uses=["t.square"], **given),
        judge("t.where", "x > 1", where="x > 2", control={"where": ("x > 0",)}, **given),
        judge("t.free", "x > 1", where=("x > 2", "x < 9"), control={"where": ()}, source="adds: a remark", **given),
        judge("t.let", "Eq(f(x) - x, 1)", let={"f(u)": "u + 1"}, control={"let": {"f(u)": "u + 2"}}, **given),
        judge("t.joined", "x**2 + 1 > 0", because="one is positive", uses=["t.square"], control="x**2 > 0", **given),
        judge("t.words", "p + 0 <= p", domain={"p": bits(8)}, control="p + 1 > p", known={}),
    ]
    status, lines = checked(tmp_path, None, *claims)
    assert lines[-1] == "7 claims: 7 judged again, 0 stated in words; 0 failed" and status == 0
    assert lines[0] == "t.square  proved  near-miss refuted: x**2 > 0" and len(lines) == 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"grade": "certified"}, "grade was 'certified' and is 'proved'"),
        ({"engines": ["intuition"]}, "engines was ['intuition'] and is"),
        ({"statement": "x**2 > 1"}, "Refuted: t.square: x**2 > 1 is false"),
        ({"uses": ["t.gone"]}, "uses t.gone, and there is no such claim"),
        ({"domain": 3}, "its record cannot be judged: TypeError"),
        ({"control": {**record(SQUARE)["control"], "statement": "x**2 >= 0 - 1"}}, "Toothless: t.square"),
        ({"borrowed": {"s.gone": "0"}}, "t.square uses s.gone, and there is no such claim"),
    ],
    ids=["grade", "engine", "statement", "use", "record", "control", "elsewhere"],
)
def test_check_fails_where_a_record_says_what_is_not_so(tmp_path, change, told):
    status, lines = checked(tmp_path, change)
    assert status == 1 and any(line.startswith("  FAILED: ") and told in line for line in lines)
    assert lines[-1].endswith("1 failed")


def test_check_lists_a_claim_in_words_without_judging_it(tmp_path):
    status, lines = checked(tmp_path, {"words": "a sentence"})
    assert status == 0 and "stated in words and not judged again" in lines[0]
    assert lines[-1] == "1 claims: 0 judged again, 1 stated in words; 0 failed"


def test_progress_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    from qed import __main__ as commands

    commands._progress(1, 3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    commands._progress(1, 3)
    assert capsys.readouterr().err == "\r[" + "#" * 10 + " " * 20 + "] 1 of 3"


def test_check_refuses_a_folder_without_notebooks(tmp_path):
    run = qed("check", str(tmp_path))
    assert run.returncode == 2 and "no notebook" in run.stderr
