"""What the tests share."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from qed import Claim
from qed.claims.stored import MIME
from qed.display.card import record
from qed.site import pdf
from qed.site.notebooks import code_hash
from qed.site.serve import Handler

ROOT = Path(__file__).parent.parent
SITE = ROOT / "_build" / "html"

FLAGS = [*pdf.FLAGS, "--no-sandbox", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
HOW = "these tests need Chromium; on Debian and Ubuntu: apt install chromium, on macOS: install Google Chrome"

collect_ignore = ["books"]  # tiny books for the tests of the build; they are not run


class Book:
    """A tiny book in a folder of its own, to be broken in one place."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def site(self) -> Path:
        """The folder of the built site."""
        return self.root / "_build" / "html"

    def write(self, name: str, text: str) -> Path:
        """Write a file of the book."""
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def append(self, name: str, text: str) -> None:
        """Add text to a page."""
        path = self.root / name
        path.write_text(path.read_text(encoding="utf-8") + "\n" + text + "\n", encoding="utf-8")

    def notebook(self, name: str = "squares") -> dict[str, Any]:
        """Read a notebook of the book."""
        return json.loads((self.root / "book" / f"{name}.ipynb").read_text(encoding="utf-8"))

    def store(self, notebook: dict[str, Any], name: str = "squares") -> Path:
        """Write a notebook of the book."""
        return self.write(f"book/{name}.ipynb", json.dumps(notebook, indent=1))

    def files(self) -> dict[str, bytes]:
        """All files of the built site."""
        return {str(p.relative_to(self.site)): p.read_bytes() for p in self.site.rglob("*") if p.is_file()}


def store(folder: Path, article: str, *claims: Claim) -> None:
    """Write a notebook in which each claim is the output of a cell."""
    cells = [
        {"cell_type": "code", "source": f"claim({c.id!r})", "execution_count": n, "id": f"cell-{n}", "metadata": {},
         "outputs": [{"output_type": "display_data", "data": {MIME: record(c)}, "metadata": {}}]}
        for n, c in enumerate(claims, 1)
    ]  # fmt: skip
    title = {"cell_type": "markdown", "source": f"# {article}", "id": "title", "metadata": {}}
    notebook = {"cells": [title, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook["metadata"] = {"qed": {"code": code_hash(notebook)}, "kernelspec": {"name": "python3"}}
    (folder / f"{article}.ipynb").write_text(json.dumps(notebook))


def copy_small(root: Path) -> Book:
    """Copy the tiny book, with the configuration of the real one, into a folder that does not exist yet."""
    shutil.copytree(Path(__file__).parent / "books" / "small", root)
    shutil.copy(ROOT / "_config.yml", root)
    return Book(root)


@pytest.fixture
def small(tmp_path: Path) -> Book:
    """A fresh copy of the tiny book."""
    return copy_small(tmp_path / "small")


@pytest.fixture(scope="session")
def site() -> Path:
    """The site of the book, built as `make html` builds it if it is not up to date."""
    command = [sys.executable, "-m", "qed.site", "build"]
    with Path(tempfile.gettempdir(), f"qed-{os.getuid()}-tests.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # each worker builds, and a second build at the same time is refused
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The site's address on a free local port."""

    class Quiet(Handler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium. Missing, it is a reason to skip; where CI=true, it is a failure."""
    path = next((found for name in pdf.BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """A page as a reader with an empty cache meets it, and what the browser had to say."""

    def __init__(self, browser: Any, address: str, theme: str = "light", width: int = 1280) -> None:
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
        self.address, self.errors, self.strangers = address, [], []
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("response", lambda r: self.errors.append(r.url) if r.status >= 400 else None)

    def _route(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(url)
            route.abort()

    def go(self, name: str) -> Any:
        """Open a page and wait until all of it is there, its fonts too."""
        self.page.goto(urljoin(self.address, name))
        self.page.wait_for_url(lambda url: not url.endswith("index.html"))  # which leads on to the first page
        self.page.wait_for_load_state("load")
        self.page.evaluate("document.fonts.ready")
        return self.page


# Of things on a page that are alike but for their words, one is enough; of formulas, a few.
ALIKE = """() => {
  document.querySelectorAll("math").forEach((formula, place) => place < 20 || formula.replaceChildren());
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight span[class]")) {
    const kind = `${word.closest("[class^=qed-], .cell_input, .cell_output, .highlight").className} ${word.className}`;
    if (seen.has(kind)) word.remove();
    seen.add(kind);
  }
  const alike = "section > p, li, tr, figure, dl.py, .cell, .qed-card, .qed-node";
  for (const one of document.querySelectorAll(`article :is(${alike})`)) {
    const parts = [...one.querySelectorAll("*")].map((e) => `${e.localName}.${e.getAttribute("class")}`);
    const kind = [one.localName, one.getAttribute("class"), one.dataset.grade, ...new Set(parts)].sort().join();
    if (seen.has(kind)) one.remove();
    seen.add(kind);
  }
}"""


def violations(page: Any) -> list[tuple[str, Any, str]]:
    """What axe-core finds wrong on a page in either theme: the rule, the place, and what to do.

    Parameters
    ----------
    page : Page
        Changed by this: what it holds more than once is taken out, unless QED_ALL is set.
    """
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("axe-playwright-python, which brings axe-core, is missing; make the environment again")
    # Boxes that screen readers do not get, since they get the formula's MathML: two thirds of a page's elements.
    page.evaluate("document.querySelectorAll('.katex-html').forEach(e => e.remove())")
    if not os.environ.get("QED_ALL"):
        page.evaluate(ALIKE)
    page.evaluate((Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    broken = []
    for theme in ("light", "dark"):  # which differ in colours only
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        rules = {} if theme == "light" else {"runOnly": ["color-contrast", "link-in-text-block"]}
        report = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **rules})
        assert report["passes"]
        broken += [(rule["id"], node["target"], node["failureSummary"])
                   for rule in report["violations"] for node in rule["nodes"]]  # fmt: skip
    return broken


def until(page: Any, expression: str, arg: Any = None) -> None:
    """Wait until something is true of a page. Playwright's own way uses `eval`, which the policy of pages forbids."""
    from playwright.sync_api import Error

    for _ in range(1500):
        try:
            if page.evaluate(expression, arg):
                return
        except Error as error:  # the page is just being left, or loaded again
            if "context was destroyed" not in str(error):
                raise
        page.wait_for_timeout(20)
    pytest.fail(f"never true: {expression}")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    """Open visits that are closed at the end of the test."""
    opened: list[Visit] = []

    def start(**options: Any) -> Visit:
        opened.append(Visit(browser, address, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.context.close()
