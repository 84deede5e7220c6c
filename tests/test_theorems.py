"""Theorems: none is made outside the kernel's rules, and none is used where it does not hold."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
import sympy as sp

from qed import N0, N, R, square
from qed.claims.verdict import decide
from qed.kernel import lemmas, rules
from qed.kernel.conclude import Conclusion, Plan, Refutation, conclude, plan
from qed.kernel.lemmas import Lemma, accepted
from qed.kernel.lower import domain_scope
from qed.kernel.residual import residual
from qed.kernel.signs import integrable, parts, structure
from qed.kernel.theorems import ANY, NEG, POS, ZERO, Equal, Limit, Range, Refused, Scope, Sign, Theorem
from qed.search.limits import Limits
from qed.search.signs import Signs
from qed.search.tactics import Prover
from qed.statements.errors import OutOfReach
from qed.statements.language import as_domain, statement

SOURCE = Path(rules.__file__).parent.parent


def scope_of(**domain: object) -> Scope:
    """Make a scope."""
    return domain_scope({name: as_domain(d, name) for name, d in domain.items()})


X = scope_of(x=R)
x = X.names["x"]


# Forgery


@pytest.mark.parametrize(
    "forge",
    [
        lambda: Sign(None, x, POS, X, ()),
        lambda: Sign(object(), x, POS, X, ("intuition",)),
        lambda: Equal(None, x, sp.Integer(0), X, ()),
        lambda: Limit(True, x, x, sp.Integer(1), X, ()),
        lambda: Conclusion(None, statement("0 > 1"), "proved", ()),
        lambda: Plan(None, statement("0 > 1"), (), (), (), (), (), ()),
        lambda: Refutation(None, "refuted", ()),
        lambda: Sign(seal="SEAL", expression=x, signs=POS, scope=X, by=()),
    ],
)
def test_a_forged_theorem_is_refused(forge: object) -> None:
    with pytest.raises(TypeError, match="only the kernel makes a theorem"):
        forge()  # type: ignore[operator]


def test_a_theorem_cannot_be_altered_in_place_or_in_a_copy() -> None:
    t = structure(x**2, X)
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.signs = POS  # type: ignore[misc]
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(t, signs=POS)
    with pytest.raises((TypeError, ValueError)):
        copy.replace(t, signs=POS) if hasattr(copy, "replace") else dataclasses.replace(t, signs=POS)
    with pytest.raises(TypeError):
        t.scope.ranges[x] = Range(None, None)  # type: ignore[index]
    with pytest.raises(TypeError):
        pickle.dumps(t)
    assert t.signs == POS | ZERO and copy.copy(t) == t


def test_a_scope_keeps_the_ranges_that_it_was_made_with() -> None:
    ranges = {x: Range(sp.Integer(0), None, True)}
    t = structure(x, Scope(ranges))
    ranges[x] = Range(None, None)
    assert t.signs == POS and t.scope.ranges[x].lo == 0


def test_nothing_outside_the_kernel_names_the_seal_or_goes_round_a_constructor() -> None:
    outside = [path for path in SOURCE.rglob("*.py") if path.parent.name != "kernel"]
    assert len(outside) > 20
    for path in outside:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
            assert not names & {"SEAL", "_Sealed", "__new__", "__setattr__"}, path


def test_no_floor_imports_from_one_above_it() -> None:
    floors = ["statements", "numeric", "kernel", "search"]
    for height, floor in enumerate(floors):
        for path in (SOURCE / floor).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 2:
                    assert (node.module or "").partition(".")[0] in floors[:height], (path, node.module)
                elif isinstance(node, ast.ImportFrom | ast.Import):
                    told = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
                    assert not told.startswith("qed"), (path, told)


def test_the_kernel_asks_sympy_for_no_sign() -> None:
    """SymPy knows that a symbol is real or an integer, which is what a domain says; signs are the kernel's own."""
    asked = {"is_positive", "is_negative", "is_nonnegative", "is_nonpositive", "is_zero", "is_nonzero", "is_finite",
             "is_extended_real", "is_even", "is_odd", "ask", "refine", "assuming"}  # fmt: skip
    told = {"positive", "negative", "nonnegative", "nonpositive", "nonzero", "even", "odd", "finite"}
    for path in Path(lemmas.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        methods = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}  # FLINT's; SymPy's are none
        for node in ast.walk(tree):
            own = not isinstance(node, ast.Attribute) or id(node) in methods
            assert own or node.attr not in asked, (path, ast.unparse(node))
            assert not isinstance(node, ast.keyword) or node.arg not in told, (path, ast.unparse(node))


