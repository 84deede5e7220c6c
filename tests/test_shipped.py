"""What the site passes on of others is listed, with its version and its licence; and dependencies are looked up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

from qed.site.audit import AuditError, report

PACKAGE = ROOT / "src" / "qed" / "site"
PAGE = (ROOT / "book" / "shipped.md").read_text(encoding="utf-8")
# Scripts and fonts of others, by the name of their file in the site; all other scripts are the book's own.
OWN = {"book.js", "explorer.js", "ledger.js", "preview.js", "runhere.js", "search.js", "search-index.js",
       "page.mjs", "outputs.mjs", "worker.mjs"}  # fmt: skip
OTHERS = {"katex.min.js": "KaTeX", "minisearch.js": "MiniSearch", "editor.mjs": "CodeMirror"}


def test_every_licence_file_of_the_site_is_linked_and_every_link_leads_to_one(site: Path):
    linked = {(site / "book" / name).resolve() for name in re.findall(r'href="([^"]*(?:LICENSE|OFL)[^"]*)"', PAGE)}
    there = {path for path in (site / "_static").rglob("*") if path.name.startswith(("LICENSE", "OFL"))}
    assert linked == there
    assert {path.parent.name for path in PACKAGE.rglob("LICENSE")} - {"dagre"} == {"katex", "minisearch", "live"}


def test_every_script_and_every_font_of_the_site_is_the_books_own_or_listed(site: Path):
    names = {path.name for path in (site / "_static").rglob("*") if path.suffix in (".js", ".mjs")}
    assert names - OWN == set(OTHERS)
    assert all(name in PAGE for name in OTHERS.values())
    fonts = {path.name.partition("_")[0] for path in site.rglob("*.woff2")}
    assert fonts == {"KaTeX"}


@pytest.mark.parametrize("name", ["katex", "static/minisearch"])
def test_the_listed_version_is_the_one_that_is_kept(name: str):
    title = (PACKAGE / name / "README.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    library, _, version = title.rpartition(" ")
    assert re.search(rf"\[{library}\][^|]*\| {re.escape(version)} \|", PAGE)


def test_the_listed_versions_of_what_run_here_loads_are_the_pinned_ones():
    pinned = json.loads((PACKAGE / "live" / "pyodide.json").read_text(encoding="utf-8"))
    editor = re.search(r"@codemirror/view@([\d.]+)", (PACKAGE / "live" / "README.md").read_text(encoding="utf-8"))[1]
    wheels = [wheel["version"] for wheel in pinned["wheels"].values()]
    assert all(f"| {version} |" in PAGE for version in (pinned["version"], editor, *wheels))


def package(name: str, **about: object) -> dict[str, object]:
    """A package as pip-audit tells of it."""
    return {"name": name, "version": "1.0", "vulns": [], **about}


def test_a_known_vulnerability_is_named_with_the_version_that_mends_it():
    bug = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
    said, vulnerable = report(json.dumps({"dependencies": [
        package("sound"), package("harmed", vulns=[bug]), {"name": "lost", "skip_reason": "not found"}]}))
    assert vulnerable
    assert said == ("harmed 1.0: PYSEC-1, mended in 1.1\n"
                    "1 known vulnerabilities in 2 packages; 1 could not be looked up.")


def test_an_index_that_knows_nothing_is_no_clean_bill():
    said, vulnerable = report(json.dumps({"dependencies": [{"name": "lost", "skip_reason": "not found"}]}))
    assert said.startswith("Skipped: ") and not vulnerable
    assert report(json.dumps({"dependencies": [package("sound")]}))[0].startswith("No known vulnerabilities in 1 ")


@pytest.mark.parametrize("answer", ["", "[]", '{"fixes": []}'])
def test_no_answer_is_an_error(answer: str):
    with pytest.raises(AuditError, match="gave no answer"):
        report(answer)
