"""Looking up whether the pinned dependencies have known vulnerabilities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PIP_AUDIT = "pip-audit==2.10.1"  # in an environment of its own: readers of the book need none of what it brings


class AuditError(Exception):
    """The dependencies could not be looked up; the message says why."""


def audit(root: Path) -> tuple[str, bool]:
    """Ask the package index about each pinned dependency of the book at `root`.

    Returns
    -------
    tuple of str and bool
        What was found, a line for each vulnerability; and whether there is one.

    Raises
    ------
    AuditError
        If pip-audit cannot be installed or gives no answer.
    """
    folder = root / "_build" / "audit"
    program = folder / "bin" / "pip-audit"
    if not program.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", PIP_AUDIT])
    pins = [line for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    wanted = folder / "pins.txt"
    wanted.write_text("\n".join(pins), encoding="utf-8")
    said = _run([str(program), "-r", str(wanted), "--disable-pip", "--no-deps", "--format", "json"], failing=True)
    return report(said)


def report(answer: str) -> tuple[str, bool]:
    """Put pip-audit's answer into words, and tell whether there is a vulnerability."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise AuditError("pip-audit gave no answer") from None
    unknown = [package for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        return f"Skipped: the package index in use keeps no list of vulnerabilities ({len(packages)} asked for).", False
    bugs = [(each, bug) for each in packages for bug in each.get("vulns", ())]
    lines = [f"{each['name']} {each['version']}: {bug['id']}, mended in {' or '.join(bug['fix_versions']) or 'none'}"
             for each, bug in bugs]
    found, known = len(lines) or "No", len(packages) - len(unknown)
    lines.append(f"{found} known vulnerabilities in {known} packages; {len(unknown)} could not be looked up.")
    return "\n".join(lines), len(lines) > 1


def _run(command: list[str], failing: bool = False) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and not (failing and done.stdout):
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise AuditError(f"The dependencies could not be looked up: {last}")
    return done.stdout
