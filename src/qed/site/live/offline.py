"""Collects Pyodide and the packages of the book's notebooks, so that a site can hold them itself.

The core comes from npm's package, wheels from the Python package index: as far as these hold them.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qed.site import live, notebooks
from qed.site.environment import NETWORK

LOCK = "pyodide-lock.json"
# What `qed` imports at once, and when one of its functions is called; worker.mjs has the same.
AT_ONCE = {"sympy", "flint"}
LATER = {"claim": {"z3"}, "judge": {"z3"}, "figure": {"numpy", "matplotlib"}, "explorer": {"numpy", "matplotlib"}}


class OfflineError(Exception):
    """Pyodide cannot be collected; the message says why and what to do."""


def collect(folder: Path, modules: Iterable[str], source: Path | None = None) -> tuple[list[str], dict[str, str]]:
    """Collect Pyodide and what these modules need.

    Parameters
    ----------
    folder : Path
        Where to put it. A folder that holds just this already is left as it is.
    modules : iterable of str
        Names of modules that notebooks import; those of the standard library cost nothing.
    source : Path, optional
        An unpacked distribution of Pyodide of the same version, from which what the registries lack is taken.

    Returns
    -------
    present : list of str
        The packages that are there.
    missing : dict
        For each package that is not: why.

    Raises
    ------
    OfflineError
        If the core cannot be had, or the package index not be asked.
    """
    about = live.pinned()
    order = json.dumps([about, sorted(set(modules)), str(source)])
    try:
        done = json.loads((folder / "collected.json").read_text(encoding="utf-8"))
        if done["order"] == order:
            return done["present"], done["missing"]
    except (OSError, ValueError, KeyError):
        pass
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    _core(fresh, about, source)
    lock = json.loads((fresh / LOCK).read_text(encoding="utf-8"))
    names = {module: name for name, one in lock["packages"].items() if not name.endswith("-tests")
             for module in one["imports"]}
    wanted = sorted({names[module] for module in modules if module in names})
    kept: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in wanted:
        parts = _with_dependencies(lock["packages"], name)
        got = {part: kept.get(part) or _package(fresh, lock, part, source) for part in parts}
        if lacking := sorted(part for part, entry in got.items() if entry is None):
            missing[name] = "no build for this Pyodide" if lacking == [name] else f"it needs {', '.join(lacking)}"
        else:
            kept |= {part: entry for part, entry in got.items() if entry}
    for module, pinned in about["wheels"].items():
        if module in modules:
            name, version = pinned["name"], pinned["version"]
            pattern = f"{name.replace('-', '_')}-{version}-*"
            file = _copy(fresh, source, pattern) or _download(fresh, lock, name, version)
            if file is None:
                missing[name] = "no build for this Pyodide"
                continue
            kept[name] = _entry(file, name, version, [module], [])
            if kept[name]["sha256"] != pinned["sha256"]:
                raise OfflineError(f"{file.name} is not that which this book is tested with; delete it where it comes "
                                   "from, or write its checksum into pyodide.json once it is tested.")
    files = {entry["file_name"] for entry in kept.values()} | set(about["sums"])
    for path in fresh.iterdir():
        if path.name not in files:
            path.unlink()
    lock["packages"] = dict(sorted(kept.items()))
    (fresh / LOCK).write_text(json.dumps(lock, sort_keys=True), encoding="utf-8")
    present = sorted(kept)
    done = {"order": order, "present": present, "missing": missing}
    (fresh / "collected.json").write_text(json.dumps(done), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return present, missing


def imported(book: Path) -> set[str]:
    """The modules that a book's notebooks import, and those that `qed` needs to run them."""
    found: set[str] = set()
    for path in sorted(book.glob("*.ipynb")):
        for cell in notebooks.code_cells(notebooks.read(path)):
            try:
                tree = ast.parse(notebooks.text(cell["source"]))
            except SyntaxError:
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add((node.module or "").partition(".")[0])
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    found |= LATER.get(node.func.id, set())
    return found | (AT_ONCE if "qed" in found else set())


def _core(folder: Path, about: dict[str, Any], source: Path | None) -> None:
    if source is not None:
        for name in about["sums"]:
            if not (source / name).exists():
                raise OfflineError(f"{source} is no distribution of Pyodide: it holds no {name}.")
            shutil.copy(source / name, folder)
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise OfflineError("npm, which fetches Pyodide, was not found. Install Node.js; or unpack a distribution "
                               f"of Pyodide {about['version']} and say where: make offline FROM=folder")
        with tempfile.TemporaryDirectory() as scratch:
            command = [npm, "pack", f"pyodide@{about['version']}", "--silent", "--fetch-retries=1",
                       "--pack-destination", scratch]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, cwd=scratch)
            packed = next(Path(scratch).glob("*.tgz"), None)
            if done.returncode or packed is None:
                cause = notebooks.first_line(done.stderr)
                raise OfflineError(f"npm could not fetch pyodide@{about['version']}: {cause}. Connect, then try again.")
            with tarfile.open(packed) as archive:
                for name in about["sums"]:
                    member = archive.extractfile(f"package/{name}")
                    assert member is not None
                    (folder / name).write_bytes(member.read())
    for name, expected in about["sums"].items():
        found = "sha384-" + base64.b64encode(hashlib.sha384((folder / name).read_bytes()).digest()).decode()
        if found != expected:
            raise OfflineError(f"{name} is not that of Pyodide {about['version']}, which this book is tested with.")


def _with_dependencies(packages: dict[str, Any], name: str) -> list[str]:
    found, left = [], [name]
    while left:
        one = left.pop()
        if one not in found:
            found.append(one)
            left += packages[one]["depends"]
    return found


def _package(folder: Path, lock: dict[str, Any], name: str, source: Path | None) -> dict[str, Any] | None:
    """Get a package of the distribution; its entry in the lock file, or None if nobody has it."""
    entry = lock["packages"][name]
    if source is not None and (source / entry["file_name"]).exists():
        shutil.copy(source / entry["file_name"], folder)
        return dict(entry)
    file = _download(folder, lock, name, entry["version"])
    return None if file is None else _entry(file, name, entry["version"], entry["imports"], entry["depends"])


def _entry(file: Path, name: str, version: str, imports: list[str], depends: list[str]) -> dict[str, Any]:
    return live.locked(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), name, version, imports, depends)


def _download(folder: Path, lock: dict[str, Any], name: str, version: str) -> Path | None:
    """Fetch a wheel for this Pyodide, or for any platform, from the package index; None if it holds none."""
    info = lock["info"]
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "1",
               "--no-deps", "--only-binary", ":all:", "--python-version", ".".join(info["python"].split(".")[:2]),
               "--platform", f"pyemscripten_{info['abi_version']}_{info['arch']}", "--dest", str(folder),
               f"{name}=={version}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    # Not the same as a wheel that does not exist, which would be kept as an answer.
    if done.returncode and NETWORK.search(done.stderr):
        raise OfflineError(f"The package index could not be asked for {name}=={version}. Connect, then try again.")
    return next(iter(set(folder.glob("*.whl")) - before), None)


def _copy(folder: Path, source: Path | None, pattern: str) -> Path | None:
    found = next(source.glob(pattern), None) if source else None
    return Path(shutil.copy(found, folder)) if found else None
