"""The decision of a design step: is population b better than a, equal, worse, or undecided at this n?

The rule uses a difference δ that is too small to matter, and the interval of the difference of mean error, b − a. For
k pairs, the level of the interval is 1 − 0.05/k, so the k intervals are simultaneous 95 % confidence intervals:

1. equal within δ, if the whole interval lies from −δ to δ;
2. else better, if the whole interval lies below zero, and worse, if it lies above;
3. else undecided.

An interval no wider than δ always decides: it either excludes zero or lies from −δ to δ. This determines the n that is
needed. The mean is the area over the EDF; the KS test beside the verdict detects differences in shape. The rule is
ours; the paper compares EDFs by eye.
"""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from dsd.analysis.comparison.differences import POWER, welch
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats

DELTA = 1.0  # points of error
FEW = 5  # fewest networks of each population for a verdict
BETTER, EQUAL, WORSE, UNDECIDED = "better", "equal", "worse", "undecided"
NONE = "no verdict"  # for populations with different training conditions
RULE = (
    "b is equal to a within δ if the interval of the difference of mean error lies from −δ to δ; else better or worse "
    "if it excludes zero; else undecided; the intervals are simultaneous 95 % confidence intervals"
)


@dataclass(frozen=True)
class Verdict:
    """The verdict on population b against a.

    word: better, equal, worse, undecided, or no verdict
    delta: difference of means that is too small to matter [points]
    low, high: the deciding interval of the difference of means [points]
    level: confidence level of that interval
    n_for_power: if undecided, networks of each population that decide with 80 % power, assuming the observed
        difference and variances; None otherwise, and with fewer than 5 networks
    n_always_decisive: if undecided, networks of each population that decide whatever the difference is, assuming the
        observed variances; None likewise
    look: the planned look that made it (`comparison.looks`); None for a verdict on all networks
    """

    word: str
    delta: float
    low: float
    high: float
    level: float
    n_for_power: int | None = None
    n_always_decisive: int | None = None
    look: int | None = None

    def __str__(self) -> str:
        if self.look is not None:
            return f"{self.word}{f' within {self.delta:g}' if self.word == EQUAL else ''} (look {self.look})"
        if self.word == EQUAL:
            return f"equal within {self.delta:g}"
        if self.word == UNDECIDED:
            return f"undecided, n ≈ {self.n_for_power:,}" if self.n_for_power else f"undecided, n < {FEW}"
        return self.word


def verdict(a: ArrayLike, b: ArrayLike, delta: float = DELTA, pairs: int = 1) -> Verdict:
    """The verdict on errors a (n,) and b (m,) [%].

    Args:
        pairs: number of pairs compared; the level is 1 − 0.05/pairs

    Raises:
        ValueError: delta is not positive
    """
    if not delta > 0:
        raise ValueError(f"delta = {delta}: give a positive number of points")
    return decided(validate_errors(a), validate_errors(b), delta, 1 - (1 - LEVEL) / pairs)


def decided(x: Floats, y: Floats, delta: float, level: float) -> Verdict:
    """`verdict` on valid errors x (n,) and y (m,), by an interval of this level."""
    if min(len(x), len(y)) < FEW:
        return Verdict(UNDECIDED, delta, math.nan, math.nan, level)
    interval = welch(x, y, level)
    basis = (delta, interval.low, interval.high, level)
    if -delta <= interval.low and interval.high <= delta:
        return Verdict(EQUAL, *basis)
    if interval.high < 0 or interval.low > 0:
        return Verdict(BETTER if interval.high < 0 else WORSE, *basis)
    return Verdict(UNDECIDED, *basis, n_for_power(x, y, delta, level), n_always_decisive(x, y, delta, level))


def no_verdict(delta: float) -> Verdict:
    """The verdict on populations with different training conditions."""
    return Verdict(NONE, delta, math.nan, math.nan, LEVEL)


def variance(x: Floats, y: Floats) -> float:
    """n times the variance of the difference of means for n networks each, from the sample variances."""
    return float(x.var(ddof=1) + y.var(ddof=1))


def n_always_decisive(x: Floats, y: Floats, delta: float, level: float) -> int:
    """Networks of each population, more than now, whose interval is no wider than δ, assuming the sample variances."""
    unit_variance = variance(x, y)
    n = max(math.ceil(unit_variance * (2 * float(ndtri((1 + level) / 2)) / delta) ** 2), min(len(x), len(y)) + 1)
    # Student's t is wider than the normal distribution
    while 2 * float(stdtrit(2 * (n - 1), (1 + level) / 2)) * math.sqrt(unit_variance / n) > delta:
        n += max(n // 1000, 1)
    return n


def n_for_power(x: Floats, y: Floats, delta: float, level: float) -> int:
    """Networks of each population that decide with 80 % power, assuming the observed difference and variances.

    The interval then excludes zero or lies inside ±δ, whichever takes fewer networks.
    """
    z, difference = float(ndtri((1 + level) / 2)), abs(float(y.mean() - x.mean()))
    # two-sided for an interval inside ±δ, one-sided for an interval that excludes zero
    ways = [((z + ndtri(POWER)) / difference)] if difference else []
    ways += [(z + ndtri((1 + POWER) / 2)) / (delta - difference)] if difference < delta else []
    return min(math.ceil(variance(x, y) * float(min(ways)) ** 2), n_always_decisive(x, y, delta, level))
