"""Faults planted in notebooks, and what a run of pytest says of them: each is found and told by its name."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from qed.display.figures import _png, style
from qed.site import notebooks
from qed.site.refresh import refresh
from qed.site.regression import ROUGH, looks_otherwise

Notebook = dict[str, Any]

START = """\
from IPython.display import display
from engine import GRADE
from qed import R, Verdict, claim, figure

def draw(axes):
    axes.plot([0, 1, 2], [0, 1, 4])
    return {"squares": ([0, 1, 2], [0, 1, 4])}

def even(n):
    return Verdict(n % 2 == 0, GRADE, witness={"rest": str(n % 2)})"""

RICH = [
    START,
    'claim("base.square", "x**2 >= 0", x=R, control="x**2 > 0")',
    'claim("base.counted", "two is even", check=even, at=2, control=3)',
    'claim("base.sum", "x**2 + 1 > 0", x=R, control="x**2 > 0")',
    *(f'figure(draw, "base.fig-{name}", "Squares.")' for name in "altered blank lost gone broken packed rough".split()),
    'print("first")\ndisplay("second")',
    "1 / 0",
    "6 * 7",
]  # fmt: skip
SQUARE, COUNTED, SUM, ALTERED, BLANK, LOST, GONE, BROKEN, PACKED, ROUGHLY, ORDER, RAISES, LAST = range(2, 15)
PLAIN = ["a = 1", "a + 1", "a + 2"]


def make(path: Path, sources: list[str]) -> Notebook:
    """Write a notebook, execute it, and read what is stored."""
    cells = [{"cell_type": "code", "metadata": {"tags": ["raises-exception"]} if source == "1 / 0" else {},
              "execution_count": None, "outputs": [], "source": source} for source in sources]  # fmt: skip
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    refresh(path)
    return notebooks.read(path)


def cell(notebook: Notebook, number: int) -> dict[str, Any]:
    """A code cell, the first being 1."""
    return notebook["cells"][number - 1]


def rewrite(notebook: Notebook, number: int, source: str, outputs: list[Any] | None = None) -> None:
    """Change the code of a cell as if it had been executed so."""
    cell(notebook, number)["source"] = source
    if outputs is not None:
        cell(notebook, number)["outputs"] = outputs
    notebook["metadata"]["qed"]["code"] = notebooks.code_hash(notebook)


def picture(notebook: Notebook, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change the picture of a figure."""
    data = cell(notebook, number)["outputs"][0]["data"]
    data["image/png"] = b64encode(change(b64decode(notebooks.text(data["image/png"])))).decode()


