"""Jobs and submissions as the sweep records them, and the state of a job on its cluster."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LATEST = 1e11  # upper bound of times [s since 1970]: the year 5138

# why a job was ended from outside; its runs are resumable
CANCELLED, TIME_LIMIT, NODE_FAILURE = "cancelled", "time limit", "node failure"
OUT_OF_MEMORY, PREEMPTED = "out of memory", "preempted"


@dataclass(frozen=True)
class Job:
    """A job of a cluster and its runs.

    job: its id on the cluster; incomplete during its submission, or if the submission was interrupted
    cluster: a key of `dsd.sweep.backends.CLUSTERS`
    mark: distinguishes it from another job with the same id
    host: the machine that submitted it
    submitted: submission time [s since 1970]
    runs: keys, in the order of execution
    """

    job: str
    cluster: str
    mark: str
    host: str
    submitted: float
    runs: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """Whether its job id on the cluster is known."""
        return self.job[:1] not in ("", "_")

    @property
    def key(self) -> tuple[str, str]:
        """Its unique key within the sweep."""
        return self.mark, self.job


@dataclass(frozen=True)
class Submission:
    """Jobs that were submitted together: an array, or a single job.

    tasks: the runs of each job
    job: its id on the cluster; "" while unknown
    array: whether the jobs are named `job_0`, `job_1`, …
    commit: git commit of the launching checkout, with `-dirty` if files had changed; "" outside a checkout
    """

    cluster: str
    mark: str
    host: str
    submitted: float
    tasks: tuple[tuple[str, ...], ...]
    job: str = ""
    array: bool = False
    commit: str = ""

    def jobs(self) -> Iterator[Job]:
        """Yield the individual jobs; without tasks, the one job without runs that makes the next look."""
        if not self.tasks:
            yield Job(self.job, self.cluster, self.mark, self.host, self.submitted, ())
        for number, runs in enumerate(self.tasks):
            name = f"{self.job}_{number}" if self.array else self.job
            yield Job(name, self.cluster, self.mark, self.host, self.submitted, runs)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Submission":
        """Convert a line of `jobs/submitted.jsonl` to a submission.

        Raises:
            ValueError: the line is not a valid submission
        """
        texts = [record.get(name, "") for name in ("cluster", "mark", "host", "job", "commit")]
        moment, tasks, array = record.get("submitted"), record.get("tasks"), record.get("array", False)
        if not all(isinstance(text, str) for text in texts) or not isinstance(array, bool):
            raise ValueError("a name is not a string")
        if isinstance(moment, bool) or not isinstance(moment, int | float) or not 0 <= moment < LATEST:
            raise ValueError("submitted is not a time")
        if not isinstance(tasks, list) or not all(
            isinstance(runs, list) and all(isinstance(run, str) for run in runs) for runs in tasks
        ):
            raise ValueError("tasks is not a list of lists of run keys")
        cluster, mark, host, job, commit = texts
        if not cluster or not mark or not re.fullmatch(r"\w{0,100}", job):
            raise ValueError("cluster, mark or job is not valid")
        return cls(cluster, mark, host, float(moment), tuple(map(tuple, tasks)), job, array, commit)


class Phase(StrEnum):
    """What a job does; UNKNOWN if its cluster does not answer."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobState:
    """The state of a job.

    since: start time [s since 1970]
    why: for a waiting job, what it waits for; for an ended job, one of the reasons above, or "" if unknown
    said: error message of the job, if it recorded one
    """

    phase: Phase
    since: float = 0.0
    why: str = ""
    said: str = ""

    @property
    def alive(self) -> bool:
        """Whether the job can still start runs: true unless it is known to have ended."""
        return self.phase != Phase.ENDED


ENDED = JobState(Phase.ENDED)
