"""The loop of a study from Python, as the commands have it: plan, launch, status, collect, cancel.

```python
launched = dsd.sweep.launch("demo", "n=4")     # folder runs/demo
dsd.sweep.status("runs/demo").counts()
table = dsd.sweep.collect("runs/demo")         # a DataFrame, also written to runs/demo/table.csv
```
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dsd.errors import DsdError
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
    """The study of a name of `experiments/study/` or of a file.

    Args:
        overrides: such as "n=100", "cluster=slurm", "recipe.lr=0.1"
        images: whether its images have to be there

    Raises:
        DsdError: the study or a key is not known, or a value is not allowed
    """
    from dsd.sweep.planning.config import load_study as composed

    return composed(str(name), overrides, images=images)


def plan(study: Study | Plan | str | Path, *overrides: str) -> Plan:
    """Draw the networks of a study and give each run its key; nothing is written.

    Args:
        study: a Study, or its name or file
        overrides: of a study given by name or file, such as "n=100"

    Raises:
        DsdError: the study is not known, a value not allowed, or a window cannot be filled
    """
    if isinstance(study, str | Path):
        study = load_study(study, *overrides, images=False)
    elif overrides:
        raise DsdError("overrides are for a study that is given by name or file; dataclasses.replace changes a Study")
    if isinstance(study, Plan):
        return study
    if not isinstance(study, Study):
        raise DsdError(
            f"a study is a Study, a Plan, a name such as 'demo' or a .yaml file, not {type(study).__name__}; "
            "dsd.sweep.load_study(name) gives a Study"
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

    Launching again submits only what is missing or was interrupted; runs go on from their checkpoints.

    Args:
        study, overrides: as in `plan`
        folder: of the sweep; runs/NAME where None
        retry_failed: submit runs again that have failed by themselves
        progress: shows a download: a context manager of a title and a total

    Raises:
        DsdError: the study, its images or its cluster do not go, or the folder holds something else
    """
    from dsd.training.data.loading import load_data
    from dsd.training.device import check_precision, device_here

    made = plan(load_study(study, *overrides) if isinstance(study, str | Path) else study)
    if made.study.cluster.name in ("local", "debug"):
        check_precision(made.study.recipe, device_here())
    # before anything is written: missing or broken files are found here, not in the jobs
    load_data(made.study.data, progress=progress)
    sweep = create(made, Path(folder) if folder else Path("runs") / made.study.name)
    return submission.launch(sweep, made.study.cluster, retry_failed)


def status(folder: str | Path) -> Status:
    """How far the sweep in a folder is: the state of each run, from its journals and from its jobs."""
    return StatusPoller(Sweep(Path(folder))).status()


def collect(folder: str | Path) -> "pd.DataFrame":
    """One row per planned run, with its status and error; also written to table.csv and epochs.csv in the folder."""
    frame, _ = write_tables(Sweep(Path(folder)))
    return frame


def cancel(folder: str | Path) -> Status:
    """End all jobs of the sweep in a folder; runs keep their state. Returns the status before."""
    return submission.cancel(Sweep(Path(folder)))
