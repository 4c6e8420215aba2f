"""What is written down about a submitted job."""

from dataclasses import dataclass
from typing import Any

from dsd.errors import DsdError

CHECKPOINT_MIN = 10.0


def check_minutes(checkpoint_min: float) -> None:
    """Refuse a time between checkpoints that is none."""
    if not checkpoint_min > 0:
        raise DsdError(f"cluster.checkpoint_min = {checkpoint_min}: give a number of minutes above 0")


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
