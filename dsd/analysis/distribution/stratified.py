"""The error distribution of a stratified population: weighted EDF, its band, quantiles and distance (ours).

Shape letters: n networks with weights of sum 1, n_h of them in stratum h of k.
"""

from collections.abc import Sequence

import numpy as np

from dsd.analysis.distribution.empirical import LEVEL, dkw_half_width, edf
from dsd.analysis.results.populations import Results
from dsd.arrays import Floats


def weights_of(results: Results) -> Floats | None:
    """The weights (n,) of a stratified population; None if all networks weigh the same."""
    return results.weights if results.stratified else None


def half_width(results: Results, level: float = LEVEL) -> float:
    """The half-width of a band around a population's EDF that contains the true F with probability `level` or more.

    Each of k strata has a band (Dvoretzky, Kiefer, Wolfowitz, Massart) of level 1 − (1 − level)/k, so the bands are
    simultaneous with `level`; their mean, by share, is a band for F. This is valid for any n and wider than needed;
    with one stratum it is `dkw_half_width`. NaN if a stratum has no results.
    """
    if not results.stratified:
        return dkw_half_width(len(results), level)
    strata = results.strata
    if not all(len(stratum.rows) for stratum in strata):
        return float("nan")
    each = 1 - (1 - level) / len(strata)
    return sum(stratum.share * dkw_half_width(len(stratum.rows), each) for stratum in strata)


def weighted_quantiles(errors: Floats, weights: Floats, q: Sequence[float]) -> list[float]:
    """The smallest errors at which the cumulative weight reaches q, without interpolation.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.6, 0.3]), [0.5, 0.7, 1.0])
    [1.0, 2.0, 3.0]
    """
    order = np.argsort(errors, kind="stable")
    passed = np.cumsum(weights[order])
    at = np.searchsorted(passed, np.asarray(q) * passed[-1] * (1 - 1e-12))
    values: list[float] = errors[order][at].tolist()
    return values


def distance(a: Results, b: Results) -> float:
    """The largest distance of two weighted EDFs, 0 to 1: the KS statistic. It has no p-value for stratified samples."""
    at = np.nextafter(np.concatenate([a.errors, b.errors]), np.inf)  # F is strict: just above each error
    shares = [edf(results.errors, at, weights_of(results)) for results in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())
