"""Machine words: what Z3 decides, what Python's integers confirm, and what is refused."""

import ast
import random

import pytest

from qed import BadStatement, Disagreement, QedError, R, Refuted, Toothless, Undecided, Vacuous, bits, judge
from qed.claims.elsewhere import recall
from qed.claims.verdict import decide, read
from qed.display.card import bundle, plain, record
from qed.kernel import bitvectors
from qed.kernel.bitvectors import decide_words
from qed.numeric.words import failure, hunt_words, word
from qed.statements.words import statement

FLOAT = {"e(p)": "(p >> 23) & 255", "m(p)": "p & 0x7fffff", "r": "p + q - 0x3f800000"}
NORMAL = ("1 <= e(p) <= 254", "1 <= e(q) <= 254", "Eq(p >> 31, 0)", "Eq(q >> 31, 0)", "128 <= e(p) + e(q) <= 380")
MITCHELL = "Eq(e(r), e(p) + e(q) - 127 + ((m(p) + m(q)) >> 23))"


def made(text, control, width=32, where=(), let=None, names="pq"):
    """Judge a claim about words."""
    return judge("t.t", text, domain={n: bits(width) for n in names}, control=control, where=where, let=let, known={})


def test_adding_the_bit_patterns_of_two_floats_adds_their_exponents_and_carries():
    """Mitchell's multiplication: 0x3f800000 is the pattern of 1."""
    wrong = {"let": {"r": "p + q - 0x3f000000"}}
    found = made(MITCHELL, wrong, where=NORMAL, let=FLOAT)
    assert (found.grade, found.engines) == ("proved", ("Z3 bit-vectors",))
    assert found.hunt.verdict == "survived" and found.hunt.points > 100
    mantissa = made("Eq(m(r), (m(p) + m(q)) & 0x7fffff)", "Eq(m(r), m(p) + m(q))", where=NORMAL, let=FLOAT)
    assert mantissa.grade == "proved"


def test_the_card_shows_the_words_as_they_were_judged():
    found = made(MITCHELL, {"let": {"r": "p + q - 0x3f000000"}}, where=NORMAL, let=FLOAT)
    card = bundle(found)
    assert r"p + q - \mathtt{0x3f800000}" in card["text/html"] and r"\mathbb{Z}/2^{32}" in card["text/html"]
    assert r"\left(" not in record(found)["latex"] and r"(m(p) + m(q)) \gg 23" in record(found)["latex"]
    assert "for p in bits(32), q in bits(32)" in plain(found)
    again = recall(record(found))
    assert again.seal == found.seal and again.statement.key == found.statement.key


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("p + q >= p", False),  # it wraps around
        ("Eq((p & q) + (p | q), p + q)", True),
        ("Eq((p ^ q) + 2*(p & q), p + q)", True),
        ("Eq((p >> 1) + (q >> 1) + (p & q & 1), (p + q) >> 1)", False),  # the average, where p + q wraps around
        ("Eq((p & q) + ((p ^ q) >> 1), (p | q) - ((p ^ q) >> 1))", False),  # off by one where p ^ q is odd
        ("Eq(-p, ~p + 1)", True),
        ("Eq(p << 1 >> 1, p)", False),
        ("Eq(p & (p - 1) & p, p & (p - 1))", True),
        ("(p & (p - 1)) < p", False),  # not at p = 0
        ("Eq((p << 32) + (p >> 32), 0)", True),  # a shift by the width gives 0, and the rest of C is no guide
        ("Eq((p + q)*(p - q), p*p - q*q)", True),
        ("Eq(p*p & 2, 0)", True),  # squares modulo 4
        ("Ne(p*p, 2)", True),
    ],
)
def test_truths_of_machine_arithmetic_are_proved_and_falsehoods_fall_with_words(text, truth):
    found = decide(read(text, {"p": "bits(32)", "q": "bits(32)"}))
    assert found.verdict == ("proved" if truth else "refuted")
    if not truth:
        judged = read(text, {"p": "bits(32)", "q": "bits(32)"})
        assert failure(judged, {name: int(value) for name, value in found.witness.items()}) == found.sides


