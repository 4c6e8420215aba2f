"""A progress bar that appears only if work takes long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Advance = Callable[[int, str], None]  # amount of work done, and a short note


@contextmanager
def progress(title: str, total: int, after_s: float = 1.0) -> Iterator[Advance]:
    """Show a bar on standard error if that is a terminal and the work takes longer than `after_s`.

    The bar's library is imported only then, so that short work is not delayed.
    """
    start, bar = time.monotonic(), None

    def advance(done: int, words: str = "") -> None:
        nonlocal bar
        if bar is None and sys.stderr.isatty() and time.monotonic() - start > after_s:
            bar = started(title, total)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, words=words)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def started(title: str, total: int) -> Any:
    """Start a bar that disappears when it is stopped."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from dsd.cli.output import console

    texts = [TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[words]}")]
    columns = (texts[0], BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), texts[1])
    bar = Progress(*columns, console=console(stderr=True), transient=True)
    bar.add_task(title, total=total, words="")
    bar.start()
    return bar
