"""The empirical bootstrap. Oracles: enumeration of every resample, the closed-form distribution, 10⁶ resamples."""

from itertools import product

import numpy as np
import pytest

from dsd.analysis import empirical_bootstrap
from dsd.analysis.parameters.bootstrap import exact_winners, resampled_winners
from dsd.analysis.parameters.winners import drawn_winners, winner_probabilities

RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("errors", "fraction"),
    [
        ([3.0, 1.0, 2.0, 5.0, 4.0], 0.6),
        ([1.0, 1.0, 2.0, 2.0], 0.5),
        ([7.0, 7.0, 7.0], 1.0),
        ([2.0, 1.0, 1.0, 9.0], 0.75),
    ],
)
def test_the_law_of_the_winner_is_that_of_every_resample(errors, fraction: float) -> None:
    """Enumerated: all nᵐ resamples, each won by one of its networks of least error at random."""
    n, m = len(errors), round(fraction * len(errors))
    wins = np.zeros(n)
    for drawn in product(range(n), repeat=m):
        best = min(errors[i] for i in drawn)
        # of networks with equal error every one is as likely to be kept, drawn or not: the population decides
        equal = [i for i in range(n) if errors[i] == best]
        wins[equal] += 1 / len(equal)
    np.testing.assert_allclose(winner_probabilities(errors, fraction), wins / n**m)


def test_the_law_is_that_of_a_million_resamples() -> None:
    """Shares of wins differ by no more than five standard errors."""
    errors = RNG(0).integers(0, 40, 60).astype(float)
    distribution = winner_probabilities(errors)
    counts = np.bincount(drawn_winners(errors, rng=RNG(1), resamples=1_000_000), minlength=60)
    error = np.sqrt(distribution * (1 - distribution) / 1e6) + 1e-9
    assert (np.abs(counts / 1e6 - distribution) <= 5 * error).all()


def test_the_exact_range_is_that_of_many_resamples() -> None:
    """Percentiles and median of 10⁶ resamples are the exact ones, whether x has to do with error or not."""
    errors = RNG(2).normal(40, 5, 500)
    for x in (RNG(3).random(500), errors + RNG(4).normal(0, 2, 500), RNG(5).integers(1, 5, 500)):
        exact = empirical_bootstrap(x, errors, rng=None)
        drawn = resampled_winners(errors, rng=RNG(6), resamples=1_000_000)
        x = np.asarray(x, float)
        passed = [drawn.shares[x[drawn.rows] <= value + 1e-12].sum() for value in (exact.low, exact.median, exact.high)]
        before = [drawn.shares[x[drawn.rows] < value - 1e-12].sum() for value in (exact.low, exact.median, exact.high)]
        for p, at, below in zip((0.025, 0.5, 0.975), passed, before, strict=True):
            assert below - 0.002 <= p <= at + 0.002


def test_the_papers_bootstrap_is_near_the_exact_one() -> None:
    """10⁴ resamples: the share of wins below each of the three values is that of its percentile within 0.01."""
    n = 200
    errors = RNG(1).permutation(n).astype(float)
    distribution = np.cumsum(winner_probabilities(np.arange(n)))
    found = empirical_bootstrap(errors, errors, rng=RNG(2))
    for value, p in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
        assert distribution[int(value)] >= p - 0.01
        assert (distribution[int(value) - 1] if value else 0.0) <= p + 0.01


def test_equal_errors_share_the_win() -> None:
    """When all errors are equal every row wins alike: the range is that of x itself."""
    drawn = empirical_bootstrap(np.arange(1000), np.full(1000, 5.0), rng=RNG(3))
    exact = empirical_bootstrap(np.arange(1000), np.full(1000, 5.0), rng=None)
    assert (exact.low, exact.median, exact.high) == (24, 499, 974)
    assert drawn.low == pytest.approx(25, abs=8)
    assert drawn.median == pytest.approx(500, abs=25)
    assert drawn.high == pytest.approx(975, abs=8)


def test_the_seed_decides_the_bootstrap_and_rows_do_not() -> None:
    """Same generator state, same range; another, another. The exact range is the same for any order of rows."""
    x, errors = RNG(4).random(300), RNG(5).random(300).round(1)
    one, same, other = (empirical_bootstrap(x, errors, rng=RNG(s), resamples=20) for s in (6, 6, 7))
    assert one == same != other
    order = RNG(8).permutation(300)
    assert empirical_bootstrap(x[order], errors[order], rng=None) == empirical_bootstrap(x, errors, rng=None)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("rng", [None, RNG(0)])
def test_the_bootstrap_of_very_few_networks_is_among_their_values(n: int, rng) -> None:
    """At least one pair is drawn."""
    found = empirical_bootstrap(range(n), range(n), rng=rng)
    assert {found.low, found.median, found.high} <= set(range(n))


def test_categories_share_the_wins() -> None:
    """Each value has the wins of its networks; together they have all."""
    shares = exact_winners([1.0, 2.0, 3.0, 4.0], fraction=0.5).categories(["x", "y", "x", "y"])
    assert shares == pytest.approx({"x": (7 + 3) / 16, "y": (5 + 1) / 16})
    assert list(shares) == ["x", "y"]


@pytest.mark.parametrize("n", [100, 500, 5000])
def test_a_range_rests_on_a_dozen_networks_whatever_n_is(n: int) -> None:
    """The k-th best wins with probability e^(-k/4)(e^¼ - 1), so that 12 share 95 %; the distribution sums to one."""
    errors = RNG(9).random(n)
    assert exact_winners(errors).count == pytest.approx(12, abs=1)
    assert winner_probabilities(errors).sum() == pytest.approx(1)
    assert np.sort(winner_probabilities(errors))[-1] == pytest.approx(1 - np.exp(-0.25), rel=0.01)


def test_a_parameter_of_another_length_is_refused() -> None:
    """One x for each error."""
    with pytest.raises(ValueError, match="one x for each error"):
        empirical_bootstrap([1, 2, 3], [1.0, 2.0], rng=None)
