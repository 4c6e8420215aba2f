"""Processes of this machine: how many there should be, when one has to end, and what ended another."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

WATCH_S = 0.5


def cores() -> int:
    """The processor cores that this process may use: of the machine, and of a job of Slurm."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, int(os.environ.get("SLURM_CPUS_PER_TASK", here)))  # not every Slurm binds its jobs to cores


def end_with_parent(parent: int = 0) -> None:
    """End this process as soon as its parent is gone, however that went; for work that leaves nothing to tidy up.

    parent: its process id. A process of multiprocessing knows it; another one that does not would take whoever adopts
    it for its parent, if the parent is gone before this is called.
    """
    import multiprocessing  # takes longer to load than what most callers of this module do

    starter = multiprocessing.parent_process()
    parent = parent or (starter.pid if starter and starter.pid else os.getppid())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def memory_kills() -> int:
    """How many processes here the kernel's memory killer has ended since the machine started; 0 if nobody counts."""
    with suppress(OSError):  # Linux only
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
