"""Differences of two populations in mean, median and lower quantile, with confidence intervals.

Differences are b − a in points of error; below zero, b is better. Shape letters: n networks of a, m of b.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtri, stdtrit

from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats

POWER = 0.8  # probability of finding a detectable difference
LOWER = 0.1  # the lower quantile: the better end of a population, more robust than its single best network


@dataclass(frozen=True)
class Difference:
    """An estimate and its interval [points]; low and high are NaN if there are too few networks for an interval."""

    value: float
    low: float
    high: float


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Difference:
    """mean(b) − mean(a) and its interval by Welch's t; no interval if n or m is 1."""
    return welch(validate_errors(a), validate_errors(b), level)


def welch(x: Floats, y: Floats, level: float) -> Difference:
    """`mean_difference` of valid errors x (n,) and y (m,)."""
    difference, error = float(y.mean() - x.mean()), standard_error(x, y)
    if not error > 0:  # NaN for a single network; width 0 if all errors are equal
        return Difference(difference, difference + error, difference + error)
    parts = [sample.var(ddof=1) / len(sample) for sample in (x, y)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(sample) - 1) for part, sample in zip(parts, (x, y), strict=True))
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Difference(difference, difference - half, difference + half)


def mean_within(differences: Floats, level: float = LEVEL) -> Difference:
    """The mean of differences b − a within networks (n,) and its interval by Student's t; no interval if n is 1."""
    n, value = len(differences), float(differences.mean())
    if n < 2:
        return Difference(value, math.nan, math.nan)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * float(differences.std(ddof=1)) / math.sqrt(n)
    return Difference(value, value - half, value + half)


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


def standard_error(x: Floats, y: Floats) -> float:
    """Standard error of the difference of means of valid errors [points]; NaN if n or m is 1."""
    if min(len(x), len(y)) < 2:
        return math.nan
    return math.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))


def detectable(x: Floats, y: Floats, level: float = LEVEL, power: float = POWER) -> float:
    """The minimum detectable difference of means for samples like these [points].

    If the true difference is that large, the interval excludes zero with probability `power` (normal theory).
    """
    return power_factor(level, power) * standard_error(x, y)


def power_factor(level: float, power: float = POWER) -> float:
    """The detectable difference in standard errors."""
    return float(ndtri((1 + level) / 2) + ndtri(power))
