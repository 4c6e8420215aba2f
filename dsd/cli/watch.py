"""Follow a sweep until it ends: a live table on a terminal, else lines."""

import time
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from dsd.cli.messages import say
from dsd.cli.output import console, decimal, duration, table
from dsd.runs import RESULTS, RunState
from dsd.texts import printable

if TYPE_CHECKING:
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.progress import AtWork
    from dsd.sweep.results.status import Status, StatusPoller

POLL_S = 1.0
ASK_EVERY_S = 10.0  # between two queries to a cluster's controller, which serves other users too
ROWS = 12  # most running runs to show
HEADER = ("run", "space", "epoch", "error [%]", "left", "attempt", "where")


def follow(sweep: "Sweep", watching: "StatusPoller") -> "Status":
    """Show the progress of a sweep until nothing is queued or running; without a terminal, one line per tenth."""
    out = console(stderr=True)
    shown = Shown(sweep, watching.status())
    said = -1
    with Live(shown.drawn(), console=out, auto_refresh=False, transient=True) if out.is_terminal else shown as live:
        while True:
            now = shown.now
            if isinstance(live, Live):
                live.update(shown.drawn(), refresh=True)
            elif shown.tenths != said or not now.working:
                said = shown.tenths
                say(shown.line(), err=True)
            if not now.working:
                return now
            time.sleep(POLL_S)
            shown.now = watching.status()


class Shown:
    """The display of a sweep's progress."""

    def __init__(self, sweep: "Sweep", now: "Status") -> None:
        self.sweep, self.now = sweep, now
        self._start, self._first = time.monotonic(), finished(now)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[eta]}"))
        self._task = self._bar.add_task("finished", total=needed(now), eta="")

    def __enter__(self) -> "Shown":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    @property
    def tenths(self) -> int:
        """Finished runs, in tenths of all."""
        return finished(self.now) * 10 // needed(self.now)

    def eta(self) -> str:
        """Return the remaining time at the pace since the watch began, in words; "" if unknown."""
        done, total = finished(self.now), needed(self.now)
        if not self._first < done < total:
            return ""
        return f"about {duration((time.monotonic() - self._start) / (done - self._first) * (total - done))} left"

    def line(self) -> str:
        """Return the state in one line."""
        counts = {state: count for state, count in self.now.counts().items() if count and state != RunState.DONE}
        words = ", ".join(f"{count} {state}" for state, count in counts.items())
        return f"{finished(self.now)}/{needed(self.now)} finished" + "".join(
            f", {part}" for part in (words, best(self.now), self.eta()) if part
        )

    def drawn(self) -> RenderableType:
        """Return the state as tables and a bar."""
        from dsd.sweep.results.progress import at_work
        from dsd.sweep.results.status import by_space

        now = self.now
        states = [state for state, count in now.counts().items() if count]
        counts = by_space(self.sweep, now)
        spaces = table(
            ("space", "runs", *states), [(s, sum(c.values()), *(c[x] for x in states)) for s, c in counts.items()]
        )
        running = at_work(self.sweep, now)
        parts: list[RenderableType] = [spaces]
        if running:
            parts.append(table(HEADER, [cells(run) for run in running[:ROWS]]))
        if len(running) > ROWS:
            parts.append(f"and {len(running) - ROWS} more\n")
        self._bar.update(self._task, total=needed(now), completed=finished(now), eta=self.eta())
        parts += [self._bar, *(Text(printable(words)) for words in (best(now), now.silent) if words)]
        return Group(*parts)


def cells(run: "AtWork") -> tuple[object, ...]:
    """Return a running run's row of the table."""
    left = "" if run.eta_s is None else duration(run.eta_s)
    return run.run, run.space, f"{run.epoch}/{run.epochs}", decimal(run.error), left, run.attempt, run.where


def finished(now: "Status") -> int:
    """Return the number of runs that have a result or failed."""
    counts = now.counts()
    return sum(counts[state] for state in (*RESULTS, RunState.FAILED))


def needed(now: "Status") -> int:
    """Return the number of planned runs without those that no look needs any more."""
    return len(now.runs) - sum(run in now.unneeded for run in now.runs)


def best(now: "Status") -> str:
    """Return the lowest error so far, in words."""
    errors = [record.outcome.error for record in now.records.values() if record.outcome]
    return f"lowest error {min(errors):.1f} %" if errors else ""
