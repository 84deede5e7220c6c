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
    checking = commands.add_parser("check", help="list the claims stored in a book's notebooks")
    checking.add_argument("book", type=Path, nargs="?", default=Path("book"))
    given = parser.parse_args(arguments)
    return _judge(given.file) if given.command == "judge" else _check(given.book)


def _judge(file: Path) -> int:
    from .commands import Unreadable, read, verdicts

    try:
        entries = read(file)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    for done, verdict in enumerate(verdicts(entries), 1):
        print(json.dumps(verdict, ensure_ascii=False), flush=True)
        if sys.stderr.isatty():
            print(f"\r{done} of {len(entries)}", end="\n" if done == len(entries) else "", file=sys.stderr, flush=True)
    return 0


def _check(book: Path) -> int:
    from .commands import Unreadable, stored_claims

    try:
        claims = stored_claims(book)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    for claim in claims:
        control = claim["control"]
        print(f"{claim['id']}  {claim['effective']}  near-miss {control['verdict']}: {control['statement']}")
    print(f"{len(claims)} claims")
    return 0


if __name__ == "__main__":
    sys.exit(main())
