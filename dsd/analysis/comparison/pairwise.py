"""Compare each pair of populations: KS test, differences with intervals, and a verdict."""

import html
import math
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import kolmogorov

from dsd.analysis.adjusted.estimates import groups_of
from dsd.analysis.adjusted.populations import Adjusted, AdjustedPair, adjust
from dsd.analysis.comparison.conditions import check_conditions, differing, named_by
from dsd.analysis.comparison.contrasts import PAIR, Groups, contrast, contrast_detectable, groups_of_pair
from dsd.analysis.comparison.differences import LOWER, Difference, mean_within, mover, quantile_interval
from dsd.analysis.comparison.equal_complexity import EqualComplexity, check_measure
from dsd.analysis.comparison.equal_complexity import at_equal as compare_at_equal
from dsd.analysis.comparison.pairing import Paired, matched, named_networks
from dsd.analysis.comparison.superiority import Superiority, of_independent, within_pairs
from dsd.analysis.comparison.verdicts import (
    ADJUSTED,
    AT_EQUAL,
    DELTA,
    FEW,
    NONE,
    UNDECIDED,
    Verdict,
    decided_by,
    decided_within,
    no_verdict,
)
from dsd.analysis.distribution.empirical import LEVEL, validate_errors
from dsd.analysis.distribution.stratified import distance, weighted_quantiles
from dsd.analysis.results.populations import Results, as_populations
from dsd.arrays import Floats
from dsd.errors import DsdError, shortened

MOST = 100  # populations, that is 4,950 pairs
PERCENT_ABOVE = 10  # errors of unknown unit can be losses or shares if their 95 % quantile is at most this
EXACT = 10_000  # largest n·m with an exact KS p-value if n = m
UNEQUAL = 1_000_000  # the same if n and m differ; the limiting distribution can then be inaccurate


