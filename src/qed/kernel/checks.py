"""Evidence for a claim that is stated in words: what Z3 or a ball says of what the author's function wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flint import arb, fmpq

from ..statements.errors import BadStatement, Undecided, Vacuous
from .theorems import SEAL, _Sealed

BUDGET = 10_000_000


@dataclass(frozen=True)
class Evidence(_Sealed):
    """What was found of a value: whether it is accepted, how strongly, by what; for a rejection, where it fails."""

    ok: bool
    grade: str
    engine: str
    witness: dict[str, str] = field(default_factory=dict)


def impossible(
    asked: Iterable[Any],
    given: Iterable[Any],
    engine: str,
    witness: Callable[[Any], dict[str, str]],
    example: Iterable[Any] = (),
) -> Evidence:
    """Let Z3 decide that nothing meets some conditions, for a check function of :func:`qed.claim`.

    Rule: what Z3 calls unsatisfiable together with hypotheses that can be met never happens under them.

    Parameters
    ----------
    asked : iterable of Z3 formulas
        What is claimed never to happen.
    given : iterable of Z3 formulas
        The hypotheses.
    engine : str
        What is shown, in a few words; the card adds "Z3".
    witness : callable
        From a model in which it does happen to values by name, as text. Without any, the near-miss is not refused.
    example : iterable of Z3 formulas
        A case in which the hypotheses are met, where Z3 finds none by itself.

    Returns
    -------
    Evidence
        Accepting with the grade "proved", or refusing with the witness.

    Raises
    ------
    Undecided
        When Z3 does not answer within its budget, which is a count and no time.
    Vacuous
        When the hypotheses cannot be met.
    """
    import z3

    hypotheses = list(given)
    answers = []
    for formulas in ([*hypotheses, *example], [*hypotheses, *asked]):
        solver = z3.Solver()
        solver.set("rlimit", BUDGET)
        solver.add(*formulas)
        answers.append(solver.check())
        if answers[-1] == z3.unknown:
            raise Undecided(f"Z3 does not decide {engine!r}: {solver.reason_unknown()}")
    if answers[0] == z3.unsat:
        raise Vacuous(f"the hypotheses of {engine!r} cannot be met")
    found = {} if answers[1] == z3.unsat else witness(solver.model())
    return Evidence(SEAL, answers[1] == z3.unsat, "proved", f"Z3: {engine}", found)


def below(value: Any, bound: Any, engine: str) -> Evidence:
    """Compare a ball with a bound, for a check function of :func:`qed.claim`.

    Rule: a number that lies in a ball is below whatever the whole ball is below.

    Parameters
    ----------
    value : flint.arb
        A ball that holds the number.
    bound : int or flint.fmpq
        An exact number.
    engine : str
        What was enclosed, in a few words; the card adds "ball arithmetic".

    Returns
    -------
    Evidence
        Accepting with the grade "certified", or refusing with the ball as witness.

    Raises
    ------
    BadStatement
        When the value is no ball, or the bound not exact.
    Undecided
        When the bound lies in the ball.
    """
    if not isinstance(value, arb) or not isinstance(bound, int | fmpq) or not value.is_finite():
        raise BadStatement(f"below({value!r}, {bound!r}): compare a finite ball (flint.arb) with an int or an fmpq")
    edge = arb(fmpq(bound))
    if not value < edge and not value > edge:
        raise Undecided(f"{engine}: the bound {bound} lies in the ball {value}: enclose with more digits")
    witness = {} if value < edge else {engine: value.str(3, radius=False)}
    return Evidence(SEAL, bool(value < edge), "certified", f"ball arithmetic: {engine}", witness)
