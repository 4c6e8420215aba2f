"""The epochs of a sweep's runs, as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from dsd.sweep.events import Record
from dsd.sweep.folder import EPOCHS

COLUMNS = (
    *("run", "epoch", "lr", "loss", "error", "top5_error"),
    *("train_s", "eval_s", "images_s", "peak_gb", "skipped"),
)


def curves(records: Mapping[str, Record]) -> pd.DataFrame:
    """One row per run and epoch that was trained, in the order of runs and epochs; what an event lacks is empty."""
    rows = [
        [run, *(event.get(name) for name in COLUMNS[1:])]
        for run, record in records.items()
        for _, event in sorted(record.epochs.items())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_curves(folders: Sequence[Path]) -> pd.DataFrame | None:
    """The epochs of several sweeps as `collect` wrote them; None where there are no folders."""
    if not folders:
        return None
    found = pd.concat([pd.read_csv(folder / EPOCHS) for folder in folders])
    return found.drop_duplicates(["run", "epoch"])  # two sweeps may share a run
