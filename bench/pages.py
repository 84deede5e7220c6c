"""How soon mathematics is painted, against MathJax 3 on the same pages; and whether pages grow with the book.

It needs npm::

    make bench PART=pages

MathJax comes from the npm registry, is kept in ``_build/bench`` and serves only as the peer. For it the formulas of
each page are put back as TeX, and it typesets them from files on the same local server; all else on the page stays.
The two kinds of page are opened in turn, each visit with an empty cache, and the medians are compared.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from _spread import spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

MATHJAX = "mathjax@3.2.2"
ROUNDS = int(os.environ.get("ROUNDS", "7"))
# A phone on a train: Chrome's preset "Fast 3G", with its usual correction for what the emulation adds.
SLOW = {"offline": False, "latency": 562.5, "downloadThroughput": 1.44e6 / 8, "uploadThroughput": 675e3 / 8}

# The moment when all formulas stand in the page, in their fonts, and have been painted.
PAINTED = """
  window.mathPainted = new Promise(resolve => addEventListener("DOMContentLoaded", async () => {
    const frames = async () => { for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame); };
    if (document.querySelector("script[src*='tex-chtml']")) {
      while (!window.MathJax?.startup?.promise) await new Promise(done => setTimeout(done, 1));
      await MathJax.startup.promise;
    } else while (document.documentElement.dataset.fonts) await new Promise(requestAnimationFrame);
    await frames();
    await document.fonts.ready;
    await frames();
    resolve(performance.now());
  }));
"""
FORMULAS = "document.querySelectorAll('.katex-html, mjx-container').length"


def figures(site: Path = ROOT / "_build" / "html", rounds: int = ROUNDS) -> dict[str, float]:
    """Measure the articles of a built site and a generated book; print the figures as they come.

    Parameters
    ----------
    site : Path
        The folder of the built site.
    rounds : int
        Visits of each kind to each page.

    Returns
    -------
    dict of str to float
        Milliseconds, bytes and ratios by name.
    """
    from conftest import FLAGS
    from playwright.sync_api import sync_playwright

    from qed.site.pdf import BROWSERS

    browser_path = next(path for name in BROWSERS if (path := shutil.which(name)))
    found: dict[str, Any] = {"load before": round(os.getloadavg()[0], 1)}

    def note(name: str, value: Any) -> None:
        found[name] = value
        print(f"  {name}: {value}", flush=True)

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        peer = with_mathjax(site, Path(folder, "peer"))
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        with serve(site) as ours, serve(peer) as theirs:
            for page in sorted(path.stem for path in (ROOT / "book").glob("*.ipynb")):
                for line, network in (("local", None), ("slow", SLOW)):
                    times: dict[str, list[float]] = {"KaTeX": [], "MathJax": []}
                    count = rounds if network is None else min(rounds, 3)
                    for _ in range(count):
                        for kind, address in (("KaTeX", ours), ("MathJax", theirs)):
                            times[kind].append(visit(browser, f"{address}book/{page}.html", network))
                    for kind, values in times.items():
                        note(f"{page}, {line}: {kind}, ms", spread(values, 0))
                    ratio = statistics.median(times["KaTeX"]) / statistics.median(times["MathJax"])
                    note(f"{page}, {line}: ratio", round(ratio, 3))
            for name, value in weights(browser, ours, site).items():
                note(name, value)
        browser.close()
        for name, value in growth(Path(folder)).items():
            note(name, value)
    return found


def visit(browser: Any, address: str, network: dict[str, Any] | None) -> float:
    """Milliseconds from the start of a visit until the mathematics is painted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        context.add_init_script(PAINTED)
        page = context.new_page()
        if network is not None:
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", network)
        page.goto(address, wait_until="commit")
        taken: float = page.evaluate("window.mathPainted")
        if page.evaluate(FORMULAS) == 0:
            raise RuntimeError(f"{address}: no formula was painted, so nothing was measured")
        return taken
    finally:
        context.close()