# A theorem speaks of its own scope


def test_a_theorem_over_one_scope_is_none_over_another() -> None:
    right = scope_of(x="(0, oo)")
    narrow, wide = structure(right.names["x"], right), structure(x, X)
    assert right.names["x"] == x and narrow.signs == POS
    with pytest.raises(Refused):
        rules.meet(narrow, wide)
    with pytest.raises(Refused):
        rules.product(narrow, wide)
    with pytest.raises(Refused):
        X.knowing(narrow)
    with pytest.raises(Refused):
        conclude(plan(statement("x > 0", {"x": R})), [narrow])
    assert conclude(plan(statement("x > 0", {"x": "(0, oo)"})), [narrow]).grade == "proved"


def test_a_hypothesis_belongs_to_the_scope() -> None:
    given = Scope(X.ranges, ((x, POS),), X.names)
    t = structure(x, given)
    assert t.signs == POS
    with pytest.raises(Refused):
        X.knowing(t)
    with pytest.raises(Refused):
        conclude(plan(statement("x > 0", {"x": R})), [t])


def test_what_is_known_is_forgotten_when_a_range_changes() -> None:
    right = scope_of(x="(0, oo)")
    knowing = right.knowing(structure(x + 1, right))
    assert knowing.known and not knowing.with_range(x, Range(None, None)).known
    assert knowing.with_symbol(sp.Symbol("y", real=True), Range(None, None)).known


def test_a_symbol_has_one_range() -> None:
    with pytest.raises(Refused):
        X.with_symbol(x, Range(sp.Integer(0), None))


def test_a_rule_that_was_helped_by_a_theorem_names_its_rule() -> None:
    scope = scope_of(x=R, y=R)
    a, b = scope.names["x"], scope.names["y"]
    t = rules.nlsat(a**2 + b**2 - 2 * a * b, scope)
    assert structure((a**2 + b**2 - 2 * a * b) * sp.exp(a), scope.knowing(t)).by == ("sign rules", "Z3 nlsat")


# What a conclusion needs


def test_a_conclusion_needs_every_link_of_a_chain() -> None:
    todo = plan(statement("0 < exp(x) < exp(x) + x**2 + 1", {"x": R}))
    first, second = (structure(goal.expression, goal.scope) for goal in todo.goals)
    assert conclude(todo, [first, second]).engines == ("sign rules",)
    for some in ([], [first], [second], [first, first]):
        with pytest.raises(Refused, match="nothing shows"):
            conclude(todo, some)


def test_a_conclusion_needs_definedness_and_not_only_the_relation() -> None:
    todo = plan(statement("Eq(x/x, 1)", {"x": R}))
    shown = rules.zero(residual(todo.goals[0].expression, sp.S.Zero, todo.goals[0].scope))
    with pytest.raises(Refused, match="denominator"):
        conclude(todo, [shown])


def test_a_strict_goal_is_not_met_by_a_weak_sign() -> None:
    todo = plan(statement("x**2 > 0", {"x": R}))
    with pytest.raises(Refused):
        conclude(todo, [structure(x**2, X)])


def test_both_sides_of_a_modulus_have_to_be_shown() -> None:
    todo = plan(statement("Abs(x) < x + 1", {"x": R}))
    assert [goal.expression for goal in todo.goals] == [-1, -2 * x - 1]
    with pytest.raises(Refused):
        conclude(todo, [structure(todo.goals[0].expression, X)])


def test_a_matrix_equation_has_a_goal_for_each_entry_and_size() -> None:
    todo = plan(statement("Eq(A, 2*A)", {"A": as_domain("square(1, 2)", "A")}))
    assert len(todo.goals) == 1 + 4
    with pytest.raises(Refused):
        conclude(todo, [])


# Joining theorems


def test_an_equation_carries_a_sign_only_where_both_sides_have_a_value() -> None:
    right = scope_of(x="(0, oo)")
    q = residual(1 / x - 1, (1 - x) / x, right)
    t = rules.transfer(structure((1 - x) / x, right), q)
    assert t.expression == 1 / x - 1 and t.signs == ANY
    with pytest.raises(Refused):
        rules.transfer(structure(x, right), q)
    with pytest.raises(Refused):
        rules.zero(q)


