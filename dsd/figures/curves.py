"""Learning curves: training loss and test error over epochs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dsd.figures.style import COLOURS


def plot_run(loss: Axes, error: Axes, curve: pd.DataFrame, top5: bool = True) -> tuple[Axes, Axes]:
    """Draw one run's training loss, and its top-1 and top-5 error, over the epochs.

    Args:
        loss, error: Axes for the loss and for the errors; if a loss is missing, the title names the epoch
        curve: one row per epoch, with columns epoch, loss, error and top5_error
        top5: whether to draw the top-5 error
    """
    marker = "o" if len(curve) < 30 else ""
    loss.plot(curve["epoch"], curve["loss"], color=COLOURS[6], marker=marker, markersize=3)
    loss.set_ylabel("training loss")
    for epoch in curve["epoch"][pd.to_numeric(curve["loss"]).isna()]:
        loss.set_title(f"diverged in epoch {epoch}", fontsize="small")
    shown = [("error", "top-1", COLOURS[0]), ("top5_error", "top-5", COLOURS[5])][: 1 + top5]
    for column, name, colour in shown:
        error.plot(curve["epoch"], curve[column], color=colour, marker=marker, markersize=3, label=name)
    error.set_ylabel("test error [%]")
    error.set_ylim(bottom=0)
    if top5:
        error.legend(frameon=False, fontsize="small")
    for axes in (loss, error):
        axes.set_xlabel("epoch")
        axes.set_xlim(0, int(curve["epoch"].max()) + 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return loss, error


def plot_best_and_worst(ax: Axes, curves: pd.DataFrame, best: list[str], worst: list[str]) -> Axes:
    """Draw the test error of the best and worst runs over the epochs, in two colours.

    Args:
        ax: Axes to draw into
        curves: one row per run and epoch, with columns run, epoch and error [%]
        best, worst: names of runs in column run
    """
    for runs, name, colour in ((worst, "worst", COLOURS[1]), (best, "best", COLOURS[0])):
        for i, run in enumerate(runs):
            curve = curves[curves["run"] == run]
            label = f"{name} {len(runs)}" if i == 0 else None
            ax.plot(curve["epoch"], curve["error"], color=colour, linewidth=1.2, alpha=0.8, label=label)
    ax.set_xlabel("epoch")
    ax.set_ylabel("test error [%]")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, fontsize="small")
    return ax
