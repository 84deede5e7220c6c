"""What a hundred builds and executions leave behind that are killed at random moments.

The moments come from a seed. While a build runs, a reader opens a page of the site again and again; after it was
killed, the site must be the one from before or the one from after, byte for byte, and the next build must repair the
rest. A notebook whose execution was killed must be as before or as after.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

KILLS = int(os.environ.get("KILLS", "100"))


def figures() -> dict[str, int]:
    """Kill builds and executions of the tests' tiny book; count what is broken."""
    from conftest import copy_small
    from test_faults import kill_builds, kill_refreshes

    with tempfile.TemporaryDirectory() as scratch:
        book = copy_small(Path(scratch) / "small")
        found = {f"builds: {name}": count for name, count in kill_builds(book, KILLS).items()}
        found |= {f"executions: {name}": count for name, count in kill_refreshes(book, KILLS).items()}
    for name, count in found.items():
        print(f"  {name:<40}{count:>8,}")
    return found
