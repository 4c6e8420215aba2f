"""Compare each pair of populations: KS test, differences with intervals, and a verdict."""

import html
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import kolmogorov

from dsd.analysis.comparison.conditions import check_conditions, differing
from dsd.analysis.comparison.differences import LOWER, Difference, detectable, mover, quantile_interval, welch
from dsd.analysis.comparison.verdicts import DELTA, FEW, NONE, UNDECIDED, Verdict, decided, no_verdict
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.analysis.results.populations import Results, as_populations
from dsd.arrays import Floats
from dsd.errors import DsdError

MOST = 100  # populations, that is 4,950 pairs
PERCENT_ABOVE = 10  # errors of unknown unit can be losses or shares if their 95 % quantile is at most this
EXACT = 10_000  # largest n·m with an exact KS p-value if n = m
UNEQUAL = 1_000_000  # the same if n and m differ; the limiting distribution can then be inaccurate


@dataclass(frozen=True)
class Comparison:
    """Population b against population a; differences are b − a [points], negative if b is better.

    ks: largest distance between the two EDFs, 0 to 1
    p_value: two-sided p-value of `ks`
    p_holm: p_value corrected for all pairs compared (Holm)
    mean_difference: difference of mean error
    low, high: 95 % interval of `mean_difference` for this pair alone (Welch); NaN if a population has one network
    median, lower: differences of the median and of the 0.1 quantile, with 95 % intervals
    detectable: minimum detectable difference of means, with 80 % power at the level of the verdict
    verdict: the decision, from an interval that is simultaneous over all pairs
    differs: training conditions in which a and b differ, with both values; if any, there is no verdict and `p_holm` is
        NaN
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
        """JSON values; `median`, `lower` and `decision` are objects, `verdict` is the word."""
        return asdict(self) | {"verdict": self.verdict.word, "decision": asdict(self.verdict)}

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def __str__(self) -> str:
        seen = f"mean error {self.mean_difference:+.2f} points"
        if self.differs:
            conditions = "; ".join(f"{name} {a} and {b}" for name, (a, b) in self.differs.items())
            return f"{self.b} against {self.a}: no verdict, because they differ in {conditions}; {seen}"
        if self.verdict.word == NONE:
            return f"{self.b} against {self.a}: no verdict, because no planned look has made one; {seen}"
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
        more += f"; decided at look {self.verdict.look}" if self.verdict.look and self.verdict.word != UNDECIDED else ""
        return f"{sides[self.verdict.word]}: {seen} ({self.verdict.low:+.2f} to {self.verdict.high:+.2f}){more}"


class Comparisons(list[Comparison]):
    """A list of comparisons; `frame` is the same as a table."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per comparison: verdict, difference of means with the deciding interval, KS test."""
        rows = [
            {
                "a": pair.a,
                "b": pair.b,
                "verdict": pair.verdict.word,
                "mean_difference": pair.mean_difference,
                "low": pair.verdict.low,
                "high": pair.verdict.high,
                "ks": pair.ks,
                "p_holm": pair.p_holm,
                "detectable": pair.detectable,
            }
            for pair in self
        ]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["a", "b", "verdict"])

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False, float_format="{:.3g}".format))


def compare(
    populations: Any, delta: float | None = None, stepwise: bool = False, across: Sequence[str] = ()
) -> Comparisons:
    """Compare each pair of populations with results ([NDS] uses the KS test; the rest is ours).

    Args:
        populations: from `split_populations`; a DataFrame or the path of a table is split first
        delta: difference of mean error that is too small to matter [points]; None for 1 percent point
        stepwise: compare each population only with the previous one that has results, as in a sequence of refinements;
            p-values and verdicts are corrected for these pairs only
        across: training conditions (`results.columns.CONDITIONS`) in which pairs with a verdict can differ

    Raises:
        DsdError: more than 100 populations without `stepwise`; no delta, although errors can be losses or shares
    """
    populations = as_populations(populations)
    if len(populations) > MOST and not stepwise:
        raise DsdError(
            f"{len(populations):,} populations are too many to compare each pair; the maximum is {MOST}; group by "
            "another column (--by), or leave some out"
        )
    check_conditions(across)
    present = [results for results in populations if len(results)]
    delta = delta_for(present, delta) if len(present) > 1 else DELTA
    errors = [validate_errors(results.errors) for results in present]
    pairs = list(pairwise(range(len(present))) if stepwise else combinations(range(len(present)), 2))
    tests = [ks_test(errors[a], errors[b]) for a, b in pairs]
    differences = [differing(present[a], present[b], across) for a, b in pairs]
    judged = [not differs for differs in differences]
    corrected = np.full(len(pairs), np.nan)
    corrected[judged] = holm([p for (_, p), fair in zip(tests, judged, strict=True) if fair])
    level = 1 - (1 - LEVEL) / max(sum(judged), 1)
    return Comparisons(
        compared(
            (present[a].name, present[b].name),
            (errors[a], errors[b]),
            (ks, p, float(p_holm)),
            no_verdict(delta) if differs else decided(errors[a], errors[b], delta, level),
            differs,
        )
        for (a, b), (ks, p), p_holm, differs in zip(pairs, tests, corrected, differences, strict=True)
    )


