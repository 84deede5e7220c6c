"""Suprema: enclosed to a stated tolerance, refused when the constant is off, and never taken where there is none."""

import ast

import flint
import pytest
from flint import arb, fmpq

from qed import BadStatement, Disagreement, R, Refuted, Toothless, Undecided, judge
from qed.claims.verdict import decide, read
from qed.display.card import bundle, plain, record
from qed.numeric import supremum
from qed.numeric.supremum import Enclosure, decide_supremum, suprema
from qed.statements.errors import OutOfReach

# The error of the usual approximation of GELU by tanh, and that of its CDF as a function of the constant.
LET = {
    "err(x)": "x*(erf(x/sqrt(2)) - tanh(sqrt(2/pi)*(x + 44715*x**3/10**6)))/2",
    "d(c, x)": "erf(x/sqrt(2)) - tanh(sqrt(2/pi)*(x + c*x**3))",
}
WORST = "Abs(Sup(Abs(err(x)), (x, -10, 10)) - {}) < 1/10**9"


def verdict(text, **let):
    """Judge a statement without variables."""
    return decide(read(text, {}, (), {**LET, **let})).verdict


def test_the_largest_error_is_certified_to_nine_digits_and_a_constant_off_by_two_units_falls():
    wrong = WORST.format("473237521/10**12")
    found = judge("g.worst", WORST.format("473235521/10**12"), control=wrong, let=LET, known={})
    assert (found.grade, found.engines) == ("certified", ("ball arithmetic, supremum by branch and bound",))
    assert found.control.verdict == "refuted" and found.hunt.points == 401
    assert "hunt: no counterexample at 401 points" in plain(found)
    assert r"\sup_{x \in [-10, 10]} \left|\mathrm{err}(x)\right|" in record(found)["latex"]
    assert bundle(found)["text/plain"] == plain(found)


@pytest.mark.parametrize("off", ["473234520/10**12", "473236522/10**12"])
def test_a_constant_off_by_more_than_the_tolerance_is_refuted_on_both_sides(off):
    assert verdict(WORST.format(off)) == "refuted"
    with pytest.raises(Refuted, match="the sides are"):
        judge("g.off", WORST.format(off), control="1 < 0", let=LET, known={})


def test_the_best_constant_lies_between_two_at_which_the_two_extremes_change_order():
    """Only two suprema together tell; 0.044715 itself lies to the right of the best constant."""
    text = "Sup(d({c}, x), (x, 0, 8)) {op} -Inf(d({c}, x), (x, 0, 8))"
    assert verdict(text.format(c="447149/10**7", op=">")) == "certified"
    assert verdict(text.format(c="4471492/10**8", op="<")) == "certified"
    assert verdict(text.format(c="44715/10**6", op=">")) == "refuted"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sup(x*exp(-x), (x, 0, 20)) < 3679/10**4", "certified"),  # 1/e
        ("Sup(x*exp(-x), (x, 0, 20)) > 3679/10**4", "refuted"),
        ("Sup(x*exp(-x), (x, 0, 1/2)) < 31/100", "certified"),  # at the right end: 0.3033
        ("Sup(x*exp(-x), (x, 0, 1/2)) < 30/100", "refuted"),
        ("Inf(Max(x, 1 - x), (x, 0, 1)) > 49/100", "certified"),  # in the corner
        ("Inf(Max(x, 1 - x), (x, 0, 1)) > 51/100", "refuted"),
        ("Sup(-Abs(x - 1/3), (x, 0, 1)) < 1/1000", "certified"),
        ("Sup(-Abs(x - 1/3), (x, 0, 1)) < -1/1000", "refuted"),
        ("Sup(sin(x), (x, 0, pi/4)) < 70711/10**5", "certified"),  # an end that is no rational number
        ("Sup(sin(x), (x, 0, pi/4)) > 70711/10**5", "refuted"),
        ("Inf(1 - 3*exp(-10**14*(x - 3001/10007)**2), (x, 0, 1)) < -19/10", "certified"),  # a dip the hunt misses
        ("Inf(1 - 3*exp(-10**14*(x - 3001/10007)**2), (x, 0, 1)) > 0", "refuted"),
        ("0 < Sup(x, (x, 0, 1)) < 11/10", "certified"),
        ("0 < Sup(x, (x, 0, 1)) < 9/10", "refuted"),
        ("Sup(x**2, (x, -1, 1)) + Inf(x**2, (x, -1, 1)) < 11/10", "certified"),
        ("Sup(3 + 0*x, (x, 0, 1)) <= 3", "certified"),
        ("Sup(Integral(cos(x*t), (t, 0, 1)), (x, 1, 2)) < 8415/10**4", "certified"),  # sin(1)/1
    ],
)
def test_suprema_and_infima_are_told_from_their_neighbours(text, expected):
    assert verdict(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Eq(Sup(x, (x, 0, 1)), 1)",  # balls never confirm an equation
        "Sup(x*exp(-x), (x, 0, 20)) <= exp(-1)",  # touched
        "Sup(floor(x), (x, 0, 5/2)) < 3",  # no piece around a jump is ever settled
        "Sup(sqrt(x), (x, 0, 1)) < 2",  # FLINT's ball around [0, h] reaches below 0
        "Sup(Sup(x*y, (x, 0, 1)), (y, 0, 1)) < 2",
    ],
)
def test_what_balls_cannot_tell_is_undecided(text):
    assert verdict(text) == "undecided"


