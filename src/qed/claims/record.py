"""The record of a claim, and how one is judged."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import sympy as sp

from ..kernel.checks import Evidence
from ..kernel.lemmas import Lemma
from ..numeric import supremum
from ..numeric.hunt import Hunt, candidates, valueless
from ..statements.errors import (
    BadStatement,
    Disagreement,
    QedError,
    Refuted,
    Toothless,
    Undecided,
    Vacuous,
)
from ..statements.language import Definition, Statement, certificate
from ..statements.words import as_bits
from .stored import Said, seal
from .verdict import contradicted, decide, formal_lemma, read

GRADES = ("proved", "certified", "exhausted", "instances", "sampled", "cited")
# What must not be overlooked, by the field that says it.
FLAGS = {"because": "joined in words", "words": "stated in words"}
RELATIONS = ("confirms", "sharpens", "restricts", "corrects", "adds")
ACCEPTED: dict[str, Claim] = {}


@dataclass(frozen=True)
class Verdict:
    """What a check function found of a value.

    Parameters
    ----------
    ok : bool
        Whether the check accepts the value.
    grade : str
        How strong an acceptance is: "exhausted" or weaker. The author of the check answers for it: the card says
        *stated in words*. The grades "proved" and "certified" are given by :func:`qed.impossible` and
        :func:`qed.below` only; a check function returns what they return.
    engine : str
        What judged, in a few words.
    witness : dict
        For a rejection: where or why it fails, by name, as text.
    """

    ok: bool
    grade: str = "instances"
    engine: str = "check function"
    witness: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """The near-miss, and how it was refused."""

    text: str
    statement: Statement | None
    verdict: str
    witness: dict[str, str]
    sides: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Claim:
    """An accepted claim. Every field but the author's words is computed.

    Attributes
    ----------
    id, text : str
        The claim's name, and its statement as given.
    statement : Statement or None
        The statement as read; None for a claim stated in words.
    grade, effective : str
        Its own grade, and the weakest among it and all that it rests on.
    weakest : str or None
        The claim that lends the effective grade, if that is another.
    engines : tuple of str
        The rules that concluded, by the names on the card.
    hunt : Hunt or None
        What the search for a counterexample did.
    control : Control
        The near-miss, and how it was refused.
    uses : tuple of str
        Ids of the claims that it rests on.
    because, words, cite : str or None
        The author's joining argument, sentence and reference.
    source : tuple of str or None
        How it stands to the source article: the relation, and a note.
    certificate : str or None
        The certificate that the author gave.
    borrowed : dict
        For each claim of another article in `uses`: a seal of what it said and of its effective grade.
    """

    id: str
    text: str
    statement: Statement | None
    grade: str
    effective: str
    weakest: str | None
    engines: tuple[str, ...]
    hunt: Hunt | None
    control: Control
    uses: tuple[str, ...] = ()
    because: str | None = None
    words: str | None = None
    cite: str | None = None
    source: tuple[str, str] | None = None
    certificate: str | None = None
    borrowed: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<claim {self.id}: {self.grade}>"

    @property
    def article(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def said(self) -> Said:
        """What it says, as text."""
        s = self.statement
        if s is None:
            return Said(self.text, {}, (), {})
        let = dict(head(d).split(" = ", 1) for d in s.definitions)
        where = tuple(dict.fromkeys(r.text for r in s.where_shown))
        return Said(self.text, {n: str(d) for n, d in s.domain.items()}, where, let)

    @property
    def seal(self) -> str:
        """A hash by which a claim that uses this one knows that it has not changed."""
        return seal(self.said, self.effective)


def _texts(field: str, value: Any) -> tuple[str, ...]:
    """Read one text or several."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, tuple | list) else (value,)
    for one in found:
        if not isinstance(one, str):
            raise BadStatement(f"{field}={one!r} is no text: write a text, or a tuple of texts")
    return found


def head(d: Definition) -> str:
    """Write a definition as text."""
    return f"{d.name}({', '.join(d.params)}) = {d.text}" if d.params else f"{d.name} = {d.text}"


def weaker(a: str, b: str) -> str:
    """Give the weaker of two grades."""
    return max(a, b, key=GRADES.index)


