"""What the build writes into pages, read without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, Book

from qed.site import tex
from qed.site.build import build


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny book, built once."""
    root = tmp_path_factory.mktemp("pages") / "small"
    shutil.copytree(Path(__file__).parent / "books" / "small", root)
    shutil.copy(ROOT / "_config.yml", root)
    build(root)
    return Book(root).site


def page(site: Path, name: str) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup((site / "book" / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def test_formulas_of_prose_outputs_and_cards_are_set_alike_with_mathml_inside(site: Path):
    article = page(site, "squares")
    for place in ("article p", ".cell_output > .math", ".qed-statement", ".qed-witness"):
        assert article.select_one(f"{place} .katex math") is not None, place
    assert r"\(" not in article.get_text()
    assert r"\[" not in article.get_text()


def test_what_must_not_leave_a_formula_is_kept_with_it(small: Book):
    small.append("book/intro.md", "So ($a$), $b$; the $n$th, [and $c$](squares.ipynb). But $d$ and $e$ run free.")
    build(small.root)
    kept = page(small.site, "intro").select("article p")[-1].select(".qed-glue")
    for formula in [each for one in kept for each in one.select(".katex-mathml")]:
        formula.decompose()
    assert [one.get_text() for one in kept] == ["(a),", "b;", "nth,", "and c."]


def test_a_card_keeps_full_stops_with_its_formulas():
    markup = tex.typeset_html(r"<p>as (\(a\)), \[b\]. \(c\) and \(d\).</p>", {}, pytest.fail)
    kept = BeautifulSoup(markup, "html.parser").select(".qed-glue")
    assert [len(one.select(".katex-html > .qed-last > .katex-base")) for one in kept] == [1, 1]
    assert [one.get_text()[0] + one.get_text()[-1] for one in kept] == ["(,", "d."]


def test_the_exact_statement_is_left_as_it_was_judged(site: Path):
    assert page(site, "squares").select_one(".qed-exact pre").get_text() == r"x^{2} \ge 0"


def test_no_page_loads_mathjax_or_live_code_or_anything_from_another_host(site: Path):
    for path in [*site.glob("*.html"), *site.glob("book/*.html")]:
        text = path.read_text(encoding="utf-8")
        tags = BeautifulSoup(text, "html.parser").select("script[src], link[href], img[src]")
        asked = [tag.get("src") or tag.get("href") for tag in tags]
        assert [url for url in asked if "//" in url] == [], path.name
        assert "MathJax" not in text, path.name
        assert "thebe" not in "".join(asked), path.name


def test_the_renderer_stays_at_home_and_its_fonts_and_licence_go_along(site: Path):
    folder = site / "_static" / "katex"
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".woff2", "", ".txt"}
    assert (folder / "LICENSE").exists()


def test_a_page_lists_its_claims_with_their_computed_grades_where_its_opening_ends(site: Path):
    article = page(site, "squares")
    listing = article.select_one("nav.qed-claims")
    rows = [(li.a["href"], li.select_one(".qed-grade").get_text()) for li in listing.select("li")]
    assert rows == [("#squares.nonnegative", "proved"), ("#squares.sum", "proved")]
    assert listing.find_previous("p").get_text().startswith("No: it vanishes")
    assert listing.find_next("h2").get_text().startswith("The sign")


def test_the_marker_says_where_the_list_of_claims_stands(small: Book):
    book = small.notebook()
    book["cells"][1]["source"].append('\n\n<div class="qed-claims"></div>\n')
    small.store(book)
    build(small.root)
    article = page(small.site, "squares")
    assert len(article.select(".qed-claims")) == 1
    assert article.select_one("nav.qed-claims").find_previous("h2").get_text().startswith("The sign")


def test_plain_links_reach_claims_figures_and_the_bibliography(site: Path):
    found = {a.get_text(): a["href"] for a in page(site, "squares").select("article a")}
    assert found["the claim"] == found["the claim by file"] == "#squares.nonnegative"
    assert found["its figure"] == "#squares.fig-parabola"
    assert found["Szegő (1924)"] == "bibliography.html#szego1924"
    assert page(site, "bibliography").find(id="szego1924") is not None


def test_a_card_on_another_page_links_home_and_does_not_take_the_claims_anchor(site: Path):
    intro = page(site, "intro")
    shown = intro.select_one("section.qed-card")
    assert shown["id"] == "shown-squares.nonnegative"
    assert shown.select_one(".qed-id")["href"] == "squares.html#squares.nonnegative"
    assert intro.select_one("p a.qed-ref")["href"] == "squares.html#squares.nonnegative"


def test_a_figure_has_number_caption_alternative_text_and_its_true_proportions(site: Path):
    figure = page(site, "squares").select_one("figure")
    image = figure.select_one("img")
    assert figure["id"] == "squares.fig-parabola"
    assert image["alt"].startswith("Curve x**2")
    assert (image["width"], image["height"]) == ("200", "120")
    assert figure.figcaption.get_text().startswith("Figure 1. The parabola")
    assert figure.select_one("figcaption .katex") is not None


def test_the_title_in_the_browsers_tab_is_plain_text(small: Book):
    book = small.notebook()
    book["cells"][0]["source"] = ["# Is $x^{2}$ ever negative?\n\nNo.\n"]
    small.store(book)
    build(small.root)
    assert page(small.site, "squares").title.get_text().strip().startswith("Is x^2 ever negative?")


def test_a_small_formula_in_a_title_is_not_broken_wherever_the_title_stands(small: Book):
    book = small.notebook()
    book["cells"][0]["source"] = ["# Is exp(tr A) never (or hardly ever) 0?\n\nNo.\n"]
    small.store(book)
    build(small.root)
    whole = "Is exp(tr\N{NO-BREAK SPACE}A) never (or hardly ever) 0?"
    article, before = page(small.site, "squares"), page(small.site, "intro")
    shown = [article.h1, article.select_one("#site-nav [aria-current]"), before.select_one("a.right-next")]
    assert [whole in each.get_text() for each in shown] == [True] * 3
    assert "exp(tr A)" in article.title.get_text()


def test_a_page_offers_its_notebook_and_its_neighbours(site: Path):
    article = page(site, "squares")
    assert article.select_one('a[href$="squares.ipynb"]') is not None
    assert (site / "_sources" / "book" / "squares.ipynb").exists()
    assert article.select_one("a.left-prev")["href"] == "intro.html"
    assert article.select_one("a.right-next")["href"] == "bibliography.html"


@pytest.mark.parametrize("bad", [r"\frac{1}{", r"\nosuch", "x^2^3", "&"])
def test_katex_says_what_it_cannot_set(bad: str):
    with pytest.raises(tex.TexError):
        tex.typeset(bad)


def test_macros_are_those_of_the_configuration():
    assert tex.typeset(r"\RR", macros={r"\RR": r"\mathbb{R}"}).count("mathbb") >= 1
    with pytest.raises(tex.TexError):
        tex.typeset(r"\RR")


def test_formulas_in_exact_statements_and_in_attributes_are_left_alone():
    markup = r'<a title="\(x\)">a</a><pre>\(x\) <b>\(y\)</b></pre>'
    assert tex.typeset_html(markup, {}, pytest.fail) == markup


def test_comparison_signs_in_cards_survive_escaping():
    markup = tex.typeset_html(r"<p>\( a &lt; b &amp; \) and \(c\)</p>", {}, lambda message: None)
    assert "katex" in tex.typeset_html(r"\( a &lt; b \)", {}, pytest.fail)
    assert markup.startswith("<p>")
    assert markup.count('class="katex"') == 1
