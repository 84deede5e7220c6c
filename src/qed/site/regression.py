"""A plugin of pytest: nbval's verdicts told by claim and figure, with what nbval does not see.

nbval runs each notebook and compares the fresh outputs with the stored ones. In the same run this plugin also looks at
the order of outputs, at pictures, at the claims' records field by field, at cells that should raise and no longer do,
and at what is stored itself; and it finds a dead kernel at once. It is loaded by pytest's settings in pyproject.toml.
"""

from __future__ import annotations

import io
import json
import time
from base64 import b64decode
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from queue import Empty
from typing import Any

import nbval.kernel
import nbval.plugin
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from qed.site import kernels, notebooks

BLOCK, LEVEL = 16, 40  # pictures differ if the colours of a block of 16 x 16 pixels do, by 40 of 255
ROUGH = "rough-picture"  # the tag of a cell that draws rounding errors, which are others on another processor

_NOTHING = "nothing"

Output = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One thing that a fresh run gave otherwise than it is stored."""

    name: str  # of the claim or the figure, otherwise which output
    part: str
    stored: str
    fresh: str


def differences(
    stored: list[Output], fresh: list[Output], rough: bool = False
) -> tuple[list[Difference], list[str]]:
    """Compare the outputs of a cell.

    Parameters
    ----------
    stored, fresh : list of dict
        Outputs as a notebook stores them, with the streams of one name joined.
    rough : bool
        Whether a picture need only be there, in its size and not blank.

    Returns
    -------
    list of Difference
        What differs, by claim, figure or output; empty if nothing does.
    list of str
        The pictures that look the same and have other bytes.
    """
    found: list[Difference] = []
    hints: list[str] = []
    before, after = _named(stored), _named(fresh)
    for name in dict.fromkeys([*before, *after]):
        if name not in after or name not in before:
            found.append(Difference(name, "output", _gist(before.get(name)), _gist(after.get(name))))
        else:
            found += _compare(name, before[name], after[name], hints, rough)
    if not found and any(_order(stored, without) != _order(fresh, without) for without in ("stdout", "stderr")):
        found.append(Difference("outputs", "order", ", ".join(before), ", ".join(after)))
    return found, hints


def _named(outs: list[Output]) -> dict[str, Output]:
    """Give outputs their names: a claim's, a figure's, or their kind with a number."""
    found: dict[str, Output] = {}
    for out in outs:
        label = notebooks.label(out)
        kind = out["name"] if out["output_type"] == "stream" else out["output_type"]
        count = sum(name.startswith(f"{kind} ") for name in found) + 1
        found[label or f"{kind} {count}"] = out
    return found


def _order(outs: list[Output], without: str) -> list[str]:
    return [name for name, out in _named(outs).items() if out.get("name") != without]


def _gist(out: Output | None) -> str:
    """Say in a few words what an output is."""
    if out is None:
        return _NOTHING
    data = out.get("data", {})
    if notebooks.CLAIM in data:
        return str(data[notebooks.CLAIM].get("effective", "a claim"))
    if out["output_type"] == "error":
        return f"{out['ename']}: {notebooks.first_line(out['evalue'])}"
    return _short(notebooks.text(out.get("text") or data.get("text/plain", "an output")))


def _compare(name: str, stored: Output, fresh: Output, hints: list[str], rough: bool) -> Iterator[Difference]:
    """Compare two outputs of one name."""
    if stored["output_type"] != fresh["output_type"]:
        yield Difference(name, "kind", stored["output_type"], fresh["output_type"])
    elif stored["output_type"] in ("stream", "error"):
        if (a := _said(stored)) != (b := _said(fresh)):
            yield Difference(name, "text", *_apart(a, b))
    else:
        yield from _compare_data(name, stored["data"], fresh["data"], hints, rough)
        if (a := stored["metadata"].get("qed")) != (b := fresh["metadata"].get("qed")):
            yield from _leaves(name, a, b)


def _said(out: Output) -> str:
    return notebooks.text(out["text"]) if out["output_type"] == "stream" else f"{out['ename']}: {out['evalue']}"


def _compare_data(
    name: str, stored: dict[str, Any], fresh: dict[str, Any], hints: list[str], rough: bool
) -> Iterator[Difference]:
    record, again = stored.get(notebooks.CLAIM), fresh.get(notebooks.CLAIM)
    if record != again:  # the card and the text are made from the record
        yield from sorted(_leaves(name, record, again), key=lambda one: (one.part != "grade", one.part != "effective"))
        return
    for kind in sorted({*stored, *fresh} - {notebooks.CLAIM}, reverse=True):  # text before pictures
        a, b = stored.get(kind), fresh.get(kind)
        if a is None or b is None:
            yield Difference(name, kind, _NOTHING if a is None else "there", _NOTHING if b is None else "there")
        elif kind in ("image/png", "image/jpeg"):
            was, now = b64decode(notebooks.text(a)), b64decode(notebooks.text(b))
            if said := looks_otherwise(was, now, rough):
                yield Difference(name, kind, *said)
            elif was != now:
                hints.append(name)
        elif a != b:
            yield from _leaves(name, a, b, kind)


def _leaves(name: str, a: Any, b: Any, part: str = "") -> Iterator[Difference]:
    """Find the places in which two values of JSON differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            yield from _leaves(name, a.get(key, _NOTHING), b.get(key, _NOTHING), f"{part}.{key}" if part else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for n, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from _leaves(name, one, other, f"{part}[{n}]")
    elif a != b:
        was, now = (value if isinstance(value, str) else json.dumps(value) for value in (a, b))
        yield Difference(name, part, *_apart(was, now))


def _apart(a: str, b: str, width: int = 160) -> tuple[str, str]:
    """Show two texts, or where they are long, what stands around the first difference."""
    same = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    start = same - 40 if same > 40 and max(len(a), len(b)) > width else 0
    return _short(a[start:], start > 0, width), _short(b[start:], start > 0, width)


def _short(text: str, inside: bool = False, width: int = 160) -> str:
    cut = text if len(text) <= width else text[:width] + "..."
    return ("..." if inside else "") + cut.replace("\n", "\\n")


def looks_otherwise(stored: bytes, fresh: bytes, rough: bool = False) -> tuple[str, str] | None:
    """Say how the picture stored looks, and how the fresh one does, if a reader would tell them apart.

    Letters are drawn a little differently from machine to machine, and move what stands beside them by a pixel, so the
    mean colours of blocks are compared: a curve moved by its own width is seen, and one dot, but no other hinting.
    """
    import numpy as np
    from PIL import Image

    said, blocks = [], []
    for data in (stored, fresh):
        try:
            picture = Image.open(io.BytesIO(data)).convert("RGB")
        except (OSError, SyntaxError) as error:  # what Pillow raises for broken pictures
            said.append(f"no picture: {notebooks.first_line(str(error))}")
            continue
        blank = len(picture.getcolors(1) or ()) == 1
        said.append(f"{'blank, ' if blank else ''}{picture.width} x {picture.height} pixels")
        blocks.append(np.asarray(picture.reduce(BLOCK), dtype=int))
    if said[0] != said[1] or "blank" in said[0] or not blocks:
        return said[0], said[1]
    if rough:
        return None
    apart = np.abs(blocks[0] - blocks[1]).max(axis=2) > LEVEL
    if not apart.any():
        return None
    row, column = (BLOCK * int(place) for place in np.argwhere(apart)[0])
    return said[0], f"{said[1]}, and other ones from row {row}, column {column} on"


class KernelDied(Exception):
    """The kernel ended while something was expected of it."""


class Kernel(nbval.kernel.RunningKernel):
    """A kernel that is forked where that is possible, and whose end is noticed within a second.

    With nbval's own, the time for the cell would have to be over first.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        with kernels.forked():
            super().__init__(*arguments, **options)

    def get_message(self, stream: str, timeout: float | None = None) -> Any:
        """Wait for a message."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 1.0 if end is None else min(1.0, max(0.0, end - time.monotonic()))
            try:
                return super().get_message(stream, timeout=left)
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if end is not None and time.monotonic() >= end:
                    raise


nbval.plugin.RunningKernel = Kernel  # nbval has no other place to put one


class Notebook(IPyNbFile):
    """A notebook: what it has stored, and its code cells."""

    stopped = ""  # why no further cell is run

    def collect(self) -> Iterator[pytest.Item]:
        """Give an item for what is stored and one for each code cell that is not empty."""
        try:
            notebooks.read(self.path)
        except notebooks.BadNotebook as error:
            raise self.CollectError(f"{self.path.name}: {error}") from None
        cells = [cell for cell in super().collect() if cell.cell.source.strip()]
        quiet = [n for n, cell in enumerate(cells, 1) if self.compare_outputs and not cell.options["check"]]
        skipped = [n for n, cell in enumerate(cells, 1) if cell.options["skip"]]
        yield Stored.from_parent(self, name="stored outputs", uncompared=sorted({*quiet, *skipped}))
        for n, cell in enumerate(cells, 1):
            names = [label for out in cell.cell.outputs if (label := notebooks.label(out))]
            yield Cell.from_parent(self, name=f"code cell {n}" + (f" [{', '.join(names)}]" if names else ""),
                                   cell_num=n, cell=cell.cell, options=cell.options, names=names)  # fmt: skip


class StoredFault(Exception):
    """What is stored cannot be trusted; the message has a line for each reason."""


class Stored(pytest.Item):
    """What a notebook has stored, looked at without a kernel."""

    def __init__(self, *, uncompared: list[int], **options: Any) -> None:
        super().__init__(**options)
        self.uncompared = uncompared

    def runtest(self) -> None:
        """Refuse outputs that the site would refuse, and cells whose outputs nothing compares."""
        found = notebooks.problems(notebooks.read(self.path), self.path.stem)
        found += [f"code cell {n}: its tags or comments keep its outputs from being compared" for n in self.uncompared]
        if found:
            raise StoredFault("\n".join(f"{self.path.name}: {line}" for line in found))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the reasons alone."""
        return str(excinfo.value) if excinfo.errisinstance(StoredFault) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int, str]:
        """Name the item in the report."""
        return self.path, 0, f"{self.path.name}, {self.name}"


class Cell(IPyNbCell):
    """A code cell."""

    def __init__(self, *, names: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.names = names
        self.found: list[Difference] = []
        self.compared = False
        self.user_properties += [("claim or figure", name) for name in names]

    def setup(self) -> None:
        """Run nothing in a kernel that a cell before this one has ended."""
        if self.parent.stopped:
            pytest.xfail(f"not run: {self.parent.stopped}")

    def runtest(self) -> None:
        """Run the cell in nbval's way, and find out what is lost if it fails."""
        try:
            self._run()
        except NbCellError as error:
            if self.parent.timed_out:
                self.parent.stopped = f"code cell {self.cell_num} ran out of time"
            self.found = self.found or self._lost(str(error))
            raise
        finally:
            where = {"notebook": self.path.name, "cell": self.cell_num}
            self.user_properties += [("regression", json.dumps(asdict(one) | where)) for one in self.found]

    def _run(self) -> None:
        try:
            super().runtest()
        except KernelDied:
            self.parent.stopped = f"the kernel died in code cell {self.cell_num}"
            self.raise_cell_error("The kernel died.")
        if self.options["check_exception"] and not any(out.output_type == "error" for out in self.test_outputs):
            self.raise_cell_error("The cell is tagged as one that raises, and raised nothing.")

    def compare_outputs(self, test: list[Output], ref: list[Output], skip_compare: Any = None) -> bool:
        """Compare as nbval does, and more closely."""
        self.compared = True
        same = bool(super().compare_outputs(test, ref, skip_compare))
        self.found, hints = differences(ref, test, ROUGH in self.cell.metadata.get("tags", []))
        self.user_properties += [("other bytes", name) for name in hints]
        return same and not self.found

    def _lost(self, cause: str) -> list[Difference]:
        """List what is stored and was not given again, since the cell did not come to its end."""
        given = _named(self.test_outputs or [])
        raised = [out for out in given.values() if out["output_type"] == "error"]
        fresh = _gist(raised[-1]) if raised else cause
        stored = _named(self.cell.outputs)
        lost = [Difference(name, "output", _gist(stored[name]), fresh) for name in self.names if name not in given]
        return lost or [Difference("the cell", "outcome", "ran to its end", fresh)]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what differs, by claim and figure, and then what nbval has to say."""
        if not isinstance(excinfo.value, NbCellError):
            return super().repr_failure(excinfo)
        where = f"{self.path.name}, code cell {self.cell_num}"
        lines = [f"{where}: {excinfo.value}", ""]
        for one in self.found:
            lines += [f"{one.name}: {one.part}", f"  stored: {one.stored}", f"  fresh:  {one.fresh}"]
        traceback = "" if self.compared and self.found else excinfo.value.inner_traceback or ""
        return "\n".join([*lines, "", self.cell.source, notebooks.uncoloured(traceback)]).rstrip()

    def reportinfo(self) -> tuple[Any, int, str]:
        """Name the cell in the report."""
        return self.path, 0, f"{self.path.name}, {self.name}"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Any, parent: pytest.Collector) -> Generator[None, list[Any], list[Any]]:
    """Collect notebooks as `Notebook` where nbval would collect them."""
    found = yield
    return [Notebook.from_parent(parent, path=file_path) if type(one) is IPyNbFile else one for one in found]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List all that differs, a line each, claims and figures by name."""
    reports = [one for kind in ("failed", "passed") for one in terminalreporter.stats.get(kind, [])]
    if not kernels.POSSIBLE and any(".ipynb::" in getattr(report, "nodeid", "") for report in reports):
        terminalreporter.line("Kernels were started anew, which takes longer: they can be forked on Linux only.")
    told = [pair for report in reports for pair in getattr(report, "user_properties", [])]
    differ = [json.loads(value) for key, value in told if key == "regression"]
    if differ:
        terminalreporter.section("what differs from what is stored")
    for one in differ:
        place = f"{one['notebook']}, code cell {one['cell']}"
        terminalreporter.line(f"{place}: {one['name']}: {one['part']}: stored: {one['stored']}; fresh: {one['fresh']}")
    if names := [value for key, value in told if key == "other bytes"]:
        terminalreporter.section("pictures that pass, drawn with other bytes than stored")
        terminalreporter.line(", ".join(names))
