"""The table of a sweep: one row per planned run, with its status and what it reached."""

import time

import pandas as pd

from dsd.files import write_whole
from dsd.sweep.curves import as_csv
from dsd.sweep.folder import EPOCHS, TABLE, Sweep
from dsd.sweep.status import Status, Watch
from dsd.training.data.spec import SYNTHETIC

RESULTS = (
    "error",
    "top5_error",
    "best_error",
    "best_epoch",
    "loss",
    "epochs",
    "train_s",
    "eval_s",
    "images_s",
    "peak_gb",
    "skipped",
)
WHOLE = ("best_epoch", "epochs", "skipped")


def table(sweep: Sweep, status: Status) -> pd.DataFrame:
    """One row per planned run: the columns of networks.csv, then status, results, attempts and reason of failure.

    error is the top-1 error of the last epoch, best_error the least of all epochs [%]; both are empty where a run
    has no result. train_s and eval_s are seconds, images_s is of training, peak_gb the most memory of its epochs,
    trained_on is the device it was finished on; started (the first time) and finished are in UTC. Where the images
    are synthetic, a column says so.
    """
    frame = sweep.networks.copy()
    records = [status.records.get(run) for run in frame["run"]]
    frame["status"] = [status.states[run] for run in frame["run"]]
    for name in RESULTS:
        frame[name] = [record.last.get(name) if record and record.finished else None for record in records]
    frame = frame.astype(dict.fromkeys(WHOLE, "Int64"))
    if sweep.data.name == SYNTHETIC:
        frame["synthetic"] = True
    frame["trained_on"] = [record.last.get("device") if record and record.finished else None for record in records]
    frame["started"] = [utc(min(record.starts)) if record and record.starts else None for record in records]
    frame["finished"] = [utc(record.time) if record and record.finished else None for record in records]
    frame["attempts"] = [record.attempts if record else 0 for record in records]
    unfinished = ("failed", "cancelled", "lost")
    frame["reason"] = [
        status.reasons.get(run, "") if state in unfinished else ""
        for run, state in zip(frame["run"], frame["status"], strict=True)
    ]
    return frame


def utc(moment: float) -> str:
    """A time in seconds since 1970 as people and pandas read it.

    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def collect(sweep: Sweep) -> tuple[pd.DataFrame, Status]:
    """Write table.csv and epochs.csv; returns the first with the status it was made from.

    Can be repeated; deletes nothing.
    """
    status = Watch(sweep).status()
    frame = table(sweep, status)
    write_whole(sweep.folder / TABLE, frame.to_csv(index=False))
    write_whole(sweep.folder / EPOCHS, as_csv(status.records))
    return frame, status
