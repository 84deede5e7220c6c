"""The build under harm: killed at any moment, without room, without permission, with damaged files of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Book

from qed.site.build import BuildError, build

SEED = 20200326  # of the moments at which a process is killed; what must hold then holds at every moment
SITE = [sys.executable, "-m", "qed.site", "--root"]


class Watch:
    """A reader who opens a page again and again, and notes when it is not whole."""

    def __init__(self, page: Path) -> None:
        self.page, self.broken, self.seen, self.over = page, 0, 0, False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self) -> None:
        """Open the page as a server does."""
        while not self.over:
            try:
                whole = self.page.read_bytes().rstrip().endswith(b"</html>")
            except OSError:
                whole = False
            self.seen, self.broken = self.seen + 1, self.broken + (not whole)
            time.sleep(0.001)

    def stop(self) -> None:
        """Read no more."""
        self.over = True
        self.thread.join()


def run_and_kill(command: list[str], root: Path, seconds: float) -> bool:
    """Start a process, kill it after so many seconds, and tell whether it was still alive."""
    process = subprocess.Popen([*command], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode == -signal.SIGKILL


def kill_builds(book: Book, times: int, seed: int = SEED) -> dict[str, int]:
    """Kill builds at random moments; count the kills, and what a reader or the next build found broken."""
    chance = random.Random(seed)
    build(book.root)
    page, text = book.root / "book" / "intro.md", (book.root / "book" / "intro.md").read_text(encoding="utf-8")
    start = time.monotonic()
    subprocess.run([*SITE, str(book.root), "build"], check=True, capture_output=True)
    shortest = time.monotonic() - start  # of a build that finds nothing to do
    found = {"killed": 0, "readings": 0, "broken": 0, "not repaired": 0}
    for number in range(times):
        before = book.files()
        page.write_text(f"{text}\nSentence {number}.\n", encoding="utf-8")
        watch = Watch(book.site / "book" / "intro.html")
        found["killed"] += run_and_kill([*SITE, str(book.root), "build"], book.root, chance.uniform(0, 5 * shortest))
        watch.stop()
        found["readings"] += watch.seen
        left = book.files()
        build(book.root)
        after = book.files()
        found["broken"] += watch.broken + (left not in (before, after))
        found["not repaired"] += f"Sentence {number}.".encode() not in after["book/intro.html"]
    return found


def sum_of_two(folder: Path) -> Path:
    """Write a notebook of one cell, which was not executed."""
    cell = {"cell_type": "code", "id": "cell-1", "metadata": {}, "execution_count": None, "outputs": [],
            "source": "1 + 1"}  # fmt: skip
    path = folder / "book" / "sums.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def kill_refreshes(book: Book, times: int, seed: int = SEED) -> dict[str, int]:
    """Kill executions at random moments; count the kills and the files that are neither as before nor as after."""
    chance = random.Random(seed)
    path = sum_of_two(book.root)
    command = [*SITE, str(book.root), "refresh", "sums"]
    before = path.read_bytes()
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - start
    after = path.read_bytes()
    found = {"killed": 0, "broken": 0}
    for _ in range(times):
        path.write_bytes(before)
        found["killed"] += run_and_kill(command, book.root, chance.uniform(0, whole))
        found["broken"] += path.read_bytes() not in (before, after)
    subprocess.run(command, check=True, capture_output=True)
    found["broken"] += path.read_bytes() != after
    return found


def test_builds_that_are_killed_at_random_moments_leave_a_whole_site_all_the_while(small: Book):
    found = kill_builds(small, 6)
    assert found["killed"] > 0 and found["readings"] > 100
    assert found["broken"] == found["not repaired"] == 0


def test_executions_that_are_killed_at_random_moments_lose_no_stored_output(small: Book):
    found = kill_refreshes(small, 4)
    assert found["killed"] > 0
    assert found["broken"] == 0


def cut(path: Path) -> None:
    """Keep the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


