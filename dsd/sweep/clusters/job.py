"""What is written down about a submitted job."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A job of a cluster and the runs it holds.

    job: the cluster's name of it
    cluster: a name of `dsd.sweep.clusters.CLUSTERS`
    host: where it was submitted
    submitted: when [s since 1970]
    runs: keys, in the order in which the job takes them
    process_start: for a local process, what tells it from a later one of the same number [s since 1970]
    """

    job: str
    cluster: str
    host: str
    submitted: float
    runs: tuple[str, ...]
    process_start: float = 0.0
