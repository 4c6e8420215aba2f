"""Random search in a space: how good is the best of m networks ([DDS] Fig. 9, right)?

Exact, from the order statistics of the n known networks. Shape letters: n networks, k search sizes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri

from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.errors import DsdError

SIZES = 40  # default number of search sizes


@dataclass(frozen=True)
class RandomSearchCurve:
    """The best error of a random search against the number of networks tried; arrays are (k,).

    sizes: networks tried
    expected: expected error of the best [%]
    low, high: 95 % confidence interval of `expected` [%]; `expected` varies between populations of the space
    best_low, best_high: 95 % interval of the best error of a single search [%]
    """

    sizes: NDArray[np.int64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    best_low: NDArray[np.float64]
    best_high: NDArray[np.float64]


def log_choose(n: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    """ln of the binomial coefficient n over k; −∞ if k is larger than n."""
    n, k = np.broadcast_arrays(np.asarray(n, float), np.asarray(k, float))
    impossible = k > n
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.where(impossible, 1, n - k + 1))
    return np.where(impossible, -np.inf, logs)


def minimum_probabilities(n: int, size: int) -> NDArray[np.float64]:
    """The probability (n,) that the i-th best of n networks is the best of `size` drawn without replacement."""
    above = np.arange(n - 1, -1, -1)
    distribution: NDArray[np.float64] = np.exp(log_choose(above, size - 1) - log_choose(n, size))
    return distribution


def default_sizes(n: int) -> NDArray[np.int64]:
    """Every size up to 10, then sizes up to n with about even spacing in logarithm."""
    return np.unique(np.concatenate([np.arange(1, min(n, 10) + 1), np.geomspace(1, n, SIZES).round().astype(np.int64)]))


def random_search_curve(
    errors: ArrayLike, sizes: Sequence[int] | None = None, level: float = LEVEL
) -> RandomSearchCurve:
    """Estimate the error of the best of m networks, for each search size m.

    The expected error is the mean over all subsets of m networks, an unbiased estimate for the space (a U-statistic).
    The usual resampling with replacement is biased upwards. The interval is normal, with the jackknife's standard
    error. It is accurate for m up to about n/10; near m = n it depends on a few networks.

    Args:
        errors: (n,) errors of a population [%]
        sizes: (k,) from 1 to n; None for about 40 sizes

    Raises:
        DsdError: a size is below 1 or above n
    """
    values = np.sort(validate_errors(errors))
    n = len(values)
    tried = default_sizes(n) if sizes is None else np.asarray(sizes, np.int64)
    wrong = tried[(tried < 1) | (tried > n)]
    if len(wrong):
        raise DsdError(f"sizes = {wrong[0]}: the population has {n} networks; give 1 to {n}")
    expected, error, best_low, best_high = (np.empty(len(tried)) for _ in range(4))
    for i, size in enumerate(tried.tolist()):
        distribution = minimum_probabilities(n, size)
        expected[i] = distribution @ values
        error[i] = jackknife_error(values, size)
        passed = np.cumsum(distribution) / distribution.sum()
        at = np.searchsorted(passed, [(1 - level) / 2, (1 + level) / 2])
        best_low[i], best_high[i] = values[np.minimum(at, n - 1)]
    half = ndtri((1 + level) / 2) * error
    return RandomSearchCurve(tried, expected, np.maximum(expected - half, 0), expected + half, best_low, best_high)


def jackknife_error(values: NDArray[np.float64], size: int) -> float:
    """Jackknife standard error of the expected best of `size` networks; values (n,) are sorted. NaN if size is n."""
    n = len(values)
    if size >= n:
        return float("nan")
    distribution = minimum_probabilities(n - 1, size)
    before = np.concatenate([[0.0], np.cumsum(distribution * values[:-1])])  # networks that keep their rank
    after = np.concatenate([np.cumsum((distribution * values[1:])[::-1])[::-1], [0.0]])  # networks that move up by one
    without = before + after
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def reaches(errors: ArrayLike, target: float) -> int | None:
    """The smallest search size whose expected best error is at most `target` [%].

    None if no network has an error that low.
    """
    values = np.sort(validate_errors(errors))
    n = len(values)
    if values[0] > target:
        return None
    low, high = 1, n  # the expected best falls with the size
    while low < high:
        middle = (low + high) // 2
        if minimum_probabilities(n, middle) @ values <= target + 1e-9:
            high = middle
        else:
            low = middle + 1
    return low
