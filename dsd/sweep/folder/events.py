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

Any program may write events; what a line has to have follows from the classes below. A line that does not fit is
skipped and counted. The lines of one journal are in order, whatever the clock says; those of several are ordered by
time, and a worker dates what it writes no earlier than what it has read.
"""

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from dsd.io.journal import Journal, parse
from dsd.runs import EPOCH_COLUMNS, Epoch, Outcome, RunState
from dsd.sweep.folder.jobs import LATEST

VALUES = itemgetter(*EPOCH_COLUMNS[1:])
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


def is_time_or_none(value: object) -> bool:
    """Whether a value is a time or null."""
    return value is None or is_time(value)


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def is_count_or_none(value: object) -> bool:
    """Whether a value is a whole number from 0 or null."""
    return value is None or is_count(value)


def is_text(value: object) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_key(value: object) -> bool:
    """Whether a value is the key of a run."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_KEY


def is_truth(value: object) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a run, or to a job, and when [s since 1970]; the writer fills in the time."""

    kind: ClassVar[str]
    run: str = ""
    time: float = field(default=0.0, kw_only=True)


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A job began or resumed a run."""

    kind: ClassVar[str] = "started"
    job: str = ""
    host: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """It went on from a checkpoint, after so many epochs and steps of the next one.

    since: the time of the start that it belongs to
    """

    kind: ClassVar[str] = "resumed"
    epochs: int = field(kw_only=True)
    steps: int = 0
    since: float | None = None


@dataclass(frozen=True, slots=True)
class EpochEnded(Event):
    """An epoch was trained and evaluated."""

    kind: ClassVar[str] = "epoch"
    epoch: Epoch = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The run has its result, on this device; `synthetic` where the images were made up."""

    kind: ClassVar[str] = "done"
    outcome: Outcome = field(kw_only=True)
    device: str = ""
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """The run was interrupted and is resumable."""

    kind: ClassVar[str] = "stopped"
    reason: str = ""
    message: str = ""
    epochs: int | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The run failed by itself."""

    kind: ClassVar[str] = "failed"
    reason: str = ""
    message: str = ""
    traceback: str = ""
    asked_gb: float | None = None
    batch: float | None = None


@dataclass(frozen=True, slots=True)
class Broken(Event):
    """A job broke off outside of any run."""

    kind: ClassVar[str] = "broken"
    job: str = ""
    message: str = ""
    traceback: str = ""


Check = Callable[[object], bool]
NEEDED = object()  # instead of a value that stands for a missing one
KINDS: dict[str, type[Event]] = {one.kind: one for one in (Started, Resumed, EpochEnded, Done, Stopped, Failed, Broken)}
CARRIERS: dict[str, type] = {"epoch": Epoch, "outcome": Outcome}  # fields whose own fields stand in the line
BY_NAME: dict[str, Check] = {"error": is_percent, "since": is_time_or_none}
BY_TYPE: dict[Any, Check] = {
    str: is_text,
    bool: is_truth,
    int: is_count,
    int | None: is_count_or_none,
    float: is_number_or_none,
    float | None: is_number_or_none,
}


def checks_of(kind: type) -> dict[str, tuple[Check, Any]]:
    """How each field of an event is checked, and what stands for it where it is missing."""
    found: dict[str, tuple[Check, Any]] = {}
    for one in fields(kind):
        carrier = CARRIERS.get(one.name) if issubclass(kind, Event) else None
        if carrier:
            found |= checks_of(carrier)
        elif one.name == "run":
            found["run"] = (is_text, "") if kind is Broken else (is_key, NEEDED)
        elif one.name != "time":
            check = BY_TYPE[one.type] if kind is Epoch else BY_NAME.get(one.name, BY_TYPE[one.type])
            unknown = None if kind is Epoch and one.type is float else one.default
            found[one.name] = (check, NEEDED if unknown is MISSING else unknown)
    return found


FIELDS = {kind: checks_of(kind) for kind in KINDS.values()}
NAN = float("nan")


def event_of(record: dict[str, Any]) -> Event | None:
    """A line of a journal as an event with all its fields; None for what is no event.

    >>> event_of({"event": "stopped", "run": "r1", "time": 1.0, "reason": "killed"}).reason
    'killed'
    >>> event_of({"event": "done", "run": "r1", "time": "noon", "error": 5.0}) is None
    True
    """
    name = record.get("event")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is EpochEnded and is_plain(record):
        return EpochEnded(record["run"], time=record["time"], epoch=epoch_of(record["epoch"], VALUES(record)))
    if kind is None or not is_time(record.get("time")):
        return None
    values: dict[str, Any] = {}
    for name, (check, default) in FIELDS[kind].items():
        value = record.get(name, NEEDED)
        if isinstance(value, float) and not math.isfinite(value):
            value = None  # what JSON does not have, and some write
        if value is NEEDED or (value is None and default is None):
            value = default
        elif not check(value):
            return None
        if value is NEEDED:
            return None
        values[name] = value
    return assembled(kind, record["time"], values)


