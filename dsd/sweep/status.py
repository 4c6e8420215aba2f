"""The state of every run of a sweep, from its events, its claims and its jobs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dsd.sweep.claims import held
from dsd.sweep.clusters import CLUSTERS
from dsd.sweep.clusters.job import Job
from dsd.sweep.events import EventReader, Record
from dsd.sweep.folder import Sweep

STATES = ("planned", "queued", "running", "done", "diverged", "failed", "lost")
PENDING = ("queued", "running")


@dataclass(frozen=True)
class Status:
    """The state of every run at one moment.

    runs: the key of each row of networks.csv; a network that two spaces share stands there twice
    states: a name of STATES for each run, by key
    records: what the events say of the runs that have any
    living: the jobs whose processes are there
    broken: events of jobs that broke off outside of any run
    torn: lines of events and job records that cannot be read
    """

    runs: tuple[str, ...]
    states: dict[str, str]
    records: dict[str, Record]
    living: tuple[Job, ...]
    broken: tuple[dict[str, Any], ...]
    torn: int

    def counts(self, runs: Iterable[str] | None = None) -> dict[str, int]:
        """How many of these rows, or of all, are in each state."""
        found = Counter(self.states[run] for run in (self.runs if runs is None else runs))
        return {state: found[state] for state in STATES}

    @property
    def pending(self) -> int:
        """Rows that something is still at work on."""
        return sum(self.counts()[state] for state in PENDING)


class Watch:
    """Asks for the status of a sweep again and again, reading only what is new."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._reader = EventReader(sweep.folder)

    def status(self) -> Status:
        """The status now."""
        # jobs and claims before events: a run that ends in between then shows its result, not as lost
        jobs, torn_jobs = self._sweep.jobs()
        living = tuple(job for job in jobs if CLUSTERS[job.cluster].alive(job))
        waiting = {run: job.submitted for job in living for run in job.runs}
        runs = self._sweep.runs
        running = held(self._sweep.folder, runs)
        records = self._reader.poll()
        states = {run: state_of(records.get(run), run in running, waiting.get(run)) for run in runs}
        return Status(
            runs=tuple(runs),
            states=states,
            records=records,
            living=living,
            broken=tuple(self._reader.broken),
            torn=self._reader.torn + torn_jobs,
        )


def state_of(record: Record | None, running: bool, waiting_since: float | None) -> str:
    """The state of one run.

    Args:
        record: what its events say, if there are any
        running: whether a process executes it now
        waiting_since: when the living job was submitted that has it on its list, if there is one

    >>> state_of(None, running=False, waiting_since=12.0)
    'queued'
    """
    if record and record.finished:
        return record.state
    if running:
        return "running"
    if record and record.failed_since(waiting_since or 0.0):
        return "failed"  # a job submitted later than the failure will try it again
    if waiting_since is not None:
        return "queued"
    return "lost" if record else "planned"
