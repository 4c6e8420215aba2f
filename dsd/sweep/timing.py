"""A population's table with times beside its networks, as they are measured; what is measured stays."""

import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from dsd.analysis.populations import read_table
from dsd.design.complexity import MEASURES, complexity
from dsd.design.network import Network
from dsd.design.population import check_ending, networks_of
from dsd.errors import DsdError, known
from dsd.files import write_whole
from dsd.models.timing import COLUMNS, Conditions, time_network

TIMES = (*COLUMNS["infer"], *COLUMNS["train"], "time_error")  # columns that measuring fills, row by row
EVERY_S = 10.0  # how often the table is written while its networks are timed
Progress = Callable[[int, str], None]


def as_json_lines(frame: pd.DataFrame) -> str:
    """A JSON object a row, numbers with all their digits, null for what is missing."""
    rows = (
        {name: None if value != value else value for name, value in row.items()} for row in frame.to_dict("records")
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_parquet(frame: pd.DataFrame) -> bytes:
    """The content of a .parquet file."""
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame], str | bytes]] = {
    ".csv": lambda frame: str(frame.to_csv(index=False)),
    ".jsonl": as_json_lines,
    ".parquet": as_parquet,
}


def described(frame: pd.DataFrame, networks: list[Network], conditions: Conditions) -> pd.DataFrame:
    """The table with each network's key, resolution and counts, and with how it is measured as `time_*`.

    Times that the table has already were measured otherwise and are left out.
    """
    counts = [asdict(complexity(network)) for network in networks]
    columns: dict[str, Any] = {name: [count[name] for count in counts] for name in MEASURES}
    columns |= {"key": [n.key for n in networks], "resolution": [n.resolution for n in networks]}
    told = {f"time_{name}": value for name, value in conditions.told.items()}
    return frame.drop(columns=[name for name in frame if name in (*TIMES, *told)]).assign(**columns, **told)


def time_table(
    frame: pd.DataFrame,
    conditions: Conditions,
    output: Path | None = None,
    resolution: int | None = None,
    place: str = "table",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The table with columns of `time_network` for each row, and `time_*` for how they were measured.

    Args:
        frame: a population, a row a network (`Population.frame`)
        output: a .csv, .jsonl or .parquet file that is written every few seconds and at the end, also when stopped;
            rows that it has already are not measured again
        resolution: where it is given, rows, with key and counts, are those of the networks at this resolution
        progress: called with the rows measured so far and the next one's key

    A network that the memory does not hold gets the reason as `time_error`, and the others go on.

    Raises:
        DsdError: a row that is no network, or an output that holds something else
    """
    networks = [network.for_task(resolution) for network in networks_of(frame, place)]
    frame = described(frame, networks, conditions)
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
                found[network.key] = time_network(network, conditions)
            except MemoryError as error:
                found.setdefault(network.key, {})["time_error"] = str(error)
            if output and time.monotonic() - last > EVERY_S:
                write(with_times(frame, found), output)
                last = time.monotonic()
    finally:
        if output and found:
            write(with_times(frame, found), output)
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
    for name, value in conditions.told.items():
        column = f"time_{name}"
        measured = there[column].dropna().unique().tolist() if column in there else ["unknown"]
        if measured != ([] if value is None else [value]):
            said = measured[0] if measured else "none"
            raise DsdError(f"-o {output}: was measured with {name} {said}, not {value}; give another file")
    rows = there[[name for name in TIMES if name in there and name != "time_error"]].to_dict("records")
    found = ({name: value for name, value in row.items() if value == value and value is not None} for row in rows)
    return {key: row for key, row in zip(there["key"], found, strict=True) if row}


def write(frame: pd.DataFrame, output: Path) -> None:
    """Write a table in the format of the file's ending, whole or not at all."""
    write_whole(output, WRITERS[output.suffix](frame))
