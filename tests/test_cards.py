"""Cards: equal claims give equal bytes, without float noise, and say all that the record says."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from qed import N0, R, bits, judge, square
from qed.claims.record import Claim, Verdict
from qed.claims.stored import MIME
from qed.display.card import Card, bundle, rounded
from qed.display.latex import Writer
from qed.statements.language import parse_expression

CLAIMS: dict[str, dict[str, Any]] = {
    "t.sturm": {"stated": "x**2 - 2*x + 1 >= 0", "domain": {"x": R}, "control": "x**2 - 2*x + 1 > 0"},
    "t.sum": {
        "stated": "Eq(Sum(k, (k, 0, n)), f(n))",
        "domain": {"n": N0},
        "let": {"f(n)": "n*(n+1)/2"},
        "control": {"let": {"f(n)": "n**2/2"}},
    },
    "t.where": {
        "stated": "log(x) > 0",
        "domain": {"x": "(0, oo)"},
        "where": "x > 1",
        "control": {"where": ()},
        "source": "sharpens: by a <hair> & $x_1$",
    },
    "t.ball": {"stated": "314159/100000 < pi < 314160/100000", "control": "pi < 314159/100000"},
    "t.matrix": {"stated": "Eq(det(A*A), det(A)**2)", "domain": {"A": square(1, 2)}, "control": "Eq(det(A*A), det(A))"},
}


def cards() -> dict[str, dict[str, Any]]:
    """Judge the claims and make their cards."""
    return {id: bundle(judge(id, **{"known": {}, **given})) for id, given in CLAIMS.items()}


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, Any]]:
    """The cards of the claims."""
    return cards()


def digest() -> str:
    """Hash the cards with the JSON record in the order in which it is made."""
    return hashlib.sha256(json.dumps(cards()).encode()).hexdigest()


def test_equal_claims_give_equal_bytes(made: dict[str, dict[str, Any]]) -> None:
    assert json.dumps(cards()) == json.dumps(made)


def test_cards_do_not_depend_on_hash_seeds_or_ground_types() -> None:
    found = set()
    for seed, ground in (("0", "python"), ("1", "flint"), ("2", "python")):
        env = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "SYMPY_GROUND_TYPES": ground,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        ran = subprocess.run(
            [sys.executable, "-c", "import test_cards; print(test_cards.digest())"],
            env=env,
            cwd=os.path.dirname(__file__),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found.add(ran.stdout)
    assert found == {digest() + "\n"}


def test_the_text_says_grade_statement_domain_proof_hunt_and_near_miss(made: dict[str, dict[str, Any]]) -> None:
    assert made["t.sturm"]["text/plain"].splitlines()[:4] == [
        "t.sturm: proved",
        "  x**2 - 2*x + 1 >= 0",
        "  for x in R",
        "  proof: Sturm's theorem",
    ]
    assert "near-miss: x**2 - 2*x + 1 > 0: fails at x = 1: 0 against 0" in made["t.sturm"]["text/plain"]


def test_the_record_has_every_field_and_no_other_for_every_claim(made: dict[str, dict[str, Any]]) -> None:
    fields = {
        "schema",
        "id",
        "statement",
        "latex",
        "let",
        "domain",
        "where",
        "grade",
        "effective",
        "weakest",
        "engines",
        "hunt",
        "control",
        "uses",
        "because",
        "words",
        "cite",
        "source",
        "certificate",
    }
    for id, card in made.items():
        assert set(card[MIME]) == fields, id
        assert {"statement", "latex", "verdict", "witness", "values"} <= set(card[MIME]["control"])
        assert json.loads(json.dumps(card[MIME])) == card[MIME]


def test_a_card_holds_no_float_noise_no_address_and_no_time(made: dict[str, dict[str, Any]]) -> None:
    for card in made.values():
        text = json.dumps(card)
        assert not re.search(r"\d\.\d{12,}", text)
        assert not re.search(r"0x[0-9a-f]{6,}|\bms\b|seconds|boxes: \d|#\d", text)


class Balance(HTMLParser):
    """Count open tags and collect what may not stand in a card."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen |= {tag, *(name for name, _ in attrs)}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_is_balanced_and_carries_neither_style_nor_script(made: dict[str, dict[str, Any]]) -> None:
    for card in made.values():
        reader = Balance()
        reader.feed(card["text/html"])
        assert reader.open == [] and not reader.seen & {"style", "script", "onclick", "onload"}


def test_an_authors_words_are_escaped_and_their_mathematics_kept(made: dict[str, dict[str, Any]]) -> None:
    html = made["t.where"]["text/html"]
    assert r"by a &lt;hair&gt; &amp; \(x_1\)" in html and "<hair>" not in html


def test_a_changed_domain_or_hypothesis_of_the_near_miss_is_shown(made: dict[str, dict[str, Any]]) -> None:
    assert "no hypothesis" in made["t.where"]["text/plain"]
    assert made["t.where"][MIME]["control"]["domain"][0]["set"] == "no hypothesis"


