"""Compare two populations at equal complexity: the error that both would have if their flops were distributed alike.

The common distribution is that of both populations together, within the range that they share: B bins with about the
same number of networks, each with weight 1/B. In a bin, a population's mean error is

    mean over networks in the bin that are not trained of λ m(x) + mean over trained ones of (e_i − λ m₋ᵢ(x_i)),

as in `dsd.analysis.adjusted`; the mean of the B bins is its standardised mean. Where untrained networks of both
populations can be drawn, m is their surrogate. Else m is a ridge regression of error on the logarithm of complexity and
its square, and is averaged over the complexities of both populations in the bin. The normalised EDF ([NDS] §3.3) uses
the same bins. Standardisation is as in epidemiology and survey sampling (post-stratification); its use here is ours.
Shape letters: n networks of a population, B bins.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.adjusted.estimates import (
    AdjustedMean,
    Predictions,
    adjusted_difference,
    freedom_with_tails,
    predictions_of,
)
from dsd.analysis.adjusted.features import features_of
from dsd.analysis.adjusted.populations import Adjusted
from dsd.analysis.comparison.differences import Difference
from dsd.analysis.distribution.normalised import BINS, bin_of, permutation_ks
from dsd.analysis.results.populations import Results
from dsd.architecture.complexities import MEASURES
from dsd.architecture.units import readable
from dsd.errors import DsdError, known, shortened

Doubles = NDArray[np.float64]
FEWEST_IN_BIN = 5  # trained networks of each population
RELABELLINGS = 999  # of the permutation test of the normalised EDFs


@dataclass(frozen=True)
class EqualComplexity:
    """Populations a and b at equal complexity.

    measure: flops, params or acts
    low, high: the range that both populations share; NaN if there is none
    bins: number of bins; 0 if the range holds too few networks of a population
    share_a, share_b: shares of the trained networks inside the range
    difference: of the standardised means, b − a, with its 95 % interval for this pair alone [points]
    ks, p_value: largest distance of the normalised EDFs, and the p-value of a permutation test within bins
    """

    measure: str
    low: float
    high: float
    bins: int
    share_a: float
    share_b: float
    difference: Difference
    ks: float = math.nan
    p_value: float = math.nan
    means: tuple[AdjustedMean, AdjustedMean] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if not self.bins:
            return f"they share no range of {self.measure} with enough networks of both"
        ends = " to ".join(readable(self.measure, end) for end in (self.low, self.high))
        return f"at equal {self.measure}, {ends} ({self.share_b:.0%} of b, {self.share_a:.0%} of a)"


def check_measure(measure: str) -> None:
    """Raise DsdError if a name is not a measure of complexity."""
    if measure not in MEASURES:
        raise DsdError(f"--at-equal {measure}: choose one of: {known(MEASURES)}")


def complexities_of(results: Results, measure: str) -> Doubles:
    """The complexities (n,) of the networks of a population.

    Raises:
        DsdError: the column is missing, holds text or gaps, or values that are not positive
    """
    if measure not in results.frame:
        raise DsdError(f"{results.name}: has no column {measure} (--at-equal); its columns are: {known(results.frame)}")
    column = results.frame[measure]
    if not pd.api.types.is_numeric_dtype(column):
        raise DsdError(f"{results.name}: column {measure} (--at-equal) holds text; give numbers")
    values: Doubles = column.to_numpy(float, na_value=np.nan)
    wrong = np.flatnonzero(~(values > 0))
    if len(wrong):
        row = results.frame.index[wrong[0]] + 1
        raise DsdError(f"{results.name}: {measure} = {column.iloc[wrong[0]]} in row {row} (--at-equal); give it")
    return values


def edges_of(x: Doubles, y: Doubles) -> Doubles | None:
    """Edges (B + 1,) of the most bins, up to 10, with enough networks of both populations; None if there are none."""
    low, high = max(x.min(), y.min()), min(x.max(), y.max())
    both = np.sort(np.concatenate([x, y]))
    both = both[(both >= low) & (both <= high)]
    if low > high or not len(both):
        return None
    for bins in range(BINS, 0, -1):
        edges = np.quantile(both, np.linspace(0, 1, bins + 1))
        edges[0], edges[-1] = low, high
        if bins > 1 and not (np.diff(edges) > 0).all():
            continue
        counts = [np.bincount(bin_of(values, edges) + 1, minlength=bins + 1)[1:] for values in (x, y)]
        if min(count.min() for count in counts) >= FEWEST_IN_BIN:
            return np.asarray(edges, float)
    return None


def at_equal(a: Results, b: Results, measure: str, adjusted: Adjusted, rng: np.random.Generator) -> EqualComplexity:
    """Compare two populations at equal complexity.

    Args:
        adjusted: predictions for the populations whose untrained networks can be drawn
        rng: of the permutation test; same generator, same p-value

    Raises:
        DsdError: `measure` is missing or incomplete in a table
    """
    for results in (a, b):
        if results.stratified:
            raise DsdError(f"--at-equal {measure}: {results.name} is drawn in strata, with weights; leave it out")
    x, y = complexities_of(a, measure), complexities_of(b, measure)
    edges = edges_of(x, y)
    if edges is None:
        low, high = max(x.min(), y.min()), min(x.max(), y.max())
        ends = (float(low), float(high)) if low <= high else (math.nan, math.nan)
        return EqualComplexity(measure, *ends, 0, share(x, *ends), share(y, *ends), Difference(*[math.nan] * 3))
    predictions, drawn = predicted(a, b, x, y, edges, measure, adjusted)
    means = tuple(
        standardised(own, values, free, edges) for own, values, free in zip(predictions, (x, y), drawn, strict=True)
    )
    ks, p_value = permutation_ks([a.errors, b.errors], [x, y], edges, rng=rng, relabellings=RELABELLINGS)
    ends = (float(edges[0]), float(edges[-1]))
    return EqualComplexity(
        measure,
        *ends,
        bins=len(edges) - 1,
        share_a=share(x, *ends),
        share_b=share(y, *ends),
        difference=adjusted_difference(means[0], means[1]),
        ks=ks,
        p_value=p_value,
        means=(means[0], means[1]),
    )


def share(values: Doubles, low: float, high: float) -> float:
    """The share of values (n,) in a range."""
    return float(inside(values, low, high).mean())


def inside(values: Doubles, low: float, high: float) -> NDArray[np.bool_]:
    """Which values (n,) lie in a range; none if it is NaN."""
    return (values >= low) & (values <= high)


def numbers_of(drawn: pd.DataFrame, measure: str) -> Doubles:
    """The complexities (N,) of drawn networks; NaN where they are not known, so that they lie in no bin."""
    if measure not in drawn or not pd.api.types.is_numeric_dtype(drawn[measure]):
        return np.full(len(drawn), np.nan)
    values: Doubles = drawn[measure].to_numpy(float, na_value=np.nan)
    return values


def predicted(
    a: Results, b: Results, x: Doubles, y: Doubles, edges: Doubles, measure: str, adjusted: Adjusted
) -> tuple[list[Predictions], list[Doubles]]:
    """Predictions for both populations, and the complexities (N,) of the networks that are predicted for each."""
    if a.name in adjusted.predictions and b.name in adjusted.predictions:
        names = (a.name, b.name)
        drawn = [numbers_of(adjusted.drawn[name], measure) for name in names]
        bins = [np.bincount(bin_of(values, edges) + 1, minlength=len(edges))[1:] for values in drawn]
        if min(count.min() for count in bins) > 0:
            return [adjusted.predictions[name] for name in names], drawn
    both = np.concatenate([x, y])
    both = both[inside(both, edges[0], edges[-1])]
    tables = [pd.DataFrame({measure: values}) for values in (x, y)]
    common = pd.DataFrame({measure: both})
    features = features_of(tables, [common, common])
    return predictions_of(features, [a.errors, b.errors]), [both, both]


def standardised(of: Predictions, x: Doubles, drawn: Doubles, edges: Doubles) -> AdjustedMean:
    """The standardised mean error of a population from its trained networks x (n,) and predicted ones (N,)."""
    own, free = bin_of(x, edges), bin_of(drawn, edges)
    bins, power = len(edges) - 1, of.power
    corrected = of.errors - power * of.left_out
    value = extrapolation = plain = 0.0
    rest, variances, degrees, noise = np.zeros(0), np.zeros(bins), np.zeros(bins), 0.0
    for b in range(bins):
        e, z, m = of.errors[own == b], corrected[own == b], power * of.predicted[free == b]
        value += (z.mean() + m.mean()) / bins
        plain += e.mean() / bins
        variances[b], degrees[b] = z.var(ddof=1) / len(z) / bins**2, len(z) - 1
        noise += m.var() / len(m) / bins**2
        extrapolation += float(of.beyond[free == b].mean()) / bins
        rest = np.append(rest, z - z.mean())
    n, variance = len(rest), float(variances.sum())
    freedom = variance**2 / float((variances**2 / degrees).sum()) if variance > 0 else float(n - bins)
    return AdjustedMean(
        value=float(value),
        variance=variance + noise,
        freedom=min(freedom, freedom_with_tails(rest)),
        extrapolation=extrapolation,
        n=n,
        plain=Difference(float(plain), math.nan, math.nan),
        r2=1 - float(rest @ rest) / max(float(of.errors.var()) * n, 1e-300),
        corrected=corrected[own >= 0],
    )


def coverage_notes(pairs: Mapping[tuple[str, str], EqualComplexity]) -> list[str]:
    """Sentences on the range in which pairs of populations are compared, and on those without one."""
    covered = [f"{b} and {a} {equal}" for (a, b), equal in pairs.items() if equal.bins]
    apart = [f"{b} and {a}" for (a, b), equal in pairs.items() if not equal.bins]
    notes = [f"Compared {shortened('; '.join(covered), 600)}."] if covered else []
    if apart:
        names = shortened("; ".join(apart), 300)
        notes.append(f"No verdict, because no common range of complexity holds networks of both: {names}.")
    return notes
