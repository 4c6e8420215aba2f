"""Events: what happened to each run, one append-only file a job, one JSON object a line.

    {"event": "started", "run": …, "time": …, "job": …, "host": …, "device": …}
    {"event": "epoch",   "run": …, "time": …, "epoch": 1, "lr": …, "loss": …, "error": …, "train_s": …, "eval_s": …}
    {"event": "done",    "run": …, "time": …, "error": …, "best_error": …, "loss": …, "epochs": …, "diverged": false}
    {"event": "failed",  "run": …, "time": …, "reason": "exception", "message": …, "traceback": …}

A line is written by one call and whole; what a kill or a full disk leaves torn is skipped and counted. Times are
seconds since 1970, errors percent, and null stands for a loss that is not finite.
"""

import json
import math
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def finite(value: Any) -> Any:
    """The value, or None for a number that JSON does not have: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class EventWriter:
    """Appends to the event file of one job."""

    def __init__(self, folder: Path, job: str) -> None:
        path = folder / "events" / (re.sub(r"[^\w.-]", "_", job) + ".jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # an earlier life of this job left a torn line: keep it apart

    def write(self, event: str, run: str, **values: Any) -> None:
        """Append one event; on return the file system has it."""
        record = {
            "event": event,
            "run": run,
            "time": time.time(),
            **{k: finite(v) for k, v in values.items()},
        }
        line = json.dumps(record, allow_nan=False).encode() + b"\n"
        written = os.write(self._file, line)
        if written < len(line):
            raise OSError(f"disk full: {written} of {len(line)} bytes of an event were written")
        os.fsync(self._file)

    def __enter__(self) -> "EventWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)


@dataclass
class Record:
    """What the events say of one run, so far.

    state: `started`, `done`, `diverged` or `failed`; a result stays, whatever comes after it
    epochs: the epoch events by number
    attempts: how often it was started
    last: the last event of the kind that made the state
    """

    state: str = "started"
    attempts: int = 0
    time: float = 0.0
    epochs: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the run has its result."""
        return self.state in ("done", "diverged")

    def failed_since(self, moment: float) -> bool:
        """Whether the run has failed, at this time or later [s since 1970]."""
        return self.state == "failed" and self.time >= moment

    def add(self, event: dict[str, Any]) -> None:
        """Take in one event."""
        kind = event["event"]
        if kind == "epoch":
            self.epochs[event["epoch"]] = event
        elif kind == "started":
            self.attempts += 1
        if self.finished or (kind == "epoch") or event["time"] < self.time:
            return
        self.time, self.last = event["time"], event
        self.state = "diverged" if event.get("diverged") else kind


class EventReader:
    """Reads the events of a sweep; `poll` again reads only what was added since."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "events"
        self._offsets: dict[Path, int] = {}
        self._tails: set[Path] = set()
        self._torn = 0
        self.records: dict[str, Record] = {}

    @property
    def torn(self) -> int:
        """Lines that cannot be read: torn by a kill or a full disk."""
        return self._torn + len(self._tails)

    def poll(self) -> dict[str, Record]:
        """What is known of each run that has an event."""
        for path in sorted(self._folder.glob("*.jsonl")):
            self._read(path)
        return self.records

    def _read(self, path: Path) -> None:
        offset = self._offsets.get(path, 0)
        if path.stat().st_size == offset:
            return
        with path.open("rb") as file:
            file.seek(offset)
            lines, _, tail = file.read().rpartition(b"\n")
        self._offsets[path] = offset + (len(lines) + 1 if lines else 0)
        (self._tails.add if tail else self._tails.discard)(path)
        self._take(lines.split(b"\n"))

    def _take(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if not line:
                continue
            try:
                event = json.loads(line)
                record = self.records.setdefault(event["run"], Record())
                record.add(event)
            except (ValueError, KeyError, TypeError):
                self._torn += 1