def test_prose_is_marked_as_stated_in_words_and_has_no_formula() -> None:
    found = judge(
        "t.words", "one <is> one", check=lambda v: Verdict(v == 1, witness={"v": "2"}), at=1, control=2, known={}
    )
    card = Card(found)._repr_mimebundle_()
    assert isinstance(found, Claim) and "[stated in words]" in str(card["text/plain"])
    assert card[MIME]["latex"] is None and card[MIME]["words"] == "one <is> one"  # type: ignore[index]
    assert "one &lt;is&gt; one" in str(card["text/html"])


def test_a_weaker_ancestor_is_named_on_the_card() -> None:
    known: dict[str, Claim] = {}
    known["t.a"] = judge("t.a", "x**2 >= 0", domain={"x": R}, control="x**2 > 0", cite="Euclid", known=known)
    found = bundle(judge("t.b", "x**2 + 1 > 0", domain={"x": R}, control="x**2 > 0", uses=("t.a",), known=known))
    assert found["text/plain"].startswith("t.b: proved (effective: cited, through t.a)")
    assert 'through <a href="#t.a">t.a</a>' in found["text/html"]


def test_a_changed_sign_changes_the_shown_formula() -> None:
    one = bundle(judge("t.a", "exp(x) >= 1 + x", domain={"x": R}, control="exp(x) > 1 + x", known={}))
    two = bundle(judge("t.a", "exp(x) >= 1 - x", domain={"x": "[0, oo)"}, control="exp(x) > 1 - x", known={}))
    assert one[MIME]["latex"] != two[MIME]["latex"]


def test_the_order_of_a_polygamma_function_is_its_index_and_no_argument() -> None:
    found = judge("t.a", "polygamma(1, x) > 0", domain={"x": "(0, oo)"}, control="polygamma(1, x) > 1", known={})
    assert bundle(found)[MIME]["latex"] == r"\psi_{1}(x) > 0"


@pytest.mark.parametrize("limit, shown", [
    ("Limit(1/x, x, 0, '+')", r"\lim_{x\to 0^{+}} \frac{1}{x}"),
    ("Limit(1/x, x, 0, '-')", r"\lim_{x\to 0^{-}} \frac{1}{x}"),
    ("Limit(x, x, 0, '+-')", r"\lim_{x\to 0} x"),
    ("Limit(1/x, x, oo)", r"\lim_{x\to \infty} \frac{1}{x}"),
])  # fmt: skip
def test_a_limit_shows_the_side_from_which_it_is_taken(limit: str, shown: str) -> None:
    assert Writer().tex(parse_expression(limit)) == shown


@pytest.mark.parametrize("product, shown", [
    ("diff(x**2, x)*y", r"\left(\frac{d}{dx} x^{2}\right) y"),
    ("y*diff(x**2, x)*y", r"\left(y \frac{d}{dx} x^{2}\right) y"),
    ("y*diff(x**2, x)", r"y \frac{d}{dx} x^{2}"),
    ("Sum(k, (k, 1, 3))*y", r"\left(\sum_{k=1}^{3} k\right) y"),
    ("-Sum(k, (k, 1, 3))*y", r"\left(-\sum_{k=1}^{3} k\right) y"),
    ("Integral(s, (s, 0, 1))*y", r"\int_{0}^{1} s\,ds y"),
])  # fmt: skip
def test_a_derivative_or_sum_does_not_seem_to_take_in_the_factor_behind_it(product: str, shown: str) -> None:
    assert Writer().tex(parse_expression(product)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("exp(-x**2/2)", "e^{-x^{2}/2}"),
        ("exp(-2*a*(x + 1))", "e^{-2 a (x + 1)}"),
        ("-2*a*(x + 1)", "-2 a (x + 1)"),
        ("-a*b/c", r"-\frac{a b}{c}"),
        ("-(a + b)/c", r"-\frac{a + b}{c}"),
        ("-Sum(k, (k, 1, 3))*y/c", r"\frac{\left(-\sum_{k=1}^{3} k\right) y}{c}"),
        ("x - -a*b/c", r"x - \left(-\frac{a b}{c}\right)"),
        ("exp(x*(-a/b))", "e^{x (-a/b)}"),
        ("(-x)**2/2", r"\frac{(-x)^{2}}{2}"),
        ("(-a + b)*c", "(-a + b) c"),
        ("exp((-a + b)/c)", "e^{(-a + b)/c}"),
        ("exp(-(a + b)/c)", "e^{-(a + b)/c}"),
        ("exp((-a/b)**2)", "e^{(-a/b)^{2}}"),
    ],
)
def test_a_minus_sign_before_a_product_takes_no_parentheses_and_one_before_a_part_keeps_them(text: str, shown: str):
    assert Writer().tex(parse_expression(text)) == shown


def test_a_chain_of_hypotheses_is_named_once() -> None:
    found = judge("t.a", "x < 2", domain={"x": R}, where="0 < x < 1", control={"where": "0 < x < 3"}, known={})
    assert bundle(found)["text/plain"].count("given 0 < x < 3") == 1
    assert bundle(found)["text/html"].count("given 0 &lt; x &lt; 1") == 1


