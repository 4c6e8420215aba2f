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
from scipy.special import ndtri

from dsd.analysis.differences import mean_difference, standard_error
from dsd.analysis.edf import LEVEL, checked

DELTA = 1.0  # points of error
FEW = 5  # networks; of fewer in one population nothing is decided
BETTER, EQUAL, WORSE, UNDECIDED = "better", "equal", "worse", "undecided"
RULE = (
    "b is equal to a within δ where the interval of the difference of mean error lies from −δ to δ, else better or "
    "worse where it leaves zero out, else undecided; the intervals of all pairs hold together with 95 %"
)


@dataclass(frozen=True)
class Verdict:
    """Of population b against a.

    word: better, equal, worse or undecided
    delta: difference of means that is too small to matter [points]
    low, high: the interval that decided [points]
    level: of that interval
    needed: where undecided, networks of each population that would decide, with spreads as they are; None otherwise
    """

    word: str
    delta: float
    low: float
    high: float
    level: float
    needed: int | None

    def __str__(self) -> str:
        if self.word == EQUAL:
            return f"equal within {self.delta:g}"
        return f"undecided, n ≈ {self.needed:,}" if self.needed else self.word


def verdict(a: ArrayLike, b: ArrayLike, delta: float = DELTA, pairs: int = 1) -> Verdict:
    """The verdict on errors a (n,) and b (m,) [%], as one of so many pairs that are compared.

    Raises:
        ValueError: delta is not positive
    """
    if not delta > 0:
        raise ValueError(f"delta = {delta}: give a positive number of points")
    level = 1 - (1 - LEVEL) / pairs
    if min(len(checked(a)), len(checked(b))) < FEW:
        return Verdict(UNDECIDED, delta, math.nan, math.nan, level, FEW)
    interval = mean_difference(a, b, level)
    if -delta <= interval.low and interval.high <= delta:
        return Verdict(EQUAL, delta, interval.low, interval.high, level, None)
    if interval.high < 0 or interval.low > 0:
        word = BETTER if interval.high < 0 else WORSE
        return Verdict(word, delta, interval.low, interval.high, level, None)
    return Verdict(UNDECIDED, delta, interval.low, interval.high, level, needed(a, b, delta, level))


def needed(a: ArrayLike, b: ArrayLike, delta: float, level: float) -> int:
    """Networks of each population whose interval would be no wider than δ, with spreads as they are (normal theory)."""
    z = float(ndtri((1 + level) / 2))
    x, y = checked(a), checked(b)
    assert not math.isnan(standard_error(x, y))
    return math.ceil(float(x.var(ddof=1) + y.var(ddof=1)) * (2 * z / delta) ** 2)
