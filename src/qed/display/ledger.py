"""The claims of one notebook, listed."""

from __future__ import annotations

from typing import Any

from ..claims.record import ACCEPTED, FLAGS, GRADES, Claim
from .card import flags


class Ledger:
    """The claims accepted so far in this process, with their grades."""

    def __init__(self, claims: list[Claim]):
        self.claims = claims

    def totals(self) -> dict[str, int]:
        """Count the claims by effective grade, and those that lean on words."""
        counts = {grade: sum(c.effective == grade for c in self.claims) for grade in GRADES}
        counts |= {flag: sum(flag in flags(c) for c in self.claims) for flag in FLAGS.values()}
        return {key: n for key, n in counts.items() if n}

    def _summary(self) -> str:
        return f"{len(self.claims)} claims: " + ", ".join(f"{n} {key}" for key, n in self.totals().items())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        width = max((len(c.id) for c in self.claims), default=0)
        lines = [f"{c.id:<{width}}  {c.effective}{_flag(c)}" for c in self.claims]
        rows = [
            f'<tr data-grade="{c.effective}"><td><a href="#{c.id}">{c.id}</a></td><td>{c.effective}{_flag(c)}</td></tr>'
            for c in self.claims
        ]
        table = f'<table class="qed-ledger"><caption>{self._summary()}</caption><thead><tr><th scope="col">Claim</th>'
        table += f'<th scope="col">Grade</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        return {"text/plain": "\n".join([self._summary(), *lines]), "text/html": table}


def _flag(c: Claim) -> str:
    return "".join(f", {flag}" for flag in flags(c))


def ledger(article: str) -> Ledger:
    """List the claims of an article made so far, with their effective grades.

    Parameters
    ----------
    article : str
        The part of the ids before the dot.

    Returns
    -------
    Ledger
        Shown as a table; ``totals()`` counts by effective grade.
    """
    return Ledger([c for c in ACCEPTED.values() if c.id.startswith(article + ".")])
