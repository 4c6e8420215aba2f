"""The state of every run of a sweep, from its events, its claims and its jobs."""

from collections import Counter
from dataclasses import dataclass

from dsd.sweep.claims import Claims
from dsd.sweep.clusters import CLUSTERS
from dsd.sweep.events import EventReader, Record
from dsd.sweep.folder import Sweep

STATES = ("planned", "queued", "running", "done", "diverged", "failed", "lost")
PENDING = ("queued", "running")


@dataclass(frozen=True)
class Status:
    """The state of every run at one moment.

    states: a name of STATES for each run, by key
    records: what the events say of the runs that have any
    torn: lines of event files that cannot be read
    """

    states: dict[str, str]
    records: dict[str, Record]
    torn: int

    def counts(self, runs: list[str] | None = None) -> dict[str, int]:
        """How many of these runs, or of all, are in each state."""
        found = Counter(self.states[run] for run in (self.states if runs is None else runs))
        return {state: found[state] for state in STATES}

    @property
    def pending(self) -> int:
        """Runs that something is still at work on."""
        return sum(state in PENDING for state in self.states.values())


class Watch:
    """Asks for the status of a sweep again and again, reading only what is new."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._reader = EventReader(sweep.folder)

    def status(self) -> Status:
        """The status now."""
        # jobs and claims before events: a run that ends in between then shows its result, not as lost
        living = [job for job in self._sweep.jobs() if CLUSTERS[job.cluster].alive(job)]
        waiting = {run: job.submitted for job in living for run in job.runs}
        with Claims(self._sweep.folder) as claims:
            held = {run for run in self._sweep.runs if claims.held(run)}
        records = self._reader.poll()
        states = {run: state_of(records.get(run), run in held, waiting.get(run)) for run in self._sweep.runs}
        return Status(states, records, self._reader.torn)


def state_of(record: Record | None, held: bool, waiting_since: float | None) -> str:
    """The state of one run.

    Args:
        record: what its events say, if there are any
        held: whether a process executes it now
        waiting_since: when the living job was submitted that has it on its list, if there is one

    >>> state_of(None, held=False, waiting_since=12.0)
    'queued'
    """
    if record and record.finished:
        return record.state
    if held:
        return "running"
    if record and record.failed_since(waiting_since or 0.0):
        return "failed"  # a job submitted later than the failure will try it again
    if waiting_since is not None:
        return "queued"
    return "lost" if record else "planned"
