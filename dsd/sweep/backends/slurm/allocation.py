"""The job that Slurm starts in an allocation: it runs as many workers as fit, and requeues itself when it must end."""

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

EARLY_S = 60  # Slurm can send the signal this much earlier than requested (sbatch --signal)
KILL_WAIT_S = 30  # between SIGTERM and SIGKILL: Slurm's default KillWait
TRIES, PAUSE_S = 3, 2.0  # to query a busy controller


@dataclass(frozen=True)
class Allocation:
    """A Slurm job. submitit pickles it and calls it in the allocation.

    pool: the runs and settings; the allocation determines the devices and the number of workers
    gpus: whether the allocation has GPUs
    runs_per_gpu: runs that share a GPU
    time_min: time limit of the job [minutes]
    signal_s: how long before the time limit Slurm sends a signal [s]
    """

    pool: WorkerPool
    gpus: bool
    runs_per_gpu: int
    time_min: int
    signal_s: int

    def __call__(self) -> None:
        """Execute the runs. If the job must end before all are finished, requeue it."""
        stop, began = StopSignal(), time.time()
        stop.listen()
        job = number_here()
        if not self.gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a node can show devices of other jobs
        pool = fitted(self.pool, visible_gpus(), cores(), self.runs_per_gpu)
        limit_from = began + 60 * self.time_min - self.signal_s - 2 * EARLY_S
        grace_s = {int(signal.SIGUSR2): self.signal_s * 2 / 3, int(signal.SIGTERM): KILL_WAIT_S * 2 / 3}
        begun = Supervisor(pool, stop, f"slurm-{job}", grace_s, limit_from, alone=True).work()
        trouble = go_on(job, stop.signals, begun or time.time() < limit_from) if stop() else ""
        if trouble:
            with EventWriter(Path(pool.folder), f"slurm-{job}-end") as writer:
                writer.write(Broken(job=f"slurm-{job}-end", message=trouble))


def number_here() -> str:
    """Return the id of this job, with the array task, because the array id alone means all tasks."""
    array = (os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID"))
    return "_".join(filter(None, array)) or os.environ["SLURM_JOB_ID"]


def fitted(pool: WorkerPool, gpus: list[str], cores: int, runs_per_gpu: int) -> WorkerPool:
    """Return the pool with as many workers as fit the allocation: `runs_per_gpu` per GPU, or one per core."""
    width = min(len(gpus) * runs_per_gpu or cores, len(pool.runs))
    settings = replace(pool.settings, gpu_share=gpu_share(width, len(gpus), runs_per_gpu))
    return replace(pool, gpus=tuple(gpus), width=width, settings=settings)


def go_on(job: str, signals: list[int], useful: bool) -> str:
    """Requeue a job that received a signal to end, unless it was cancelled; return an error message, or "".

    SIGUSR2 announces the time limit or preemption. SIGTERM comes from scancel or preemption. After preemption Slurm
    requeues the job itself, except in a grace period: then Slurm still shows it as running and would not requeue it.

    Args:
        job: its id
        signals: the signals it received
        useful: whether another attempt can do more; it cannot if the time limit was reached before a run began
    """
    if signal.SIGTERM in signals:
        state, trouble = insist(lambda: queue.said("squeue", "--noheader", f"--jobs={job}", "--format=%T"))
        if trouble or state.strip() != "RUNNING":
            return trouble and f"cannot determine whether it was cancelled: {trouble}"
    elif not useful:
        return "it reached its time limit before the first run began; increase cluster.time_min"
    _, trouble = insist(lambda: queue.said("scontrol", "requeue", job))
    return trouble and f"it cannot be requeued: {trouble}"


def insist(ask: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Query Slurm, with retries on errors; return its answer and the error message, or ""."""
    for _ in range(TRIES - 1):
        answer, trouble = ask()
        if not trouble:
            return answer, ""
        time.sleep(PAUSE_S)
    return ask()
