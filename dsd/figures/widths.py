"""The block widths of networks ([DDS] Fig. 6, 8, 15, 16). Shape letter: d blocks."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import ArrayLike

from dsd.analysis.linear_fit import LinearFit
from dsd.figures.style import COLOURS, label

SLOPE = 48  # slope of the line w_j = 48 · (j + 1) through good networks in [DDS] Fig. 8


def plot_widths(ax: Axes, widths: ArrayLike, color: str = COLOURS[0], title: str = "") -> Axes:
    """Draw the width of each block of one network; the legend lists the stages.

    Args:
        widths: (d,) block widths
    """
    observed = np.asarray(widths, float)
    changes = np.flatnonzero(np.diff(observed)) + 1
    stages = np.split(observed, changes)
    text = f"d = {', '.join(str(len(s)) for s in stages)}\nw = {', '.join(f'{s[0]:.0f}' for s in stages)}"
    ax.step(np.arange(len(observed)), observed, where="mid", color=color, linewidth=1.8, label=text)
    ax.legend(loc="upper left", fontsize="x-small", frameon=False, handlelength=0)
    ax.set_title(label(title), fontsize="small")
    return block_axes(ax)


def plot_fit(ax: Axes, widths: ArrayLike, fit: LinearFit) -> Axes:
    """Draw a network's widths (d,) (solid), its quantized linear fit (dashed) and the line of Eq. 2 (dotted)."""
    observed = np.asarray(widths, float)
    j = np.arange(len(observed))
    ax.step(j, observed, where="mid", color=COLOURS[0], linewidth=1.8, label="network")
    text = f"fit: w_0 {fit.w_0:g}, w_a {fit.w_a:.3g}, w_m {fit.w_m:.3g}"
    ax.step(j, fit.widths(len(observed)), where="mid", color=COLOURS[1], linewidth=1.6, linestyle="--", label=text)
    ax.plot(j, fit.w_0 + fit.w_a * j, color=COLOURS[6], linewidth=1, linestyle=":", label="w_0 + w_a j")
    ax.set_title(f"e_fit = {fit.e_fit:.3f}", fontsize="small")
    ax.legend(fontsize="x-small", frameon=False)
    return block_axes(ax)


def plot_many_widths(ax: Axes, networks: Sequence[ArrayLike], slope: float = SLOPE) -> Axes:
    """Draw the widths of several networks, each (d,), and the line w_j = slope · (j + 1) in black."""
    for widths in networks:
        observed = np.asarray(widths, float)
        ax.step(np.arange(len(observed)), observed, where="mid", color="#999999", linewidth=0.9, alpha=0.7)
    longest = max((len(np.asarray(widths)) for widths in networks), default=1)
    j = np.arange(longest)
    ax.plot(j, slope * (j + 1), color=COLOURS[6], linewidth=2, label=f"w_j = {slope:g} · (j + 1)")
    ax.legend(fontsize="small", frameon=False)
    return block_axes(ax)


def block_axes(ax: Axes) -> Axes:
    """Label the x-axis with blocks and the y-axis with widths, on a log scale."""
    ax.set_xlabel("block j")
    ax.set_ylabel("width [channels]")
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax
