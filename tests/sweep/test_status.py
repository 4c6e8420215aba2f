"""States of runs: every combination of events, claims and jobs."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from dsd.runs import Outcome
from dsd.sweep.backends.local import Local, mark_of, process_of
from dsd.sweep.folder.events import Done, Failed, Record, Started, Stopped
from dsd.sweep.folder.jobs import Job, JobState
from dsd.sweep.job.devices import visible_gpus
from dsd.sweep.results.status import state_of

STARTED = Record([100.0], Started("r", time=100.0))
STOPPED, TERMINATED, KILLED = (
    Record([90.0], Stopped("r", reason, time=100.0)) for reason in ("time limit", "terminated", "killed")
)
FAILED = Record([90.0], Failed("r", "exception", "a\nb", time=100.0))
DONE, DIVERGED = (Record([90.0], Done("r", outcome=Outcome(5.0, diverged=one), time=100.0)) for one in (False, True))
WAITS, RUNS, RUNS_AGAIN = JobState("waiting", why="Priority"), JobState("running", 50.0), JobState("running", 120.0)
UNKNOWN, GONE, CANCELLED = JobState("unknown"), JobState("ended"), JobState("ended", why="cancelled")
NODE, LIMIT = JobState("ended", why="node failure"), JobState("ended", why="time limit")
GONE_WITHOUT, GOES_ON = "its job disappeared (no exit status)", "; resumable"


@pytest.mark.parametrize(
    ("record", "claimed", "submitted", "job", "state", "reason"),
    [
        (None, False, 0.0, None, "planned", ""),
        (None, False, 50.0, WAITS, "queued", "Priority"),
        (None, False, 50.0, RUNS, "queued", ""),  # other runs of its job have their turn
        (None, False, 50.0, UNKNOWN, "queued", ""),
        (None, True, 50.0, WAITS, "running", ""),
        (None, False, 50.0, GONE, "lost", GONE_WITHOUT),
        (None, False, 50.0, CANCELLED, "cancelled", "before it was started"),
        (None, False, 50.0, NODE, "planned", "node failure before it was started"),
        (None, False, 50.0, LIMIT, "planned", "time limit before it was started"),
        (STARTED, True, 50.0, WAITS, "running", ""),
        (STARTED, False, 50.0, RUNS, "running", ""),  # as on a file system whose locks end at the machine
        (STARTED, False, 50.0, UNKNOWN, "running", ""),
        (STARTED, False, 50.0, RUNS_AGAIN, "queued", ""),  # its job was started again, and has not come to it
        (STARTED, False, 150.0, RUNS_AGAIN, "queued", ""),  # a later job has it
        (STARTED, False, 50.0, WAITS, "queued", "Priority"),
        (STARTED, False, 50.0, GONE, "lost", GONE_WITHOUT),
        (STARTED, False, 0.0, None, "lost", GONE_WITHOUT),  # its job was never written down
        (STARTED, False, 50.0, NODE, "failed", "node failure" + GOES_ON),
        (STARTED, False, 50.0, LIMIT, "failed", "time limit" + GOES_ON),
        (STOPPED, False, 50.0, WAITS, "queued", "Priority"),
        (STOPPED, False, 50.0, RUNS, "queued", ""),
        (STOPPED, False, 50.0, GONE, "failed", "time limit" + GOES_ON),
        (STOPPED, False, 150.0, GONE, "lost", GONE_WITHOUT),  # a later job had it and has vanished
        (STOPPED, False, 50.0, CANCELLED, "cancelled", "resumable"),
        (TERMINATED, False, 50.0, GONE, "cancelled", "resumable"),  # nobody else sends SIGTERM and leaves it
        (KILLED, False, 50.0, RUNS, "queued", ""),  # the next worker will come to it
        (KILLED, False, 50.0, GONE, "failed", "killed" + GOES_ON),
        (FAILED, False, 0.0, None, "failed", "exception: a b"),
        (FAILED, False, 50.0, RUNS, "failed", "exception: a b"),  # in the very job that has it on its list
        (FAILED, False, 50.0, GONE, "failed", "exception: a b"),
        (FAILED, False, 150.0, WAITS, "queued", "Priority"),  # a later job will try it again
        (FAILED, False, 150.0, GONE, "failed", "exception: a b"),
        (FAILED, True, 150.0, RUNS, "running", ""),
        (DONE, False, 0.0, None, "done", ""),
        (DONE, True, 50.0, RUNS, "done", ""),
        (DONE, False, 50.0, CANCELLED, "done", ""),
        (DIVERGED, False, 50.0, RUNS, "diverged", ""),
    ],
)
def test_states(
    record: Record | None, claimed: bool, submitted: float, job: JobState | None, state: str, reason: str
) -> None:
    """A result outweighs everything; then who holds the run; then its last event, its job, and how that ended."""
    assert state_of(record, claimed, submitted, job) == (state, reason)


def test_a_local_job_lives_as_long_as_its_process() -> None:
    """This process is alive; another command of the same number, another machine's, or none is not."""
    me = psutil.Process()
    job = Job(str(me.pid), "local", mark_of(me), socket.gethostname(), 0.0, ())
    assert process_of(job)
    assert not process_of(replace(job, mark="another"))
    assert not process_of(replace(job, host="elsewhere"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        job = replace(job, job=str(child.pid), mark=mark_of(psutil.Process(child.pid)))
        assert process_of(job)
        child.kill()
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not process_of(job)
    assert not process_of(job)


def test_gpus_are_named_as_the_user_named_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indices and UUIDs are passed on; -1 and an empty variable mean none."""
    for text, gpus in (("0,2", ["0", "2"]), ("GPU-1a,GPU-2b", ["GPU-1a", "GPU-2b"]), ("-1", []), ("", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        assert visible_gpus() == gpus


def test_workers_are_bounded() -> None:
    """Never more than asked for, than runs; without GPUs as many as cores."""
    assert Local(workers=3).width(10, []) == 3
    assert Local(workers=3).width(2, []) == 2
    assert Local().width(1000, ["0", "1"]) == 2
    assert Local().width(1000, []) == len(os.sched_getaffinity(0))
