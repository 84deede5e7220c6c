"""Executing notebooks and storing their outputs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from qed.site import notebooks

TIMEOUT = 60  # seconds for one cell

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}


class RefreshError(Exception):
    """A notebook could not be executed; the message names notebook, cell and cause."""


def refresh(path: Path, timeout: int = TIMEOUT) -> int:
    """Execute a notebook in a fresh kernel and store its outputs: all of them or, if a cell fails, nothing.

    Parameters
    ----------
    path : Path
        The notebook.
    timeout : int
        Seconds after which a cell is given up.

    Returns
    -------
    int
        How many code cells ran.

    Raises
    ------
    RefreshError
        If the file is no notebook, or a cell raises or does not end.
    """
    try:
        notebooks.read(path)
        book = nbformat.read(path, as_version=4)
    except (notebooks.BadNotebook, nbformat.ValidationError) as error:
        raise RefreshError(f"{path.name}: {notebooks.first_line(str(error))}") from None
    running = [0]

    def count(cell: nbformat.NotebookNode, cell_index: int) -> None:
        running[0] += 1

    client = NotebookClient(
        book, timeout=timeout, kernel_name="python3", coalesce_streams=True,
        extra_arguments=["--log-level=40"],  # no advice about encryption between two processes of one machine
        resources={"metadata": {"path": str(path.parent)}}, on_cell_execute=count,
    )
    try:
        client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"})
    except CellExecutionError as error:
        cause = f"{error.ename}: {notebooks.first_line(error.evalue)}"
        raise RefreshError(f"{path.name}, code cell {running[0]}: {cause}") from None
    except CellTimeoutError:
        cause = f"did not end within {timeout} s"
        raise RefreshError(f"{path.name}, code cell {running[0]}: {cause}") from None
    except DeadKernelError:
        raise RefreshError(f"{path.name}, code cell {running[0]}: the kernel died") from None
    _store(book, path)
    return running[0]


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Sort notebooks so that each comes after those whose claims its code names.

    Raises
    ------
    RefreshError
        If notebooks use one another in a circle.
    """
    places = {path.stem: path for path in paths}
    uses: dict[Path, list[Path]] = {}
    for path in paths:
        try:
            code = "\n".join(notebooks.text(cell["source"]) for cell in notebooks.code_cells(notebooks.read(path)))
        except (OSError, notebooks.BadNotebook):  # it is refused by its name when its turn comes
            code = ""
        named = set(re.findall(r"[\"']([a-z0-9-]+)\.[a-z0-9-]+[\"']", code)) & set(places) - {path.stem}
        uses[path] = [places[name] for name in sorted(named)]
    try:
        return list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        circle = ", which uses ".join(path.name for path in reversed(error.args[1]))
        raise RefreshError(f"no order to execute in: {circle}; take one of these uses out") from None


def _store(book: nbformat.NotebookNode, path: Path) -> None:
    """Write the notebook with nothing in it that differs from run to run."""
    book.nbformat_minor = 5
    for number, cell in enumerate(book.cells, 1):
        cell.setdefault("id", f"cell-{number}")
        cell.metadata.pop("execution", None)
    book.metadata = nbformat.from_dict({
        "kernelspec": KERNEL, "language_info": LANGUAGE, "qed": {"code": notebooks.code_hash(book)},
    })
    try:
        notebooks.write(path, nbformat.writes(book, indent=1) + "\n")
    except OSError as error:
        raise RefreshError(f"{path.name}: its outputs cannot be stored: {error.strerror}") from None
