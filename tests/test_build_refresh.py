"""Executing notebooks and starting articles."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Book

from qed.site import notebooks
from qed.site.__main__ import main
from qed.site.build import build, preflight
from qed.site.new import NewError, new
from qed.site.refresh import RefreshError, in_order, refresh


def notebook(path: Path, *sources: str) -> Path:
    """Write a notebook that was never run."""
    cells = [{"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
             for source in sources]  # fmt: skip
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_a_notebook_is_stored_alike_from_run_to_run_and_may_be_published(tmp_path: Path):
    threads = "import os\nos.environ['OMP_NUM_THREADS']"
    path = notebook(tmp_path / "sets.ipynb", "print({'a', 'b', 'c'})", "", threads)
    assert refresh(path) == 2
    once = path.read_bytes()
    refresh(path)
    assert path.read_bytes() == once
    stored = notebooks.read(path)
    assert notebooks.problems(stored, "sets") == []
    assert set(stored["metadata"]) == {"kernelspec", "language_info", "qed"}
    assert notebooks.code_cells(stored)[1]["outputs"][0]["data"]["text/plain"] == ["'1'"]


def test_a_notebook_that_raises_is_named_with_cell_and_cause_and_left_as_it_was(tmp_path: Path):
    path = notebook(tmp_path / "bad.ipynb", "x = 1", "raise ValueError('no such\\nthing')")
    before = path.read_bytes()
    with pytest.raises(RefreshError, match=r"^bad.ipynb, code cell 2: ValueError: no such$"):
        refresh(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_notebooks_are_executed_after_those_whose_claims_they_use(tmp_path: Path):
    names = {"a-first": ["z-last.true", "gone.true"], "m-middle": [], "z-last": ["m-middle.true"]}
    paths = [notebook(tmp_path / f"{name}.ipynb", f"claim('{name}.x', 'y', uses={used})")
             for name, used in names.items()]  # fmt: skip
    assert [path.stem for path in in_order(paths)] == ["m-middle", "z-last", "a-first"]
    notebook(paths[1], "claim('m-middle.x', 'y', uses=['a-first.x'])")
    with pytest.raises(RefreshError, match=r"no order .*a-first.ipynb, which uses z-last.ipynb, which uses m-middle"):
        in_order(paths)
    paths[1].write_text("broken")
    assert set(in_order(paths)) == set(paths)


def test_a_notebook_that_never_ends_is_given_up_and_left_as_it_was(tmp_path: Path):
    path = notebook(tmp_path / "loop.ipynb", "while True: pass")
    before = path.read_bytes()
    with pytest.raises(RefreshError, match=r"^loop.ipynb, code cell 1: did not end within 2 s$"):
        refresh(path, timeout=2)
    assert path.read_bytes() == before


def test_an_interrupted_refresh_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = notebook(tmp_path / "sets.ipynb", "1 + 1")
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        refresh(path)
    assert path.read_bytes() == before


def test_a_kernel_that_dies_is_told_from_a_cell_that_raises(tmp_path: Path):
    path = notebook(tmp_path / "dead.ipynb", "import os; os._exit(1)")
    with pytest.raises(RefreshError, match=r"^dead.ipynb, code cell 1: the kernel died$"):
        refresh(path)


def test_a_file_that_is_no_notebook_is_not_executed(small: Book, capsys: pytest.CaptureFixture[str]):
    small.write("book/odd.ipynb", "{")
    assert main(["--root", str(small.root), "refresh", "odd"]) == 1
    said = capsys.readouterr().err
    assert "odd.ipynb: not valid JSON" in said
    assert said.splitlines()[-1] == "1 of 1 notebooks failed and were left as they were."


def test_a_refresh_registers_claims_and_says_which_ones_are_missing(small: Book, capsys: pytest.CaptureFixture[str]):
    (small.root / "book" / "claims.txt").write_text("squares.lost proved\n")
    notebook(small.root / "book" / "other.ipynb", "1 + 1")
    assert main(["--root", str(small.root), "refresh", "other"]) == 0
    assert "the claim squares.lost, proved, is in no notebook any more" in capsys.readouterr().err
    assert "\nsquares.sum proved\n" in (small.root / "book" / "claims.txt").read_text()


def test_where_a_notebook_cannot_be_read_nothing_is_registered(small: Book, capsys: pytest.CaptureFixture[str]):
    small.write("book/odd.ipynb", "{")
    notebook(small.root / "book" / "other.ipynb", "1 + 1")
    assert main(["--root", str(small.root), "refresh", "other"]) == 1
    assert "The claims were not registered: odd.ipynb: not valid JSON" in capsys.readouterr().err
    assert not (small.root / "book" / "claims.txt").exists()


def test_a_register_that_cannot_be_written_is_told_and_stays(
    small: Book, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (small.root / "book" / "claims.txt").write_text("squares.sum proved\n")
    notebook(small.root / "book" / "other.ipynb", "1 + 1")
    replace = os.replace

    def refuse(partial: Path, path: Path) -> None:
        if path.name == "claims.txt":
            raise OSError(28, "No space left on device", str(path))
        replace(partial, path)

    monkeypatch.setattr("os.replace", refuse)
    assert main(["--root", str(small.root), "refresh", "other"]) == 1
    assert "The claims were not registered: [Errno 28] No space left on device" in capsys.readouterr().err
    assert (small.root / "book" / "claims.txt").read_text() == "squares.sum proved\n"
    assert not list(small.root.glob("book/*.partial"))


def test_refreshing_an_article_that_does_not_exist_fails(small: Book, capsys: pytest.CaptureFixture[str]):
    assert main(["--root", str(small.root), "refresh", "nowhere"]) == 1
    assert "there is no book/nowhere.ipynb" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["build", "epub", "pdf", "serve", "offline", "refresh", "new my-question"])
def test_where_there_is_no_book_every_command_says_so_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    assert main(["--root", str(tmp_path), *command.split()]) == 1
    assert "holds no book: there is no _toc.yml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_site_that_was_not_built_is_not_served(small: Book, capsys: pytest.CaptureFixture[str]):
    assert main(["--root", str(small.root), "serve"]) == 1
    assert "build it first: make html" in capsys.readouterr().err


def test_a_new_article_stands_after_the_last_one_and_asks_to_be_executed(small: Book):
    path = new(small.root, "my-question")
    lines = (small.root / "_toc.yml").read_text().splitlines()
    assert lines[lines.index("      - file: book/squares") + 1] == "      - file: book/my-question"
    assert "SLUG" not in path.read_text()
    assert [line for line in preflight(small.root) if "make refresh NB=my-question" in line]


def test_a_new_article_can_be_executed_and_built_as_it_is(small: Book):
    refresh(new(small.root, "my-question"))
    build(small.root)
    assert (small.site / "book" / "my-question.html").exists()


@pytest.mark.parametrize("slug", ["My-Question", "my_question", "-x", "x-", "../x", "", "1st"])
def test_an_ill_formed_slug_is_refused_and_nothing_changes(small: Book, slug: str):
    toc = (small.root / "_toc.yml").read_bytes()
    with pytest.raises(NewError, match="is no slug"):
        new(small.root, slug)
    assert (small.root / "_toc.yml").read_bytes() == toc


@pytest.mark.parametrize("slug", ["squares", "intro"])
def test_a_slug_that_is_taken_is_refused(small: Book, slug: str):
    before = (small.root / "book" / "squares.ipynb").read_bytes()
    with pytest.raises(NewError, match="already"):
        new(small.root, slug)
    assert (small.root / "book" / "squares.ipynb").read_bytes() == before
