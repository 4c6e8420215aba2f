"""The state of every run of a sweep, from its events, claims and jobs, and from the cluster.

Events and job records take precedence. The cluster only reports which jobs are alive; if it does not answer, runs
keep their last known state.
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
from dsd.sweep.folder.jobs import CANCELLED, ENDED, Job, JobState, Phase
from dsd.sweep.folder.launch_lock import is_launching
from dsd.sweep.folder.looks import Looks, looks_of

Standings = dict[tuple[str, str], JobState]  # by `Job.key`
FAMILY = re.compile(r"(slurm|local)-(\d+(?:_\d+)?)-")  # prefix of the names of a job's event files
DISAPPEARED = "its job disappeared (no exit status)"
SKEW_S = 2.0  # allowed clock difference between two machines


@dataclass(frozen=True)
class Status:
    """The state of every run at one moment.

    runs: key of each planned run; the run of a network in two spaces appears once
    states: state of each run, by key
    reasons: one line for each failed, cancelled, lost or waiting run, by key
    records: summary of the events of each run that has any, by key
    jobs: the current or last job of each submitted run, by the run's key
    living: jobs that can still start runs
    broken: events of jobs that failed outside any run
    torn: number of unreadable lines in event files and job records
    silent: error message of a cluster that did not answer; "" if all answered
    looks: the looks of a sweep with `until`, else None
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
    looks: Looks | None = None

    def counts(self, runs: Iterable[str] | None = None) -> dict[RunState, int]:
        """Count the runs in each state, of `runs` or of all."""
        counts = Counter(self.states[run] for run in (self.runs if runs is None else runs))
        return {state: counts[state] for state in RunState}

    @property
    def latest(self) -> float:
        """The time of the latest event that determines a state [s since 1970]; 0 without events."""
        return max((record.time for record in self.records.values()), default=0.0)

    @property
    def pending(self) -> int:
        """Number of rows that are queued or running."""
        return sum(self.counts()[state] for state in PENDING)

    @property
    def working(self) -> bool:
        """Whether runs are queued or running, or a job lives that will make the next look."""
        return bool(self.pending or (self.looks and self.looks.next and self.living))

    @property
    def unneeded(self) -> dict[str, str]:
        """The runs that no look needs any more, and why; empty without `until`."""
        return self.looks.unneeded if self.looks else {}

    def is_due(self, run: str) -> bool:
        """Whether a run is to be trained now: with `until` only those of the waves so far."""
        return self.looks is None or run in self.looks.due

    def failed_itself(self, run: str) -> bool:
        """Whether a run failed by itself; a run that was only interrupted is resumable."""
        record = self.records.get(run)
        return self.states[run] == RunState.FAILED and record is not None and isinstance(record.last, Failed)


class StatusPoller:
    """Polls the status of a sweep; each poll reads only new events.

    Args:
        ask_every_s: minimum seconds between two queries to a cluster; its last answer is reused in between
    """

    def __init__(self, sweep: Sweep, ask_every_s: float = 0.0) -> None:
        self._sweep = sweep
        self._reader = EventReader(sweep.folder)
        self._every_s, self._asked = ask_every_s, -float("inf")
        self._answer: tuple[Standings, str] = ({}, "")

    def status(self, launching: bool | None = None) -> Status:
        """Return the current status.

        Args:
            launching: whether a launch can be submitting jobs now; None: check the launch lock
        """
        # jobs and claims before events: a run that ends in between then has its result and is not lost
        records = self._reader.poll()
        planned = dict.fromkeys(self._sweep.runs)
        unfinished = {run for run in planned if not is_finished(records.get(run))}
        submissions, torn_jobs = self._sweep.submissions()
        jobs = [job for submission in submissions for job in submission.jobs()]
        looks = looks_of(self._sweep)
        # the jobs of the latest wave live on until they have started the next one
        latest = max((job.submitted for job in jobs), default=0.0) if looks and looks.next else float("inf")
        asked = [job for job in jobs if not (job.runs and unfinished.isdisjoint(job.runs)) or job.submitted >= latest]
        standings, silent = self.standings(asked, launching)
        running = held(self._sweep.folder, unfinished)
        if unfinished:
            records = self._reader.poll(trust_sizes=launching is None)
        last = last_jobs(jobs, standings)
        said = last_words(self._reader.broken)
        states = {
            run: state_of(records.get(run), run in running, *about(last.get(run), standings, said)) for run in planned
        }
        return Status(
            runs=tuple(dict.fromkeys(self._sweep.runs)),
            states={run: state for run, (state, _) in states.items()},
            reasons={run: reason for run, (_, reason) in states.items() if reason},
            records={run: record for run, record in records.items() if run in planned},
            jobs=last,
            living=tuple(job for job in asked if standings[job.key].alive),
            broken=tuple(self._reader.broken),
            torn=self._reader.torn + torn_jobs + (looks.torn if looks else 0),
            silent=silent,
            looks=looks,
        )

    def standings(self, jobs: list[Job], launching: bool | None) -> tuple[Standings, str]:
        """Return the states of these jobs, and the error message of a cluster that did not answer, or ""."""
        known, silent = self._answer
        if time.monotonic() - self._asked >= self._every_s or not all(job.key in known for job in jobs):
            launching = is_launching(self._sweep.folder) if launching is None else launching
            self._answer = known, silent = ask(self._sweep, jobs, launching)
            self._asked = time.monotonic()
        return known, silent


