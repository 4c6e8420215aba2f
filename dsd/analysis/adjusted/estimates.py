"""Adjusted estimates of mean error: trained networks, corrected for how they differ from the space they come from.

n networks of a population are trained (errors e_i), N more of its distribution are only drawn. With a surrogate m,

    θ̂ = mean over the N of λ m(x) + mean over the n of (e_i − λ m₋ᵢ(x_i)),

with m₋ᵢ fitted without network i. This is right for any m; its variance is about σ²(1 − R²)/n + R²σ²/N. Sources: the
difference and generalised regression estimator of survey sampling (Cassel, Särndal and Wretman 1976); control variates;
prediction-powered inference (Angelopoulos et al. 2023) with its power tuning λ (PPI++, arXiv:2311.01453);
cross-prediction (Zrnic and Candès 2024). Ours:

- Degrees of freedom of Student's t allow for heavy tails: 2 / (2/(n − 1) + κ/n), with κ ≥ 0 the excess kurtosis of the
  e_i − λ m₋ᵢ(x_i). For κ = 0 these are the usual n − 1.
- Extrapolation: the interval is widened at both ends by the mean of |m(x) − m(x clipped to the trained range of each
  feature)| over the draws, plus two standard deviations of error for a draw with a value that no trained network has,
  such as a text that occurs in draws alone. Without it, an interval misses what rare networks do.
- Draws that are trained networks have a known error, which is used; the variance is 1 − (their share) times as large.
- If the adjusted interval is not narrower than the plain one, the plain one is the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dsd.analysis.adjusted.features import Features
from dsd.analysis.adjusted.surrogate import fit_surrogate
from dsd.analysis.comparison.contrasts import PAIR, Difference, Groups, contrast, freedom_of, margin_of
from dsd.analysis.distribution.empirical import LEVEL
from dsd.arrays import Floats

UNSEEN = 2.0  # standard deviations of error for a draw whose like was not trained
FEWEST = 30  # trained networks of a population; coverage was not measured below


@dataclass(frozen=True)
class AdjustedMean:
    """The adjusted mean error of one population, and what its interval is made of.

    value: θ̂ [%]
    variance: of θ̂
    freedom: degrees of freedom of Student's t
    extrapolation: half-width added for networks outside the trained range [points]
    n: trained networks
    plain: their mean, with its t interval
    r2: share of the variance of error that the surrogate explains, from left-out predictions; can be negative
    corrected: (n,) e_i − λ m₋ᵢ(x_i)
    helps: whether the interval is narrower than the plain one
    variance_of_error: of the trained networks, divided by n
    """

    value: float
    variance: float
    freedom: float
    extrapolation: float
    n: int
    plain: Difference
    r2: float
    corrected: Floats = field(repr=False)
    helps: bool = True
    variance_of_error: float = 0.0

    def interval(self, level: float = LEVEL) -> Difference:
        """θ̂ with its confidence interval."""
        half = half_width(self.variance, self.freedom, self.extrapolation, level)
        return Difference(self.value, self.value - half, self.value + half)

    @property
    def as_if_n(self) -> int:
        """How many trained networks would give a plain interval as narrow as this one."""
        half = half_width(self.variance, self.freedom, self.extrapolation, LEVEL)
        plain = (self.plain.high - self.plain.low) / 2
        return round(self.n * (plain / half) ** 2) if half > 0 else self.n


def half_width(variance: float, freedom: float, extrapolation: float, level: float) -> float:
    """The half-width of a t interval, with the allowance for extrapolation."""
    return float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance) + extrapolation


@dataclass(frozen=True)
class Predictions:
    """What the surrogate predicts for one population.

    errors: (n,) of the trained networks
    left_out: (n,) their predictions by the surrogate without them
    predicted: (N,) predictions for the draws
    clipped: (N,) the same with each feature clipped to its trained range
    known: (N,) error of each draw that is a trained network, else NaN
    unseen: (N,) whether a draw differs from all trained networks in a feature that these have in common
    """

    errors: Floats
    left_out: Floats
    predicted: Floats
    clipped: Floats
    known: Floats
    unseen: NDArray[np.bool_]

    @cached_property
    def power(self) -> float:
        """λ of PPI++ without its term 1 + n/N: the slope of error on m₋ᵢ, from 0 to 1."""
        return slope(self.errors, self.left_out)

    @cached_property
    def beyond(self) -> Floats:
        """(N,) how far the prediction of each draw rests on extrapolation [points]."""
        unseen = UNSEEN * float(self.errors.std(ddof=1)) * self.unseen
        return self.power * np.abs(self.predicted - self.clipped) + unseen


def predictions_of(
    features: Sequence[Features], errors: Sequence[Floats], known: Sequence[Floats] | None = None
) -> list[Predictions]:
    """Fit one surrogate to all of K populations and predict their networks.

    Args:
        features: of the trained and of the drawn networks of each population
        errors: K arrays (n_k,) of the trained networks, in the order of the features; n_k ≥ 2
        known: K arrays (N_k,), the error of each drawn network that is a trained one, else NaN; None: all NaN
    """
    surrogate = fit_surrogate([own.trained for own in features], errors)
    everything = np.concatenate([own.trained for own in features])
    common = np.flatnonzero((everything == everything[0]).all(axis=0))
    return [
        Predictions(
            errors=e,
            left_out=surrogate.left_out[k],
            predicted=surrogate.predict(k, own.drawn),
            clipped=surrogate.predict(k, np.clip(own.drawn, own.trained.min(axis=0), own.trained.max(axis=0))),
            known=np.full(len(own.drawn), np.nan) if known is None else known[k],
            unseen=(own.drawn[:, common] != everything[0, common]).any(axis=1),
        )
        for k, (own, e) in enumerate(zip(features, errors, strict=True))
    ]


def adjusted_mean(of: Predictions) -> AdjustedMean:
    """Estimate the mean error of one population."""
    e, power, n = of.errors, of.power, len(of.errors)
    corrected = e - power * of.left_out
    open_ = np.isnan(of.known)
    share = float(open_.mean())
    value, variance = float(e.mean()), float(e.var(ddof=1)) / n
    plain_half = half_width(variance, n - 1, 0.0, LEVEL)
    plain = Difference(value, value - plain_half, value + plain_half)
    r2 = 1 - float(corrected.var()) / float(e.var()) if e.var() > 0 else 0.0
    if not share:  # every network of the space is trained
        exact = float(of.known.mean())
        return AdjustedMean(exact, 0.0, n - 1, 0.0, n, plain, r2, corrected, variance_of_error=float(e.var()))
    rest = of.predicted[open_]
    estimate = share * (float(corrected.mean()) + power * float(rest.mean()))
    estimate += (1 - share) * float(of.known[~open_].mean()) if share < 1 else 0.0
    noise = power**2 * float(of.predicted.var(ddof=1)) / len(of.predicted)
    adjusted = AdjustedMean(
        value=estimate,
        variance=share * float(corrected.var(ddof=1)) / n + noise,
        freedom=freedom_with_tails(corrected),
        extrapolation=share * float(of.beyond[open_].mean()),
        n=n,
        plain=plain,
        r2=r2,
        corrected=corrected,
        variance_of_error=float(e.var()),
    )
    if adjusted.interval().high - adjusted.value < plain_half:
        return adjusted
    return replace(adjusted, value=value, variance=variance, freedom=n - 1, extrapolation=0.0, helps=False)


def slope(e: Floats, prediction: Floats) -> float:
    """The slope of values (n,) on their predictions, from 0 to 1; 0 if the predictions do not vary."""
    spread = float(prediction.var())
    if not spread > 1e-12 * float(e.var()):
        return 0.0
    return float(np.clip(((e - e.mean()) @ (prediction - prediction.mean())) / len(e) / spread, 0, 1))


def freedom_with_tails(values: Floats) -> float:
    """Degrees of freedom of the variance of values (n,), which heavy tails lower."""
    n, centred = len(values), values - values.mean()
    second = float((centred**2).mean())
    kurtosis = max(float((centred**4).mean()) / second**2 - 3, 0.0) if second > 0 else 0.0
    return 2 / (2 / (n - 1) + kurtosis / n)


def groups_of(means: Sequence[AdjustedMean]) -> Groups:
    """Adjusted means as groups of a contrast, whose margin is the extrapolation."""
    return Groups(
        n=np.array([mean.n for mean in means], np.int64),
        mean=np.array([mean.value for mean in means], float),
        variance=np.array([mean.n * mean.variance for mean in means], float),
        freedom=np.array([mean.freedom for mean in means], float),
        margin=np.array([mean.extrapolation for mean in means], float),
    )


def adjusted_difference(a: AdjustedMean, b: AdjustedMean, level: float = LEVEL) -> Difference:
    """The difference of adjusted means, b − a, with its interval (Welch–Satterthwaite)."""
    return contrast(groups_of([a, b]), PAIR, level)


def combined(means: Sequence[AdjustedMean], shares: Floats) -> AdjustedMean:
    """The adjusted mean of a population of strata, from those of the strata and their shares (k,)."""
    if len(means) == 1:
        return means[0]
    groups = groups_of(means)
    variance = float((shares**2 * groups.variance / groups.n).sum())
    plain = [(mean.plain.value, (mean.plain.high - mean.plain.low) / 2) for mean in means]
    value, half = float(shares @ [own for own, _ in plain]), float(np.linalg.norm(shares * [own for _, own in plain]))
    errors, rest = (
        float(shares @ [values(mean) for mean in means])
        for values in (lambda mean: mean.variance_of_error, lambda mean: float(mean.corrected.var()))
    )
    return AdjustedMean(
        value=float(shares @ groups.mean),
        variance=variance,
        freedom=freedom_of(groups, shares) if variance > 0 else float(groups.n.sum()),
        extrapolation=margin_of(groups, shares),
        n=int(groups.n.sum()),
        plain=Difference(value, value - half, value + half),
        r2=1 - rest / errors if errors > 0 else 0.0,
        corrected=np.concatenate([mean.corrected for mean in means]),
        helps=any(mean.helps for mean in means),
        variance_of_error=errors,
    )
