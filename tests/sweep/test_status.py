"""States of runs: every combination of events, claims and jobs."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from dsd.sweep.clusters.job import Job
from dsd.sweep.clusters.local import Local, command_of, visible_gpus
from dsd.sweep.events import Record
from dsd.sweep.status import STATES, state_of

STARTED = Record("started", 1, time=100.0)
FAILED = Record("failed", 1, time=100.0)


@pytest.mark.parametrize(
    ("record", "running", "waiting_since", "state"),
    [
        (None, False, None, "planned"),
        (None, False, 50.0, "queued"),
        (None, True, 50.0, "running"),
        (STARTED, True, 50.0, "running"),
        (STARTED, False, None, "lost"),
        (STARTED, False, 50.0, "queued"),
        (FAILED, False, None, "failed"),
        (FAILED, False, 50.0, "failed"),  # it failed in the very job that has it on its list
        (FAILED, False, 150.0, "queued"),  # a later job will try it again
        (FAILED, True, 150.0, "running"),
        (Record("done", 1), False, None, "done"),
        (Record("done", 1), True, 50.0, "done"),
        (Record("diverged", 1), False, 50.0, "diverged"),
    ],
)
def test_states(record: Record | None, running: bool, waiting_since: float | None, state: str) -> None:
    """A result outweighs everything; then who holds the run; then what the last event and the queue say."""
    assert state_of(record, running, waiting_since) == state
    assert state in STATES


def test_a_local_job_lives_as_long_as_its_process() -> None:
    """This process is alive; another command of the same number, another machine's, or none is not."""
    me = psutil.Process()
    job = Job(str(me.pid), "local", socket.gethostname(), 0.0, (), command_of(me))
    assert Local.alive(job)
    assert not Local.alive(replace(job, command="another"))
    assert not Local.alive(replace(job, host="elsewhere"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        job = replace(job, job=str(child.pid), command=command_of(psutil.Process(child.pid)))
        assert Local.alive(job)
        child.kill()
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not Local.alive(job)
    assert not Local.alive(job)


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
