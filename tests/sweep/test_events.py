"""Events: nothing written is lost, nothing torn is believed."""

import json
import math
import time
from pathlib import Path

import pytest

from dsd.runs import EPOCH_COLUMNS, Epoch, Outcome, RunState
from dsd.sweep.folder.events import Done, EpochEnded, EventReader, EventWriter, Failed, Started, events_of


def write_run(folder: Path, job: str, run: str, error: float = 10.0, epochs: int = 2) -> None:
    """The events of a run that ends well."""
    with EventWriter(folder, job) as writer:
        writer.write(Started(run, job=job))
        for epoch in range(1, epochs + 1):
            writer.write(EpochEnded(run, epoch=an_epoch(epoch)))
        writer.write(Done(run, outcome=Outcome(error, best_error=error, loss=0.5, epochs=epochs)))


def an_epoch(number: int) -> Epoch:
    """An epoch of error 50/number."""
    return Epoch(number, 0.1, 1.0, 50.0 / number, 0.0, 1.0, 1.0, 100.0, 0.5)


def test_a_run_is_what_its_events_say(tmp_path: Path) -> None:
    """Epochs, result and attempts come back."""
    write_run(tmp_path, "1", "r1", error=12.5)
    record = EventReader(tmp_path).poll()["r1"]
    assert (record.result, record.finished, record.attempts) == (RunState.DONE, True, 1)
    assert record.outcome.error == 12.5
    assert record.epochs == {1: an_epoch(1), 2: an_epoch(2)}


def test_every_torn_tail_is_tolerated_and_reported(tmp_path: Path) -> None:
    """Cut after any byte, the file gives all whole lines before the cut, and says whether one is torn."""
    write_run(tmp_path, "1", "r1")
    path = tmp_path / "events" / "1.jsonl"
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        reader = EventReader(tmp_path)
        records = reader.poll()
        whole = content[:size].count(b"\n")
        assert reader.torn == (0 if content[:size].endswith(b"\n") or not size else 1)
        assert len(records) == (whole > 0)
        assert (records["r1"].finished if records else False) == (whole == 4)


def test_a_later_life_of_a_job_writes_after_a_torn_line(tmp_path: Path) -> None:
    """A job that is requeued under its old name keeps its events apart from the torn one."""
    write_run(tmp_path, "1", "r1")
    path = tmp_path / "events" / "1.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    write_run(tmp_path, "1", "r1", error=7.0)
    reader = EventReader(tmp_path)
    assert reader.poll()["r1"].outcome.error == 7.0
    assert reader.torn == 1


def test_reading_again_reads_what_is_new(tmp_path: Path) -> None:
    """A half-written line is taken once it is whole, and nothing is taken twice."""
    write_run(tmp_path, "1", "r1")
    path = tmp_path / "events" / "1.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    reader = EventReader(tmp_path)
    assert not reader.poll()["r1"].finished
    path.write_bytes(content)
    assert reader.poll()["r1"].finished
    assert (reader.torn, reader.records["r1"].attempts) == (0, 1)


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_a_result_stays_and_the_first_counts(tmp_path: Path, first: str, second: str) -> None:
    """Nothing that comes after a result changes it, whatever the order in which files are read."""
    write_run(tmp_path, first, "r1", error=10.0)
    incremental = EventReader(tmp_path)
    incremental.poll()
    write_run(tmp_path, second, "r1", error=11.0)
    with EventWriter(tmp_path, "c") as writer:
        writer.write(Failed("r1", "exception"))
    for reader in (incremental, EventReader(tmp_path)):
        record = reader.poll()["r1"]
        assert (record.result, record.outcome.error) == (RunState.DONE, 10.0)


def test_a_clock_that_steps_back_loses_no_result(tmp_path: Path) -> None:
    """A result counts even if it is dated before the run's start or failure."""
    lines = [
        {"event": "started", "run": "r1", "time": 100.0},
        {"event": "failed", "run": "r1", "time": 101.0},
        {"event": "done", "run": "r1", "time": 90.0, "error": 5.0, "diverged": False},
    ]
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "1.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert EventReader(tmp_path).poll()["r1"].finished


def test_a_retried_run_is_started_again_not_failed(tmp_path: Path) -> None:
    """The latest event decides until there is a result, in whatever file it stands."""
    with EventWriter(tmp_path, "b") as first, EventWriter(tmp_path, "a") as second:
        first.write(Started("r1"))
        first.write(Failed("r1", "exception", "boom"))
        second.write(Started("r1"))
    record = EventReader(tmp_path).poll()["r1"]
    assert (record.last.kind, record.attempts) == ("started", 2)


