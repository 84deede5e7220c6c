"""Whether the checker accepts what is false, and how much it rejects: every mutant of every claim of the book."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from qed.commands import stored_claims
from qed.mutation import line, score, survey, tasks, total

BOOK = Path(__file__).parent.parent / "book"


def figures() -> dict[str, Any]:
    """Judge all mutants; list the false ones that were accepted, left undecided, or survived the hunt."""
    work = tasks(stored_claims(BOOK))
    scores = []
    for claim, examined in groupby(zip(work, survey(work), strict=True), key=lambda pair: pair[0].claim):
        scores.append(score(claim, [outcome for _, outcome in examined]))
        print("  " + line(scores[-1]).replace("\n", "\n  "), flush=True)
    return summary(scores)


def summary(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Add the scores of claims up, and name by claim what was not rejected."""
    found = total(scores)
    missed = {f"{kind} false": {one["claim"]: one[f"{kind}_false"] for one in scores if one[f"{kind}_false"]}
              for kind in ("accepted", "undecided", "survived")}  # fmt: skip
    return {
        "claims": len(scores), "mutants": found["mutants"], "false": found["false"], "unknown": found["unknown"],
        "false accepted": len(found["accepted_false"]), "false rejected": found["rejected_false"],
        "not rejected of the false": round(1 - found["rejected_false"] / max(found["false"], 1), 4),
        "rejected of the false": round(found["rejected_false"] / max(found["false"], 1), 4),
        "sharpness": found["sharpness"],
        "sharpness by claim": {one["claim"]: one["sharpness"] for one in scores}, **missed,
    }  # fmt: skip
