"""Claims of other articles: read from the stored outputs of their notebooks, never run."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..statements.errors import BadStatement
from . import stored
from .record import Claim, Control
from .verdict import read


def recall(record: dict[str, Any]) -> Claim:
    """Make a claim again from its record, as far as others may use it."""
    what, control, source = stored.said(record), record["control"], record["source"]
    judged = None if record["words"] is not None else read(
        what.statement, dict(what.domain), what.where, what.let
    )  # fmt: skip
    return Claim(
        record["id"], what.statement, judged, record["grade"], record["effective"], record["weakest"],
        tuple(record["engines"]), None,
        Control(control["statement"], None, control["verdict"], control["witness"], tuple(control["values"])),
        tuple(record["uses"]), record["because"], record["words"], record["cite"],
        (source["relation"], source["note"]) if source else None, record["certificate"], record.get("borrowed", {}),
    )  # fmt: skip


def with_elsewhere(known: Mapping[str, Claim], id: str, uses: Iterable[str], folder: Path) -> dict[str, Claim]:
    """Add to the known claims those of other articles that a claim uses, and all that these rest on.

    Parameters
    ----------
    known : mapping
        The claims that this process has accepted, by id.
    id : str
        The claim that is to be judged.
    uses : iterable of str
        Ids of the claims that it uses.
    folder : pathlib.Path
        Where the notebooks of the other articles lie.

    Returns
    -------
    dict
        By id. A claim that `uses` names and that is not there belongs to the article itself and was not made.

    Raises
    ------
    BadStatement
        When a notebook or a claim is missing, claims rest on one another in a circle, or a claim was judged by
        what another one says no longer.
    """
    found, notebooks = dict(known), dict[str, dict[str, Claim]]()
    own = id.partition(".")[0]
    todo: list[tuple[str, tuple[str, ...]]] = [(name, (id,)) for name in uses]
    while todo:
        name, path = todo.pop()
        if name == id:
            raise BadStatement(f"{id}: it would rest on itself: {' uses '.join((*path, name))}")
        article = name.partition(".")[0]
        if name not in found:
            if article == own and len(path) == 1:
                continue
            if article == own:
                raise BadStatement(
                    f"{id}: it uses {path[1]}, which rests on {name}, and this notebook has not made that claim before"
                )
            if article not in notebooks:
                notebooks[article] = _of_article(id, name, folder / f"{article}.ipynb")
            if name not in notebooks[article]:
                near = difflib.get_close_matches(name, notebooks[article], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise BadStatement(f"{id}: uses {name!r}, and {article}.ipynb stores no such claim{hint}")
            found[name] = notebooks[article][name]
        user = found.get(path[-1])
        if user is not None and user.borrowed.get(name, found[name].seal) != found[name].seal:
            raise BadStatement(
                f"{id}: uses {path[-1]}, which was judged when {name} had another statement or grade; "
                f"run first: make refresh NB={user.article}"
            )
        todo += [(next_one, (*path, name)) for next_one in found[name].uses]
    return found


def _of_article(id: str, name: str, file: Path) -> dict[str, Claim]:
    if not file.exists():
        raise BadStatement(
            f"{id}: uses {name!r} of another article, and {file.name} does not lie beside this notebook: "
            "put it into the same folder"
        )
    try:
        return {record["id"]: recall(record) for record in stored.records(stored.read(file))}
    except stored.BadNotebook as problem:
        raise BadStatement(f"{id}: uses {name!r}, and {file.name} cannot be read: {problem}") from None


def quarrels(records: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Find what is wrong between the articles of a book.

    Parameters
    ----------
    records : iterable of dict
        The records of all claims that the book stores.

    Yields
    ------
    tuple
        The id of a claim, and a sentence: it uses one that is not there, or has changed since, or rests on itself.
    """
    known = {record["id"]: record for record in records}
    for id, record in known.items():
        article = id.partition(".")[0]
        for name, seal in record.get("borrowed", {}).items():
            used = known.get(name)
            if used is None:
                yield id, f"{id} uses {name}, and there is no such claim"
            elif stored.seal(stored.said(used), used["effective"]) != seal:
                yield id, f"{id} uses {name}, which has changed since; run: make refresh NB={article}"
        circle = _circle(id, known)
        if circle and id == min(circle):
            yield id, f"claims rest on one another in a circle: {' uses '.join((*circle, id))}"


def _circle(id: str, known: Mapping[str, dict[str, Any]]) -> tuple[str, ...]:
    """Find a way along `uses` from a claim back to it; empty if there is none."""
    todo: list[tuple[str, ...]] = [(id,)]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        for name in known[path[-1]]["uses"]:
            if name == id:
                return path
            if name in known and name not in seen:
                seen.add(name)
                todo.append((*path, name))
    return ()
