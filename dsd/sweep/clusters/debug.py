"""Runs one after the other in the calling process: for a debugger, and for tests."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import submitit

from dsd.errors import DsdError
from dsd.sweep.clusters.job import CHECKPOINT_MIN, Job, check_minutes
from dsd.sweep.worker import Worker


@dataclass(frozen=True)
class Debug:
    """Settings of the debug cluster.

    checkpoint_min: minutes between two checkpoints in the middle of an epoch; after each epoch there is one anyway
    """

    checkpoint_min: float = CHECKPOINT_MIN
    name: str = "debug"

    def __post_init__(self) -> None:
        check_minutes(self.checkpoint_min)

    def split(self, runs: int) -> str:
        """How so many runs are executed, in words."""
        return f"{runs} runs one after the other in the calling process"

    def submit(self, folder: Path, runs: tuple[str, ...], living: int) -> Iterator[Job]:
        """Execute the runs, then say which job it was.

        Raises:
            DsdError: the job broke off outside of any run
        """
        worker = Worker(str(folder), runs, time.time(), checkpoint_s=60 * self.checkpoint_min)
        job = submitit.DebugExecutor(folder / "jobs").submit(worker.guarded)
        trouble = job.result()  # submitit would open a debugger on an exception
        yield Job(job.job_id, self.name, socket.gethostname(), worker.submitted, runs)
        if trouble:
            raise DsdError(f"{folder}: the job broke off: {trouble}")

    @staticmethod
    def alive(job: Job) -> bool:
        """Whether the job may still start runs; never after `submit` has returned."""
        return False
