"""A population's table with times beside its networks, as they are measured; what is measured stays."""

import io
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from dsd.analysis.populations import read_table
from dsd.design.complexity import complexity
from dsd.design.network import Network
from dsd.design.population import networks_of
from dsd.errors import DsdError, known
from dsd.files import write_whole
from dsd.models.timing import Conditions, time_network

EVERY_S = 10.0  # how often the table is written while its networks are timed
Progress = Callable[[int, str], None]


def as_json_lines(frame: pd.DataFrame) -> str:
    """A JSON object a row."""
    return str(frame.to_json(orient="records", lines=True))


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
    """The table with each network's key, resolution and counts, and with how it is measured as `time_*`."""
    counts = [asdict(complexity(network)) for network in networks]
    columns: dict[str, Any] = {name: [count[name] for count in counts] for name in ("flops", "params", "acts")}
    columns |= {"key": [n.key for n in networks], "resolution": [n.resolution for n in networks]}
    return frame.assign(**columns, **{f"time_{name}": value for name, value in conditions.told.items()})


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

    Raises:
        DsdError: a row that is no network, or an output that holds something else
    """
    networks = [network.for_task(resolution) for network in networks_of(frame, place)]
    frame = described(frame, networks, conditions)
    found = earlier(output, frame, conditions) if output else {}
    last = time.monotonic()
    try:
        for number, network in enumerate(networks):
            if progress:
                progress(number, network.key)
            if network.key in found:
                continue
            found[network.key] = time_network(network, conditions)
            if output and time.monotonic() - last > EVERY_S:
                write(with_times(frame, found), output)
                last = time.monotonic()
    finally:
        if output and found:
            write(with_times(frame, found), output)
    return with_times(frame, found)


def with_times(frame: pd.DataFrame, found: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """The table with the columns that were measured, empty for networks that were not."""
    names = list(next(iter(found.values()), {}))
    columns = {name: [found.get(key, {}).get(name) for key in frame["key"]] for name in names}
    return frame.assign(**columns)


def earlier(output: Path, frame: pd.DataFrame, conditions: Conditions) -> dict[str, dict[str, Any]]:
    """What a file has already, by key; nothing where there is none.

    Raises:
        DsdError: the ending is not known, or the file holds other networks or times measured otherwise
    """
    if output.suffix not in WRITERS:
        raise DsdError(f"-o {output}: the ending chooses the format; give one of: {known(WRITERS)}")
    if not output.parent.is_dir():
        raise DsdError(f"-o {output}: the folder {output.parent} does not exist")
    if not output.exists():
        return {}
    there = read_table(output)
    if "key" not in there or list(there["key"]) != list(frame["key"]):
        raise DsdError(f"-o {output}: is there already, with other rows; give another file")
    if "infer_ms" not in there:
        return {}
    for name, value in conditions.told.items():
        column = f"time_{name}"
        measured = there[column].dropna().unique().tolist() if column in there else []
        if measured not in ([], [value]):
            raise DsdError(f"-o {output}: was measured with {name} {measured[0]}, not {value}; give another file")
    names = [name for name in there if name.startswith(("infer_", "train_"))]
    wanted = ["infer_ms", *(["train_ms"] if conditions.train else [])]
    if not set(wanted) <= set(names):
        return {}
    rows = there[there[wanted].notna().all(axis=1)]
    return {key: dict(zip(names, row, strict=True)) for key, *row in rows[["key", *names]].itertuples(index=False)}


def write(frame: pd.DataFrame, output: Path) -> None:
    """Write a table in the format of the file's ending, whole or not at all."""
    write_whole(output, WRITERS[output.suffix](frame))
