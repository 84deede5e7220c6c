"""The ways out of a page: its notebook, all notebooks, Colab, Binder, and the wheel that they install."""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html import escape
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, Book

from qed.site import live
from qed.site.build import LOCAL, BuildError, build
from qed.site.live import offline
from qed.site.live.offline import OfflineError, collect, imported


def line(book: Book, page: str = "squares") -> BeautifulSoup:
    """The line under a page's title."""
    text = (book.site / "book" / f"{page}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").select_one("article .qed-ways")


def set_repository(book: Book, address: str) -> None:
    """Name a repository in the configuration."""
    path = book.root / "_config.yml"
    path.write_text(path.read_text(encoding="utf-8") + f"\nrepository:\n  url: {address}\n", encoding="utf-8")


def test_the_line_stands_under_the_title_of_notebooks_only(small: Book):
    build(small.root)
    found = line(small)
    assert found.find_previous("h1").get_text().startswith("Is a square ever negative?")
    assert found.find_next("p", class_=False) is not None
    assert line(small, "intro") is None
    pages = {path.stem: path.read_text(encoding="utf-8") for path in small.site.glob("book/*.html")}
    assert [name for name, text in pages.items() if "runhere.js" in text] == ["squares"]
    button = found.select_one("button.qed-run-here")
    assert button["class"] == ["qed-run-here"]  # it shows when a script is there that it can start


def test_a_page_that_nobody_runs_carries_at_most_three_kilobytes_for_it(small: Book):
    build(small.root)
    script = (small.site / "_static" / "runhere.js").read_bytes()
    assert len(gzip.compress(script + str(line(small)).encode())) <= 3 * 1024
    assert b"eval" not in script and b"innerHTML" not in script


def test_colab_and_binder_are_there_when_the_repository_is_known_and_not_before(small: Book):
    build(small.root)
    assert [a.get_text() for a in line(small).select(".qed-ways > a")] == ["Notebook", "All notebooks"]
    wheel = line(small).select_one("code")
    assert wheel.get_text().startswith("%pip install qed_book-")
    assert (small.site / "book" / wheel["data-wheel"]).resolve().exists()
    set_repository(small, "https://github.com/someone/a-book")
    build(small.root)
    found = {a.get_text(): a["href"] for a in line(small).select("a")}
    assert found["Colab"] == "https://colab.research.google.com/github/someone/a-book/blob/main/book/squares.ipynb"
    assert found["Binder"] == "https://mybinder.org/v2/gh/someone/a-book/main?labpath=book%2Fsquares.ipynb"
    assert line(small).select_one("code").get_text() == "%pip install git+https://github.com/someone/a-book"
    text = (small.site / "book" / "squares.html").read_text(encoding="utf-8")
    assert text.count("mybinder.org") == text.count("colab.research") == 1


def test_a_repository_elsewhere_has_a_binder_and_no_colab(small: Book):
    set_repository(small, "https://codeberg.org/someone/a-book.git")
    build(small.root)
    found = {a.get_text(): a["href"] for a in line(small).select("a")}
    assert "Colab" not in found
    assert found["Binder"].startswith("https://mybinder.org/v2/git/https%3A%2F%2Fcodeberg.org%2Fsomeone%2Fa-book/main?")


def test_an_address_cannot_break_out_of_its_attribute():
    markup = live.ways("book/x", "../", 'https://example.org/"><script>alert(1)</script>')
    assert "<script>" not in markup and escape('"><script>') not in BeautifulSoup(markup, "html.parser").get_text()


def test_all_notebooks_come_in_one_archive_with_the_licence_and_equal_books_give_equal_bytes(small: Book):
    shutil.copy(ROOT / "LICENSE", small.root)
    build(small.root)
    first = (small.site / live.ARCHIVE).read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["squares.ipynb", "LICENSE"]
        assert json.loads(archive.read("squares.ipynb")) == small.notebook()
    (small.root / "book" / "squares.ipynb").touch()
    small.append("book/intro.md", "One sentence more.")
    build(small.root)
    assert (small.site / live.ARCHIVE).read_bytes() == first


def test_the_wheel_installs_and_judges_a_claim_without_the_site(tmp_path: Path):
    name, content = live.wheel()
    assert (name, content) == live.wheel()
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*command, str(tmp_path / name)], check=True, capture_output=True)
    assert (target / "qed" / "kernel").exists() and not (target / "qed" / "site").exists()
    code = "import qed; print(qed.__file__); qed.judge('a.b', 'x**2 >= 0', domain={'x': qed.R}, control='x**2 > 0')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(target)},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(target))


