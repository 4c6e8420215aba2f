"""How far two populations are apart: differences of mean, median and lower quantile, each with its interval.

Differences are b − a in points of error: below zero, b is better. Shape letters: n networks of a, m of b.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtri, stdtrit

from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats

POWER = 0.8  # with which a difference shall be seen that is called detectable
LOWER = 0.1  # the lower quantile: the better end of a population, without resting on its single best network


@dataclass(frozen=True)
class Difference:
    """An estimate and its interval [points]; low and high are NaN where there are too few networks for one."""

    value: float
    low: float
    high: float


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Difference:
    """mean(b) − mean(a) and its interval by Welch's t; no interval where n or m is 1."""
    return welch(validate_errors(a), validate_errors(b), level)


def welch(x: Floats, y: Floats, level: float) -> Difference:
    """`mean_difference` of valid errors x (n,) and y (m,)."""
    difference, error = float(y.mean() - x.mean()), standard_error(x, y)
    if not error > 0:  # no interval of one network; one without width where all errors are the same
        return Difference(difference, difference + error, difference + error)
    parts = [one.var(ddof=1) / len(one) for one in (x, y)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(one) - 1) for part, one in zip(parts, (x, y), strict=True))
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Difference(difference, difference - half, difference + half)


def quantile_interval(errors: Floats, q: float, level: float = LEVEL) -> Difference:
    """A quantile of valid errors (n,), and the order statistics around it that hold the true one.

    They do so with probability `level` or more, for any distribution.

    No interval where n is so small that an end would lie beyond the best or the worst network: of the median below 6
    networks, of the quantile 0.1 below 36 (at 95 %).
    """
    values = np.sort(errors)
    n = len(values)
    low, high = np.searchsorted(bdtr(np.arange(n + 1), n, q), [(1 - level) / 2, (1 + level) / 2])
    value = float(np.quantile(values, q))
    if low < 1 or high + 1 > n:
        return Difference(value, math.nan, math.nan)
    return Difference(value, float(values[low - 1]), float(values[high]))


def quantile_difference(a: ArrayLike, b: ArrayLike, q: float, level: float = LEVEL) -> Difference:
    """The difference of a quantile, b − a, and its interval from those of the two (Zou and Donner's MOVER, 2008)."""
    return mover(quantile_interval(validate_errors(a), q, level), quantile_interval(validate_errors(b), q, level))


def mover(x: Difference, y: Difference) -> Difference:
    """y − x and its interval from those of the two."""
    value = y.value - x.value
    low = value - math.hypot(y.value - y.low, x.high - x.value)
    return Difference(value, low, value + math.hypot(y.high - y.value, x.value - x.low))


def standard_error(x: Floats, y: Floats) -> float:
    """Of the difference of means of valid errors [points]; NaN where n or m is 1."""
    if min(len(x), len(y)) < 2:
        return math.nan
    return math.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))


def detectable(x: Floats, y: Floats, level: float = LEVEL, power: float = POWER) -> float:
    """The least difference of means that samples like these show with this power [points].

    Where the true difference is that large, its interval leaves zero out in `power` of the cases (normal theory).
    """
    z = float(ndtri((1 + level) / 2) + ndtri(power))
    return z * standard_error(x, y)
