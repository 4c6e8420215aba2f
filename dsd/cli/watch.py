"""A sweep watched until it ends: a progress bar, or lines where there is no terminal."""

import time
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dsd.cli.output import console, duration

if TYPE_CHECKING:
    from dsd.sweep.status import Status, Watch

POLL_S = 1.0


def follow(watching: "Watch") -> "Status":
    """Show a progress bar until nothing is queued or running; where there is no terminal, a line now and then."""
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    start, said = time.monotonic(), -1
    now = watching.status()
    total = len(now.runs)
    first = finished(now)
    with Progress(*columns, TextColumn("{task.fields[eta]}"), console=out, disable=not out.is_terminal) as bar:
        task = bar.add_task("", total=total, eta="")
        while True:
            done, elapsed = finished(now), time.monotonic() - start
            eta = f"about {duration(elapsed / (done - first) * (total - done))} left" if first < done < total else ""
            bar.update(task, completed=done, description=description(now), eta=eta)
            if not out.is_terminal and (done * 10 // total != said or not now.pending):
                said = done * 10 // total
                click.echo(f"{done}/{total} finished, {description(now)} {eta}".strip(), err=True)
            if not now.pending:
                return now
            time.sleep(POLL_S)
            now = watching.status()


def finished(now: "Status") -> int:
    """Runs that need nothing more."""
    counts = now.counts()
    return counts["done"] + counts["diverged"] + counts["failed"]


def description(now: "Status") -> str:
    """What goes on, in words: the runs at work with their epochs, and the last error."""
    results: list[dict[str, Any]] = [record.last for record in now.records.values() if record.finished]
    running = [now.records[run] for run, state in now.states.items() if state == "running" and run in now.records]
    epochs = "+".join(str(max(record.epochs, default=0)) for record in running)
    words = f"{now.counts()['running']} running" + (f" (epochs done: {epochs})" if epochs else "")
    if results:
        words += f", last error {max(results, key=lambda event: event['time'])['error']:.1f} %"
    return words
