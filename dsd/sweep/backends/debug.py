"""Execute runs sequentially in the calling process, for debugging and tests."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import submitit

from dsd.errors import DsdError
from dsd.sweep.backends.base import Settings, Then
from dsd.sweep.folder.jobs import ENDED, Job, JobState, Submission


@dataclass(frozen=True)
class Debug(Settings):
    """Settings of the debug cluster."""

    name: str = "debug"

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """Describe how these runs are executed."""
        return f"{len(runs)} runs, sequentially in the calling process"

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float, then: Then | None = None
    ) -> Iterator[Submission]:
        """Execute the runs, then yield their submission; the caller goes on by itself, without `then`.

        Raises:
            DsdError: the job failed outside any run
        """
        job = submitit.DebugExecutor(folder / "jobs").submit(self.execute, folder, tuple(runs), now)
        trouble = job.result()  # submitit would open a debugger on an exception
        mark = f"debug-{os.getpid()}-{now}"
        yield Submission(self.name, mark, socket.gethostname(), now, (tuple(runs),), job.job_id)
        if trouble:
            raise DsdError(f"{folder}: the job failed: {trouble}")

    def execute(self, folder: Path, runs: tuple[str, ...], submitted: float) -> str:
        """Execute the runs here; return the error of the job in one line, or ""."""
        from dsd.sweep.folder.folder import Sweep
        from dsd.sweep.job.executor import execute_all

        try:
            execute_all(Sweep(folder), runs, submitted, self.for_workers)
        except Exception as error:  # its traceback is in the event file
            return " ".join(f"{type(error).__name__}: {error}".split())
        return ""

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Return the states of jobs: all have ended when `submit` returns."""
        return [ENDED] * len(jobs), ""

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """Do nothing: no job outlives `submit`."""
