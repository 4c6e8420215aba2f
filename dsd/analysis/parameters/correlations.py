"""Rank correlation of parameters with error."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.results.columns import matrix

FEW = 5  # fewest networks for a correlation; NaN below


def rank_correlations(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, float]:
    """Spearman's rank correlation of each column with error; above zero, larger values are worse. NaN for a constant.

    Args:
        frame: one row per network, with `error`; a column's correlation leaves out rows without its value
    """
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


def rankdata(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank each column from 1; ties get their mean rank. Avoids scipy.stats, which takes half a second to load."""
    ranked: NDArray[np.float64] = pd.DataFrame(values).rank().to_numpy().reshape(values.shape)
    return ranked
