"""What verifying the book costs: nbval with its kernels, with and without the plugin, against the cells alone.

Seconds of the processor, in turns, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
TURNS = 3

# All cells in one process, which imports once: what no way of running them can undercut.
CELLS = """\
import contextlib, io, os, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from qed.claims import record, stored
shell = InteractiveShell.instance()
for path in map(Path, sys.argv[1:]):
    os.chdir(path.parent)
    record.ACCEPTED.clear()
    shell.reset()
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in stored.code_cells(stored.read(path)):
            shell.run_cell(stored.text(cell["source"])).raise_error()
"""
NBVAL = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-cell-timeout=300"]


def seconds(arguments: list[str]) -> float:
    """Run Python; give the seconds of the processor that it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures(notebooks: list[Path] | None = None, turns: int = TURNS) -> dict[str, Any]:
    """Measure."""
    paths = [str(path) for path in notebooks or sorted((ROOT / "book").glob("*.ipynb"))]
    ways = {
        "cells alone": ["-c", CELLS, *paths],
        "nbval": [*NBVAL, "-c", "/dev/null", "--rootdir", str(ROOT), *paths],
        "nbval with the plugin": [*NBVAL, *paths],
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, arguments in ways.items():
            taken[name].append(seconds(arguments))
            print(f"  {name}: {taken[name][-1]:.1f} s", flush=True)
    alone = taken["cells alone"]
    ratios = {name: [one / base for one, base in zip(times, alone, strict=True)] for name, times in taken.items()}
    return {"notebooks": len(paths), "turns": turns, "cells alone, seconds": round(median(alone), 1)} | {
        f"{name}, in cells alone": {"median": round(median(found), 3), "least": round(min(found), 3),
                                    "most": round(max(found), 3)}
        for name, found in ratios.items() if name != "cells alone"
    }  # fmt: skip
