"""The distribution of a parameter, compared with draws from it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from dsd.design.parameters.distributions import Distribution
from dsd.figures.style import look


def plot_distribution(ax: Axes, distribution: Distribution, drawn: dict[str, ArrayLike]) -> Axes:
    """Draw cumulative probability (black, thick) and the cumulative share of draws against values, on a log scale.

    Args:
        ax: Axes to draw into
        distribution: k values with their probabilities
        drawn: label → drawn values (n,), such as the values of the networks in a window
    """
    ax.step(
        distribution.values,
        np.cumsum(distribution.probabilities),
        where="post",
        color="black",
        linewidth=3,
        alpha=0.35,
        label="distribution",
    )
    for i, (label, values) in enumerate(drawn.items()):
        counts = np.bincount(np.searchsorted(distribution.values, np.asarray(values)), minlength=len(distribution))
        ax.step(
            distribution.values, np.cumsum(counts) / counts.sum(), where="post", linewidth=1.2, label=label, **look(i)
        )
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylim(0, 1.02)
    return ax
