"""The probability of superiority: P(error of b < error of a), a tie counted half.

Also called the Mann–Whitney probability (Mann and Whitney 1947), and probability of improvement in rliable (Agarwal et
al. 2021). 0.5 if neither population is better, above 0.5 if b is better. It depends on ranks alone, so a few networks
that did not learn cannot dominate it. Shape letters: n networks of a, m of b.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri, stdtrit

from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.arrays import Floats


@dataclass(frozen=True)
class Superiority:
    """An estimate of P(error of b < error of a) and its interval, 0 to 1; NaN if there are too few networks."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low != self.low:
            return "–" if self.value != self.value else f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def superiority(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Superiority:
    """P(error of b < error of a) for independent samples a (n,) and b (m,) [%], ties half, and its interval.

    A score interval like Wilson's, with the effective number of networks N = p(1 − p)/V. V is the variance of Brunner
    and Munzel (2000), for unequal variances, with their degrees of freedom; so is Student's t in the place of Wilson's
    z. N is at most 3nm/(n + m + 1), its value for two equal continuous distributions: V is too small where few
    networks of a and b change places. If none do (V = 0), N = min(n, m), the least value that N can have (Birnbaum
    and Klose 1957). The combination is ours.

    Simulated coverage at level 0.95 (504 cases, n and m from 5 to 500, p from 0.5 to 0.999; docs/statistics.md): mean
    0.978, least 0.902, below 0.93 in 3 cases.

    Returns:
        the estimate and its interval, 0 to 1; no interval (NaN) if n or m is 1

    Raises:
        ValueError: a or b is empty, or holds NaN
    """
    return of_independent(validate_errors(a), validate_errors(b), level)


def of_independent(x: Floats, y: Floats, level: float) -> Superiority:
    """`superiority` of valid errors x (n,) and y (m,); no interval if n or m is 1."""
    above, below = placements(x, y), placements(y, x)  # (n,) share of y above each x, (m,) share of x above each y
    p, n, m = float(below.mean()), len(x), len(y)
    if min(n, m) < 2:
        return Superiority(p, math.nan, math.nan)
    parts = float(above.var(ddof=1)) / n, float(below.var(ddof=1)) / m
    variance = sum(parts)
    if not variance > 0:
        return score_interval(p, min(n, m), float(ndtri((1 + level) / 2)))
    freedom = variance**2 / sum(part**2 / (size - 1) for part, size in zip(parts, (n, m), strict=True))
    effective = min(p * (1 - p) / variance, 3 * n * m / (n + m + 1))
    return score_interval(p, effective, float(stdtrit(freedom, (1 + level) / 2)))


def placements(x: Floats, y: Floats) -> Floats:
    """(n,) the share of y (m,) above each x, ties half."""
    ordered = np.sort(y)
    return 1 - (np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right")) / (2 * len(y))


def score_interval(p: float, n: float, z: float) -> Superiority:
    """Wilson's interval (1927) of a share p of n at the normal quantile z."""
    centre, spread = (p + z**2 / (2 * n)), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((centre + side * spread) / (1 + z**2 / n) for side in (-1, 1))
    return Superiority(p, min(max(low, 0.0), p), max(min(high, 1.0), p))


def within_pairs(differences: Floats, level: float) -> Superiority:
    """P(b < a) within networks: the share of differences b − a (n,) below zero, ties half, and its interval.

    The interval is Clopper and Pearson's (1934), coverage `level` or more; ties enter as half a success.
    """
    n = len(differences)
    if not n:
        return Superiority(math.nan, math.nan, math.nan)
    won = float((differences < 0).sum() + (differences == 0).sum() / 2)
    tail = (1 - level) / 2
    low = float(betaincinv(won, n - won + 1, tail)) if won > 0 else 0.0
    high = float(betaincinv(won + 1, n - won, 1 - tail)) if won < n else 1.0
    return Superiority(won / n, low, high)
