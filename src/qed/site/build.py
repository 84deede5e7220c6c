"""Building the site, safely.

The site is built in a staging folder and exchanged with the last good one only when nothing is wrong with it.
What was built from what is kept in a manifest of hashes, so that an unchanged book is recognised, and a page
that was damaged is not trusted.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import metadata
from pathlib import Path
from typing import Any

from qed.claims.elsewhere import quarrels
from qed.site import notebooks, register

PACKAGES = ("jupyter-book", "sphinx", "docutils", "myst-nb", "myst-parser",
            "sphinxcontrib-bibtex", "numpydoc", "sphinx-external-toc", "pygments", "mini-racer",
            "jinja2", "markdown-it-py", "matplotlib", "pillow", "resvg-py")

LOCAL = Path("_build", "pyodide")  # where Python for browsers is collected

# What helps when the system refuses to write.
HELP = {
    errno.ENOSPC: "make room on the disk, and build again",
    errno.EDQUOT: "make room on the disk, and build again",
    errno.EACCES: "make the folder writable, or clone the book elsewhere",
    errno.EROFS: "make the folder writable, or clone the book elsewhere",
}

Hashes = dict[str, str]

# MyST-NB gives line 2 of the third cell as line 30002.
_CELL = re.compile(r"(book/[^\s:]+\.ipynb):(\d+)\d{4}:")


class BuildError(Exception):
    """The book cannot be built; the message says why, a line for each cause."""


def build(root: Path, pyodide: str | None = None) -> str:
    """Build the site of the book at `root` into ``_build/html``, unless it is up to date.

    Parameters
    ----------
    root : Path
        The folder that holds _toc.yml.
    pyodide : str, optional
        Where Pyodide is, in place of what _config.yml says.

    Returns
    -------
    str
        A line that says where the site is.

    Raises
    ------
    BuildError
        If anything is wrong; the last good site stays as it was.
    """
    work = root / "_build"
    site, stage, manifest = work / "html", work / ".stage", work / "manifest.json"
    where = f"The site is at {os.path.relpath(site / 'index.html')}"
    with _lock(work):
        _recover(site)
        inputs, shown, known = _inputs(root, pyodide), _hashes(site), _load(manifest)
        if known == {**inputs, "site": shown}:
            return f"{where} (nothing changed)"
        if found := preflight(root):
            raise BuildError("\n".join(found))
        finished = stage / "finished"
        if not (known is not None and finished.exists() and known["site"] == shown == _hashes(stage / "html")
                and finished.read_bytes() == _digest(stage / "doctrees")
                and not _needs_fresh(root, known, inputs, finished)):
            _clear(stage)
        print("building the site ...", flush=True)
        # Sphinx warns of a page only when it reads it: the cache of a build that failed is not used again.
        finished.unlink(missing_ok=True)
        if warnings := _sphinx(root, stage, pyodide):
            refused = next((number for number in HELP if os.strerror(number) in warnings), None)
            raise OSError(refused, os.strerror(refused), str(stage)) if refused else BuildError(warnings)
        finished.write_bytes(_digest(stage / "doctrees"))
        fresh = work / "html.new"
        _clear(fresh)
        shutil.copytree(stage / "html", fresh)
        hashes = _hashes(fresh)
        _exchange(fresh, site)
        _store(manifest, {**inputs, "site": hashes})
    return where


def preflight(root: Path) -> list[str]:
    """List what is wrong with the book's files, without building anything."""
    from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

    toc = root / "_toc.yml"
    if not toc.exists():
        return ["_toc.yml: the table of contents is missing"]
    try:
        named = set(parse_toc_yaml(toc))
    except (MalformedError, ValueError) as error:
        return [f"_toc.yml: {notebooks.first_line(str(error))}"]
    except Exception as error:  # the YAML parser's own errors
        return [f"_toc.yml: not valid YAML: {' '.join(str(error).split())}"]
    pages = {path.relative_to(root).with_suffix("").as_posix(): path
             for path in sorted(root.glob("book/*.*")) if path.suffix in (".md", ".ipynb")}
    named = {name.removesuffix(".md").removesuffix(".ipynb") for name in named}
    found = [f"_toc.yml: names {name}, and there is no such page" for name in sorted(named - set(pages))]
    books: dict[str, dict[str, Any]] = {}
    for name, path in pages.items():
        if name not in named:
            found.append(f"{path.relative_to(root)}: missing from _toc.yml")
        if path.suffix == ".ipynb":
            try:
                books[str(path.relative_to(root))] = notebook = notebooks.read(path)
                wrong = notebooks.problems(notebook, path.stem)
            except notebooks.BadNotebook as error:
                wrong = [str(error)]
            found += [f"{path.relative_to(root)}: {line}" for line in wrong]
    if found := found or notebooks.missing_uses(books):
        return found
    claims = [claim.record for notebook in books.values() for claim in notebooks.claims(notebook)]
    return [f"book/{id.partition('.')[0]}.ipynb: {line}" for id, line in quarrels(claims)]


