"""What runs a notebook's cells in the browser, run here without one."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from qed.site.live import shell as live


class Page:
    """Listens to a shell."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.shell = live.Shell(lambda kind, content: self.heard.append((kind, content)), ["sympy", "flint"])

    def run(self, source: str, number: int = 1) -> list[tuple[str, dict[str, Any]]]:
        """Run a cell; return what it put out."""
        self.heard.clear()
        self.shell.run(number, source)
        return list(self.heard)

    def error(self, source: str, number: int = 1) -> dict[str, Any]:
        """Run a cell that fails; return what is said about it."""
        return next(content for kind, content in self.run(source, number) if kind == "error")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A shell in the place of IPython, until the test ends."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "IPython"}
    for name in before:
        monkeypatch.delitem(sys.modules, name)
    for name in ("get_ipython", "display", "input"):
        monkeypatch.setattr(builtins, name, None, raising=False)
    made = Page()
    live.install(made.shell)
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "IPython"]:
        del sys.modules[name]
    sys.modules.update(before)


def test_the_value_at_the_end_of_a_cell_is_shown_unless_a_semicolon_hides_it(page: Page):
    assert page.run("a = 6\na * 7") == [("display", {"data": {"text/plain": "42"}, "metadata": {}})]
    assert page.run("a * 7;") == page.run("a = 1") == page.run("None") == page.run("") == []
    assert page.run("_ + 1")[0][1]["data"]["text/plain"] == "43"


def test_prints_and_displays_keep_their_order(page: Page):
    said = page.run("import sys\nprint(1)\ndisplay(2)\nprint(3)\nprint(4, file=sys.stderr)\n5")
    assert [(kind, content.get("text") or content["data"]["text/plain"]) for kind, content in said] == [
        ("stream", "1\n"), ("display", "2"), ("stream", "3\n"), ("stream", "4\n"), ("display", "5")]  # fmt: skip
    assert [content["name"] for kind, content in said if kind == "stream"] == ["stdout", "stdout", "stderr"]


def test_output_without_end_is_cut_once_and_the_cell_runs_on(page: Page):
    said = page.run("for i in range(300_000): print(i)\nlast = i")
    assert [kind for kind, _ in said].count("cut") == 1 and said[-1][0] == "cut"
    assert sum(len(content["text"]) for kind, content in said if kind == "stream") == live.CHARACTERS
    assert page.run("last")[0][1]["data"]["text/plain"] == "299999"
    said = page.run("for i in range(1000): display(i)")
    assert [kind for kind, _ in said] == ["display"] * live.DISPLAYS + ["cut"]


def test_sympy_shows_mathematics_as_it_does_in_jupyter(page: Page):
    page.run("import sympy as sp\nsp.init_printing(pretty_print=False, use_latex='mathjax')\nx = sp.Symbol('x')")
    assert page.run("x**2, [x]")[0][1]["data"] == {
        "text/plain": "(x**2, [x])",
        "text/latex": r"$\displaystyle \left( x^{2}, \  \left[ x\right]\right)$",
    }
    assert "x^{2}" in page.run("x**2")[0][1]["data"]["text/latex"]


def test_a_claim_gives_its_card(page: Page):
    [(kind, content)] = page.run("from qed import claim, R\nclaim('a.b', 'x**2 >= 0', x=R, control='x**2 > 0')")
    assert kind == "display" and 'class="qed-card"' in content["data"]["text/html"]
    assert content["data"]["application/vnd.qed.claim+json"]["grade"] == "proved"


def test_a_figure_drawn_with_pyplot_is_shown_once_and_closed(page: Page):
    code = "import matplotlib\nmatplotlib.use('AGG')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    [(_, content)] = page.run(code)
    assert content["data"]["image/png"].startswith("iVBOR")
    assert page.run("1;") == []


def test_an_error_tells_its_line_and_the_way_there_through_the_cells(page: Page):
    page.run("def fall(n):\n    return 1 / n")
    said = page.error("y = 1\ny = 2\nfall(0)", 2)
    assert (said["name"], said["line"], said["message"]) == ("ZeroDivisionError", 3, "division by zero")
    assert said["trace"] == "cell 2, line 3: fall(0)\ncell 1, line 2: return 1 / n\n"


@pytest.mark.parametrize(("code", "line", "advice"), [
    ("x = 1\nprint(x\ny = 2", 2, "Python cannot read the cell"),
    ("x = 1\n%timeit x", 2, "Line 2 is a command of Jupyter"),
    ("!ls", 1, "Line 1 is a command of Jupyter"),
    ("x = 1\nprint?", 2, "Line 2 is a command of Jupyter"),
    ("import torch_of_nobody.nn", 1, "has no torch_of_nobody. It offers: flint, sympy"),
    ("input('n?')", 1, "Write the value into the cell"),
    ("nobody", 1, "Has the cell run that defines it?"),
    ("raise MemoryError", 1, "used up"),
    ("exit()", 1, "nothing to exit from"),
    ("x = 1\n\n\n1 / 0", 4, ""),
])  # fmt: skip
def test_what_goes_wrong_is_said_with_its_line_and_what_to_do(page: Page, code: str, line: int, advice: str):
    said = page.error(code)
    assert said["line"] == line
    assert advice in said["advice"] and bool(advice) == bool(said["advice"])


def test_an_object_that_cannot_be_shown_in_one_way_is_shown_in_another(page: Page):
    methods = "def _repr_html_(self): raise ValueError('no')", "def __repr__(self): return 'odd'"
    said = page.run("class Odd:\n    " + "\n    ".join(methods) + "\nOdd()")
    assert ("display", {"data": {"text/plain": "odd"}, "metadata": {}}) in said
    assert any("text/html of a Odd: ValueError: no" in content.get("text", "") for _, content in said)


def test_pictures_travel_as_text_and_streams_come_back_after_a_cell(page: Page):
    before = sys.stdout
    [(_, content)] = page.run("display({'image/png': b'abc'}, raw=True, metadata={'qed': {'figure': 'a.fig-b'}})")
    assert content == {"data": {"image/png": "YWJj"}, "metadata": {"qed": {"figure": "a.fig-b"}}}
    page.run("1 / 0")
    assert sys.stdout is before
