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

# Okabe and Ito's eight colours, distinct for the colour-blind; black last, yellow left out: it vanishes on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GLYPH = re.compile(r"Glyph \d+ .* missing from font")  # how matplotlib says that a letter is missing
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
    with letters_of_the_font():
        made.savefig(buffer, format="png", dpi=160)
    write_whole(path, buffer.getvalue())


def label(text: object) -> str:
    r"""A text that somebody else wrote as a label: as it is, on one line, neither a formula nor hidden from legends.

    >>> label("_from $5 to $10")
    ' _from \\$5 to \\$10'
    """
    shown = short_name(text).encode(errors="backslashreplace").decode().replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


@contextmanager
def letters_of_the_font() -> Iterator[None]:
    """Draw, and say once which letters the font of the pictures lacks, not each time it is asked for one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if any(GLYPH.match(str(one.message)) for one in caught):
        note_letters()
    for one in caught:
        if not GLYPH.match(str(one.message)):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


@cache
def note_letters() -> None:
    """Say it once."""
    log.warning("the font of the figures lacks some characters of the names; they are drawn as boxes")


def look(i: int) -> dict[str, Any]:
    """Colour and line of the i-th population: beyond seven, colours come again with another line."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i // len(COLOURS) % len(LINES)]}


def label_axis(ax: Axes, column: str) -> None:
    """Name the horizontal axis after a column; complexities in units of K, M or G."""
    ax.set_xlabel(label(column))
    if column in MEASURES:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value) if value > 0 else "0"))
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
