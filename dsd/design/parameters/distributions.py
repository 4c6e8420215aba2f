"""Distributions: the values that one parameter of a design space can take, with their probabilities.

Every distribution is a finite table, even if it is continuous before it is rounded to its step. Probabilities are thus
exact, a draw is one look-up, and ordered tuples can be drawn from their exact distribution (`across_stages`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dsd.arrays import Floats, Ints


class Uniform(Protocol):
    """A source of uniform numbers in [0, 1): numpy's Generator, or one composed of several."""

    def random(self, size: Any, /) -> Floats:
        """Draw an array of this length or shape."""


class Lookup:
    """The inverse of a cumulative mass, in constant time by a guide table (Chen and Asau, 1974).

    With a binary search instead, a draw takes 2.9 (AnyNetX_C) to 4.2 times (RegNetX) as long.

    [0, 1) is divided into buckets so small that few hold more than one edge. A look-up starts at the first position of
    its bucket and advances past each edge that is at most u. The number of buckets is a power of two, so that u times
    that number is exact.
    """

    MOST_BUCKETS, MOST_STEPS = 2**14, 3

    def __init__(self, cumulative: Floats) -> None:
        self.edges: Floats = cumulative / cumulative[-1]
        self.edges[-1] = 1.0
        self.even = np.ptp(np.diff(self.edges, prepend=0.0)) < 1e-12  # uniform: no table needed
        finest = max(np.diff(self.edges, prepend=0.0).min(), 1 / self.MOST_BUCKETS)
        self.buckets = 2 ** int(np.ceil(np.log2(1 / finest)))
        starts = np.arange(self.buckets + 1) / self.buckets
        self.guide: Ints = np.searchsorted(self.edges[:-1], starts, side="right")
        self.steps = int(np.diff(self.guide).max())

    def find(self, u: Floats) -> Ints:
        """Find, for each u in [0, 1), the first position whose cumulative mass exceeds u; same shape as u."""
        if self.even:
            even: Ints = (u * len(self.edges)).astype(np.int64)
            return even
        if self.steps > self.MOST_STEPS:
            slow: Ints = np.searchsorted(self.edges[:-1], u, side="right")
            return slow
        # positions are never out of range; mode="clip" skips numpy's check
        positions: Ints = self.guide.take((u * self.buckets).astype(np.int64), mode="clip")
        for _ in range(self.steps):
            positions += u >= self.edges.take(positions, mode="clip")
        return positions


@dataclass(frozen=True)
class Distribution:
    """A finite distribution.

    values: (k,) strictly increasing, int64 or float64
    probabilities: (k,) positive, sum 1
    """

    values: NDArray[Any]
    probabilities: Floats

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def lookup(self) -> Lookup:
        """The look-up from uniform numbers to positions in the table."""
        return Lookup(np.cumsum(self.probabilities))

    @cached_property
    def floats(self) -> Floats:
        """The values (k,) as float32 if that is exact for all, else as float64.

        With float64 alone, AnyNetX_C takes 1.2 times as long.
        """
        short = self.values.astype(np.float32)
        return short if (short == self.values).all() else self.values.astype(np.float64)

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw n independent values (n,), in the dtype of `floats`."""
        return self.floats.take(self.lookup.find(rng.random(n)), mode="clip")

    @property
    def equally_likely(self) -> "Distribution":
        """The uniform distribution over the same values."""
        return values(self.values)


def _grid(low: float, high: float, step: float) -> NDArray[Any]:
    count = round((high - low) / step) + 1
    # step · integer, then rounded: the user's table shows 8.1, not 8.100000000000001
    values = np.round(step * (round(low / step) + np.arange(count)), 9 - math.floor(math.log10(step)))
    return values.astype(np.int64) if float(step).is_integer() else values


def values(values: Sequence[float] | NDArray[Any], weights: Sequence[float] | None = None) -> Distribution:
    """These values, with probabilities proportional to their weights; equally likely without weights.

    >>> values([1, 2, 4], weights=[2, 1, 1]).probabilities
    array([0.5 , 0.25, 0.25])
    """
    table = np.asarray(values)
    order = np.argsort(table)
    mass = np.ones(len(table)) if weights is None else np.asarray(weights, np.float64)
    whole = bool((table % 1 == 0).all())
    return Distribution(table[order].astype(np.int64 if whole else np.float64), mass[order] / mass.sum())


def uniform(low: float, high: float, step: float) -> Distribution:
    """Every multiple of `step` from `low` to `high`, equally likely.

    >>> uniform(1, 4, 1).probabilities
    array([0.25, 0.25, 0.25, 0.25])
    """
    return values(_grid(low, high, step))


def log_uniform(low: float, high: float, step: float) -> Distribution:
    """Log-uniform on (low − q, high], q = min(step, low/2), rounded up to a multiple of `step`.

    The paper gives no rule for quantised ranges; this is the rule of the authors' code.

    >>> log_uniform(1, 16, 1).probabilities[:4].round(3)
    array([0.2  , 0.2  , 0.117, 0.083])
    """
    values = _grid(low, high, step)
    edges = np.concatenate([[low - min(step, low / 2)], values])
    mass = np.diff(np.log(edges))
    return Distribution(values, mass / mass.sum())


def powers_of_two(low: float, high: float) -> Distribution:
    """Every power of two from `low` to `high`, equally likely.

    >>> powers_of_two(1, 32).values
    array([ 1,  2,  4,  8, 16, 32])
    """
    return values(2.0 ** np.arange(np.log2(low), np.log2(high) + 1))


def log_spaced(low: float, high: float, count: int) -> Distribution:
    """`count` whole numbers spaced about evenly in log space from `low` to `high`, equally likely ([NDS] Table 1).

    Values are rounded to the nearest integer; a value that is then not above its predecessor becomes predecessor + 1.

    >>> log_spaced(1, 24, 9).values
    array([ 1,  2,  3,  4,  5,  7, 11, 16, 24])
    """
    table = np.rint(np.geomspace(low, high, int(count)))
    for i in range(1, len(table)):
        table[i] = max(table[i], table[i - 1] + 1)
    return values(table)


DISTRIBUTIONS: dict[str, Callable[..., Distribution]] = {
    "uniform": uniform,
    "log_uniform": log_uniform,
    "powers_of_two": powers_of_two,
    "log_spaced": log_spaced,
    "values": values,
}
DISTRIBUTION_KEYS: dict[str, tuple[str, ...]] = {  # required keys of each distribution; only weights are optional
    "uniform": ("low", "high", "step"),
    "log_uniform": ("low", "high", "step"),
    "powers_of_two": ("low", "high"),
    "log_spaced": ("low", "high", "count"),
    "values": ("values", "weights"),
}