@dataclass(frozen=True)
class Request:
    """What an author asks to be judged; the fields are the parameters of :func:`qed.claim`."""

    id: str
    stated: Any
    domain: dict[str, Any] = field(default_factory=dict)
    where: tuple[str, ...] | str = ()
    let: dict[str, Any] | None = None
    control: Any = None
    uses: tuple[str, ...] | list[str] = ()
    because: str | None = None
    cite: str | None = None
    check: Callable[[Any], Any] | None = None
    at: Any = None
    grade: str | None = None
    source: str | None = None
    certificate: str | None = None

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """The hypotheses as a tuple, a single one included."""
        return _texts("where", self.where)


def judge(id: str, stated: Any, *, known: dict[str, Claim] | None = None, **given: Any) -> Claim:
    """Judge a claim and return its record, or raise the error that names what is wrong with it.

    Parameters
    ----------
    id, stated, **given
        As for :func:`qed.claim`, the sets of the variables together in the dict `domain`.
    known : dict
        The earlier claims by id; by default those that this process has accepted.

    Returns
    -------
    Claim
        The record; nothing is shown, and nothing remembered.

    Raises
    ------
    QedError
        One of its kinds, with a message that begins with the id.
    """
    try:
        return _judge(Request(id, stated, **given), ACCEPTED if known is None else known)
    except QedError as problem:
        if not str(problem).startswith(f"{id}: "):
            raise type(problem)(f"{id}: {problem}") from None
        raise
    except Exception as problem:
        # Whatever breaks inside a rule or a library is no verdict; it must never pass for one.
        raise Undecided(f"{id}: the engine failed with {type(problem).__name__}: {problem}") from problem


def _judge(request: Request, known: dict[str, Claim]) -> Claim:
    request = replace(request, uses=_texts("uses", request.uses))
    _check_form(request, known)
    uses, noted, text = tuple(request.uses), _source(request.source), _text(request.stated)
    judged: Statement | None = None
    found: Hunt | None = None
    if request.check is not None:
        own, engines, refused = _by_function(request.check, request.at, request.control)
    else:
        judged = _read("", text, request.domain, request.hypotheses, request.let)
        usable = [(name, known[name].statement) for name in uses] if formal_lemma(judged) else []
        lemmas = [Lemma(name, s) for name, s in usable if s is not None and formal_lemma(s)]
        hint = certificate(request.certificate) if request.certificate is not None else None
        own, engines, found = _accept(judged, lemmas, hint, request, known)
        refused = _refuse(judged, lemmas, hint, request)
    if request.cite is not None:
        own = "cited"
    effective, weakest = own, None
    for name in uses:
        if GRADES.index(known[name].effective) > GRADES.index(effective):
            effective, weakest = known[name].effective, known[name].weakest or name
    if request.grade is not None and GRADES.index(effective) > GRADES.index(request.grade):
        why = f"{weakest} lends it only {effective!r}" if weakest else f"the check reaches only {own!r}: help the proof"
        raise Undecided(f"grade={request.grade!r} was asserted, but {why}")
    return Claim(
        request.id, text, judged, own, effective, weakest, engines, found, refused, uses, request.because,
        text if judged is None else None, request.cite, noted, request.certificate,
        {name: known[name].seal for name in uses if known[name].article != request.id.partition(".")[0]},
    )  # fmt: skip


def _check_form(request: Request, known: dict[str, Claim]) -> None:
    id = request.id
    if not id or any(not (c.isalnum() or c in "-.") for c in id) or id.count(".") != 1 or not all(id.split(".")):
        raise BadStatement(f"the id {id!r} is not of the form article.what-is-true")
    if request.control is None:
        raise BadStatement("no control: add control=, the nearest false statement, which the same check must refuse")
    for name in request.uses:
        if name == id or id in _ancestors(name, known):
            raise BadStatement(f"it uses {name!r}, which is or rests on this very claim")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else "; a claim may use only claims made before it"
            raise BadStatement(f"uses {name!r}, which no earlier claim bears{hint}")
    for name, value in (("because", request.because), ("cite", request.cite)):
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise BadStatement(f"{name}={value!r} says nothing: write a sentence, or leave it out")
    if not isinstance(request.domain, dict) or not all(isinstance(name, str) for name in request.domain):
        raise BadStatement(f"domain={request.domain!r} is no dict from names to sets: write {{'x': R}}")
    if request.certificate is not None and not isinstance(request.certificate, str):
        raise BadStatement(f"certificate={request.certificate!r} is no text: write an expression, such as 't**2/2'")
    if request.check is not None and not callable(request.check):
        raise BadStatement(f"check={request.check!r} is no function: write one from a value to a Verdict")
    if request.because is not None and not request.uses:
        raise BadStatement("because= joins earlier claims: name them in uses=")
    if request.grade is not None and request.grade not in GRADES:
        raise BadStatement(f"grade={request.grade!r} is none of {', '.join(GRADES)}")


