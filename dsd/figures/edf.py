"""The error EDF of populations ([DDS] Fig. 2, 5, 7, 9)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from dsd.analysis.populations import Results
from dsd.figures.style import look


def plot_edf(ax: Axes, populations: Sequence[Results]) -> Axes:
    """Draw the EDF of each population, with n, min and mean error in the legend.

    A population with failed or unfinished runs says so in its legend; one without any result is named there.
    """
    end = max((results.errors.max() for results in populations if len(results)), default=0.0)
    for i, results in enumerate(populations):
        if len(results):
            errors = np.sort(results.errors)
            steps = np.arange(len(errors) + 1) / len(errors)
            # F is 0 up to and including the least error, and 1 above the largest (Eq. 1, strictly less)
            ax.step([*errors, end], steps, where="pre", label=legend(results), linewidth=1.8, **look(i))
        else:
            ax.plot([], [], label=legend(results), **look(i))
    ax.set_xlabel("error [%]")
    ax.set_ylabel("cumulative fraction of networks")
    ax.set_ylim(0, 1.02)
    ax.legend(loc="lower right", fontsize="small", frameon=False)
    return ax


def legend(results: Results) -> str:
    """The legend of one population: name, n, min | mean error as the paper prints them, and what is missing."""
    numbers = "no results"
    if len(results):
        numbers = f"n={len(results)}, min {results.errors.min():.1f}, mean {results.errors.mean():.1f}"
    missing = f" ({results.lacking})" if results.lacking else ""
    return f"{results.name}: {numbers}{missing}"
