"""Events: what happened to each run, one journal a job.

    {"event": "started", "run": …, "time": …, "job": …, "host": …, "device": …}
    {"event": "resumed", "run": …, "time": …, "since": …, "epochs": 3, "steps": 17}        where a checkpoint was
    {"event": "epoch",   "run": …, "time": …, "epoch": 1, "lr": …, "loss": …, "error": …, "top5_error": …, "train_s": …,
                         "eval_s": …, "images_s": …, "peak_gb": …, "skipped": 0}
    {"event": "done",    "run": …, "time": …, "error": …, "best_error": …, "loss": …, "epochs": …, "diverged": false,
                         "device": "AMD EPYC 7B13 (AVX2)", …}
    {"event": "stopped", "run": …, "time": …, "reason": …, "message": …, "epochs": 3, "steps": 17}
    {"event": "failed",  "run": …, "time": …, "reason": …, "message": …, "traceback": …}
    {"event": "broken",  "run": "", "time": …, "job": …, "message": …, "traceback": …}      the job, not a run

Times are seconds since 1970, errors percent, and null stands for a loss that is not finite. `since` is the time of the
start that it belongs to.

A run that is stopped can go on: its reason is `time limit`, `preempted` or `terminated` where the job was told to end,
`killed` or `out of memory` where its process was ended without a word (then without `epochs` and `steps`). The
reason of a failure is `exception`, `bad input`, or `out of memory` with `asked_gb` and `batch`; or the last reason of a
run that was stopped again and again and is given up.

Any program may write events; what a line has to have is in `FIELDS`. A line that does not fit is skipped and counted.
The lines of one journal are in order, whatever the clock says; those of several are ordered by time, and a worker dates
what it writes no earlier than what it has read.
"""

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from dsd.io.journal import Journal, parse
from dsd.sweep.folder.jobs import LATEST

# of an epoch, in the order in which a record keeps them
EPOCH = ("lr", "loss", "error", "top5_error", "train_s", "eval_s", "images_s", "peak_gb", "skipped")
VALUES = itemgetter(*EPOCH)
MOST = 10**9  # epochs, steps and the like
LONGEST_KEY = 100  # characters
PLAIN = {int, float, type(None)}


def is_number(value: object) -> bool:
    """Whether a value of JSON is a finite number of a size that floats hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def is_number_or_none(value: object) -> bool:
    """Whether a value is a number or null."""
    return value is None or is_number(value)


def is_percent(value: object) -> bool:
    """Whether a value is an error [%]."""
    return is_number(value) and 0 <= value <= 100  # type: ignore[operator]


def is_time(value: object) -> bool:
    """Whether a value is a time [s since 1970]."""
    return is_number(value) and 0 <= value < LATEST  # type: ignore[operator]


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def is_text(value: object) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_key(value: object) -> bool:
    """Whether a value is the key of a run."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_KEY


def is_truth(value: object) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


Check = Callable[[object], bool]
NEEDED = object()  # instead of a value that stands for a missing one
# what an event has beside `event` and `time`: how each value is checked, and what stands for it where it is missing
FIELDS: dict[str, dict[str, tuple[Check, Any]]] = {
    "started": {"run": (is_key, NEEDED), **dict.fromkeys(("job", "host", "device"), (is_text, ""))},
    "resumed": {
        "run": (is_key, NEEDED),
        "epochs": (is_count, NEEDED),
        "steps": (is_count, 0),
        "since": (is_time, None),
    },
    "epoch": {
        "run": (is_key, NEEDED),
        "epoch": (is_count, NEEDED),
        **dict.fromkeys(EPOCH, (is_number_or_none, None)),
    },
    "done": {
        "run": (is_key, NEEDED),
        "error": (is_percent, NEEDED),
        **dict.fromkeys(("top5_error", "best_error", "loss", "images_s", "peak_gb"), (is_number_or_none, None)),
        **dict.fromkeys(("train_s", "eval_s"), (is_number_or_none, None)),
        **dict.fromkeys(("best_epoch", "epochs", "skipped"), (lambda value: value is None or is_count(value), None)),
        **dict.fromkeys(("diverged", "synthetic"), (is_truth, False)),
        "device": (is_text, ""),
    },
    "stopped": {
        "run": (is_key, NEEDED),
        **dict.fromkeys(("reason", "message"), (is_text, "")),
        **dict.fromkeys(("epochs", "steps"), (is_count, None)),
    },
    "failed": {
        "run": (is_key, NEEDED),
        **dict.fromkeys(("reason", "message", "traceback"), (is_text, "")),
        **dict.fromkeys(("asked_gb", "batch"), (is_number_or_none, None)),
    },
    "broken": {**dict.fromkeys(("run", "job", "message", "traceback"), (is_text, ""))},
}


