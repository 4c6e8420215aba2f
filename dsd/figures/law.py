"""The law of a parameter beside what was drawn from it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from dsd.design.parameters.distributions import Axis
from dsd.figures.style import look


def plot_law(ax: Axes, law: Axis, drawn: dict[str, ArrayLike]) -> Axes:
    """Cumulative probability by the law (black, thick) and cumulative share among draws, over values in log scale.

    Args:
        ax: where to draw
        law: k values with their probabilities
        drawn: label to values (n,) of the law, such as those of the networks in a window
    """
    ax.step(law.values, np.cumsum(law.probabilities), where="post", color="black", linewidth=3, alpha=0.35, label="law")
    for i, (label, values) in enumerate(drawn.items()):
        counts = np.bincount(np.searchsorted(law.values, np.asarray(values)), minlength=len(law))
        ax.step(law.values, np.cumsum(counts) / counts.sum(), where="post", linewidth=1.2, label=label, **look(i))
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylim(0, 1.02)
    return ax
