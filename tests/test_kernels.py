"""Forked kernels: each is as fresh as one that was started anew, and obeys like one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbval.kernel import RunningKernel

from qed.site import kernels, nursery
from qed.site.regression import Kernel, KernelDied

pytestmark = pytest.mark.skipif(not kernels.POSSIBLE, reason="kernels are forked on Linux only")

Start = Callable[..., RunningKernel]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads as `make test` has them, with which a process is forked; and one seed of hashes for all kernels."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "0")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start kernels that end with the test."""
    started: list[RunningKernel] = []

    def one(kind: type[RunningKernel] = Kernel) -> RunningKernel:
        started.append(kind("python3", cwd=str(tmp_path)))
        return started[-1]

    yield one
    for kernel in started:
        if kernel.is_alive():
            kernel.stop()


def run(kernel: RunningKernel, code: str) -> str:
    """Run code; give what it printed, or its error."""
    asked = kernel.execute_cell_input(code)
    kernel.await_reply(asked, timeout=60)
    said = ""
    while True:
        message: dict[str, Any] = kernel.get_message("iopub", 10)
        content = message["content"]
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            said += content["text"]
        elif message["msg_type"] == "error":
            said += content["ename"]
        elif message["msg_type"] == "display_data":
            said += " ".join(sorted(content["data"]))
        elif content.get("execution_state") == "idle":
            return said


ABOUT = """\
import json, os, signal, sys, threading, matplotlib
print(json.dumps([
    os.getcwd(), sys.path, sys.executable, sys.flags.hash_randomization, hash("seed"), matplotlib.get_backend(),
    str(signal.getsignal(signal.SIGTERM)), str(signal.getsignal(signal.SIGINT)), os.environ.get("QED_TEST"),
    str(dict(matplotlib.rcParams)), sorted(vars(sys.modules["__main__"])), threading.active_count()]))"""


def test_a_forked_kernel_sees_what_one_started_anew_sees(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QED_TEST", "seen")
    forked = start()
    anew = start(RunningKernel)
    assert isinstance(forked.km.provisioner, kernels.ForkProvisioner)
    assert isinstance(forked.km.provisioner.process, kernels.Kernel)
    assert not isinstance(anew.km.provisioner, kernels.ForkProvisioner)
    found, wanted = json.loads(run(forked, ABOUT)), json.loads(run(anew, ABOUT))
    assert found == wanted
    assert "seen" in found


CHANGES = """\
import json, os, random, sys, numpy as np, sympy, matplotlib, matplotlib.pyplot as plt, qed
from qed.claims import record
def seen():
    return [getattr(sympy, "mine", None), matplotlib.rcParams["lines.linewidth"], os.getcwd(), len(plt.get_fignums()),
            list(record.ACCEPTED), "own" in globals(), sys.getrecursionlimit(), os.environ.get("MINE")]
print(json.dumps(seen()))
sympy.mine = own = 1
matplotlib.rcParams["lines.linewidth"] = 99
os.chdir("/")
plt.figure(1)
record.ACCEPTED["mine.claim"] = None
sys.setrecursionlimit(500)
os.environ["MINE"] = "1"
"""


def test_what_a_notebook_changes_is_fresh_in_the_next(start: Start):
    first = start()
    before = run(first, CHANGES)
    assert before.startswith("[null, ")
    assert run(first, "print(json.dumps(seen()))") != before
    assert run(start(), CHANGES).splitlines()[0] == before.splitlines()[0]


def test_unseeded_draws_differ_from_kernel_to_kernel(start: Start):
    draws = [run(start(), "import random, numpy as np\nprint(random.random(), np.random.rand())") for _ in range(2)]
    assert not set(draws[0].split()) & set(draws[1].split())


def test_figures_of_pyplot_are_shown(start: Start):
    assert "image/png" in run(start(), "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone")


def test_an_interrupt_stops_the_cell_and_not_the_kernel(start: Start):
    kernel = start()
    asked = kernel.execute_cell_input("print('begun', flush=True)\nwhile True: pass")
    while kernel.get_message("iopub", 30)["content"].get("name") != "stdout":
        pass
    kernel.interrupt()
    kernel.await_reply(asked, timeout=30)
    assert run(kernel, "print('alive')") == "alive\n"


@pytest.mark.parametrize("code", ["import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_kernel_that_ends_itself_is_found_dead_at_once_and_the_next_one_lives(start: Start, code: str):
    kernel = start()
    with pytest.raises(KernelDied):
        run(kernel, code)
    assert not kernel.is_alive()
    assert run(start(), "print('alive')") == "alive\n"


def test_a_kernel_that_is_stopped_is_gone_with_its_children(start: Start):
    kernel = start()
    code = "import subprocess, os; print(os.getpid(), subprocess.Popen(['sleep', '600']).pid)"
    pids = [int(pid) for pid in run(kernel, code).split()]
    kernel.stop()
    for _ in range(100):  # the child is ended by the same signal, and reaped by another process
        if not any(Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
                   for pid in pids):  # fmt: skip
            break
        time.sleep(0.1)
    else:
        raise AssertionError("a process is left")


def test_where_nothing_can_be_forked_a_kernel_is_started_anew(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "POSSIBLE", False)
    kernel = start()
    assert not isinstance(kernel.km.provisioner.process, kernels.Kernel)
    assert run(kernel, "print('alive')") == "alive\n"


def test_a_nursery_that_died_is_replaced(start: Start):
    start()
    for one in kernels.Nursery.known.values():
        one.process.kill()
        one.process.wait()
    assert isinstance(start().km.provisioner.process, kernels.Kernel)


def test_the_imports_of_the_nursery_start_no_thread():
    code = f"import importlib, os\nfor m in {nursery.MODULES}: importlib.import_module(m)\n" \
           "print(len(os.listdir('/proc/self/task')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.stdout == "1\n"
