"""The learning curves of a sweep as a table: one row per run and epoch."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np
import pandas as pd

from dsd.runs import EPOCH_COLUMNS
from dsd.sweep.folder.events import Record


def curves_frame(records: Mapping[str, Record]) -> pd.DataFrame:
    """Return one row per run and trained epoch, in this order; a value that an event lacks is NaN."""
    counts = [len(record.epochs) for record in records.values()]
    epochs = [record.epochs[number] for record in records.values() for number in sorted(record.epochs)]
    columns = {name: [getattr(epoch, name) for epoch in epochs] for name in EPOCH_COLUMNS}
    return pd.DataFrame({"run": np.repeat(np.array(list(records), object), counts), **columns})


def as_csv(records: Mapping[str, Record]) -> str:
    """Format learning curves as CSV; pandas takes 2.2 s for 100,000 epochs, this 0.8 s (once, on two busy cores)."""
    values_of = attrgetter(*EPOCH_COLUMNS)
    lines = [",".join(("run", *EPOCH_COLUMNS))]
    for run, record in records.items():
        for number in sorted(record.epochs):
            values = ("" if value != value else repr(value) for value in values_of(record.epochs[number]))
            lines.append(f"{run},{','.join(values)}")
    return "\n".join([*lines, ""])


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate the epochs of several sweeps; drop duplicates, because sweeps can share runs."""
    return pd.concat(tables).drop_duplicates(["run", "epoch"])
