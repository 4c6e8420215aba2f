"""Are these populations different? Every pair: KS test, differences with intervals, and a verdict."""

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogorov

from dsd.analysis.comparison.conditions import check_conditions, differing
from dsd.analysis.comparison.differences import LOWER, Difference, detectable, mean_difference, quantile_difference
from dsd.analysis.comparison.verdicts import DELTA, FEW, Verdict, no_verdict, verdict
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.analysis.results.populations import Results, as_populations
from dsd.errors import DsdError

MOST = 100  # populations; their pairs are 4,950
PERCENT_ABOVE = 10  # 95 % of errors that nobody vouches for have to lie below, to be taken for losses or shares
EXACT = 10_000  # largest n·m for which the exact distribution of the KS statistic is computed where n = m
UNEQUAL = 1_000_000  # the same where n and m differ: there the limiting distribution may be far off


@dataclass(frozen=True)
class Comparison:
    """Population b against population a; differences are b − a [points], negative where b is better.

    ks: largest distance between the two EDFs, 0 to 1
    p_value: of `ks`, two-sided
    p_holm: p_value corrected for all pairs compared (Holm)
    mean_difference: of mean error; low, high: its 95 % interval by itself (Welch); NaN where a population has one
        network
    median, lower: differences of the median and of the quantile 0.1, with 95 % intervals
    detectable: the least difference of means that the interval of the verdict shows with a power of 80 %
    verdict: what follows, by an interval that allows for all pairs
    differs: conditions of training in which a and b differ, with the values of each; then there is no verdict, and
        `p_holm` is NaN
    """

    a: str
    b: str
    ks: float
    p_value: float
    p_holm: float
    mean_difference: float
    low: float
    high: float
    median: Difference
    lower: Difference
    detectable: float
    verdict: Verdict
    differs: dict[str, tuple[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values; a median's or quantile's difference as an object, and the verdict's word and numbers."""
        found = asdict(self)
        return found | {"verdict": self.verdict.word, "decision": asdict(self.verdict)}

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def __str__(self) -> str:
        seen = f"mean error {self.mean_difference:+.2f} points"
        if self.differs:
            conditions = "; ".join(f"{name} {a} and {b}" for name, (a, b) in self.differs.items())
            return f"{self.b} against {self.a}: no verdict, because they differ in {conditions}; {seen}"
        plural = "" if self.verdict.delta == 1 else "s"
        sides = {
            "better": f"{self.b} is better than {self.a}",
            "worse": f"{self.b} is worse than {self.a}",
            "equal": f"{self.b} is equal to {self.a} within {self.verdict.delta:g} point{plural}",
            "undecided": f"{self.b} against {self.a} is undecided",
        }
        power, always = self.verdict.n_for_power, self.verdict.n_always_decisive
        more = f"; n for 80 % power: {power:,} networks of each, always decisive: {always:,}" if always else ""
        if self.verdict.low != self.verdict.low:
            return f"{sides[self.verdict.word]}: {seen}, but fewer than {FEW} networks in one of them"
        return f"{sides[self.verdict.word]}: {seen} ({self.verdict.low:+.2f} to {self.verdict.high:+.2f}){more}"


class Comparisons(list[Comparison]):
    """Comparisons in their order; `frame` has them as a table."""

    @property
    def frame(self) -> pd.DataFrame:
        """A row a comparison: verdict, difference of means with the interval that decides, KS test."""
        rows = [
            {
                "a": one.a,
                "b": one.b,
                "verdict": one.verdict.word,
                "mean_difference": one.mean_difference,
                "low": one.verdict.low,
                "high": one.verdict.high,
                "ks": one.ks,
                "p_holm": one.p_holm,
                "detectable": one.detectable,
            }
            for one in self
        ]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["a", "b", "verdict"])

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False, float_format="{:.3g}".format))


