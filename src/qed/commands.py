"""What the commands do: read statements and stored claims, and judge each in a process of its own."""

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
from .claims.elsewhere import recall
from .claims.record import judge
from .claims.verdict import decide
from .claims.verdict import read as read_statement
from .display.card import record
from .statements.errors import BadStatement, QedError

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
        entries = json.loads(file.read_text(encoding="utf-8"))
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
        judged = read_statement(entry["statement"], entry["domain"], tuple(entry.get("where", ())), entry.get("let"))
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


def asked(claim: dict[str, Any]) -> dict[str, Any]:
    """Read from a record what its author asked to be judged: the arguments of :func:`qed.judge`."""
    what, control, source = stored.said(claim), claim["control"], claim["source"]
    missed: dict[str, Any] = {"statement": control["statement"]}
    given = [change["set"] for change in control["domain"] if change["name"] == "where"]
    if given:
        missed["where"] = tuple(dict.fromkeys(text for text in given if text != "no hypothesis"))
    let = dict(change["set"].split(" = ", 1) for change in control["domain"] if change["name"] == "let")
    if let:
        missed["let"] = let
    missed |= {change["name"]: change["set"] for change in control["domain"] if change["name"] not in ("where", "let")}
    return {
        "id": claim["id"], "stated": what.statement, "domain": what.domain, "where": what.where, "let": what.let,
        "control": missed, "uses": tuple(claim["uses"]), "because": claim["because"], "cite": claim["cite"],
        "certificate": claim["certificate"],
        "source": None if source is None else ": ".join(part for part in (source["relation"], source["note"]) if part),
    }  # fmt: skip


def again(work: tuple[dict[str, Any], list[dict[str, Any]]]) -> list[str]:
    """Judge a stored claim again, with the stored claims that it uses; say what is not as its record has it.

    Parameters
    ----------
    work : tuple
        The record, and those of the claims in its `uses`.

    Returns
    -------
    list of str
        A sentence for each difference; empty if there is none.
    """
    claim, used = work
    try:
        found = record(judge(**asked(claim), known={other["id"]: recall(other) for other in used}))
    except QedError as problem:
        return [f"{type(problem).__name__}: {problem}"]
    except Exception as problem:
        return [f"its record cannot be judged: {type(problem).__name__}: {problem}"]
    fresh = json.loads(json.dumps(found))
    claim = {**claim, "control": dict(claim["control"])}
    for one in (fresh, claim):  # definitions stand in the author's order, which the record does not tell
        one["control"]["domain"] = sorted(one["control"]["domain"], key=lambda change: (change["name"], change["set"]))
    keys = [key for key in {**claim, **fresh} if claim.get(key) != fresh.get(key)]
    return [f"{key} was {claim.get(key)!r} and is {fresh.get(key)!r}" for key in keys]


def checks(claims: list[dict[str, Any]], jobs: int | None = None) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Judge every stored claim again, each in a process of its own.

    Parameters
    ----------
    claims : list of dict
        The records of a book.
    jobs : int
        How many at a time; as many as there are cores if None.

    Yields
    ------
    tuple
        A record and what is not as it has it. A claim stated in words is not judged, since its check function stands
        in its notebook only.
    """
    known = {claim["id"]: claim for claim in claims}

    def checked(claim: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        if claim["words"] is not None:
            return claim, []
        missing = [name for name in claim["uses"] if name not in known]
        if missing:
            return claim, [f"it uses {missing[0]}, and there is no such claim"]
        found, why = alone(again, (claim, [known[name] for name in claim["uses"]]))
        return claim, [f"no verdict: {why}"] if found is None else found

    return in_order(checked, claims, jobs)
