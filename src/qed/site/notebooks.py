"""Reading stored notebooks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qed.claims.record import FLAGS as FLAGS
from qed.claims.record import GRADES as GRADES
from qed.claims.stored import MIME, SCHEMA
from qed.claims.stored import BadNotebook as BadNotebook
from qed.claims.stored import code_cells as code_cells
from qed.claims.stored import outputs as outputs
from qed.claims.stored import read as read
from qed.claims.stored import text as text

CLAIM = MIME
LEDGER_SCHEMA = Path(__file__).parent / "ledger.schema.json"

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Claim:
    """A claim as a cell stored it: its record and its card."""

    record: dict[str, Any]
    card: str

    @property
    def id(self) -> str:
        """The claim's name, ``<slug>.<what-is-true>``."""
        return str(self.record["id"])


def code_hash(notebook: dict[str, Any]) -> str:
    """The hash of all code of a notebook, by which stale outputs are known."""
    sources = [text(cell["source"]) for cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def flags(record: dict[str, Any]) -> list[str]:
    """List what must not be overlooked about a claim."""
    return [label for key, label in FLAGS.items() if record[key] is not None]


def totals(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Count claims by effective grade and by flag; what no claim bears is left out."""
    grades = {grade: sum(record["effective"] == grade for record in records) for grade in GRADES}
    flagged = {flag: sum(flag in flags(record) for record in records) for flag in FLAGS.values()}
    present = [{name: n for name, n in counts.items() if n} for counts in (grades, flagged)]
    return {"claims": len(records), "grades": present[0], "flags": present[1]}


def summary(records: list[dict[str, Any]]) -> str:
    """Say how many claims there are, and how they are graded."""
    counts = totals(records)
    parts = ", ".join(f"{n} {name}" for name, n in [*counts["grades"].items(), *counts["flags"].items()])
    return f"{len(records)} claim{'s' if len(records) != 1 else ''}" + (f": {parts}" if parts else "")


def claims(notebook: dict[str, Any]) -> list[Claim]:
    """The claims that the notebook's outputs hold, in order."""
    data = [out.get("data", {}) for _, out in outputs(notebook)]
    return [Claim(d[CLAIM], text(d.get("text/html", ""))) for d in data if CLAIM in d]


def figures(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """What is stored about each figure: its name, caption and alternative text."""
    found = [out.get("metadata", {}).get("qed", {}) for _, out in outputs(notebook)]
    return [about for about in found if "figure" in about]


@lru_cache(None)
def _stored(path: Path, _mtime: int) -> tuple[dict[str, Claim], frozenset[str]]:
    notebook = read(path)
    return {c.id: c for c in claims(notebook)}, frozenset(f["figure"] for f in figures(notebook))


def stored(path: Path) -> tuple[dict[str, Claim], frozenset[str]]:
    """The claims by id, and the names of the figures, that a notebook file holds."""
    return _stored(path, path.stat().st_mtime_ns)


def problems(notebook: dict[str, Any], slug: str) -> list[str]:
    """What keeps a stored notebook from being published, a sentence each."""
    without_uris()
    import nbformat

    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        place = ", ".join(map(str, error.relative_path)) or "the whole"
        return [f"not a notebook: {place}: {first_line(error.message)[:100]}"]
    found = []
    cells = code_cells(notebook)
    for n, cell in enumerate(cells, 1):
        if "raises-exception" in cell.get("metadata", {}).get("tags", []):
            continue
        for out in cell["outputs"]:
            if out["output_type"] == "error":
                found.append(f"code cell {n}: stored error {out['ename']}: {first_line(out['evalue'])}")
    strange = [(n, version) for n, out in outputs(notebook) if (version := _version(out)) != SCHEMA]
    if strange:
        (n, version), more = strange[0], f" and {len(strange) - 1} others" if strange[1:] else ""
        found.append(f"code cell {n}{more}: the record of a claim is of version {version or 'unknown'}, and this build "
                     f"reads version {SCHEMA}; run: make refresh NB={slug}")
    else:
        found += [problem for n, out in outputs(notebook) for problem in _faults(n, out)]
    borne: dict[str, list[int]] = {}
    for n, out in outputs(notebook):
        if (name := label(out)) is not None:
            borne.setdefault(name, []).append(n)
            if not name.startswith(f"{slug}."):
                found.append(f"code cell {n}: the name {name} does not begin with {slug!r} and a dot")
    for name, places in borne.items():
        if len(places) > 1:
            where = " and ".join(f"code cell {n}" for n in places)
            found.append(f"{where}: the name {name} is borne by {len(places)} claims or figures")
    if notebook.get("metadata", {}).get("qed", {}).get("code") != code_hash(notebook):
        found.append(f"its code changed since its outputs were stored; run: make refresh NB={slug}")
    elif [cell.get("execution_count") for cell in cells] != list(range(1, len(cells) + 1)):
        found.append(f"its code cells were not executed in order; run: make refresh NB={slug}")
    return found


def label(out: dict[str, Any]) -> str | None:
    """The name of the claim or the figure that an output shows, if it shows one."""
    record = out.get("data", {}).get(CLAIM)
    name = record.get("id") if isinstance(record, dict) else out.get("metadata", {}).get("qed", {}).get("figure")
    return name if isinstance(name, str) else None


def _version(out: dict[str, Any]) -> Any:
    """The version of a claim's record; that of this build where an output holds none."""
    record = out.get("data", {}).get(CLAIM)
    return record.get("schema") if isinstance(record, dict) else SCHEMA


def _faults(n: int, out: dict[str, Any]) -> list[str]:
    """What is wrong with one output of code cell `n`."""
    data, place = out.get("data", {}), f"code cell {n}"
    about = out.get("metadata", {}).get("qed", {})
    if any(kind.startswith("image/") for kind in data) and not about.get("alt"):
        which = f"the figure {about['figure']}" if "figure" in about else "a picture"
        return [f"{place}: {which} has no alternative text; draw it with qed.figure, which makes one from the data"]
    if "figure" in about and not {"image/png", "text/html"} & set(data):
        return [f"{place}: the figure {about['figure']} has lost its picture"]
    if CLAIM not in data:
        return []
    record = data[CLAIM]
    name = f"{place}: the claim {record.get('id', 'without an id')}" if isinstance(record, dict) else place
    if not isinstance(record, dict):
        return [f"{name}: the record of a claim is no object"]
    wrong = dict.fromkeys(f"{name}: {_sentence(error)}" for error in _validator().iter_errors(record))
    return sorted(wrong) or ([] if "text/html" in data else [f"{name} has no card"])


def _sentence(error: Any) -> str:
    """Say what is wrong with a record."""
    if error.validator == "required":
        missing = ", ".join(key for key in error.validator_value if key not in error.instance)
        where = f" of {error.json_path[2:]}" if error.path else ""
        return f"its record lacks the field {missing}{where}"
    return f"{error.json_path[2:] or 'its record'}: {first_line(error.message)}"


def without_uris() -> None:
    """Keep jsonschema from loading a parser of URIs that takes 0.8 s to start and that nothing here uses."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@lru_cache(1)
def _validator() -> Any:
    without_uris()
    from jsonschema import Draft202012Validator

    schema = json.loads(LEDGER_SCHEMA.read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": "#/$defs/record", "$defs": schema["$defs"]})


def missing_uses(books: dict[str, dict[str, Any]]) -> list[str]:
    """List the claims that use what no notebook holds.

    Parameters
    ----------
    books : dict
        Notebooks by the name of their file, each without problems of its own.
    """
    known = {claim.id for notebook in books.values() for claim in claims(notebook)}
    found = []
    for name, notebook in books.items():
        for n, out in outputs(notebook):
            record = out.get("data", {}).get(CLAIM, {"uses": []})
            found += [f"{name}: code cell {n}: the claim {record['id']} uses {used}, and there is no such claim"
                      for used in record["uses"] if used not in known]
    return found


def cell_name(path: Path, index: int) -> str:
    """Name a cell as a reader counts it: the third code cell, the second text cell."""
    cells = read(path)["cells"][: index + 1]
    kind = cells[-1]["cell_type"]
    same = code_cells({"cells": cells}) if kind == "code" else [c for c in cells if c["cell_type"] == kind]
    return f"{'code' if kind == 'code' else 'text'} cell {len(same)}"


def first_line(message: str) -> str:
    """The first line of a message that says something."""
    return next((line.strip() for line in uncoloured(message).splitlines() if line.strip()), "no message")


def uncoloured(message: str) -> str:
    """A message without the colours of a terminal."""
    return _COLOUR.sub("", message)


def write(path: Path, content: str) -> None:
    """Write a file whole, or leave it as it was."""
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(content, encoding="utf-8")
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
