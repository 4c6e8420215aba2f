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

import numpy as np
from numpy.typing import ArrayLike

from dsd.analysis.comparison.contrasts import PAIR, Groups, contrast, n_always_decisive, n_for_power
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats

DELTA = 1.0  # points of error
FEW = 5  # fewest networks of each population for a verdict
BETTER, EQUAL, WORSE, UNDECIDED = "better", "equal", "worse", "undecided"
PLAIN, ADJUSTED, AT_EQUAL = "plain", "adjusted", "at equal complexity"
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
    by: the estimate that decides: plain, adjusted (`dsd.analysis.adjusted`), or at equal complexity
    n_for_power: if undecided, networks of each population that decide with 80 % power, assuming the observed
        difference and variances; None otherwise, and with fewer than 5 networks
    n_always_decisive: if undecided, networks of each population that decide whatever the difference is, assuming the
        observed variances; None likewise. With strata, both are networks of each stratum
    look: the planned look that made it (`comparison.looks`); None for a verdict on all networks
    """

    word: str
    delta: float
    low: float
    high: float
    level: float
    n_for_power: int | None = None
    n_always_decisive: int | None = None
    by: str = PLAIN
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
    return decided_by(Groups.of((x, y)), PAIR, delta, level)


def decided_within(differences: Floats, delta: float, level: float) -> Verdict:
    """The verdict on differences b − a within networks (n,), by an interval of this level."""
    return decided_by(Groups.of((differences,)), np.ones(1), delta, level)


def decided_by(groups: Groups, coefficients: Floats, delta: float, level: float, by: str = PLAIN) -> Verdict:
    """The verdict on a contrast (`contrasts`), by an interval of this level; each group needs FEW networks."""
    groups, coefficients = groups.used(coefficients)
    if len(groups.n) and groups.n.min() < FEW:
        return Verdict(UNDECIDED, delta, math.nan, math.nan, level)
    interval = contrast(groups, coefficients, level)
    basis = (delta, interval.low, interval.high, level)
    if -delta <= interval.low and interval.high <= delta:
        return Verdict(EQUAL, *basis, by=by)
    if interval.high < 0 or interval.low > 0:
        return Verdict(BETTER if interval.high < 0 else WORSE, *basis, by=by)
    power, always = (n(groups, coefficients, delta, level) for n in (n_for_power, n_always_decisive))
    return Verdict(UNDECIDED, *basis, power, always, by)


def no_verdict(delta: float) -> Verdict:
    """The verdict on populations with different training conditions."""
    return Verdict(NONE, delta, math.nan, math.nan, LEVEL)
