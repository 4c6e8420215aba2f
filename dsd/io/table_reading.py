"""Read tables from .csv, .jsonl and .parquet files.

All formats follow one rule: columns of names are text; another column is numeric or boolean if all its cells are, else
text. NA, null, None and the like mean "missing" only in numeric and boolean columns.
"""

import csv
import json
import logging
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Container, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dsd.errors import DsdError, known, shortened
from dsd.paths import as_path
from dsd.texts import encodable

log = logging.getLogger(__name__)

# columns of names: text even if they look like numbers
NAMES = ("space", "key", "run", "source_key", "recipe", "data")
MISSING = frozenset(  # the defaults of pandas
    [
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"),
        *("NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    ]
)
PLAIN = ("integer", "floating", "mixed-integer-float", "boolean")  # pandas' inferred types of cells that are not text
TRUTHS = {"true": True, "false": False}
THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' \u202f]\d{3})+(\.\d*)?")
UNREADABLE = (ValueError, ImportError, OSError, RecursionError, OverflowError, csv.Error, pd.errors.ParserWarning)
UNNAMED_INDEX = re.compile(r"__index_level_\d+__")  # as pandas stores it in .parquet
MOSTLY = 0.5  # above this share of numeric cells, a text column was meant as numbers


class Every:
    """A container of everything."""

    def __contains__(self, item: object) -> bool:
        return True


def read_table(path: str | Path, names: Sequence[str] = (), as_written: bool = False) -> pd.DataFrame:
    """Read a table from a .csv, .parquet or .jsonl file.

    Args:
        names: columns of names, read as text, in addition to NAMES
        as_written: convert a column only if its numbers or booleans are written as Python writes them: 1.10, 007 and
            true stay text, for a table that is passed on

    Raises:
        DsdError: the file is missing, unreadable or of unknown extension, or a column appears twice
    """
    path = as_path(path, f"dsd.read_table takes the path of a table ({', '.join(READERS)})")
    kept = {*NAMES, *names}
    if path.suffix not in READERS:
        raise DsdError(f"{path}: the file extension sets the format; give one of: {known(READERS)}")
    if not path.exists():
        raise DsdError(f"{path}: there is no such file")
    if not path.is_file():
        raise DsdError(f"{path}: is a folder or a pipe; give a file")
    try:
        header, columns = READERS[path.suffix](path, Every() if as_written else kept)
    except UNREADABLE as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise DsdError(f"{path}: cannot be read: {reason}") from error
    header = clean_header(header, str(path))
    typed = {
        name: named_cells(column, name, str(path)) if name in kept else typed_cells(column, as_written)
        for name, column in zip(header, columns, strict=True)
    }
    return pd.DataFrame(typed, columns=header)


def clean_header(header: Sequence[object], place: str) -> list[str]:
    """Strip blanks from the column names and log a warning if there were any.

    Raises:
        DsdError: a name appears twice
    """
    written = [str(name) for name in header]
    names = [name.strip() for name in written]
    names = [name or f"Unnamed: {i}" for i, name in enumerate(names)]
    blanks = [name for name in written if name.strip() and name != name.strip()]
    if blanks:
        log.warning("%s: removed blanks around column names: %s", place, shortened(", ".join(map(repr, blanks))))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DsdError(f"{place}: column {twice[0]} appears {names.count(twice[0])} times; keep one of them")
    return names


def named_cells(column: Sequence[Any], name: str, place: str) -> pd.Series:
    """Convert a column of names to text, None for empty cells; strip blanks and log a warning if there were any."""
    texts = [None if cell is None else name_of(cell) for cell in column]
    stripped = [None if text is None else text.strip() or None for text in texts]
    blanks = [text for text, bare in zip(texts, stripped, strict=True) if bare is not None and text != bare]
    if blanks:
        log.warning("%s: removed blanks around %d names in column %s", place, len(blanks), name)
    return pd.Series(stripped, dtype=object)


def name_of(value: Any) -> str:
    """Convert a value to a name: numbers and texts that look alike have the same one.

    >>> name_of(20240101), name_of(16.0), name_of(0.1), name_of("1.10")
    ('20240101', '16', '0.1', '1.10')
    """
    value = value.tolist() if hasattr(value, "tolist") else value  # numpy's scalars and arrays
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return encodable(str(value))


def typed_cells(column: Sequence[Any], as_written: bool = False) -> pd.Series:
    """Convert a column to numbers or booleans if all its cells are, else to text; see `read_table`."""
    if isinstance(column, pd.Series):
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in PLAIN:
        plain = pd.Series(column)
        beyond = plain.dtype == object and kind != "boolean"  # integers beyond 64 bits
        return pd.Series([None if cell is None else float(str(cell)) for cell in column]) if beyond else plain
    if kind.startswith("mixed"):
        column = [json.dumps(cell, default=str) if isinstance(cell, dict | list) else cell for cell in column]
    present = [cell for cell in column if cell is not None and not (isinstance(cell, str) and is_missing(cell))]
    if as_written and len(present) < sum(cell is not None and cell != "" for cell in column):
        return pd.Series(column, dtype=object)  # NA, null, None: missing values, or names
    if not present:
        return pd.Series([float("nan")] * len(column))
    for convert in (as_numbers, as_truths):
        values = convert(present)
        if (
            values is not None
            and as_written
            and any(isinstance(cell, str) and cell != str(value) for cell, value in zip(present, values, strict=True))
        ):
            break
        if values is not None:
            return pd.Series(filled(column, values)) if len(values) < len(column) else pd.Series(values)
    texts = [encodable(cell.strip()) if isinstance(cell, str) else cell for cell in column]
    return pd.Series([text if text != "" else None for text in texts], dtype=object)


def is_missing(cell: str) -> bool:
    """Whether a text means a missing value in a numeric column."""
    return cell in MISSING or cell.strip() in MISSING


def filled(column: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Put the values in the cells of a column that are not missing; the other cells get None."""
    left = iter(values)
    return [None if cell is None or (isinstance(cell, str) and is_missing(cell)) else next(left) for cell in column]


def as_numbers(cells: list[Any]) -> list[int] | list[float] | None:
    """Convert cells to integers, else to floats; None if any cell is not a number."""
    if any(isinstance(cell, bool) for cell in cells):
        return None
    try:
        floats = [float(cell) for cell in cells]
        if any("_" in cell for cell in cells if isinstance(cell, str)):
            return None  # only Python reads 1_000 as a number
        if any(math.isinf(x) and "e" in str(cell).lower() for cell, x in zip(cells, floats, strict=True)):
            return None  # 695e0514 is a hash
    except OverflowError:  # an integer beyond the range of floats
        return as_numbers([str(cell) if isinstance(cell, int) else cell for cell in cells])
    except (TypeError, ValueError):
        return None
    try:  # int() of any other type, such as Decimal, cuts the fraction off
        whole = [int(cell) for cell in cells if isinstance(cell, str | Integral)]
    except ValueError:
        return floats
    return whole if len(whole) == len(cells) and all(-(2**63) <= value < 2**63 for value in whole) else floats


def as_truths(cells: list[Any]) -> list[bool] | None:
    """Convert cells to booleans; None if any cell is not one."""
    truths = [cell if isinstance(cell, bool) else TRUTHS.get(str(cell).strip().lower()) for cell in cells]
    return [bool(value) for value in truths] if None not in truths else None


def stray(column: pd.Series) -> tuple[int, Any] | None:
    """Find the first non-numeric cell of a column meant as numbers: row (from 0) and cell, or None."""
    if pd.api.types.is_numeric_dtype(column) or not len(column):
        return None
    cells = [(i, cell) for i, cell in enumerate(column) if isinstance(cell, str | int | float) and cell == cell]
    distinct = {(type(cell), cell) for _, cell in cells}  # most columns of text have few different cells
    missing = {cell for _, cell in distinct if isinstance(cell, str) and is_missing(cell)}
    wrong = {(kind, cell) for kind, cell in distinct if cell not in missing and as_numbers([cell]) is None}
    if not wrong:
        return None
    cells = [(i, cell) for i, cell in cells if not (isinstance(cell, str) and cell in missing)]
    odd = [(i, cell) for i, cell in cells if (type(cell), cell) in wrong]
    thousands = {cell for _, cell in wrong if THOUSANDS.fullmatch(str(cell).strip())}
    meant = len(cells) - len(odd) + sum(cell in thousands for _, cell in odd)
    return odd[0] if odd and meant > MOSTLY * len(cells) else None


def read_csv(path: Path, names: Container[str]) -> tuple[list[str], list[pd.Series]]:
    """Read header and columns of a .csv file: numeric and boolean columns converted, the others as written."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file), None)
    if not header:
        raise ValueError("the file is empty" if header is None else "the first line is empty; it must name the columns")
    numbers = range(len(header))  # not the names: these can appear twice
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
        read = partial(pd.read_csv, path, header=0, names=numbers, index_col=False, encoding="utf-8-sig")
        named = {i: str for i in numbers if header[i].strip() in names}
        missing = {i: sorted(MISSING) for i in numbers if i not in named}
        frame = read(dtype=named, keep_default_na=False, na_values=missing, low_memory=False)
        # 695e0514, the hash of a commit, is beyond all floats
        texts = [i for i in numbers if not pd.api.types.is_numeric_dtype(frame[i]) or np.isinf(frame[i]).any()]
        written = read(usecols=texts, dtype=str, keep_default_na=False) if texts else frame
    return header, [written[i].fillna("").tolist() if i in texts else frame[i] for i in numbers]


def read_jsonl(path: Path, names: Container[str]) -> tuple[list[str], list[list[Any]]]:
    """Read header and columns of a .jsonl file: the columns of all rows, in order of first occurrence."""
    rows: list[dict[str, Any]] = []
    header: dict[str, None] = {}
    decoder = json.JSONDecoder(object_pairs_hook=each_once)
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is not a JSON object")
        header |= dict.fromkeys(row)
        rows.append(row)
    if not header:
        raise ValueError("the file has no rows")
    return list(header), [[row.get(name) for row in rows] for name in header]


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Convert the pairs of a JSON object to a dict; ValueError if a key appears twice."""
    record = dict(pairs)
    if len(record) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"{twice} appears twice")
    return record


def read_parquet(path: Path, names: Container[str]) -> tuple[list[str], list[Any]]:
    """Read header and columns of a .parquet file; whole numbers of a column with missing values become floats."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    header = [str(name) for name in table.column_names]
    clean_header(header, str(path))  # pandas accepts no duplicate names
    frame = table.to_pandas(ignore_metadata=True)  # the columns of an index, too
    unnamed = [name for name in header if UNNAMED_INDEX.fullmatch(name)]
    frame = frame.drop(columns=unnamed) if len(unnamed) < len(header) else frame
    return [str(name) for name in frame], [plain_cells(frame[name]) for name in frame]


def plain_cells(column: pd.Series) -> Any:
    """A column of numbers, booleans or times as it is; the cells of any other column, None if missing.

    Text that would lose a difference as numbers, such as 1.10 and 1.1, stays text.
    """
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
        return column
    cells = column.astype(object).where(column.notna(), None).tolist()
    cells = [cell.tolist() if hasattr(cell, "tolist") else cell for cell in cells]
    texts = {cell for cell in cells if isinstance(cell, str) and not is_missing(cell)}
    values = as_numbers(list(texts))
    return column.astype(object) if values is not None and len(set(values)) < len(texts) else cells


READERS: dict[str, Callable[[Path, Container[str]], tuple[list[str], Sequence[Any]]]] = {
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
}


def as_frame(given: Any, place: str) -> pd.DataFrame:
    """Return a DataFrame; read it if the path of a table is given.

    Args:
        place: name of the calling function, for the error message
    """
    if isinstance(given, str | Path):
        return read_table(given)
    if not isinstance(given, pd.DataFrame):
        raise DsdError(f"{place} takes a DataFrame or the path of a table, not {type(given).__name__}")
    return given


def first_table(*paths: str | Path) -> tuple[pd.DataFrame, Path]:
    """Read the first of these files that exists; return its table and its path.

    Raises:
        DsdError: no file exists, or it cannot be read
    """
    for path in map(Path, paths):
        if path.is_file():
            return read_table(path), path
    raise DsdError(f"none of these files exists: {known(str(path) for path in paths)}")