@pytest.mark.parametrize(
    "text",
    ["Sup(1/x, (x, 0, 1)) > 5", "Sup(log(x), (x, -1, 1)) < 1", "Inf(1/(2*x - 1), (x, 0, 1)) < 9"],
)
def test_a_function_that_has_no_value_somewhere_has_no_supremum(text):
    assert verdict(text) == "undefined"


def test_a_pole_between_the_points_of_the_grid_is_never_certified():
    assert verdict("Sup(-1/Abs(x - 1/pi), (x, 0, 1)) < 1") == "undecided"


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("Sup(x, (x, 0, oo)) > 1", {}, "over an infinite range: cut off the tail"),
        ("Sup(x, (x, 1, 0)) > 1", {}, "put the smaller one first"),
        ("Sup(x*y, (x, 0, 1)) <= Max(y, 0)", {"domain": {"y": R}}, "beside variables, hypotheses or inside"),
        ("Sup(x, (x, 0, 1)) > 0", {"domain": {"y": R}, "where": ("y > 0",)}, "beside variables, hypotheses or inside"),
    ],
)
def test_a_supremum_out_of_reach_is_undecided_and_told_why(text, given, message):
    with pytest.raises(Undecided, match=message):
        judge("s.t", text, control="1 < 0", known={}, **given)


def test_a_supremum_in_a_certificate_or_of_a_free_name_is_refused():
    with pytest.raises(BadStatement, match="y in .* has no domain"):
        read("Sup(x*y, (x, 0, 1)) < 2")
    with pytest.raises(BadStatement, match=r"written \(variable, from, to\)"):
        read("Sup(x, x) < 2")


def test_a_control_that_holds_is_toothless_for_suprema_too():
    with pytest.raises(Toothless):
        judge("s.t", "Sup(x, (x, 0, 1)) < 2", control="Sup(x, (x, 0, 1)) < 3", known={})


def test_a_supremum_is_no_lemma_of_the_rules_and_may_be_joined():
    worst = judge("s.sup", "Sup(x, (x, 0, 1)) < 2", control="Sup(x, (x, 0, 1)) < 1/2", known={})
    found = judge("s.t", "x**2 >= 0", domain={"x": R}, control="x**2 > 0", uses=("s.sup",), known={"s.sup": worst})
    assert (found.grade, found.effective) == ("proved", "certified")


def call(text):
    """Read a supremum."""
    return ast.parse(text, mode="eval").body


def test_the_enclosure_holds_every_value_and_shrinks_to_its_width():
    saved, flint.ctx.prec = flint.ctx.prec, 160
    try:
        one = Enclosure(call("Sup(x*(1 - x)*exp(x), (x, 0, 1))"))
        coarse, fine = one.refine(8), one.refine(60)
        assert fine.rad() < fmpq(1, 2**59) < coarse.rad() and coarse.contains(fine.mid())
        # The maximum lies at the root (sqrt(5) - 1)/2 of 1 - x - x^2.
        root = (arb(5).sqrt() - 1) / 2
        assert fine.overlaps(root * (1 - root) * root.exp())
        for n in range(101):
            x = arb(fmpq(n, 100))
            assert not x * (1 - x) * x.exp() > fine
    finally:
        flint.ctx.prec = saved


def test_a_bound_of_a_piece_is_not_beneath_any_value_on_it():
    saved, flint.ctx.prec = flint.ctx.prec, 160
    try:
        for text, f in (("sin(7*x)", lambda x: (7 * x).sin()), ("exp(-x*x)", lambda x: (-x * x).exp())):
            one = Enclosure(call(f"Sup({text}, (x, -1, 1))"))
            for n in range(-8, 8):
                lo, hi = fmpq(n, 8), fmpq(n + 1, 8)
                top = one.bound(one.functions[0], lo, hi)
                assert not any(f(arb(lo + (hi - lo) * fmpq(k, 9))) > top for k in range(10))
    finally:
        flint.ctx.prec = saved


def test_a_budget_that_is_spent_gives_no_enclosure(monkeypatch):
    monkeypatch.setattr(supremum, "PIECES", 12)
    assert Enclosure(call("Sup(sin(50*x)*exp(-x), (x, 0, 9))")).refine(40) is None
    assert decide_supremum(read("Sup(sin(50*x)*exp(-x), (x, 0, 9)) < 2"))[0] == "undecided"


def test_a_grid_that_sees_more_than_the_enclosure_is_a_disagreement(monkeypatch):
    monkeypatch.setattr(Enclosure, "refine", lambda self, bits: arb(fmpq(1, 2)))
    with pytest.raises(Disagreement, match="beyond the enclosed"):
        decide_supremum(read("Sup(x, (x, 0, 1)) < 2"))


def test_ends_in_the_wrong_order_have_no_enclosure():
    with pytest.raises(OutOfReach):
        Enclosure(call("Sup(x, (x, 1, 0))"))


def test_only_outermost_suprema_are_listed():
    found = suprema(read("Sup(x, (x, 0, 1)) + 1 < Inf(2 + y, (y, 0, 1))"))
    assert [ast.unparse(one) for one in found] == ["Sup(x, (x, 0, 1))", "Inf(2 + y, (y, 0, 1))"]
    assert suprema(read("x < 1", {"x": R})) == []