def weights(browser: Any, address: str, site: Path) -> dict[str, float]:
    """What the articles and the ledger ask for and how much they move, the worst of each; KB are 1000 bytes."""
    from bs4 import BeautifulSoup
    from test_light import SHIFTS

    views, explorers, strange, shifts = [], [], 0, []
    names = [path.stem for path in sorted((ROOT / "book").glob("*.ipynb"))]
    for name in [*names, "ledger"]:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(SHIFTS)
        page, asked = context.new_page(), []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(f"{address}book/{name}.html", wait_until="load")
        page.wait_for_timeout(500)
        shifts.append(page.evaluate("window.shift"))
        own = [site / unquote(url).removeprefix(address).partition("?")[0] for url in asked if url.startswith(address)]
        strange += len(asked) - len(own)
        views.append(sum(path.stat().st_size if path.suffix == ".woff2" else len(packed(path))
                         for path in own if path.is_file() and path.parent.name != "_images"))  # fmt: skip
        built = BeautifulSoup((site / "book" / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        explorers += [len(gzip.compress(str(each).encode())) for each in built.select(".qed-explorer")]
        context.close()
    return {
        "first view, KB packed": round(max(views) / 1000, 1), "requests to other hosts": strange,
        "layout shift": round(max(shifts), 4), "heaviest explorer, KB packed": round(max(explorers) / 1000, 1),
    }  # fmt: skip


def with_mathjax(site: Path, folder: Path) -> Path:
    """A copy of the site on which MathJax 3 sets the formulas in the reader's browser."""
    from bs4 import BeautifulSoup

    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("_sources"))
    shutil.copytree(mathjax() / "es5", folder / "_static" / "mathjax")
    for path in folder.glob("book/*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for formula in page.select(".katex-display, .katex"):
            if formula.decomposed:
                continue
            tex = formula.select_one("annotation").get_text()
            shown = "katex-display" in formula["class"]
            formula.replace_with(rf"\[{tex}\]" if shown else rf"\({tex}\)")
        for tag in page.select(".mathjax_ignore"):
            tag["class"] = []
        for tag in page.select("link[href*='math.css'], link[rel=preload], meta[http-equiv]"):
            tag.decompose()
        boot = page.select_one("head script:not([src])")
        boot.string = boot.string.partition("(() => {\n  const root")[0]
        page.head.append(page.new_tag("script", src="../_static/mathjax/tex-chtml.js", defer=""))
        path.write_text(str(page), encoding="utf-8")
    return folder


def mathjax() -> Path:
    """The unpacked package of MathJax."""
    kept = ROOT / "_build" / "bench" / MATHJAX
    if not kept.exists():
        if shutil.which("npm") is None:
            raise RuntimeError("the comparison with MathJax needs npm, which is not on this machine")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["npm", "pack", "--silent", MATHJAX], cwd=folder, check=True, capture_output=True)
            shutil.unpack_archive(next(Path(folder).glob("*.tgz")), folder, filter="data")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(folder, "package"), kept)
    return kept


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port, packed with gzip as a web server does; gives the address."""

    class Packed(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(path))
            body = path.read_bytes()
            if path.suffix in (".html", ".css", ".js", ".svg"):
                body = packed(path)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Packed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@lru_cache(None)
def packed(path: Path) -> bytes:
    """A file, packed once."""
    return gzip.compress(path.read_bytes(), 6)


def growth(folder: Path) -> dict[str, float]:
    """The bytes of a page in a book of 208 notebooks against those in a book of 26: copies of one small notebook."""
    from qed.site.build import build
    from qed.site.notebooks import code_hash

    source = ROOT / "tests" / "books" / "small"
    sizes = {}
    for number in (26, 208):
        root = folder / f"book-{number}"
        shutil.copytree(source, root)
        shutil.copy(ROOT / "_config.yml", root)
        text = (source / "book" / "squares.ipynb").read_text(encoding="utf-8")
        chapters = ""
        for n in range(number):
            if n % (number // 13) == 0:
                chapters += f"  - caption: Part {n // (number // 13) + 1:02}\n    chapters:\n"
            notebook = json.loads(text.replace("squares", f"squares-{n:03}"))
            notebook["metadata"]["qed"]["code"] = code_hash(notebook)
            (root / "book" / f"squares-{n:03}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
            chapters += f"      - file: book/squares-{n:03}\n"
        toc = (source / "_toc.yml").read_text(encoding="utf-8")
        (root / "_toc.yml").write_text(toc.replace("parts:\n", "parts:\n" + chapters), encoding="utf-8")
        build(root)
        sizes[number] = (root / "_build" / "html" / "book" / "squares-010.html").stat().st_size
        shutil.rmtree(root)
    return {"bytes of a page of 26": sizes[26], "bytes of a page of 208": sizes[208],
            "growth, ratio": round(sizes[208] / sizes[26], 3)}
