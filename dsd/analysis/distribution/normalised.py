"""The complexity-normalised EDF, which makes populations of different complexity comparable ([NDS] §3.3).

Weights make the complexity of the networks uniform over a range that all populations share.
Shape letters: n networks, m errors at which F is evaluated, B bins of complexity, R relabellings.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from dsd.analysis.distribution.empirical import LEVEL, Band, edf, validate_errors
from dsd.errors import DsdError

BINS = 10
RELABELLINGS = 9_999
CHUNK = 4_000_000  # numbers per chunk: 32 MB


def common_bins(complexities: Sequence[ArrayLike], bins: int = BINS) -> NDArray[np.float64]:
    """Edges (B + 1,) of equal bins over the range of complexity that all populations share.

    Args:
        complexities: for each population, (n,) values of one measure, such as flops

    Raises:
        DsdError: a population is empty, the ranges do not overlap, or a population has no network in a bin
    """
    if bins < 1:
        raise DsdError(f"bins = {bins}: give a whole number from 1")
    values = [np.asarray(x, float) for x in complexities]
    if not all(len(x) for x in values):
        raise DsdError("a population without results has no range of complexity; leave it out")
    low, high = max(x.min() for x in values), min(x.max() for x in values)
    if low >= high:
        raise DsdError(
            f"the populations share no range of complexity: the largest minimum is {low:g}, "
            f"the smallest maximum {high:g}"
        )
    edges = np.linspace(low, high, bins + 1)
    for number, x in enumerate(values, start=1):
        counts = np.bincount(bin_of(x, edges) + 1, minlength=bins + 1)[1:]
        if not counts.all():
            hole = int(np.argmin(counts))
            where = f"{edges[hole]:g} – {edges[hole + 1]:g}"
            raise DsdError(f"population {number} has no network of complexity {where}; use fewer than {bins} bins")
    return edges


def bin_of(complexity: ArrayLike, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin (n,) of each network, from 0; −1 outside the range. The last bin includes its upper edge."""
    x = np.asarray(complexity, float)
    inside = (x >= edges[0]) & (x <= edges[-1])
    index = np.searchsorted(edges, x, side="right") - 1
    return np.where(inside, np.minimum(index, len(edges) - 2), -1)


def weights(complexity: ArrayLike, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """w_i = 1/(B · number of networks in the bin of i), 0 outside the range; the weights (n,) sum to 1.

    >>> weights([1.0, 2.0, 8.0, 99.0], edges=np.array([0.0, 5.0, 10.0]))
    array([0.25, 0.25, 0.5 , 0.  ])
    """
    own = bin_of(complexity, edges)
    counts = np.bincount(own + 1, minlength=len(edges))
    share = 1 / (len(edges) - 1) / np.maximum(counts, 1)
    share[0] = 0
    return share[own + 1]


def normalised_band(
    errors: ArrayLike, complexity: ArrayLike, edges: NDArray[np.float64], at: ArrayLike, level: float = LEVEL
) -> Band:
    """The pointwise interval of the normalised EDF at each error in `at` (m,).

    F is the mean of the EDFs of B bins, which have variances F_b (1 − F_b)/n_b; the interval is normal.
    """
    values, own = validate_errors(errors), bin_of(complexity, edges)
    total = np.zeros(np.shape(at))
    for b in range(len(edges) - 1):
        inside = values[own == b]
        share = edf(inside, at)
        total += share * (1 - share) / len(inside)
    half = ndtri((1 + level) / 2) * np.sqrt(total) / (len(edges) - 1)
    share = edf(values, at, weights(complexity, edges))
    return Band(np.maximum(share - half, 0), np.minimum(share + half, 1))


def permutation_ks(
    errors: Sequence[ArrayLike],
    complexities: Sequence[ArrayLike],
    edges: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    relabellings: int = RELABELLINGS,
) -> tuple[float, float]:
    """The largest distance of two normalised EDFs, and its p-value by a permutation test within bins.

    If error depends only on complexity, and not on the population, labels within a bin are exchangeable. Every
    relabelling has the same weights, so the test is exact at any n ([NDS] has no test for normalised EDFs; ours).
    Within a wide bin, error still depends on complexity; use bins that are fine enough.

    Args:
        errors, complexities: of the two populations, (n,) each; networks outside the edges are ignored
        edges: (B + 1,) from `common_bins`
        rng: same generator, same p-value
        relabellings: R; the smallest p-value is 1/(R + 1)
    """
    own = [bin_of(x, edges) for x in complexities]
    values = np.concatenate([validate_errors(e)[b >= 0] for e, b in zip(errors, own, strict=True)])
    bins = np.concatenate([b[b >= 0] for b in own])
    shares = [weights(x, edges)[b >= 0] for x, b in zip(complexities, own, strict=True)]
    signed = np.concatenate([shares[0], -shares[1]])
    position = np.empty(len(values), int)
    position[np.argsort(values, kind="stable")] = np.arange(len(values))
    # F is evaluated after the last of equal errors
    ends = np.append(np.diff(np.sort(values)) > 0, True)
    members = [np.flatnonzero(bins == b) for b in range(len(edges) - 1)]

    def distance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest distance (R,) for labelled weights (R, n) in the order of errors."""
        largest: NDArray[np.float64] = np.abs(np.cumsum(rows, axis=1)[:, ends]).max(axis=1)
        return largest

    observed_row = np.empty(len(values))
    observed_row[position] = signed
    observed = float(distance(observed_row[None])[0])
    at_least, left = 0, relabellings
    while left:
        size = min(left, max(CHUNK // len(values), 1))
        rows = np.empty((size, len(values)))
        for inside in members:
            rows[:, position[inside]] = rng.permuted(np.broadcast_to(signed[inside], (size, len(inside))), axis=1)
        at_least += int((distance(rows) >= observed - 1e-12).sum())
        left -= size
    return observed, (1 + at_least) / (1 + relabellings)
