"""Check functions for claims about random draws."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..numeric.statistics import binomial_tail, hoeffding_radius
from ..statements.errors import BadStatement
from .record import Verdict

ALPHA = 1e-9


def sample_mean(
    draw: Callable[[Any, int], Any], width: float, draws: int, seed: int, alpha: float = ALPHA
) -> Callable[[Any], Verdict]:
    """Make a check of the mean of bounded random draws, for ``claim(..., check=..., at=mean, control=another)``.

    Parameters
    ----------
    draw : callable
        Takes a NumPy generator and N, and returns N independent draws as an array of shape (N,).
    width : float
        Length of an interval that surely contains every draw, in the unit of the draws.
    draws, seed : int
        N and the seed of the generator.
    alpha : float
        Probability with which a true mean is refused, whatever the seed; a mean off by twice the radius is
        accepted with at most this probability.

    Returns
    -------
    callable
        From a claimed mean, in the unit of the draws, to a Verdict of grade "sampled". It raises
        :class:`BadStatement` when the draws do not have the shape (N,) or spread over more than `width`.
    """

    def check(claimed: Any) -> Verdict:
        import numpy as np

        values = np.asarray(draw(np.random.default_rng(seed), draws), dtype=float)
        if values.shape != (draws,) or not np.isfinite(values).all() or np.ptp(values) > width:
            raise BadStatement(f"the draws are not {draws} numbers in an interval of length {width}")
        radius = hoeffding_radius(width, draws, alpha)
        ok = bool(abs(float(values.mean()) - float(claimed)) <= radius)
        engine = f"Hoeffding: {draws} draws, seed {seed}, radius {radius:.2g}, false alarm at most {alpha:.0e}"
        return Verdict(ok, "sampled", engine, {} if ok else {"mean": f"further than {radius:.2g} from {claimed}"})

    return check


def sample_count(
    draw: Callable[[Any, int], Any], draws: int, seed: int, alpha: float = ALPHA
) -> Callable[[Any], Verdict]:
    """Make a check of a probability from independent trials, by the exact binomial distribution.

    Parameters
    ----------
    draw : callable
        Takes a NumPy generator and N, and returns N independent truth values as an array of shape (N,).
    draws, seed : int
        N and the seed of the generator.
    alpha : float
        Probability with which a true probability is refused, whatever the seed.

    Returns
    -------
    callable
        From a claimed probability (text or Fraction, exact) to a Verdict of grade "sampled". It raises
        :class:`BadStatement` when the draws are not truth values of the shape (N,).
    """

    def check(claimed: Any) -> Verdict:
        import numpy as np

        hits = np.asarray(draw(np.random.default_rng(seed), draws))
        if hits.shape != (draws,) or hits.dtype != bool:
            raise BadStatement(f"the draws are not {draws} truth values")
        ok = binomial_tail(int(hits.sum()), draws, Fraction(claimed)) > Fraction(alpha)
        engine = f"exact binomial: {draws} draws, seed {seed}, false alarm at most {alpha:.0e}"
        return Verdict(ok, "sampled", engine, {} if ok else {"count": f"too far out for probability {claimed}"})

    return check