def compare(
    populations: Any, delta: float | None = None, stepwise: bool = False, across: Sequence[str] = ()
) -> Comparisons:
    """Each pair of populations that have results ([NDS] compares by the KS test; the rest is ours).

    Args:
        populations: from `split_populations`, or a DataFrame or the path of a table, which are split first
        delta: difference of mean error that is too small to matter [points]; None for 1 percent point
        stepwise: compare each population only with the one before it that has results, as where each refines the last;
            p-values and the intervals of the verdicts allow for these pairs alone
        across: conditions of training (`results.columns.CONDITIONS`) in which pairs may differ that get a verdict

    Raises:
        DsdError: more than 100 populations, of which every pair is to be compared; no delta, where errors may be losses
            or shares
    """
    populations = as_populations(populations)
    if len(populations) > MOST and not stepwise:
        raise DsdError(
            f"{len(populations):,} populations are too many to compare each pair; the maximum is {MOST}; group by "
            "another column (--by), or leave some out"
        )
    check_conditions(across)
    present = [one for one in populations if len(one)]
    pairs = list(pairwise(present) if stepwise else combinations(present, 2))
    delta = delta_for(present, delta) if pairs else DELTA
    tests = [ks_test(one.errors, other.errors) for one, other in pairs]
    differences = [differing(one, other, across) for one, other in pairs]
    judged = [not found for found in differences]
    corrected = np.full(len(pairs), np.nan)
    corrected[judged] = holm([p for (_, p), fair in zip(tests, judged, strict=True) if fair])
    return Comparisons(
        compared(
            one,
            other,
            (ks, p, float(p_holm)),
            no_verdict(delta) if found else verdict(one.errors, other.errors, delta, sum(judged)),
            found,
        )
        for (one, other), (ks, p), p_holm, found in zip(pairs, tests, corrected, differences, strict=True)
    )


def delta_for(populations: Sequence[Results], delta: float | None) -> float:
    """The difference of mean error that is too small to matter: what is given, or 1 percent point.

    Raises:
        DsdError: none is given, and the errors may be losses or shares
    """
    if delta is not None:
        return delta
    many = [results for results in populations if len(results) >= FEW]
    unknown = [results.errors for results in many if not results.in_percent]
    if unknown and len(many) > 1 and np.quantile(joint := np.concatenate(unknown), 0.95) <= PERCENT_ABOVE:
        raise DsdError(
            f"errors lie between {joint.min():.3g} and {joint.max():.3g}: if they are losses or shares, set --delta to "
            f"the difference of means that is too small to matter; if they are percent, use --delta {DELTA:g}"
        )
    return DELTA


def steps(comparisons: Sequence[Comparison], most: int) -> Comparisons:
    """All comparisons, or where they are more than `most`, those of each population with the one before it."""
    if len(comparisons) <= most:
        return Comparisons(comparisons)
    names = list(dict.fromkeys(name for one in comparisons for name in (one.a, one.b)))
    following = set(pairwise(names))
    return Comparisons(one for one in comparisons if (one.a, one.b) in following)


def compared(
    one: Results,
    other: Results,
    test: tuple[float, float, float],
    decision: Verdict,
    differs: dict[str, tuple[str, str]],
) -> Comparison:
    """A pair with its KS test and its verdict."""
    a, b = one.errors, other.errors
    mean = mean_difference(a, b)
    return Comparison(
        one.name,
        other.name,
        *test,
        *(mean.value, mean.low, mean.high),
        median=quantile_difference(a, b, 0.5),
        lower=quantile_difference(a, b, LOWER),
        detectable=detectable(a, b, decision.level),
        verdict=decision,
        differs=differs,
    )


def ks_test(a: ArrayLike, b: ArrayLike) -> tuple[float, float]:
    """Two-sample Kolmogorov–Smirnov statistic of errors (n,) and (m,), and its two-sided p-value.

    The p-value is exact up to n·m = 1,000,000, and up to 10,000 where n = m; beyond, it is that of the limiting
    distribution, which for 500 against 500 networks is a hundredth too large at p = 0.001.
    """
    x, y = np.sort(validate_errors(a)), np.sort(validate_errors(b))
    if len(x) * len(y) <= (EXACT if len(x) == len(y) else UNEQUAL):
        from scipy.stats import ks_2samp  # loading scipy.stats takes half a second

        result = ks_2samp(x, y, method="exact")
        return float(result.statistic), float(result.pvalue)
    at = np.concatenate([x, y])
    shares = [np.searchsorted(one, at, side="right") / len(one) for one in (x, y)]
    statistic = float(np.abs(shares[0] - shares[1]).max())
    return statistic, float(kolmogorov(statistic * np.sqrt(len(x) * len(y) / (len(x) + len(y)))))


def ks_critical(n: int, m: int, level: float = LEVEL) -> float:
    """The least KS statistic that is significant, for large n and m.

    >>> round(ks_critical(100, 100), 3), round(ks_critical(500, 500), 3)
    (0.192, 0.086)
    """
    return float(np.sqrt(np.log(2 / (1 - level)) / 2 * (n + m) / (n * m)))


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
