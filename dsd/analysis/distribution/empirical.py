"""The empirical distribution function (EDF) of error, and its confidence bands.

Shape letters: n networks, m errors at which F is evaluated.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95  # default confidence level of intervals


@dataclass(frozen=True)
class Band:
    """An interval of F at each of m errors; low and high are (m,), from 0 to 1."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def edf(errors: ArrayLike, at: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """F(e) = (1/n) Σ 1[e_i < e], the fraction of networks with error below e ([DDS] Eq. 1; strict).

    Args:
        errors: (n,) errors of a population [%]; n ≥ 1, no NaN
        at: (m,) errors at which to evaluate F [%]
        weights: (n,) shares that sum to 1, for Σ w_i 1[e_i < e] ([NDS] §3.3; see `distribution.normalised`)

    Returns:
        (m,) values from 0 to 1

    >>> edf([30.0, 40.0, 40.0, 50.0], at=[30, 40, 41, 60])
    array([0.  , 0.25, 0.75, 1.  ])
    """
    values = validate_errors(errors)
    order = np.argsort(values, kind="stable")
    below = np.searchsorted(values[order], np.asarray(at, float), side="left")
    if weights is None:
        return below / len(values)
    share = np.asarray(weights, float)
    if share.shape != values.shape or not np.isclose(share.sum(), 1):
        raise ValueError(f"weights have shape {share.shape} and sum {share.sum():g}; give n weights of sum 1")
    return np.concatenate([[0.0], np.cumsum(share[order])])[below]


def validate_errors(errors: ArrayLike) -> NDArray[np.float64]:
    """Errors (n,) as floats; ValueError if empty or if one is NaN."""
    values = np.asarray(errors, float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"errors has shape {values.shape}; give a vector of at least one error")
    if np.isnan(values).any():
        raise ValueError("errors contains NaN; leave out runs without a result, and report their number")
    return values


def dkw_half_width(n: int, level: float = LEVEL) -> float:
    """The half-width of a band around the EDF of n networks that contains the true F with probability `level`.

    The inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant: √(ln(2/(1 − level)) / 2n).

    >>> round(dkw_half_width(100), 3), round(dkw_half_width(500), 3)
    (0.136, 0.061)
    """
    return math.sqrt(math.log(2 / (1 - level)) / (2 * n))


def dkw_band(errors: ArrayLike, at: ArrayLike, level: float = LEVEL) -> Band:
    """The band that contains the whole true distribution function with probability `level` or more, for any n."""
    share = edf(errors, at)
    half = dkw_half_width(np.size(errors), level)
    return Band(np.maximum(share - half, 0), np.minimum(share + half, 1))


def bootstrap_band(errors: ArrayLike, at: ArrayLike, level: float = LEVEL) -> Band:
    """The exact percentile bootstrap of F, pointwise: n F* is binomial with n and F.

    This is the limit of resampling the n networks. The band is narrower than `dkw_band`, because it is pointwise and
    not simultaneous; at F = 0 and 1 its width is 0.
    """
    from scipy.stats import binom  # loading scipy.stats takes half a second

    share, n = edf(errors, at), np.size(errors)
    low, high = (binom.ppf(p, n, share) / n for p in ((1 - level) / 2, (1 + level) / 2))
    return Band(np.clip(low, 0, 1), np.clip(high, 0, 1))