@dataclass(frozen=True)
class Comparison:
    """Population b against population a; differences are b − a [points], negative if b is better.

    ks: largest distance between the two EDFs, 0 to 1
    p_value: two-sided p-value of `ks`; NaN if a or b is stratified
    p_holm: p_value corrected for all pairs compared (Holm)
    mean_difference: difference of mean error
    low, high: 95 % interval of `mean_difference` for this pair alone (Welch; with strata, `contrasts`); NaN if a
        population or stratum has one network
    median, lower: differences of the median and of the 0.1 quantile, with 95 % intervals; no interval with strata
    superiority: P(error of b < error of a), ties half, with a 95 % interval for this pair alone; NaN with strata
    detectable: minimum detectable difference of means, with 80 % power at the level of the verdict
    verdict: the decision, from an interval that is simultaneous over all pairs
    differs: training conditions in which a and b differ, with both values; if any, there is no verdict and `p_holm` is
        NaN
    adjusted: difference of adjusted means with its 95 % interval for this pair alone; None if a or b has none
    plain: the verdict by the plain interval; equals `verdict` unless another estimate decides
    equal: the comparison at equal complexity; None unless asked for
    paired: how networks were paired; None for independent samples. If paired, all differences are within networks:
        `mean_difference` is the mean of b − a (Student's t), `median` the median of b − a (order statistics),
        `superiority` the share of networks with a lower error in b (Clopper and Pearson); `ks`, its p-values and
        `lower` are NaN
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
    superiority: Superiority
    detectable: float
    verdict: Verdict
    differs: dict[str, tuple[str, str]] = field(default_factory=dict)
    paired: Paired | None = None
    adjusted: Difference | None = None
    plain: Verdict | None = None
    equal: EqualComplexity | None = None

    @property
    def estimate(self) -> float:
        """The difference of means that decides: plain, adjusted, or at equal complexity [points]."""
        if self.equal:
            return self.equal.difference.value
        if self.verdict.look:
            return (self.verdict.low + self.verdict.high) / 2
        return self.adjusted.value if self.adjusted and self.verdict.by == ADJUSTED else self.mean_difference

    def as_json(self) -> dict[str, Any]:
        """JSON values; `median`, `lower`, `superiority`, `paired` and `decision` are objects, `verdict` is the word."""
        own = self.adjusted
        adjusted = {"difference": own.value, "low": own.low, "high": own.high} if own else None
        words = {"verdict": self.verdict.word, "decision": asdict(self.verdict)}
        return asdict(replace(self, equal=None)) | words | {"adjusted": adjusted, "equal": as_json(self.equal)}

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def __str__(self) -> str:
        adjusted = "adjusted " if self.verdict.by == ADJUSTED else ""
        seen = f"{adjusted}mean error {self.estimate:+.2f} points"
        if self.paired:
            seen += f" within {self.paired.n:,} networks paired by {self.paired.by}"
        if self.differs:
            conditions = "; ".join(f"{name} {a} and {b}" for name, (a, b) in self.differs.items())
            return f"{self.b} against {self.a}: no verdict, because they differ in {conditions}; {seen}"
        if self.equal and not self.equal.bins:
            return f"{self.b} against {self.a}: no verdict, because {self.equal}"
        if self.equal:
            seen += f" {self.equal}"
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
        each = "networks in both" if self.paired else "networks of each"
        more = f"; n for 80 % power: {power:,} {each}, always decisive: {always:,}" if always else ""
        if self.verdict.low != self.verdict.low:
            where = "in both" if self.paired else "in one of them"
            return f"{sides[self.verdict.word]}: {seen}, but fewer than {FEW} networks {where}"
        more += f"; decided at look {self.verdict.look}" if self.verdict.look and self.verdict.word != UNDECIDED else ""
        return f"{sides[self.verdict.word]}: {seen} ({self.verdict.low:+.2f} to {self.verdict.high:+.2f}){more}"


def as_json(equal: EqualComplexity | None) -> dict[str, Any] | None:
    """A comparison at equal complexity as JSON values."""
    return None if equal is None else {k: v for k, v in asdict(replace(equal, means=None)).items() if k != "means"}


class Comparisons(list[Comparison]):
    """A list of comparisons; `frame` is the same as a table."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per comparison: verdict, difference of means with the deciding interval, superiority, KS test.

        paired: networks in both populations; 0 for independent samples
        """
        rows = [
            {
                "a": pair.a,
                "b": pair.b,
                "verdict": pair.verdict.word,
                "mean_difference": pair.mean_difference,
                "adjusted_difference": pair.adjusted.value if pair.adjusted else np.nan,
                "by": pair.verdict.by,
                "low": pair.verdict.low,
                "high": pair.verdict.high,
                "superiority": pair.superiority.value,
                "superiority_low": pair.superiority.low,
                "superiority_high": pair.superiority.high,
                "ks": pair.ks,
                "p_holm": pair.p_holm,
                "detectable": pair.detectable,
                "paired": pair.paired.n if pair.paired else 0,
            }
            for pair in self
        ]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["a", "b", "verdict"])

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False, float_format="{:.3g}".format))


def compare(
    populations: Any,
    delta: float | None = None,
    stepwise: bool = False,
    across: Sequence[str] = (),
    pair: str | None = None,
    adjusted: Adjusted | None = None,
    at_equal: str | None = None,
) -> Comparisons:
    """Compare each pair of populations with results ([NDS] uses the KS test; the rest is ours).

    Args:
        populations: from `split_populations`; a DataFrame or the path of a table is split first
        delta: difference of mean error that is too small to matter [points]; None for 1 percent point
        stepwise: compare each population only with the previous one that has results, as in a sequence of refinements;
            p-values and verdicts are corrected for these pairs only
        across: training conditions (`results.columns.CONDITIONS`) in which pairs with a verdict can differ
        pair: column that identifies networks, such as `key`, to compare the networks of both populations within
            networks; pairs of populations without a network in common are left out. The condition that names the
            populations, such as recipe, can then differ. None for independent samples
        adjusted: adjusted mean errors (`dsd.analysis.adjust`); they decide between two populations that have one. None
            computes them from the draws of the populations; `Adjusted()` compares plain means
        at_equal: flops, params or acts, to compare populations at equal complexity; None for as they are

    Raises:
        DsdError: more than 100 populations without `stepwise`; no delta, although errors can be losses or shares;
            `pair` is missing in a table, names two rows of a population, or no two populations have a network in common
    """
    populations = as_populations(populations)
    if len(populations) > MOST and not stepwise:
        raise DsdError(
            f"{len(populations):,} populations are too many to compare each pair; the maximum is {MOST}; group by "
            "another column (--by), or leave some out"
        )
    check_conditions(across)
    if at_equal is not None:
        check_measure(at_equal)
        if pair is not None:
            raise DsdError(f"--at-equal {at_equal}: networks paired by {pair} have equal {at_equal}; leave one out")
    present = [results for results in populations if len(results)]
    delta = delta_for(present, delta) if len(present) > 1 else DELTA
    for results in present:
        validate_errors(results.errors)
    pairs = list(pairwise(range(len(present))) if stepwise else combinations(range(len(present)), 2))
    if pair is not None:
        if len(populations) < 2:
            names = ", ".join(results.name for results in populations)
            raise DsdError(f"--pair {pair} compares two populations; there is one, {names}; name others with --by")
        return compare_within([(present[a], present[b]) for a, b in pairs], delta, across, pair, stepwise)
    adjusted = adjust(present) if adjusted is None else adjusted
    tests = [ks_of(present[a], present[b]) for a, b in pairs]
    differences = [differing(present[a], present[b], across) for a, b in pairs]
    judged = [not differs for differs in differences]
    corrected = np.full(len(pairs), np.nan)
    tested = [fair and p == p for (_, p), fair in zip(tests, judged, strict=True)]
    corrected[tested] = holm([p for (_, p), fair in zip(tests, tested, strict=True) if fair])
    equal = [equal_of(present[a], present[b], at_equal, adjusted) for a, b in pairs]
    level = 1 - (1 - LEVEL) / max(sum(judged), 1)
    contrasts = [groups_of_pair(present[a], present[b]) for a, b in pairs]
    return Comparisons(
        compared(
            (present[a], present[b]),
            groups,
            (ks, p, float(p_holm)),
            delta,
            level,
            differs,
            adjusted.pair(present[a], present[b]),
            own,
        )
        for (a, b), groups, (ks, p), p_holm, differs, own in zip(
            pairs, contrasts, tests, corrected, differences, equal, strict=True
        )
    )


def equal_of(a: Results, b: Results, measure: str | None, adjusted: Adjusted) -> EqualComplexity | None:
    """The comparison of two populations at equal complexity; None if no measure is given."""
    return None if measure is None else compare_at_equal(a, b, measure, adjusted, np.random.default_rng(0))


def compare_within(
    pairs: Sequence[tuple[Results, Results]], delta: float, across: Sequence[str], column: str, stepwise: bool
) -> Comparisons:
    """`compare` within the networks that both populations of a pair have; the level counts pairs with 5 or more.

    Raises:
        DsdError: the column is missing or names two rows of a population, or no pair has a network in common
    """
    populations = {results.name: results for pair in pairs for results in pair}
    networks = {name: named_networks(results, column) for name, results in populations.items()}
    found = [(a, b, *matched(networks[a.name], networks[b.name], column)) for a, b in pairs]
    found = [row for row in found if row[-1].n]
    if pairs and not found:
        which = "no population shares with the one before it" if stepwise else "no two populations share"
        remedy = "leave out --stepwise, " if stepwise else ""
        names = shortened(", ".join(populations), 400)
        raise DsdError(
            f"--pair {column}: {which} a value of {column} from different runs (populations: {names}); {remedy}group "
            "by the column in which the trainings of a network differ (--by recipe), or pair by another column"
        )
    differences = [differing(a, b, (*across, *named_by((a, b)))) for a, b, *_ in found]
    judged = sum(not differs and row[-1].n >= FEW for row, differs in zip(found, differences, strict=True))
    level = 1 - (1 - LEVEL) / max(judged, 1)
    return Comparisons(
        compared_within(
            (a.name, b.name),
            y - x,
            no_verdict(delta) if differs else decided_within(y - x, delta, level),
            differs,
            paired,
        )
        for (a, b, x, y, paired), differs in zip(found, differences, strict=True)
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
    """All comparisons; if they are more than `most`, only those of each population with the previous one.

    If they are paired, those with the most networks in both populations.
    """
    if len(comparisons) <= most:
        return Comparisons(comparisons)
    if counts := [pair.paired.n for pair in comparisons if pair.paired]:
        largest = set(np.argsort(np.negative(counts), kind="stable")[:most])
        return Comparisons(pair for i, pair in enumerate(comparisons) if i in largest)
    names = list(dict.fromkeys(name for pair in comparisons for name in (pair.a, pair.b)))
    following = set(pairwise(names))
    return Comparisons(pair for pair in comparisons if (pair.a, pair.b) in following)


def compared(
    pair: tuple[Results, Results],
    groups: tuple[Groups, Floats],
    test: tuple[float, float, float],
    delta: float,
    level: float,
    differs: dict[str, tuple[str, str]],
    adjusted: AdjustedPair | None,
    equal: EqualComplexity | None,
) -> Comparison:
    """The comparison of a pair, from its contrast, KS test, differing conditions, and estimates that decide instead."""
    plain = no_verdict(delta) if differs else decided_by(*groups, delta, level)
    decision = plain
    if not differs and equal:
        decision = (
            decided_by(groups_of(equal.means), PAIR, delta, level, AT_EQUAL) if equal.means else no_verdict(delta)
        )
    elif not differs and adjusted and adjusted.helps:
        decision = decided_by(adjusted.groups, adjusted.coefficients, delta, level, ADJUSTED)
    mean = contrast(*groups, LEVEL)
    median, lower = (mover(*(quantile_of(results, q) for results in pair)) for q in (0.5, LOWER))
    return Comparison(
        pair[0].name,
        pair[1].name,
        *test,
        *(mean.value, mean.low, mean.high),
        median=median,
        lower=lower,
        superiority=superiority_of(*pair),
        detectable=contrast_detectable(*groups, decision.level),
        verdict=decision,
        differs=differs,
        adjusted=contrast(adjusted.groups, adjusted.coefficients) if adjusted else None,
        equal=equal,
        plain=plain,
    )


def compared_within(
    names: tuple[str, str],
    within: Floats,
    decision: Verdict,
    differs: dict[str, tuple[str, str]],
    paired: Paired,
) -> Comparison:
    """The comparison of a pair, from the differences b − a within networks (n,)."""
    mean = mean_within(within, LEVEL)
    return Comparison(
        *names,
        *(math.nan, math.nan, math.nan),
        *(mean.value, mean.low, mean.high),
        median=quantile_interval(within, 0.5),
        lower=Difference(math.nan, math.nan, math.nan),
        superiority=within_pairs(within, LEVEL),
        detectable=contrast_detectable(Groups.of((within,)), np.ones(1), decision.level),
        verdict=decision,
        differs=differs,
        paired=paired,
        plain=decision,
    )


def superiority_of(a: Results, b: Results) -> Superiority:
    """P(error of b < error of a); NaN with strata, whose networks are not equally likely."""
    if a.stratified or b.stratified:
        return Superiority(math.nan, math.nan, math.nan)
    return of_independent(a.errors, b.errors, LEVEL)


def quantile_of(results: Results, q: float) -> Difference:
    """A quantile of a population and its interval; no interval with strata: order statistics do not apply."""
    if not results.stratified:
        return quantile_interval(results.errors, q)
    (value,) = weighted_quantiles(results.errors, results.weights, [q])
    return Difference(value, math.nan, math.nan)


def ks_of(a: Results, b: Results) -> tuple[float, float]:
    """The KS statistic of two populations and its p-value; NaN with strata, for which the test is not defined."""
    if a.stratified or b.stratified:
        return distance(a, b), math.nan
    return ks_test(a.errors, b.errors)


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
