"""A process that executes one run after the other; started by the supervisor of its job.

    python -m dsd.sweep.job.worker FOLDER      with its settings as JSON on standard input

It ends with SIGTERM or SIGUSR2, after it has kept the state of its run. torch is loaded after these are understood.
"""

import json
import runpy
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dsd.processes import end_with_parent
from dsd.sweep.job.settings import WorkerSettings

TOLD = (signal.SIGTERM, signal.SIGUSR2)  # scancel and preemption; Slurm's announcement of the end
HOOKS = "hooks.py"  # in a sweep's folder of jobs, if somebody has put it there
STOPPED = 3  # exit code of a worker that was told to end


@dataclass(frozen=True)
class Worker:
    """What a worker has to do.

    folder: the sweep
    runs: keys, in the order in which to take them
    submitted: when; runs that failed before are tried again, runs that fail later are left [s since 1970]
    parent: the process that starts the worker, and that it ends with
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float
    parent: int
    settings: WorkerSettings = WorkerSettings()  # noqa: RUF009  immutable

    def as_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Worker":
        """From text."""
        values = json.loads(text)
        return cls(**{**values, "runs": tuple(values["runs"]), "settings": WorkerSettings(**values["settings"])})


@dataclass
class StopSignal:
    """Whether this process was told to end, and by which signal."""

    signals: list[int] = field(default_factory=list)

    def listen(self) -> None:
        """From now on signals do not end the process, but are remembered."""
        for number in TOLD:
            signal.signal(number, lambda number, _: self.signals.append(number))

    def __call__(self) -> bool:
        """Whether it was."""
        return bool(self.signals)


def main(text: str) -> int:
    """Execute the runs."""
    told = StopSignal()
    told.listen()
    worker = Worker.from_json(text)
    end_with_parent(worker.parent)  # events and checkpoints are written whole
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.job.executor import Hooks, execute_all

    folder = Path(worker.folder)
    hooks = Hooks(told.signals, **hooks_of(folder))
    execute_all(Sweep(folder), worker.runs, worker.submitted, worker.settings, hooks)
    return STOPPED if told() else 0


def hooks_of(folder: Path) -> dict[str, Any]:
    """Functions `on_run`, `on_step` and `on_epoch` of jobs/hooks.py in a sweep's folder: how tests inject faults."""
    path = folder / "jobs" / HOOKS
    found = runpy.run_path(str(path)) if path.is_file() else {}
    return {name: found[name] for name in ("on_run", "on_step", "on_epoch") if name in found}


if __name__ == "__main__":
    sys.exit(main(sys.stdin.read()))
