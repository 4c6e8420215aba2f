"""What is submitted to a cluster: a light object that submitit pickles and calls in the job."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Worker:
    """Executes runs of a sweep; torch is loaded where it is called, not where it is submitted.

    folder: the sweep
    runs: keys, in the order in which to take them
    submitted: when; runs that failed before are tried again, runs that fail later are left [s since 1970]
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float

    def __call__(self) -> int:
        """Execute the runs; returns how many of them this job gave a result."""
        from dsd.sweep.execution import execute_all
        from dsd.sweep.folder import Sweep

        return execute_all(Sweep(Path(self.folder)), self.runs, self.submitted)
