"""Which parameters go together with error?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

FEW = 5  # networks; of fewer nothing is told


def rank_correlations(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, float]:
    """Spearman's rank correlation of each column with error: above zero, larger values are worse. NaN for a constant.

    Args:
        frame: a row a network, with `error`; rows without a value are left out of that column's
    """
    x, errors = frame[list(columns)].to_numpy(float, na_value=np.nan), frame["error"].to_numpy(float)
    found = {}
    for column, values in zip(columns, x.T, strict=True):
        there = np.isfinite(values) & np.isfinite(errors)
        ranks, other = (pd.Series(one[there]).rank().to_numpy() for one in (values, errors))
        alike = len(ranks) < FEW or np.ptp(ranks) == 0 or np.ptp(other) == 0
        found[column] = float("nan") if alike else float(np.corrcoef(ranks, other)[0, 1])
    return found
