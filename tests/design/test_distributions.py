"""Oracle: the authors' sampling rule, written here as the continuous distribution it rounds."""

import numpy as np
import pytest
from scipy import stats

from dsd.design.parameters.distributions import (
    Lookup,
    log_spaced,
    log_uniform,
    powers_of_two,
    uniform,
    values,
)


@pytest.mark.parametrize(("low", "high", "step"), [(1, 16, 1), (8, 1024, 8), (8, 255.9, 0.1), (1.5, 3, 0.001)])
def test_log_uniform_is_the_rounded_continuous_law(low: float, high: float, step: float) -> None:
    """P(v) is the mass that a log-uniform draw on (low - q, high] leaves between the step below v and v."""
    axis = log_uniform(low, high, step)
    distribution = stats.loguniform(low - min(step, low / 2), high)
    below = np.maximum(axis.values - step, low - min(step, low / 2))
    np.testing.assert_allclose(axis.probabilities, distribution.cdf(axis.values) - distribution.cdf(below), rtol=1e-6)


def test_log_uniform_has_the_published_probabilities() -> None:
    """P(d = 1..4) = .200, .200, .117, .083 and P(w = 8) = 1/8."""
    np.testing.assert_allclose(log_uniform(1, 16, 1).probabilities[:4], [0.2, 0.2, 0.117, 0.083], atol=5e-4)
    assert log_uniform(8, 1024, 8).probabilities[0] == pytest.approx(1 / 8)


AXES = {
    "depth": log_uniform(1, 16, 1),
    "width": log_uniform(8, 1024, 8),
    "slope": log_uniform(8, 255.9, 0.1),
    "multiplier": log_uniform(1.5, 3, 0.001),
    "uniform": uniform(1, 63, 1),
    "ratio": powers_of_two(0.125, 4),
    "nds": log_spaced(1, 24, 9),
    "weighted": values([64, 8, 24], weights=[1, 5, 2]),
    "tiny weight": values([1, 2, 3, 4, 5], weights=[1e-7, 1, 1e-7, 1e-7, 1]),
    "fixed": values([20]),
}


@pytest.mark.parametrize("name", list(AXES))
def test_draws_follow_the_table(name: str) -> None:
    """χ² of 500,000 draws against the table does not reject at 1e-4 (fixed seed); rare values are put together."""
    axis, n = AXES[name], 500_000
    drawn = np.searchsorted(axis.values, axis.draw(np.random.default_rng(1), n))
    expected, found = axis.probabilities * n, np.bincount(drawn, minlength=len(axis))
    rare = expected < 5
    expected = [*expected[~rare], *([expected[rare].sum()] if rare.any() else [])]
    found = [*found[~rare], *([found[rare].sum()] if rare.any() else [])]
    assert len(found) == 1 or stats.chisquare(found, expected).pvalue > 1e-4


@pytest.mark.parametrize("name", list(AXES))
def test_a_look_up_is_a_binary_search(name: str) -> None:
    """For random numbers, 0, the largest below 1 and every edge with its neighbours, the guide table agrees with it."""
    lookup = AXES[name].lookup
    edges = lookup.edges[:-1]
    u = np.concatenate([np.random.default_rng(2).random(100_000), [0, 1 - 2**-53], edges, np.nextafter(edges, 0)])
    expected = np.searchsorted(edges, u, side="right")
    if lookup.even:  # computed, not looked up: an edge itself may be rounded either way
        np.testing.assert_array_equal(lookup.find(u[:100_002]), expected[:100_002])
    else:
        np.testing.assert_array_equal(lookup.find(u), expected)


def test_crowded_buckets_are_searched() -> None:
    """A mass far finer than the guide table is still looked up right."""
    lookup = Lookup(np.cumsum(np.r_[np.full(1000, 1e-9), 1.0]))
    assert lookup.steps > lookup.MOST_STEPS
    assert lookup.find(lookup.edges[[0, 10, 998]]).tolist() == [1, 11, 999]


def test_values_are_those_of_the_method() -> None:
    """Ranges are closed, and values are exact multiples of the step."""
    assert log_uniform(8, 1024, 8).values.tolist() == list(range(8, 1025, 8))
    assert len(log_uniform(8, 255.9, 0.1)) == 2480
    assert log_uniform(8, 255.9, 0.1).values[1] == 8.1
    assert powers_of_two(0.125, 1).values.tolist() == [0.125, 0.25, 0.5, 1]
    assert log_spaced(16, 256, 5).values.tolist() == [16, 32, 64, 128, 256]
    assert log_spaced(1, 4, 3).values.tolist() == [1, 2, 4]
    assert len(log_spaced(16, 256, 12)) == 12
    assert values([3, 1]).values.tolist() == [1, 3]
