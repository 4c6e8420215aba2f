"""Are these populations different? Two-sample Kolmogorov–Smirnov tests and differences of mean error."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dsd.analysis.edf import checked
from dsd.analysis.populations import Results

EXACT = 10_000  # largest n·m for which the exact law of the KS statistic is computed


@dataclass(frozen=True)
class Comparison:
    """Population b against population a.

    ks: largest distance between the two EDFs, 0 to 1
    p_value: of `ks`, two-sided
    p_holm: p_value corrected for all pairs compared (Holm)
    mean_difference: mean error of b − mean error of a [points]; negative where b is better
    low, high: its 95 % interval (Welch); NaN where a population has one network
    """

    a: str
    b: str
    ks: float
    p_value: float
    p_holm: float
    mean_difference: float
    low: float
    high: float


def compare(populations: Sequence[Results]) -> list[Comparison]:
    """Each pair of populations ([NDS] compares by the KS test; Holm and Welch are ours)."""
    pairs = [(a, b) for a, b in combinations(populations, 2) if len(a) and len(b)]
    tests = [ks_test(a.errors, b.errors) for a, b in pairs]
    corrected = holm([p for _, p in tests])
    return [
        Comparison(a.name, b.name, ks, p, p_holm, *mean_difference(a.errors, b.errors))
        for (a, b), (ks, p), p_holm in zip(pairs, tests, corrected, strict=True)
    ]


def ks_test(a: ArrayLike, b: ArrayLike) -> tuple[float, float]:
    """Two-sample Kolmogorov–Smirnov statistic of errors (n,) and (m,), and its two-sided p-value."""
    x, y = checked(a), checked(b)
    result = stats.ks_2samp(x, y, method="exact" if len(x) * len(y) <= EXACT else "asymp")
    return float(result.statistic), float(result.pvalue)


def mean_difference(a: ArrayLike, b: ArrayLike) -> tuple[float, float, float]:
    """mean(b) − mean(a) and its 95 % interval by Welch's t; the interval is NaN where n or m is 1."""
    x, y = checked(a), checked(b)
    difference = float(y.mean() - x.mean())
    if min(len(x), len(y)) < 2:
        return difference, math.nan, math.nan
    if np.ptp(x) == np.ptp(y) == 0:
        return difference, difference, difference
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that all errors of one population are nearly the same
        interval = stats.ttest_ind(y, x, equal_var=False).confidence_interval(0.95)
    return difference, float(interval.low), float(interval.high)


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Holm's step-down correction of p-values (k,), in their order.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