def test_z3_refutes_what_the_hunt_passes_by_and_python_confirms_it():
    """One word in 2**32 breaks it, and no likely one."""
    judged = read("Ne(p*0x9e3779b1, 0x12345678)", {"p": bits(32)})
    assert hunt_words(judged).verdict == "survived"
    verdict, witness, sides = decide_words(judged)
    assert verdict == "refuted" and int(witness["p"]) * 0x9E3779B1 % 2**32 == 0x12345678 == int(sides[0])


def test_the_hunt_in_integers_refuses_what_one_word_breaks():
    found = hunt_words(read("p*p > p", {"p": bits(16)}))
    assert found.verdict == "refuted" and not int(found.witness["p"]) ** 2 % 2**16 > int(found.witness["p"])


VALUES = [("7 << 8", 0), ("7 >> 8", 0), ("255 << 1", 254), ("0 - 1", 255), ("~0", 255)]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_shift_by_the_width_is_not_a_shift_by_nothing_and_all_else_wraps_around(text, value):
    assert word(statement(f"Eq({text}, p)", {"p": bits(8)}).relations[0].left, {}, 8) == value


def test_a_model_that_python_does_not_confirm_is_a_disagreement(monkeypatch):
    monkeypatch.setattr(bitvectors, "failure", lambda *_: None)
    with pytest.raises(Disagreement, match="Python's integers do not"):
        decide_words(statement("p < 5", {"p": bits(8)}))


def test_a_budget_that_is_spent_decides_nothing(monkeypatch):
    monkeypatch.setattr(bitvectors, "RLIMIT", 10_000)
    text, where = "Eq(p*q*(p + q), q*p*q + p*p*q)", ("p*q*q + 7*p > q*q",)
    judged = statement(text.replace("q*p*q + p*p*q", "(q + p)*q*p"), {"p": bits(64), "q": bits(64)}, where)
    assert decide_words(judged)[0] == "undecided" and decide(judged).verdict == "undecided"


def test_words_of_few_bits_are_all_tried_even_where_z3_gives_up(monkeypatch):
    monkeypatch.setattr(bitvectors, "RLIMIT", 1)
    found = decide(read("Eq((p + q)*(p - q), p*p - q*q)", {"p": bits(6), "q": bits(6)}))
    assert (found.verdict, found.hunt.points) == ("exhausted", 64 * 64)


def test_hypotheses_that_no_word_meets_are_vacuous():
    for width in (4, 32):
        with pytest.raises(Vacuous):
            made("p < 3", "p < 2", width, where=("(p & 1) > 1",))


def test_hypotheses_that_only_z3_can_meet_leave_one_route_and_that_is_undecided():
    with pytest.raises(Undecided, match="met no point"):
        made("p > 0", "p > 1", where=("Eq(p*0x9e3779b1, 0x12345678)",), names="p")


def test_a_control_that_holds_for_words_is_toothless_though_false_for_integers():
    with pytest.raises(Toothless):
        made("Eq(p + 0, p)", "p <= 255", 8, names="p")


def test_a_false_claim_is_refuted_with_words_and_both_sides():
    with pytest.raises(Refuted, match=r"p \+ 1 > p is false at p = 4294967295: the sides are 0 and 4294967295"):
        made("p + 1 > p", "p > 0", names="p")