def event_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """A line of a journal as an event with all its fields; None for what is no event.

    >>> event_of({"event": "stopped", "run": "r1", "time": 1.0, "reason": "killed"})["message"]
    ''
    >>> event_of({"event": "done", "run": "r1", "time": "noon", "error": 5.0}) is None
    True
    """
    kind = record.get("event")
    if kind == "epoch" and is_plain(record):
        return record
    fields = FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or not is_time(record.get("time")):
        return None
    event = dict(record)
    for name, (check, default) in fields.items():
        value = record.get(name, NEEDED)
        if isinstance(value, float) and not math.isfinite(value):
            value = event[name] = None  # what JSON does not have, and some write
        if value is NEEDED or (value is None and default is None):
            if default is NEEDED:
                return None
            event[name] = default
        elif not check(value):
            return None
    return event


def is_plain(record: dict[str, Any]) -> bool:
    """Whether a record is surely an epoch with all its fields; takes 3.2 µs instead of 9.1, and most records are."""
    try:
        values, number, run, moment = VALUES(record), record["epoch"], record["run"], record["time"]
    except KeyError:
        return False
    if type(run) is not str or type(number) is not int or type(moment) is not float or {*map(type, values)} - PLAIN:
        return False
    size = sum(abs(value) for value in values if value is not None)  # NaN is in no range
    return 0 < len(run) <= LONGEST_KEY and 0 <= number <= MOST and 0 <= moment < LATEST and size < 1e300


