"""How the best networks change with the flops they may have: ranges of parameters by regime ([DDS] §4, Fig. 11)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dsd.analysis.bootstrap import exact_winners
from dsd.analysis.populations import Results
from dsd.design.window import quantity
from dsd.errors import DsdError

FEW = 5  # networks; of fewer a regime tells nothing


def by_regime(results: Results, edges: Sequence[float]) -> list[Results]:
    """One population cut into regimes of flops: [edge_i, edge_{i+1}) each; empty ones are left out.

    Raises:
        DsdError: the table has no flops, or the edges do not rise
    """
    if "flops" not in results.frame:
        raise DsdError(f"{results.name}: has no column flops")
    bounds = np.asarray(edges, float)
    if len(bounds) < 2 or not (np.diff(bounds) > 0).all():
        raise DsdError(f"edges = {list(edges)}: give at least two rising numbers of flops")
    regime = np.searchsorted(bounds, results.frame["flops"].to_numpy(float), side="right") - 1
    found = []
    for i in range(len(bounds) - 1):
        name = f"{results.name} {quantity(bounds[i])}:{quantity(bounds[i + 1])}"
        rows = results.frame[regime == i]
        if len(rows):
            found.append(Results(name, rows))
    return found


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