@pytest.mark.parametrize(
    ("text", "domain", "let", "message"),
    [
        ("p / 2 < p", {"p": bits(8)}, {}, "no division"),
        ("p // 2 <= p", {"p": bits(8)}, {}, "no division"),
        ("p ** 2 >= 0", {"p": bits(8)}, {}, "not in the language of machine words"),
        ("sin(p) < 1", {"p": bits(8)}, {}, "sin in .* is no function here"),
        ("p < 256", {"p": bits(8)}, {}, "256 in 'p < 256' is no integer from 0 to 2\\*\\*8 - 1"),
        ("p > -1.5", {"p": bits(8)}, {}, "1.5 in .* is no integer"),
        ("Eq(p, True)", {"p": bits(8)}, {}, "True in .* is no integer"),
        ("p < q", {"p": bits(8)}, {}, r"q in 'p < q' has no domain: add q=bits\(8\)"),
        ("p < q", {"p": bits(8), "q": bits(16)}, {}, r"the widths \[8, 16\]"),
        ("p < q", {"p": bits(8), "q": R}, {}, "q ranges over R, and others over machine words"),
        ("p", {"p": bits(8)}, {}, "says nothing"),
        ("p < (", {"p": bits(8)}, {}, "does not parse"),
        ("p == 1", {"p": bits(8)}, {}, r"write Eq\(a, b\)"),
        ("f(p) < 1", {"p": bits(8)}, {"f(a, b)": "a + b"}, "takes 2 arguments, not 1"),
        ("f < 1", {"p": bits(8)}, {"f": "f + 1"}, "circle"),
        ("p < 1", {"p": bits(8)}, {"p": "3"}, "is a variable as well"),
        ("p < 1", {"p": "bits(0)"}, {}, "no machine word"),
        ("f(1) < 1", {"p": bits(8)}, {"f(0)": "0"}, "other names for its parameters"),
        ("f(1, 2) < 1", {"p": bits(8)}, {"f(a, a)": "a"}, "other names for its parameters"),
        ("p < 1", {"p": bits(8), "\U0001d429": bits(8)}, {}, "cannot name a variable"),
    ],
)
def test_what_words_do_not_have_is_refused_and_named(text, domain, let, message):
    with pytest.raises(BadStatement, match=message):
        read(text, domain, (), let)


def test_definitions_that_unfold_without_end_are_refused():
    let = {"a0(x)": "x + x", **{f"a{k}(x)": f"a{k - 1}(a{k - 1}(x))" for k in range(1, 20)}}
    with pytest.raises(BadStatement, match="too many pieces"):
        read("Eq(a19(p), 0)", {"p": bits(8)}, (), let)


@pytest.mark.parametrize("width", [0, -1, 129, 2.0, True])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(BadStatement, match="the width is an integer from 1 to 128"):
        bits(width)


def test_z3_and_python_agree_on_random_expressions():
    """Two evaluations of 60 random trees: Eq(tree, its value) at a point is proved, and with another value refuted."""
    chance = random.Random(7)

    def tree(depth):
        if depth == 0:
            return chance.choice(("p", "q", str(chance.randrange(256)), "3", "8"))
        if chance.random() < 0.2:
            return f"{chance.choice('~-')}({tree(depth - 1)})"
        return f"({tree(depth - 1)} {chance.choice(['+', '-', '*', '<<', '>>', '&', '|', '^'])} {tree(depth - 1)})"

    for _ in range(60):
        text, env = tree(4), {"p": chance.randrange(256), "q": chance.randrange(256)}
        given = ({"p": bits(8), "q": bits(8)}, (f"Eq(p, {env['p']})", f"Eq(q, {env['q']})"))
        value = word(statement(f"Eq({text}, 0)", *given).relations[0].left, env, 8)
        assert decide_words(statement(f"Eq({text}, {value})", *given))[0] == "proved"
        assert decide_words(statement(f"Eq({text}, {value ^ 1})", *given))[0] == "refuted"


def test_a_claim_about_words_may_be_joined_but_is_no_lemma_of_the_rules():
    known = {"t.words": made("Eq((p ^ q) + 2*(p & q), p + q)", "Eq(p ^ q, p + q)")}
    found = judge("t.real", "x**2 >= 0", domain={"x": R}, control="x**2 > 0", uses=("t.words",), known=known)
    assert found.grade == "proved" and not isinstance(found, QedError)


def test_a_quotient_has_no_value_in_words():
    with pytest.raises(BadStatement, match="no value for p / 2"):
        word(ast.parse("p / 2", mode="eval").body, {"p": 4}, 8)
