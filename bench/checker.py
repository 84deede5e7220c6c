"""How long the checker takes: an import, a verdict, and the corpus in two processes.

Seconds of the processor are given beside the time of ``import sympy`` on the same machine in the same run: the ratios
can be compared between machines.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from qed.commands import again, alone, in_order, read, stored_claims, verdict

ROOT = Path(__file__).parent.parent
SOUNDNESS = ROOT / "tests" / "soundness"
TIMER = "import time; a = time.process_time(); import {}; print(time.process_time() - a)"


def timed(work: tuple[str, Any]) -> float:
    """Judge a statement or a stored claim; give the seconds of the processor."""
    kind, item = work
    begun = time.process_time()
    verdict(item) if kind == "statement" else again(item)
    return time.process_time() - begun


def import_seconds(module: str) -> float:
    """Import a module in fresh processes; give the least time of five."""
    runs = (subprocess.run([sys.executable, "-c", TIMER.format(module)], capture_output=True, text=True, check=True)
            for _ in range(5))  # fmt: skip
    return min(float(run.stdout) for run in runs)


def spread(seconds: list[float], unit: float) -> dict[str, Any]:
    """Summarise times, in seconds and in a unit."""
    found = sorted(seconds)
    named = {"median": median(found), "95 percent": found[int(0.95 * (len(found) - 1))], "longest": found[-1]}
    return {"number": len(found), **{k: round(v, 2) for k, v in named.items()},
            **{f"{k}, in imports of sympy": round(v / unit, 2) for k, v in named.items()}}  # fmt: skip


def figures() -> dict[str, Any]:
    """Measure."""
    unit, own = import_seconds("sympy"), import_seconds("qed")
    print(f"  import qed: {own:.2f} s, import sympy: {unit:.2f} s", flush=True)
    found: dict[str, Any] = {"import qed": {"seconds": round(own, 2), "in imports of sympy": round(own / unit, 2)}}
    claims = {claim["id"]: claim for claim in stored_claims(ROOT / "book")}
    entries = [e for file in sorted(SOUNDNESS.glob("*.json")) for e in read(file)]
    work = [("statement", e) for e in entries if not {"lemmas", "because", "certificate"} & set(e)]
    book = [("claim", (c, [claims[name] for name in c["uses"]])) for c in claims.values() if c["words"] is None]
    for name, part in (("statements", work), ("claims of the book", book)):
        answers = list(in_order(lambda item: alone(timed, item), part))
        times = [seconds for seconds, _ in answers if seconds is not None]
        found[name] = {**spread(times, unit), "stopped by the clock": len(answers) - len(times)}
        print(f"  {name}: {json.dumps(found[name])}", flush=True)
    corpus = read(SOUNDNESS / "corpus.json")
    begun = time.perf_counter()
    list(in_order(lambda entry: alone(verdict, entry), corpus, 2))
    found["corpus in two processes, seconds by the clock"] = round(time.perf_counter() - begun, 1)
    print(f"  corpus in two processes: {found['corpus in two processes, seconds by the clock']} s", flush=True)
    return found
