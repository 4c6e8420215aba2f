"""Scatter plots of time against complexity, and of trends against flops ([DDS] Fig. 12)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dsd.analysis.complexity_trends import Trend, positive
from dsd.architecture.complexities import UNITS
from dsd.figures.style import COLOURS

LABELS = {
    "flops": "flops [GF]",
    "params": "params [M]",
    "acts": "acts [M]",
    "infer_ms": "inference [ms]",
    "train_ms": "training step [ms]",
}


def plot_points(ax: Axes, frame: pd.DataFrame, x: str, y: str, color: str = COLOURS[0]) -> Axes:
    """Draw column y against column x, one point per network; the title shows Pearson's correlation.

    Args:
        frame: one row per network; rows without a positive finite value are left out
        x, y: keys of `LABELS`
    """
    rows = positive(frame, (x, y)).astype(float)
    ax.scatter(rows[x] / UNITS.get(x, 1), rows[y] / UNITS.get(y, 1), s=12, alpha=0.6, color=color, linewidths=0)
    ax.set_title(f"r = {rows[x].corr(rows[y]):.2f}", fontsize="medium")
    ax.set_xlabel(LABELS[x])
    ax.set_ylabel(LABELS[y])
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    return ax


def plot_trend(ax: Axes, frame: pd.DataFrame, trend: Trend) -> Axes:
    """Draw a trend's column against flops, one point per network, and the fitted curve; the title shows its formula."""
    plot_points(ax, frame, "flops", trend.column)
    flops = np.linspace(0, frame["flops"].max(), 200)
    ax.plot(flops / UNITS["flops"], trend.at(flops), color=COLOURS[1], linewidth=1.5)
    formula = " + ".join(f"{value:.3g} {term}" for term, value in trend.coefficients.items() if value > 0)
    ax.set_title(f"{formula}   (R² = {trend.r2:.2f})", fontsize="medium")
    return ax
