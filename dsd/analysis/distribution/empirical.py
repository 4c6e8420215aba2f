"""The error empirical distribution function, and how well n networks determine it.

Shape letters: n networks, m places where F is asked for.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95  # of intervals, where nothing else is said


@dataclass(frozen=True)
class Band:
    """An interval of F at each of m places; low and high are (m,), from 0 to 1."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def edf(errors: ArrayLike, at: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """F(e) = (1/n) Σ 1[e_i < e], the fraction of networks with less error ([DDS] Eq. 1; strictly less).

    Args:
        errors: (n,) errors of a population [%]; n ≥ 1, no NaN
        at: (m,) where to evaluate F [%]
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
    """Errors (n,) as floats; ValueError where there are none or one is NaN."""
    values = np.asarray(errors, float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"errors has shape {values.shape}; give a vector of at least one error")
    if np.isnan(values).any():
        raise ValueError("errors contains NaN; leave out runs without a result, and report their number")
    return values


def dkw_half_width(n: int, level: float = LEVEL) -> float:
    """How far the EDF of n networks is from the truth at most, anywhere, with probability `level`.

    The inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant: √(ln(2/(1 − level)) / 2n).

    >>> round(dkw_half_width(100), 3), round(dkw_half_width(500), 3)
    (0.136, 0.061)
    """
    return math.sqrt(math.log(2 / (1 - level)) / (2 * n))


def dkw_band(errors: ArrayLike, at: ArrayLike, level: float = LEVEL) -> Band:
    """The band that holds all of the true distribution function with probability `level` or more, for any n."""
    found = edf(errors, at)
    half = dkw_half_width(len(validate_errors(errors)), level)
    return Band(np.maximum(found - half, 0), np.minimum(found + half, 1))


def bootstrap_band(errors: ArrayLike, at: ArrayLike, level: float = LEVEL) -> Band:
    """The percentile bootstrap of F at each place by itself, exactly: n F* is binomial with n and F.

    It is what resampling the n networks tends to, without its noise. Narrower than `dkw_band`, for it holds at one
    place, not at all of them; at F = 0 and 1 it has no width.
    """
    from scipy.stats import binom  # loading scipy.stats takes half a second

    found, n = edf(errors, at), len(validate_errors(errors))
    low, high = (binom.ppf(p, n, found) / n for p in ((1 - level) / 2, (1 + level) / 2))
    return Band(np.clip(low, 0, 1), np.clip(high, 0, 1))