def test_equations_are_joined_where_they_meet() -> None:
    a, b = residual((x + 1) ** 2, x**2 + 2 * x + 1, X), residual(x**2 + 2 * x + 1, (x + 1) ** 2, X)
    assert rules.follow(a, b).right == (x + 1) ** 2
    with pytest.raises(Refused):
        rules.follow(a, a)


def test_nothing_is_rewritten_under_a_sum_that_binds_its_symbol() -> None:
    k = sp.Symbol("k#1", integer=True)
    scope = scope_of(x=R).with_symbol(k, Range(sp.Integer(0), sp.Integer(3)))
    q = residual(k * x, x * k + 0, scope)
    total = sp.Sum(sp.exp(k * x), (k, 0, 3))
    with pytest.raises(Refused, match="captured"):
        rules.rewrite(total, q)
    assert rules.rewrite(sp.exp(k * x), q).right == sp.exp(k * x)


def test_a_lemma_takes_no_image_that_its_sums_would_bind() -> None:
    (q,) = accepted(Lemma("t.sum", statement("Eq(Sum(x, (k, 0, n)), (n + 1)*x)", {"x": "(0, oo)", "n": N0})))[:1]
    k = sp.Symbol("k#1", integer=True)
    scope = scope_of(m=N0).with_symbol(k, Range(sp.Integer(0), sp.Integer(3)))
    binding = {q.scope.names["x"]: 1 / (k + 2), q.scope.names["n"]: scope.names["m"]}
    with pytest.raises(Refused, match="captured"):
        rules.instance(q, binding, scope)


def test_cases_leave_none_out() -> None:
    parts = [structure(x**2, rules.side(X, x, sp.S.Zero, up)) for up in (True, False)]
    at = structure(sp.S.Zero, X)
    assert rules.cases(x**2, x, sp.S.Zero, (*parts, at), X).signs == POS | ZERO
    for some in (parts, [parts[0], at], [parts[1], at], [parts[0], parts[0], at]):
        with pytest.raises(Refused, match="missing"):
            rules.cases(x**2, x, sp.S.Zero, tuple(some), X)


def test_cases_at_a_closed_end_need_the_end_and_at_an_open_one_do_not() -> None:
    closed, opened = scope_of(x="[0, oo)"), scope_of(x="(0, oo)")
    inside = structure(x, rules.side(closed, x, sp.S.Zero, True))
    with pytest.raises(Refused, match="anchor"):
        rules.cases(x, x, sp.S.Zero, (inside,), closed)
    assert rules.cases(x, x, sp.S.Zero, (inside, structure(sp.S.Zero, closed)), closed).signs == POS | ZERO
    assert rules.cases(x, x, sp.S.Zero, (inside,), opened).signs == POS


def test_a_side_begins_inside_the_range() -> None:
    scope = scope_of(x="[0, 1]")
    for anchor in (sp.Integer(2), sp.Integer(-1), x):
        with pytest.raises(Refused):
            rules.side(scope, x, anchor, True)
    assert rules.side(scope, x, sp.Integer(1), False).ranges[x] == Range(sp.Integer(0), sp.Integer(1), False, True)


def test_the_sign_of_a_sum_is_that_of_its_terms_in_their_own_scope() -> None:
    scope = scope_of(n=N0)
    k, n = sp.Symbol("k#1", integer=True), scope.names["n"]
    total = sp.Sum(k + 1, (k, 0, n))
    inner = scope.with_symbol(k, Range(sp.S.Zero, n))
    assert rules.total(total, structure(k + 1, inner), scope).signs == POS
    other = scope.with_symbol(k, Range(sp.Integer(5), n))
    for t in (structure(k + 1, other), structure(k + 2, inner)):
        with pytest.raises(Refused, match="terms"):
            rules.total(total, t, scope)


def test_theorems_are_what_the_kernel_says_they_are() -> None:
    assert {Sign, Equal, Limit} == set(Theorem.__args__) and NEG | ZERO | POS == ANY


# A search that wants to deceive

HERE = Scope({})
n = sp.Symbol("n", integer=True)
k = sp.Symbol("k#1", integer=True)
t_1 = sp.Symbol("t#1", real=True)


def above(symbol: sp.Symbol, end: object, is_open: bool = False) -> Scope:
    """Make a scope of one symbol with a lower end."""
    return Scope({symbol: Range(sp.S(end), None, is_open)})


