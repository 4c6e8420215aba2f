"""Adjusted estimates of the error EDF and of quantiles.

With the residuals r_i = e_i − λ m₋ᵢ(x_i) of the n trained networks and their EDF G, the surrogate gives the
probability that a network errs less than t as G(t − λ m(x)). The estimate is

    F̂(t) = EDF(t) + λ_t [mean over the N draws of G(t − λ m(x)) − mean over the n of G₋ᵢ(t − λ m₋ᵢ(x_i))],

with G₋ᵢ without network i, and λ_t from 0 to 1 the slope of 1[e_i < t] on the second term (power tuning). It is right
for any m. Rao, Kovar and Mantel 1990, with leave-one-out and power tuning (ours). F̂ is then made monotone, from 0 to 1.
The band is simultaneous over all t: its half-width is the 95 % quantile of the largest deviation in a Gaussian
multiplier bootstrap of the terms of F̂. Shape letters: n trained networks, N draws, m errors t.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from dsd.analysis.adjusted.estimates import Predictions, slope
from dsd.analysis.comparison.differences import Difference
from dsd.analysis.distribution.empirical import LEVEL, Band, dkw_half_width, edf
from dsd.arrays import Floats
from dsd.errors import DsdError
from dsd.typed import quoted

REPLICATES = 1_000  # of the multiplier bootstrap, with fixed seed
THINNED = 500  # draws for the variance that they add
POINTS = 400  # errors t of the band, at most


@dataclass(frozen=True)
class AdjustedEdf:
    """The adjusted EDF at m errors.

    at: (m,) errors t, increasing [%]
    share: (m,) F̂(t), non-decreasing, 0 to 1
    band: simultaneous confidence band
    errors: (m,) standard error of F̂(t)
    """

    at: Floats
    share: Floats
    band: Band
    errors: Floats


def adjusted_edf(of: Predictions, at: ArrayLike | None = None, level: float = LEVEL) -> AdjustedEdf:
    """Estimate the EDF of the whole space from the predictions for a population.

    Args:
        at: (m,) errors t; None: `POINTS` quantiles of the trained errors, and just above the largest

    Raises:
        DsdError: an argument has a wrong type or value
    """
    check(of, level)
    e = of.errors
    t = grid(e) if at is None else np.unique(as_errors(at))
    shares, terms, noise, beyond = parts(of, t)
    deviation = terms - terms.mean(axis=0)
    rng = np.random.default_rng(0)
    largest = np.abs(rng.standard_normal((REPLICATES, len(e))) @ deviation).max(axis=1) / np.sqrt(len(e) * (len(e) - 1))
    half = np.hypot(np.quantile(largest, level), float(ndtri((1 + level) / 2)) * np.sqrt(noise.max(initial=0)))
    dkw = dkw_half_width(len(e), level)
    half = np.minimum(half + beyond, dkw) if e.std() > 0 else np.full(len(t), dkw)  # equal errors say nothing of F
    variance = (deviation**2).sum(axis=0) / (len(e) * (len(e) - 1)) + noise
    band = Band(np.maximum(shares - half, 0), np.minimum(shares + half, 1))
    return AdjustedEdf(t, shares, band, np.sqrt(variance))


def check(of: Predictions, level: float) -> None:
    """Raise DsdError for arguments of a wrong type or value."""
    if not isinstance(of, Predictions):
        raise DsdError(
            f"the predictions of a population are adjust(populations).predictions[NAME], not {type(of).__name__}"
        )
    if not 0 < level < 1:
        raise DsdError(f"level = {level}: give a confidence level between 0 and 1")


def as_errors(at: ArrayLike) -> Floats:
    """Errors (m,) as floats; DsdError if there are none, or if one is no finite number."""
    try:
        values = np.asarray(at, float).ravel()
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if not len(values) or not np.isfinite(values).all():
        raise DsdError(f"at = {quoted(at)}: give one or more errors in percent")
    return values


def grid(errors: Floats) -> Floats:
    """Errors at which an EDF is shown: values between neighbouring distinct errors, at most `POINTS`."""
    values = np.unique(errors)
    ends = np.append(values, values[-1] + 1e-9)
    chosen = ends if len(ends) <= POINTS else ends[np.linspace(0, len(ends) - 1, POINTS).round().astype(int)]
    return np.asarray(chosen, float)


def parts(of: Predictions, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """F̂ (m,), its terms per trained network (n, m), the variance that the draws add, and extrapolation (m,)."""
    e, n = of.errors, len(of.errors)
    residuals = np.sort(e - of.power * of.left_out)
    below = (e[:, None] < t).astype(float)
    own = (n * probability_below(residuals, t, of.power * of.left_out) - below) / (n - 1)
    power = np.array([slope(below[:, i], own[:, i]) for i in range(len(t))])
    open_ = np.isnan(of.known)
    share = float(open_.mean())
    terms = below - power * own
    rest = terms.mean(axis=0) + power * (
        mean_probability_below(residuals, t, of.power * of.predicted[open_]) if share else 0.0
    )
    hit = (of.known[~open_][:, None] < t).mean(axis=0) if share < 1 else 0.0
    raw = share * rest + (1 - share) * hit
    outside = np.flatnonzero(open_ & (of.predicted != of.clipped))
    inner, outer = (
        probability_below(residuals, t, of.power * values[outside]) for values in (of.clipped, of.predicted)
    )
    beyond = power * np.abs(outer - inner).sum(axis=0) / len(of.predicted) + share * float(of.unseen.mean())
    some = of.predicted[:: -(-len(of.predicted) // THINNED)]
    noise = power**2 * probability_below(residuals, t, of.power * some).var(axis=0) / len(of.predicted)
    return monotone(raw), np.sqrt(share) * terms, noise, beyond


def probability_below(residuals: Floats, t: Floats, predicted: Floats) -> Floats:
    """G(t − prediction) (N, m) of sorted residuals (n,)."""
    shares: Floats = np.searchsorted(residuals, t - predicted[:, None], side="left") / len(residuals)
    return shares


def mean_probability_below(residuals: Floats, t: Floats, predicted: Floats) -> Floats:
    """The mean of G(t − prediction) (m,) over predictions (N,): pairs (residual, prediction) with a sum below t."""
    counts = np.searchsorted(np.sort(predicted), t[:, None] - residuals, side="left")
    shares: Floats = counts.mean(axis=1) / len(predicted)
    return shares


def monotone(values: Floats) -> Floats:
    """The mean of the two monotone envelopes of values (m,), clipped to 0 and 1."""
    rising = np.maximum.accumulate(values)
    falling = np.minimum.accumulate(values[::-1])[::-1]
    return np.clip((rising + falling) / 2, 0, 1)


def adjusted_quantile(of: Predictions, q: float, level: float = LEVEL) -> Difference:
    """Estimate a quantile of error of the whole space, with its confidence interval.

    The interval ends where F̂ leaves q ± z √(q(1 − q) / n*), with n* the number of networks whose plain EDF would have
    the variance of F̂. An end is NaN if it lies beyond all trained errors.

    Args:
        q: probability, between 0 and 1

    Returns:
        the quantile and its interval [%]

    Raises:
        DsdError: q or level is not between 0 and 1
    """
    if not isinstance(q, int | float) or not 0 < q < 1:
        raise DsdError(f"q = {q}: give a probability between 0 and 1")
    t = grid(of.errors)
    estimate = adjusted_edf(of, t, level)
    plain = edf(of.errors, t)
    spread = plain * (1 - plain) / len(of.errors)
    at = int(np.clip(np.searchsorted(estimate.share, q, side="left"), 1, len(t) - 1))
    value = float(t[at - 1])
    near = spread[at - 1] or spread[at]
    ratio = min(float(estimate.errors[at - 1] or estimate.errors[at]) ** 2 / near, 1.0) if near > 0 else 1.0
    half = float(ndtri((1 + level) / 2)) * np.sqrt(q * (1 - q) / len(of.errors) * ratio)
    below = np.flatnonzero(estimate.share < q - half)
    above = np.flatnonzero(estimate.share > q + half)
    low = float(t[below[-1]]) if len(below) else np.nan
    high = float(t[above[0]]) if len(above) else np.nan
    return Difference(value, low, high)
