"""Colours and formats that all figures share."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dsd.design.complexity import MEASURES
from dsd.design.window import quantity

# Okabe and Ito's eight colours, distinct for the colour-blind; black last, yellow left out: it vanishes on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")


def figure(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """A figure of one Axes [inches]; made without pyplot, so nothing global is left behind."""
    made = Figure(figsize=(width, height), layout="constrained")
    axes = made.add_subplot()
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return made, axes


def look(i: int) -> dict[str, Any]:
    """Colour and line of the i-th population: beyond seven, colours come again with another line."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i // len(COLOURS) % len(LINES)]}


def label_axis(ax: Axes, column: str) -> None:
    """Name the horizontal axis after a column; complexities in units of K, M or G."""
    ax.set_xlabel(column)
    if column in MEASURES:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value) if value > 0 else "0"))
