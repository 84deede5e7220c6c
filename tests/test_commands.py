"""The commands ``python -m qed judge`` and ``python -m qed check``."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from qed.commands import verdict

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


def test_check_lists_every_stored_claim_with_its_grade_and_refused_near_miss():
    run = qed("check", "book")
    lines = run.stdout.splitlines()
    assert run.returncode == 0 and lines[-1] == f"{len(lines) - 1} claims"
    assert any(line.startswith("even-taylor.positive  proved  near-miss refuted") for line in lines)


def test_check_refuses_a_folder_without_notebooks(tmp_path):
    run = qed("check", str(tmp_path))
    assert run.returncode == 2 and "no notebook" in run.stderr
