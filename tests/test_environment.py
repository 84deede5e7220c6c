"""The environment: never half made and trusted. Installing is faked; a true installation takes a minute."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from qed.site import environment

# Stands for `python -m venv --clear FOLDER`; the Python that it puts there stands for pip.
PYTHON = """#!/bin/sh
if [ "$2" = venv ]; then
  {venv}
  rm -rf "$4"; mkdir -p "$4/bin"; cp "$0.pip" "$4/bin/python"
fi
"""


# Stands for Python 3.8: a check of its version fails, and a script that it runs sees that version.
OLD = """#!/bin/sh
if [ "$1" = -c ]; then
  case "$2" in *version*) exit 1;; esac
else
  exec {python} -c '
import sys; sys.version_info = (3, 8, 1); sys.argv = sys.argv[1:]
exec(open(sys.argv[0]).read())' "$@"
fi
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with requirements."""
    (tmp_path / "requirements.txt").write_text("# head\nnumpy==2.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def fake(home: Path, venv: str = "", pip: str = "exit 0") -> str:
    """Write a stand-in for Python."""
    for name, text in (("python", PYTHON.format(venv=venv)), ("python.pip", f"#!/bin/sh\n{pip}\n")):
        (home / name).write_text(text)
        (home / name).chmod(0o755)
    return str(home / "python")


def make(home: Path, said: str, **parts: str) -> None:
    """Make the environment, expect trouble, and no trust in what is there."""
    with pytest.raises(environment.Trouble, match=said) as trouble:
        environment.make(str(home), fake(home, **parts))
    assert "\n" not in str(trouble.value)
    assert not environment.in_order(str(home))


def test_an_environment_that_was_finished_is_in_order(home: Path):
    environment.make(str(home), fake(home))
    assert environment.in_order(str(home))


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_requirements_put_it_out_of_order(home: Path, name: str):
    environment.make(str(home), fake(home))
    (home / name).write_text("changed")
    assert not environment.in_order(str(home))


def test_an_environment_that_was_moved_is_not_trusted(home: Path, tmp_path_factory: pytest.TempPathFactory):
    environment.make(str(home), fake(home))
    moved = tmp_path_factory.mktemp("elsewhere") / "book"
    home.rename(moved)
    assert not environment.in_order(str(moved))


def test_an_environment_without_its_python_is_not_trusted(home: Path):
    environment.make(str(home), fake(home))
    (home / ".venv" / "bin" / "python").unlink()
    assert not environment.in_order(str(home))


def test_a_half_made_environment_is_made_again(home: Path):
    make(home, "could not be installed", pip="touch $(dirname $0)/half; echo 'ERROR: disk full'; exit 1")
    assert (home / ".venv" / "bin" / "half").exists()
    environment.make(str(home), fake(home))
    assert environment.in_order(str(home))
    assert not (home / ".venv" / "bin" / "half").exists()


def test_an_installation_that_is_killed_is_begun_again(home: Path):
    code = "import sys; from qed.site import environment; environment.make(*sys.argv[1:])"
    python = fake(home, pip="touch $(dirname $0)/half; kill -KILL $PPID")
    killed = subprocess.run([sys.executable, "-c", code, str(home), python], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert (home / ".venv" / "bin" / "half").exists() and not environment.in_order(str(home))
    environment.make(str(home), fake(home))
    assert environment.in_order(str(home))
    assert not (home / ".venv" / "bin" / "half").exists()


def test_a_failed_update_does_not_leave_the_old_stamp(home: Path):
    environment.make(str(home), fake(home))
    make(home, "could not be made", venv="echo 'Error: no space'; exit 1")


def test_no_network_is_told_from_other_failures(home: Path):
    said = "WARNING: Retrying after connection broken by 'Temporary failure in name resolution'"
    make(home, "^No network", pip=f'echo "{said}"; echo "ERROR: No matching distribution for numpy"; exit 1')
    make(home, "no such version", pip='echo "ERROR: no such version"; exit 1')


def test_a_python_without_venv_is_told_how_to_get_it(home: Path):
    make(home, "apt install python3-venv", venv='echo "ensurepip is not available"; exit 1')


def test_a_folder_that_is_not_writable_is_named(home: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # faked, since a superuser may write anywhere
    with pytest.raises(environment.Trouble, match="Cannot write into .*Make it writable"):
        environment.make(str(home))


def test_a_python_that_is_too_old_is_refused():
    with pytest.raises(environment.Trouble, match="Python 3.10 is too old; 3.11 or newer is needed"):
        environment.check_python((3, 10, 13))
    environment.check_python((3, 11, 0))


def make_html(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the Makefile's rule for the environment in a folder of its own."""
    (home / "Makefile").write_text((ROOT / "Makefile").read_text())
    target = home / "src" / "qed" / "site"
    target.mkdir(parents=True)
    (target / "environment.py").write_text((ROOT / "src" / "qed" / "site" / "environment.py").read_text())
    command = ["make", "-s", "environment", *arguments]
    return subprocess.run(command, cwd=home, env={**os.environ, **variables}, capture_output=True, text=True)


def test_make_says_in_one_line_that_its_python_is_too_old(home: Path):
    (home / "old").write_text(OLD.format(python=sys.executable))
    (home / "old").chmod(0o755)
    done = make_html(home, f"PYTHON={home / 'old'}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Python 3.8 is too old; 3.11 or newer is needed.")
    assert not (home / ".venv").exists()


def test_make_says_that_there_is_no_python(home: Path):
    done = make_html(home, "PYTHON=/nowhere/python3")
    assert done.returncode != 0
    assert done.stderr.startswith("No Python was found; install 3.11 or newer")


def test_make_passes_over_a_python_that_does_not_start(home: Path):
    tools = home / "tools"
    tools.mkdir()
    for name, line in (("python3.13", "exit 127"), ("python3.12", f'exec {sys.executable} "$@"')):
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    (home / "requirements.txt").write_text("")
    done = make_html(home, PATH=f"{tools}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert environment.in_order(str(home))


def test_every_dependency_is_pinned_within_its_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(line.partition(" ")[0].split("==") for line in lines if "==" in line)
    outside = [one for one in asked if not (range_ := Requirement(one)).specifier.contains(
        pins.get(canonicalize_name(range_.name), "0"))]  # fmt: skip
    assert asked and outside == []
