"""One verdict on one statement: the hunt first, then the rules."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..kernel import bitvectors
from ..kernel.conclude import Conclusion, Refutation, fails_at, plan
from ..kernel.lemmas import Lemma
from ..kernel.rules import nlsat
from ..kernel.signs import sign
from ..kernel.theorems import ANY, POS, ZERO, Refused
from ..numeric import supremum, words
from ..numeric.hunt import Hunt, hunt
from ..search.match import attempt
from ..search.tactics import Prover
from ..statements import language
from ..statements.errors import BadStatement, OutOfReach
from ..statements.language import Relation, Statement
from ..statements.words import as_bits, width_of
from ..statements.words import statement as statement_of_words

ACCEPTING = ("proved", "certified", "exhausted", "instances")
REJECTING = ("refuted", "undefined", "vacuous")


@dataclass(frozen=True)
class Decision:
    """What became of a statement.

    Attributes
    ----------
    verdict : str
        A grade ("proved", "certified", "exhausted", "instances"); "refuted", "undefined" or "vacuous"; "hunted"
        (no counterexample, and nothing more was asked); or "undecided".
    engines : tuple of str
        What concluded.
    witness : dict
        For a rejection: a value for each variable, as text that is exact.
    sides : tuple of str
        Both sides at the witness, or the reason why one has no value.
    tried : tuple of str
        What an undecided statement resisted.
    hunt : Hunt
        What the search for a counterexample did.
    """

    verdict: str
    engines: tuple[str, ...] = ()
    witness: dict[str, str] = field(default_factory=dict)
    sides: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    hunt: Hunt = Hunt("vacuous")

    @property
    def refuses(self) -> bool:
        """Whether the statement is rejected with a witness."""
        return self.verdict in ("refuted", "undefined")

    def describe(self, text: str) -> str:
        """Say in a sentence where the statement `text` fails."""
        place = ", ".join(f"{name} = {value}" for name, value in self.witness.items())
        at = f" at {place}" if place else ""
        if self.verdict == "undefined":
            return f"{text} is undefined{at}: {self.sides[0]}"
        return f"{text} is false{at}: the sides are {self.sides[0]} and {self.sides[1]}"


def read(
    text: str,
    domain: Mapping[str, object] | None = None,
    where: tuple[str, ...] = (),
    let: Mapping[str, object] | None = None,
) -> Statement:
    """Read a statement, about machine words if a variable ranges over them, or else about numbers and matrices.

    Parameters
    ----------
    text, domain, where, let
        As for :func:`qed.statements.language.statement` and :func:`qed.statements.words.statement`.
    """
    if any(as_bits(value) for value in (domain or {}).values()):
        return statement_of_words(text, domain or {}, where, let)
    return language.statement(text, dict(domain or {}), where, let)


def decide(
    judged: Statement, lemmas: list[Lemma] | None = None, certificate: ast.expr | None = None, hunt_only: bool = False
) -> Decision:
    """Judge a statement.

    Parameters
    ----------
    judged : Statement
        What is stated, with its domain and hypotheses.
    lemmas : list of Lemma
        Accepted claims that the rules may use.
    certificate : ast.expr
        An antiderivative for the statement's integral.
    hunt_only : bool
        Whether to stop after the hunt, as for a claim that is joined in words.

    Returns
    -------
    Decision
        Undecided is a verdict of its own, never an acceptance and never a refusal.
    """
    if width_of(judged):
        return _decide_bits(judged, hunt_only)
    if supremum.suprema(judged):
        return _decide_supremum(judged, hunt_only)
    found = hunt(judged)
    if found.verdict in ("refuted", "undefined"):
        return Decision(found.verdict, ("hunt in ball arithmetic",), found.witness or {}, found.sides, hunt=found)
    if found.verdict == "vacuous":
        if not judged.where:  # emptiness is not shown: a domain that is certainly empty is refused when it is read
            why = "no number is certain to lie in the domain, whose ends may be one: write exact ends"
            return Decision("undecided", tried=(why,), hunt=found)
        if any(r.op == "=" for r in judged.where):
            why = "an equation in where= is seldom met by a rational point: solve it and put the solution in by let="
            return Decision("undecided", tried=(f"no point was found that meets the hypotheses; {why}",), hunt=found)
        if not contradictory(judged):
            why = "no point was found that meets the hypotheses, nor that none does: widen the domain or mend where="
            return Decision("undecided", tried=(why,), hunt=found)
        return Decision("vacuous", ("the rules of the kernel",), hunt=found)
    met = touched(judged, found)
    if met is not None:
        return Decision(met.verdict, ("exact residual at a point",), met.witness, met.sides, hunt=found)
    unhunted = found.verdict == "out of reach" and (hunt_only or not beyond_hunting(judged))
    if hunt_only and not unhunted:
        return Decision("hunted", ("hunt in ball arithmetic",), hunt=found)
    proof = Prover(judged, lemmas or [], certificate).run()
    if isinstance(proof.refutation, Refutation):
        fall = proof.refutation
        return Decision(fall.verdict, ("the rules of the kernel",), fall.witness, fall.sides, hunt=found)
    if unhunted:
        # Only one route is open, and one route is enough to refuse a statement, not to accept it.
        why = "the hunt could not evaluate the statement at enough points of its domain"
        return Decision("undecided", tried=(why,), hunt=found)
    shown = proof.conclusion
    if not isinstance(shown, Conclusion) or shown.statement is not judged:  # the search is believed in nothing
        return Decision("undecided", tried=tuple(dict.fromkeys(proof.tried)), hunt=found)
    return Decision(shown.grade, shown.engines, hunt=found)


def _decide_bits(judged: Statement, hunt_only: bool) -> Decision:
    """Judge a statement about machine words: the hunt in Python's integers, then Z3."""
    found = words.hunt_words(judged)
    if found.verdict == "refuted":
        return Decision("refuted", ("hunt in Python's integers",), found.witness or {}, found.sides, hunt=found)
    if hunt_only and found.verdict == "survived":
        return Decision("hunted", ("hunt in Python's integers",), hunt=found)
    if found.verdict == "vacuous" and words.exhaustive(judged):
        return Decision("vacuous", ("enumeration of every case",), hunt=found)
    verdict, witness, sides = bitvectors.decide_words(judged)
    if verdict == "proved" and found.verdict == "vacuous":
        why = "the hunt met no point of the hypotheses, and one route is not enough: state more of them by let="
        return Decision("undecided", tried=(why,), hunt=found)
    if verdict == "undecided" and words.exhaustive(judged):
        return Decision("exhausted", ("enumeration of every case",), hunt=found)
    if verdict == "undecided":
        return Decision(verdict, tried=("Z3 bit-vectors, within its budget",), hunt=found)
    return Decision(verdict, ("Z3 bit-vectors",), witness, sides, hunt=found)


