"""The state of every run of a sweep, from its events, its claims, its jobs, and what the cluster says of them.

Events and the record of jobs are what counts; the cluster is asked which jobs still live, and if it does not answer,
runs stay as they were last known.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from dsd.errors import shortened
from dsd.runs import PENDING, RunState
from dsd.sweep.backends import CLUSTERS
from dsd.sweep.folder.claims import held
from dsd.sweep.folder.events import Broken, Event, EventReader, Failed, Record, Started, Stopped
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import CANCELLED, ENDED, Job, JobState
from dsd.sweep.folder.launch_lock import is_launching

Standings = dict[tuple[str, str], JobState]  # by `Job.key`
FAMILY = re.compile(r"(slurm|local)-(\d+(?:_\d+)?)-")  # how the names of a job's events begin
DISAPPEARED = "its job disappeared (no exit status)"
SKEW_S = 2.0  # by which the clocks of two machines may differ


@dataclass(frozen=True)
class Status:
    """The state of every run at one moment.

    runs: the key of each row of networks.csv; a network that two spaces share stands there twice
    states: of each run, by key
    reasons: why, for runs that failed, were lost or wait, in one line
    records: what the events say of the runs that have any
    jobs: the job that has, or had last, each run that was submitted, by the run's key
    living: the jobs that may still start runs
    broken: events of jobs that broke off outside of any run
    torn: lines of events and job records that cannot be read
    silent: what a cluster said instead of an answer; "" where all answered
    """

    runs: tuple[str, ...]
    states: dict[str, RunState]
    reasons: dict[str, str]
    records: dict[str, Record]
    jobs: dict[str, Job]
    living: tuple[Job, ...]
    broken: tuple[Broken, ...]
    torn: int
    silent: str

    def counts(self, runs: Iterable[str] | None = None) -> dict[RunState, int]:
        """How many of these rows, or of all, are in each state."""
        found = Counter(self.states[run] for run in (self.runs if runs is None else runs))
        return {state: found[state] for state in RunState}

    @property
    def latest(self) -> float:
        """The time of the latest event that made a state [s since 1970]; 0 where there is none."""
        return max((record.time for record in self.records.values()), default=0.0)

    @property
    def pending(self) -> int:
        """Rows that something is still at work on."""
        return sum(self.counts()[state] for state in PENDING)

    def failed_itself(self, run: str) -> bool:
        """Whether a run has failed by its own doing; one that was only interrupted can simply go on."""
        record = self.records.get(run)
        return self.states[run] == RunState.FAILED and record is not None and isinstance(record.last, Failed)


class StatusPoller:
    """Asks for the status of a sweep again and again, reading only what is new.

    Args:
        ask_every_s: seconds between two questions to a cluster; in between its last answer holds
    """

    def __init__(self, sweep: Sweep, ask_every_s: float = 0.0) -> None:
        self._sweep = sweep
        self._reader = EventReader(sweep.folder)
        self._every_s, self._asked = ask_every_s, -float("inf")
        self._answer: tuple[Standings, str] = ({}, "")

    def status(self, launching: bool | None = None) -> Status:
        """The status now.

        Args:
            launching: whether a launch may be submitting jobs now; None asks for it
        """
        # jobs and claims before events: a run that ends in between then shows its result, not as lost
        records = self._reader.poll()
        planned = dict.fromkeys(self._sweep.runs)
        unfinished = {run for run in planned if not is_finished(records.get(run))}
        submissions, torn_jobs = self._sweep.submissions()
        jobs = [job for submission in submissions for job in submission.jobs()]
        asked = [job for job in jobs if not unfinished.isdisjoint(job.runs)]
        standings, silent = self.standings(asked, launching)
        running = held(self._sweep.folder, unfinished)
        if unfinished:
            records = self._reader.poll(trust_sizes=launching is None)
        last = last_jobs(jobs, standings)
        said = last_words(self._reader.broken)
        found = {
            run: state_of(records.get(run), run in running, *about(last.get(run), standings, said)) for run in planned
        }
        return Status(
            runs=tuple(self._sweep.runs),
            states={run: state for run, (state, _) in found.items()},
            reasons={run: reason for run, (_, reason) in found.items() if reason},
            records={run: record for run, record in records.items() if run in planned},
            jobs=last,
            living=tuple(job for job in asked if standings[job.key].alive),
            broken=tuple(self._reader.broken),
            torn=self._reader.torn + torn_jobs,
            silent=silent,
        )

    def standings(self, jobs: list[Job], launching: bool | None) -> tuple[Standings, str]:
        """Where these jobs stand, and what a cluster said that did not answer."""
        known, silent = self._answer
        if time.monotonic() - self._asked >= self._every_s or not all(job.key in known for job in jobs):
            launching = is_launching(self._sweep.folder) if launching is None else launching
            self._answer = known, silent = ask(self._sweep, jobs, launching)
            self._asked = time.monotonic()
        return known, silent


def ask(sweep: Sweep, jobs: list[Job], launching: bool) -> tuple[Standings, str]:
    """Ask the clusters where jobs stand; why jobs have ended is written down, for a cluster forgets it."""
    ends, silent = sweep.ended(), ""
    found: Standings = {}
    new: list[tuple[Job, str]] = []
    of_cluster: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        of_cluster[job.cluster].append(job)
    for name, own in of_cluster.items():
        if name not in CLUSTERS:  # of a newer version, or a damaged record
            found.update((job.key, ENDED) for job in own)
            silent = silent or f"jobs/submitted.jsonl has jobs of the cluster {shortened(name, 60)}, which is not known"
            continue
        answers, trouble = CLUSTERS[name].ask(own, launching)
        silent = silent or trouble
        for job, standing in zip(own, answers, strict=True):
            known = ends.get(job.key, "")
            if standing == ENDED and known:  # forgotten in the meantime
                standing = JobState("ended", why=known)
            elif standing.phase == "ended" and standing.why and not known:
                new.append((job, standing.why))
            found[job.key] = standing
    if new:
        with suppress(OSError):  # somebody else's sweep, or a full disk
            sweep.record_ends(new)
    return found, silent


def is_finished(record: Record | None) -> bool:
    """Whether a run has its result."""
    return record is not None and record.finished


def last_jobs(jobs: list[Job], standings: Standings) -> dict[str, Job]:
    """The job that matters to each run: a living one, else the one submitted last."""
    found: dict[str, Job] = {}

    def weight(job: Job) -> tuple[bool, float]:
        return standings.get(job.key, ENDED).alive, job.submitted

    for job in sorted(jobs, key=weight):
        found.update(dict.fromkeys(job.runs, job))
    return found


def last_words(broken: Iterable[Broken]) -> dict[tuple[str, str], str]:
    """What broke jobs off, by cluster and number, from the events in which their workers said so."""
    found = ((FAMILY.match(event.job), event.message) for event in broken)
    return {(match[1], match[2]): " ".join(message.split()) for match, message in found if match}


def about(
    job: Job | None, standings: Standings, said: Mapping[tuple[str, str], str]
) -> tuple[float, JobState | None, bool]:
    """When the job of a run was submitted, where it stands, and whether the cluster took it."""
    if job is None:
        return 0.0, None, False
    standing = standings.get(job.key, ENDED)
    words = said.get((job.cluster, job.job), "") if not standing.alive else ""
    return job.submitted, replace(standing, said=words) if words else standing, job.numbered


def state_of(
    record: Record | None, claimed: bool, submitted: float, job: JobState | None, numbered: bool = True
) -> tuple[RunState, str]:
    """The state of one run, and why.

    Args:
        record: what its events say, if there are any
        claimed: whether a process of this machine, or one that shares locks with it, executes it now
        submitted: when the job was that has it on its list [s since 1970]
        job: where that job stands; None if the run was never submitted
        numbered: whether the cluster took that job, as far as is known

    >>> state_of(None, False, 12.0, JobState("waiting", why="Priority"))
    (<RunState.QUEUED: 'queued'>, 'Priority')
    """
    if record and record.result:
        return record.result, ""
    last = record.last if record else None
    began = isinstance(last, Started) and last.time >= submitted
    at_work = job is not None and job.phase in ("running", "unknown") and began
    if claimed or (at_work and last is not None and job is not None and last.time >= job.since - SKEW_S):
        return RunState.RUNNING, ""
    alive = job is not None and job.alive
    if record and record.failed_since(submitted if alive else 0.0):
        return RunState.FAILED, reason_of(record.last)  # a job submitted later than the failure will try it again
    if job and job.alive:
        return RunState.QUEUED, job.why
    if not record and (job is None or not numbered):
        return RunState.PLANNED, ""
    why = job.why if job else ""
    if not why and isinstance(last, Stopped) and last.time >= submitted:
        why = CANCELLED if last.reason == "terminated" else last.reason or "stopped"
    if why == CANCELLED:
        return RunState.CANCELLED, "resumable" if record else "before it was started"
    if why:
        return (RunState.FAILED, f"{why}; resumable") if record else (RunState.PLANNED, f"{why} before it was started")
    return RunState.LOST, f"its job broke off: {job.said}" if job and job.said else DISAPPEARED


def reason_of(event: Event) -> str:
    """Why a run failed, in one line."""
    if not isinstance(event, Failed):
        return ""
    size = f" ({event.asked_gb} GB asked for, batch {event.batch})" if event.asked_gb and event.batch else ""
    return " ".join(f"{event.reason}{size}: {event.message}".split())


def missing(status: Status, retry_failed: bool) -> tuple[str, ...]:
    """The runs to submit: those without a result that nothing is at work on, in the order of the plan.

    A run that was only interrupted is among them, one that has failed by itself where this is asked for.
    """
    return tuple(
        run
        for run, state in status.states.items()
        if state in (RunState.PLANNED, RunState.LOST, RunState.CANCELLED)
        or (state == RunState.FAILED and (retry_failed or not status.failed_itself(run)))
    )


def by_space(sweep: "Sweep", now: "Status") -> dict[str, dict[RunState, int]]:
    """Counts of states for each space, in the order of the plan."""
    return {space: now.counts(runs) for space, runs in sweep.spaces.items()}
