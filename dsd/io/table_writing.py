"""Write tables as .csv, .jsonl and .parquet, with their provenance in the file or beside it."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsd.arrays import Columns
from dsd.errors import DsdError, known
from dsd.io.files import TABLES, write_whole

if TYPE_CHECKING:
    import pandas as pd


def rows_of(columns: Columns) -> Iterator[tuple[Any, ...]]:
    """Iterate over the rows of a table as Python values."""
    return zip(*(column.tolist() for column in columns.values()), strict=True)


def as_csv(tables: list[Columns]) -> str:
    """Concatenate tables as CSV; columns that a table lacks stay empty in its rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = merged_names(tables)
    writer.writerow(names)
    for table in tables:
        blank = [""] * len(next(iter(table.values())))
        writer.writerows(zip(*(table[name].tolist() if name in table else blank for name in names), strict=True))
    return text.getvalue()


def as_jsonl(tables: list[Columns]) -> str:
    """Concatenate tables as JSON lines, one object per row."""
    rows = (dict(zip(table, row, strict=True)) for table in tables for row in rows_of(table))
    return "".join(json.dumps(row) + "\n" for row in rows)


def merged_names(tables: list[Columns]) -> list[str]:
    """Merge the column names of all tables; columns of stages and of sampled values stay next to each other."""
    names: list[str] = []
    for table in tables:
        position = 0
        for name in table:
            if name in names:
                position = names.index(name) + 1
            else:
                names.insert(position, name)
                position += 1
    return names


def check_ending(path: Path) -> None:
    """Reject a file whose extension is not a table format, or whose folder does not exist."""
    if path.suffix not in TABLES:
        raise DsdError(f"-o {path}: the file extension sets the format; give one of: {known(TABLES)}")
    if path.suffix == ".parquet" and not find_spec("pyarrow"):
        raise DsdError(f"-o {path}: .parquet needs pyarrow; pip install pyarrow, or give .csv")
    if path.is_dir():
        raise DsdError(f"-o {path}: is a folder; give a file")
    if not path.parent.is_dir():
        raise DsdError(f"-o {path}: the folder {path.parent} does not exist")


def beside(path: Path) -> Path:
    """Return the path of the provenance file, for formats without metadata: c.csv.meta.json beside c.csv."""
    return path.with_name(f"{path.name}.meta.json")


def provenance_in(path: Path) -> str:
    """Read the provenance of a file, as written by `provenance_of`; "" if it has none."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return str((pq.read_schema(path).metadata or {}).get(b"dsd", b"").decode())
    return beside(path).read_text(errors="replace") if beside(path).is_file() else ""


def columns_as_parquet(samples: list[Columns], parts: Iterable[Columns], provenance: str) -> bytes:
    """Encode tables as a .parquet file, part by part.

    Args:
        samples: tables of a few rows with all columns; they determine the column types
        parts: tables (n,), in order; columns that a table lacks stay empty in its rows
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    joint = pa.unify_schemas([pa.table(columns).schema for columns in samples], promote_options="permissive")
    schema = pa.schema([joint.field(name) for name in merged_names(samples)])
    content = io.BytesIO()
    with pq.ParquetWriter(content, schema.with_metadata({"dsd": provenance})) as writer:
        for part in parts:
            n = len(next(iter(part.values())))
            arrays = [
                pa.array(part[field.name]).cast(field.type) if field.name in part else pa.nulls(n, field.type)
                for field in schema
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return content.getvalue()


COLUMN_WRITERS = {".csv": as_csv, ".jsonl": as_jsonl}


def write_columns(tables: list[Columns], path: Path, provenance: str) -> None:
    """Write tables to a .csv or .jsonl file, then their provenance beside it, each atomically."""
    write_whole(path, COLUMN_WRITERS[path.suffix](tables))
    write_whole(beside(path), provenance + "\n")


def is_nan(value: Any) -> bool:
    """Whether a cell is missing: NaN, or pandas' NA and NaT."""
    return value is not None and getattr(value, "ndim", 0) == 0 and (str(value) == "<NA>" or bool(value != value))


def as_json_lines(frame: "pd.DataFrame") -> str:
    """Encode a DataFrame as JSON lines: one object per row, numbers with all digits, null for missing values."""
    rows = ({name: None if is_nan(value) else value for name, value in row.items()} for row in frame.to_dict("records"))
    return "".join(json.dumps(row, default=str) + "\n" for row in rows)


def as_parquet(frame: "pd.DataFrame", provenance: str) -> bytes:
    """Encode a DataFrame as a .parquet file, with the provenance in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if provenance:
        table = table.replace_schema_metadata({**table.schema.metadata, b"dsd": provenance.encode()})
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


FRAME_WRITERS: "dict[str, Callable[[pd.DataFrame], str]]" = {
    ".csv": lambda frame: str(frame.to_csv(index=False)),
    ".jsonl": as_json_lines,
}


def write_table(frame: "pd.DataFrame", output: Path, provenance: str = "") -> None:
    """Write a table atomically in the format of the file's extension, then its provenance if there is one."""
    if output.suffix == ".parquet":
        write_whole(output, as_parquet(frame, provenance))
        return
    write_whole(output, FRAME_WRITERS[output.suffix](frame))
    if provenance:
        write_whole(beside(output), provenance)
