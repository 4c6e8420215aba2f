"""The decision of a design step: is population b better than a, equal, worse, or undecided at this n?

The rule looks at the interval of the difference of mean error, b − a, at a level that is shared by all the pairs
compared (1 − 0.05/k for k pairs: all k intervals hold the truth together with probability 0.95), and at a difference δ
too small to matter:

1. equal within δ, where the whole interval lies from −δ to δ;
2. else better, where the whole interval lies below zero, and worse, where it lies above;
3. else undecided.

An interval no wider than δ always decides: it either leaves zero out or lies from −δ to δ. From this follows the n
that is needed. The mean is the area over the EDF; that the shapes of two populations differ is what the KS test says,
beside the verdict. The rule is ours; the paper looks at EDFs.
"""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from dsd.analysis.comparison.differences import POWER, mean_difference
from dsd.analysis.distribution.empirical import LEVEL, validate_errors

DELTA = 1.0  # points of error
FEW = 5  # networks; of fewer in one population nothing is decided
BETTER, EQUAL, WORSE, UNDECIDED = "better", "equal", "worse", "undecided"
NONE = "no verdict"  # of populations that were not trained alike
RULE = (
    "b is equal to a within δ if the interval of the difference of mean error lies from −δ to δ; else better or worse "
    "if it excludes zero; else undecided; the intervals are simultaneous 95 % confidence intervals"
)


@dataclass(frozen=True)
class Verdict:
    """Of population b against a.

    word: better, equal, worse, undecided, or no verdict
    delta: difference of means that is too small to matter [points]
    low, high: the interval that decided [points]
    level: of that interval
    n_for_power: where undecided, networks of each population that would decide four times in five or more, if
    difference and
        spreads are as they seem; None otherwise, and where there are too few to tell
    n_always_decisive: networks that would decide whatever the difference is, with spreads as they are; likewise
    """

    word: str
    delta: float
    low: float
    high: float
    level: float
    n_for_power: int | None = None
    n_always_decisive: int | None = None

    def __str__(self) -> str:
        if self.word == EQUAL:
            return f"equal within {self.delta:g}"
        if self.word == UNDECIDED:
            return f"undecided, n ≈ {self.n_for_power:,}" if self.n_for_power else f"undecided, n < {FEW}"
        return self.word


def verdict(a: ArrayLike, b: ArrayLike, delta: float = DELTA, pairs: int = 1) -> Verdict:
    """The verdict on errors a (n,) and b (m,) [%], as one of so many pairs that are compared.

    Raises:
        ValueError: delta is not positive
    """
    if not delta > 0:
        raise ValueError(f"delta = {delta}: give a positive number of points")
    level = 1 - (1 - LEVEL) / pairs
    if min(len(validate_errors(a)), len(validate_errors(b))) < FEW:
        return Verdict(UNDECIDED, delta, math.nan, math.nan, level)
    interval = mean_difference(a, b, level)
    told = (delta, interval.low, interval.high, level)
    if -delta <= interval.low and interval.high <= delta:
        return Verdict(EQUAL, *told)
    if interval.high < 0 or interval.low > 0:
        return Verdict(BETTER if interval.high < 0 else WORSE, *told)
    return Verdict(UNDECIDED, *told, n_for_power(a, b, delta, level), n_always_decisive(a, b, delta, level))


def no_verdict(delta: float) -> Verdict:
    """On populations that were not trained alike."""
    return Verdict(NONE, delta, math.nan, math.nan, LEVEL)


def variance(a: ArrayLike, b: ArrayLike) -> float:
    """n times the variance of the difference of means, where both have n networks with spreads as these."""
    return float(validate_errors(a).var(ddof=1) + validate_errors(b).var(ddof=1))


def n_always_decisive(a: ArrayLike, b: ArrayLike, delta: float, level: float) -> int:
    """Networks of each population, more than there are, whose interval would be no wider than δ, spreads as now."""
    of_one = variance(a, b)
    n = max(
        math.ceil(of_one * (2 * float(ndtri((1 + level) / 2)) / delta) ** 2),
        min(len(validate_errors(a)), len(validate_errors(b))) + 1,
    )
    while 2 * float(stdtrit(2 * (n - 1), (1 + level) / 2)) * math.sqrt(of_one / n) > delta:  # t is wider than normal
        n += max(n // 1000, 1)
    return n


def n_for_power(a: ArrayLike, b: ArrayLike, delta: float, level: float) -> int:
    """Networks of each population that would decide with a power of 80 %, if the difference is the one that is seen.

    The interval then leaves zero out, or lies inside of ±δ: whichever takes fewer networks.
    """
    z, difference = float(ndtri((1 + level) / 2)), abs(float(validate_errors(b).mean() - validate_errors(a).mean()))
    # to be inside of ±δ the interval has two sides to keep, to leave zero out one
    ways = [((z + ndtri(POWER)) / difference)] if difference else []
    ways += [(z + ndtri((1 + POWER) / 2)) / (delta - difference)] if difference < delta else []
    return min(math.ceil(variance(a, b) * float(min(ways)) ** 2), n_always_decisive(a, b, delta, level))
