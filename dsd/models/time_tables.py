"""Timing of a population's table; finished measurements are kept."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from dsd.architecture.complexities import MEASURES, count_complexity
from dsd.architecture.network import Network
from dsd.architecture.rows import networks_of
from dsd.errors import DsdError, known
from dsd.io.table_reading import read_table
from dsd.io.table_writing import check_ending, provenance_in, write_table
from dsd.models.timing import COLUMNS, Conditions, time_network

TIMES = (*COLUMNS["infer"], *COLUMNS["train"], "time_error")  # columns that timing fills, row by row
EVERY_S = 10.0  # between two writes of the table during timing
Progress = Callable[[int, str], None]


def described(
    frame: pd.DataFrame, networks: list[Network], resolution: int | None, conditions: Conditions
) -> pd.DataFrame:
    """Return the table with its networks' keys, missing counts, and the conditions of the timing as `time_*`.

    Times already in the table are dropped: they were measured under other conditions.
    """
    timed = [network.for_task(resolution) for network in networks]
    settings: dict[str, Any] = {"time_resolution": [network.resolution for network in timed]}
    settings |= {f"time_{name}": value for name, value in conditions.as_columns.items()}
    timed_counts = {f"time_{name}": values for name, values in counts_of(timed).items()}
    columns: dict[str, Any] = {name: values for name, values in counts_of(networks).items() if name not in frame}
    columns |= {"key": [network.key for network in networks], **settings, **(timed_counts if resolution else {})}
    old = [name for name in frame if name in (*TIMES, *settings, *timed_counts)]
    return frame.drop(columns=old).assign(**columns)


def counts_of(networks: list[Network]) -> dict[str, list[int]]:
    """Return flops, params and acts of networks, as columns."""
    counts = [asdict(count_complexity(network)) for network in networks]
    return {name: [count[name] for count in counts] for name in MEASURES}


def time_table(
    frame: pd.DataFrame,
    conditions: Conditions,
    output: Path | None = None,
    resolution: int | None = None,
    origin: Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Time the network of each row. Return the table with columns of `time_network`, and `time_*` for the conditions.

    Args:
        frame: a population, one row per network (`Population.frame`)
        output: a .csv, .jsonl or .parquet file, written every few seconds and at the end, also when stopped; complete
            rows in it are not measured again
        resolution: resolution to measure at; None: each network's own; `time_flops`, … are the counts there
        origin: the file that the table was read from; its provenance is stored in the output
        progress: called with the rows measured so far and the next one's key

    If a network does not fit in memory, its `time_error` is the reason, and the other networks are still timed.

    Raises:
        DsdError: a row is not a network, or the output holds something else
    """
    networks = networks_of(frame, str(origin or "table"))
    frame = described(frame, networks, resolution, conditions)
    provenance = provenance_in(origin) if origin else ""
    times = earlier(output, frame, conditions) if output else {}
    wanted = {"infer_ms", "train_ms"} if conditions.train else {"infer_ms"}
    last = time.monotonic()
    try:
        for number, network in enumerate(networks):
            if progress:
                progress(number, network.key)
            if wanted <= set(times.get(network.key, {})):
                continue
            try:
                times[network.key] = time_network(network.for_task(resolution), conditions)
            except MemoryError as error:
                times.setdefault(network.key, {})["time_error"] = str(error)
            if output and time.monotonic() - last > EVERY_S:
                write_table(with_times(frame, times), output, provenance)
                last = time.monotonic()
    finally:
        if output and times:
            write_table(with_times(frame, times), output, provenance)
    return with_times(frame, times)


def with_times(frame: pd.DataFrame, times: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Return the table with the measured columns, empty for networks without a measurement."""
    names = [name for name in TIMES if any(name in row for row in times.values())]
    columns = {name: [times.get(key, {}).get(name) for key in frame["key"]] for name in names}
    return frame.assign(**columns)


def earlier(output: Path, frame: pd.DataFrame, conditions: Conditions) -> dict[str, dict[str, Any]]:
    """Return the measurements already in a file, by key; empty if it does not exist.

    Raises:
        DsdError: the file cannot be written, or holds other rows, other columns or times under other conditions
    """
    check_ending(output)
    if not output.exists():
        return {}
    previous = read_table(output)
    if "key" not in previous or list(previous["key"]) != list(frame["key"]):
        raise DsdError(f"-o {output}: exists already, with other rows; give another file")
    more = [name for name in previous if name not in (*frame, *TIMES)]
    if more:
        raise DsdError(f"-o {output}: exists already, with other columns ({known(more)}); give another file")
    if "infer_ms" not in previous:
        return {}
    for name in ("resolution", *conditions.as_columns):
        column = f"time_{name}"
        measured = previous[column].dropna().tolist() if column in previous else ["unknown"]
        if measured != frame[column].dropna().tolist():
            before, now = (values[0] if values else "none" for values in (measured, frame[column].dropna().tolist()))
            raise DsdError(f"-o {output}: was measured with {name} {before}, not {now}; give another file")
    rows = previous[[name for name in TIMES if name in previous and name != "time_error"]].to_dict("records")
    stored = ({name: value for name, value in row.items() if value == value and value is not None} for row in rows)
    return {key: row for key, row in zip(previous["key"], stored, strict=True) if row}
