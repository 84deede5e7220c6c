"""How long building and verifying take, against stock Jupyter Book, stock nbval and the cells alone.

All work on copies of the book, except verification, which reads it. Seconds are of the clock for the build, which
somebody waits for, and of the processors for what is compared with the cells, which other work on the machine disturbs
less; those of all child processes are in them. What is compared is measured in turns, so that what else the machine
does falls on all alike, and each ratio is one within a turn.

The generated books hold the stored articles and repeat them under other names: they show how the build grows with the
number of pages.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _spread import spread

ROOT = Path(__file__).resolve().parent.parent
TURNS = int(os.environ.get("TURNS", "3"))
GENERATED = (104, 208)
THREADS = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
SITE = [sys.executable, "-m", "qed.site", "--root"]
NBVAL = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-cell-timeout=300"]
STOCK = """title: Executable derivations
execute:
  execute_notebooks: force
  timeout: 300
sphinx:
  config:
    bibtex_bibfiles: [book/references.bib]
"""

# All cells in one process, which imports once: what no way of running them can undercut. Tells the seconds of each.
CELLS = """\
import contextlib, io, json, os, sys, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from qed.claims import record, stored
shell, taken = InteractiveShell.instance(), {}
for path in map(Path, sys.argv[1:]):
    os.chdir(path.parent)
    record.ACCEPTED.clear()
    shell.reset()
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in stored.code_cells(stored.read(path)):
            shell.run_cell(stored.text(cell["source"])).raise_error()
    taken[path.stem] = time.process_time() - start
print(json.dumps(taken))
"""


def run(command: list[str], cwd: Path, fails: bool = False) -> tuple[float, float, str]:
    """Run a command; return the seconds it took, of the clock and of the processors, and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **THREADS})
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode and not fails:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def copy(folder: Path) -> Path:
    """Copy what the book is made from."""
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("_config.yml", "_toc.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def generate(folder: Path, number: int) -> Path:
    """Write a book of so many articles: the stored ones, and copies of them under other names."""
    from qed.site import notebooks

    copy(folder)
    articles = sorted((folder / "book").glob("*.ipynb"))
    names = []
    for place in range(number - len(articles)):
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


def builds(book: Path) -> dict[str, dict[str, float]]:
    """Time the build of a book: from nothing, after an edit, and of an unchanged book."""
    command = [*SITE, str(book), "build"]
    page = next(iter(sorted((book / "book").glob("*.ipynb"))))
    times: dict[str, list[float]] = {"cold": [], "edited": [], "unchanged": []}
    for turn in range(TURNS):
        shutil.rmtree(book / "_build", ignore_errors=True)
        times["cold"].append(run(command, book)[0])
        notebook = json.loads(page.read_text(encoding="utf-8"))
        notebook["cells"][0]["source"] = [*notebook["cells"][0]["source"], f"\n\nSentence {turn}."]
        page.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        times["edited"].append(run(command, book)[0])
        times["unchanged"].append(run(command, book)[0])
    return {name: spread(each) for name, each in times.items()}


def turn(ours: Path, stock: Path, articles: list[str]) -> dict[str, float]:
    """Run the cells alone, then build and verify the book in our way and in the stock one."""
    for book in (ours, stock):
        shutil.rmtree(book / "_build", ignore_errors=True)
    _, cells, said = run([sys.executable, "-c", CELLS, *articles], ROOT)
    wall, cpu, _ = run([*SITE, str(ours), "build"], ours)
    _, verification, _ = run([*NBVAL, *articles], ROOT)
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    # It may end with an error for what only our theme resolves, after it has executed all and written the site.
    stock_wall, stock_cpu, _ = run([jupyter_book, "build", str(stock)], stock, fails=True)
    pages = [stock / "_build" / "html" / "book" / f"{Path(article).stem}.html" for article in articles]
    if not all(page.exists() for page in pages) or list((stock / "_build").rglob("*.err.log")):
        raise RuntimeError("stock Jupyter Book did not execute and write all articles, so nothing was measured")
    _, stock_verification, _ = run([*NBVAL, "-c", os.devnull, "--rootdir", str(ROOT), *articles], ROOT)
    return {
        "the cells alone, CPU s": cells,
        "the slowest notebook, CPU s": max(json.loads(said.splitlines()[-1]).values()),
        "stock Jupyter Book with execution, s": stock_wall,
        "our build from nothing to stock Jupyter Book with execution": wall / stock_wall,
        "our verification to the cells alone": verification / cells,
        "stock nbval to the cells alone": stock_verification / cells,
        "our verification and build to the cells alone": (verification + cpu) / cells,
        "stock nbval and Jupyter Book to the cells alone": (stock_verification + stock_cpu) / cells,
    }


def figures() -> dict[str, Any]:
    """Measure, and print the figures as they come."""
    found: dict[str, Any] = {"load before": round(os.getloadavg()[0], 1)}

    def tell(name: str, value: Any) -> None:
        found[name] = value
        print(f"  {name}: {value}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for folder in ("ours", "26", "stock", *map(str, GENERATED)):
            (scratch / folder).mkdir()
        articles = [str(path) for path in sorted((ROOT / "book").glob("*.ipynb"))]
        tell("articles", len(articles))
        ours, stock = copy(scratch / "ours"), copy(scratch / "stock")
        (stock / "_config.yml").write_text(STOCK, encoding="utf-8")
        for key, value in builds(ours).items():
            tell(f"build of the book, {key}, s", value)
        for key, value in builds(generate(scratch / "26", 26)).items():
            tell(f"build of 26 articles, {key}, s", value)
        for number in GENERATED:
            book = generate(scratch / str(number), number)
            tell(f"build of {number} articles, cold, s", round(run([*SITE, str(book), "build"], book)[0], 1))
            shutil.rmtree(book)
        turns = [turn(ours, stock, articles) for _ in range(TURNS)]
        for key in turns[0]:
            tell(key, spread([each[key] for each in turns], 3))
    return found
