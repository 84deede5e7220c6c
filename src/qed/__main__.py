"""The checker's commands: ``python -m qed``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m qed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="judge the statements of a file, one JSON verdict a line")
    judging.add_argument("file", type=Path)
    checking = commands.add_parser("check", help="judge the claims stored in a book's notebooks again, and list them")
    checking.add_argument("book", type=Path, nargs="?", default=Path("book"))
    checking.add_argument("--jobs", type=int, metavar="N", help="how many at a time; as many as there are cores")
    mutating = commands.add_parser("mutate", help="change every claim in one place and judge the outcome")
    mutating.add_argument("slug", nargs="?", help="an article or a claim; all of them if left out")
    mutating.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each claim, always the same")
    mutating.add_argument("--book", type=Path, default=Path("book"), metavar="FOLDER")
    mutating.add_argument("--jobs", type=int, metavar="N", help="how many at a time; as many as there are cores")
    mutating.add_argument("--json", action="store_true", help="one JSON object a claim")
    given = parser.parse_args(arguments)
    if given.command == "mutate":
        return _mutate(given)
    return _judge(given.file) if given.command == "judge" else _check(given.book, given.jobs)


def _judge(file: Path) -> int:
    from .commands import Unreadable, read, verdicts

    try:
        entries = read(file)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    for done, verdict in enumerate(verdicts(entries), 1):
        _say(json.dumps(verdict, ensure_ascii=False))
        _progress(done, len(entries))
    return 0


def _progress(done: int, all: int) -> None:
    """Draw a bar beneath the lines, on a terminal only."""
    if sys.stderr.isatty():
        bar = "#" * (30 * done // max(all, 1))
        print(f"\r[{bar:<30}] {done} of {all}", end="\n" if done == all else "", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    """Print a line in the place of the bar."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(text, flush=True)


def _check(book: Path, jobs: int | None) -> int:
    from .claims.elsewhere import quarrels
    from .commands import Unreadable, checks, stored_claims

    try:
        claims = stored_claims(book)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    told = dict[str, list[str]]()
    for id, sentence in quarrels(claims):
        told.setdefault(id, []).append(sentence)
    failed = words = 0
    for done, (claim, found) in enumerate(checks(claims, jobs), 1):
        control, wrong = claim["control"], [*told.get(claim["id"], ()), *found]
        grade = claim["effective"] + ("" if claim["words"] is None else ", stated in words and not judged again")
        _say(f"{claim['id']}  {grade}  near-miss {control['verdict']}: {control['statement']}")
        for sentence in wrong:
            _say(f"  FAILED: {sentence}")
        failed, words = failed + bool(wrong), words + (claim["words"] is not None)
        _progress(done, len(claims))
    _say(f"{len(claims)} claims: {len(claims) - words} judged again, {words} stated in words; {failed} failed")
    return 1 if failed else 0


def _mutate(given: argparse.Namespace) -> int:
    from .commands import Unreadable, stored_claims
    from .mutation import line, score, survey, tasks, total

    try:
        claims = stored_claims(given.book)
        work = tasks(claims, given.slug, given.sample)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    order = [task.claim for task in work]
    scores, outcomes = [], []
    for done, outcome in enumerate(survey(work, given.jobs), 1):
        outcomes.append(outcome)
        _progress(done, len(work))
        if done == len(work) or order[done] != order[done - 1]:
            scores.append(score(order[done - 1], outcomes))
            _say(json.dumps(scores[-1], ensure_ascii=False) if given.json else line(scores[-1]))
            outcomes = []
    if not given.json:
        print(line(total(scores)))
        for claim in claims:
            if claim["latex"] is None and given.slug in (None, claim["id"], claim["id"].partition(".")[0]):
                print(f"{claim['id']}  stated in words: not mutable")
    return 1 if any(found["accepted_false"] for found in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
