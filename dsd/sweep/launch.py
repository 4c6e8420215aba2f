"""Submit what a sweep still lacks, and only that."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dsd.sweep.clusters import Cluster
from dsd.sweep.folder import Sweep
from dsd.sweep.status import Status, Watch


@dataclass(frozen=True)
class Launched:
    """What a launch did: the status it found, the runs it submitted, and in how many jobs."""

    before: Status
    runs: tuple[str, ...]
    jobs: int


def missing(status: Status, retry_failed: bool) -> tuple[str, ...]:
    """The runs to submit: those without a result that nothing is at work on, in the order of the plan."""
    wanted = {"planned", "lost"} | ({"failed"} if retry_failed else set())
    return tuple(run for run, state in status.states.items() if state in wanted)


def launch(sweep: Sweep, cluster: Cluster, retry_failed: bool = False) -> Launched:
    """Submit what has no result and is neither queued nor running. Two launches at a time submit nothing twice.

    A job is written down as soon as it is submitted, so that a launch killed in between is known to the next one.
    """
    with one_at_a_time(sweep):
        status = Watch(sweep).status()
        tidy(sweep, status)
        runs = missing(status, retry_failed)
        jobs = 0
        for job in cluster.submit(sweep.folder, runs, len(status.living)) if runs else ():
            sweep.record(job)
            jobs += 1
        return Launched(status, runs, jobs)


def tidy(sweep: Sweep, status: Status) -> None:
    """Remove checkpoints of runs that have their result: left by a kill between the two."""
    for run, record in status.records.items():
        if record.finished:
            sweep.checkpoint(run).unlink(missing_ok=True)


@contextmanager
def one_at_a_time(sweep: Sweep) -> Iterator[None]:
    """Wait for the other launch of this sweep, if there is one."""
    path = sweep.folder / "jobs" / "launch.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
