"""Reading stored notebooks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qed.claims.stored import MIME
from qed.claims.stored import BadNotebook as BadNotebook
from qed.claims.stored import code_cells as code_cells
from qed.claims.stored import outputs as outputs
from qed.claims.stored import read as read
from qed.claims.stored import text as text

CLAIM = MIME


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
    found = []
    cells = code_cells(notebook)
    for n, cell in enumerate(cells, 1):
        if "raises-exception" in cell.get("metadata", {}).get("tags", []):
            continue
        for out in cell["outputs"]:
            if out["output_type"] == "error":
                found.append(f"code cell {n}: stored error {out['ename']}: {first_line(out['evalue'])}")
    ids = [out["data"][CLAIM]["id"] for cell in cells for out in cell["outputs"] if CLAIM in out.get("data", {})]
    found += [f"the claim id {id} is borne by {ids.count(id)} claims" for id in dict.fromkeys(ids) if ids.count(id) > 1]
    if notebook.get("metadata", {}).get("qed", {}).get("code") != code_hash(notebook):
        found.append(f"its code changed since its outputs were stored; run: make refresh NB={slug}")
    elif [cell.get("execution_count") for cell in cells] != list(range(1, len(cells) + 1)):
        found.append(f"its code cells were not executed in order; run: make refresh NB={slug}")
    return found


def cell_name(path: Path, index: int) -> str:
    """Name a cell as a reader counts it: the third code cell, the second text cell."""
    cells = read(path)["cells"][: index + 1]
    kind = cells[-1]["cell_type"]
    same = code_cells({"cells": cells}) if kind == "code" else [c for c in cells if c["cell_type"] == kind]
    return f"{'code' if kind == 'code' else 'text'} cell {len(same)}"


def first_line(message: str) -> str:
    """The first line of a message that says something."""
    return next((line.strip() for line in message.splitlines() if line.strip()), "no message")