def test_qed_starts_without_what_only_figures_need():
    code = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'matplotlib', 'scipy'])); import qed"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_python_from_the_network_is_pinned_and_checked_to_the_last_file():
    found = live.settings("cdn", {}, "qed.whl")
    assert found["version"] in found["base"] and found["version"] in found["packages"]
    assert found["base"].startswith("https://") and found["packages"].startswith("https://")
    assert set(found["sums"]) >= {"pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip",
                                  "pyodide-lock.json"}  # fmt: skip
    for wheel in found["wheels"]:
        assert re.fullmatch("[0-9a-f]{64}", wheel["sha256"])
        # The index keeps a file under its BLAKE2 hash.
        name = f"{wheel['name'].replace('-', '_')}-{wheel['version']}"
        assert re.fullmatch(rf"https://\S+/packages/\w\w/\w\w/\w{{60}}/{name}-\S+\.whl", wheel["file_name"])
    assert {module for wheel in found["wheels"] for module in wheel["imports"]} == {"flint", "z3"}
    own = live.settings("pyodide", {}, "qed.whl")
    assert own["base"] == "../../pyodide/" and "sums" not in own


def test_a_folder_of_the_site_that_was_not_collected_stops_the_build_with_the_command(small: Book):
    settings = (small.root / "_config.yml").read_text(encoding="utf-8")
    small.write("_config.yml", settings.replace("qed_pyodide: cdn", "qed_pyodide: python"))
    with pytest.raises(BuildError, match="'python', a folder of the site.*run: make offline"):
        build(small.root)
    assert not small.site.exists()


def test_a_collected_folder_goes_into_the_site_and_a_later_build_from_the_network_takes_it_out(small: Book):
    for name in ("pyodide.mjs", "collected.json"):
        (small.root / LOCAL).mkdir(parents=True, exist_ok=True)
        (small.root / LOCAL / name).write_text("{}", encoding="utf-8")
    build(small.root, "pyodide")
    found = json.loads((small.site / live.FOLDER / "settings.json").read_text(encoding="utf-8"))
    assert ((small.site / live.FOLDER / found["base"]).resolve() / "pyodide.mjs").exists()
    build(small.root)
    found = json.loads((small.site / live.FOLDER / "settings.json").read_text(encoding="utf-8"))
    assert found["base"].startswith("https://") and not (small.site / "pyodide").exists()


def test_what_a_book_imports_is_known_from_its_code():
    found = imported(ROOT / "book")
    assert {"qed", "sympy", "flint", "z3", "numpy", "matplotlib"} <= found


def test_what_qed_needs_later_is_the_same_for_the_worker_and_for_a_site_that_holds_it_all():
    worker = (live.HERE / "worker.mjs").read_text(encoding="utf-8")
    said = re.search(r"const LATER = ({.*?});", worker)[1]
    assert {name: set(found) for name, found in json.loads(re.sub(r"(\w+):", r'"\1":', said)).items()} == offline.LATER
    at_once = re.search(r'found\.has\("qed"\)\) for \(const name of (\[.*?\])', worker)[1]
    assert set(json.loads(at_once)) == offline.AT_ONCE


def test_a_folder_that_is_no_pyodide_and_one_of_another_version_are_refused(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(OfflineError, match="holds no pyodide.mjs"):
        collect(tmp_path / "target", ["sympy"], source)
    for name in live.pinned()["sums"]:
        (source / name).write_text("other", encoding="utf-8")
    with pytest.raises(OfflineError, match="pyodide.mjs is not that of Pyodide"):
        collect(tmp_path / "target", ["sympy"], source)


def test_an_index_that_does_not_answer_is_not_taken_for_one_that_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lock = {"info": {"python": "3.14.2", "abi_version": "2026_0", "arch": "wasm32"}, "packages": {}}
    monkeypatch.setattr(offline, "_core", lambda folder, *_: (folder / offline.LOCK).write_text(json.dumps(lock)))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")  # the port of "discard", at which nothing listens
    with pytest.raises(OfflineError, match=r"could not be asked for python-flint==.*Connect, then try again"):
        collect(tmp_path / "target", ["flint"])
    assert not (tmp_path / "target").exists()
    source = tmp_path / "source"
    source.mkdir()
    about = live.pinned()
    name, version = about["wheels"]["flint"]["name"], about["wheels"]["flint"]["version"]
    (source / f"{name.replace('-', '_')}-{version}-a.whl").write_text("a wheel", encoding="utf-8")
    with pytest.raises(OfflineError, match=f"{version}-a.whl is not that which this book is tested with"):
        collect(tmp_path / "target", ["flint"], source)
    assert not (tmp_path / "target").exists()
    about["wheels"]["flint"]["sha256"] = hashlib.sha256(b"a wheel").hexdigest()
    monkeypatch.setattr(live, "pinned", lambda: about)
    assert collect(tmp_path / "target", ["flint"], source) == ([name], {})


def test_without_npm_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OfflineError, match="npm, which fetches Pyodide, was not found. Install Node.js"):
        collect(tmp_path / "target", ["sympy"])


def test_no_file_of_running_cells_calls_eval_or_writes_a_handler_into_html():
    for path in live.HERE.glob("*.mjs"):
        text = path.read_text(encoding="utf-8")
        assert "eval(" not in text and "new Function" not in text, path.name
    for node in ast.walk(ast.parse((live.HERE / "shell.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert {(name or "").partition(".")[0] for name in names} <= sys.stdlib_module_names
