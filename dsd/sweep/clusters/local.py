"""Background processes of this machine: as many workers as GPUs, or as cores, sharing one list of runs.

submitit's local executor starts every job at once, so there is one job a worker, not one a run, and each worker
takes the next run that nobody holds.
"""

import os
import shutil
import signal
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
from dsd.processes import cores, end_with_parent
from dsd.sweep.clusters.job import CHECKPOINT_MIN, Job, check_minutes
from dsd.sweep.worker import Worker

TORCHS = 0.9  # of a shared GPU's memory that is for tensors; the rest is for what CUDA takes for each process
TIMEOUT_MIN = 60 * 24 * 365  # submitit wants a limit; a workstation's own queue has none


@dataclass(frozen=True)
class Local:
    """Settings of the local cluster.

    workers: runs at a time; 0 is `runs_per_gpu` for each GPU, or without a GPU one for each core
    runs_per_gpu: runs that share a GPU; each may use its share of the GPU's memory, and fails alone if it wants more
    checkpoint_min: minutes between two checkpoints in the middle of an epoch; after each epoch there is one anyway
    """

    workers: int = 0
    runs_per_gpu: int = 1
    checkpoint_min: float = CHECKPOINT_MIN
    name: str = "local"

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise DsdError(f"cluster.workers = {self.workers}: give a whole number, or 0 for one for each GPU or core")
        if self.runs_per_gpu < 1:
            raise DsdError(f"cluster.runs_per_gpu = {self.runs_per_gpu}: give a whole number from 1")
        check_minutes(self.checkpoint_min)

    def submit(self, folder: Path, runs: tuple[str, ...], living: int) -> Iterator[Job]:
        """Start workers in the background, one after the other.

        Args:
            folder: of the sweep
            runs: what the workers share
            living: workers of this sweep that are at work already; at least one more is started for the new runs
        """
        gpus, now = visible_gpus(), time.time()
        for i in range(max(self.width(len(runs), gpus) - living, 1)):
            gpu = gpus[(living + i) % len(gpus)] if gpus else ""
            share = self.gpu_share(len(runs), gpus)
            yield start(Worker(str(folder.resolve()), runs, now, gpu, share, 60 * self.checkpoint_min))

    def width(self, runs: int, gpus: list[str]) -> int:
        """How many workers share so many runs."""
        return min(self.workers or len(gpus) * self.runs_per_gpu or cores(), runs)

    def gpu_share(self, runs: int, gpus: list[str]) -> float:
        """How much of its GPU's memory each worker may use; some of it is left for what CUDA takes for each process."""
        sharing = max(self.runs_per_gpu, -(-self.width(runs, gpus) // len(gpus))) if gpus else 1
        return 1.0 if sharing == 1 else TORCHS / sharing

    def split(self, runs: int) -> str:
        """How so many runs are executed, in words."""
        gpus = visible_gpus()
        each = "one core" if not gpus else "one GPU" if self.runs_per_gpu == 1 else f"1/{self.runs_per_gpu} of a GPU"
        return f"{runs} runs shared by {self.width(runs, gpus)} background workers, each with {each}"

    @staticmethod
    def alive(job: Job) -> bool:
        """Whether the job's process is still there, on this machine."""
        if job.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(int(job.job))
            return process.status() != psutil.STATUS_ZOMBIE and command_of(process) == job.command
        except psutil.Error:
            return False


def command_of(process: psutil.Process) -> str:
    """The command line of a process; that of a job names the sweep's folder, so no other process has it.

    A process that has only just been started may have none yet: it is waited for, up to a second.
    """
    for _ in range(100):
        command = " ".join(process.cmdline())
        if command or process.status() == psutil.STATUS_ZOMBIE:
            return command
        time.sleep(0.01)
    return ""


def start(worker: Worker) -> Job:
    """Start one worker in the background."""
    logs = Path(worker.folder) / "jobs"
    executor = submitit.LocalExecutor(logs)
    executor.update_parameters(timeout_min=TIMEOUT_MIN)
    with output_to(logs / "local.log"):
        job = executor.submit(attended, worker)
    command = command_of(psutil.Process(int(job.job_id)))
    return Job(job.job_id, "local", socket.gethostname(), worker.submitted, worker.runs, command)


def attended(worker: Worker) -> int:
    """Run a worker that ends on SIGTERM, which submitit ignores, and with the controller that `alive` asks for."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()  # events and checkpoints are written whole
    return worker()


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


def visible_gpus() -> list[str]:
    """The CUDA devices of this machine that the caller may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [device.strip() for device in chosen.split(",") if device.strip() not in ("", "-1")]
    if not shutil.which("nvidia-smi"):
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listing.stdout.splitlines()))]
