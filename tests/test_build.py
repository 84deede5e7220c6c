"""The build of the site: what it refuses, and what it leaves in place."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Book

from qed.site import build as module
from qed.site import notebooks
from qed.site.__main__ import main
from qed.site.build import BuildError, build


def refusal(book: Book) -> str:
    """Build, expect a refusal, return what it says."""
    with pytest.raises(BuildError) as error:
        build(book.root)
    return str(error.value)


def test_a_good_book_builds_and_the_last_line_says_where(small: Book, capsys: pytest.CaptureFixture[str]):
    assert main(["--root", str(small.root), "build"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("_build/html/index.html")
    assert {"index.html", "book/intro.html", "book/squares.html", "search.html"} <= set(small.files())


def test_a_notebook_with_a_stored_error_is_refused_by_name_cell_and_cause(small: Book):
    book = small.notebook()
    book["cells"][3]["outputs"] = [
        {"output_type": "error", "ename": "Refuted", "evalue": "squares.nonnegative: no", "traceback": []}
    ]
    small.store(book)
    assert "book/squares.ipynb: code cell 2: stored error Refuted: squares.nonnegative: no" in refusal(small)


def test_an_error_that_the_text_announces_is_no_error(small: Book):
    book = small.notebook()
    book["cells"][3]["metadata"]["tags"] = ["raises-exception"]
    book["cells"][3]["outputs"].append(
        {"output_type": "error", "ename": "Refuted", "evalue": "deliberately", "traceback": ["deliberately"]}
    )
    small.store(book)
    build(small.root)
    assert "deliberately" in (small.site / "book" / "squares.html").read_text()


def test_a_notebook_that_is_not_json_is_refused_by_name(small: Book):
    small.write("book/squares.ipynb", '{"cells": [')
    assert "book/squares.ipynb: not valid JSON" in refusal(small)


def test_a_notebook_without_cells_is_refused_by_name(small: Book):
    small.write("book/squares.ipynb", "[]")
    assert "book/squares.ipynb: not a notebook" in refusal(small)


def test_a_page_that_is_missing_from_the_table_of_contents_is_refused(small: Book):
    small.write("book/stray.md", "# Stray\n")
    assert "book/stray.md: missing from _toc.yml" in refusal(small)


def test_a_table_of_contents_that_names_no_page_is_refused(small: Book):
    (small.root / "book" / "squares.ipynb").unlink()
    assert "_toc.yml: names book/squares, and there is no such page" in refusal(small)


@pytest.mark.parametrize("folder", [".pytest_cache", ".venv/lib", "src/qed", "tests"])
def test_what_lies_beside_the_book_is_no_page_of_it(small: Book, folder: str):
    (small.root / folder).mkdir(parents=True)
    small.write(f"{folder}/README.md", "# Not a page\n")
    build(small.root)
    assert not [name for name in small.files() if "README" in name]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "is missing"), ("a: [", "not valid YAML"), ("format: jb-book\n", "_toc.yml:")],
    ids=["absent", "not YAML", "without root"],
)
def test_a_broken_table_of_contents_is_refused_in_one_line(small: Book, text: str | None, said: str):
    (small.root / "_toc.yml").unlink()
    if text is not None:
        small.write("_toc.yml", text)
    message = refusal(small)
    assert said in message
    assert "\n" not in message


def test_a_broken_configuration_is_refused_in_one_line(small: Book):
    small.write("_config.yml", "title: [\n")
    message = refusal(small)
    assert message.startswith("_config.yml: not valid YAML")
    assert "\n" not in message


def test_code_that_changed_after_its_outputs_were_stored_is_refused_with_the_command_that_helps(small: Book):
    book = small.notebook()
    book["cells"][3]["source"] = ["1 + 1"]
    small.store(book)
    message = refusal(small)
    assert "book/squares.ipynb" in message
    assert "make refresh NB=squares" in message


def test_changed_prose_needs_no_new_outputs(small: Book):
    book = small.notebook()
    book["cells"][1]["source"] = ["## Another heading\n"]
    small.store(book)
    build(small.root)
    assert "Another heading" in (small.site / "book" / "squares.html").read_text()


def test_code_cells_that_were_not_executed_in_order_are_refused(small: Book):
    book = small.notebook()
    book["cells"][3]["execution_count"] = 7
    small.store(book)
    assert "book/squares.ipynb: its code cells were not executed in order" in refusal(small)


@pytest.mark.parametrize(
    "text",
    ["[gone](#squares.gone)", "[gone](gone.md)", "{claim}`squares.gone`", "```{claim-card} squares.gone\n```",
     "[gone](squares.ipynb#squares.gone)", "[gone](bibliography.md#gone1900)"],
    ids=["link", "page", "role", "card", "link by file", "bibliography"],
)  # fmt: skip
def test_a_reference_to_what_does_not_exist_fails_warm_and_again_and_cold(small: Book, text: str):
    build(small.root)
    small.append("book/intro.md", text)
    for state in ("warm", "again", "cold"):
        if state == "cold":
            shutil.rmtree(small.root / "_build")
        message = refusal(small)
        assert "book/intro.md" in message
        assert "gone" in message


def test_all_problems_are_listed_at_once(small: Book):
    small.append("book/intro.md", "[gone](#squares.gone)")
    small.append("book/bibliography.md", "[lost](#squares.lost)")
    message = refusal(small)
    assert "squares.gone" in message
    assert "squares.lost" in message


def test_a_formula_that_katex_cannot_set_is_named_with_its_page(small: Book):
    small.append("book/intro.md", r"And $\frac{1}{$ here.")
    message = refusal(small)
    assert "book/intro.md" in message
    assert r"KaTeX cannot set '\\frac{1}{'" in message


def test_a_formula_in_a_card_that_katex_cannot_set_is_named_with_its_cell(small: Book):
    book = small.notebook()
    data = book["cells"][3]["outputs"][0]["data"]
    data["text/html"] = [line.replace(r"x^{2} \ge 0", r"\nosuchmacro") for line in data["text/html"]]
    small.store(book)
    message = refusal(small)
    assert "book/squares.ipynb, code cell 2" in message
    assert "nosuchmacro" in message


def test_a_failed_build_leaves_the_last_good_site_as_it_was(small: Book, capsys: pytest.CaptureFixture[str]):
    build(small.root)
    before = small.files()
    small.append("book/intro.md", "[gone](#squares.gone)")
    assert main(["--root", str(small.root), "build"]) == 1
    assert small.files() == before
    assert "The last good site is untouched." in capsys.readouterr().err


def test_an_unchanged_book_is_not_built_again(small: Book, monkeypatch: pytest.MonkeyPatch):
    build(small.root)
    monkeypatch.setattr(module, "_sphinx", lambda *_: pytest.fail("built again"))
    assert build(small.root).endswith("(nothing changed)")


@pytest.mark.parametrize("harm", ["truncate", "delete", "edit"])
def test_a_damaged_page_is_not_trusted(small: Book, harm: str):
    build(small.root)
    before = small.files()
    page = small.site / "book" / "squares.html"
    if harm == "delete":
        page.unlink()
    else:
        page.write_bytes(b"" if harm == "truncate" else page.read_bytes().replace(b"proved", b"proven"))
    build(small.root)
    assert small.files() == before


def test_a_page_truncated_in_the_staging_folder_is_not_trusted(small: Book):
    build(small.root)
    (small.root / "_build" / ".stage" / "html" / "book" / "squares.html").write_bytes(b"")
    small.append("book/intro.md", "One more sentence.")
    build(small.root)
    assert b"squares.nonnegative" in small.files()["book/squares.html"]


def test_an_edited_page_is_built_even_if_its_file_time_went_back(small: Book):
    build(small.root)
    small.append("book/intro.md", "One more sentence.")
    os.utime(small.root / "book" / "intro.md", (1, 1))
    build(small.root)
    assert b"One more sentence." in small.files()["book/intro.html"]


def test_a_card_shown_elsewhere_follows_its_notebook(small: Book):
    build(small.root)
    book = small.notebook()
    data = book["cells"][3]["outputs"][0]["data"]
    data["text/html"] = [line.replace("an even power", "a newer proof") for line in data["text/html"]]
    small.store(book)
    build(small.root)
    assert b"a newer proof" in small.files()["book/intro.html"]


def test_a_changed_title_reaches_the_side_bars_of_all_pages(small: Book):
    build(small.root)
    page = small.root / "book" / "bibliography.md"
    page.write_text(page.read_text().replace("# Bibliography", "# What was read"))
    build(small.root)
    assert b"What was read" in small.files()["book/intro.html"]
    assert b"Bibliography" not in small.files()["book/squares.html"]


def test_a_heading_that_others_link_to_cannot_go_unnoticed_on_a_warm_build(small: Book):
    small.append("book/bibliography.md", "## Journals\n")
    small.append("book/intro.md", "[the journals](bibliography.md#journals)")
    build(small.root)
    page = small.root / "book" / "bibliography.md"
    page.write_text(page.read_text().replace("## Journals", "## Papers"))
    message = refusal(small)
    assert "book/intro.md" in message
    assert "journals" in message


def test_a_claim_that_others_link_to_cannot_go_unnoticed_on_a_warm_build(small: Book):
    small.append("book/bibliography.md", "[the sum](squares.ipynb#squares.sum)")
    build(small.root)
    book = small.notebook()
    del book["cells"][-1]
    book["metadata"]["qed"]["code"] = notebooks.code_hash(book)
    small.store(book)
    message = refusal(small)
    assert "book/bibliography.md" in message
    assert "squares.sum" in message


def test_a_page_that_left_the_book_leaves_the_site(small: Book):
    small.append("_toc.yml", "      - file: book/extra")
    small.write("book/extra.md", "# Extra\n")
    build(small.root)
    assert "book/extra.html" in small.files()
    toc = (small.root / "_toc.yml").read_text()
    small.write("_toc.yml", toc.replace("      - file: book/extra\n", ""))
    (small.root / "book" / "extra.md").unlink()
    build(small.root)
    assert "book/extra.html" not in small.files()


def test_a_second_build_at_the_same_time_says_so(small: Book):
    (small.root / "_build").mkdir()
    with (small.root / "_build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another build of this book is running" in refusal(small)


@pytest.mark.parametrize("moment", ["_sphinx", "_exchange", "_store"])
def test_a_build_that_is_killed_leaves_a_whole_site_and_no_trust_in_the_rest(small: Book, moment: str):
    build(small.root)
    before = small.files()
    small.append("book/intro.md", "One more sentence.")
    kill = (
        f"import os, sys; from pathlib import Path; from qed.site import build as b\n"
        f"b.{moment} = lambda *_: os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        f"b.build(Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", kill, str(small.root)], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert moment == "_store" or small.files() == before
    build(small.root)
    after = small.files()
    assert b"One more sentence." in after["book/intro.html"]
    assert set(after) == set(before)


def test_a_warning_of_a_build_that_was_killed_after_reading_is_given_again(small: Book):
    build(small.root)
    small.append("book/intro.md", "{claim}`squares.gone`")
    kill = (
        f"import os, sys; from pathlib import Path; from qed.site.build import build\n"
        f"from sphinx.builders import Builder\n"
        f"Builder.write = lambda *_: os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        f"build(Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", kill, str(small.root)], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert "squares.gone" in refusal(small)


def test_a_site_that_was_moved_aside_when_the_build_was_killed_comes_back(small: Book):
    build(small.root)
    before = small.files()
    small.site.rename(small.site.with_name("html.old"))
    assert build(small.root).endswith("(nothing changed)")
    assert small.files() == before


def test_a_system_without_atomic_exchange_gets_the_new_site(small: Book, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_swap", lambda a, b: False)
    build(small.root)
    small.append("book/intro.md", "One more sentence.")
    build(small.root)
    assert b"One more sentence." in small.files()["book/intro.html"]
    assert not small.site.with_name("html.old").exists()


def test_a_folder_that_is_not_writable_is_named_in_one_line(small: Book, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)  # faked, since a superuser may write anywhere
    message = refusal(small)
    assert "Cannot write" in message
    assert "make the folder writable" in message
    assert "\n" not in message


def test_a_stock_jupyter_book_of_the_same_notebooks_builds_although_our_renderer_is_installed(small: Book):
    small.write("_config.yml", "title: Squares\nexecute:\n  execute_notebooks: 'off'\n")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(small.root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "proved" in (small.site / "book" / "squares.html").read_text()