@pytest.mark.parametrize("f", [lambda e: sp.log(e) ** 2, lambda e: sp.acosh(e) ** 2, lambda e: sp.LambertW(e) ** 2])
def test_what_has_no_value_has_no_instance(f: object) -> None:
    """At -pi/2 or -1 SymPy makes a negative number of these squares."""
    left = Scope({x: Range(None, sp.Integer(-1))})
    square = structure(f(x), left)  # type: ignore[operator]
    assert square.signs == POS
    for point in (sp.Integer(-1), -sp.pi / 2):
        with pytest.raises(Refused, match="no value"):
            rules.instance(square, {x: point}, HERE)
    right = above(x, 2)
    assert rules.instance(structure(f(x), right), {x: sp.Integer(3)}, HERE)  # type: ignore[operator]


def test_no_scope_knows_a_theorem_about_a_narrower_one() -> None:
    narrow = above(x, 1)
    t = structure(x, narrow)
    for forge in (lambda: Scope(X.ranges, known=(t,)), lambda: dataclasses.replace(X, known=(t,))):
        with pytest.raises(Refused, match="another scope"):
            forge()
    y = sp.Symbol("y", real=True)
    assert structure(x * sp.exp(y), narrow.knowing(t).with_symbol(y, Range(None, None))).signs == POS


def test_a_theorem_has_no_kinds_of_its_own() -> None:
    with pytest.raises(TypeError, match="only the kernel"):
        type("Mine", (Sign,), {"__post_init__": lambda self, seal: None})


def test_a_product_is_no_sum_of_its_factors() -> None:
    scope = above(n, 0)
    factors = sp.Product(-k - 1, (k, 1, n))
    inner = scope.with_symbol(k, Range(sp.Integer(1), n))
    with pytest.raises(Refused, match="neither a sum"):
        rules.total(factors, structure(-k - 1, inner), scope)


def test_an_imaginary_number_is_no_value() -> None:
    with pytest.raises(Refused, match="no value"):
        residual(sp.Integer(-4), (1 + sp.I) ** 4, HERE)
    assert residual(sp.Integer(4), (1 + sp.Integer(1)) ** 2, HERE).right == 4


def test_a_binomial_of_real_numbers_has_no_sign() -> None:
    y = sp.Symbol("y", real=True)
    scope = Scope({x: Range(sp.Integer(0), None), y: Range(sp.Integer(0), None)})
    assert structure(sp.binomial(x, y), scope).signs == ANY  # binomial(1/2, 2) is -1/8


@pytest.mark.parametrize(("least", "is_open"), [(sp.Rational(1, 2), False), (sp.Rational(1, 2), True), (1, True)])
def test_induction_begins_at_a_number_of_the_range(least: object, is_open: bool) -> None:
    """n - 1 is 0 at the end that is left out, and the step holds for all n beyond."""
    scope, e = above(n, least, is_open), n - sp.S(least)
    factor = (e + 1) / e if is_open else sp.S.One
    base = residual(sp.S.Zero, sp.S.Zero, scope)
    step = residual(e + 1 - factor * e, sp.S.Zero, scope) if is_open else base
    assert not rules.first_value(scope.ranges[n])
    with pytest.raises(Refused, match="no least value"):
        rules.induction(e, n, (base,), step, scope, (factor,))


def test_an_antiderivative_has_no_value_at_infinity() -> None:
    inner = HERE.with_symbol(t_1, Range(sp.Integer(0), None))
    wave = residual(sp.cos(t_1), sp.cos(t_1), inner)
    with pytest.raises(Refused, match="no theorem on the limits"):
        rules.antiderivative(sp.Integral(sp.cos(t_1), (t_1, 0, sp.oo)), wave, (), HERE, sp.sin(t_1))


def test_a_side_begins_at_a_point_that_is_there() -> None:
    y = sp.Symbol("y", real=True)
    scope = Scope({x: Range(None, None), y: Range(None, sp.Integer(-1))})
    with pytest.raises(Refused, match="an anchor is a point"):
        rules.side(scope, x, sp.log(y), True)
    assert rules.side(scope, x, sp.exp(y), True)


def test_an_integral_of_a_jump_has_no_derivative_at_its_end() -> None:
    """The integrals of floor(t) and of ceiling(t) - 1 are equal, and floor(x) is not ceiling(x) - 1 everywhere."""
    scope = above(x, 0, True)
    e = sp.Integral(sp.floor(t_1), (t_1, 0, x))
    with pytest.raises(Refused, match="corner"):
        rules.differentiated(residual(e, e, scope), x)


