"""The epochs of a sweep's runs, as a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dsd.sweep.folder.events import EPOCH, Record


def learning_curves(records: Mapping[str, Record]) -> pd.DataFrame:
    """One row per run and epoch that was trained, in the order of runs and epochs; what an event lacks is empty."""
    counts = [len(record.epochs) for record in records.values()]
    numbers = [number for record in records.values() for number in sorted(record.epochs)]
    values = [record.epochs[number] for record in records.values() for number in sorted(record.epochs)]
    columns = zip(*values, strict=True) if values else ([] for _ in EPOCH)
    return pd.DataFrame(
        {
            "run": np.repeat(np.array(list(records), object), counts),
            "epoch": numbers,
            **dict(zip(EPOCH, columns, strict=True)),
        }
    )


def as_csv(records: Mapping[str, Record]) -> str:
    """The same as CSV; pandas takes 2.2 s for 100,000 epochs, this 0.8 s (once, on two busy cores)."""
    lines = [",".join(("run", "epoch", *EPOCH))]
    for run, record in records.items():
        for number in sorted(record.epochs):
            values = ("" if value is None else repr(value) for value in record.epochs[number])
            lines.append(f"{run},{number},{','.join(values)}")
    return "\n".join([*lines, ""])


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The epochs of several sweeps, each once: two of them may share a run."""
    return pd.concat(tables).drop_duplicates(["run", "epoch"])
