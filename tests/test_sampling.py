"""Sampled claims: exact bounds on the false alarm, and refusals."""

from fractions import Fraction

import numpy as np
import pytest

from qed.claims.record import judge
from qed.claims.sampling import sample_count, sample_mean
from qed.numeric.statistics import binomial_tail, hoeffding_radius
from qed.statements.errors import BadStatement, Toothless


def cosine_squared(generator, n):
    return np.cos(generator.uniform(0, 2 * np.pi, n)) ** 2


def fair(generator, n):
    return generator.random(n) < 0.5


MEAN = sample_mean(cosine_squared, width=1, draws=10_000, seed=7)


def test_the_radius_shrinks_with_the_root_of_the_number_of_draws():
    assert hoeffding_radius(1, 400, 1e-9) == pytest.approx(hoeffding_radius(1, 100, 1e-9) / 2)


def test_the_radius_is_hoeffdings_and_not_that_of_a_normal_approximation():
    r = hoeffding_radius(1, 10_000, 1e-9)
    assert 2 * np.exp(-2 * 10_000 * r**2) == pytest.approx(1e-9)


def test_a_true_mean_is_accepted_and_one_two_radii_off_is_refused():
    """Each errs with probability at most 1e-9 over the seed."""
    claim = judge("s.mean", "The mean of cos(angle)**2 is 1/2.", check=MEAN, at=0.5, control=0.5 + 2 * 0.0328)
    assert claim.grade == "sampled" and "false alarm at most 1e-09" in claim.engines[0]
    assert "further than" in claim.control.witness["mean"]


def test_a_near_miss_within_the_radius_is_toothless():
    with pytest.raises(Toothless, match="s.mean"):
        judge("s.mean", "The mean of cos(angle)**2 is 1/2.", check=MEAN, at=0.5, control=0.51)


def test_draws_outside_the_stated_width_are_an_error():
    with pytest.raises(BadStatement, match="interval of length"):
        sample_mean(lambda g, n: 3 * g.random(n), width=1, draws=100, seed=1)(1.5)


def test_the_binomial_tail_is_exact_for_ten_coins():
    assert binomial_tail(0, 10, Fraction(1, 2)) == Fraction(2, 1024)
    assert binomial_tail(5, 10, Fraction(1, 2)) == 1


def test_the_false_alarm_over_all_counts_is_at_most_alpha():
    """Summed exactly over every count that ten biased coins can give."""
    p, alpha = Fraction(1, 3), Fraction(1, 20)
    from math import comb

    alarm = sum(comb(10, k) * p**k * (1 - p) ** (10 - k) for k in range(11) if binomial_tail(k, 10, p) <= alpha)
    assert 0 < alarm <= alpha


def test_a_fair_coin_is_accepted_as_fair_and_refused_as_biased():
    """Each errs with probability at most 1e-9 over the seed."""
    check = sample_count(fair, draws=4000, seed=3)
    assert check("1/2").ok and not check("3/5").ok


@pytest.mark.parametrize("bad", [(0, 10, 0.1), (1, 0, 0.1), (1, 10, 0), (1, 10, 1)])
def test_a_radius_of_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="width > 0"):
        hoeffding_radius(*bad)


def test_a_count_above_the_number_of_draws_is_refused():
    with pytest.raises(ValueError, match="successes"):
        binomial_tail(11, 10, Fraction(1, 2))
