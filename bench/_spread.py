"""How a figure that was measured several times is kept: its median, the least and the most."""

from __future__ import annotations

from statistics import median


def spread(values: list[float], digits: int = 2) -> dict[str, float]:
    """Summarise measurements of one thing.

    Parameters
    ----------
    values : list of float
        The measurements, in any unit.
    digits : int
        How many decimal places are kept.

    Returns
    -------
    dict
        ``median``, ``least`` and ``most``.
    """
    return {name: round(float(of(values)), digits) for name, of in (("median", median), ("least", min), ("most", max))}
