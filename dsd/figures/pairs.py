"""Scatter plot of two parameters, coloured by the rank of error."""

import numpy as np
from matplotlib.axes import Axes

from dsd.analysis.results.populations import Results
from dsd.figures.style import label, label_axis

COLOUR_MAP = "cividis"  # perceptually uniform, also for the colour-blind


def plot_pairs(ax: Axes, results: Results, x: str, y: str) -> Axes:
    """Draw each network at its two parameters; the colour is the rank of its error (0 best and dark, 1 worst)."""
    rows = results.frame[[x, y, "error"]].dropna().sort_values("error", ascending=False)
    rank = rows["error"].rank(pct=True)
    points = ax.scatter(rows[x], rows[y], c=rank, cmap=COLOUR_MAP, vmin=0, vmax=1, s=18, linewidths=0, alpha=0.85)
    bar = ax.figure.colorbar(points, ax=ax, fraction=0.05, pad=0.02)
    bar.set_label("rank of error")
    for name, scale in ((x, ax.set_xscale), (y, ax.set_yscale)):
        values = rows[name].to_numpy(float)
        if len(values) and values.min() > 0 and values.max() / values.min() > 20:
            scale("log")
    label_axis(ax, x)
    ax.set_ylabel(label(y))
    best = rows["error"].min() if len(rows) else np.nan
    ax.set_title(f"{label(results.name)}: n = {len(rows)}, min {best:.1f} %", fontsize="small")
    return ax