def test_every_integral_of_a_statement_has_to_converge() -> None:
    """SymPy drops a factor 0, and divergent integrals may cancel."""
    divergent = "Eq(0*Integral(1/t, (t, 0, 1)) + Integral(exp(-t), (t, 0, oo)), 1)"
    for text, verdict in ((divergent, None), ("Eq(Integral(exp(-t), (t, 0, oo)), 1)", "proved")):
        assert Prover(statement(text, {}), []).run().grade == verdict
    todo = plan(statement("Eq(Integral(1/t, (t, 0, 1)), Integral(1/t, (t, 0, 1)))", {}), True)
    (goal,) = todo.goals
    shown = [structure(owed.expression, owed.scope) for owed in todo.obligations]
    with pytest.raises(Refused, match="converges"):
        conclude(todo, [*shown, rules.zero(residual(goal.expression, sp.S.Zero, goal.scope))])


def test_minus_infinity_is_no_value_of_an_integral() -> None:
    found = Prover(statement("Eq(Integral(1/t, (t, 0, 1)) + Integral(exp(-t), (t, 0, oo)), 1)", {}), []).run()
    assert found.grade is None


@pytest.mark.parametrize("bad", ["1/(t + 1 - ceiling(t))", "log(t + 1 - ceiling(t))", "(t + 1 - ceiling(t))**(-2)"])
def test_an_integrand_must_not_jump_where_it_may_grow_without_bound(bad: str) -> None:
    """Each has a value everywhere from 0 to 1, and the first has no integral: next to 0 it is 1/t."""
    with pytest.raises(OutOfReach, match="jumps"):
        plan(statement(f"Integral({bad}, (t, 0, 1)) > 0", {}))
    assert not integrable(1 / (t_1 + 1 - sp.ceiling(t_1)), t_1)
    for fine in ("floor(t)", "2**ceiling(t)/(1 + t)", "exp(sign(t))*log(2 + t)", "Sum(floor(t)*j, (j, 1, 3))"):
        assert plan(statement(f"Integral({fine}, (t, 0, 1)) > 0", {})).goals


def test_an_end_that_hangs_on_a_variable_moves_with_it() -> None:
    """n - k is not negative for k <= n; at n = 0 and k = 3 it is, though 3 is below another n of the same name."""
    triangle = above(n, 0).with_symbol(k, Range(sp.Integer(0), n))
    t, five = structure(n - k, triangle), Scope({n: Range(sp.Integer(5), sp.Integer(5))})
    with pytest.raises(Refused, match="outside the range"):
        rules.instance(t, {n: sp.Integer(0), k: sp.Integer(3)}, five)
    assert rules.instance(t, {n: n, k: sp.Integer(3)}, five).signs == POS | ZERO  # type: ignore[union-attr]


def test_what_has_a_value_under_one_sum_may_have_none_under_another() -> None:
    """log(k - 3) is real from k = 5 on; at k = 2 SymPy makes i pi of it, with the square -pi**2."""
    scope, term = above(n, 0), sp.log(k - 3)
    fine, wrong = sp.Sum(term, (k, 5, n)), sp.Sum(term, (k, 2, 2))
    with pytest.raises(Refused, match="no value"):
        residual(fine, fine + wrong**2 + sp.pi**2, scope)
    assert residual(fine, sp.Sum(term, (k, 5, n + 1)) - sp.log(n - 2), above(n, 4))


def test_a_verdict_takes_no_word_of_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Prover(statement("x**2 + 1 > 0", {"x": R}), []).run()
    assert other.grade == "proved"
    for answer in (other, SimpleNamespace(refutation=None, conclusion=SimpleNamespace(grade="proved"), tried=[])):
        monkeypatch.setattr(Prover, "run", lambda self, answer=answer: answer)
        assert decide(statement("1 - 3*exp(-10**14*(x - 3001/10007)**2) > 0", {"x": R})).verdict == "undecided"


@pytest.mark.parametrize(
    "text",
    ["Max(x, log(0 - 1)) > 0", "Min(x, 1/(x - x)) > 0", "Eq(A + eye(2), A)", "Eq(A*eye(2), A)", "Eq(x/A, A)",
     "Eq(trace(Matrix([[1, 2]])), 1)", "Eq(eye(0), eye(0))",
     "Eq(Matrix([[1, 2]])**0, eye(1))", "Eq(eye(10**6), A)", "Eq(beta(A, x), x)"],
)  # fmt: skip
def test_what_does_not_fit_together_is_out_of_reach(text: str) -> None:
    with pytest.raises(OutOfReach):
        plan(statement(text, {"A": square(3), "x": R}))
    assert plan(statement("Eq(A*eye(3) + A/x, transpose(A)*exp(eye(3)))", {"A": square(3), "x": "(0, oo)"})).goals


