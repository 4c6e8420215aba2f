"""What the surrogate explains of error, and what adjustment does to mean errors and EDFs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from dsd.analysis.adjusted.distribution import adjusted_edf
from dsd.analysis.adjusted.populations import Adjusted
from dsd.analysis.distribution.empirical import edf
from dsd.figures.edf import labelled, shade
from dsd.figures.style import label, look


def plot_surrogate(ax: Axes, adjusted: Adjusted) -> Axes:
    """Draw the error of each trained network against its prediction from all others, with R² of each population."""
    for i, (name, own) in enumerate(adjusted.predictions.items()):
        text = f"{label(name)}: R² {adjusted.means[name].r2:.2f}"
        ax.plot(own.left_out, own.errors, "o", color=look(i)["color"], markersize=3, alpha=0.6, label=text)
    ends = [edge(own.errors) for own in adjusted.predictions.values() for edge in (np.min, np.max)]
    if ends:
        ax.plot([min(ends), max(ends)], [min(ends), max(ends)], color="#888888", linewidth=1, zorder=0)
    ax.set_xlabel("error predicted from the other networks [%]")
    ax.set_ylabel("error [%]")
    ax.legend(fontsize="x-small", frameon=False)
    return ax


def plot_adjusted_means(ax: Axes, adjusted: Adjusted) -> Axes:
    """Draw the adjusted mean of each population with its 95 % interval, and the plain one below it in grey."""
    names = list(adjusted.means)
    for row, name in enumerate(reversed(names)):
        mean, colour = adjusted.means[name], look(names.index(name))["color"]
        interval = mean.interval()
        ax.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.2)
        ax.plot(mean.value, row, "o", color=colour, markersize=5)
        ax.plot([mean.plain.low, mean.plain.high], [row - 0.25, row - 0.25], color="#888888", linewidth=1)
        ax.plot(mean.plain.value, row - 0.25, "|", color="#888888", markersize=6)
    ax.set_yticks(range(len(names)), [label(name) for name in reversed(names)], fontsize="small")
    ax.set_xlabel("mean error of the space [%]; grey: plain")
    return ax


def plot_adjusted_edf(ax: Axes, adjusted: Adjusted, names: Sequence[str] = ()) -> Axes:
    """Draw the adjusted EDF of each population with its simultaneous 95 % band, and the plain EDF as a thin line.

    Args:
        names: populations to draw; empty for all
    """
    for i, (name, own) in enumerate(adjusted.predictions.items()):
        if names and name not in names:
            continue
        found, colour = adjusted_edf(own), look(i)["color"]
        mean = adjusted.means[name].value
        text = f"{label(name)}: n={len(own.errors)}, adjusted mean {mean:.1f}"
        ax.step(found.at, found.share, where="post", label=text, linewidth=1.8, **look(i))
        ax.step(found.at, edf(own.errors, found.at), where="post", color=colour, linewidth=0.7, alpha=0.7)
        shade(ax, found.at, found.band.low, found.band.high, i)
    return labelled(ax)