def delta_for(populations: Sequence[Results], delta: float | None) -> float:
    """The difference of mean error that is too small to matter: `delta` if given, else 1 percent point.

    Raises:
        DsdError: delta is None, and the errors can be losses or shares
    """
    if delta is not None:
        return delta
    many = [results for results in populations if len(results) >= FEW]
    if len(many) < 2:
        return DELTA
    for results in many:
        if results.in_percent or np.quantile(results.errors, 0.95) > PERCENT_ABOVE:
            continue
        low, high = results.errors.min(), results.errors.max()
        raise DsdError(
            f"errors of {results.name} lie between {low:.3g} and {high:.3g}: if they are losses or shares, set --delta "
            f"to the difference of means that is too small to matter; if they are percent, use --delta {DELTA:g}"
        )
    return DELTA


def steps(comparisons: Sequence[Comparison], most: int) -> Comparisons:
    """All comparisons; if they are more than `most`, only those of each population with the previous one."""
    if len(comparisons) <= most:
        return Comparisons(comparisons)
    names = list(dict.fromkeys(name for pair in comparisons for name in (pair.a, pair.b)))
    following = set(pairwise(names))
    return Comparisons(pair for pair in comparisons if (pair.a, pair.b) in following)


def compared(
    names: tuple[str, str],
    errors: tuple[Floats, Floats],
    test: tuple[float, float, float],
    decision: Verdict,
    differs: dict[str, tuple[str, str]],
) -> Comparison:
    """The comparison of a pair, from its KS test, verdict and differing conditions."""
    mean = welch(*errors, LEVEL)
    median, lower = (mover(*(quantile_interval(values, q) for values in errors)) for q in (0.5, LOWER))
    return Comparison(
        *names,
        *test,
        *(mean.value, mean.low, mean.high),
        median=median,
        lower=lower,
        detectable=detectable(*errors, decision.level),
        verdict=decision,
        differs=differs,
    )


def ks_test(a: Floats, b: Floats) -> tuple[float, float]:
    """Two-sample Kolmogorov–Smirnov statistic of valid errors (n,) and (m,), and its two-sided p-value.

    The p-value is exact up to n·m = 1,000,000, or 10,000 if n = m. Beyond, it uses the limiting distribution, which is
    1 % too large at p = 0.001 for 500 against 500 networks.
    """
    x, y = np.sort(a), np.sort(b)
    if len(x) * len(y) <= (EXACT if len(x) == len(y) else UNEQUAL):
        from scipy.stats import ks_2samp  # loading scipy.stats takes half a second

        with suppress(RuntimeWarning), warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # the exact sum fails where the p-value is near 1
            result = ks_2samp(x, y, method="exact")
            return float(result.statistic), float(result.pvalue)
    at = np.concatenate([x, y])
    shares = [np.searchsorted(sample, at, side="right") / len(sample) for sample in (x, y)]
    statistic = float(np.abs(shares[0] - shares[1]).max())
    return statistic, float(kolmogorov(statistic * np.sqrt(len(x) * len(y) / (len(x) + len(y)))))


def ks_critical(n: int, m: int, level: float = LEVEL) -> float:
    """The critical value of the KS statistic for large n and m.

    >>> round(ks_critical(100, 100), 3), round(ks_critical(500, 500), 3)
    (0.192, 0.086)
    """
    return float(np.sqrt(np.log(2 / (1 - level)) / 2 * (n + m) / (n * m)))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Holm's step-down correction of p-values (k,), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
