"""What the tests share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qed import Claim
from qed.claims.stored import MIME
from qed.display.card import record
from qed.site.notebooks import code_hash

ROOT = Path(__file__).parent.parent

collect_ignore = ["books"]  # tiny books for the tests of the build; they are not run


class Book:
    """A tiny book in a folder of its own, to be broken in one place."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def site(self) -> Path:
        """The folder of the built site."""
        return self.root / "_build" / "html"

    def write(self, name: str, text: str) -> Path:
        """Write a file of the book."""
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def append(self, name: str, text: str) -> None:
        """Add text to a page."""
        path = self.root / name
        path.write_text(path.read_text(encoding="utf-8") + "\n" + text + "\n", encoding="utf-8")

    def notebook(self, name: str = "squares") -> dict[str, Any]:
        """Read a notebook of the book."""
        return json.loads((self.root / "book" / f"{name}.ipynb").read_text(encoding="utf-8"))

    def store(self, notebook: dict[str, Any], name: str = "squares") -> Path:
        """Write a notebook of the book."""
        return self.write(f"book/{name}.ipynb", json.dumps(notebook, indent=1))

    def files(self) -> dict[str, bytes]:
        """All files of the built site."""
        return {str(p.relative_to(self.site)): p.read_bytes() for p in self.site.rglob("*") if p.is_file()}


def store(folder: Path, article: str, *claims: Claim) -> None:
    """Write a notebook in which each claim is the output of a cell."""
    cells = [
        {"cell_type": "code", "source": f"claim({c.id!r})", "execution_count": n, "id": f"cell-{n}", "metadata": {},
         "outputs": [{"output_type": "display_data", "data": {MIME: record(c)}, "metadata": {}}]}
        for n, c in enumerate(claims, 1)
    ]  # fmt: skip
    title = {"cell_type": "markdown", "source": f"# {article}", "id": "title", "metadata": {}}
    notebook = {"cells": [title, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook["metadata"] = {"qed": {"code": code_hash(notebook)}, "kernelspec": {"name": "python3"}}
    (folder / f"{article}.ipynb").write_text(json.dumps(notebook))


@pytest.fixture
def small(tmp_path: Path) -> Book:
    """A fresh copy of the tiny book, with the configuration of the real one."""
    root = tmp_path / "small"
    shutil.copytree(Path(__file__).parent / "books" / "small", root)
    shutil.copy(ROOT / "_config.yml", root)
    return Book(root)
