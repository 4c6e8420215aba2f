"""Tables and progress, as people read them."""

import re
from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from dsd.cli.messages import printing
from dsd.texts import short_name

SHORT = 20  # characters of a name that is not broken over lines


def console(stderr: bool = False) -> Console:
    """A console; where output is not a terminal, wide enough that no table wraps."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=200)


def table(header: Sequence[str], rows: Sequence[Sequence[object]], sections: Collection[int] = ()) -> Table:
    """A plain table: text to the left, numbers to the right; a line before the rows at which sections start."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[short_name(value) for value in row] for row in rows]
    for i, name in enumerate(header):
        numeric = bool(cells) and all(is_number(row[i]) for row in cells)
        whole = i == 0 and all(len(row[0]) <= SHORT for row in cells)
        least = max((len(row[i]) for row in cells), default=0) if numeric else None
        justify: JustifyMethod = "right" if numeric else "left"
        made.add_column(Text(name), justify=justify, overflow="fold", no_wrap=whole, min_width=least)
    for i, row in enumerate(cells):
        if i in sections:
            made.add_section()
        made.add_row(*(Text(value) for value in row))
    return made


def is_number(value: object) -> bool:
    """Whether a cell reads as a number, with a unit, a deviation or a star or without, or as a missing one."""
    return bool(re.fullmatch(r"–?|[−-]?[\d,.]+(e[+-]?\d+)?[KMGTPE]?(±[\d.]+)?\*?", str(value)))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], sections: Collection[int] = ()) -> None:
    """Print a table on standard output."""
    with printing():
        console().print(table(header, rows, sections))


def decimal(value: float | None, digits: int = 2) -> str:
    """A number with fixed digits; a dash for what there is not."""
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def counted(n: int, noun: str) -> str:
    """So many things.

    >>> counted(1, "epoch"), counted(2, "epoch")
    ('1 epoch', '2 epochs')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(3700)
    '1 h 2 min'
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
