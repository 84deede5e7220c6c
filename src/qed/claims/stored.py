"""Claims as the outputs of notebooks hold them, read without running anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MIME = "application/vnd.qed.claim+json"
SCHEMA = 1  # the version of the record, which every record tells


class BadNotebook(ValueError):
    """A notebook file that cannot be read as one."""


def read(path: Path) -> dict[str, Any]:
    """Read a notebook file, or say in one sentence why it is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadNotebook(f"not valid JSON: {error}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise BadNotebook("not a notebook: it has no list of cells")
    if not all(isinstance(cell, dict) for cell in notebook["cells"]):
        raise BadNotebook("not a notebook: one of its cells is no object")
    return notebook


def text(value: str | list[str]) -> str:
    """Join the lines of a source or an output."""
    return value if isinstance(value, str) else "".join(value)


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the code cells with something in them, in order; the first is code cell 1."""
    return [c for c in notebook["cells"] if c.get("cell_type") == "code" and text(c.get("source", "")).strip()]


def outputs(notebook: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Give all stored outputs with the number of their code cell."""
    return [(n, out) for n, cell in enumerate(code_cells(notebook), 1) for out in cell.get("outputs", [])]


def records(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the records of the claims that the notebook's outputs hold, in order."""
    return [out["data"][MIME] for _, out in outputs(notebook) if MIME in out.get("data", {})]


@dataclass(frozen=True)
class Said:
    """What a claim says, as text: the statement, a set for each variable, hypotheses and definitions."""

    statement: str
    domain: dict[str, str]
    where: tuple[str, ...]
    let: dict[str, str]


def said(record: dict[str, Any]) -> Said:
    """Read from a record what its claim says."""
    let = dict(definition["text"].split(" = ", 1) for definition in record["let"])
    domain = {variable["name"]: variable["set"] for variable in record["domain"]}
    return Said(record["statement"], domain, tuple(dict.fromkeys(w["text"] for w in record["where"])), let)


def seal(what: Said, effective: str) -> str:
    """Give a short hash of what a claim says and of its effective grade."""
    return hashlib.sha256(json.dumps([asdict(what), effective], sort_keys=True).encode()).hexdigest()[:16]
