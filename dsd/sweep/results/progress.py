"""The progress of the running runs."""

from dataclasses import dataclass
from statistics import fmean

from dsd.runs import RunState
from dsd.sweep.folder.events import Started
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.results.status import Status


@dataclass(frozen=True)
class AtWork:
    """A running run.

    epoch, epochs: finished epochs, and their total
    error: of the last epoch [%]; None before the first epoch ends
    eta_s: estimated remaining seconds, from the mean time of its epochs; None before the first epoch ends
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
    """List the running runs, most finished epochs first."""
    names = {run: space for space, runs in sweep.spaces.items() for run in runs}
    epochs, running = sweep.recipe.epochs, []
    for run, state in now.states.items():
        if state != RunState.RUNNING:
            continue
        record = now.records.get(run)
        done = record.epochs if record else {}
        epoch = max(done, default=0)
        spent = [sum(s for s in (past.train_s, past.eval_s) if s == s) for past in done.values()]
        host = record.last.host if record and isinstance(record.last, Started) else ""
        running.append(
            AtWork(
                run=run,
                space=names[run],
                epoch=epoch,
                epochs=epochs,
                error=done[epoch].error if done else None,
                eta_s=fmean(spent) * (epochs - epoch) if spent else None,
                attempt=record.attempts if record else 1,
                where=f"{host} {now.jobs[run].job if run in now.jobs else ''}".strip(),
            )
        )
    return sorted(running, key=lambda run: -run.epoch)