def test_events_are_strict_json(tmp_path: Path) -> None:
    """A loss that is not finite becomes null; anyone's JSON reader can read the file."""
    with EventWriter(tmp_path, "host-local-1") as writer:
        writer.write(Done("r1", outcome=Outcome(100.0, loss=float("nan"), diverged=True)))
    (line,) = (tmp_path / "events" / "host-local-1.jsonl").read_text().splitlines()

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert json.loads(line, parse_constant=refuse)["loss"] is None
    assert EventReader(tmp_path).poll()["r1"].result == RunState.DIVERGED


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "started", "run": "r1", "time": "x"}',
        '{"event": "started", "run": "r1", "time": 1e300}',
        '{"event": "started", "run": "r1", "time": true}',
        '{"event": "started", "run": ["r1"], "time": 1}',
        '{"event": "started", "time": 1}',
        '{"event": "epoch", "run": "r1", "time": 1, "epoch": null}',
        '{"event": "epoch", "run": "r1", "time": 1, "epoch": 1.5}',
        '{"event": "epoch", "run": "r1", "time": 1, "epoch": 1, "loss": "low"}',
        '{"event": "done", "run": "r1", "time": 1}',
        '{"event": "done", "run": "r1", "time": 1, "error": NaN}',
        '{"event": "done", "run": "r1", "time": 1, "error": 101}',
        '{"event": "done", "run": "r1", "time": 1, "error": 5, "epochs": -1}',
        '{"event": "stopped", "run": "r1", "time": 1, "reason": 3}',
        '{"event": "sleeping", "run": "r1", "time": 1}',
        '{"event": {}, "run": "r1", "time": 1}',
        "[1, 2, 3]",
        "7",
        "[" * 200_000,
        '{"a": ' * 50_000,
        "9" * 5_000,
    ],
)
def test_a_line_that_is_no_event_is_skipped_and_counted(tmp_path: Path, line: str) -> None:
    """Of another type, out of range, without what it needs, or nested without end; the lines around it count."""
    write_run(tmp_path, "1", "r1")
    path = tmp_path / "events" / "1.jsonl"
    path.write_text(line + "\n" + path.read_text() + line + "\n")
    reader = EventReader(tmp_path)
    assert reader.poll()["r1"].finished
    assert (reader.torn, list(reader.records)) == (2, ["r1"])
    assert len(events_of(tmp_path, "1")) == 4


def test_a_program_of_others_may_leave_out_what_it_does_not_know(tmp_path: Path) -> None:
    """An event has all its fields: what a line lacks is null or empty."""
    (tmp_path / "events").mkdir()
    lines = [
        {"event": "epoch", "run": "r1", "time": 1, "epoch": 1},
        {"event": "done", "run": "r1", "time": 2, "error": 5},
    ]
    (tmp_path / "events" / "mine.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    record = EventReader(tmp_path).poll()["r1"]
    assert (record.outcome, record.last.device) == (Outcome(5), "")
    assert record.epochs[1].epoch == 1
    assert all(math.isnan(getattr(record.epochs[1], name)) for name in EPOCH_COLUMNS[1:])


def test_the_lines_of_a_journal_are_in_order_whatever_the_clock_says(tmp_path: Path) -> None:
    """Set back between a failure and the next start, and between two results: the first one in the journal counts."""
    lines = [
        {"event": "started", "run": "r1", "time": 100.0},
        {"event": "failed", "run": "r1", "time": 101.0, "reason": "exception", "message": ""},
        {"event": "started", "run": "r1", "time": 50.0},
    ]
    (tmp_path / "events").mkdir()
    path = tmp_path / "events" / "1.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    reader = EventReader(tmp_path)
    assert reader.poll()["r1"].last.kind == "started"
    results = [
        {"event": "done", "run": "r1", "time": moment, "error": error} for moment, error in ((60.0, 5.0), (40.0, 7.0))
    ]
    with path.open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in results))
    for one in (reader, EventReader(tmp_path)):
        assert one.poll()["r1"].outcome.error == 5.0


def test_a_worker_whose_clock_is_behind_dates_after_what_it_has_read(tmp_path: Path, monkeypatch) -> None:
    """Its start counts after the failure that another machine dated ahead."""
    with EventWriter(tmp_path, "ahead") as first:
        monkeypatch.setattr(time, "time", lambda: 2_000.0)
        first.write(Failed("r1", "exception"))
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    before = EventReader(tmp_path).poll()["r1"]
    with EventWriter(tmp_path, "behind") as second:
        assert second.write(Started("r1"), after=before.time) == 2_000.0
        assert second.write(EpochEnded("r1", epoch=an_epoch(1))) == 2_000.0
    assert EventReader(tmp_path).poll()["r1"].last.kind == "started"
