"""Tables, numbers and durations for the terminal."""

import re
from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from dsd.cli.messages import printing
from dsd.texts import short_name

SHORT = 20  # longest name that is never broken over lines [characters]


def console(stderr: bool = False) -> Console:
    """Return a console; if output is not a terminal, 250 characters wide, so that no table wraps."""
    terminal = Console(stderr=stderr, highlight=False)
    return terminal if terminal.is_terminal else Console(stderr=stderr, highlight=False, width=250)


def table(header: Sequence[str], rows: Sequence[Sequence[object]], sections: Collection[int] = ()) -> Table:
    """Return a plain table: text left-aligned, numbers right-aligned, a line before each row in `sections`."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[short_name(value) for value in row] for row in rows]
    for i, name in enumerate(header):
        numeric = bool(cells) and all(is_number(row[i]) for row in cells)
        whole = i == 0 and all(len(row[0]) <= SHORT for row in cells)
        least = max((len(row[i]) for row in cells), default=0) if numeric else None
        justify: JustifyMethod = "right" if numeric else "left"
        grid.add_column(Text(name), justify=justify, overflow="fold", no_wrap=whole, min_width=least)
    for i, row in enumerate(cells):
        if i in sections:
            grid.add_section()
        grid.add_row(*(Text(value) for value in row))
    return grid


def is_number(value: object) -> bool:
    """Return whether a cell is a number (with an optional unit, deviation or star), a dash or empty."""
    return bool(re.fullmatch(r"–?|[−-]?[\d,.]+(e[+-]?\d+)?[KMGTPE]?(±[\d.]+)?\*?", str(value)))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], sections: Collection[int] = ()) -> None:
    """Print a table on standard output."""
    with printing():
        console().print(table(header, rows, sections))


def decimal(value: float | None, digits: int = 2) -> str:
    """Return a number with fixed decimals; a dash for None and NaN."""
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def counted(n: int, noun: str) -> str:
    """Return a count with its noun, in singular or plural.

    >>> counted(1, "epoch"), counted(2, "epoch")
    ('1 epoch', '2 epochs')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> duration(3700)
    '1 h 2 min'
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
