"""Which parameters go together with error?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.results.columns import matrix

FEW = 5  # networks; of fewer nothing is told


def rank_correlations(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, float]:
    """Spearman's rank correlation of each column with error: above zero, larger values are worse. NaN for a constant.

    Args:
        frame: a row a network, with `error`; rows without a value are left out of that column's
    """
    values, errors = matrix(frame, columns), frame["error"].to_numpy(float)
    whole = np.isfinite(values).all(axis=0) & np.isfinite(errors).all()
    found = dict.fromkeys(columns, float("nan"))
    full = [column for column, every in zip(columns, whole.tolist(), strict=True) if every]
    if len(frame) >= FEW and full:
        ranks, other = rankdata(values[:, whole]), rankdata(errors)
        ranks, other = ranks - ranks.mean(axis=0), other - other.mean()
        size = np.sqrt((ranks**2).sum(axis=0) * (other @ other))
        share = np.divide(other @ ranks, size, out=np.full(len(full), np.nan), where=size > 0)
        found |= dict(zip(full, share.tolist(), strict=True))
    for column, x in zip(columns, values.T, strict=True):
        there = np.isfinite(x) & np.isfinite(errors)
        if not there.all() and there.sum() >= FEW and np.ptp(x[there]) > 0 and np.ptp(errors[there]) > 0:
            found[column] = float(np.corrcoef(rankdata(x[there]), rankdata(errors[there]))[0, 1])
    return found


def rankdata(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 of each column, ties shared; loading scipy.stats takes half a second."""
    ranked: NDArray[np.float64] = pd.DataFrame(values).rank().to_numpy().reshape(values.shape)
    return ranked
