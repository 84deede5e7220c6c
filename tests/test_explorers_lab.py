"""Explorers in JupyterLab: alive in a trusted notebook, a picture in one that is not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

PATIENCE = 120_000  # milliseconds after which something is held to be broken, on a busy machine too


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab on two notebooks with the explorer of an article: one signed, and one by somebody else."""
    article = json.loads((ROOT / "book" / "even-taylor.ipynb").read_text(encoding="utf-8"))
    article["cells"] = [cell for cell in article["cells"] if "explorer(draw" in "".join(cell["source"])]
    books = tmp_path / "books"
    books.mkdir()
    (books / "mine.ipynb").write_text(json.dumps(article), encoding="utf-8")
    article["metadata"]["from"] = "somebody else"
    (books / "theirs.ipynb").write_text(json.dumps(article), encoding="utf-8")
    places = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    env = {**os.environ, **places, "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}
    subprocess.run([sys.executable, "-m", "jupyter", "trust", str(books / "mine.ipynb")], env=env, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
               "--IdentityProvider.token=", f"--ServerApp.root_dir={books}", "--LabApp.news_url=",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    log = tmp_path / "server.log"
    with log.open("w") as said:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, stdout=said, stderr=said)
    try:
        while f"127.0.0.1:{port}/lab" not in log.read_text(encoding="utf-8"):
            if server.poll() is not None:
                pytest.fail("JupyterLab did not start: " + log.read_text(encoding="utf-8")[-500:])
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/"
    finally:
        server.kill()
        server.wait()


def test_in_jupyterlab_the_sliders_of_a_trusted_notebook_work_and_another_shows_the_picture(
    lab: str, browser: Any
):
    context = browser.new_context(viewport={"width": 1200, "height": 1600}, reduced_motion="reduce")
    home = (lab.removesuffix("lab/tree/"), "data:", "blob:")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(home) else route.abort())
    try:
        page = context.new_page()
        page.goto(lab + "mine.ipynb", timeout=PATIENCE)
        page.wait_for_selector(".qed-explorer[data-live]", timeout=PATIENCE)
        slider, output = page.locator(".qed-row input").first, page.locator(".qed-row output").first
        assert output.inner_text() == "2"
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('.qed-row output').innerText === '3'")
        assert "negative: no probabilities" in page.locator(".qed-pictures > svg").first.get_attribute("aria-label")

        page.goto(lab + "theirs.ipynb?reset", timeout=PATIENCE)
        page.wait_for_selector(".jp-OutputArea-output img", timeout=PATIENCE)
        page.wait_for_function("[...document.querySelectorAll('.jp-OutputArea-output img')].every(i => i.naturalWidth)")
        shown = page.locator(".jp-OutputArea-output")
        assert shown.locator("img").count() == 2
        assert shown.locator("img").first.get_attribute("alt").startswith("logit -3: softmax 0.035")
        assert "Shown here: degree n = 2, shift c = 0." in shown.inner_text()
        assert shown.locator("input, svg, button").count() == 0
    finally:
        context.close()