def ask(sweep: Sweep, jobs: list[Job], launching: bool) -> tuple[Standings, str]:
    """Query the clusters for the states of jobs; record why jobs ended, because clusters forget it."""
    ends, silent = sweep.ended(), ""
    standings: Standings = {}
    new: list[tuple[Job, str]] = []
    of_cluster: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        of_cluster[job.cluster].append(job)
    for name, own in of_cluster.items():
        if name not in CLUSTERS:  # from a newer version, or a damaged record
            standings.update((job.key, ENDED) for job in own)
            silent = silent or f"jobs/submitted.jsonl has jobs of cluster {shortened(name, 60)}, which is not known"
            continue
        answers, trouble = CLUSTERS[name].ask(own, launching)
        silent = silent or trouble
        for job, standing in zip(own, answers, strict=True):
            known = ends.get(job.key, "")
            if standing == ENDED and known:  # the cluster has forgotten the reason
                standing = JobState(Phase.ENDED, why=known)
            elif standing.phase == Phase.ENDED and standing.why and not known:
                new.append((job, standing.why))
            standings[job.key] = standing
    if new:
        with suppress(OSError):  # no write permission, or a full disk
            sweep.record_ends(new)
    return standings, silent


def is_finished(record: Record | None) -> bool:
    """Whether a run has its result."""
    return record is not None and record.finished


def last_jobs(jobs: list[Job], standings: Standings) -> dict[str, Job]:
    """Return the relevant job of each run: a living one, else the last submitted."""
    last: dict[str, Job] = {}

    def weight(job: Job) -> tuple[bool, float]:
        return standings.get(job.key, ENDED).alive, job.submitted

    for job in sorted(jobs, key=weight):
        last.update(dict.fromkeys(job.runs, job))
    return last


def last_words(broken: Iterable[Broken]) -> dict[tuple[str, str], str]:
    """Return the error message of each job that failed outside any run, by cluster and job number."""
    matches = ((FAMILY.match(event.job), event.message) for event in broken)
    return {(match[1], match[2]): " ".join(message.split()) for match, message in matches if match}


def about(
    job: Job | None, standings: Standings, said: Mapping[tuple[str, str], str]
) -> tuple[float, JobState | None, bool]:
    """Return the submission time of a job, its state, and whether the cluster has accepted it."""
    if job is None:
        return 0.0, None, False
    standing = standings.get(job.key, ENDED)
    words = said.get((job.cluster, job.job), "") if not standing.alive else ""
    return job.submitted, replace(standing, said=words) if words else standing, job.numbered


def state_of(
    record: Record | None, claimed: bool, submitted: float, job: JobState | None, numbered: bool = True
) -> tuple[RunState, str]:
    """Return the state of one run, and the reason, or "".

    Args:
        record: summary of its events; None without events
        claimed: whether a process on this machine, or on one that shares file locks with it, executes it now
        submitted: submission time of its job [s since 1970]
        job: state of its job; None if the run was never submitted
        numbered: whether the cluster is known to have accepted its job

    >>> state_of(None, False, 12.0, JobState(Phase.WAITING, why="Priority"))
    (<RunState.QUEUED: 'queued'>, 'Priority')
    """
    if record and record.result:
        return record.result, ""
    last = record.last if record else None
    began = isinstance(last, Started) and last.time >= submitted
    at_work = job is not None and job.phase in (Phase.RUNNING, Phase.UNKNOWN) and began
    if claimed or (at_work and last is not None and job is not None and last.time >= job.since - SKEW_S):
        return RunState.RUNNING, ""
    alive = job is not None and job.alive
    if record and record.failed_since(submitted if alive else 0.0):
        return RunState.FAILED, reason_of(record.last)  # unless a job submitted after the failure will retry it
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
    return RunState.LOST, f"its job failed: {job.said}" if job and job.said else DISAPPEARED


def reason_of(event: Event) -> str:
    """Return in one line why a run failed."""
    if not isinstance(event, Failed):
        return ""
    size = f" ({event.asked_gb} GB requested, batch {event.batch})" if event.asked_gb and event.batch else ""
    return " ".join(f"{event.reason}{size}: {event.message}".split())


def missing(status: Status, retry_failed: bool) -> tuple[str, ...]:
    """Return the runs to submit, in the order of the plan: without a result, neither queued nor running.

    Interrupted runs are included; runs that failed by themselves only with `retry_failed`. With `until`, the runs of
    later waves are not.
    """
    return tuple(
        run
        for run, state in status.states.items()
        if (
            state in (RunState.PLANNED, RunState.LOST, RunState.CANCELLED)
            or (state == RunState.FAILED and (retry_failed or not status.failed_itself(run)))
        )
        and status.is_due(run)
    )


def by_space(sweep: "Sweep", now: "Status") -> dict[str, dict[RunState, int]]:
    """Count the runs in each state, per space, in the order of the plan."""
    return {space: now.counts(runs) for space, runs in sweep.spaces.items()}
