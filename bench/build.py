"""How long building and verifying take, against stock Jupyter Book, stock nbval and the cells alone.

All work on copies of the book. Seconds are of the clock for the build, which somebody waits for, and of the processors
for what is compared with the cells, which other work on the machine disturbs less; those of all child processes are in
them.

The generated books repeat the stored articles under other names: they show how the build grows with the number of
pages.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from verification import CELLS, NBVAL, seconds

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("ROUNDS", "3"))
GENERATED = (104, 208)
THREADS = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
SITE = [sys.executable, "-m", "qed.site", "--root"]

STOCK = """title: Executable derivations
execute:
  execute_notebooks: force
  timeout: 300
sphinx:
  config:
    bibtex_bibfiles: [book/references.bib]
"""

def run(command: list[str], cwd: Path, fails: bool = False) -> tuple[float, float]:
    """Run a command; return the seconds it took, of the clock and of the processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **THREADS})
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode and not fails:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def copy(folder: Path) -> Path:
    """Copy what the book is made from."""
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("_config.yml", "_toc.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def generate(folder: Path, number: int) -> Path:
    """Write a book of so many articles: the stored ones, again and again, under other names."""
    from qed.site import notebooks

    copy(folder)
    articles = sorted((folder / "book").glob("*.ipynb"))
    names = []
    for place in range(number):
        source = articles[place % len(articles)]
        name = f"{source.stem}-{place}"
        text = source.read_text(encoding="utf-8").replace(f"{source.stem}.", f"{name}.")
        notebook = json.loads(text)
        notebook["metadata"]["qed"]["code"] = notebooks.code_hash(notebook)
        (folder / "book" / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        names.append(f"      - file: book/{name}\n")
    toc = (folder / "_toc.yml").read_text(encoding="utf-8")
    (folder / "_toc.yml").write_text(f"{toc}  - caption: Generated\n    chapters:\n{''.join(names)}", encoding="utf-8")
    return folder


def builds(book: Path) -> dict[str, float]:
    """Time the build of a book: from nothing, after an edit, and of an unchanged book."""
    command = [*SITE, str(book), "build"]
    page = next(iter(sorted((book / "book").glob("*.ipynb"))))
    times: dict[str, list[float]] = {"cold": [], "edited": [], "unchanged": []}
    for round_ in range(ROUNDS):
        shutil.rmtree(book / "_build", ignore_errors=True)
        times["cold"].append(run(command, book)[0])
        notebook = json.loads(page.read_text(encoding="utf-8"))
        notebook["cells"][0]["source"] = [*notebook["cells"][0]["source"], f"\n\nSentence {round_}."]
        page.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        times["edited"].append(run(command, book)[0])
        times["unchanged"].append(run(command, book)[0])
    return {name: statistics.median(each) for name, each in times.items()}


def figures() -> dict[str, Any]:
    """Measure, and print the figures as they come."""
    found: dict[str, Any] = {"load before": round(os.getloadavg()[0], 1)}

    def tell(name: str, value: float, digits: int = 2) -> None:
        found[name] = round(value, digits)
        print(f"  {name:<60}{found[name]:>10,}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for folder in ("ours", "26", "stock", *map(str, GENERATED)):
            (scratch / folder).mkdir()
        articles = [str(path) for path in sorted((ROOT / "book").glob("*.ipynb"))]
        found["articles"] = len(articles)
        ours = builds(copy(scratch / "ours"))
        for key, value in ours.items():
            tell(f"build of the book, {key}, s", value)
        for key, value in builds(generate(scratch / "26", 26)).items():
            tell(f"build of 26 generated articles, {key}, s", value)
        alone = seconds(["-c", CELLS, *articles])
        tell("the cells alone, CPU s", alone, 1)
        shutil.rmtree(scratch / "ours" / "_build")
        cpu = run([*SITE, str(scratch / "ours"), "build"], scratch)[1]
        tell("our build, CPU s", cpu, 1)
        verify = seconds([*NBVAL, *articles])
        tell("our verification, CPU s", verify, 1)
        tell("our verification and build to the cells alone", (verify + cpu) / alone)
        stock = copy(scratch / "stock")
        (stock / "_config.yml").write_text(STOCK, encoding="utf-8")
        jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
        wall, cpu = run([jupyter_book, "build", str(stock)], stock, fails=True)
        tell("stock Jupyter Book with execution, s", wall, 1)
        tell("our build from nothing to stock Jupyter Book with execution", ours["cold"] / wall, 3)
        verify = seconds([*NBVAL, "-c", os.devnull, "--rootdir", str(ROOT), *articles])
        tell("stock nbval, CPU s", verify, 1)
        tell("stock nbval and Jupyter Book to the cells alone", (verify + cpu) / alone)
        for number in GENERATED:
            book = generate(scratch / str(number), number)
            wall, cpu = run([*SITE, str(book), "build"], book)
            tell(f"build of {number} generated articles, cold, s", wall, 1)
            shutil.rmtree(book)
    return found
