"""How long cells take in the reader's browser: from the click to the first result, to Stop, and against native Python.

Run from the root of the book, with its environment, Chromium and npm::

    python bench live

Pyodide comes from the registries and is kept in ``_build/test-pyodide``, as for the tests. The notebook is an article
without its figures, for which the registries hold no NumPy. All files are served by this machine. The figures depend
on what else it does: the load is told with them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _spread import spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

ARTICLE = "even-taylor"
ROUNDS = int(os.environ.get("ROUNDS", "3"))

NATIVE = """
import json, sys, time
sys.path.insert(0, sys.argv[2])
import shell as live
wrong = []
shell = live.Shell(lambda kind, content: wrong.append(content) if kind == "error" else None)
live.install(shell)
cells = json.loads(open(sys.argv[1]).read())
start = time.perf_counter()
for n, source in enumerate(cells, 1):
    shell.run(n, source)
print(json.dumps([time.perf_counter() - start, len(wrong)]))
"""


def cells() -> list[str]:
    """The code cells of the article that neither draw nor need NumPy."""
    from qed.site import notebooks

    found = notebooks.code_cells(notebooks.read(ROOT / "book" / f"{ARTICLE}.ipynb"))
    sources = [notebooks.text(cell["source"]) for cell in found]
    return [source.replace("import numpy as np\n", "") for source in sources
            if not any(word in source for word in ("figure(", "explorer(", "np."))]  # fmt: skip


def book(root: Path, sources: list[str]) -> None:
    """Write a book that consists of these cells."""
    from qed.site import notebooks
    from qed.site.refresh import KERNEL, LANGUAGE

    code = [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": n, "outputs": [], "source": source}
            for n, source in enumerate(sources, 1)]  # fmt: skip
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# An article without its figures"}
    notebook: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [title, *code]}
    about = {"code": notebooks.code_hash(notebook)}
    notebook["metadata"] = {"kernelspec": KERNEL, "language_info": LANGUAGE, "qed": about}
    (root / "book" / "proofs.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


REDRAW = """input => {
  const times = [];
  for (let place = +input.min; place <= +input.max; place++) {
    const start = performance.now();
    input.value = place;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.closest("figure").getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}"""


def redraws(browser: Any) -> list[float]:
    """Milliseconds that each position of each slider of the book's explorers takes to be laid out."""
    from test_site_live import Server

    server = Server(ROOT / "_build" / "html")
    found = []
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/book/{path.stem}.html")
        for slider in page.locator(".qed-controls input[type=range]").all():
            found += slider.evaluate(REDRAW)
        page.close()
    server.shutdown()
    return found


def figures() -> dict[str, Any]:
    """Measure; times in seconds, of a few rounds; those of explorers in milliseconds."""
    import shutil

    from conftest import FLAGS, until
    from playwright.sync_api import sync_playwright
    from test_site_live import Reader, Server, make

    from qed.site.live import HERE
    from qed.site.live.offline import collect
    from qed.site.pdf import BROWSERS

    pyodide = ROOT / "_build" / "test-pyodide"
    collect(pyodide, {"sympy", "flint", "z3"})
    sources = cells()
    times: dict[str, list[float]] = {}

    def note(name: str, start: float) -> None:
        times.setdefault(name, []).append(time.perf_counter() - start)

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        given, code = Path(scratch, "cells.json"), Path(scratch, "native.py")
        given.write_text(json.dumps(sources))
        code.write_text(NATIVE)
        site = make(Path(scratch) / "book", pyodide, lambda root: book(root, sources)).site
        server = Server(site)
        path = next(found for name in BROWSERS if (found := shutil.which(name)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        load = os.getloadavg()[0]
        for _ in range(ROUNDS):
            done = subprocess.run([sys.executable, str(code), str(given), str(HERE)], capture_output=True, text=True)
            seconds, wrong = json.loads(done.stdout)
            assert wrong == 0
            times.setdefault("notebook, native", []).append(seconds)
            cold = None
            for name in ("cold", "warm"):
                one = Reader(browser, server, context=cold and cold.context).go()
                start = time.perf_counter()
                one.page.click(".qed-run-here")
                one.press("Run", 1)
                one.ended(1)
                note(f"click to first result, {name}", start)
                if cold is None:
                    cold = one
                    one.page.wait_for_timeout(5000)  # the other packages come meanwhile
                    start = time.perf_counter()
                    one.press("Run all")
                    ended = "e => e.textContent && !['waits', 'runs'].includes(e.textContent)"
                    until(one.page, f"n => [...document.querySelectorAll('.qed-turn')].filter({ended}).length === n",
                          len(sources))  # fmt: skip
                    note("notebook, in the browser", start)
                    said = [cell.inner_text() for cell in one.page.locator(".qed-turn").all()]
                    assert said == ["has run"] * len(sources), said
                else:
                    one.write(1, "while True: pass")
                    one.press("Run", 1)
                    one.says("Running cell 1")
                    start = time.perf_counter()
                    one.press("Stop")
                    one.cell(1).get_by_text("Stopped").wait_for()
                    note("Stop", start)
            cold.context.close()
        drawn = sorted(redraws(browser))
        browser.close()
        server.shutdown()
    found: dict[str, Any] = {name: spread(each) for name, each in times.items()}
    pairs = zip(times["notebook, in the browser"], times["notebook, native"], strict=True)
    found["notebook, ratio to native"] = spread([there / here for there, here in pairs])
    found |= {"explorers: states": len(drawn), "explorers: redraw, longest, ms": round(drawn[-1], 1)}
    found |= {"explorers: redraw, median, ms": round(statistics.median(drawn), 1)}
    found |= {"cells": len(sources), "load before": round(load, 1)}
    print(json.dumps(found, indent=1))
    return found
