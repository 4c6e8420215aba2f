"""Colours and formats that all figures share."""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dsd.architecture.complexities import MEASURES
from dsd.architecture.units import quantity
from dsd.io.files import write_whole
from dsd.texts import short_name

log = logging.getLogger(__name__)

# Okabe and Ito's colours, distinct for the colour-blind; black is last, yellow is left out: it is invisible on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GLYPH = re.compile(r"Glyph \d+ .* missing from font")  # matplotlib's warning about a missing character
LINES = ("-", "--", "-.", ":")


def figure(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """Create a figure with one Axes, size in inches; without pyplot, so there is no global state."""
    fig, (axes,) = figures(1, width, height)
    return fig, axes


def figures(count: int, width: float, height: float, fitted: bool = True) -> tuple[Figure, list[Axes]]:
    """Create a figure with `count` Axes side by side, each of this size [inches].

    Args:
        fitted: fit the margins to the labels, which takes half of the drawing time; else use fixed margins
    """
    fig = Figure(figsize=(count * width, height), layout="constrained" if fitted else None)
    if not fitted:
        fig.subplots_adjust(left=0.6 / count / width, right=1 - 0.1 / count / width, bottom=0.17, top=0.89, wspace=0.24)
    return fig, [styled(fig.add_subplot(1, count, i + 1)) for i in range(count)]


def styled(axes: Axes) -> Axes:
    """Add a faint grid, and hide the top and right spines."""
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def save(made: Figure, path: Path) -> None:
    """Write a figure as .png atomically; create its folder if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with letters_of_the_font():
        made.savefig(buffer, format="png", dpi=160)
    write_whole(path, buffer.getvalue())


def label(text: object) -> str:
    r"""Escape a user's text for a label: one line, no math mode, not hidden from legends by a leading underscore.

    >>> label("_from $5 to $10")
    ' _from \\$5 to \\$10'
    """
    shown = short_name(text).encode(errors="backslashreplace").decode().replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


@contextmanager
def letters_of_the_font() -> Iterator[None]:
    """Replace matplotlib's warnings about characters that the font lacks by one log message."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if any(GLYPH.match(str(warning.message)) for warning in caught):
        note_letters()
    for warning in caught:
        if not GLYPH.match(str(warning.message)):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


@cache
def note_letters() -> None:
    """Log once that the font lacks characters."""
    log.warning("the font of the figures lacks some characters of the names; they are drawn as boxes")


def look(i: int) -> dict[str, Any]:
    """Colour and line style of the i-th population; colours repeat after seven, with another line style."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i // len(COLOURS) % len(LINES)]}


def label_axis(ax: Axes, column: str) -> None:
    """Label the x-axis with a column name; complexities have units K, M or G."""
    ax.set_xlabel(label(column))
    if column in MEASURES:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value) if value > 0 else "0"))
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
