"""Runs one after the other in the calling process: for a debugger, and for tests."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import submitit

from dsd.sweep.clusters.job import Job
from dsd.sweep.worker import Worker


@dataclass(frozen=True)
class Debug:
    """Settings of the debug cluster: none."""

    name: str = "debug"

    def split(self, runs: int) -> str:
        """How so many runs are executed, in words."""
        return f"{runs} runs one after the other in the calling process"

    def submit(self, folder: Path, runs: tuple[str, ...]) -> list[Job]:
        """Execute the runs, then return their job."""
        now = time.time()
        job = submitit.DebugExecutor(folder / "jobs").submit(Worker(str(folder), runs, now))
        job.result()
        return [Job(job.job_id, self.name, socket.gethostname(), now, runs)]

    @staticmethod
    def alive(job: Job) -> bool:
        """Whether the job may still start runs; never after `submit` has returned."""
        return False
