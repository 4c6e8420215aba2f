"""States of runs: every combination of events, claims and jobs."""

import os
import socket

import psutil
import pytest

from dsd.sweep.clusters.job import Job
from dsd.sweep.clusters.local import Local
from dsd.sweep.events import Record
from dsd.sweep.status import STATES, state_of

STARTED = Record("started", 1, time=100.0)
FAILED = Record("failed", 1, time=100.0)


@pytest.mark.parametrize(
    ("record", "held", "waiting_since", "state"),
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
def test_states(record: Record | None, held: bool, waiting_since: float | None, state: str) -> None:
    """A result outweighs everything; then who holds the run; then what the last event and the queue say."""
    assert state_of(record, held, waiting_since) == state
    assert state in STATES


def test_a_local_job_lives_as_long_as_its_process() -> None:
    """This process is alive; another of the same number, another machine's, or none is not."""
    me = psutil.Process()
    job = Job(str(me.pid), "local", socket.gethostname(), 0.0, (), me.create_time())
    assert Local.alive(job)
    assert not Local.alive(Job(str(me.pid), "local", socket.gethostname(), 0.0, (), me.create_time() - 60))
    assert not Local.alive(Job(str(me.pid), "local", "elsewhere", 0.0, (), me.create_time()))
    child = os.posix_spawn("/bin/true", ["true"], {})
    start = psutil.Process(child).create_time()
    os.waitpid(child, 0)
    assert not Local.alive(Job(str(child), "local", socket.gethostname(), 0.0, (), start))
