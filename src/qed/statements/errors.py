"""What can go wrong, each with a name of its own."""

from __future__ import annotations


class QedError(Exception):
    """Base of every verdict that fails a cell, a build or a test."""


class BadStatement(QedError, ValueError):
    """The statement, its domain or its definitions cannot be read."""


class Refuted(QedError):
    """The statement is false, or undefined, at a witness."""


class Undecided(QedError):
    """No rule settled the statement. This is a failure, and no refutation."""


class Vacuous(QedError):
    """No point of the domain meets the hypotheses, so nothing would be shown."""


class Toothless(QedError):
    """The near-miss was not refused, so the check shows nothing."""


class Disagreement(QedError):
    """The proof and the numeric hunt contradict each other."""


class OutOfReach(Exception):
    """Internal: a rule or an evaluator does not apply here. Never an acceptance."""


class UndefinedAt(Exception):
    """Internal: an expression has certainly no value at a point."""
