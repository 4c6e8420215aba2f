"""The Python API of a study, one function per command: plan, launch, status, collect, cancel.

```python
launched = dsd.sweep.launch("demo", "n=4")     # folder runs/demo
dsd.sweep.status("runs/demo").counts()
table = dsd.sweep.collect("runs/demo")         # a DataFrame, also written to runs/demo/table.csv
```
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dsd.errors import DsdError
from dsd.paths import as_path
from dsd.sweep import submission
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import Plan, plan_runs
from dsd.sweep.planning.study import Study
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.status import Status, StatusPoller
from dsd.training.data.in_memory.cifar import Progress

if TYPE_CHECKING:
    import pandas as pd


def load_study(name: str | Path, *overrides: str, images: bool = True) -> Study:
    """Load a study from `experiments/study/` by name, or from a file.

    Args:
        overrides: for example "n=100", "cluster=slurm", "recipe.lr=0.1"
        images: whether the images of the study must exist

    Raises:
        DsdError: the study or a key is unknown, or a value is not allowed
    """
    from dsd.sweep.planning.config import load_study as composed

    return composed(str(name), overrides, images=images)


def plan(study: Study | Plan | str | Path, *overrides: str) -> Plan:
    """Sample the networks of a study and assign a key to each run; write nothing.

    Args:
        study: a Study, its name or its file; a Plan is returned unchanged
        overrides: for a study given by name or file, for example "n=100"

    Raises:
        DsdError: the study is unknown, a value is not allowed, or a window cannot be filled
    """
    if isinstance(study, str | Path):
        study = load_study(study, *overrides, images=False)
    elif overrides:
        raise DsdError("overrides need a study given by name or file; to change a Study, use dataclasses.replace")
    if isinstance(study, Plan):
        return study
    if not isinstance(study, Study):
        raise DsdError(
            f"study must be a Study, a Plan, a name such as 'demo' or a .yaml file, not {type(study).__name__}; "
            "dsd.sweep.load_study(name) returns a Study"
        )
    return plan_runs(study)


def launch(
    study: Study | Plan | str | Path,
    *overrides: str,
    folder: str | Path | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> submission.Launched:
    """Submit the runs of a study that have no result, and return.

    A second launch submits only missing and interrupted runs; they resume from their checkpoints.

    Args:
        study, overrides: as in `plan`
        folder: of the sweep; None: runs/NAME
        retry_failed: also submit runs that failed by themselves
        progress: progress bar for a download: a context manager that takes a title and a total

    Raises:
        DsdError: the study, its images or its cluster cannot be used, or the folder holds something else
    """
    from dsd.training.data.loading import load_data
    from dsd.training.device import check_precision, device_here

    planned = plan(load_study(study, *overrides) if isinstance(study, str | Path) else study)
    if planned.study.cluster.name in ("local", "debug"):
        check_precision(planned.study.recipe, device_here())
    # before anything is written: missing or broken files raise here, not in the jobs
    load_data(planned.study.data, progress=progress)
    sweep = create(planned, Path(folder) if folder else Path("runs") / planned.study.name)
    return submission.launch(sweep, planned.study.cluster, retry_failed)


def status(folder: str | Path) -> Status:
    """Return the state of each run of the sweep in a folder, from its journals and its jobs."""
    return StatusPoller(sweep_in(folder)).status()


def collect(folder: str | Path) -> "pd.DataFrame":
    """Write table.csv and epochs.csv; return the first as a DataFrame: a row per planned run, with status and error."""
    frame, _ = write_tables(sweep_in(folder))
    return frame


def cancel(folder: str | Path) -> Status:
    """Cancel all jobs of the sweep in a folder and return the status before. Runs keep their checkpoints."""
    return submission.cancel(sweep_in(folder))


def sweep_in(folder: str | Path) -> Sweep:
    """Open the sweep in a folder."""
    return Sweep(as_path(folder, "a sweep is given by its folder, such as 'runs/demo'"))
