"""Contrasts of independent groups: Σ c_h μ_h, its estimate and its confidence interval.

The difference of two populations is a contrast of their strata: c_h is the share of stratum h in b minus that in a. A
stratum that both have enters once, and cancels as far as its shares agree; this is the covariance of the two means.
Welch's interval is the special case of two groups with −1 and +1. Shape letters: k groups, n_h networks of group h.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from dsd.analysis.distribution.empirical import LEVEL
from dsd.arrays import Floats, Ints

if TYPE_CHECKING:
    from dsd.analysis.results.populations import Results

POWER = 0.8  # probability of finding a detectable difference
NEGLIGIBLE = 1e-9  # difference of two shares that are equal: they are read from a table
PAIR = np.array([-1.0, 1.0])  # the coefficients of b − a for two groups


@dataclass(frozen=True)
class Difference:
    """An estimate and its interval [points]; low and high are NaN if there are too few networks for an interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Groups:
    """k independent groups.

    n: (k,) networks
    mean: (k,) estimates of the mean error [%]; NaN for an empty group
    variance: (k,) n_h times the variance of `mean`, such as the sample variance [points²]; NaN below 2 networks
    freedom: (k,) degrees of freedom of `variance`; None for n_h − 1
    margin: (k,) half-width to add to an interval of `mean`, whatever its level [points]; None for 0
    """

    n: Ints
    mean: Floats
    variance: Floats
    freedom: Floats | None = None
    margin: Floats | None = None

    @staticmethod
    def of(samples: Sequence[Floats]) -> "Groups":
        """The groups with these errors, k times (n_h,)."""
        return Groups(
            np.array([len(errors) for errors in samples], np.int64),
            np.array([errors.mean() if len(errors) else np.nan for errors in samples], float),
            np.array([errors.var(ddof=1) if len(errors) > 1 else np.nan for errors in samples], float),
        )

    def used(self, coefficients: Floats) -> tuple["Groups", Floats]:
        """The groups whose coefficients are not zero, and these."""
        kept = np.flatnonzero(coefficients)
        chosen = (None if values is None else values[kept] for values in (self.freedom, self.margin))
        return Groups(self.n[kept], self.mean[kept], self.variance[kept], *chosen), coefficients[kept]


def contrast(groups: Groups, coefficients: Floats, level: float = LEVEL) -> Difference:
    """Σ c_h mean_h and its interval by Student's t, with the degrees of freedom of Welch and Satterthwaite.

    The variance is Σ c_h² s_h²/n_h, the freedom (Σ v_h)² / Σ v_h²/(n_h − 1) with v_h = c_h² s_h²/n_h (Satterthwaite
    1946). No interval if a group with a coefficient has one network; no value if it has none.
    """
    groups, coefficients = groups.used(coefficients)
    value, error = float((coefficients * groups.mean).sum()), contrast_error(groups, coefficients)
    if not error > 0:  # NaN for a single network; width 0 if all errors are equal
        return Difference(value, value + error, value + error)
    half = float(stdtrit(freedom_of(groups, coefficients), (1 + level) / 2)) * error + margin_of(groups, coefficients)
    return Difference(value, value - half, value + half)


def freedom_of(groups: Groups, coefficients: Floats) -> float:
    """Degrees of freedom of the variance of a contrast (Welch and Satterthwaite)."""
    parts = coefficients**2 * groups.variance / groups.n
    each = groups.n - 1 if groups.freedom is None else groups.freedom
    return float(parts.sum() ** 2 / (parts**2 / each).sum())


def margin_of(groups: Groups, coefficients: Floats) -> float:
    """The half-width to add to the interval of a contrast [points]; margins of independent groups add in quadrature."""
    return 0.0 if groups.margin is None else float(np.linalg.norm(coefficients * groups.margin))


def total_variance(groups: Groups, coefficients: Floats, z: float) -> float:
    """The variance of a contrast for one network of each group; it falls as 1/n.

    A margin counts as if it fell as 1/√n too.

    Args:
        z: quantile of the normal distribution for the level of the interval
    """
    error = contrast_error(groups, coefficients)
    wider = 1 + margin_of(groups, coefficients) / (z * error) if error > 0 else 1.0
    return float((coefficients**2 * groups.variance).sum()) * wider**2


