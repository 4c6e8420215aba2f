"""Rank correlation of parameters with error."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.results.columns import matrix
from dsd.arrays import Floats

FEW = 5  # fewest networks for a correlation; NaN below


def rank_correlations(frame: pd.DataFrame, columns: Sequence[str], weights: Floats | None = None) -> dict[str, float]:
    """Spearman's rank correlation of each column with error; above zero, larger values are worse. NaN for a constant.

    Args:
        frame: one row per network, with `error`; a column's correlation leaves out rows without its value
        weights: (n,) of sum 1 for a stratified population: ranks are then the weight below, and correlated by weight
    """
    if weights is not None:
        return {
            name: weighted_correlation(x, frame["error"].to_numpy(float), weights) for name, x in named(frame, columns)
        }
    values, errors = matrix(frame, columns), frame["error"].to_numpy(float)
    whole = np.isfinite(values).all(axis=0) & np.isfinite(errors).all()
    correlations = dict.fromkeys(columns, float("nan"))
    full = [column for column, complete in zip(columns, whole.tolist(), strict=True) if complete]
    if len(frame) >= FEW and full:
        ranks, other = rankdata(values[:, whole]), rankdata(errors)
        ranks, other = ranks - ranks.mean(axis=0), other - other.mean()
        size = np.sqrt((ranks**2).sum(axis=0) * (other @ other))
        share = np.divide(other @ ranks, size, out=np.full(len(full), np.nan), where=size > 0)
        correlations |= dict(zip(full, share.tolist(), strict=True))
    for column, x in zip(columns, values.T, strict=True):
        finite = np.isfinite(x) & np.isfinite(errors)
        if not finite.all() and finite.sum() >= FEW and np.ptp(x[finite]) > 0 and np.ptp(errors[finite]) > 0:
            correlations[column] = float(np.corrcoef(rankdata(x[finite]), rankdata(errors[finite]))[0, 1])
    return correlations


def named(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield each column with its name."""
    return zip(columns, matrix(frame, columns).T, strict=True)


def weighted_correlation(x: NDArray[np.float64], y: NDArray[np.float64], weights: Floats) -> float:
    """Spearman's correlation with weights (n,); NaN for a constant, or fewer than FEW values."""
    finite = np.isfinite(x) & np.isfinite(y)
    if finite.sum() < FEW:
        return float("nan")
    w = weights[finite] / weights[finite].sum()
    ranks = [weighted_rank(values[finite], w) for values in (x, y)]
    a, b = (rank - w @ rank for rank in ranks)
    size = np.sqrt((w @ a**2) * (w @ b**2))
    return float((w * a) @ b / size) if size > 1e-12 else float("nan")


def weighted_rank(values: NDArray[np.float64], weights: Floats) -> NDArray[np.float64]:
    """The weight below each value plus half of the weight of its ties, (n,)."""
    _, group = np.unique(values, return_inverse=True)
    mass = np.bincount(group, weights)
    ranks: NDArray[np.float64] = (np.cumsum(mass) - mass / 2)[group]
    return ranks


def rankdata(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank each column from 1; ties get their mean rank. Avoids scipy.stats, which takes half a second to load."""
    ranked: NDArray[np.float64] = pd.DataFrame(values).rank().to_numpy().reshape(values.shape)
    return ranked
