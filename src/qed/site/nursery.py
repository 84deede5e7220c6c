"""A process that has imported what notebooks import, and forks kernels: run by `qed.site.kernels`.

It reads a question a line and answers each with a line, both JSON. It has no thread and no socket of its own, so that
a kernel begins as if it had been started anew; only the imports are done.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

MODULES = ("numpy", "sympy", "matplotlib.backends.backend_agg", "matplotlib.pyplot", "PIL.Image", "PIL.PngImagePlugin",
           "flint", "z3", "qed", "qed.display.figures", "qed.display.explorers", "ipykernel.kernelapp",
           "ipykernel.ipkernel", "ipykernel.zmqshell", "debugpy")  # fmt: skip


def main() -> None:
    """Answer until the input ends; then end the kernels that are left."""
    # Read when Matplotlib is imported; ipykernel would set it later. The backend itself needs a shell, so it can wait.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in MODULES:
        with suppress(ImportError):  # a notebook that needs it will say so
            import_module(name)
    gc.collect()
    gc.freeze()
    kernels: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "poll" in asked:
            pid, status = os.waitpid(asked["poll"], os.WNOHANG)
            kernels.discard(pid)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif len(os.listdir("/proc/self/task")) > 1:
            answer = None  # a thread would be missing in the child
        else:
            answer = os.fork()
            if answer == 0:
                _become_kernel(**asked)
            kernels.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in kernels:
        os.kill(pid, signal.SIGKILL)


def _become_kernel(arguments: list[str], folder: str, env: dict[str, str]) -> None:
    """Cut all ties with the parent, and run a kernel to its end."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(env)
        _seed_anew()
        from ipykernel import kernelapp

        sys.argv = ["ipykernel_launcher", *arguments]
        kernelapp.launch_new_instance(parent_handle=os.getppid())
    finally:
        os._exit(0)


def _seed_anew() -> None:
    """Seed NumPy's global generator as a start would; Python's own is seeded by the fork."""
    numpy: Any = sys.modules.get("numpy")
    if numpy:
        numpy.random.seed()


if __name__ == "__main__":
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]
    main()
