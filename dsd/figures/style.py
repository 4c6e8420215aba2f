"""Colours and formats that all figures share."""

import io
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dsd.design.complexity import MEASURES
from dsd.design.window import quantity
from dsd.files import write_whole

# Okabe and Ito's eight colours, distinct for the colour-blind; black last, yellow left out: it vanishes on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")


def figure(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """A figure of one Axes [inches]; made without pyplot, so nothing global is left behind."""
    made, (axes,) = figures(1, width, height)
    return made, axes


def figures(count: int, width: float, height: float, fitted: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure of some Axes side by side, each of this size [inches].

    Args:
        fitted: leave as much room for labels as they need, which takes half of the time; else a fixed part
    """
    made = Figure(figsize=(count * width, height), layout="constrained" if fitted else None)
    if not fitted:
        made.subplots_adjust(
            left=0.6 / count / width, right=1 - 0.1 / count / width, bottom=0.17, top=0.89, wspace=0.24
        )
    return made, [styled(made.add_subplot(1, count, i + 1)) for i in range(count)]


def styled(axes: Axes) -> Axes:
    """With a faint grid, and lines on two sides only."""
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def save(made: Figure, path: Path) -> None:
    """Write a figure as .png, whole or not at all; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=160)
    write_whole(path, buffer.getvalue())


def look(i: int) -> dict[str, Any]:
    """Colour and line of the i-th population: beyond seven, colours come again with another line."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i // len(COLOURS) % len(LINES)]}


def label_axis(ax: Axes, column: str) -> None:
    """Name the horizontal axis after a column; complexities in units of K, M or G."""
    ax.set_xlabel(column)
    if column in MEASURES:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value) if value > 0 else "0"))
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
