"""How far the runs at work are."""

from dataclasses import dataclass
from statistics import fmean

from dsd.runs import RunState
from dsd.sweep.folder.events import Started
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.results.status import Status


@dataclass(frozen=True)
class AtWork:
    """A run that is executed now.

    epoch, epochs: finished ones, and of all
    error: of the last epoch [%]; None before the first
    eta_s: seconds that it still takes, from its own epochs; None before the first
    attempt: 1 if it was never interrupted
    where: host and job
    """

    run: str
    space: str
    epoch: int
    epochs: int
    error: float | None
    eta_s: float | None
    attempt: int
    where: str


def at_work(sweep: Sweep, now: Status) -> list[AtWork]:
    """The runs that are executed now, the one that is furthest first."""
    names = {run: space for space, runs in sweep.spaces.items() for run in runs}
    of_all, found = sweep.recipe.epochs, []
    for run, state in now.states.items():
        if state != RunState.RUNNING:
            continue
        record = now.records.get(run)
        done = record.epochs if record else {}
        epoch = max(done, default=0)
        spent = [sum(s for s in (one.train_s, one.eval_s) if s == s) for one in done.values()]
        host = record.last.host if record and isinstance(record.last, Started) else ""
        found.append(
            AtWork(
                run=run,
                space=names[run],
                epoch=epoch,
                epochs=of_all,
                error=done[epoch].error if done else None,
                eta_s=fmean(spent) * (of_all - epoch) if spent else None,
                attempt=record.attempts if record else 1,
                where=f"{host} {now.jobs[run].job if run in now.jobs else ''}".strip(),
            )
        )
    return sorted(found, key=lambda one: -one.epoch)
