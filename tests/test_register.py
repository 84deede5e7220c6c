"""The register of claims, which remembers what the notebooks do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Book

from qed.site import notebooks, register
from qed.site.build import _inputs

CLAIMS = ["squares.nonnegative", "squares.sum"]


def claims(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs that hold claims."""
    return [out for _, out in notebooks.outputs(notebook) if notebooks.CLAIM in out.get("data", {})]


@pytest.fixture
def folder(small: Book) -> Path:
    """The notebooks of the tiny book, registered."""
    register.record(small.root / "book")
    return small.root / "book"


def regrade(book: Book, grade: str) -> None:
    """Give the first claim of the tiny book another grade."""
    notebook = book.notebook()
    claims(notebook)[0]["data"][notebooks.CLAIM]["effective"] = grade
    book.store(notebook)


def test_a_book_that_holds_what_is_registered_is_in_order(folder: Path):
    assert list(register.load(folder)) == CLAIMS
    assert register.faults(folder) == []


def test_a_claim_that_vanished_is_named_and_stays_registered(folder: Path, small: Book):
    notebook = small.notebook()
    for cell in notebooks.code_cells(notebook):
        cell["outputs"] = [out for out in cell["outputs"] if notebooks.label(out) != CLAIMS[0]]
    small.store(notebook)
    register.record(folder)
    (said,) = register.faults(folder)
    assert said.startswith(f"the claim {CLAIMS[0]}, proved, is in no notebook any more; if that is meant, ")


def test_an_article_that_vanished_is_seen_by_its_claims(folder: Path):
    (folder / "squares.ipynb").unlink()
    assert [said.split(",")[0] for said in register.faults(folder)] == [f"the claim {id}" for id in CLAIMS]


def test_a_grade_that_fell_is_named_and_the_higher_one_stays_registered(folder: Path, small: Book):
    regrade(small, "sampled")
    register.record(folder)
    (said,) = register.faults(folder)
    assert said.startswith(f"the claim {CLAIMS[0]} was proved and is sampled; if that is meant, ")


def test_a_grade_that_rose_is_registered_and_may_not_fall_again(folder: Path, small: Book):
    path = folder / register.NAME
    path.write_text(path.read_text().replace(f"{CLAIMS[0]} proved", f"{CLAIMS[0]} sampled"))
    assert register.faults(folder) == []
    register.record(folder)
    regrade(small, "sampled")
    assert len(register.faults(folder)) == 1


def test_a_claim_that_is_not_registered_is_named(folder: Path):
    (folder / register.NAME).unlink()
    assert register.faults(folder) == [
        f"the claim {id} is not in claims.txt; run: make refresh NB=squares" for id in CLAIMS]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda text: text.replace("proved", "shown", 1), "'squares.nonnegative shown' is no claim with one of the"),
     (lambda text: text + f"{CLAIMS[1]} cited\n", f"the claim {CLAIMS[1]} has a line already")],
)  # fmt: skip
def test_a_register_with_an_odd_line_or_two_of_one_claim_is_refused(
    folder: Path, change: Callable[[str], str], said: str
):
    path = folder / register.NAME
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=said):
        register.faults(folder)


def test_the_site_is_not_built_again_for_the_register(folder: Path, small: Book):
    before = _inputs(small.root)
    (folder / register.NAME).write_text("squares.other cited\n")
    assert _inputs(small.root) == before
