"""Background processes of this machine: as many workers as GPUs, or as cores, sharing one list of runs.

submitit's local executor starts every job at once, so there is one job a worker, not one a run, and each worker
takes the next run that nobody holds.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import submitit

from dsd.errors import DsdError
from dsd.processes import cores, end_with_parent
from dsd.sweep.backends.base import Settings
from dsd.sweep.folder.jobs import ENDED, Job, JobState, Submission
from dsd.sweep.folder.snapshots import importing_from, take_snapshot
from dsd.sweep.job.devices import gpu_share, visible_gpus
from dsd.sweep.job.supervisor import WorkerPool

TIMEOUT_MIN = 60 * 24 * 365  # submitit wants a limit; a workstation's own queue has none


@dataclass(frozen=True)
class Local(Settings):
    """Settings of the local cluster.

    workers: runs at a time; 0 is `runs_per_gpu` for each GPU, or without a GPU one for each core
    runs_per_gpu: runs that share a GPU; each may use its share of the GPU's memory, and fails alone if it wants more
    """

    workers: int = 0
    runs_per_gpu: int = 1
    name: str = "local"

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise DsdError(f"cluster.workers = {self.workers}: give a whole number, or 0 for one for each GPU or core")
        if self.runs_per_gpu < 1:
            raise DsdError(f"cluster.runs_per_gpu = {self.runs_per_gpu}: give a whole number from 1")
        super().__post_init__()

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float
    ) -> Iterator[Submission]:
        """Start workers in the background, one after the other.

        Args:
            folder: of the sweep
            runs: what the workers share
            living: jobs of this sweep that are at work already; at least one more is started for the new runs
            now: when they are submitted, later than all events so far [s since 1970]
        """
        gpus, busy = visible_gpus(), sum(job.cluster == self.name for job in living)
        width = self.width(len(runs), gpus)
        code = take_snapshot(folder)
        for i in range(max(width - busy, 1)):
            pool = WorkerPool(
                folder=str(folder.resolve()),
                runs=tuple(runs),
                submitted=now,
                gpus=(gpus[(busy + i) % len(gpus)],) if gpus else (),
                settings=replace(self.for_workers, gpu_share=gpu_share(width, len(gpus), self.runs_per_gpu)),
            )
            with importing_from(code):
                submission = start(pool)
            yield submission

    @property
    def sharing(self) -> int:
        """Runs that share a GPU."""
        return self.runs_per_gpu if visible_gpus() else 1

    def width(self, runs: int, gpus: list[str]) -> int:
        """How many workers share so many runs."""
        return min(self.workers or len(gpus) * self.runs_per_gpu or cores(), runs)

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """How these runs are executed, in words."""
        gpus = visible_gpus()
        each = "one core" if not gpus else "one GPU" if self.runs_per_gpu == 1 else f"1/{self.runs_per_gpu} of a GPU"
        return f"{len(runs)} runs shared by {self.width(len(runs), gpus)} background workers, each with {each}"

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Where jobs stand: whether the process of each is still there, on this machine."""
        return [JobState("waiting") if process_of(job) else ENDED for job in jobs], ""

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """Tell jobs to end; their workers keep the state of their runs first."""
        for job in jobs:
            process = process_of(job)
            with suppress(psutil.Error):
                if process:
                    process.terminate()  # submitit's own process passes it on to the supervisor


def process_of(job: Job) -> psutil.Process | None:
    """The process of a job, if it is still there, on this machine."""
    if job.host != socket.gethostname() or not job.job.isdecimal():
        return None
    try:
        process = psutil.Process(int(job.job))
        return process if process.status() != psutil.STATUS_ZOMBIE and mark_of(process) == job.mark else None
    except psutil.Error:
        return None


def mark_of(process: psutil.Process) -> str:
    """The number and command line of a process; that of a job names the sweep's folder, so no other process has it.

    A process that has only just been started may have none yet: it is waited for, up to a second.
    """
    for _ in range(100):
        command = " ".join(process.cmdline())
        if command or process.status() == psutil.STATUS_ZOMBIE:
            return f"{process.pid}: {command}"
        time.sleep(0.01)
    return ""


def start(pool: WorkerPool) -> Submission:
    """Start one job in the background."""
    logs = Path(pool.folder) / "jobs"
    executor = submitit.LocalExecutor(logs)
    executor.update_parameters(timeout_min=TIMEOUT_MIN)
    with output_to(logs / "local.log"):
        job = executor.submit(attended, pool)
    mark = mark_of(psutil.Process(int(job.job_id)))
    return Submission("local", mark, socket.gethostname(), pool.submitted, (pool.runs,), job.job_id)


def attended(pool: WorkerPool) -> None:
    """Run a pool that ends with the controller that `ask` asks for."""
    end_with_parent()
    pool()


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Let processes started here write to a file.

    submitit's controller inherits the caller's output: a pipe such as `dsd launch … | tee log` would stay open until
    the last worker ends.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(number, os.dup(number)) for number in (1, 2)]
    with path.open("a") as file:
        try:
            for number, _ in saved:
                os.dup2(file.fileno(), number)
            yield
        finally:
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)
