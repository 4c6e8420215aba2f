"""How the best networks change with the flops they may have: ranges of parameters by regime ([DDS] §4, Fig. 11)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.parameters.bootstrap import exact_winners
from dsd.analysis.results.populations import Results
from dsd.architecture.units import quantity
from dsd.errors import DsdError

FEW = 5  # networks; of fewer a regime tells nothing


def by_regime(results: Results, edges: Sequence[float]) -> list[Results]:
    """One population cut into regimes of flops: [edge_i, edge_{i+1}) each; empty ones, and other rows, are left out.

    Failed rows go with their regime, where they tell their flops; unfinished ones do not.

    Raises:
        DsdError: the table has no flops, or the edges do not rise
    """
    if "flops" not in results.frame:
        raise DsdError(f"{results.name}: has no column flops")
    bounds = np.asarray(edges, float)
    if len(bounds) < 2 or not (np.diff(bounds) > 0).all():
        raise DsdError(f"edges = {list(edges)}: give at least two numbers of flops in increasing order")
    parts = [cut(frame, bounds) for frame in (results.frame, results.failures, results.runs)]
    found = []
    for i in range(len(bounds) - 1):
        name = f"{results.name} {quantity(bounds[i])}:{quantity(bounds[i + 1])}"
        rows, failures, runs = (frame[regime == i] for frame, regime in parts)
        if len(rows):
            found.append(Results(name, rows, failures, 0, runs))
    return found


def cut(frame: pd.DataFrame, bounds: NDArray[np.float64]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """A table and the regime (n,) of each row; −1 below the first bound and where flops are not known."""
    flops = frame["flops"].to_numpy(float) if "flops" in frame else np.full(len(frame), np.nan)
    regime = np.searchsorted(bounds, flops, side="right") - 1
    return frame, np.where(np.isnan(flops), -1, regime)


def regime_ranges(populations: Sequence[Results], columns: Sequence[str]) -> pd.DataFrame:
    """The best range of each column in each regime, a row for each: regime, flops (their median), n, column, low,
    median, high.

    Args:
        populations: one a regime, from `by_regime` or from a study of several windows; those of fewer than 5 networks
            are left out
        columns: of numbers
    """
    rows = []
    for results in populations:
        if len(results) < FEW or "flops" not in results.frame:
            continue
        for column in columns:
            if column not in results.frame:
                continue
            known = results.frame[results.frame[column].notna()]
            if not len(known):
                continue
            best = exact_winners(known["error"]).range(known[column])
            flops = float(known["flops"].median())
            rows.append((results.name, flops, len(known), column, best.low, best.median, best.high))
    return pd.DataFrame(rows, columns=["regime", "flops", "n", "column", "low", "median", "high"])
