"""The page *How fast*: the figures of ``results.json`` beside the budgets that they are to keep."""

from __future__ import annotations

from typing import Any

HEAD = """# How fast

What follows is written by `make bench` from `bench/results.json`, and from nothing else.
Where a peer is named, both were measured in one run on one machine.
A ratio says more than the seconds, which are those of that machine.
What was measured several times is told as its median, with the least and the most.

"""

# What is measured, where it stands in the results, and what it may be at most, where that is laid down.
Row = tuple[str, tuple[str, ...], float | None]
GROUPS: dict[str, list[Row]] = {
    "Building and verifying": [
        ("26 articles, from nothing, s", ("build", "build of 26 articles, cold, s"), 12),
        ("26 articles, one edited, s", ("build", "build of 26 articles, edited, s"), 4),
        ("26 articles, unchanged, s", ("build", "build of 26 articles, unchanged, s"), 3),
        ("104 articles, from nothing, s", ("build", "build of 104 articles, cold, s"), None),
        ("208 articles, from nothing, s", ("build", "build of 208 articles, cold, s"), None),
        ("the book from nothing, to stock Jupyter Book, which executes it",
         ("build", "our build from nothing to stock Jupyter Book with execution"), 0.1),
        ("a notebook, the slowest, CPU s", ("build", "the slowest notebook, CPU s"), 20),
        ("verification to the cells alone, CPU", ("build", "our verification to the cells alone"), 1.3),
        ("the same with stock nbval, CPU", ("build", "stock nbval to the cells alone"), None),
        ("verification and build to the cells alone, CPU",
         ("build", "our verification and build to the cells alone"), 1.3),
        ("this with stock nbval and stock Jupyter Book, CPU",
         ("build", "stock nbval and Jupyter Book to the cells alone"), None),
    ],
    "The checker": [
        ("`import qed`, s", ("checker", "import qed", "seconds"), 0.7),
        ("a verdict, median, s", ("checker", "statements", "median"), 0.3),
        ("a verdict, 95 of 100 within, s", ("checker", "statements", "95 percent"), 3),
        ("a verdict, the longest, s", ("checker", "statements", "longest"), 20),
        ("a claim of the book, the longest, s", ("checker", "claims of the book", "longest"), 5),
        ("the corpus in two processes, s", ("checker", "corpus in two processes, seconds by the clock"), 90),
    ],
    "Pages": [
        ("time until formulas are painted, to MathJax 3, slowest article", ("pages", "local: ratio"), 0.5),
        ("the same over a slow connection", ("pages", "slow: ratio"), 0.5),
        ("first view of a page without its figures, the heaviest, KB packed", ("pages", "first view, KB packed"), 300),
        ("requests of a page to other hosts", ("pages", "requests to other hosts"), 0),
        ("layout shift while a page loads, the most", ("pages", "layout shift"), 0.02),
        ("an explorer, the heaviest, KB packed", ("pages", "heaviest explorer, KB packed"), 120),
        ("bytes of a page among 208, to one among 26", ("pages", "growth, ratio"), 1.1),
    ],
    "Run here": [
        ("click to first result, nothing in the browser's store, s", ("live", "click to first result, cold"), 12),
        ("click to first result, for the second time, s", ("live", "click to first result, warm"), 8),
        ("Stop, s", ("live", "Stop"), 1),
        ("a notebook without its figures, to native Python", ("live", "notebook, ratio to native"), 3),
    ],
    "Explorers": [
        ("states of all sliders", ("live", "explorers: states"), None),
        ("a move of a slider until the figure is laid out, the longest, ms",
         ("live", "explorers: redraw, longest, ms"), 50),
    ],
    "Mutants of the book's claims": [
        ("mutants", ("mutation", "mutants"), None),
        ("false ones", ("mutation", "false"), None),
        ("false ones accepted", ("mutation", "false accepted"), 0),
        ("share of the false ones that were not rejected", ("mutation", "not rejected of the false"), 0.01),
    ],
    "Faults": [
        ("builds killed at random moments", ("faults", "builds: killed"), None),
        ("broken pages served meanwhile, or sites left", ("faults", "builds: broken"), 0),
        ("executions killed at random moments", ("faults", "executions: killed"), None),
        ("notebooks left neither as before nor as after", ("faults", "executions: broken"), 0),
    ],
}


def page(results: dict[str, Any]) -> str:
    """Write the page, in Markdown."""
    text = HEAD + machine(results)
    for title, rows in GROUPS.items():
        text += f"\n## {title}\n\n| what | at most | measured | budget |\n|---|---:|---:|---|\n"
        for what, place, most in rows:
            found = value(results, place)
            bound = "" if most is None else f"{most:,}"
            verdict = "" if most is None or found is None else "kept" if middle(found) <= most else "**missed**"
            text += f"| {what} | {bound} | {shown(found)} | {verdict} |\n"
    return text


def value(results: dict[str, Any], place: tuple[str, ...]) -> Any:
    """Look a figure up; of a name that only ends so, take the largest."""
    found: Any = results
    for key in place:
        if not isinstance(found, dict):
            return None
        ending = [each for name, each in found.items() if name.endswith(key)]
        found = found[key] if key in found else max(ending, key=middle) if ending else None
    return found


def middle(found: Any) -> float:
    """The figure that is held against the budget: the median, where it was measured several times."""
    return float(found["median"] if isinstance(found, dict) else found)


def shown(found: Any) -> str:
    """Write a figure, with its spread where it was measured several times."""
    if found is None:
        return "not measured"
    if isinstance(found, dict):
        return f"{found['median']:,} ({found['least']:,} to {found['most']:,})"
    return f"{found:,}"


def machine(results: dict[str, Any]) -> str:
    """Describe the machine, and how busy it was."""
    about = results.get("machine", {})
    parts = {part: each for part, each in results.items() if isinstance(each, dict)}
    loads = {part: each["load before"] for part, each in parts.items() if "load before" in each}
    busy = ", ".join(f"{load} ({part})" for part, load in sorted(loads.items()))
    names = {"python": "Python", "sympy": "SymPy", "python-flint": "python-flint", "z3-solver": "Z3"}
    versions = ", ".join(f"{name} {about[key]}" for key, name in names.items() if key in about)
    where = f"{about.get('processor', 'Processor unknown')}, {about.get('cores', '?')} cores; {versions}."
    return where + (f"\nOther work on the machine when a part began, as its load: {busy}." if busy else "") + "\n"
