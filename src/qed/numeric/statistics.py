"""Sampled claims: intervals with an exact bound on the probability of a false alarm.

Both rules hold for every distribution and every number of draws; no normal approximation is made.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, log, sqrt


def hoeffding_radius(width: float, draws: int, alpha: float) -> float:
    """Give the distance from its mean that an average keeps with probability at least ``1 - alpha``.

    Theorem (Hoeffding 1963): independent draws in an interval of length `width` have
    ``P(|average - mean| >= r) <= 2 exp(-2 N r**2 / width**2)``.

    On cards: ``Hoeffding: {N} draws, seed {s}, radius {r}, false alarm at most {alpha}``.

    Parameters
    ----------
    width : float
        Length of an interval that surely contains every draw, in the unit of the draws.
    draws : int
        Number of independent draws N.
    alpha : float
        Probability of a false alarm, for every seed.

    Returns
    -------
    float
        The radius r, in the unit of the draws, rounded up by one part in 10**12.

    Raises
    ------
    ValueError
        When `width` is not positive, there are no draws, or `alpha` is not between 0 and 1.
    """
    if draws < 1 or not 0 < alpha < 1 or not width > 0:
        raise ValueError("hoeffding_radius takes width > 0, draws >= 1 and 0 < alpha < 1")
    return width * sqrt(log(2 / alpha) / (2 * draws)) * (1 + 1e-12)


def binomial_tail(successes: int, draws: int, p: Fraction) -> Fraction:
    """Give the exact two-sided probability of a count at least as far out as the one seen.

    Rule: twice the smaller of ``P(X <= s)`` and ``P(X >= s)`` for X binomial(N, p), at most 1. Rejecting when it is
    at most alpha raises a false alarm with probability at most alpha.

    On cards: ``exact binomial: {N} draws, seed {s}, false alarm at most {alpha}``.

    Parameters
    ----------
    successes, draws : int
        The count seen and the number of independent trials.
    p : Fraction
        The claimed probability of success, exact.

    Returns
    -------
    Fraction
        The two-sided tail probability.

    Raises
    ------
    ValueError
        When the count is not between 0 and `draws`, or `p` not between 0 and 1.
    """
    if not 0 <= successes <= draws or not 0 <= p <= 1:
        raise ValueError("binomial_tail takes 0 <= successes <= draws and 0 <= p <= 1")
    a, b = p.numerator, p.denominator - p.numerator
    weights = [comb(draws, k) * a**k * b ** (draws - k) for k in range(draws + 1)]
    below, above = sum(weights[: successes + 1]), sum(weights[successes:])
    return min(Fraction(1), Fraction(2 * min(below, above), p.denominator**draws))
