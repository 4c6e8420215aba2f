"""Random search in a space: how good is the best of m networks ([DDS] Fig. 9, right)?

Exact by order statistics of the n networks that are known. Shape letters: n networks, k sizes of a search.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri

from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.errors import DsdError

SIZES = 40  # of a search, unless they are given


@dataclass(frozen=True)
class RandomSearchCurve:
    """The best error of a random search, by the number of networks tried; arrays are (k,).

    sizes: networks tried
    expected: expected error of the best [%]
    low, high: 95 % interval of `expected` [%], for another population of the space would give another value
    best_low, best_high: where the best of one search lies in 95 % of the cases [%]
    """

    sizes: NDArray[np.int64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    best_low: NDArray[np.float64]
    best_high: NDArray[np.float64]


def log_choose(n: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    """ln of n over k; −∞ where k is larger than n."""
    n, k = np.broadcast_arrays(np.asarray(n, float), np.asarray(k, float))
    impossible = k > n
    found = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.where(impossible, 1, n - k + 1))
    return np.where(impossible, -np.inf, found)


def minimum_probabilities(n: int, size: int) -> NDArray[np.float64]:
    """The probability (n,) of the i-th best of n networks to be the best of `size` different ones drawn at random."""
    above = np.arange(n - 1, -1, -1)
    distribution: NDArray[np.float64] = np.exp(log_choose(above, size - 1) - log_choose(n, size))
    return distribution


def default_sizes(n: int) -> NDArray[np.int64]:
    """Every size up to ten, then sizes up to n that are about evenly spaced in logarithm."""
    return np.unique(np.concatenate([np.arange(1, min(n, 10) + 1), np.geomspace(1, n, SIZES).round().astype(np.int64)]))


def random_search_curve(
    errors: ArrayLike, sizes: Sequence[int] | None = None, level: float = LEVEL
) -> RandomSearchCurve:
    """How good the best of m networks is, for each size m of a search.

    The expected error is the mean over all subsets of m networks, an unbiased estimate for the space (a U-statistic);
    resampling with replacement, as is often done, is biased upwards. Its interval is normal with the jackknife's
    standard error. It is good while m is a small part of n, up to a tenth; towards m = n all rests on a few networks.

    Args:
        errors: (n,) errors of a population [%]
        sizes: (k,) from 1 to n; about 40 of them where none are given

    Raises:
        DsdError: a size is not from 1 to n
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
    """The standard error of the expected best of `size`, from leaving out each network of the sorted values (n,) in
    turn.

    NaN where size is n.
    """
    n = len(values)
    if size >= n:
        return float("nan")
    distribution = minimum_probabilities(n - 1, size)
    before = np.concatenate([[0.0], np.cumsum(distribution * values[:-1])])  # those that keep their rank
    after = np.concatenate([np.cumsum((distribution * values[1:])[::-1])[::-1], [0.0]])  # those that move up by one
    without = before + after
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def reaches(errors: ArrayLike, target: float) -> int | None:
    """The least number of networks whose best is expected to have at most this error [%].

    None where all n do not reach it.
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