def _decide_supremum(judged: Statement, hunt_only: bool) -> Decision:
    """Judge a statement about suprema: branch and bound, against a grid of values."""
    verdict, witness, sides, found = supremum.decide_supremum(judged)
    if verdict == "undecided":
        return Decision(verdict, tried=sides, hunt=found)
    if verdict == "certified" and hunt_only:
        return Decision("hunted", ("hunt in ball arithmetic",), hunt=found)
    return Decision(verdict, ("ball arithmetic, supremum by branch and bound",), witness, sides, hunt=found)


def formal_lemma(judged: Statement) -> bool:
    """Tell whether the rules can use a statement: one about numbers and matrices."""
    return not width_of(judged)


def touched(judged: Statement, found: Hunt) -> Refutation | None:
    """Find a point at which the sides of a strict relation are exactly equal, where balls cannot tell them apart."""
    for point in found.unsettled:
        try:
            return fails_at(judged, point)
        except (BadStatement, OutOfReach, Refused):
            continue
    return None


def contradictory(judged: Statement) -> bool:
    """Tell whether the rules show that no point of the domain meets the hypotheses."""
    nothing = Relation(ast.Constant(0), "<", ast.Constant(1), "0 < 1")
    try:
        todo = attempt(plan, replace(judged, relations=(nothing,)))
    except OutOfReach:
        return False
    if todo is None:
        return False
    scope = todo.goals[0].scope
    for span in scope.ranges.values():
        length = ANY if span.lo is None or span.hi is None else sign(span.hi - span.lo, scope)
        if not length & (POS if span.lo_open or span.hi_open else POS | ZERO):
            return True
    for number, (fact, signs) in enumerate(scope.facts):
        others = replace(scope, facts=scope.facts[:number] + scope.facts[number + 1 :])
        shown = attempt(nlsat, fact, others)
        if not signs & sign(fact, others) & (shown.signs if shown else ANY):
            return True
    return False


def contradicted(judged: Statement, lemmas: list[Lemma], certificate: ast.expr | None) -> str | None:
    """Give the grade that the rules would award to a statement, if they would: a second look at a refuted one."""
    try:
        if width_of(judged):
            return "proved" if bitvectors.decide_words(judged)[0] == "proved" else None
        if supremum.suprema(judged):
            return None  # there is one route, and it has spoken
        return Prover(judged, lemmas, certificate).run().grade
    except Exception:  # the refutation stands; an engine that breaks on a false statement does not contradict it
        return None


def beyond_hunting(judged: Statement) -> bool:
    """Tell whether a statement has no numeric route by its nature: a limit, or an infinite range."""
    sides = [side for r in judged.relations for side in (r.left, r.right)]
    return any(isinstance(n, ast.Name) and n.id in ("Limit", "oo") for side in sides for n in ast.walk(side))
