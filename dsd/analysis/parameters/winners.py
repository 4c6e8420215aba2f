"""The distribution of the best network of a resample, on which the empirical bootstrap is based.

Shape letters: n networks, m networks in one resample, R resamples.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsd.analysis.distribution.empirical import validate_errors
from dsd.arrays import Floats

FRACTION = 0.25  # share of the population in one resample ([DDS] footnote 4)
RESAMPLES = 10_000
CHUNK = 2_000_000  # draws per chunk: 16 MB


def draws_of(n: int, fraction: float) -> int:
    """m, the number of networks in one resample of n; at least 1."""
    return max(round(fraction * n), 1)


def effective_number(weights: Floats) -> int:
    """The number of equally weighted networks that carry as much information: 1/Σ w² (Kish 1965), at least 1."""
    return max(round(1 / float(weights @ weights)), 1)


def winner_probabilities(
    errors: ArrayLike, fraction: float = FRACTION, weights: Floats | None = None
) -> NDArray[np.float64]:
    """The probability (n,) that each network is the best of m draws with replacement.

    The k-th best of n wins with probability ((n − k + 1)^m − (n − k)^m)/n^m; networks with equal error share their
    probability equally. The frequencies of `drawn_winners` converge to it as R grows. With weights (n,) of sum 1 each
    draw takes a network with its weight, m is a fraction of `effective_number`, and equal errors share by weight.

    >>> winner_probabilities([30.0, 20.0, 20.0, 40.0], fraction=0.5)
    array([0.1875, 0.375 , 0.375 , 0.0625])
    """
    values = validate_errors(errors)
    n = len(values)
    ranks, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if weights is not None:
        groups = np.bincount(inverse, weights)
        above = np.clip(np.append(np.cumsum(groups[::-1])[::-1], 0.0), 0.0, 1.0)
        passed = above ** draws_of(effective_number(weights), fraction)
        won: NDArray[np.float64] = (passed[:-1] - passed[1:])[inverse] * weights / groups[inverse]
        return won
    above = np.append(n - np.cumsum(counts) + counts, 0) / n  # share of networks that are not better
    passed = above ** draws_of(n, fraction)
    shares: NDArray[np.float64] = (passed[:-1] - passed[1:]) / counts
    assert len(ranks) == len(shares)
    return shares[inverse]


def drawn_winners(
    errors: ArrayLike,
    *,
    rng: np.random.Generator,
    fraction: float = FRACTION,
    resamples: int = RESAMPLES,
    weights: Floats | None = None,
) -> NDArray[np.int64]:
    """Draw R resamples and return the best network (R,) of each, as a position in `errors`, as the paper does.

    Among networks with equal least error, one is chosen at random, so the order of rows does not matter. The paper
    does not specify this.

    Args:
        errors: (n,) errors [%]; no NaN
        rng: same generator, same result
        fraction: share of n in one resample
        resamples: R
        weights: (n,) probability of each network in one draw, sum 1; None if all are equally likely
    """
    values = validate_errors(errors)
    n, draws = len(values), draws_of(len(values) if weights is None else effective_number(weights), fraction)
    order = np.argsort(values, kind="stable")
    rows = max(CHUNK // draws, 1)
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    ranked = values[order]
    if weights is not None:
        passed = np.cumsum(weights[order])
        u = np.concatenate([rng.random((size, draws)).min(axis=1) for size in sizes])  # the least error, by weight
        best = np.minimum(np.searchsorted(passed, u * passed[-1], side="right"), n - 1)
        first, last = (np.searchsorted(ranked, ranked[best], side=side) for side in ("left", "right"))
        before = np.append(0.0, passed)
        u = before[first] + rng.random(len(best)) * (before[last] - before[first])
        winning: NDArray[np.int64] = order[np.clip(np.searchsorted(passed, u, side="right"), first, last - 1)]
        return winning
    best = np.concatenate([rng.integers(n, size=(size, draws)).min(axis=1) for size in sizes])  # ranks
    first, last = (np.searchsorted(ranked, ranked[best], side=side) for side in ("left", "right"))
    winners: NDArray[np.int64] = order[rng.integers(first, last)]  # equal errors are equally likely
    return winners
