"""The empirical bootstrap: in which range of a parameter do the best networks lie?

Shape letters: n networks, m networks in one resample, R resamples.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsd.analysis.distribution.empirical import validate_errors
from dsd.analysis.parameters.winners import FRACTION, RESAMPLES, drawn_winners, winner_probabilities
from dsd.arrays import Floats

PERCENTILES = (0.025, 0.5, 0.975)
NEGLIGIBLE = 1e-12  # total probability of the networks that an exact range leaves out


@dataclass(frozen=True)
class BestRange:
    """The 2.5, 50 and 97.5 percentiles of a parameter over the best networks of the resamples."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Winners:
    """The networks that win resamples, that is, have the least error in them, and how often each wins.

    rows: (k,) positions of the winners in the population
    shares: (k,) share of the resamples that each wins, sum 1
    """

    rows: NDArray[np.int64]
    shares: NDArray[np.float64]

    def range(self, x: ArrayLike) -> BestRange:
        """Percentiles of the winners' values; x: (n,) values of all networks."""
        values = np.asarray(x, float)[self.rows]
        order = np.argsort(values, kind="stable")
        passed = np.cumsum(self.shares[order])
        at = np.searchsorted(passed, np.array(PERCENTILES) * passed[-1] * (1 - 1e-12))
        return BestRange(*(float(value) for value in values[order][at]))

    def categories(self, x: Sequence[Hashable]) -> dict[Hashable, float]:
        """The share of the resamples that each category in x (n,) wins, most frequent first."""
        total: Counter[Hashable] = Counter()
        for row, share in zip(self.rows.tolist(), self.shares.tolist(), strict=True):
            total[x[row]] += share
        return dict(sorted(total.items(), key=lambda item: (-item[1], str(item[0]))))

    @property
    def count(self) -> int:
        """The number of networks behind 95 % of the wins, counted from the most frequent winner.

        A range depends on these networks. For larger n the number is always 12: the k-th best of the population wins
        with a probability near e^(−k/4)·(e^¼ − 1).
        """
        passed = np.cumsum(np.sort(self.shares)[::-1])
        return int(np.searchsorted(passed, 0.95 - 1e-12)) + 1


def exact_winners(errors: ArrayLike, fraction: float = FRACTION, weights: Floats | None = None) -> Winners:
    """The winners of infinitely many resamples, in closed form; weights: (n,) of sum 1 for a stratified population."""
    distribution = winner_probabilities(errors, fraction, weights)
    order = np.argsort(-distribution, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(distribution[order]), 1 - NEGLIGIBLE)) + 1]
    return Winners(kept, distribution[kept])


def resampled_winners(
    errors: ArrayLike,
    *,
    rng: np.random.Generator,
    fraction: float = FRACTION,
    resamples: int = RESAMPLES,
    weights: Floats | None = None,
) -> Winners:
    """The winners of R random resamples, as in the paper; weights: (n,) of sum 1 for a stratified population."""
    drawn = drawn_winners(errors, rng=rng, fraction=fraction, resamples=resamples, weights=weights)
    rows, counts = np.unique(drawn, return_counts=True)
    return Winners(rows, counts / counts.sum())


def empirical_bootstrap(
    x: ArrayLike,
    errors: ArrayLike,
    *,
    rng: np.random.Generator | None,
    fraction: float = FRACTION,
    resamples: int = RESAMPLES,
) -> BestRange:
    """The parameter range of the best models of a population ([DDS] §3.2, footnote 4).

    Draw a fraction of the n pairs (x, error) with replacement, keep the x of least error, and repeat. The percentiles
    of the kept values are the range; their median is the most likely best value.

    Args:
        x: (n,) values of a parameter
        errors: (n,) errors [%]; no NaN
        rng: same generator, same result; None for the exact range, the limit of infinitely many resamples
        fraction: share of n in one resample; at least one pair is drawn
        resamples: R

    >>> empirical_bootstrap(range(100), range(100), rng=np.random.default_rng(0))
    BestRange(low=0.0, median=2.0, high=13.0)
    >>> empirical_bootstrap(range(100), range(100), rng=None)
    BestRange(low=0.0, median=2.0, high=13.0)
    """
    values, parameter = validate_errors(errors), np.asarray(x, float)
    if parameter.shape != values.shape:
        raise ValueError(f"x has shape {parameter.shape}, errors has {values.shape}; give one x for each error")
    if rng is None:
        return exact_winners(values, fraction).range(parameter)
    return resampled_winners(values, rng=rng, fraction=fraction, resamples=resamples).range(parameter)