def png(image: Image.Image, **options: Any) -> bytes:
    """The bytes of a picture."""
    file = io.BytesIO()
    image.save(file, format="png", **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    """A picture from its bytes."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def drawn(**changes: Any) -> bytes:
    """A figure as articles have it, with some settings of Matplotlib, or something in it, changed."""
    with rc_context(style() | {key: value for key, value in changes.items() if "." in key}):
        axes = (canvas := Figure(figsize=(6.4, 3.8))).subplots()
        axes.plot([0, 1, 2], [changes.get("start", 0), 1, 4], label=changes.get("label", "the squares"))
        axes.plot([0, 1, changes.get("last", 2)], [0, 1, 2], "o")
        axes.set(xlabel="$x$", ylabel="its square", ylim=(0, 5))
        axes.legend()
        return _png(canvas)


def spoil(notebook: Notebook) -> None:
    """Plant a fault in each cell that has a claim, a figure or an order."""
    rewrite(notebook, SQUARE, 'claim("base.square", "x**2 > 1", x=R, control="x**2 > 2")')
    rewrite(notebook, SUM, "pass")
    picture(notebook, ALTERED, lambda data: png(ImageOps.mirror(opened(data))))
    picture(notebook, BLANK, lambda data: png(Image.new("RGB", opened(data).size, "white")))
    del cell(notebook, LOST)["outputs"][0]["data"]["image/png"]
    cell(notebook, GONE)["outputs"] = []
    picture(notebook, BROKEN, lambda data: data[:200])
    picture(notebook, PACKED, lambda data: png(Image.open(io.BytesIO(data)), compress_level=1))
    picture(notebook, ROUGHLY, lambda data: png(ImageOps.mirror(opened(data))))
    cell(notebook, ROUGHLY)["metadata"]["tags"] = [ROUGH]
    cell(notebook, ORDER)["outputs"].reverse()
    rewrite(notebook, RAISES, "b = 1", [])
    cell(notebook, LAST)["metadata"]["tags"] = ["nbval-ignore-output"]


def never_run(notebook: Notebook) -> None:
    """Take away that a cell was executed, and what it gave."""
    cell(notebook, 2).update(execution_count=None, outputs=[])


def out_of_order(notebook: Notebook) -> None:
    """Let the second cell have been executed last."""
    cell(notebook, 2)["execution_count"], cell(notebook, 3)["execution_count"] = 3, 2


PLANTED: dict[str, Callable[[Notebook], Any]] = {
    "never-run": never_run,
    "out-of-order": out_of_order,
    "deleted": lambda notebook: notebook["cells"].pop(1),
    "changed": lambda notebook: cell(notebook, 2).update(source="1 + a"),
    "hang": lambda notebook: rewrite(notebook, 2, "while True: pass"),
    "dead": lambda notebook: rewrite(notebook, 2, "import os; os._exit(1)"),
}


class Report:
    """What pytest reported: the file for machines, and the text."""

    def __init__(self, file: Path, text: str) -> None:
        self.text = text
        self.cases: dict[tuple[str, str], ElementTree.Element] = {}
        for case in ElementTree.parse(file).iter("testcase"):
            folder = case.get("classname", "").split(".")[0]
            self.cases[folder, case.get("name", "").partition(" [")[0]] = case

    def failure(self, folder: str, number: int | None = None) -> str:
        """What is said of a code cell, or of what is stored."""
        name = "stored outputs" if number is None else f"code cell {number}"
        failed = self.cases[folder, name].find("failure")
        return "" if failed is None else failed.text or ""

    def properties(self, folder: str, number: int, key: str) -> list[str]:
        """The properties of a code cell."""
        found = self.cases[folder, f"code cell {number}"].iter("property")
        return [one.get("value", "") for one in found if one.get("name") == key]

    def regressions(self, folder: str, number: int) -> list[dict[str, Any]]:
        """What differs in a code cell, for machines."""
        return [json.loads(value) for value in self.properties(folder, number, "regression")]


def verify(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest over the notebooks of a folder."""
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", root, "-p", "no:cacheprovider",
               "-p", "qed.site.regression", "--nbval", "--nbval-cell-timeout=6", *options, "."]  # fmt: skip
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One run of pytest over notebooks of which all but one are at fault."""
    root = tmp_path_factory.mktemp("faults")
    (root / "engine.py").write_text("GRADE = 'exhausted'\n")
    rich, plain = make(root / "base.ipynb", RICH), make(root / "plain.ipynb", PLAIN)
    for path in root.glob("*.ipynb"):
        path.unlink()

    def put(folder: str, notebook: Notebook, fault: Callable[[Notebook], Any] | None = None) -> None:
        planted = deepcopy(notebook)
        if fault:
            fault(planted)
        (root / folder).mkdir()
        (root / folder / "base.ipynb").write_text(json.dumps(planted))

    put("sound", rich)
    put("spoiled", rich, spoil)
    for folder, grade in (("sound", "exhausted"), ("spoiled", "sampled")):
        (root / folder / "engine.py").write_text(f"GRADE = {grade!r}\n")
    for folder, fault in PLANTED.items():
        put(folder, plain, fault)
    done = verify(root, "--junitxml", "report.xml")
    assert done.returncode == 1, done.stdout + done.stderr
    return Report(root / "report.xml", done.stdout)


def test_a_sound_notebook_passes_whole(report: Report):
    cases = [case for (folder, _), case in report.cases.items() if folder == "sound"]
    assert len(cases) == len(RICH) + 1
    assert [case.get("name") for case in cases if len(case.findall("failure")) or len(case.findall("skipped"))] == []


def test_the_cells_of_a_claim_and_a_figure_bear_their_names(report: Report):
    assert report.properties("sound", SQUARE, "claim or figure") == ["base.square"]
    assert report.cases["sound", f"code cell {ALTERED}"].get("name") == f"code cell {ALTERED} [base.fig-altered]"


def test_a_grade_that_fell_is_told_by_claim_field_stored_and_fresh_value_and_place(report: Report):
    grade, *others = report.regressions("spoiled", COUNTED)
    assert grade == {"name": "base.counted", "part": "grade", "stored": "exhausted", "fresh": "sampled",
                     "notebook": "base.ipynb", "cell": COUNTED}  # fmt: skip
    assert {other["name"] for other in others} == {"base.counted"}
    said = f"base.ipynb, code cell {COUNTED}: base.counted: grade: stored: exhausted; fresh: sampled"
    assert said in report.text.splitlines()
    assert "base.counted: grade\n  stored: exhausted\n  fresh:  sampled\n" in report.failure("spoiled", COUNTED)


def test_a_claim_that_is_refuted_now_is_named_with_what_refutes_it(report: Report):
    (lost,) = report.regressions("spoiled", SQUARE)
    assert (lost["name"], lost["stored"]) == ("base.square", "proved")
    assert lost["fresh"].startswith("Refuted: base.square")


def test_a_claim_that_is_stored_and_not_made_any_more_is_named(report: Report):
    assert [(one["name"], one["stored"], one["fresh"]) for one in report.regressions("spoiled", SUM)] == [
        ("base.sum", "proved", "nothing")]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [(ALTERED, "altered", r"\d+ x \d+ pixels"), (BLANK, "blank", r"blank, \d+ x \d+ pixels"), (LOST, "lost", "nothing"),
     (BROKEN, "broken", "no picture: ")],
)  # fmt: skip
def test_an_altered_blank_lost_or_broken_picture_is_named(report: Report, number: int, name: str, said: str):
    (one,) = report.regressions("spoiled", number)
    assert (one["name"], one["part"]) == (f"base.fig-{name}", "image/png")
    assert re.match(said, one["stored"])
    assert one["fresh"] != one["stored"]


def test_a_figure_that_is_drawn_and_not_stored_is_named(report: Report):
    (one,) = report.regressions("spoiled", GONE)
    assert (one["name"], one["part"], one["stored"]) == ("base.fig-gone", "output", "nothing")
    assert one["fresh"].startswith("Figure")


@pytest.mark.parametrize(("number", "name"), [(PACKED, "base.fig-packed"), (ROUGHLY, "base.fig-rough")])
def test_a_picture_of_other_bytes_passes_if_it_looks_the_same_or_may_differ_with_a_word_about_it(
    report: Report, number: int, name: str
):
    assert report.failure("spoiled", number) == ""
    assert report.properties("spoiled", number, "other bytes") == [name]
    _, _, rest = report.text.partition("pictures that pass, drawn with other bytes than stored")
    assert name in rest.splitlines()[1].split(", ")


def test_a_rough_picture_too_has_to_be_there_in_its_size_and_not_blank():
    good = drawn()
    shown = opened(good)
    assert looks_otherwise(png(ImageOps.mirror(shown)), good, rough=True) is None
    for bad in (b"", png(shown.reduce(2)), png(Image.new("RGB", shown.size, "white"))):
        assert looks_otherwise(bad, good, rough=True) is not None


def test_print_and_display_that_changed_places_are_seen(report: Report):
    (one,) = report.regressions("spoiled", ORDER)
    assert one["part"] == "order"
    assert (one["stored"], one["fresh"]) == ("display_data 1, stdout 1", "stdout 1, display_data 1")


def test_a_cell_that_should_raise_and_does_not_fails_even_if_no_error_is_stored(report: Report):
    assert "tagged as one that raises, and raised nothing" in report.failure("spoiled", RAISES)


def test_a_cell_that_asks_not_to_be_compared_is_refused_and_so_is_a_figure_without_its_picture(report: Report):
    said = report.failure("spoiled")
    assert f"code cell {LAST}: its tags or comments keep its outputs from being compared" in said
    assert f"code cell {LOST}: the figure base.fig-lost has lost its picture" in said


@pytest.mark.parametrize(
    ("folder", "said"),
    [("never-run", "its code cells were not executed in order"),
     ("out-of-order", "its code cells were not executed in order"),
     ("deleted", "its code changed since its outputs were stored"),
     ("changed", "its code changed since its outputs were stored")],
)  # fmt: skip
def test_what_is_stored_without_having_been_executed_so_is_refused(report: Report, folder: str, said: str):
    assert report.failure(folder) == f"base.ipynb: {said}; run: make refresh NB=base"


@pytest.mark.parametrize(
    ("folder", "said", "why"),
    [("hang", "Timeout of 6 seconds exceeded", "code cell 2 ran out of time"),
     ("dead", "The kernel died", "the kernel died in code cell 2")],
)  # fmt: skip
def test_a_hang_and_a_dead_kernel_are_told_apart_and_end_the_run_of_the_notebook(
    report: Report, folder: str, said: str, why: str
):
    assert said in report.failure(folder, 2)
    skipped = report.cases[folder, "code cell 3"].find("skipped")
    assert skipped is not None and skipped.get("message") == f"not run: {why}"


def test_a_file_that_is_no_notebook_is_named_in_one_line(tmp_path: Path):
    (tmp_path / "torn.ipynb").write_text('{"cells": [')
    done = verify(tmp_path)
    assert done.returncode == 2
    (said,) = [line for line in done.stdout.splitlines() if "JSON" in line]
    assert said.startswith("torn.ipynb: not valid JSON: ") and "Traceback" not in done.stdout


@pytest.mark.parametrize("hinting", ["none", "no_autohint", "force_autohint"])
def test_letters_drawn_in_another_way_make_no_other_picture(hinting: str):
    assert looks_otherwise(drawn(), drawn(**{"text.hinting": hinting})) is None


def test_the_other_ways_to_draw_letters_change_pixels():
    assert drawn() != drawn(**{"text.hinting": "none"})


@pytest.mark.parametrize("change", [{"start": 0.1}, {"last": 1.9}, {"label": "no squares"}, {"lines.linewidth": 3}])
def test_a_curve_that_begins_elsewhere_or_a_word_makes_another_picture(change: dict[str, Any]):
    assert looks_otherwise(drawn(), drawn(**change)) is not None
