"""The stored articles: what comparing outputs cell by cell does not see."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from qed.site import notebooks, register

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
ARTICLES = [ROOT / f"{page}.ipynb" for page in PAGES if (ROOT / f"{page}.ipynb").exists()]

every_article = pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)


def sources(path: Path) -> list[str]:
    """The code of each code cell."""
    return [notebooks.text(cell["source"]) for cell in notebooks.code_cells(notebooks.read(path))]


def headings(path: Path) -> list[str]:
    """The headings, with their marks."""
    cells = notebooks.read(path)["cells"]
    texts = [notebooks.text(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return [line for text in texts for line in text.splitlines() if re.match("#+ ", line)]


def calls(tree: ast.AST, name: str) -> int:
    """How often a function is called by its name in a piece of code."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sum(isinstance(call.func, ast.Name) and call.func.id == name for call in found)


def kinds(cell: dict[str, Any]) -> Counter[str]:
    """What kinds of output a cell has stored, and how many of each."""
    found: Counter[str] = Counter()
    for out in cell["outputs"]:
        found[out["output_type"]] += 1
        found["claim"] += notebooks.CLAIM in out.get("data", {})
        found["figure"] += "figure" in out.get("metadata", {}).get("qed", {})
    return found


def test_the_book_has_articles():
    assert len(ARTICLES) == sum(path.suffix == ".ipynb" for path in (ROOT / "book").iterdir()) > 0


@every_article
def test_no_output_is_missing(path: Path):
    for number, cell in enumerate(notebooks.code_cells(notebooks.read(path)), 1):
        tree = ast.parse(notebooks.text(cell["source"]))
        stored, where = kinds(cell), f"code cell {number}"
        assert stored["claim"] == calls(tree, "claim"), where
        assert stored["figure"] == calls(tree, "figure") + calls(tree, "explorer"), where
        assert stored["stream"] > 0 or not any(calls(node, "print") for node in tree.body
                                               if not isinstance(node, ast.FunctionDef)), where  # fmt: skip
        last = tree.body[-1]
        if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call):
            assert stored["execute_result"] == 1, where


def test_claim_ids_are_unique_and_begin_with_the_slug_of_their_article():
    ids = [(path.stem, claim.id) for path in ARTICLES for claim in notebooks.claims(notebooks.read(path))]
    assert ids
    assert [pair for pair in ids if not pair[1].startswith(f"{pair[0]}.")] == []
    assert [id for id, count in Counter(id for _, id in ids).items() if count > 1] == []


def test_no_claim_has_vanished_and_no_grade_has_fallen():
    assert register.faults(ROOT / "book") == []


@every_article
def test_every_claim_has_a_control_that_was_refused_with_a_witness(path: Path):
    for claim in notebooks.claims(notebooks.read(path)):
        control = claim.record["control"]
        assert control["verdict"] in ("refuted", "undefined"), claim.id
        assert control["witness"] or control["values"], claim.id


def test_claims_use_only_claims_that_stand_before_them():
    before: set[str] = set()
    for path in ARTICLES:
        for claim in notebooks.claims(notebooks.read(path)):
            assert set(claim.record["uses"]) <= before, claim.id
            before.add(claim.id)


@every_article
def test_the_effective_grade_is_the_weakest_of_all_that_a_claim_rests_on(path: Path):
    grades = ["proved", "certified", "exhausted", "instances", "sampled", "cited"]
    known = {c.id: c.record for article in ARTICLES for c in notebooks.claims(notebooks.read(article))}
    for claim in notebooks.claims(notebooks.read(path)):
        resting = [claim.record["grade"], *(known[name]["effective"] for name in claim.record["uses"])]
        assert claim.record["effective"] == max(resting, key=grades.index), claim.id


@every_article
def test_every_figure_has_a_caption_and_alternative_text_made_from_data(path: Path):
    images = [out for _, out in notebooks.outputs(notebooks.read(path)) if "image/png" in out.get("data", {})]
    assert images
    for out in images:
        about = out["metadata"]["qed"]
        assert about["figure"].startswith(f"{path.stem}.fig-")
        assert about["caption"].endswith(".")
        assert any(character.isdigit() for character in about["alt"]), about["figure"]
        assert about["alt"] in notebooks.text(out["data"]["text/plain"])


@every_article
def test_half_of_the_code_cells_have_at_most_eight_lines(path: Path):
    assert statistics.median(len(source.splitlines()) for source in sources(path)) <= 8


@every_article
def test_an_article_asks_a_question_and_says_what_it_did_not_show(path: Path):
    found = headings(path)
    assert found[0].startswith("# ")
    assert found[0].endswith("?")
    assert {"## Against the source", "## What was not shown", "## References"} <= set(found)


@every_article
def test_prose_is_free_of_markup_that_only_the_site_understands(path: Path):
    for cell in notebooks.read(path)["cells"]:
        if cell["cell_type"] == "markdown":
            assert not re.search(r"^(```|:::)\{|\{[a-z:]+\}`", notebooks.text(cell["source"]), re.MULTILINE)


def test_the_front_page_names_every_article_by_its_title():
    text = (ROOT / "book" / "intro.md").read_text()
    links = {path.name: f"[{headings(path)[0].removeprefix('# ')}]({path.name})" for path in ARTICLES}
    assert [name for name, link in links.items() if link not in text] == []


def test_the_readme_shows_what_its_claim_prints():
    from qed.claims.record import ACCEPTED
    from qed.display.card import plain

    text = (ROOT / "README.md").read_text()
    code, printed = re.search(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", text, re.DOTALL).groups()
    exec(code, {})
    assert plain(ACCEPTED["demo.square"]) == printed.strip()
