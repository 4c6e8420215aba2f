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
"""

import os
import re
import time
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from dsd.journal import Journal, parse

# of an epoch, in the order in which a record keeps them
EPOCH = ("lr", "loss", "error", "top5_error", "train_s", "eval_s", "images_s", "peak_gb", "skipped")
VALUES = itemgetter(*EPOCH)


def file_name(job: str) -> str:
    """The name of a job as that of a file."""
    return re.sub(r"[^\w.-]", "_", job)


class EventWriter(Journal):
    """Appends to the event file of one job."""

    def __init__(self, folder: Path, job: str) -> None:
        super().__init__(folder / "events" / f"{file_name(job)}.jsonl")

    def write(self, event: str, run: str, **values: Any) -> float:
        """Append one event; returns its time."""
        moment = time.time()
        self.append({"event": event, "run": run, "time": moment, **values})
        return moment


def events_of(folder: Path, job: str) -> list[dict[str, Any]]:
    """All events of one job, in order."""
    path = folder / "events" / f"{file_name(job)}.jsonl"
    return parse(path.read_bytes())[0] if path.is_file() else []


@dataclass(slots=True)
class Record:
    """What the events say of one run, so far.

    state: `started`, `stopped`, `failed`, `done` or `diverged`; a result stays, whatever comes after it
    starts: when it was started, each time
    time: of the event that made the state [s since 1970]
    epochs: by number what each reached, in the order of `EPOCH`
    last: the event that made the state
    position: the epochs and the steps of the next one that are known to be done
    progressed: since when it has been there; starts after that brought nothing
    """

    state: str = "started"
    starts: list[float] = field(default_factory=list)
    time: float = 0.0
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

    def add(self, event: dict[str, Any]) -> None:
        """Take in one event; the order in which events are read does not matter."""
        kind, moment = event["event"], event["time"]
        if kind == "epoch":
            try:
                values = VALUES(event)
            except KeyError:  # of an earlier version
                values = tuple(event.get(name) for name in EPOCH)
            self.epochs[event["epoch"]] = values
            self.reached((event["epoch"], 0), moment)
            return
        if kind in ("resumed", "stopped") and "epochs" in event:
            self.reached((event["epochs"], event["steps"]), event.get("since", moment))
        if kind == "resumed":
            return
        if kind == "started":
            self.starts.append(moment)
        if kind == "done":
            newer = not self.finished or moment < self.time  # the first result counts
        else:
            newer = not self.finished and moment >= self.time
        if newer:
            self.time, self.last = moment, event
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
        events, torn = parse(lines)
        self._torn += torn
        for event in events:
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("event") == "broken":
            self.broken.append(event)
            return
        try:
            run = event["run"]
            if run not in self.records:
                self.records[run] = Record()
            self.records[run].add(event)
        except (KeyError, TypeError):
            self._torn += 1
