"""The difference of each pair of populations, with its deciding interval ([DDS] compares by eye; ours)."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from dsd.analysis.comparison.pairwise import Comparison
from dsd.analysis.comparison.verdicts import ADJUSTED
from dsd.figures.style import COLOURS, label

LOOK = {"better": COLOURS[2], "worse": COLOURS[1], "equal": COLOURS[0], "undecided": "#888888", "no verdict": "#bbbbbb"}


def plot_differences(ax: Axes, comparisons: Sequence[Comparison]) -> Axes:
    """Draw the difference of mean error, b − a, and its interval for each pair, coloured by verdict; shade ±δ.

    If adjusted means decide, the plain interval stands below in a thin line.
    """
    for row, pair in enumerate(reversed(comparisons)):
        colour = LOOK[pair.verdict.word]
        ax.plot([pair.verdict.low, pair.verdict.high], [row, row], color=colour, linewidth=2.2)
        ax.plot(pair.estimate, row, "o", color=colour, markersize=5)
        if pair.verdict.by == ADJUSTED and pair.plain:
            ax.plot([pair.plain.low, pair.plain.high], [row - 0.25, row - 0.25], color=colour, linewidth=0.8)
            ax.plot(pair.mean_difference, row - 0.25, "|", color=colour, markersize=6)
    if comparisons:
        delta = comparisons[0].verdict.delta
        ax.axvspan(-delta, delta, color=COLOURS[6], alpha=0.07, linewidth=0)
    ax.axvline(0, color=COLOURS[6], linewidth=1)
    ax.set_yticks(range(len(comparisons)))
    ax.set_yticklabels(
        [f"{label(pair.b)} − {label(pair.a)}: {pair.verdict.word}" for pair in reversed(comparisons)], fontsize="small"
    )
    ax.set_xlabel("difference of mean error [points]")
    return ax
