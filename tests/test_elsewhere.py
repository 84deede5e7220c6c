"""Claims used across articles: read from stored outputs, in no circle, and refused when they have changed."""

import pytest
from conftest import ROOT, Book, store

from qed import BadStatement, R, Refuted, judge
from qed.claims.elsewhere import quarrels, recall, with_elsewhere
from qed.claims.stored import records
from qed.display.card import record
from qed.site.__main__ import main
from qed.site.build import BuildError, build
from qed.site.notebooks import read

SQUARE = ("x**2 >= 0", "x**2 > 0")


def made(id, known=None, stated=SQUARE, **given):
    """Judge a small claim."""
    return judge(id, stated[0], domain={"x": R}, control=stated[1], known=known or {}, **given)


def known_in(folder, id, *uses, known=()):
    """What a claim of some id may use."""
    return with_elsewhere({c.id: c for c in known}, id, uses, folder)


def borrowing(folder, id, *uses, **given):
    """Judge a claim that uses claims of other articles, as a notebook in the folder would."""
    return made(id, known_in(folder, id, *uses), uses=uses, **given)


STORED = [r for path in sorted((ROOT / "book").glob("*.ipynb")) for r in records(read(path))]


@pytest.mark.parametrize("stored", STORED, ids=lambda r: r["id"])
def test_a_claim_remembered_from_its_record_says_what_the_record_says(stored):
    found = recall(stored)
    kept = ("id", "statement", "latex", "let", "domain", "where", "grade", "effective", "weakest", "engines", "uses")
    again = record(found)
    assert {key: again[key] for key in kept} == {key: stored[key] for key in kept}
    assert recall(again).seal == found.seal


def test_an_equation_of_another_article_is_put_in_like_one_of_its_own(tmp_path):
    given = {"let": {"f(n, x)": "Sum(x**k/factorial(k), (k, 0, n))"}, "domain": {"x": R, "n": "N0"}, "known": {}}
    lemma = judge("sums.slope", "Eq(diff(f(n, x), x), f(n, x) - x**n/factorial(n))", control="Eq(f(n, x), x)", **given)
    store(tmp_path, "sums", lemma)
    text = "Eq(f(n, x) - diff(f(n, x), x), x**n/factorial(n))"
    given["known"] = known_in(tmp_path, "other.gap", "sums.slope")
    found = judge("other.gap", text, control="Eq(f(n, x), x)", uses=("sums.slope",), **given)
    assert found.grade == "proved" and set(found.borrowed) == {"sums.slope"}


def test_a_lemma_of_another_article_is_not_taken_beyond_its_domain(tmp_path):
    store(tmp_path, "a", judge("a.y", "x**3 >= 0", domain={"x": "[0, oo)"}, control="x**3 > 0", known={}))
    known = known_in(tmp_path, "b.x", "a.y")
    with pytest.raises(Refuted, match="false at x = -1"):
        judge("b.x", "x**3 >= 0", domain={"x": R}, control="x**3 > 0", uses=("a.y",), known=known)


def test_the_effective_grade_names_its_weakest_ancestor_across_three_articles(tmp_path):
    store(tmp_path, "a", made("a.y", cite="Euclid"))
    store(tmp_path, "b", borrowing(tmp_path, "b.x", "a.y"))
    found = borrowing(tmp_path, "c.z", "b.x")
    assert (found.grade, found.effective, found.weakest) == ("proved", "cited", "a.y")


def test_claims_that_rest_on_one_another_across_articles_are_refused(tmp_path):
    store(tmp_path, "a", made("a.y"))
    store(tmp_path, "b", borrowing(tmp_path, "b.x", "a.y"))
    with pytest.raises(BadStatement, match=r"a\.y: it would rest on itself: a\.y uses b\.x uses a\.y"):
        known_in(tmp_path, "a.y", "b.x")


def test_a_claim_may_not_rest_on_a_later_one_of_its_own_article_through_another(tmp_path):
    store(tmp_path, "a", made("a.later"))
    store(tmp_path, "b", borrowing(tmp_path, "b.x", "a.later"))
    with pytest.raises(BadStatement, match=r"a\.first: it uses b\.x, which rests on a\.later, and this"):
        known_in(tmp_path, "a.first", "b.x")
    assert "b.x" in known_in(tmp_path, "a.last", "b.x", known=[made("a.later")])


def test_a_claim_judged_by_what_another_said_before_is_refused(tmp_path):
    store(tmp_path, "a", made("a.y"))
    store(tmp_path, "b", borrowing(tmp_path, "b.x", "a.y"))
    store(tmp_path, "a", made("a.y", stated=("x**4 >= 0", "x**4 > 0")))
    with pytest.raises(BadStatement, match=r"c\.z: uses b\.x, which was judged when a\.y had another .* NB=b"):
        known_in(tmp_path, "c.z", "b.x")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("c.y", r"b\.x: uses 'c\.y' of another article, and c\.ipynb does not lie beside this notebook: put it"),
        ("a.why", r"b\.x: uses 'a\.why', and a\.ipynb stores no such claim; did you mean a\.y\?"),
        ("d.y", r"b\.x: uses 'd\.y', and d\.ipynb cannot be read: not valid JSON"),
    ],
)
def test_what_is_missing_elsewhere_is_told_in_a_sentence(tmp_path, name, message):
    store(tmp_path, "a", made("a.y"))
    (tmp_path / "d.ipynb").write_text("{")
    with pytest.raises(BadStatement, match=message):
        known_in(tmp_path, "b.x", name)


def test_quarrels_between_articles_are_found_in_their_records(tmp_path):
    y, other = record(made("a.y")), record(made("a.y", stated=("x**4 >= 0", "x**4 > 0")))
    store(tmp_path, "a", made("a.y"))
    x = record(borrowing(tmp_path, "b.x", "a.y"))
    assert list(quarrels([y, x])) == []
    assert list(quarrels([other, x])) == [("b.x", "b.x uses a.y, which has changed since; run: make refresh NB=b")]
    assert list(quarrels([{**y, "effective": "cited"}, x])) != []
    assert list(quarrels([x])) == [("b.x", "b.x uses a.y, and there is no such claim")]
    circle = list(quarrels([{**y, "uses": ["b.x"]}, x]))
    assert circle == [("a.y", "claims rest on one another in a circle: a.y uses b.x uses a.y")]


LEMMA = 'from qed import R, claim\nclaim("lemma.square", "x**2 >= 0", x=R, control="x**2 > 0"{cited})'
USER = 'from qed import R, claim\nclaim("user.fourth", "x**4 >= 0", x=R, control="x**4 > 0", uses=["lemma.square"])'


SLUGS = ("lemma", "user")


def write(book, slug, source):
    """Write a notebook that has not been executed."""
    cells = [{"cell_type": "markdown", "source": f"# {slug}", "id": "title", "metadata": {}},
             {"cell_type": "code", "source": source, "id": "one", "metadata": {}, "outputs": [],
              "execution_count": None}]  # fmt: skip
    book.store({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, slug)


def refreshed(book, slug):
    """Execute a notebook of a book."""
    return main(["--root", str(book.root), "refresh", slug])


def test_a_book_is_built_until_the_claim_that_another_article_uses_changes(small: Book):
    toc, entry = (small.root / "_toc.yml").read_text(), "      - file: book/squares\n"
    small.write("_toc.yml", toc.replace(entry, "".join(entry.replace("squares", n) for n in ("squares", *SLUGS))))
    write(small, "lemma", LEMMA.format(cited=""))
    write(small, "user", USER)
    assert [refreshed(small, "lemma"), refreshed(small, "user")] == [0, 0]
    build(small.root)
    assert 'href="lemma.html#lemma.square"' in (small.site / "book" / "user.html").read_text()
    write(small, "lemma", LEMMA.format(cited=', cite="Euclid"'))
    assert refreshed(small, "lemma") == 0
    with pytest.raises(BuildError, match="book/user.ipynb: user.fourth uses lemma.square, which has changed since"):
        build(small.root)
    assert refreshed(small, "user") == 0
    build(small.root)
    (stored,) = records(small.notebook("user"))
    assert (stored["grade"], stored["effective"], stored["weakest"]) == ("proved", "cited", "lemma.square")
