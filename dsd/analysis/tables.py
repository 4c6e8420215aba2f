"""Tables as files: .csv, .jsonl and .parquet, with where they come from beside or in them."""

import io
import json
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from dsd.design.population import beside
from dsd.errors import DsdError, known
from dsd.files import write_whole

TEXTS = {"key": str, "run": str}  # also where they look like numbers
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": partial(pd.read_csv, index_col=False, dtype=TEXTS),
    ".parquet": pd.read_parquet,
    ".jsonl": partial(pd.read_json, lines=True, precise_float=True, dtype=TEXTS),
}


def read_table(path: str | Path) -> pd.DataFrame:
    """A table from a .csv, .parquet or .jsonl file.

    Raises:
        DsdError: there is no such file, its ending is not known, or it cannot be read
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise DsdError(f"{path}: the ending names the format; give one of: {known(READERS)}")
    if not path.is_file():
        raise DsdError(f"{path}: there is no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            return READERS[path.suffix](path).reset_index(drop=True)
    except (ValueError, ImportError, OSError, pd.errors.ParserWarning) as error:
        raise DsdError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error


def first_table(*paths: str | Path) -> tuple[pd.DataFrame, Path]:
    """The table of the first of these files that is there, and which it was.

    Raises:
        DsdError: none is there, or it cannot be read
    """
    for path in map(Path, paths):
        if path.is_file():
            return read_table(path), path
    raise DsdError(f"none of these files is there: {known(str(path) for path in paths)}")


def as_json_lines(frame: pd.DataFrame) -> str:
    """A JSON object a row, numbers with all their digits, null for what is missing."""
    rows = (
        {name: None if value != value else value for name, value in row.items()} for row in frame.to_dict("records")
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_parquet(frame: pd.DataFrame, provenance: str) -> bytes:
    """The content of a .parquet file, its provenance among the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if provenance:
        table = table.replace_schema_metadata({**table.schema.metadata, b"dsd": provenance.encode()})
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame], str]] = {
    ".csv": lambda frame: str(frame.to_csv(index=False)),
    ".jsonl": as_json_lines,
}


def write_table(frame: pd.DataFrame, output: Path, provenance: str = "") -> None:
    """Write a table in the format of the file's ending, whole or not at all, with its provenance if there is one."""
    if output.suffix == ".parquet":
        write_whole(output, as_parquet(frame, provenance))
        return
    if provenance:
        write_whole(beside(output), provenance)
    write_whole(output, WRITERS[output.suffix](frame))
