"""The table of a sweep: one row per planned run, with its status and what it reached."""

import pandas as pd

from dsd.files import write_whole
from dsd.sweep.folder import TABLE, Sweep
from dsd.sweep.status import Status, Watch

RESULTS = ("error", "best_error", "loss", "epochs", "train_s", "eval_s")


def table(sweep: Sweep, status: Status) -> pd.DataFrame:
    """One row per planned run: the columns of networks.csv, then status, results, attempts and reason of failure.

    error is the top-1 error of the last epoch, best_error the least of all epochs [%]; both are empty where a run
    has no result. train_s and eval_s are seconds.
    """
    frame = sweep.networks.copy()
    records = [status.records.get(run) for run in frame["run"]]
    frame["status"] = [status.states[run] for run in frame["run"]]
    for name in RESULTS:
        frame[name] = [record.last.get(name) if record and record.finished else None for record in records]
    frame["epochs"] = frame["epochs"].astype("Int64")
    frame["attempts"] = [record.attempts if record else 0 for record in records]
    frame["reason"] = [reason_of(record.last) if record else "" for record in records]
    return frame


def reason_of(event: dict[str, str]) -> str:
    """Why a run failed, in one line."""
    return " ".join(f"{event['reason']}: {event['message']}".split()) if event.get("event") == "failed" else ""


def collect(sweep: Sweep) -> tuple[pd.DataFrame, Status]:
    """Write table.csv and return it with the status it was made from. Can be repeated; deletes nothing."""
    status = Watch(sweep).status()
    frame = table(sweep, status)
    write_whole(sweep.folder / TABLE, frame.to_csv(index=False))
    return frame, status