def test_what_stands_in_a_sum_without_terms_need_have_no_value() -> None:
    scope = scope_of(n=N0)
    n, k = scope.names["n"], sp.Symbol("k#1", integer=True)
    with pytest.raises(Refused, match="the right side may have no value"):
        residual(sp.Sum(1 / n, (k, 1, n)), sp.Sum(1, (k, 1, n)) / n, scope)
    some = scope_of(n=N)
    n = some.names["n"]
    assert residual(sp.Sum(1 / n, (k, 1, n)), sp.Sum(1, (k, 1, n)) / n, some)


def test_what_stands_in_an_integral_over_no_length_need_have_no_value() -> None:
    t = sp.Symbol("t#1", real=True)
    for domain, length in (("[0, oo)", False), ("(0, oo)", True)):
        scope = scope_of(y=domain)
        y = scope.names["y"]
        given = sp.Integral(sp.log(y), (t, 0, y))
        assert (sp.log(y) in parts(given, scope)) is length


def test_a_product_keeps_the_conditions_of_its_factors() -> None:
    scope = scope_of(x="(-oo, 0]")
    root = sp.sqrt(scope.names["x"])
    t = rules.nlsat(root, scope)
    assert t.signs == ZERO
    with pytest.raises(Refused, match="a factor may have no value"):
        rules.product(t, t)


def test_boxes_take_no_two_symbols_of_one_name() -> None:
    a, b = sp.Symbol("x", real=True), sp.Symbol("x", positive=True)
    low, high = Range(sp.Integer(0), sp.Integer(1)), Range(sp.Integer(5), sp.Integer(6))
    with pytest.raises(Refused, match="two symbols of one name"):
        rules.boxed(a - b / 1000 - 2, POS, Scope({a: low, b: high}))


def test_an_improper_integral_has_a_length() -> None:
    t = sp.Symbol("t#1", real=True)
    for domain, fine in (("[0, oo)", False), ("(0, oo)", True)):
        scope = scope_of(y=domain)
        y = scope.names["y"]
        within = scope.with_symbol(t, Range(sp.Integer(0), y, True, True))
        within = within.knowing(rules.added(structure(y - t, within), structure(t, within)))
        q, ends = residual(1 / y, rules.derivative(t / y, t), within), []
        for end, way in ((y, "-"), (sp.Integer(0), "+")):
            moved, u, near = rules.approach(t / y, t, end, way, scope)
            found = Limits(u, near, Signs([])).search(moved)
            assert found
            ends.append(found)
        if fine:
            assert rules.antiderivative(sp.Integral(1 / y, (t, 0, y)), q, tuple(ends), scope, t / y).right == 1
        else:
            with pytest.raises(Refused, match="improper and empty"):
                rules.antiderivative(sp.Integral(1 / y, (t, 0, y)), q, tuple(ends), scope, t / y)


def test_a_certificate_proves_no_closed_form_of_a_symbol_that_the_sum_binds() -> None:
    scope = scope_of(n=N0)
    n, k = scope.names["n"], sp.Symbol("k#1", integer=True)
    free = 2 ** (k * n)
    total = sp.Sum(free * sp.binomial(n, k) / 2**n, (k, 0, n))
    with pytest.raises(Refused, match="the closed form may vanish, or have no value"):
        rules.wilf_zeilberger(total, free, -k / (2 * (n + 1 - k)), scope)


def test_an_exponential_of_an_imaginary_number_is_not_positive() -> None:
    scope = scope_of(x=R)
    x = scope.names["x"]
    assert structure(sp.exp(sp.I * x), scope).signs == structure((1 + sp.I * x) ** 2, scope).signs == ANY
    for left, right in (
        (sp.sqrt(1 + sp.cos(x)), sp.sqrt(2) * sp.cos(x / 2)),
        (sp.sqrt(1 - sp.sin(x) ** 2), sp.cos(x)),
        (sp.log(1 + sp.cos(x)), 2 * sp.log(sp.cos(x / 2)) + sp.log(2)),
    ):
        with pytest.raises(Refused, match="the residual does not expand to 0"):
            residual(left, right, scope)
