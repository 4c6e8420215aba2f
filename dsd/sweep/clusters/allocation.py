"""What Slurm starts in an allocation: the workers that fit into it, and what becomes of the job when it has to end."""

import logging
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

from dsd.processes import cores
from dsd.sweep.clusters import queue
from dsd.sweep.devices import gpu_share, visible_gpus
from dsd.sweep.events import EventWriter
from dsd.sweep.supervision import Crew, Supervisor
from dsd.sweep.worker import Told

EARLY_S = 60  # Slurm may announce the end by so much earlier than it was asked to (sbatch --signal)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allocation:
    """A job of Slurm. submitit pickles it and calls it there.

    crew: what to do; its devices and width are those of the allocation
    runs_per_gpu: runs that share a GPU
    time_min: limit of the job
    signal_s: how long before the limit Slurm says so
    """

    crew: Crew
    runs_per_gpu: int
    time_min: int
    signal_s: int

    def __call__(self) -> None:
        """Work until no run is left. Where the job has to end before that, let it start again."""
        told, began = Told(), time.time()
        told.listen()
        number = os.environ["SLURM_JOB_ID"]
        job = "_".join(filter(None, map(os.environ.get, ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")))) or number
        crew = fitted(self.crew, visible_gpus(), cores(), self.runs_per_gpu)
        limit_from = began + 60 * self.time_min - self.signal_s - 2 * EARLY_S
        begun = Supervisor(crew, told, f"slurm-{job}", limit_from, alone=True).work()
        if told():
            trouble = go_on(number, told.signals[0], begun)
            if trouble:
                with EventWriter(Path(crew.folder), f"slurm-{job}-{number}") as writer:
                    writer.write("broken", "", job=job, message=trouble, traceback="")


def fitted(crew: Crew, gpus: list[str], cores: int, runs_per_gpu: int) -> Crew:
    """The crew with as many workers as the allocation has room for: `runs_per_gpu` for each GPU, or one a core."""
    width = min(len(gpus) * runs_per_gpu or cores, len(crew.runs))
    return replace(crew, gpus=tuple(gpus), width=width, gpu_share=gpu_share(width, len(gpus), runs_per_gpu))


def go_on(number: str, told: int, begun: bool) -> str:
    """Let a job that was told to end start again, unless it was cancelled; what went wrong, or nothing.

    SIGUSR2 announces the time limit, or preemption. SIGTERM comes with scancel, and with preemption: then Slurm itself
    starts the job again, or, in a time of grace, still calls it running and would take its end for good.
    """
    if told == signal.SIGUSR2 and not begun:
        return "its time was over before the first run began: give more time, cluster.time_min"
    if told == signal.SIGTERM:
        state, _ = queue.said("squeue", "--noheader", f"--jobs={number}", "--format=%T")
        if state.strip() != "RUNNING":
            return ""
    trouble = queue.requeue(number)
    return f"it cannot be started again: {trouble}" if trouble else ""
