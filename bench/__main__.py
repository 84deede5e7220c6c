"""Measure: ``python bench`` for everything, ``python bench checker`` for a part.

A part is a module beside this one with a function ``figures``, which prints as it goes and returns a dict. The figures
of a part replace those of its last run in ``results.json``; those of other parts stay. From all of them the page
*How fast* of the book is written.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import import_module, metadata
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "book" / "how-fast.md"
PARTS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main(chosen: list[str]) -> int:
    """Run the chosen parts; return the exit status."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"There is no part {unknown[0]}; the parts are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    packages = ("sympy", "python-flint", "z3-solver")
    versions = {"python": platform.python_version(), **{package: metadata.version(package) for package in packages}}
    known["machine"] = {"processor": processor(), "cores": os.cpu_count(), **versions}
    for name in chosen or PARTS:
        print(f"{name}:", flush=True)
        known[name] = import_module(name).figures()
        RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"The figures are in {RESULTS.relative_to(HERE.parent)}.")
    if PAGE.parent.exists():
        PAGE.write_text(import_module("_page").page(known), encoding="utf-8")
        print(f"The page is {PAGE.relative_to(HERE.parent)}.")
    return 0


def processor() -> str:
    """The processor's own name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
