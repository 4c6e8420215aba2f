"""Execute runs in background processes on this machine: one worker per GPU or core, sharing one list of runs.

submitit's local executor starts all jobs at once. So each worker, not each run, is a job; a worker takes the next
unclaimed run.
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
from dsd.sweep.backends.base import Settings, Then
from dsd.sweep.folder.jobs import ENDED, Job, JobState, Phase, Submission
from dsd.sweep.folder.snapshots import importing_from, take_snapshot
from dsd.sweep.job.devices import gpu_share, visible_gpus
from dsd.sweep.job.supervisor import WorkerPool

TIMEOUT_MIN = 60 * 24 * 365  # submitit requires a time limit; this is one year


@dataclass(frozen=True)
class Local(Settings):
    """Settings of the local cluster.

    workers: concurrent runs; 0: `runs_per_gpu` per GPU, or, without a GPU, one per core
    runs_per_gpu: runs that share a GPU; each can use its share of the GPU memory, and fails alone if it needs more
    """

    workers: int = 0
    runs_per_gpu: int = 1
    name: str = "local"

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise DsdError(f"cluster.workers = {self.workers}: give a whole number, or 0 for one per GPU or core")
        if self.runs_per_gpu < 1:
            raise DsdError(f"cluster.runs_per_gpu = {self.runs_per_gpu}: give a whole number from 1")
        super().__post_init__()

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float, then: Then | None = None
    ) -> Iterator[Submission]:
        """Start workers in the background and yield the submission of each.

        Args:
            folder: of the sweep
            runs: costs of the runs that the workers share, by key
            living: running jobs of this sweep; at least one more is started for the new runs
            now: submission time, later than all events so far [s since 1970]
            then: each worker's process calls it at its end; pickled
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
                submission = start(pool, then)
            yield submission

    @property
    def sharing(self) -> int:
        """Number of runs that share a GPU; 1 without a GPU."""
        return self.runs_per_gpu if visible_gpus() else 1

    def width(self, runs: int, gpus: list[str]) -> int:
        """Return the number of workers for `runs` runs."""
        return min(self.workers or len(gpus) * self.runs_per_gpu or cores(), runs)

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """Describe how these runs are executed."""
        gpus = visible_gpus()
        each = "one core" if not gpus else "one GPU" if self.runs_per_gpu == 1 else f"1/{self.runs_per_gpu} of a GPU"
        return f"{len(runs)} runs shared by {self.width(len(runs), gpus)} background workers, each with {each}"

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Return the states of jobs: waiting if the process of the job is alive on this machine, else ended."""
        return [JobState(Phase.WAITING) if process_of(job) else ENDED for job in jobs], ""

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """Terminate jobs; their workers first save checkpoints."""
        for job in jobs:
            process = process_of(job)
            with suppress(psutil.Error):
                if process:
                    process.terminate()  # submitit's process forwards the signal to the supervisor


def process_of(job: Job) -> psutil.Process | None:
    """Return the process of a job if it is alive on this machine, else None."""
    if job.host != socket.gethostname() or not job.job.isdecimal():
        return None
    try:
        process = psutil.Process(int(job.job))
        return process if process.status() != psutil.STATUS_ZOMBIE and mark_of(process) == job.mark else None
    except psutil.Error:
        return None


def mark_of(process: psutil.Process) -> str:
    """Return the id and command line of a process. A job's command line contains the sweep's folder, so it is unique.

    A process that was just started can lack a command line; wait for it up to a second.
    """
    for _ in range(100):
        command = " ".join(process.cmdline())
        if command or process.status() == psutil.STATUS_ZOMBIE:
            return f"{process.pid}: {command}"
        time.sleep(0.01)
    return ""


def start(pool: WorkerPool, then: Then | None = None) -> Submission:
    """Start one job in the background."""
    logs = Path(pool.folder) / "jobs"
    executor = submitit.LocalExecutor(logs)
    executor.update_parameters(timeout_min=TIMEOUT_MIN)
    with output_to(logs / "local.log"):
        job = executor.submit(attended, pool, then)
    mark = mark_of(psutil.Process(int(job.job_id)))
    return Submission("local", mark, socket.gethostname(), pool.submitted, (pool.runs,), job.job_id)


def attended(pool: WorkerPool, then: Then | None = None) -> None:
    """Run a pool that ends when submitit's controller ends, the process that `ask` checks; then call `then`."""
    end_with_parent()
    if pool() and then:
        then()


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Redirect the output of processes that are started in this context to a file.

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
