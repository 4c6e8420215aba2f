"""Events: nothing written is lost, nothing torn is believed."""

import json
from pathlib import Path

import pytest

from dsd.sweep.events import EPOCH, EventReader, EventWriter


def write_run(folder: Path, job: str, run: str, error: float = 10.0, epochs: int = 2) -> None:
    """The events of a run that ends well."""
    with EventWriter(folder, job) as writer:
        writer.write("started", run, job=job)
        for epoch in range(1, epochs + 1):
            writer.write("epoch", run, epoch=epoch, error=50.0 / epoch, loss=1.0)
        writer.write("done", run, error=error, best_error=error, loss=0.5, epochs=epochs, diverged=False)


def test_a_run_is_what_its_events_say(tmp_path: Path) -> None:
    """Epochs, result and attempts come back."""
    write_run(tmp_path, "1", "r1", error=12.5)
    record = EventReader(tmp_path).poll()["r1"]
    assert (record.state, record.finished, record.attempts) == ("done", True, 1)
    assert record.last["error"] == 12.5
    assert [record.epochs[n][EPOCH.index("error")] for n in (1, 2)] == [50.0, 25.0]


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
    assert reader.poll()["r1"].last["error"] == 7.0
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
        writer.write("failed", "r1", reason="exception", message="", traceback="")
    for reader in (incremental, EventReader(tmp_path)):
        record = reader.poll()["r1"]
        assert (record.state, record.last["error"]) == ("done", 10.0)


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
        first.write("started", "r1")
        first.write("failed", "r1", reason="exception", message="boom", traceback="")
        second.write("started", "r1")
    record = EventReader(tmp_path).poll()["r1"]
    assert (record.state, record.attempts) == ("started", 2)


def test_events_are_strict_json(tmp_path: Path) -> None:
    """A loss that is not finite becomes null; anyone's JSON reader can read the file."""
    with EventWriter(tmp_path, "host-local-1") as writer:
        writer.write("done", "r1", error=100.0, loss=float("nan"), diverged=True)
    (line,) = (tmp_path / "events" / "host-local-1.jsonl").read_text().splitlines()

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert json.loads(line, parse_constant=refuse)["loss"] is None
    assert EventReader(tmp_path).poll()["r1"].state == "diverged"
