"""Statements: what the language reads, and what it refuses with a word on what to write instead."""

from __future__ import annotations

import ast

import pytest

from qed import BadStatement, N, R, Z, integers, interval, judge, square
from qed.statements.language import (
    as_domain,
    bound_variable,
    define,
    parse_expression,
    parse_relations,
    statement,
    substitute,
)


def test_a_quotient_is_kept_as_written_and_not_cancelled() -> None:
    (relation,) = parse_relations("Eq(x/x, 1)")
    assert ast.unparse(relation.left) == "x / x"


def test_a_chain_is_read_as_all_its_links_and_not_only_the_first() -> None:
    links = parse_relations("0 < x <= y < 1")
    assert [(ast.unparse(r.left), r.op, ast.unparse(r.right)) for r in links] == [
        ("0", "<", "x"), ("x", "<=", "y"), ("y", "<", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("x > 0.5", "write the exact number 1/2"),
        ("x == 1", r"write Eq\(a, b\)"),
        ("x = 1", "does not parse"),
        ("Eq(x, 1", "does not parse"),
        ("", "does not parse"),
        ("x", "says nothing"),
        ("Eq(x)", "takes two sides"),
        ("x > 0 and x < 1", "says nothing"),
        ("x > True", "is no number"),
        ("x > None", "is no number"),
        ("x > 1j", "is no number"),
        ("Eq(x + '1', x + 1)", "is no number"),
        ("x.real > 0", "not in the language"),
        ("x[0] > 0", "not in the language"),
        ("x % 2 > 0", r"only \+ - \* / \*\*"),
        ("x ^ 2 > 0", r"only \+ - \* / \*\*"),
        ("sin(*x) > 0", "not in the language"),
        ("sin(x=x) > 0", "write a plain function call"),
        ("foo(x) > 0", "foo in .* is no function of the language"),
        ("sin(x, x) > 0", "takes 1 arguments"),
        ("y > 0", "y in .* has no domain: add y=R"),
        ("x < oo", "oo in .* is no number"),
        ("1/oo >= 0", "oo in .* is no number"),
        ("Eq(Limit(x, x, 0), 0*sin(oo))", "oo in .* is no number"),
        ("Eq(Limit(x, x, 1/oo), 0)", "oo in .* is no number"),
        ("Sum(k, (k, 1, oo - oo)) > 0", "oo in .* is no number"),
        ("Sum(oo, (oo, 1, 3)) > 0", "oo cannot name a variable"),
        ("Eq(Limit(E, E, 0), 0)", "E cannot name a variable"),
        ("Eq(Limit(2, 2, 0), 0)", "what stands there cannot name a variable"),
        ("Sum(k, k) > 0", "the limits are written"),
        ("Sum(k, (1, 0, 2)) > 0", "the limits are written"),
        ("diff(x, 2) > 0", r"write diff\(f, x\)"),
        ("Eq(diff(x, x, 1/2), x)", r"write diff\(f, x\)"),
        ("Eq(diff(x, x, 0-1), x)", r"write diff\(f, x\)"),
        ("diff(x, x, 10**6) >= 0", r"write diff\(f, x\)"),
        ("Eq(Matrix([1, 2]), Matrix([1, 2]))", r"write a matrix as Matrix\(\[\[a, b\], \[c, d\]\]\)"),
        ("Eq(Matrix([[1, 2], [3]]), 0)", "write a matrix as"),
        ("Eq(Limit(x, x, 0, 5), 0)", "the side of a limit"),
        ("Eq(" + "+".join(["x"] * 4000) + ", x)", "does not parse"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(BadStatement, match=advice):
        statement(text, {"x": R})


@pytest.mark.parametrize("end", ["y", "S", "sqrt(0-1)", "1/0", "'a'", "gamma"])
def test_an_end_that_is_no_constant_is_refused_and_no_internal_error_escapes(end: str) -> None:
    with pytest.raises(BadStatement):
        judge("t.t", "x > 0", domain={"x": f"(0, {end})"}, control="x > 1", known={})


@pytest.mark.parametrize("text", ["junk", "0, 1", "[0 1]", "[0, 0.5]", ""])
def test_text_that_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(BadStatement):
        interval(text)


@pytest.mark.parametrize("text", ["(1, 1)", "[2, 1]"])
def test_an_empty_interval_is_an_error_and_not_a_pass(text: str) -> None:
    with pytest.raises(BadStatement, match="empty"):
        judge("t.t", "x > 0", domain={"x": text}, control="x > 1", known={})


def test_an_empty_range_of_integers_is_refused() -> None:
    with pytest.raises(BadStatement, match="empty: put the smaller end first"):
        integers(3, 1)


def test_a_matrix_without_rows_is_refused() -> None:
    with pytest.raises(BadStatement, match="sizes begin at 1"):
        square(0)


@pytest.mark.parametrize("value", [3, None, {1, 2}, 0.5])
def test_a_domain_that_is_no_set_of_the_language_is_refused(value: object) -> None:
    with pytest.raises(BadStatement, match="write R, N, N0, Z"):
        as_domain(value, "x")


def test_infinity_is_never_a_closed_end() -> None:
    assert interval("[0, oo]").hi_open and interval("[-oo, 0]").lo_open


def test_domains_print_as_they_are_written() -> None:
    shown = [str(d) for d in (R, Z, N, interval("[0, 1)"), integers(1, 5), square(2, 3))]
    assert shown == ["R", "Z", "N", "[0, 1)", "integers [1, 5]", "square(2, 3)"]


def test_matrices_of_different_sizes_are_not_all_judged_at_the_size_of_the_first() -> None:
    with pytest.raises(BadStatement, match="different sizes"):
        statement("Eq(adjugate(adjugate(B)), B)", {"A": square(2), "B": square(3)})


@pytest.mark.parametrize(
    ("let", "advice"),
    [
        ({"f": "f + 1"}, "circle"),
        ({"f": "g", "g": "f"}, "circle"),
        ({"sin": "x"}, "hides a name of the language"),
        ({"f(": "x"}, "neither a name nor a name with parameters"),
        ({"x": "1"}, "both a variable and a definition"),
        ({"f(u)": "u"}, "needs its arguments u"),
        ({"f": "1 +"}, "does not parse"),
        ({"f(0)": "1"}, "needs names for its parameters"),
        ({"f(u, u)": "u"}, "needs names for its parameters"),
        ({"f(pi)": "pi"}, "needs names for its parameters"),
        ({"f(u)": "u", "f(v)": "2*v"}, "f is defined twice"),
        ({"f(u)": "u", "f": "2"}, "f is defined twice"),
    ],
)
def test_a_definition_that_cannot_be_put_in_is_refused(let: dict[str, str], advice: str) -> None:
    with pytest.raises(BadStatement, match=advice):
        statement("f > x", {"x": R}, let=let)


def test_a_name_that_the_parser_writes_otherwise_is_refused() -> None:
    """Python reads a mathematical x as x, which would be another variable of the domain."""
    with pytest.raises(BadStatement, match="cannot name a variable"):
        statement("\U0001d431 > 0", {"x": interval("(0, 1)"), "\U0001d431": R})
    assert statement("\u03b1 > 0", {"\u03b1": R}).domain


def test_a_definition_with_too_many_arguments_is_refused() -> None:
    with pytest.raises(BadStatement, match="takes 1 arguments, not 2"):
        statement("f(1, x) > x", {"x": R}, let={"f(u)": "u"})


def test_definitions_that_double_thirty_times_are_refused_and_do_not_fill_the_memory() -> None:
    let = {"a0": "1", **{f"a{i}": f"a{i - 1} + a{i - 1}" for i in range(1, 31)}}
    with pytest.raises(BadStatement, match="unfold"):
        statement("a30 > 0", {}, let=let)


def test_parameters_are_put_in_at_once_and_not_one_after_another() -> None:
    found = statement("f(y, x) > 0", {"x": R, "y": R}, let={"f(x, y)": "x - 2*y"})
    assert ast.unparse(found.relations[0].left) == "y - 2 * x"


def test_a_bound_variable_of_a_definition_does_not_capture_an_argument() -> None:
    found = statement("f(k) > 0", {"k": R}, let={"f(u)": "Sum(u, (k, 1, 2))"})
    call = found.relations[0].left
    assert isinstance(call, ast.Call)
    name, _, _ = bound_variable(call)
    assert ast.unparse(call.args[0]) == "k" and name != "k"


def test_a_bound_name_made_by_unfolding_cannot_be_typed_by_an_author() -> None:
    renamed = substitute(parse_expression("Sum(k, (k, 1, 2))"), {}, "#1")
    assert isinstance(renamed, ast.Call)
    assert not bound_variable(renamed)[0].isidentifier()


def test_a_derivative_by_a_variable_that_is_also_put_in_is_refused() -> None:
    with pytest.raises(BadStatement, match="parameter"):
        statement("g(x) > 0", {"x": R}, let={"g(c)": "diff(c*x, x)"})


def test_a_derivative_by_an_integer_is_refused() -> None:
    with pytest.raises(BadStatement, match="does not range over real numbers"):
        statement("diff(x**n, n) > 0", {"x": R, "n": N})


def test_limits_of_a_sum_are_a_triple() -> None:
    with pytest.raises(BadStatement, match="variable, from, to"):
        bound_variable(ast.parse("Sum(k, (k, 0))", mode="eval").body)  # type: ignore[arg-type]


def test_a_definition_reads_its_head() -> None:
    found = define("f(n, x)", "x**n")
    assert (found.name, found.params) == ("f", ("n", "x"))


def test_spacing_and_parentheses_make_no_other_statement() -> None:
    one, same, other = (statement(t, {"x": R}).key for t in ("x**2 >= 0", "(x**2)>=0", "x**2 > 0"))
    assert one == same != other