CACHES: dict[str, Callable[[Path], object]] = {
    "Sphinx's memory is cut": lambda work: cut(work / ".stage" / "doctrees" / "environment.pickle"),
    "Sphinx's memory is of something else": lambda work: (
        work / ".stage" / "doctrees" / "environment.pickle").write_bytes(b"cnowhere\nthing\n."),
    "a page's memory is cut": lambda work: cut(work / ".stage" / "doctrees" / "book" / "intro.doctree"),
    "a page's memory is gone": lambda work: (work / ".stage" / "doctrees" / "book" / "squares.doctree").unlink(),
    "the manifest is cut": lambda work: cut(work / "manifest.json"),
    "the manifest is a number": lambda work: (work / "manifest.json").write_text("7"),
    "the seal is noise": lambda work: (work / ".stage" / "finished").write_bytes(b"\xff\xfe"),
    "the manifest is a list": lambda work: (work / "manifest.json").write_text("[]"),
    "the staging folder is a file": lambda work: (shutil.rmtree(work / ".stage"), (work / ".stage").write_text("")),
    "the folder for the new site is a file": lambda work: (work / "html.new").write_text(""),
    "an old site was left": lambda work: shutil.copytree(work / "html", work / "html.old"),
}  # fmt: skip


@pytest.mark.parametrize("edited", [False, True], ids=["unchanged", "edited"])
@pytest.mark.parametrize("harm", CACHES)
def test_damaged_files_of_an_earlier_build_are_not_trusted(small: Book, harm: str, edited: bool):
    build(small.root)
    if edited:
        small.append("book/bibliography.md", "One more sentence.")
    CACHES[harm](small.root / "_build")
    build(small.root)
    got = small.files()
    shutil.rmtree(small.root / "_build")
    build(small.root)
    assert got == small.files()


DISK = """
import subprocess, sys
from pathlib import Path
from conftest import Book, copy_small
from qed.site.build import BuildError, build

disk, = sys.argv[1:]

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(("remount", *options)), "tmpfs", disk], check=True)

def refusal(make):
    try:
        make()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was refused"

subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk], check=True)
book = copy_small(Path(disk) / "small")
build(book.root)
before = book.files()
"""

FULL = DISK + """
book.append("book/intro.md", "One more sentence.")
used = int(subprocess.run(["df", "-k", "--output=used", disk], capture_output=True, text=True).stdout.split()[-1])
for room in (0, 8, 100, 400, 1000):  # kB: too little to read, to write pages, to copy them
    mount(f"size={used + room}k")
    print(refusal(lambda: build(book.root)))
    assert book.files() == before, room
mount("size=100m")
build(book.root)
assert b"One more sentence." in book.files()["book/intro.html"]
"""

READ_ONLY = DISK + """
book.append("book/intro.md", "One more sentence.")
mount("ro")
print(refusal(lambda: build(book.root)))
assert book.files() == before
mount("rw")
build(book.root)
assert b"One more sentence." in book.files()["book/intro.html"]
"""

NO_ROOM = DISK + """
from test_faults import sum_of_two
from qed.site.refresh import refresh
path = sum_of_two(book.root)
stored = path.read_bytes()
used = int(subprocess.run(["df", "-k", "--output=used", disk], capture_output=True, text=True).stdout.split()[-1])
mount(f"size={used}k")
print(refusal(lambda: refresh(path)))
assert path.read_bytes() == stored
assert [each.name for each in path.parent.glob("sums*")] == ["sums.ipynb"]
"""


def on_a_disk_of_its_own(script: str, folder: Path) -> list[str]:
    """Run a script that mounts a small disk on a folder, which nobody else sees; return what it prints."""
    probe = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("a disk of its own needs unshare and the right to mount")
    done = subprocess.run([*probe[:3], sys.executable, "-c", script, str(folder)], capture_output=True, text=True,
                          cwd=ROOT / "tests")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line != "building the site ..."]


def test_a_full_disk_is_named_and_the_last_good_site_stays(tmp_path: Path):
    said = on_a_disk_of_its_own(FULL, tmp_path)
    assert len(said) == 5
    assert all(line.startswith("BuildError: Cannot write ") for line in said), said
    assert all("No space left on device; make room" in line for line in said), said


def test_a_tree_that_may_only_be_read_is_named_and_the_last_good_site_stays(tmp_path: Path):
    (said,) = on_a_disk_of_its_own(READ_ONLY, tmp_path)
    assert said.startswith("BuildError: Cannot write ") and "Read-only file system" in said


def test_an_execution_without_room_for_its_outputs_keeps_the_stored_ones(tmp_path: Path):
    (said,) = on_a_disk_of_its_own(NO_ROOM, tmp_path)
    assert said.startswith("RefreshError: sums.ipynb: ") and "No space left on device" in said


def test_an_error_of_the_system_is_told_in_one_line(small: Book, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr("shutil.copytree", refuse)
    with pytest.raises(BuildError, match=r"^Cannot write somewhere: No space left on device; [^\n]*\.$"):
        build(small.root)
