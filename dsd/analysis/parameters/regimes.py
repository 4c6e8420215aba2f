"""Best parameter ranges per flops regime ([DDS] §4, Fig. 11)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.parameters.bootstrap import exact_winners
from dsd.analysis.results.populations import Results
from dsd.architecture.units import quantity
from dsd.errors import DsdError

FEW = 5  # fewest networks in a regime; smaller regimes are left out


def by_regime(results: Results, edges: Sequence[float]) -> list[Results]:
    """Split a population into flops regimes [edge_i, edge_{i+1}); empty regimes and rows outside are left out.

    A failed row belongs to the regime of its flops if they are known. Unfinished rows are left out.

    Raises:
        DsdError: the table has no column flops, or the edges do not increase
    """
    if "flops" not in results.frame:
        raise DsdError(f"{results.name}: has no column flops")
    bounds = np.asarray(edges, float)
    if len(bounds) < 2 or not (np.diff(bounds) > 0).all():
        raise DsdError(f"edges = {list(edges)}: give at least two numbers of flops in increasing order")
    parts = [cut(frame, bounds) for frame in (results.frame, results.failures, results.runs)]
    frame_regime = parts[0][1]
    regimes = []
    for i in range(len(bounds) - 1):
        name = f"{results.name} {quantity(bounds[i])}:{quantity(bounds[i + 1])}"
        rows, failures, runs = (frame[regime == i] for frame, regime in parts)
        if len(rows):
            regimes.append(Results(name, rows, failures, 0, runs, shares=shares_in(results, frame_regime == i)))
    return regimes


def shares_in(results: Results, inside: NDArray[np.bool_]) -> dict[str, float]:
    """The share of each stratum among the networks of a regime, estimated from their weights; inside: (n,)."""
    weights = np.where(inside, results.weights, 0.0)
    shares = {stratum.name: float(weights[stratum.rows].sum()) for stratum in results.strata if results.shares}
    return {name: share / weights.sum() for name, share in shares.items() if share}


def cut(frame: pd.DataFrame, bounds: NDArray[np.float64]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The table and the regime (n,) of each row; −1 below the first bound and for unknown flops."""
    flops = frame["flops"].to_numpy(float) if "flops" in frame else np.full(len(frame), np.nan)
    regime = np.searchsorted(bounds, flops, side="right") - 1
    return frame, np.where(np.isnan(flops), -1, regime)


def regime_ranges(populations: Sequence[Results], columns: Sequence[str]) -> pd.DataFrame:
    """The best range of each column in each regime.

    Args:
        populations: one per regime, from `by_regime` or from a study with several windows; populations with fewer than
            5 networks are left out
        columns: names of numeric columns

    Returns:
        one row per regime and column: regime, flops (median of the regime), n, column, low, median, high
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
            weights = None
            if results.stratified:
                weights = results.weights[results.frame[column].notna().to_numpy()]
                weights = weights / weights.sum()
            best = exact_winners(known["error"], weights=weights).range(known[column])
            flops = float(known["flops"].median())
            rows.append((results.name, flops, len(known), column, best.low, best.median, best.high))
    return pd.DataFrame(rows, columns=["regime", "flops", "n", "column", "low", "median", "high"])
