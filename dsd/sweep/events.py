"""Events: what happened to each run, one journal a job.

    {"event": "started", "run": …, "time": …, "job": …, "host": …, "device": …}
    {"event": "epoch",   "run": …, "time": …, "epoch": 1, "lr": …, "loss": …, "error": …, "top5_error": …, "train_s": …,
                         "eval_s": …, "images_s": …, "peak_gb": …, "skipped": 0}
    {"event": "done",    "run": …, "time": …, "error": …, "best_error": …, "loss": …, "epochs": …, "diverged": false, …}
    {"event": "failed",  "run": …, "time": …, "reason": …, "message": …, "traceback": …}
    {"event": "broken",  "run": "", "time": …, "job": …, "message": …, "traceback": …}      the job, not a run

Times are seconds since 1970, errors percent, and null stands for a loss that is not finite. The reason of a failure is
`exception`, `bad input` or `out of memory`, the last with `asked_gb` and `batch`.
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsd.journal import Journal, parse


class EventWriter(Journal):
    """Appends to the event file of one job."""

    def __init__(self, folder: Path, job: str) -> None:
        super().__init__(folder / "events" / (re.sub(r"[^\w.-]", "_", job) + ".jsonl"))

    def write(self, event: str, run: str, **values: Any) -> None:
        """Append one event."""
        self.append({"event": event, "run": run, "time": time.time(), **values})


@dataclass
class Record:
    """What the events say of one run, so far.

    state: `started`, `done`, `diverged` or `failed`; a result stays, whatever comes after it
    attempts: how often it was started
    time: of the event that made the state [s since 1970]
    epochs: the epoch events by number
    last: the event that made the state
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
        """Take in one event; the order in which events are read does not matter."""
        kind, moment = event["event"], event["time"]
        if kind == "epoch":
            self.epochs[event["epoch"]] = event
            return
        if kind == "started":
            self.attempts += 1
        if kind == "done":
            newer = not self.finished or moment < self.time  # the first result counts
        else:
            newer = not self.finished and moment >= self.time
        if newer:
            self.time, self.last = moment, event
            self.state = "diverged" if event.get("diverged") else kind


class EventReader:
    """Reads the events of a sweep; `poll` again reads only what was added since.

    records: what is known of each run that has an event, by key
    broken: the events of jobs that broke off outside of any run
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "events"
        self._offsets: dict[Path, int] = {}
        self._tails: set[Path] = set()
        self._torn = 0
        self.records: dict[str, Record] = {}
        self.broken: list[dict[str, Any]] = []

    @property
    def torn(self) -> int:
        """Lines that cannot be read: torn by a kill or a full disk."""
        return self._torn + len(self._tails)

    def poll(self) -> dict[str, Record]:
        """Read what is new and return `records`."""
        for path in sorted(self._folder.glob("*.jsonl")):
            self._read(path)
        return self.records

    def _read(self, path: Path) -> None:
        offset = self._offsets.get(path, 0)
        if path.stat().st_size == offset:
            return
        with path.open("rb") as file:
            file.seek(offset)
            lines, newline, tail = file.read().rpartition(b"\n")
        self._offsets[path] = offset + len(lines) + len(newline)
        (self._tails.add if tail else self._tails.discard)(path)
        events, torn = parse(lines)
        self._torn += torn
        for event in events:
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("event") == "broken":
            self.broken.append(event)
            return
        try:
            self.records.setdefault(event["run"], Record()).add(event)
        except (KeyError, TypeError):
            self._torn += 1
