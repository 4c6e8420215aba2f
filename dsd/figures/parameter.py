"""Error against one parameter, with the range of the best models ([DDS] Fig. 2, middle and right)."""

import numpy as np
from matplotlib.axes import Axes

from dsd.analysis.parameters.bootstrap import BestRange
from dsd.analysis.results.populations import Results
from dsd.architecture.units import readable
from dsd.figures.style import COLOURS, label, label_axis


def plot_parameter(ax: Axes, results: Results, column: str, best: BestRange) -> Axes:
    """Draw the error of each network against a parameter; shade the best range and draw its median as a line."""
    x = results.frame[column].to_numpy(float)
    ax.axvspan(best.low, best.high, color=COLOURS[0], alpha=0.15, linewidth=0)
    ax.axvline(best.median, color=COLOURS[0], linewidth=1.5)
    ax.scatter(x, results.errors, s=16, color=COLOURS[6], alpha=0.7, linewidths=0)
    finite = x[np.isfinite(x)]
    if finite.min() > 0 and finite.max() / finite.min() > 20:
        ax.set_xscale("log")
    label_axis(ax, column)
    ax.set_ylabel("error [%]")
    low, median, high = (readable(column, value) for value in (best.low, best.median, best.high))
    ax.set_title(f"{label(results.name)}: best {low} – {high}, median {median}", fontsize="small")
    return ax
