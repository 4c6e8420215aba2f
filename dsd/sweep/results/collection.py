"""The table of a sweep: one row per planned run, with status and result."""

import time

import pandas as pd

from dsd.io.files import write_whole
from dsd.io.table_reading import NAMES, typed_cells
from dsd.runs import OUTCOME_COLUMNS, WHOLE_COLUMNS, WITH_REASON
from dsd.sweep.folder.events import Done
from dsd.sweep.folder.folder import EPOCHS, TABLE, Sweep
from dsd.sweep.results.learning_curves import as_csv
from dsd.sweep.results.status import Status, StatusPoller
from dsd.training.data.spec import SYNTHETIC
from dsd.training.run import data_label, recipe_label


def table(sweep: Sweep, status: Status) -> pd.DataFrame:
    """Return one row per planned run: the columns of networks.csv, recipe, data, status, results, attempts, reason.

    error is the top-1 error of the last epoch, best_error the lowest of all epochs [%]; both are empty if a run has
    no result. train_s and eval_s are seconds, images_s training images per second, peak_gb the peak memory over
    all epochs [1e9 bytes]. trained_on is the device that finished the run. started (first start) and finished are
    UTC times. The column synthetic exists only if the images are synthetic.
    """
    frame = sweep.networks.copy()
    frame["recipe"], frame["data"] = recipe_label(sweep.recipe), data_label(sweep.data)
    records = [status.records.get(run) for run in frame["run"]]
    frame["status"] = [status.states[run].value for run in frame["run"]]
    results = [record.last if record and isinstance(record.last, Done) else None for record in records]
    for name in OUTCOME_COLUMNS:
        frame[name] = [getattr(result.outcome, name) if result else None for result in results]
    frame = frame.astype(dict.fromkeys(WHOLE_COLUMNS, "Int64"))
    if sweep.data.name == SYNTHETIC:
        frame["synthetic"] = True
    frame["trained_on"] = [result.device if result else None for result in results]
    frame["started"] = [utc(min(record.starts)) if record and record.starts else None for record in records]
    frame["finished"] = [utc(result.time) if result else None for result in results]
    frame["attempts"] = [record.attempts if record else 0 for record in records]
    frame["reason"] = [
        status.reasons.get(run, "") if state in WITH_REASON else status.unneeded.get(run, "")
        for run, state in zip(frame["run"], frame["status"], strict=True)
    ]
    return frame


def utc(moment: float) -> str:
    """Format seconds since 1970 as ISO 8601 in UTC.

    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def gather(sweep: Sweep) -> tuple[pd.DataFrame, Status]:
    """Return the current table of a sweep, with numbers parsed, and its status; write nothing.

    Raises:
        DsdError: sweep.yaml or networks.csv is damaged, or a row was edited
    """
    frame, status = gathered(sweep)
    return with_numbers(sweep, frame), status


def with_numbers(sweep: Sweep, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a sweep with the numbers parsed that networks.csv has as text."""
    texts = [name for name in sweep.networks if name not in NAMES]
    return frame.assign(**{name: typed_cells(frame[name].tolist()) for name in texts})


def gathered(sweep: Sweep) -> tuple[pd.DataFrame, Status]:
    """Return the table of a sweep, with the columns of networks.csv as text, and its status."""
    sweep.check_identity()
    status = StatusPoller(sweep).status()
    return table(sweep, status), status


def write_tables(sweep: Sweep) -> tuple[pd.DataFrame, Status]:
    """Write table.csv and epochs.csv; return the first as a DataFrame with numbers parsed, and the status.

    A repeated call overwrites both files.
    """
    frame, status = gathered(sweep)
    write_whole(sweep.folder / TABLE, frame.to_csv(index=False))
    write_whole(sweep.folder / EPOCHS, as_csv(status.records))
    return with_numbers(sweep, frame), status
