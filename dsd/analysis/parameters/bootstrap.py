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

PERCENTILES = (0.025, 0.5, 0.975)
NEGLIGIBLE = 1e-12  # probability of all the networks together that an exact range leaves out


@dataclass(frozen=True)
class BestRange:
    """2.5, 50 and 97.5 percentile of a parameter among the best networks of resamples."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Winners:
    """The networks that win resamples, and how often.

    rows: (k,) positions in the population of the networks that win
    shares: (k,) share of the resamples that each wins; together 1
    """

    rows: NDArray[np.int64]
    shares: NDArray[np.float64]

    def range(self, x: ArrayLike) -> BestRange:
        """Percentiles of the winners' x; x (n,) are the values of all networks."""
        values = np.asarray(x, float)[self.rows]
        order = np.argsort(values, kind="stable")
        passed = np.cumsum(self.shares[order])
        at = np.searchsorted(passed, np.array(PERCENTILES) * passed[-1] * (1 - 1e-12))
        return BestRange(*(float(value) for value in values[order][at]))

    def categories(self, x: Sequence[Hashable]) -> dict[Hashable, float]:
        """The share of the resamples that each value of a category wins, most likely first."""
        total: Counter[Hashable] = Counter()
        for row, share in zip(self.rows.tolist(), self.shares.tolist(), strict=True):
            total[x[row]] += share
        return dict(sorted(total.items(), key=lambda item: (-item[1], str(item[0]))))

    @property
    def count(self) -> int:
        """How many networks share 95 % of the wins, the most frequent winners first: what a range rests on.

        It is 12 for any larger n: the k-th best of the population wins with a probability near e^(−k/4)·(e^¼ − 1).
        """
        passed = np.cumsum(np.sort(self.shares)[::-1])
        return int(np.searchsorted(passed, 0.95 - 1e-12)) + 1


def exact_winners(errors: ArrayLike, fraction: float = FRACTION) -> Winners:
    """The winners of infinitely many resamples, in closed form."""
    distribution = winner_probabilities(errors, fraction)
    order = np.argsort(-distribution, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(distribution[order]), 1 - NEGLIGIBLE)) + 1]
    return Winners(kept, distribution[kept])


def resampled_winners(
    errors: ArrayLike, *, rng: np.random.Generator, fraction: float = FRACTION, resamples: int = RESAMPLES
) -> Winners:
    """The winners of R resamples, as the paper has them."""
    rows, counts = np.unique(drawn_winners(errors, rng=rng, fraction=fraction, resamples=resamples), return_counts=True)
    return Winners(rows, counts / counts.sum())


def empirical_bootstrap(
    x: ArrayLike,
    errors: ArrayLike,
    *,
    rng: np.random.Generator | None,
    fraction: float = FRACTION,
    resamples: int = RESAMPLES,
) -> BestRange:
    """Range of the best models of a population ([DDS] §3.2, footnote 4).

    Draw a fraction of the n pairs (x, error) with replacement, keep the x of least error, repeat; the percentiles of
    what was kept are the range, its median the most likely best value.

    Args:
        x: (n,) values of a parameter
        errors: (n,) errors [%]; no NaN
        rng: same generator, same result; None for the exact range, that of infinitely many resamples
        fraction: of n in one resample; at least one pair is drawn
        resamples: how many

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
