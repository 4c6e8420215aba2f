"""What Slurm starts in an allocation: the workers that fit into it, and what becomes of the job when it has to end."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dsd.processes import cores
from dsd.sweep.backends.slurm import queue
from dsd.sweep.folder.events import Broken, EventWriter
from dsd.sweep.job.devices import gpu_share, visible_gpus
from dsd.sweep.job.supervisor import Supervisor, WorkerPool
from dsd.sweep.job.worker import StopSignal

EARLY_S = 60  # Slurm may announce the end by so much earlier than it was asked to (sbatch --signal)
KILL_WAIT_S = 30  # between SIGTERM and SIGKILL, unless a cluster has set KillWait
TRIES, PAUSE_S = 3, 2.0  # to ask a controller that is busy


@dataclass(frozen=True)
class Allocation:
    """A job of Slurm. submitit pickles it and calls it there.

    pool: what to do; its devices and width are those of the allocation
    gpus: whether it has any
    runs_per_gpu: runs that share a GPU
    time_min: limit of the job
    signal_s: how long before the limit Slurm says so
    """

    pool: WorkerPool
    gpus: bool
    runs_per_gpu: int
    time_min: int
    signal_s: int

    def __call__(self) -> None:
        """Work until no run is left. Where the job has to end before that, let it start again."""
        told, began = StopSignal(), time.time()
        told.listen()
        job = number_here()
        if not self.gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a node may show devices that are not of the job
        pool = fitted(self.pool, visible_gpus(), cores(), self.runs_per_gpu)
        limit_from = began + 60 * self.time_min - self.signal_s - 2 * EARLY_S
        grace_s = {int(signal.SIGUSR2): self.signal_s * 2 / 3, int(signal.SIGTERM): KILL_WAIT_S * 2 / 3}
        begun = Supervisor(pool, told, f"slurm-{job}", grace_s, limit_from, alone=True).work()
        trouble = go_on(job, told.signals, begun or time.time() < limit_from) if told() else ""
        if trouble:
            with EventWriter(Path(pool.folder), f"slurm-{job}-end") as writer:
                writer.write(Broken(job=f"slurm-{job}-end", message=trouble))


def number_here() -> str:
    """The number of this job: of its own task, for a plain number means all of an array."""
    array = (os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID"))
    return "_".join(filter(None, array)) or os.environ["SLURM_JOB_ID"]


def fitted(pool: WorkerPool, gpus: list[str], cores: int, runs_per_gpu: int) -> WorkerPool:
    """The pool with as many workers as the allocation has room for: `runs_per_gpu` for each GPU, or one a core."""
    width = min(len(gpus) * runs_per_gpu or cores, len(pool.runs))
    settings = replace(pool.settings, gpu_share=gpu_share(width, len(gpus), runs_per_gpu))
    return replace(pool, gpus=tuple(gpus), width=width, settings=settings)


def go_on(job: str, signals: list[int], useful: bool) -> str:
    """Let a job that was told to end start again, unless it was cancelled; what went wrong, or nothing.

    SIGUSR2 announces the time limit, or preemption. SIGTERM comes with scancel, and with preemption: then Slurm itself
    starts the job again, or, in a time of grace, still calls it running and would take its end for good.

    Args:
        job: its number
        signals: that told it to end
        useful: whether it may do more the next time; a job whose time is over before a run begins may not
    """
    if signal.SIGTERM in signals:
        state, trouble = insist(lambda: queue.said("squeue", "--noheader", f"--jobs={job}", "--format=%T"))
        if trouble or state.strip() != "RUNNING":
            return trouble and f"whether it was cancelled is not known: {trouble}"
    elif not useful:
        return "its time was over before the first run began: give more, cluster.time_min"
    _, trouble = insist(lambda: queue.said("scontrol", "requeue", job))
    return trouble and f"it cannot be started again: {trouble}"


def insist(ask: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Ask Slurm again where it does not answer; what it says, and what went wrong."""
    for _ in range(TRIES - 1):
        answer, trouble = ask()
        if not trouble:
            return answer, ""
        time.sleep(PAUSE_S)
    return ask()
