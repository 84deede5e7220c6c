"""Make the environment .venv from requirements.txt, or find that it is in order.

Run by the Makefile with whatever Python is there, before anything is installed: it uses the standard library
only, and syntax that an old Python can read far enough to be told that it is too old.
"""

from __future__ import print_function

import hashlib
import os
import re
import subprocess
import sys

OLDEST = (3, 11)
INPUTS = ("requirements.txt", "pyproject.toml")
NETWORK = re.compile("connection|resolution|resolve|timed out|timeout|proxy|unreachable|ssl", re.IGNORECASE)


class Trouble(Exception):
    """The environment cannot be made; the message says why and how to go on, in one line."""


def fingerprint(root):
    """Hash what the environment is made from; its place too, since an environment cannot be moved."""
    digest = hashlib.sha256(os.path.abspath(root).encode())
    for name in INPUTS:
        with open(os.path.join(root, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def in_order(root):
    """Whether the environment was finished, from these very requirements."""
    try:
        with open(os.path.join(root, ".venv", "stamp")) as file:
            whole = file.read() == fingerprint(root)
        return whole and os.access(os.path.join(root, ".venv", "bin", "python"), os.X_OK)
    except OSError:
        return False


def check_python(version=sys.version_info):
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < OLDEST:
        raise Trouble(
            "Python %d.%d is too old; 3.11 or newer is needed. "
            "Install one, or name one: make html PYTHON=/path/to/python3.12" % tuple(version[:2])
        )


def make(root, python=sys.executable):
    """Make the environment afresh; the stamp, written last, is what says that it is whole."""
    folder = os.path.join(root, ".venv")
    stamp = os.path.join(folder, "stamp")
    try:
        if os.path.exists(stamp):
            os.remove(stamp)
        with open(os.path.join(root, ".venv-test"), "w"):
            pass
        os.remove(os.path.join(root, ".venv-test"))
    except OSError as error:
        cause = (root, error.strerror)
        raise Trouble("Cannot write into %s: %s. Make it writable, or clone the book elsewhere." % cause)
    print("making the environment .venv ...", flush=True)
    made = run([python, "-m", "venv", "--clear", folder])
    if made.failed:
        if "ensurepip" in made.text or "No module named" in made.text:
            raise Trouble("This Python has no venv module; on Debian and Ubuntu: apt install python3-venv")
        raise Trouble("The environment could not be made: %s" % made.last)
    with open(os.path.join(root, "requirements.txt")) as file:
        wanted = len([line for line in file if line[:1].isalnum()])
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--retries", "2"]
    installed = run(pip + ["--disable-pip-version-check", "-r", "requirements.txt"], cwd=root, wanted=wanted)
    if installed.failed:
        if NETWORK.search(installed.text):
            raise Trouble("No network: the packages could not be fetched. Connect, then run it again.")
        raise Trouble("The packages could not be installed: %s" % installed.last)
    with open(stamp, "w") as file:
        file.write(fingerprint(root))


class run(object):
    """Run a command; show how far pip is, and keep what it says for the case that it fails."""

    def __init__(self, command, cwd=None, wanted=0):
        try:
            process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       universal_newlines=True)
        except OSError as error:
            self.failed, self.text, self.last = True, str(error), str(error)
            return
        lines, seen = [], 0
        for line in process.stdout:
            lines.append(line)
            seen += line.startswith("Collecting ")
            if line.startswith("Collecting ") and seen % 20 == 0 and seen < wanted:
                print("  %d of about %d packages" % (seen, wanted), flush=True)
            if line.startswith("Installing collected packages"):
                print("  installing them ...", flush=True)
        self.failed = process.wait() != 0
        self.text = "".join(lines)
        said = [line.strip() for line in lines if line.strip()]
        errors = [line for line in said if line.startswith(("ERROR", "Error"))]
        self.last = (errors or said or ["no message"])[-1]


def main(root):
    """Bring the environment in order; return the exit status."""
    try:
        check_python()
        if not in_order(root):
            make(root)
            print("The environment is in place.", flush=True)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next run starts the environment again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if in_order(os.getcwd()) else 1)
    sys.exit(main(os.getcwd()))
