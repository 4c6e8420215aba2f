"""Runs one after the other in the calling process: for a debugger, and for tests."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import submitit

from dsd.errors import DsdError
from dsd.sweep.backends.base import Settings
from dsd.sweep.folder.jobs import ENDED, Job, JobState, Submission


@dataclass(frozen=True)
class Debug(Settings):
    """Settings of the debug cluster."""

    name: str = "debug"

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """How these runs are executed, in words."""
        return f"{len(runs)} runs one after the other in the calling process"

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float
    ) -> Iterator[Submission]:
        """Execute the runs, then say which job it was.

        Raises:
            DsdError: the job broke off outside of any run
        """
        job = submitit.DebugExecutor(folder / "jobs").submit(self.execute, folder, tuple(runs), now)
        trouble = job.result()  # submitit would open a debugger on an exception
        mark = f"debug-{os.getpid()}-{now}"
        yield Submission(self.name, mark, socket.gethostname(), now, (tuple(runs),), job.job_id)
        if trouble:
            raise DsdError(f"{folder}: the job broke off: {trouble}")

    def execute(self, folder: Path, runs: tuple[str, ...], submitted: float) -> str:
        """Execute the runs here; returns what broke the job off, in one line, or nothing."""
        from dsd.sweep.folder.folder import Sweep
        from dsd.sweep.job.executor import execute_all

        try:
            execute_all(Sweep(folder), runs, submitted, self.for_workers)
        except Exception as error:  # the event file has its traceback
            return " ".join(f"{type(error).__name__}: {error}".split())
        return ""

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Where jobs stand: `submit` returns when they have ended."""
        return [ENDED] * len(jobs), ""

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """There is nothing to end."""