def _sphinx(root: Path, stage: Path, pyodide: str | None) -> str:
    """Build with Jupyter Book into the staging folder; return all warnings and errors."""
    notebooks.without_uris()
    import yaml
    from jupyter_book.sphinx import build_sphinx
    from sphinx.util.console import nocolor

    nocolor()
    heard = io.StringIO()
    try:
        with redirect_stderr(heard), redirect_stdout(heard):
            result = build_sphinx(
                str(root), str(stage / "html"), doctreedir=str(stage / "doctrees"), noconfig=True,
                path_config=str(root / "_config.yml"), quiet=True, warningiserror=True, keep_going=True,
                confoverrides={"external_toc_path": str(root / "_toc.yml"), "latex_individualpages": False,
                               **({"qed_pyodide": pyodide} if pyodide else {})},
            )
    except OSError as error:
        if error.errno in HELP:
            raise
        return f"{error.filename}: {error.strerror}"
    except yaml.YAMLError as error:
        return f"_config.yml: not valid YAML: {' '.join(str(error).split())}"
    text = _CELL.sub(lambda m: f"{m[1]}, {notebooks.cell_name(root / m[1], int(m[2]) - 1)}:",
                     heard.getvalue().replace(f"{root}/", "").strip())
    return re.sub(r"^(\S[^\n]*?): (?:WARNING|ERROR): ", r"\1: ", text, flags=re.MULTILINE) or (
        f"Sphinx failed: {result}" if result else "")


def _inputs(root: Path, pyodide: str | None = None) -> dict[str, Hashes]:
    """Hashes of all that the site is made from: the pages, and what surrounds all pages."""
    book = _hashes(root / "book")
    pages = {name: value for name, value in book.items() if name.endswith((".md", ".ipynb"))}
    if (changelog := root / "CHANGELOG.md").exists():  # the ledger shows a part of it
        pages["../CHANGELOG.md"] = _hash(changelog)
    frame = {name: value for name, value in book.items() if name not in pages and name != register.NAME}
    beside = ("_config.yml", "_toc.yml", "CHANGELOG.md")
    frame |= {name: _hash(root / name) for name in beside if (root / name).exists()}
    # The whole package, and not the site's part alone: the reference pages are made from its docstrings.
    frame |= {f"qed/{name}": value for name, value in _hashes(Path(__file__).parent.parent).items()}
    frame |= {name: metadata.version(name) for name in PACKAGES} | {"python": sys.version}
    collected = root / LOCAL / "collected.json"
    frame |= {"pyodide": pyodide or "", LOCAL.as_posix(): _hash(collected) if collected.exists() else ""}
    return {"pages": pages, "frame": frame}


def _needs_fresh(root: Path, old: dict[str, Hashes], new: dict[str, Hashes], finished: Path) -> bool:
    """Whether Sphinx's cache is of no use: the frame changed, or a page whose file time says it did not."""
    changed = [name for name, value in new["pages"].items() if old["pages"].get(name) != value]
    built = finished.stat().st_mtime
    late = [name for name in changed if (root / "book" / name).stat().st_mtime <= built]
    return old["frame"] != new["frame"] or bool(late)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hashes(folder: Path) -> Hashes:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: _hash(path) for name, path in names.items()
            if "__pycache__" not in name and ".ipynb_checkpoints" not in name}


def _digest(folder: Path) -> bytes:
    """One hash of all that is in a folder."""
    return hashlib.sha256(json.dumps(_hashes(folder)).encode()).digest()


def _clear(path: Path) -> None:
    """Remove what is there, a folder or whatever took its place."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _load(manifest: Path) -> dict[str, Hashes] | None:
    try:
        known: dict[str, Hashes] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and set(known) == {"pages", "frame", "site"} else None


def _store(manifest: Path, content: dict[str, Hashes]) -> None:
    notebooks.write(manifest, json.dumps(content, indent=1))


@contextmanager
def _lock(work: Path) -> Iterator[None]:
    """Keep a second build out; the system frees the lock even when this process is killed."""
    try:
        work.mkdir(exist_ok=True)
        with (work / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise BuildError("Another build of this book is running; wait until it has ended.") from None
    except OSError as error:
        raise BuildError(_sentence(error)) from None


def _sentence(error: OSError) -> str:
    """Say what the system refused, where, and what helps."""
    if isinstance(error, shutil.Error):  # a list of what could not be copied
        _, error.filename, why = error.args[0][0]
        error.errno = next((number for number in HELP if os.strerror(number) in why), None)
        error.strerror = os.strerror(error.errno) if error.errno else why
    hint = HELP.get(error.errno or 0, "nothing was changed")
    return f"Cannot write {error.filename or 'into _build'}: {error.strerror}; {hint}."


def _recover(site: Path) -> None:
    """Put the last good site back if a build was killed between two renames."""
    old = site.with_name("html.old")
    if old.exists():
        if site.exists():
            shutil.rmtree(old)
        else:
            old.rename(site)


def _exchange(fresh: Path, site: Path) -> None:
    """Put the fresh site in place of the last one: in one step where the system can, else in two renames."""
    old = site.with_name("html.old")
    if site.exists() and _swap(fresh, site):
        fresh.rename(old)
    else:
        if site.exists():
            site.rename(old)
        fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _swap(a: Path, b: Path) -> bool:
    """Exchange two folders atomically, if this system has a call for it."""
    libc = ctypes.CDLL(None)
    one, two, exchange, here = os.fsencode(a), os.fsencode(b), 2, -100
    if sys.platform == "linux" and hasattr(libc, "renameat2"):
        return bool(libc.renameat2(here, one, here, two, exchange) == 0)
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        return bool(libc.renamex_np(one, two, exchange) == 0)
    return False
