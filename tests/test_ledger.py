"""The ledger: what the build makes of all claims, on tiny books."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from conftest import Book, copy_small
from jsonschema import Draft202012Validator

from qed import R, judge
from qed.claims.record import GRADES
from qed.display.card import record
from qed.site import graph, ledger, notebooks
from qed.site.build import BuildError, build

MIME = notebooks.CLAIM
PARTS = "# Ledger\n\n" + "\n".join(f"```{{ledger}} {part}\n```\n" for part in ("totals", "claims", "changes", "graphs"))
SCHEMA = json.loads(notebooks.LEDGER_SCHEMA.read_text(encoding="utf-8"))


def claims_of(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The records in a notebook, to be changed."""
    return [out["data"][MIME] for cell in notebook["cells"] for out in cell.get("outputs", []) if MIME in out["data"]]


def rename(notebook: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A notebook with every name of one article made into one of another."""
    return json.loads(json.dumps(notebook).replace(f"{old}.", f"{new}."))


def add_cubes(book: Book) -> dict[str, Any]:
    """Add a second article, whose last claim is cited, joined in words, and uses one of the first article."""
    notebook = rename(book.notebook(), "squares", "cubes")
    notebook["cells"][0]["source"] = ["# Is a cube ever $x^{3}$?\n"]
    notebook["cells"][1]["source"] = ["## The sign\n"]
    last = claims_of(notebook)[-1]
    last |= {"grade": "proved", "effective": "cited", "weakest": "squares.sum", "because": "words"}
    last["uses"] = ["cubes.nonnegative", "squares.sum"]
    notebook["metadata"]["qed"] = {"code": notebooks.code_hash(notebook)}
    book.store(notebook, "cubes")
    book.write("book/ledger.md", PARTS)
    toc = (book.root / "_toc.yml").read_text(encoding="utf-8")
    first = re.search(r"^( *- file: )book/squares\n", toc, re.MULTILINE)
    added = first[0] + f"{first[1]}book/cubes\n{first[1]}book/ledger\n"
    book.write("_toc.yml", toc.replace(first[0], added))
    return notebook


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book of two articles and a ledger, built once."""
    book = copy_small(tmp_path_factory.mktemp("ledger") / "book")
    add_cubes(book)
    build(book.root)
    return book


def page(book: Book, name: str = "ledger") -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup((book.site / "book" / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def test_the_ledger_is_as_its_published_schema_says_and_lists_all_claims_in_the_order_of_the_book(large: Book):
    schema = json.loads((large.site / "ledger.schema.json").read_text(encoding="utf-8"))
    found = json.loads((large.site / "ledger.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(found)
    assert (large.site / found["$schema"]).exists()
    order = ["squares.nonnegative", "squares.sum", "cubes.nonnegative", "cubes.sum"]
    assert [claim["id"] for claim in found["claims"]] == order
    last = found["claims"][-1]
    assert last["url"] == "book/cubes.html#cubes.sum"
    assert last["title"] == "Is a cube ever x^3?"
    assert last["flags"] == ["joined in words"]
    assert found["totals"] == {"claims": 4, "grades": {"proved": 3, "cited": 1}, "flags": {"joined in words": 1}}


@pytest.mark.parametrize("harm", ["lacking", "unknown", "grade", "witness", "version"])
def test_the_schema_refuses_what_it_does_not_describe(large: Book, harm: str):
    found = json.loads((large.site / "ledger.json").read_text(encoding="utf-8"))
    claim = found["claims"][0]
    if harm == "lacking":
        del claim["used_by"]
    elif harm == "unknown":
        claim["seconds"] = 3
    elif harm == "grade":
        claim["effective"] = "certain"
    elif harm == "witness":
        claim["control"]["witness"] = {"x": 0}
    else:
        found["schema"] = 2
    assert not Draft202012Validator(SCHEMA).is_valid(found)


def test_a_fresh_record_is_what_the_schema_describes():
    made = record(judge("t.square", "x**2 >= 0", domain={"x": R}, control="x**2 > 0", known={}))
    check = Draft202012Validator({"$ref": "#/$defs/record", "$defs": SCHEMA["$defs"]})
    check.validate(made)
    assert not check.is_valid({key: value for key, value in made.items() if key != "engines"})


def test_the_grades_of_site_and_schema_are_those_of_the_checker():
    assert tuple(SCHEMA["$defs"]["grade"]["enum"]) == notebooks.GRADES == GRADES


def test_totals_by_grade_and_by_flag_stand_alike(large: Book):
    tiles = page(large).select("ul.qed-totals > li")
    assert [tile.get_text() for tile in tiles] == ["4 claims", "3 proved", "1 cited", "1 joined in words"]
    assert {tuple(child.name for child in tile.select("a, b")) for tile in tiles} == {("a", "b")}


def test_totals_on_another_page_lead_to_the_ledger(small: Book):
    add_cubes(small)
    small.append("book/intro.md", "```{ledger} totals\n```\n")
    build(small.root)
    tiles = page(small, "intro").select("ul.qed-totals a")
    assert [tile["href"] for tile in tiles] == [
        "ledger.html", "ledger.html#grade=proved", "ledger.html#grade=cited", "ledger.html#words=joined"]
    assert page(small).select_one(".qed-totals a")["href"] == "#"


def test_every_claim_has_a_row_with_its_address_effective_grade_and_number_of_users(large: Book):
    rows = page(large).select("table.qed-book tbody tr")
    seen = [(row.th.a["href"], row.select_one(".qed-grade").get_text(), row.select("td")[-1].get_text())
            for row in rows]
    assert seen == [
        ("squares.html#squares.nonnegative", "proved", "1"),
        ("squares.html#squares.sum", "proved", "1"),
        ("cubes.html#cubes.nonnegative", "proved", "1"),
        ("cubes.html#cubes.sum", "cited", ""),
    ]
    assert "own grade proved" in rows[-1].get_text()


def test_a_card_says_what_uses_its_claim_wherever_the_card_is_shown(large: Book):
    def users(name: str, anchor: str) -> list[str]:
        label = page(large, name).find(id=anchor).find("dt", string="Used by")
        return [a["href"] for a in label.find_next("dd").select("a")] if label else []

    assert users("squares", "squares.nonnegative") == ["#squares.sum"]
    assert users("squares", "squares.sum") == ["cubes.html#cubes.sum"]
    assert users("intro", "shown-squares.nonnegative") == ["squares.html#squares.sum"]
    assert users("cubes", "cubes.sum") == []


def test_a_claim_that_is_used_anew_says_so_although_its_own_page_did_not_change(small: Book):
    notebook = add_cubes(small)
    build(small.root)
    assert "cubes.nonnegative" not in page(small, "squares").find(id="squares.sum").get_text()
    claims_of(notebook)[0]["uses"] = ["squares.sum"]
    small.store(notebook, "cubes")
    build(small.root)
    assert "cubes.nonnegative" in page(small, "squares").find(id="squares.sum").get_text()
    warm = small.files()
    (small.root / "_build" / "manifest.json").unlink()
    build(small.root)
    assert small.files() == warm


def test_what_a_changelog_says_of_weakened_and_withdrawn_claims_is_listed_with_its_date(small: Book):
    add_cubes(small)
    build(small.root)
    assert ledger.NOTHING in page(small).get_text()
    small.write("CHANGELOG.md", "# Changes\n\n## 2026-02-03\n\n- Added: a thing.\n- Withdrawn: `squares.old`,\n  it "
                "was false at $x = 0$.\n- Fixed: Weakened prose.\n\n## 2026-01-02\n\n- Weakened: another.\n")
    build(small.root)
    items = page(small).select("article ul:not(.qed-totals) > li p")
    text = [re.sub(r"\s+", " ", item.get_text()) for item in items]
    assert len(text) == 2
    assert text[0].startswith("Withdrawn: squares.old, it was false at") and text[0].endswith("(2026-02-03)")
    assert text[1] == "Weakened: another. (2026-01-02)"
    assert ledger.NOTHING not in page(small).get_text()


def test_a_graph_has_a_link_for_every_claim_an_edge_for_every_use_and_says_the_same_as_a_list(large: Book):
    section = page(large).find(id="graph-cubes")
    nodes = section.select("svg a.qed-node")
    assert [node["href"] for node in nodes] == [
        "squares.html#squares.sum", "cubes.html#cubes.nonnegative", "cubes.html#cubes.sum"]
    assert len(section.select("svg path.qed-edge")) == 2
    last = nodes[-1]
    assert (last["data-grade"], last["data-effective"]) == ("proved", "cited")
    assert last["aria-label"] == ("sum proved, effectively cited, joined in words, "
                                  "uses nonnegative and squares: sum")
    assert [item.get_text() for item in section.select("details li")] == ["sum uses nonnegative and squares: sum"]
    between = page(large).find(id="graph-articles")
    assert [node["href"] for node in between.select("svg a")] == ["#graph-squares", "#graph-cubes"]


def test_a_graph_is_drawn_the_same_twice_with_no_box_over_another_and_none_outside():
    nodes = [graph.Node(f"claim number {n} with some words", f"#{n}", "proved") for n in range(40)]
    edges = [(n // 2, n) for n in range(1, 40)] + [(0, n) for n in range(5, 40, 7)]
    drawn = graph.draw(nodes, edges, "all")
    graph._engine.cache_clear()
    assert graph.draw(nodes, edges, "all") == drawn
    picture = BeautifulSoup(drawn, "html.parser").svg
    boxes = [tuple(float(box[key]) for key in ("x", "y", "width", "height")) for box in picture.select(".qed-box")]
    assert len(boxes) == 40
    for n, (x, y, width, height) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + width <= float(picture["width"]) and y + height <= float(picture["height"])
        for left, top, w, h in boxes[:n]:
            assert x >= left + w or left >= x + width or y >= top + h or top >= y + height
    # Each edge leaves the right of what is used and ends at the left of what uses it.
    for path in picture.select("path.qed-edge"):
        start, end = (boxes[int(n)] for n in path["data-ends"].split())
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path["d"].partition("m")[0])]
        assert numbers[:2] == pytest.approx([start[0] + start[2], start[1] + start[3] / 2], abs=2)
        assert numbers[-2:] == pytest.approx([end[0], end[1] + end[3] / 2], abs=2)


def test_what_rests_on_nothing_stands_in_the_first_column_of_a_graph_and_all_else_right_of_what_it_uses():
    # 0 is used from far away only, 5 and 6 hang on a chain: a layout of shortest edges would push these to the right.
    edges = [(1, 2), (2, 3), (3, 4), (0, 4), (5, 4), (6, 3)]
    columns = [box["x"] for box in graph.arrange([(80.0, 30.0)] * 7, edges)["nodes"]]
    assert [n for n, x in enumerate(columns) if x == min(columns)] == [0, 1, 5, 6]
    assert all(columns[used] < columns[user] for used, user in edges)


def test_only_the_ledger_asks_for_its_style_and_script_and_only_pages_with_claims_for_previews(large: Book):
    def asked(name: str) -> set[str]:
        tags = page(large, name).select("script[src], link[rel=stylesheet]")
        files = {(tag.get("src") or tag.get("href")).rpartition("/")[2].partition("?")[0] for tag in tags}
        return files & {"ledger.css", "ledger.js", "preview.js"}

    assert asked("ledger") == {"ledger.css", "ledger.js", "preview.js"}
    assert asked("squares") == asked("intro") == {"preview.js"}
    assert asked("bibliography") == set()


def test_a_notebooks_own_list_of_claims_is_one_line_on_the_page_that_has_the_list_at_its_head(small: Book):
    notebook = add_cubes(small)
    shown = {"output_type": "display_data", "metadata": {}, "data": {
        "text/plain": "2 claims", "text/html": '<table class="qed-ledger"><tr><td>cubes.sum</td></tr></table>'}}
    notebook["cells"][-1]["outputs"].append(shown)
    small.store(notebook, "cubes")
    build(small.root)
    article = page(small, "cubes")
    assert article.select("table.qed-ledger") == []
    line = article.select_one("p.qed-summary")
    assert line.get_text() == "2 claims: 1 proved, 1 cited, 1 joined in words. All of them, in the ledger."
    assert line.a["href"] == "ledger.html#article=cubes"
    assert article.select_one("nav.qed-claims p a")["href"] == "ledger.html#graph-cubes"


def test_a_book_without_a_ledger_page_links_to_none(small: Book):
    build(small.root)
    assert page(small, "squares").select_one("nav.qed-claims p").get_text() == "2 claims: 2 proved"
    assert "<!--" not in str(page(small, "squares").select_one("article"))
    assert (small.site / "ledger.json").exists()


def test_an_unknown_part_of_the_ledger_is_refused_by_page_and_line(small: Book):
    small.append("book/intro.md", "```{ledger} everything\n```")
    with pytest.raises(BuildError, match=r"book/intro\.md:\d+: .*no part 'everything'"):
        build(small.root)


def test_methods_are_gathered_by_the_rule_whatever_they_were_applied_to():
    families = ledger._Families()
    plain = {"words": None, "cite": None, "because": None}
    one = families.key(plain, "using a.b")
    assert families.key(plain, "using a.c, a.d") == one
    assert families.key(plain, "exact residual") != one
    assert families.key({**plain, "words": "so it is"}, "57 angles") == families.key(
        {**plain, "words": "and so"}, "ball arithmetic")
    assert families.names[one] == "using …"
