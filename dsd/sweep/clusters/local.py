"""Background processes of this machine: as many workers as GPUs, or as cores, sharing one list of runs.

submitit's local executor starts every job at once, so there is one job a worker, not one a run, and each worker
takes the next run that nobody holds.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import submitit

from dsd.errors import DsdError
from dsd.sweep.clusters.job import Job
from dsd.sweep.worker import Worker

TIMEOUT_MIN = 60 * 24 * 365  # submitit wants a limit; a workstation's own queue has none
SAME_PROCESS_S = 1.0  # a process' start time as read twice differs by less than this


@dataclass(frozen=True)
class Local:
    """Settings of the local cluster.

    workers: runs at a time; 0 is one for each GPU, or without a GPU one for each core
    """

    workers: int = 0
    name: str = "local"

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise DsdError(f"cluster.workers = {self.workers}: give a whole number, or 0 for one for each GPU or core")

    def submit(self, folder: Path, runs: tuple[str, ...]) -> list[Job]:
        """Start the workers in the background and return at once."""
        gpus = visible_gpus()
        workers = self.width(len(runs), gpus)
        with output_to(folder / "jobs" / "local.log"):
            return [start(folder, runs, gpus[i % len(gpus)] if gpus else None) for i in range(workers)]

    def width(self, runs: int, gpus: list[int]) -> int:
        """How many workers share so many runs."""
        return min(self.workers or len(gpus) or len(os.sched_getaffinity(0)), runs)

    def split(self, runs: int) -> str:
        """How so many runs are executed, in words."""
        gpus = visible_gpus()
        return f"{runs} runs shared by {self.width(runs, gpus)} background workers, each with one " + (
            "GPU" if gpus else "core"
        )

    @staticmethod
    def alive(job: Job) -> bool:
        """Whether the job's process is still there, on this machine."""
        if job.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(int(job.job))
            same = abs(process.create_time() - job.process_start) < SAME_PROCESS_S
            return bool(same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


def start(folder: Path, runs: tuple[str, ...], gpu: int | None) -> Job:
    """Start one worker, on this GPU if there is one."""
    now = time.time()
    executor = submitit.LocalExecutor(folder / "jobs")
    devices = () if gpu is None else (gpu,)
    executor.update_parameters(timeout_min=TIMEOUT_MIN, gpus_per_node=len(devices), visible_gpus=devices)
    job = executor.submit(Worker(str(folder.resolve()), runs, now))
    process_start = psutil.Process(int(job.job_id)).create_time()
    return Job(job.job_id, "local", socket.gethostname(), now, runs, process_start)


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


def visible_gpus() -> list[int]:
    """The CUDA devices of this machine that the caller may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [int(device) for device in chosen.split(",") if device.strip().isdigit()]
    if not shutil.which("nvidia-smi"):
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return list(range(sum(line.startswith("GPU ") for line in listing.stdout.splitlines())))