def assembled(kind: type[Event], moment: float, values: dict[str, Any]) -> Event:
    """The event of checked values."""
    if kind is EpochEnded:
        return EpochEnded(values["run"], time=moment, epoch=epoch_of(values["epoch"], VALUES(values)))
    if kind is Done:
        outcome = Outcome(**{one.name: values.pop(one.name) for one in fields(Outcome)})
        return Done(**values, time=moment, outcome=outcome)
    return kind(**values, time=moment)


def epoch_of(number: int, values: tuple[Any, ...]) -> Epoch:
    """An epoch of the values after its number."""
    return Epoch(number, *(NAN if value is None else value for value in values) if None in values else values)


def line_of(event: Event) -> dict[str, Any]:
    """An event as a line of a journal."""
    line: dict[str, Any] = {"event": event.kind, "run": event.run, "time": event.time}
    for one in fields(event):
        value = getattr(event, one.name)
        carrier = CARRIERS.get(one.name)
        line |= {name.name: getattr(value, name.name) for name in fields(carrier)} if carrier else {one.name: value}
    return line


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


def events_in(lines: bytes) -> tuple[list[Event], int]:
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

    def write(self, event: Event, after: float = 0.0) -> float:
        """Append an event; returns its time, no earlier than that of the last one or than `after`."""
        self._latest = max(time.time(), self._latest, after)
        self.append(line_of(replace(event, time=self._latest)))
        return self._latest


def events_of(folder: Path, job: str) -> list[Event]:
    """All events of one job, in order."""
    path = folder / "events" / f"{file_name(job)}.jsonl"
    return events_in(path.read_bytes())[0] if path.is_file() else []


@dataclass(slots=True)
class Record:
    """What the events say of one run, so far.

    starts: when it was started, each time
    last: the event that made its state: Started, Stopped, Failed or Done; a result stays, whatever comes after it
    journal: of that event
    epochs: what each reached, by number
    position: the epochs and the steps of the next one that are known to be done
    progressed: since when it has been there; starts after that brought nothing
    """

    starts: list[float] = field(default_factory=list)
    last: Event = Event()
    journal: str = ""
    epochs: dict[int, Epoch] = field(default_factory=dict)
    position: tuple[int, int] = (0, 0)
    progressed: float = 0.0

    @property
    def time(self) -> float:
        """Of the event that made its state [s since 1970]."""
        return self.last.time

    @property
    def outcome(self) -> Outcome | None:
        """Its result, if it has one."""
        return self.last.outcome if isinstance(self.last, Done) else None

    @property
    def result(self) -> RunState | None:
        """DONE or DIVERGED where it has a result."""
        outcome = self.outcome
        return None if outcome is None else RunState.DIVERGED if outcome.diverged else RunState.DONE

    @property
    def finished(self) -> bool:
        """Whether the run has its result."""
        return isinstance(self.last, Done)

    @property
    def attempts(self) -> int:
        """How often it was started."""
        return len(self.starts)

    def failed_since(self, moment: float) -> bool:
        """Whether the run has failed, at this time or later [s since 1970]."""
        return isinstance(self.last, Failed) and self.time >= moment

    def fruitless(self, since: float) -> int:
        """How often in a row it was started, since a moment, without getting further than it was [s since 1970]."""
        return sum(start >= max(self.progressed, since) for start in self.starts)

    def add(self, event: Event, journal: str = "") -> None:
        """Take in one event of a journal; the order in which journals are read does not matter."""
        if isinstance(event, EpochEnded):
            self.epochs[event.epoch.epoch] = event.epoch
            self.reached((event.epoch.epoch, 0), event.time)
            return
        if isinstance(event, Resumed | Stopped) and event.epochs is not None:
            since = event.since if isinstance(event, Resumed) else None
            self.reached((event.epochs, event.steps or 0), event.time if since is None else since)
        if isinstance(event, Resumed):
            return
        if isinstance(event, Started):
            self.starts.append(event.time)
        place, own = (event.time, journal), (self.time, self.journal)
        newer = not self.finished and place >= own
        if isinstance(event, Done):
            newer = not self.finished or place < own  # the first result counts
        if newer:
            self.last, self.journal = event, journal

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
        self.broken: list[Broken] = []

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

    def _in_order(self, name: str, events: Iterable[Event]) -> Iterator[Event]:
        """Events of one journal, none dated before an earlier one: a clock may have been set back."""
        latest = self._latest.get(name, 0.0)
        for event in events:
            yield event if event.time >= latest else replace(event, time=latest)
            latest = max(latest, event.time)
        self._latest[name] = latest

    def _take(self, event: Event, journal: str) -> None:
        if isinstance(event, Broken):
            self.broken.append(event)
            return
        if event.run not in self.records:
            self.records[event.run] = Record()
        self.records[event.run].add(event, journal)
