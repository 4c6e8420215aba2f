"""Oracle: the authors' sampling rule, written here as the continuous law it rounds."""

import numpy as np
import pytest
from scipy import stats

from dsd.design.axes import log_uniform, powers_of_two, uniform


@pytest.mark.parametrize(("low", "high", "step"), [(1, 16, 1), (8, 1024, 8), (8, 255.9, 0.1), (1.5, 3, 0.001)])
def test_log_uniform_is_the_rounded_continuous_law(low: float, high: float, step: float) -> None:
    """P(v) is the mass that a log-uniform draw on (low - q, high] leaves between the step below v and v."""
    axis = log_uniform(low, high, step)
    law = stats.loguniform(low - min(step, low / 2), high)
    below = np.maximum(axis.values - step, low - min(step, low / 2))
    np.testing.assert_allclose(axis.probabilities, law.cdf(axis.values) - law.cdf(below), rtol=1e-6)


def test_log_uniform_has_the_published_probabilities() -> None:
    """P(d = 1..4) = .200, .200, .117, .083 and P(w = 8) = 1/8."""
    np.testing.assert_allclose(log_uniform(1, 16, 1).probabilities[:4], [0.2, 0.2, 0.117, 0.083], atol=5e-4)
    assert log_uniform(8, 1024, 8).probabilities[0] == pytest.approx(1 / 8)


@pytest.mark.parametrize(
    "axis", [log_uniform(1, 16, 1), uniform(1, 63, 1), powers_of_two(1, 32), log_uniform(8, 1024, 8)]
)
def test_draws_follow_the_table(axis) -> None:
    """χ² of 200,000 draws against the table does not reject at 1e-4 (fixed seed)."""
    drawn = np.bincount(axis.draw(np.random.default_rng(1), 200_000), minlength=len(axis))
    assert stats.chisquare(drawn, axis.probabilities * 200_000).pvalue > 1e-4


def test_values_are_those_of_the_method() -> None:
    """Ranges are closed, and values are exact multiples of the step."""
    assert log_uniform(8, 1024, 8).values.tolist() == list(range(8, 1025, 8))
    assert len(log_uniform(8, 255.9, 0.1)) == 2480
    assert log_uniform(8, 255.9, 0.1).values[1] == 8.1
    assert powers_of_two(0.125, 1).values.tolist() == [0.125, 0.25, 0.5, 1]
