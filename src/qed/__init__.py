"""Claims of a derivation, judged by a small kernel.

>>> from qed import claim, R
>>> claim("demo.square", "x**2 - 2*x + 1 >= 0", x=R, control="x**2 - 2*x + 1 > 0")
demo.square: proved
  x**2 - 2*x + 1 >= 0
  for x in R
  proof: Sturm's theorem
  hunt: no counterexample at 86 points
  near-miss: x**2 - 2*x + 1 > 0: fails at x = 1: 0 against 0
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .claims.elsewhere import with_elsewhere
from .claims.record import ACCEPTED, Claim, Verdict, judge
from .claims.sampling import sample_count, sample_mean
from .display.card import Card, record
from .display.explorers import explorer, slider
from .display.figures import figure
from .display.ledger import ledger
from .kernel.checks import Evidence, below, impossible
from .statements.errors import (
    BadStatement,
    Disagreement,
    QedError,
    Refuted,
    Toothless,
    Undecided,
    Vacuous,
)
from .statements.language import N0, N, R, Z, integers, interval, square
from .statements.words import bits

__all__ = [
    "BadStatement", "Claim", "Disagreement", "Evidence", "N", "N0", "QedError", "R", "Refuted", "Toothless",
    "Undecided", "Vacuous", "Verdict", "Z", "below", "bits", "claim", "explorer", "figure", "impossible", "integers",
    "interval", "judge", "ledger", "sample_count", "sample_mean", "slider", "square",
]  # fmt: skip


_RUNS: dict[str, int | None] = {}


def claim(
    id: str,
    stated: Any,
    *,
    where: tuple[str, ...] | str = (),
    let: dict[str, Any] | None = None,
    control: Any = None,
    uses: tuple[str, ...] | list[str] = (),
    because: str | None = None,
    cite: str | None = None,
    check: Callable[[Any], Verdict] | None = None,
    at: Any = None,
    grade: str | None = None,
    source: str | None = None,
    certificate: str | None = None,
    **domain: Any,
) -> None:
    """Judge a claim and show its card.

    Parameters
    ----------
    id : str
        ``article.what-is-true``.
    stated : str or tuple
        The statement as text in SymPy's syntax, or ``(left, relation, right)`` with sides that may be SymPy
        expressions; prose if `check` is given.
    where : str or tuple of str
        Further hypotheses.
    let : dict
        Definitions the reader sees: ``{"f(n, x)": "Sum(x**k/factorial(k), (k, 0, n))"}``.
    control : str, dict or value
        The near-miss that the same check must refuse: a statement; or a dict with a new ``statement``, ``where``,
        ``let`` or domain; or, with `check`, a value.
    uses : tuple of str
        Ids of earlier claims. Equations among them may be put in, inequalities used as signs. A claim of another
        article is read from the stored outputs of its notebook, which has to lie beside this one.
    because : str
        The argument that joins the claims in `uses`, when it is not checked: the claim is *joined in words*.
    cite : str
        The reference that the claim rests on; its grade is then ``cited``.
    check, at : callable, value
        For a claim *stated in words*: a function from a value to a :class:`Verdict`, and the claimed value.
    grade : str
        An assertion: a weaker grade, of the claim or of what it uses, is an error.
    source : str
        How the claim relates to the source article: ``"confirms"``, ``"sharpens: ..."``, ``"restricts: ..."``,
        ``"corrects: ..."`` or ``"adds: ..."``.
    certificate : str
        An antiderivative of the statement's integrand, in the variable of integration.
    **domain
        The set over which each variable ranges: ``x=R``, ``n=N0``, ``t="[0, 1]"``, ``A=square()``.

    Raises
    ------
    Refuted
        The statement is false or undefined somewhere; the message gives the values.
    Undecided
        No rule settled it, or the check reaches less than `grade`.
    Vacuous
        No value meets the hypotheses.
    Toothless
        The control was not refused with a witness.
    Disagreement
        The rules and the hunt contradict each other.
    BadStatement
        Something cannot be read; the message says what to write instead.
    """
    known = with_elsewhere(ACCEPTED, id, (uses,) if isinstance(uses, str) else uses, Path.cwd())
    found = judge(
        id, stated, known=known, domain=domain, where=where, let=let, control=control, uses=uses, because=because,
        cite=cite, check=check, at=at, grade=grade, source=source, certificate=certificate,
    )  # fmt: skip
    from IPython import get_ipython
    from IPython.display import display

    # A cell may be run again and its claim changed; two different claims of one run may not share an id.
    run = getattr(get_ipython(), "execution_count", None)
    before = ACCEPTED.get(id)
    if before is not None and _RUNS.get(id) == run and record(before) != record(found):
        raise BadStatement(f"{id}: another claim has this id already: give each its own")
    ACCEPTED[id], _RUNS[id] = found, run

    display(Card(found))  # type: ignore[no-untyped-call]
