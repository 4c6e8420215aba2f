"""Differences of two populations in mean, median and lower quantile, with confidence intervals.

Differences are b − a in points of error; below zero, b is better. Shape letters: n networks of a, m of b.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from dsd.analysis.comparison.contrasts import PAIR, POWER, Groups, contrast, contrast_detectable
from dsd.analysis.comparison.contrasts import Difference as Difference
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats

LOWER = 0.1  # the lower quantile: the better end of a population, more robust than its single best network


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Difference:
    """mean(b) − mean(a) and its interval by Welch's t; no interval if n or m is 1."""
    return welch(validate_errors(a), validate_errors(b), level)


def welch(x: Floats, y: Floats, level: float) -> Difference:
    """`mean_difference` of valid errors x (n,) and y (m,)."""
    return contrast(Groups.of((x, y)), PAIR, level)


def mean_within(differences: Floats, level: float = LEVEL) -> Difference:
    """The mean of differences b − a within networks (n,) and its interval by Student's t; no interval if n is 1."""
    return contrast(Groups.of((differences,)), np.ones(1), level)


def quantile_interval(errors: Floats, q: float, level: float = LEVEL) -> Difference:
    """A quantile of valid errors (n,) and its distribution-free interval: order statistics, coverage `level` or more.

    There is no interval if n is so small that an end would lie beyond the best or worst network: below 6 networks for
    the median, below 36 for the 0.1 quantile (at 95 %).
    """
    values = np.sort(errors)
    n = len(values)
    low, high = np.searchsorted(bdtr(np.arange(n + 1), n, q), [(1 - level) / 2, (1 + level) / 2])
    value = float(np.quantile(values, q))
    if low < 1 or high + 1 > n:
        return Difference(value, math.nan, math.nan)
    return Difference(value, float(values[low - 1]), float(values[high]))


def quantile_difference(a: ArrayLike, b: ArrayLike, q: float, level: float = LEVEL) -> Difference:
    """The difference of a quantile, b − a, and its interval (`mover`)."""
    return mover(quantile_interval(validate_errors(a), q, level), quantile_interval(validate_errors(b), q, level))


def mover(x: Difference, y: Difference) -> Difference:
    """The difference y − x; its interval combines the two intervals (MOVER, Zou and Donner 2008)."""
    value = y.value - x.value
    low = value - math.hypot(y.value - y.low, x.high - x.value)
    return Difference(value, low, value + math.hypot(y.high - y.value, x.value - x.low))


def detectable(x: Floats, y: Floats, level: float = LEVEL, power: float = POWER) -> float:
    """The minimum detectable difference of means for samples like these [points].

    If the true difference is that large, the interval excludes zero with probability `power` (normal theory).
    """
    return contrast_detectable(Groups.of((x, y)), PAIR, level, power)
