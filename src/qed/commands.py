"""What the commands do: read statements, judge each in a process of its own, collect stored claims."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .claims import stored
from .claims.verdict import decide
from .statements.errors import BadStatement
from .statements.language import statement

# Budgets are counts; the clock only stops what no count foresaw.
LAST_RESORT = 60.0
FIELDS = {"id": str, "statement": str, "domain": dict, "where": list}


class Unreadable(Exception):
    """A file cannot be read; the message names the entry and the field."""


def read(file: Path) -> list[dict[str, Any]]:
    """Read a list of statements in the corpus format.

    Parameters
    ----------
    file : pathlib.Path
        A JSON file: a list of objects with ``id``, ``statement``, ``domain`` and perhaps ``where`` and ``let``.

    Returns
    -------
    list of dict
        The entries as they stand.

    Raises
    ------
    Unreadable
        When the file is no such list.
    """
    try:
        entries = json.loads(file.read_text())
    except OSError as problem:
        raise Unreadable(f"{file}: {problem.strerror}") from None
    except ValueError as problem:
        raise Unreadable(f"{file}: not valid JSON: {problem}") from None
    if not isinstance(entries, list):
        raise Unreadable(f"{file}: not a list of statements")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise Unreadable(f"{file}: entry {number} is no object")
        for name, kind in FIELDS.items():
            if name == "where" and name not in entry:
                continue
            if not isinstance(entry.get(name), kind):
                raise Unreadable(
                    f"{file}: entry {number} ({entry.get('id', 'no id')}): {name!r} is missing or no {kind.__name__}"
                )
    return entries


def verdict(entry: dict[str, Any]) -> dict[str, Any]:
    """Judge one statement; whatever breaks is undecided, never accepted.

    Parameters
    ----------
    entry : dict
        An entry of the corpus format.

    Returns
    -------
    dict
        With ``id``, ``verdict``, ``engine`` and ``witness``.
    """
    answer: dict[str, Any] = {"id": entry["id"], "verdict": "undecided", "engine": "", "witness": None}
    try:
        judged = statement(entry["statement"], entry["domain"], tuple(entry.get("where", ())), entry.get("let"))
        found = decide(judged)
    except BadStatement as problem:
        return {**answer, "engine": f"not a statement: {problem}"}
    except Exception as problem:
        return {**answer, "engine": f"failed with {type(problem).__name__}: {problem}"}
    answer |= {"verdict": found.verdict, "engine": "; ".join(found.engines or found.tried)}
    if found.refuses:
        answer["witness"] = {**found.witness, "sides": list(found.sides)}
    return answer


def _send(work: Callable[[Any], Any], item: Any, out: Connection) -> None:
    out.send(work(item))


def alone(work: Callable[[Any], Any], item: Any, seconds: float = LAST_RESORT) -> tuple[Any, str]:
    """Do a piece of work in a process of its own, so that it can neither hang nor poison another.

    Returns
    -------
    tuple
        The result and an empty text; or None and the reason why there is no result.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["qed.commands", "qed.search.tactics", "z3"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(work, item, there), daemon=True)
    process.start()
    there.close()
    try:
        return (here.recv(), "") if here.poll(seconds) else (None, "stopped by the clock")
    except EOFError:
        return None, "its process died"
    finally:
        process.kill()
        process.join()


def in_order(work: Callable[[Any], Any], items: Iterable[Any], jobs: int | None = None) -> Iterator[Any]:
    """Do work for every item, `jobs` at a time (by default as many as there are cores); results in the same order."""
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        yield from pool.map(work, items)


def verdicts(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Judge statements, each in a process of its own, as many at a time as there are cores.

    Parameters
    ----------
    entries : list of dict
        Entries of the corpus format.

    Yields
    ------
    dict
        The verdicts, in the order of the entries.
    """

    def judged(entry: dict[str, Any]) -> dict[str, Any]:
        answer, why = alone(verdict, entry)
        return answer or {"id": entry["id"], "verdict": "undecided", "engine": why, "witness": None}

    return in_order(judged, entries)


def stored_claims(book: Path) -> list[dict[str, Any]]:
    """Collect the records of all claims from the stored outputs of a book's notebooks.

    Parameters
    ----------
    book : pathlib.Path
        The folder of the notebooks.

    Returns
    -------
    list of dict
        The records, in the order of the files' names.

    Raises
    ------
    Unreadable
        When there is no notebook, or one is not valid.
    """
    paths = sorted(book.glob("*.ipynb"))
    if not paths:
        raise Unreadable(f"{book}: no notebook there")
    found = []
    for path in paths:
        try:
            found += stored.records(stored.read(path))
        except stored.BadNotebook as problem:
            raise Unreadable(f"{path}: {problem}") from None
    return found
