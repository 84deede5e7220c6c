"""Kernels that start fast: forked from a process that has done the imports, by Jupyter's kernel provisioners.

Each notebook has a process of its own, as always. Where forking is not possible, kernels are started in Jupyter's way.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "qed-fork"
LAUNCHER = "ipykernel_launcher"
POSSIBLE = sys.platform == "linux"  # elsewhere system libraries that NumPy uses do not survive a fork
OURS = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "PYTEST_CURRENT_TEST")  # what differs from kernel to kernel

DIED = (OSError, ValueError)  # what asking a nursery raises that is no more


class Nursery:
    """The process that forks kernels; one for each environment that kernels are started in."""

    known: dict[str, Nursery] = {}

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qed.site.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=env, start_new_session=True)  # fmt: skip
        atexit.register(self.close)

    @classmethod
    def of(cls, env: dict[str, str]) -> Nursery:
        """Give the nursery of an environment; start it if there is none."""
        same = json.dumps(sorted((key, value) for key, value in env.items() if key not in OURS))
        if same not in cls.known or cls.known[same].process.poll() is not None:
            cls.known[same] = cls(env)
        return cls.known[same]

    def ask(self, **question: Any) -> int | None:
        """Ask for a kernel or after one; None if there is none, or if it lives."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(question), file=self.process.stdin, flush=True)
        answer: int | None = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process and the kernels that are left."""
        if self.process.poll() is None:
            self.process.communicate()


class Kernel:
    """A forked kernel, with what Jupyter asks of a process."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give the exit status, None while the process lives."""
        if self.returncode is None:
            try:
                self.returncode = self.nursery.ask(poll=self.pid)
            except DIED:  # a kernel ends with its nursery
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self) -> int:
        """Wait for the end."""
        while (status := self.poll()) is None:
            time.sleep(0.05)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, if the process lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


class ForkProvisioner(LocalProvisioner):
    """Fork IPython kernels of this Python; start any other kernel in Jupyter's way."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch a kernel."""
        env, folder = kwargs.get("env") or dict(os.environ), str(kwargs.get("cwd") or os.getcwd())
        pid = None
        if POSSIBLE and cmd[0] == sys.executable and LAUNCHER in cmd:
            nursery = Nursery.of(env)
            try:
                pid = nursery.ask(arguments=cmd[cmd.index(LAUNCHER) + 1 :], folder=folder, env=env)
            except DIED:
                pid = None
        if pid is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = Kernel(nursery, pid)  # type: ignore[assignment]  # it has what is asked of a Popen here
        self.pid, self.pgid, self.cwd = pid, pid, folder
        return self.connection_info


@contextmanager
def forked() -> Iterator[None]:
    """Let the kernels that are started inside be forked."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, "qed.site.kernels:ForkProvisioner", factory.GROUP_NAME)
    before, factory.default_provisioner_name = factory.default_provisioner_name, NAME
    try:
        yield
    finally:
        factory.default_provisioner_name = before