def contrast_error(groups: Groups, coefficients: Floats) -> float:
    """Standard error of a contrast [points]; NaN if a group with a coefficient has fewer than 2 networks."""
    groups, coefficients = groups.used(coefficients)
    if len(groups.n) and groups.n.min() < 2:
        return math.nan
    return math.sqrt((coefficients**2 * groups.variance / groups.n).sum())


def contrast_detectable(groups: Groups, coefficients: Floats, level: float = LEVEL, power: float = POWER) -> float:
    """The minimum detectable value of a contrast for groups like these [points].

    If the true value is that large, the interval excludes zero with probability `power` (normal theory).
    """
    return float(ndtri((1 + level) / 2) + ndtri(power)) * contrast_error(groups, coefficients)


def n_always_decisive(groups: Groups, coefficients: Floats, delta: float, level: float) -> int:
    """Networks of each group, more than now, whose interval is no wider than δ, assuming the sample variances."""
    groups, coefficients = groups.used(coefficients)
    parts = coefficients**2 * groups.variance
    z = float(ndtri((1 + level) / 2))
    total = total_variance(groups, coefficients, z)
    n = max(math.ceil(total * (2 * z / delta) ** 2), int(groups.n.min()) + 1)
    # degrees of freedom are count · (n − 1) for n networks of each group
    count = float(parts.sum()) ** 2 / float((parts**2).sum())
    # Student's t is wider than the normal distribution
    while 2 * float(stdtrit(count * (n - 1), (1 + level) / 2)) * math.sqrt(total / n) > delta:
        n += max(n // 1000, 1)
    return n


def n_for_power(groups: Groups, coefficients: Floats, delta: float, level: float) -> int:
    """Networks of each group that decide with 80 % power, assuming the observed value and variances.

    The interval then excludes zero or lies inside ±δ, whichever takes fewer networks.
    """
    groups, coefficients = groups.used(coefficients)
    z, difference = float(ndtri((1 + level) / 2)), abs(float((coefficients * groups.mean).sum()))
    # two-sided for an interval inside ±δ, one-sided for an interval that excludes zero
    ways = [((z + ndtri(POWER)) / difference)] if difference else []
    ways += [(z + ndtri((1 + POWER) / 2)) / (delta - difference)] if difference < delta else []
    total = total_variance(groups, coefficients, z)
    always = n_always_decisive(groups, coefficients, delta, level)
    return min(math.ceil(total * float(min(ways)) ** 2), always)


@dataclass(frozen=True)
class Part:
    """A stratum of a pair of populations.

    results: a population that contains it
    rows: (n_h,) positions of its networks in `results.frame`
    """

    name: str
    results: "Results"
    rows: Ints

    @property
    def errors(self) -> Floats:
        """(n_h,) errors [%]."""
        errors: Floats = self.results.errors[self.rows]
        return errors

    @property
    def networks(self) -> list[tuple[str, float]]:
        """The keys of the networks, "" without the column `key`, and their errors."""
        frame = self.results.frame
        keys = frame["key"].iloc[self.rows].astype(str).tolist() if "key" in frame else [""] * len(self.rows)
        return sorted(zip(keys, self.errors.tolist(), strict=True))


def strata_of_pair(a: "Results", b: "Results") -> tuple[list[Part], Floats]:
    """The strata of two populations, and the coefficients (k,) whose contrast is the mean of b minus that of a.

    A population without strata is one stratum. A stratum is shared if it has one name, and the same networks with the
    same errors, in both; it then occurs once, with the difference of its shares. The coefficients sum to 0.
    """
    parts: list[Part] = []
    coefficients: list[float] = []
    for results, sign in ((a, -1.0), (b, 1.0)):
        for stratum in results.strata:
            part = Part(stratum.name, results, stratum.rows)
            same = [i for i, other in enumerate(parts) if sign > 0 and shared(other, part)]
            if same:
                rest = coefficients[same[0]] + stratum.share
                coefficients[same[0]] = rest if abs(rest) > NEGLIGIBLE else 0.0
            else:
                parts.append(part)
                coefficients.append(sign * stratum.share)
    return parts, np.array(coefficients)


def shared(a: Part, b: Part) -> bool:
    """Whether two populations share a stratum."""
    return bool(a.name) and a.name == b.name and len(a.rows) == len(b.rows) and a.networks == b.networks


def groups_of_pair(a: "Results", b: "Results") -> tuple[Groups, Floats]:
    """The groups and coefficients of the difference of mean error of two populations, b − a."""
    parts, coefficients = strata_of_pair(a, b)
    return Groups.of([part.errors for part in parts]), coefficients
