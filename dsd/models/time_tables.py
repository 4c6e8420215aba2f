"""A population's table with times beside its networks, as they are measured; what is measured stays."""

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

TIMES = (*COLUMNS["infer"], *COLUMNS["train"], "time_error")  # columns that measuring fills, row by row
EVERY_S = 10.0  # how often the table is written while its networks are timed
Progress = Callable[[int, str], None]


def described(
    frame: pd.DataFrame, networks: list[Network], resolution: int | None, conditions: Conditions
) -> pd.DataFrame:
    """The table with its networks' keys and, where it lacks them, counts; and with how it is measured as `time_*`.

    Times that the table has already were measured otherwise and are left out.
    """
    timed = [network.for_task(resolution) for network in networks]
    told: dict[str, Any] = {"time_resolution": [network.resolution for network in timed]}
    told |= {f"time_{name}": value for name, value in conditions.told.items()}
    there = {f"time_{name}": values for name, values in counts_of(timed).items()}
    columns: dict[str, Any] = {name: values for name, values in counts_of(networks).items() if name not in frame}
    columns |= {"key": [network.key for network in networks], **told, **(there if resolution else {})}
    old = [name for name in frame if name in (*TIMES, *told, *there)]
    return frame.drop(columns=old).assign(**columns)


def counts_of(networks: list[Network]) -> dict[str, list[int]]:
    """flops, params and acts of networks, as columns."""
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
    """The table with columns of `time_network` for each row, and `time_*` for how they were measured.

    Args:
        frame: a population, a row a network (`Population.frame`)
        output: a .csv, .jsonl or .parquet file that is written every few seconds and at the end, also when stopped;
            rows that have all that is asked for are not measured again
        resolution: at which to measure, where it is not each network's own; `time_flops`, … are the counts there
        origin: the file that the table was read from, whose provenance goes into the output's
        progress: called with the rows measured so far and the next one's key

    A network that the memory does not hold gets the reason as `time_error`, and the others go on.

    Raises:
        DsdError: a row that is no network, or an output that holds something else
    """
    networks = networks_of(frame, str(origin or "table"))
    frame = described(frame, networks, resolution, conditions)
    provenance = provenance_in(origin) if origin else ""
    found = earlier(output, frame, conditions) if output else {}
    wanted = {"infer_ms", "train_ms"} if conditions.train else {"infer_ms"}
    last = time.monotonic()
    try:
        for number, network in enumerate(networks):
            if progress:
                progress(number, network.key)
            if wanted <= set(found.get(network.key, {})):
                continue
            try:
                found[network.key] = time_network(network.for_task(resolution), conditions)
            except MemoryError as error:
                found.setdefault(network.key, {})["time_error"] = str(error)
            if output and time.monotonic() - last > EVERY_S:
                write_table(with_times(frame, found), output, provenance)
                last = time.monotonic()
    finally:
        if output and found:
            write_table(with_times(frame, found), output, provenance)
    return with_times(frame, found)


def with_times(frame: pd.DataFrame, found: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """The table with the columns that were measured, empty for networks that were not."""
    names = [name for name in TIMES if any(name in row for row in found.values())]
    columns = {name: [found.get(key, {}).get(name) for key in frame["key"]] for name in names}
    return frame.assign(**columns)


def earlier(output: Path, frame: pd.DataFrame, conditions: Conditions) -> dict[str, dict[str, Any]]:
    """What a file has already, by key; nothing where there is none.

    Raises:
        DsdError: the file cannot be written, holds other rows or columns, or times that were measured otherwise
    """
    check_ending(output)
    if not output.exists():
        return {}
    there = read_table(output)
    if "key" not in there or list(there["key"]) != list(frame["key"]):
        raise DsdError(f"-o {output}: is there already, with other rows; give another file")
    more = [name for name in there if name not in (*frame, *TIMES)]
    if more:
        raise DsdError(f"-o {output}: is there already, with other columns ({known(more)}); give another file")
    if "infer_ms" not in there:
        return {}
    for name in ("resolution", *conditions.told):
        column = f"time_{name}"
        measured = there[column].dropna().tolist() if column in there else ["unknown"]
        if measured != frame[column].dropna().tolist():
            said, now = (values[0] if values else "none" for values in (measured, frame[column].dropna().tolist()))
            raise DsdError(f"-o {output}: was measured with {name} {said}, not {now}; give another file")
    rows = there[[name for name in TIMES if name in there and name != "time_error"]].to_dict("records")
    found = ({name: value for name, value in row.items() if value == value and value is not None} for row in rows)
    return {key: row for key, row in zip(there["key"], found, strict=True) if row}
