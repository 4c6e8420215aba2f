"""What is written down about a submitted job."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """A job of a cluster and the runs it holds.

    job: the cluster's name of it
    cluster: a name of `dsd.sweep.clusters.CLUSTERS`
    host: where it was submitted
    submitted: when [s since 1970]
    runs: keys, in the order in which the job takes them
    command: for a local process, the command line that tells it from a later one of the same number
    """

    job: str
    cluster: str
    host: str
    submitted: float
    runs: tuple[str, ...]
    command: str = ""

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Job":
        """The job of one line of `jobs/submitted.jsonl`; TypeError or KeyError where the line is not one."""
        return cls(**{**record, "runs": tuple(record["runs"])})
