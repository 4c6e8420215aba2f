"""Processes on this machine: available cores, exit with the parent, and out-of-memory kills."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

WATCH_S = 0.5


def cores() -> int:
    """Return the number of CPU cores that this process can use, within its Slurm job if it has one."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, int(os.environ.get("SLURM_CPUS_PER_TASK", here)))  # not every Slurm binds jobs to cores


def end_with_parent(parent: int = 0) -> None:
    """Exit this process as soon as its parent has exited, for any reason; for work that needs no cleanup.

    parent: process id of the parent; multiprocessing provides it. Other processes should pass it: if the parent exits
    before this call, `os.getppid` returns the process that adopted this one.
    """
    import multiprocessing  # slow to import; most callers of this module do not need it

    starter = multiprocessing.parent_process()
    parent = parent or (starter.pid if starter and starter.pid else os.getppid())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def memory_kills() -> int:
    """Return how many processes the kernel's out-of-memory killer has ended since boot; 0 where it is not counted."""
    with suppress(OSError):  # Linux only
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