def _ancestors(name: str, known: dict[str, Claim]) -> set[str]:
    """Collect the claims on which an accepted claim rests."""
    found: set[str] = set()
    todo = list(known[name].uses) if name in known else []
    while todo:
        one = todo.pop()
        if one not in found and one in known:
            found.add(one)
            todo += known[one].uses
    return found


def _source(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    relation, _, note = text.partition(":")
    if relation.strip() not in RELATIONS:
        raise BadStatement(f"source={text!r} begins with none of {', '.join(RELATIONS)}")
    return relation.strip(), note.strip()


def _text(value: Any) -> str:
    """Write what an author gave as text of the language: text stays, SymPy objects are printed."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], str):
        left, op, right = value
        if op in ("=", "=="):
            return f"Eq({_text(left)}, {_text(right)})"
        return f"{_text(left)} {op} {_text(right)}"
    if isinstance(value, bool) or value in (sp.true, sp.false):
        raise BadStatement("the statement was evaluated to a truth value before it could be read: write it as text")
    if isinstance(value, float):
        raise BadStatement(f"{value} is a float: write the exact number, such as '{sp.nsimplify(value)}'")
    if isinstance(value, sp.MatrixBase):
        return f"Matrix({[[_text(entry) for entry in row] for row in value.tolist()]})".replace("'", "")
    return str(sp.sympify(value))


def _accept(
    judged: Statement, lemmas: list[Lemma], hint: ast.expr | None, request: Request, known: dict[str, Claim]
) -> tuple[str, tuple[str, ...], Hunt]:
    """Accept the statement with its grade, or raise what the verdict calls for."""
    in_words = request.because is not None or request.cite is not None
    found = decide(judged, lemmas, hint, hunt_only=in_words)
    if found.refuses:
        grade = contradicted(judged, lemmas, hint)
        if grade is not None:
            raise Disagreement(f"the rules accept it as {grade}, but {found.describe(judged.text)}: one of them errs")
        raise Refuted(found.describe(judged.text))
    if found.verdict == "vacuous":
        raise Vacuous("no point of the domain meets the hypotheses: widen it or mend where=")
    if found.verdict == "undecided":
        raise Undecided(
            f"{judged.text} could not be decided. This is a failure, not a refutation. "
            f"Tried: {'; '.join(found.tried) or 'nothing applied'}. Help it: "
            "narrow the domain, add where=, add a lemma by uses=, give certificate=, or join lemmas by because="
        )
    if not in_words:
        return found.verdict, found.engines, found.hunt
    weakest = "proved"
    for name in request.uses:
        weakest = weaker(weakest, known[name].effective)
    return weakest, ("joined in words" if request.because is not None else f"cited: {request.cite}",), found.hunt


def _read(at: str, text: str, domain: dict[str, Any], where: tuple[str, ...], let: Any) -> Statement:
    """Read a statement; what cannot be read is told with the field in which it stands."""
    if not isinstance(let or {}, dict) or not all(isinstance(key, str) for key in let or {}):
        raise BadStatement(f"{at}let={let!r} is no dict with names: write let={{'f(x)': 'x**2'}}")
    bodies = {name: _text(body) for name, body in (let or {}).items()}
    bits = any(as_bits(value) for value in domain.values())
    # Each field by itself first, so that a mistake is told where it was made.
    fields: list[tuple[str, tuple[Any, ...]]] = [
        (f"in {name}=, ", ("0 < 1", {name: value}, (), {})) for name, value in domain.items()
    ]
    fields += [("in let=, ", ("0 < 1", domain if bits else {}, (), bodies))] if bodies else []
    fields += [("in where=, ", (hypothesis, domain, (), bodies)) for hypothesis in where]
    for place, given in fields:
        try:
            read(*given)
        except BadStatement as problem:
            raise BadStatement(f"{at}{place}{problem}") from None
    try:
        found = read(text, domain, where, bodies)
    except BadStatement as problem:
        raise BadStatement(f"{at}{problem}") from None
    for name, d in found.domain.items():
        try:
            candidates(d, Random(0))
        except BadStatement as problem:
            cure = "two different ends are needed, the smaller one first"
            raise BadStatement(f"{at}in {name}=, {problem}: {cure}") from None
    return found


def _refuse(judged: Statement, lemmas: list[Lemma], hint: ast.expr | None, request: Request) -> Control:
    """Judge the near-miss as the claim was judged; it must fall with a witness."""
    changed = dict(request.control) if isinstance(request.control, dict) else {"statement": request.control}
    text = _text(changed.pop("statement", judged.text))
    where = changed.pop("where", request.hypotheses)
    let = changed.pop("let", {})
    if not isinstance(let, dict):
        raise BadStatement(f"in the control, let={let!r} is no dict: write {{'f(x)': 'x**2'}}")
    sets = {**request.domain, **changed}
    missed = _read("in the control, ", text, sets, _texts("where", where), {**(request.let or {}), **let})
    if missed.key == judged.key:
        raise BadStatement("the control is the statement itself: state a near-miss that is false")
    found = decide(missed, lemmas, hint)
    if found.verdict == "vacuous":
        raise Vacuous(f"no point meets the control {text}")
    if not found.refuses:
        raise Toothless(
            f"its control {text} was not refused ({found.verdict}); a check that cannot fail shows nothing. "
            "Move the near-miss off the edge where it happens to hold, or make it miss by more"
        )
    if found.verdict == "undefined" and not supremum.suprema(missed) and valueless(missed):
        raise Toothless(
            f"its control {text} has no value anywhere ({found.sides[0]}), which says nothing about the claim: "
            "state a near-miss that is false where it has a value, or has one at some points of its domain"
        )
    return Control(text, missed, found.verdict, found.witness, found.sides)


def _by_function(check: Callable[[Any], Any], at: Any, control: Any) -> tuple[str, tuple[str, ...], Control]:
    """Judge a claim stated in words: one function, the claimed value, and the near-miss."""
    if _same(at, control):
        raise BadStatement("the control is the claimed value itself: give a near-miss that is false")
    accepted = _call(check, at)
    if not accepted.ok:
        where = ", ".join(f"{k} = {v}" for k, v in accepted.witness.items())
        raise Refuted(f"the check {_name(check)} refuses {at!r}" + (f": {where}" if where else ""))
    refused = _call(check, control)
    if refused.ok:
        raise Toothless(
            f"its control {control!r} was accepted by {_name(check)}; a check that cannot fail shows nothing"
        )
    if not refused.witness:
        raise Toothless(f"its control {control!r} was refused without a witness: return Verdict(False, witness=...)")
    return accepted.grade, (accepted.engine,), Control(str(control), None, "refuted", refused.witness, ())


def _name(check: Callable[[Any], Any]) -> str:
    return getattr(check, "__name__", repr(check))


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except (TypeError, ValueError):
        return a is b


def _call(check: Callable[[Any], Any], value: Any) -> Verdict:
    try:
        found = check(value)
    except QedError:
        raise
    except Exception as problem:
        raise Undecided(
            f"the check {_name(check)} raised {type(problem).__name__} at {value!r}: {problem}; "
            "let it return a Verdict at the claimed value and at the control"
        ) from problem
    if isinstance(found, Evidence | Verdict):
        told = found.witness
        if not isinstance(told, dict) or not all(isinstance(text, str) for pair in told.items() for text in pair):
            raise BadStatement(f"the check gave the witness {told!r}: write names and values as text, in a dict")
    if isinstance(found, Evidence):
        return Verdict(found.ok, found.grade, found.engine, found.witness)
    if isinstance(found, Verdict):
        if type(found.ok).__name__ not in ("bool", "bool_"):
            raise BadStatement(f"the check gave ok={found.ok!r} at {value!r}: it must be True or False")
        if type(found.grade) is not str or found.grade not in GRADES:
            raise BadStatement(f"the check {_name(check)} gave the grade {found.grade!r}, none of {', '.join(GRADES)}")
        if found.grade in ("proved", "certified"):
            raise BadStatement(
                f"the check {_name(check)} gave the grade {found.grade!r}, which only the kernel gives: return what "
                "qed.impossible or qed.below returns, or a Verdict of grade 'exhausted' or weaker"
            )
        return found
    raise Undecided(f"the check {_name(check)} returned {found!r} at {value!r}: return a Verdict")
