"""Journals: append-only files with one JSON object per line. A kill or a full disk can tear only the last line.

Each line is one `write` and is on disk when `append` returns. Readers skip and count unreadable lines.
"""

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Self


def finite(value: Any) -> Any:
    """Return the value, or None for numbers that JSON lacks: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Journal:
    """A journal open for appending."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # an earlier writer left a torn line: end it
        self._torn = False

    def append(self, record: dict[str, Any]) -> None:
        """Write one line; NaN and infinities become null."""
        line = json.dumps({key: finite(value) for key, value in record.items()}, allow_nan=False).encode() + b"\n"
        line = b"\n" + line if self._torn else line
        written = os.write(self._file, line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(f"disk full: wrote {written} of {len(line)} bytes of a line")
        os.fsync(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)


def parse(lines: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return the records of complete lines, and the number of unreadable lines."""
    filled = [line for line in lines.split(b"\n") if line]
    if all(line.startswith(b"{") for line in filled):  # else two torn lines could join to one valid line
        with suppress(ValueError, RecursionError):
            together = json.loads(b"[" + b",".join(filled) + b"]")  # half the time of parsing line by line
            if len(together) == len(filled):
                return together, 0
    records, torn = [], 0
    for line in filled:
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("not an object")
            records.append(record)
        except (ValueError, RecursionError):
            torn += 1
    return records, torn