def events_in(lines: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of whole lines, and how many lines are none."""
    records, torn = parse(lines)
    events = [event for record in records if (event := event_of(record)) is not None]
    return events, torn + len(records) - len(events)


def file_name(job: str) -> str:
    """The name of a job as that of a file."""
    return re.sub(r"[^\w.-]", "_", job)


class EventWriter(Journal):
    """Appends to the event file of one job."""

    def __init__(self, folder: Path, job: str) -> None:
        super().__init__(folder / "events" / f"{file_name(job)}.jsonl")
        self._latest = 0.0

    def write(self, event: str, run: str, after: float = 0.0, **values: Any) -> float:
        """Append one event; returns its time, no earlier than that of the last one or than `after`."""
        self._latest = max(time.time(), self._latest, after)
        self.append({"event": event, "run": run, "time": self._latest, **values})
        return self._latest


def events_of(folder: Path, job: str) -> list[dict[str, Any]]:
    """All events of one job, in order."""
    path = folder / "events" / f"{file_name(job)}.jsonl"
    return events_in(path.read_bytes())[0] if path.is_file() else []


@dataclass(slots=True)
class Record:
    """What the events say of one run, so far.

    state: `started`, `stopped`, `failed`, `done` or `diverged`; a result stays, whatever comes after it
    starts: when it was started, each time
    time, journal: of the event that made the state [s since 1970]
    epochs: by number what each reached, in the order of `EPOCH`
    last: the event that made the state
    position: the epochs and the steps of the next one that are known to be done
    progressed: since when it has been there; starts after that brought nothing
    """

    state: str = "started"
    starts: list[float] = field(default_factory=list)
    time: float = 0.0
    journal: str = ""
    epochs: dict[int, tuple[float | None, ...]] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    position: tuple[int, int] = (0, 0)
    progressed: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether the run has its result."""
        return self.state in ("done", "diverged")

    @property
    def attempts(self) -> int:
        """How often it was started."""
        return len(self.starts)

    def failed_since(self, moment: float) -> bool:
        """Whether the run has failed, at this time or later [s since 1970]."""
        return self.state == "failed" and self.time >= moment

    def fruitless(self, since: float) -> int:
        """How often in a row it was started, since a moment, without getting further than it was [s since 1970]."""
        return sum(start >= max(self.progressed, since) for start in self.starts)

    def add(self, event: dict[str, Any], journal: str = "") -> None:
        """Take in one event of a journal, from `event_of`; the order in which journals are read does not matter."""
        kind, moment = event["event"], event["time"]
        if kind == "epoch":
            self.epochs[event["epoch"]] = VALUES(event)
            self.reached((event["epoch"], 0), moment)
            return
        if kind in ("resumed", "stopped") and event["epochs"] is not None:
            since = event.get("since")
            self.reached((event["epochs"], event["steps"] or 0), moment if since is None else since)
        if kind == "resumed":
            return
        if kind == "started":
            self.starts.append(moment)
        if kind == "done":
            newer = not self.finished or (moment, journal) < (self.time, self.journal)  # the first result counts
        else:
            newer = not self.finished and (moment, journal) >= (self.time, self.journal)
        if newer:
            self.time, self.journal, self.last = moment, journal, event
            self.state = "diverged" if event.get("diverged") else kind

    def reached(self, position: tuple[int, int], moment: float) -> None:
        """The run was there at a moment."""
        if position > self.position or (position == self.position and moment < self.progressed):
            self.position, self.progressed = position, moment


class EventReader:
    """Reads the events of a sweep; `poll` again reads only what was added since.

    records: what is known of each run that has an event, by key
    broken: the events of jobs that broke off outside of any run

    Args:
        job: how the names of the files begin that are read; without it all are
    """

    def __init__(self, folder: Path, job: str = "") -> None:
        self._folder, self._job = folder / "events", file_name(job)
        self._offsets: dict[str, int] = {}
        self._latest: dict[str, float] = {}
        self._tails: set[str] = set()
        self._torn = 0
        self.records: dict[str, Record] = {}
        self.broken: list[dict[str, Any]] = []

    @property
    def torn(self) -> int:
        """Lines that cannot be read: torn by a kill or a full disk."""
        return self._torn + len(self._tails)

    def poll(self, trust_sizes: bool = True) -> dict[str, Record]:
        """Read what is new and return `records`.

        Args:
            trust_sizes: do not open files that have not grown; a network file system may know of it too late
        """
        try:
            with os.scandir(self._folder) as found:
                files = sorted((one.name, one) for one in found if one.name.endswith(".jsonl"))
        except FileNotFoundError:  # nothing has begun
            return self.records
        for name, file in files:
            if name.startswith(self._job):
                self._read(name, file, trust_sizes)
        return self.records

    def _read(self, name: str, found: os.DirEntry[str], trust_sizes: bool) -> None:
        offset = self._offsets.get(name, 0)
        if trust_sizes and offset and found.stat().st_size == offset:
            return
        with open(found.path, "rb") as file:  # noqa: PTH123 (a Path for each of 100,000 files takes seconds)
            file.seek(offset)
            lines, newline, tail = file.read().rpartition(b"\n")
        self._offsets[name] = offset + len(lines) + len(newline)
        (self._tails.add if tail else self._tails.discard)(name)
        events, torn = events_in(lines)
        self._torn += torn
        for event in self._in_order(name, events):
            self._take(event, name)

    def _in_order(self, name: str, events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Events of one journal, none dated before an earlier one: a clock may have been set back."""
        latest = self._latest.get(name, 0.0)
        for event in events:
            latest = event["time"] = max(latest, event["time"])
            yield event
        self._latest[name] = latest

    def _take(self, event: dict[str, Any], journal: str) -> None:
        if event["event"] == "broken":
            self.broken.append(event)
            return
        run = event["run"]
        if run not in self.records:
            self.records[run] = Record()
        self.records[run].add(event, journal)