def test_rounded_values_say_so_and_exact_ones_do_not() -> None:
    found = bundle(judge("t.a", "exp(x) >= 1 + x", domain={"x": "[1, 3]"}, control="exp(x) >= 1 + 2*x", known={}))
    assert "fails at x = 1: about 2.71828 against 3" in found["text/plain"]
    assert r"the sides are about \(2.71828\) and \(3\)" in found["text/html"]
    assert found[MIME]["control"]["values"] == ["2.71828", "3"]


@pytest.mark.parametrize("value, is_rounded", [
    ("3", False), ("-2/7", False), ("exp(1)", False), ("[[1, -2/3]]", False),
    ("2.71828", True), ("1e+8", True), ("4.85165e+8", True), ("1e-12", True), ("[[1, 0.25]]", True),
])  # fmt: skip
def test_a_value_is_rounded_if_it_has_a_point_or_an_exponent(value: str, is_rounded: bool) -> None:
    assert rounded(value) is is_rounded


def test_the_exact_statement_holds_what_the_near_miss_changed_and_where_it_falls(
    made: dict[str, dict[str, Any]],
) -> None:
    exact = re.search(r"<pre>(.*?)</pre>", made["t.sum"]["text/html"], re.DOTALL)[1]  # type: ignore[index]
    assert "near-miss: Eq(Sum(k, (k, 0, n)), f(n)), f(n) = n**2/2\n  fails at n = " in exact


def test_without_a_style_sheet_the_grade_follows_the_name_with_a_space_between() -> None:
    found = judge("t.words", "one", check=lambda v: Verdict(v == 1, witness={"v": "2"}), at=1, control=2, known={})
    header = re.search(r"<header.*?</header>", str(bundle(found)["text/html"]), re.DOTALL)[0]  # type: ignore[index]
    assert re.sub(r"<[^>]*>", "", header).split() == ["t.words", "instances", "stated", "in", "words"]


def test_a_limit_that_fails_says_from_which_side_and_a_variable_named_side_keeps_its_value() -> None:
    limit = bundle(judge("t.limit", "Eq(Limit(sin(x)/x, x, 0), 1)", control="Eq(Limit(sin(x)/x, x, 0), 2)"))
    assert "fails from the right: " in limit["text/plain"]
    assert "fails from the right: " in limit["text/html"]
    named = bundle(judge("t.named", "side**2 >= 0", domain={"side": R}, control="side**2 > 0"))
    assert "fails at side = 0: " in named["text/plain"]


def test_a_hunt_among_machine_words_is_not_said_to_be_in_ball_arithmetic() -> None:
    word = {"p": bits(32), "q": bits(32)}
    words = judge("t.words", "Eq(p ^ q, (p | q) - (p & q))", domain=word, control="Eq(p ^ q, p | q)")
    found = re.search("<dt>Hunt</dt><dd>(.*)</dd>", bundle(words)["text/html"])
    assert found
    assert found[1].endswith(", in integers")


def test_a_ball_around_zero_is_about_zero_without_the_power_of_its_radius() -> None:
    found = bundle(
        judge("t.zero", "f(0) < 1", let={"f(x)": "Integral(cos(t)*exp(x*cos(t)), (t, 0, pi))"}, control="f(0) >= 1")
    )
    assert "fails: about 0 against 1" in found["text/plain"]
    assert r"the sides are about \(0\) and \(1\)" in found["text/html"]


def test_a_refusal_in_words_reads_on_and_one_in_numbers_has_a_sign_of_equality() -> None:
    witness = {"count": "too far out for 2/5", "n": "3", "cells": "8 of 8"}
    found = judge("t.is", "one", check=lambda v: Verdict(v == 1, witness=witness), at=1, control=2, known={})
    for form in ("text/plain", "text/html"):
        assert "refused: count too far out for 2/5, n = 3, cells = 8 of 8" in bundle(found)[form]


def test_the_page_writes_powers_of_ten_and_short_decimals_and_leaves_hexadecimals_alone() -> None:
    def check(v: int) -> Verdict:
        return Verdict(v == 1, "sampled", "alarm 1e-09, radius 2.5e-07", {"error": "6.88e+2", "start": "0x5f37e2"})

    html = bundle(judge("t.powers", "one", check=check, at=1, control=2, known={}))["text/html"]
    assert "alarm 10<sup>−9</sup>, radius 2.5·10<sup>−7</sup>" in html
    assert "error = 688, start = 0x5f37e2" in html


def test_a_fraction_of_many_digits_is_written_as_the_decimal_that_it_is() -> None:
    found = bundle(judge("t.digits", "pi < 31415927/10**7", control="pi < 31415926/10**7"))
    assert "fails: about 3.141592654 against 15707963/5000000" in found["text/plain"]
    assert r"the sides are about \(3.141592654\) and \(3.1415926\)" in found["text/html"]
    third = bundle(judge("t.third", "pi > 3141592/10**6", control="pi > 1047198/333333"))
    assert r"\frac{349066}{111111}" in third["text/html"]
