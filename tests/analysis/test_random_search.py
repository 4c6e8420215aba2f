"""Random search. Oracles: enumeration of all subsets, known order statistics, coverage over simulated populations."""

from itertools import combinations

import numpy as np
import pytest

from dsd import DsdError
from dsd.analysis import random_search_curve
from dsd.analysis.random_search import jackknife_error, minimum_probabilities, reaches

RNG = np.random.default_rng
POPULATIONS = 2000


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_expected_best_is_the_mean_over_all_subsets(size: int) -> None:
    """Every set of that many networks, enumerated; equal errors included."""
    errors = [4.0, 2.0, 2.0, 9.0, 5.0, 1.0, 7.0]
    found = random_search_curve(errors, [size]).expected[0]
    assert found == pytest.approx(np.mean([min(part) for part in combinations(errors, size)]))


def test_the_jackknife_leaves_each_network_out() -> None:
    """The standard error is that of the definition, by brute force."""
    errors = np.sort(RNG(0).normal(40, 5, 12))
    without = [random_search_curve(np.delete(errors, i), [3]).expected[0] for i in range(12)]
    expected = np.sqrt(11 / 12 * ((without - np.mean(without)) ** 2).sum())
    assert jackknife_error(errors, 3) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_interval_of_the_expected_best_covers(size: int) -> None:
    """Populations of 200 uniform errors, whose best of m is 100/(m + 1): 92 to 97 % of 2,000 intervals hold it."""
    rng, inside, bias = RNG(1), 0, 0.0
    truth = 100 / (size + 1)
    for _ in range(POPULATIONS):
        found = random_search_curve(rng.uniform(0, 100, 200), [size])
        inside += found.low[0] <= truth <= found.high[0]
        bias += found.expected[0] - truth
    assert 0.92 <= inside / POPULATIONS <= 0.97
    assert abs(bias / POPULATIONS) < 0.02 * truth + 0.1


def test_the_band_of_one_search_covers_other_searches() -> None:
    """The best of 5 new networks lies in the band of a population of 200 in 92 to 97 % of 2,000 cases."""
    rng, inside = RNG(2), 0
    for _ in range(POPULATIONS):
        found = random_search_curve(rng.normal(40, 5, 200), [5])
        inside += found.best_low[0] <= rng.normal(40, 5, 5).min() <= found.best_high[0]
    assert 0.92 <= inside / POPULATIONS <= 0.97


def test_one_network_is_the_mean_and_all_are_the_best() -> None:
    """The ends of the curve; it falls in between, and all sizes are there."""
    errors = RNG(3).normal(40, 5, 500)
    found = random_search_curve(errors)
    assert (found.sizes[0], found.sizes[-1]) == (1, 500)
    assert found.expected[0] == pytest.approx(errors.mean())
    assert found.expected[-1] == pytest.approx(errors.min())
    assert (np.diff(found.expected) < 0).all()
    assert minimum_probabilities(100_000, 50_000).sum() == pytest.approx(1)


def test_the_size_that_reaches_a_target_is_the_least() -> None:
    """One network fewer does not reach it; what no search reaches has none, and the first network's mean needs one."""
    errors = RNG(4).normal(40, 5, 300)
    size = reaches(errors, 33.0)
    assert random_search_curve(errors, [size]).expected[0] <= 33 < random_search_curve(errors, [size - 1]).expected[0]
    assert reaches(errors, errors.min() - 0.1) is None
    assert reaches(errors, errors.mean() + 0.1) == 1
    assert reaches(errors, errors.min()) == 300


def test_a_search_of_more_networks_than_there_are_is_refused() -> None:
    """So is one of none."""
    for size in (0, 4):
        with pytest.raises(DsdError, match=f"sizes = {size}: .* give 1 to 3"):
            random_search_curve([1.0, 2.0, 3.0], [size])
