"""The empirical bootstrap: in which range of a parameter do the best networks lie?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dsd.analysis.edf import checked

FRACTION = 0.25  # of the population in one resample ([DDS] footnote 4)
RESAMPLES = 10_000
CHUNK = 2_000_000  # draws at a time: 16 MB


@dataclass(frozen=True)
class BestRange:
    """2.5, 50 and 97.5 percentile of a parameter among the best networks of resamples."""

    low: float
    median: float
    high: float


def empirical_bootstrap(
    x: ArrayLike,
    errors: ArrayLike,
    *,
    rng: np.random.Generator,
    fraction: float = FRACTION,
    resamples: int = RESAMPLES,
) -> BestRange:
    """Range of the best models of a population ([DDS] §3.2, footnote 4).

    Draw a fraction of the n pairs (x, error) with replacement, keep the x of least error, repeat; the percentiles of
    what was kept are the range, its median the most likely best value. Of pairs with equal least error one is
    kept at random, so that the order of rows does not matter (the paper does not say).

    Args:
        x: (n,) values of a parameter
        errors: (n,) errors [%]; no NaN
        rng: same generator, same result
        fraction: of n in one resample; at least one pair is drawn
        resamples: how many

    >>> empirical_bootstrap(range(100), range(100), rng=np.random.default_rng(0))
    BestRange(low=0.0, median=2.0, high=13.0)
    """
    values = checked(errors)
    parameter = np.asarray(x, float)
    if parameter.shape != values.shape:
        raise ValueError(f"x has shape {parameter.shape}, errors has {values.shape}; give one x for each error")
    n = len(values)
    draws = max(round(fraction * n), 1)
    order = np.argsort(values, kind="stable")
    rows = max(CHUNK // draws, 1)
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    best = np.concatenate([rng.integers(n, size=(size, draws)).min(axis=1) for size in sizes])  # ranks
    ranked = values[order]
    first, last = (np.searchsorted(ranked, ranked[best], side=side) for side in ("left", "right"))
    winners = rng.integers(first, last)  # equal errors are equally likely to have been drawn
    low, median, high = np.percentile(parameter[order][winners], [2.5, 50, 97.5], method="inverted_cdf")
    return BestRange(float(low), float(median), float(high))
