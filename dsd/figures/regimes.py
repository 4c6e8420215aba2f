"""The parameters of the best networks against flops regimes ([DDS] Fig. 11)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from dsd.architecture.units import quantity
from dsd.figures.style import COLOURS, label


def plot_regimes(ax: Axes, ranges: pd.DataFrame, column: str) -> Axes:
    """Draw the best range of a parameter (shaded) and its most likely best value (black) against flops.

    Args:
        ranges: from `dsd.analysis.parameters.regimes.regime_ranges`
    """
    rows = ranges[ranges["column"] == column].sort_values("flops")
    ax.fill_between(rows["flops"], rows["low"], rows["high"], color=COLOURS[0], alpha=0.18, linewidth=0)
    ax.plot(rows["flops"], rows["median"], color=COLOURS[6], marker="o", markersize=3, linewidth=1.5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(rows["flops"].tolist())
    ax.minorticks_off()
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(float(f"{value:.2g}"))))
    ax.set_xlabel("flops (median of the regime)")
    ax.set_ylabel(label(column.removeprefix("sampled_")))
    if len(rows):
        least, most = rows["n"].min(), rows["n"].max()
        ax.set_title(f"n = {least}{f' to {most}' if most > least else ''} a regime", fontsize="small")
    return ax
