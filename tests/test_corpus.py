"""Statements with known truth: none that is false is accepted, none that is true rejected.

``soundness/corpus.json`` is the shared corpus, ``soundness/attacks.json`` what was written to break this checker,
``soundness/edges.json`` what holds or fails at an edge: a sum without terms, an end, a pole, a branch cut; and
``soundness/unseen.json`` what was written without looking at it, of all kinds; every truth has been derived twice.
`why` says how a false statement fails, or why a true one holds.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qed import QedError, Undecided, Vacuous, integers, judge, square
from qed.claims.record import GRADES, Claim

HERE = Path(__file__).parent / "soundness"
CORPUS = json.loads((HERE / "corpus.json").read_text(encoding="utf-8"))
ATTACKS = json.loads((HERE / "attacks.json").read_text(encoding="utf-8"))
EDGES = json.loads((HERE / "edges.json").read_text(encoding="utf-8"))
UNSEEN = json.loads((HERE / "unseen.json").read_text(encoding="utf-8"))
SECONDS = 120  # the last resort against a hang
STOPPED = "stopped by the clock"  # no verdict, and no figure of the checker's
EVERY = {entry["id"]: entry for entry in (*CORPUS, *ATTACKS, *EDGES, *UNSEEN)}


class Hang(BaseException):
    """The judge did not answer; no Exception, so that nothing may catch it and call it a verdict."""


@contextmanager
def a_stop() -> Iterator[None]:
    """Stop whatever runs too long."""

    def stop(*_: Any) -> None:
        raise Hang(f"no verdict within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def domain_of(text: str) -> Any:
    """Read a domain, ``integers(0,5)`` and ``square(2,3)`` included."""
    found = re.fullmatch(r"(integers|square)\((.*)\)", text)
    if not found:
        return text
    numbers = [int(part) for part in found[2].split(",")]
    return integers(*numbers) if found[1] == "integers" else square(*numbers)


def extras(entry: dict[str, Any]) -> dict[str, Any]:
    """Read what an entry or a lemma gives besides statement and domain."""
    return {key: entry[key] for key in ("where", "let", "because", "certificate") if key in entry}


def verdict(entry: dict[str, Any]) -> str:
    """Judge an entry: the grade of an acceptance, or the name of the error. Any other exception is a crash."""
    known: dict[str, Claim] = {}
    for number, lemma in enumerate(entry.get("lemmas", ())):
        id = f"lemma.number-{number}"
        domain = {n: domain_of(d) for n, d in lemma.get("domain", {}).items()}
        known[id] = judge(id, lemma["statement"], domain=domain, control="0 > 1", known=known, **extras(lemma))
    given = extras(entry)
    domain = {n: domain_of(d) for n, d in entry["domain"].items()}
    try:
        with a_stop():
            found = judge(
                "t.t",
                entry["statement"],
                domain=domain,
                control="0 > 1",
                uses=tuple(known),
                known=known,
                **given,
            )
    except Hang:
        return STOPPED
    except QedError as problem:
        assert str(problem).startswith("t.t: ") and "the engine failed" not in str(problem)
        return type(problem).__name__
    return found.grade


def is_wrong(entry: dict[str, Any], found: str) -> bool:
    """Tell whether a verdict contradicts the truth. Undecided never does."""
    if entry["truth"]:
        return found in ("Refuted", "Vacuous", "BadStatement", "Disagreement", "Toothless")
    return found in GRADES


def run(entries: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Judge entries; list the wrong verdicts, and the ids without one."""
    wrong, undecided = [], []
    for entry in entries:
        found = verdict(entry)
        if is_wrong(entry, found):
            wrong.append(f"{entry['id']} ({'true' if entry['truth'] else 'false'}, {found}): {entry['statement']}")
        if found == Undecided.__name__:
            undecided.append(entry["id"])
    return wrong, undecided


def test_no_false_statement_of_the_corpus_is_accepted_no_true_one_rejected_and_few_are_undecided() -> None:
    wrong, undecided = run(CORPUS)
    assert not wrong
    assert len(undecided) <= 16, undecided


@pytest.mark.parametrize("part", range(3))
def test_no_attack_passes_and_no_true_statement_falls_with_the_false_ones(part: int) -> None:
    wrong, undecided = run(ATTACKS[part::3])
    assert not wrong
    truths = {entry["id"] for entry in ATTACKS if entry["truth"]}
    assert len(truths & set(undecided)) <= 12, sorted(truths & set(undecided))


def test_nothing_false_passes_at_an_edge_and_nothing_true_falls_there() -> None:
    wrong, undecided = run(EDGES)
    assert not wrong
    truths = {entry["id"] for entry in EDGES if entry["truth"]}
    assert len(truths) >= 48 and len(EDGES) - len(truths) >= 130
    assert len(truths & set(undecided)) <= 16, sorted(truths & set(undecided))
    assert all(entry["why"] for entry in EDGES)


@pytest.mark.parametrize("part", range(3))
def test_statements_written_without_looking_at_the_checker_are_judged_right_as_well(part: int) -> None:
    wrong, undecided = run(UNSEEN[part::3])
    assert not wrong
    truths = {entry["id"] for entry in UNSEEN if entry["truth"]}
    assert len(truths & set(undecided)) <= 12, sorted(truths & set(undecided))


def test_contradictory_hypotheses_are_vacuous_in_the_corpus_format_too() -> None:
    entry = {"id": "V", "statement": "x > 0", "domain": {"x": "R"}, "where": ["x > 1", "x < 0"], "truth": False}
    assert verdict(entry) == Vacuous.__name__


def test_every_attack_has_a_truth_a_reason_and_a_name_of_its_own() -> None:
    assert len({e["id"] for e in ATTACKS}) == len(ATTACKS) >= 150
    assert all(isinstance(e["truth"], bool) and e["why"] for e in ATTACKS)
    assert sum(e["truth"] for e in ATTACKS) >= 60


def test_enough_unseen_statements_of_enough_kinds_have_a_truth_and_a_reason() -> None:
    assert len(EVERY) == len(CORPUS) + len(ATTACKS) + len(EDGES) + len(UNSEEN)
    assert len(UNSEEN) >= 120 and len({e["kind"] for e in UNSEEN}) >= 12
    assert all(isinstance(e["truth"], bool) and e["why"] for e in UNSEEN)
    assert sum(e["truth"] for e in UNSEEN) >= 45


def test_a_statement_that_is_stopped_by_the_clock_is_neither_accepted_nor_counted() -> None:
    assert not is_wrong({"truth": True}, STOPPED) and not is_wrong({"truth": False}, STOPPED)
    assert Undecided.__name__ != STOPPED and STOPPED not in GRADES


def test_a_wrong_truth_label_would_be_noticed() -> None:
    assert is_wrong({"truth": False}, "proved") and is_wrong({"truth": True}, "Refuted")
    assert not is_wrong({"truth": True}, "Undecided") and not is_wrong({"truth": False}, "Undecided")
