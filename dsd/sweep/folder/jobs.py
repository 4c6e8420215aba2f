"""What is written down of what was submitted, and what a cluster says of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LATEST = 1e11  # seconds since 1970 of a time: the year 5138

# why a job ended that did not end by itself; its runs can go on
CANCELLED, TIME_LIMIT, NODE_FAILURE = "cancelled", "time limit", "node failure"
OUT_OF_MEMORY, PREEMPTED = "out of memory", "preempted"


@dataclass(frozen=True)
class Job:
    """A job of a cluster and the runs it holds.

    job: the cluster's name of it; incomplete where it is being submitted, or its submission broke off
    cluster: a name of `dsd.sweep.backends.CLUSTERS`
    mark: tells the job from another one that the cluster calls the same
    host: where it was submitted
    submitted: when [s since 1970]
    runs: keys, in the order in which the job takes them
    """

    job: str
    cluster: str
    mark: str
    host: str
    submitted: float
    runs: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """Whether the cluster has given it its number, and that is known."""
        return self.job[:1] not in ("", "_")

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other job of its sweep."""
        return self.mark, self.job


@dataclass(frozen=True)
class Submission:
    """Jobs that were submitted in one go: an array, or a single one.

    tasks: the runs of each job
    job: the cluster's name of it; "" until the cluster has said it
    array: whether jobs are called `job_0`, `job_1`, …
    commit: of the checkout that was launched from, with `-dirty` where files had changed; "" outside one
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
        """The single jobs."""
        for number, runs in enumerate(self.tasks):
            name = f"{self.job}_{number}" if self.array else self.job
            yield Job(name, self.cluster, self.mark, self.host, self.submitted, runs)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Submission":
        """The submission of a line of `jobs/submitted.jsonl`.

        Raises:
            ValueError: the line is none
        """
        texts = [record.get(name, "") for name in ("cluster", "mark", "host", "job", "commit")]
        moment, tasks, array = record.get("submitted"), record.get("tasks"), record.get("array", False)
        if not all(isinstance(text, str) for text in texts) or not isinstance(array, bool):
            raise ValueError("a name is no text")
        if isinstance(moment, bool) or not isinstance(moment, int | float) or not 0 <= moment < LATEST:
            raise ValueError("submitted is no time")
        if not isinstance(tasks, list) or not all(
            isinstance(runs, list) and all(isinstance(run, str) for run in runs) for runs in tasks
        ):
            raise ValueError("tasks are no lists of runs")
        cluster, mark, host, job, commit = texts
        if not cluster or not mark or not re.fullmatch(r"\w{0,100}", job):
            raise ValueError("it names no job")
        return cls(cluster, mark, host, float(moment), tuple(map(tuple, tasks)), job, array, commit)


@dataclass(frozen=True)
class JobState:
    """Where a job stands.

    phase: `waiting`, `running` or `ended`; `unknown` where the cluster does not answer
    since: when it began to run [s since 1970]
    why: for a job that waits, what for; for one that has ended, one of the reasons above, or "" where nobody knows
    said: what broke it off, if it could still say so
    """

    phase: str
    since: float = 0.0
    why: str = ""
    said: str = ""

    @property
    def alive(self) -> bool:
        """Whether the job may still start runs, as far as one knows."""
        return self.phase != "ended"


ENDED = JobState("ended")
