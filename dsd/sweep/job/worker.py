"""A process that executes runs sequentially; the supervisor of its job starts it.

    python -m dsd.sweep.job.worker FOLDER      with its settings as JSON on standard input

On SIGTERM or SIGUSR2 it saves a checkpoint of its run and ends. It installs the signal handlers before it loads torch.
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

TOLD = (signal.SIGTERM, signal.SIGUSR2)  # scancel and preemption; Slurm's signal before the end
HOOKS = "hooks.py"  # optional, in the folder `jobs` of a sweep
STOPPED = 3  # exit code of a worker that a signal stopped


@dataclass(frozen=True)
class Worker:
    """The runs and settings of a worker.

    folder: of the sweep
    runs: keys, in the order of execution
    submitted: submission time [s since 1970]; runs that failed before it are retried, runs that fail later are not
    parent: id of the process that starts the worker; the worker ends when this process ends
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float
    parent: int
    settings: WorkerSettings = WorkerSettings()  # noqa: RUF009  immutable

    def as_json(self) -> str:
        """Serialize to JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Worker":
        """Deserialize from JSON."""
        values = json.loads(text)
        return cls(**{**values, "runs": tuple(values["runs"]), "settings": WorkerSettings(**values["settings"])})


@dataclass
class StopSignal:
    """The stop signals that this process has received; calling it returns whether there is any."""

    signals: list[int] = field(default_factory=list)

    def listen(self) -> None:
        """Install handlers: from now on signals are recorded and do not end the process."""
        for number in TOLD:
            signal.signal(number, lambda number, _: self.signals.append(number))

    def __call__(self) -> bool:
        """Whether a stop signal arrived."""
        return bool(self.signals)


def main(text: str) -> int:
    """Execute the runs of a worker given as JSON; return the exit code."""
    stop = StopSignal()
    stop.listen()
    worker = Worker.from_json(text)
    end_with_parent(worker.parent)  # safe at any moment: events and checkpoints are written whole
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.job.executor import Hooks, execute_all

    folder = Path(worker.folder)
    hooks = Hooks(stop.signals, **hooks_of(folder))
    execute_all(Sweep(folder), worker.runs, worker.submitted, worker.settings, hooks)
    return STOPPED if stop() else 0


def hooks_of(folder: Path) -> dict[str, Any]:
    """Load `on_run`, `on_step` and `on_epoch` from jobs/hooks.py in a sweep's folder; tests inject faults this way."""
    path = folder / "jobs" / HOOKS
    defined = runpy.run_path(str(path)) if path.is_file() else {}
    return {name: defined[name] for name in ("on_run", "on_step", "on_epoch") if name in defined}


if __name__ == "__main__":
    sys.exit(main(sys.stdin.read()))
