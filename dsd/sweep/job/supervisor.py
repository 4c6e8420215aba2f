"""The process that a cluster starts for a job: it starts workers, and replaces those that a run has killed.

It is light: a run that takes all memory, or a segmentation fault, ends a worker and not the job. It passes the signals
of the cluster on to the workers, which keep the state of their runs, and sees to it that the job starts again where it
ended for no fault of its own.
"""

import logging
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dsd.processes import memory_kills
from dsd.sweep.folder.events import (
    Broken,
    EpochEnded,
    Event,
    EventWriter,
    Failed,
    Resumed,
    Started,
    Stopped,
    events_of,
)
from dsd.sweep.folder.jobs import OUT_OF_MEMORY
from dsd.sweep.job.settings import TOGETHER_S, WorkerSettings
from dsd.sweep.job.worker import STOPPED, TOLD, StopSignal, Worker

POLL_S = 0.05
GRACE_S = 60.0  # for workers that were told to end, before they are killed
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerPool:
    """The workers of a job. submitit pickles it and calls it there.

    folder: the sweep
    runs: keys, in the order in which to take them
    submitted: when [s since 1970]
    gpus: devices as CUDA_VISIBLE_DEVICES names them, in turns one for each worker; none leave the environment as it is
    width: workers at a time
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float
    gpus: tuple[str, ...] = ()
    width: int = 1
    settings: WorkerSettings = WorkerSettings()  # noqa: RUF009  immutable

    def __call__(self) -> None:
        """Work until no run is left, or the job is told to end."""
        told = StopSignal()
        told.listen()
        Supervisor(self, told, f"local-{os.getppid()}", dict.fromkeys(TOLD, GRACE_S)).work()


@dataclass
class WorkerProcess:
    """A worker at work.

    slot: which of the workers at a time
    job: under which its events stand
    runs: that it has to do
    kills: of the kernel's memory killer before it began
    """

    slot: int
    job: str
    runs: tuple[str, ...]
    process: subprocess.Popen[str]
    kills: int


class Supervisor:
    """Starts the workers of a pool and watches them.

    family: how the names of its workers' events begin; a job that starts again has the same
    grace_s: for each signal how long workers may take to end
    limit_from: see `WorkerSettings`
    alone: whether no other job has its runs, so that the events of others need not be read
    """

    def __init__(
        self,
        pool: WorkerPool,
        told: StopSignal,
        family: str,
        grace_s: Mapping[int, float],
        limit_from: float = math.inf,
        alone: bool = False,
    ) -> None:
        self.pool, self.told, self.family, self.grace_s, self.limit_from = pool, told, family, grace_s, limit_from
        self._asked = f"{family}-" if alone else ""
        self._started = 0

    def work(self) -> bool:
        """Work until no run is left, or the job is told to end; whether any run was begun."""
        workers = [self.start(slot, self.pool.runs) for slot in range(min(self.pool.width, len(self.pool.runs)))]
        passed_on, begun, deadline = 0, False, math.inf
        while workers:
            for number in self.told.signals[passed_on:]:
                deadline = min(deadline, time.monotonic() + self.grace_s[number])
                for worker in workers:
                    worker.process.send_signal(number)
            passed_on = len(self.told.signals)
            if time.monotonic() > deadline:  # the job must still see to it that it starts again
                for worker in workers:
                    worker.process.kill()
            for worker in [worker for worker in workers if worker.process.poll() is not None]:
                workers.remove(worker)
                events = events_of(Path(self.pool.folder), worker.job)
                begun = begun or any(isinstance(event, Started) for event in events)
                runs = self.left(worker, events)
                if runs and not self.told():
                    workers.append(self.start(worker.slot, runs))
            time.sleep(POLL_S)
        return begun

    def start(self, slot: int, runs: tuple[str, ...]) -> WorkerProcess:
        """Start a worker."""
        pool = self.pool
        self._started += 1
        job = f"{self.family}-{socket.gethostname()}-{os.getpid()}.{self._started}"
        settings = replace(pool.settings, job=job, family=self._asked, limit_from=self.limit_from)
        orders = Worker(pool.folder, runs, pool.submitted, os.getpid(), settings)
        device = {"CUDA_VISIBLE_DEVICES": pool.gpus[slot % len(pool.gpus)]} if pool.gpus else {}
        words = [sys.executable, "-m", "dsd.sweep.job.worker", pool.folder]
        kills = memory_kills()
        process = subprocess.Popen(words, stdin=subprocess.PIPE, text=True, env={**os.environ, **device})
        assert process.stdin
        try:
            process.stdin.write(orders.as_json())
            process.stdin.close()
        except BrokenPipeError:  # it has ended already: its exit code says why
            pass
        return WorkerProcess(slot, job, runs, process, kills)

    def is_told_soon(self) -> bool:
        """Whether this process is told to end, too: the signals of a cluster reach processes one after the other."""
        deadline = time.monotonic() + TOGETHER_S
        while not self.told() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.told()

    def left(self, worker: WorkerProcess, events: list[Event]) -> tuple[str, ...]:
        """What a worker that has ended leaves to its successor; it writes down which run has killed it."""
        code = worker.process.returncode
        if code == 0:
            return ()
        if code in (STOPPED, *(-number for number in TOLD)):  # a signal may come before a worker understands it
            return () if self.is_told_soon() else worker.runs
        run = interrupted(events)
        with EventWriter(Path(self.pool.folder), worker.job) as writer:
            if code < 0:
                reason, message = cause(-code, memory_kills() > worker.kills)
                if run:
                    writer.write(Stopped(run, reason, message))
                elif not any(event.run for event in events):  # it would be so again
                    writer.write(Broken(job=worker.job, message=f"its worker was ended: {message}"))
                    return ()
            elif not any(isinstance(event, Broken) for event in events):
                writer.write(Broken(job=worker.job, message=f"its worker ended with exit code {code}"))
        if code > 0 and not spoilt_its_device(events):
            return ()
        log.warning("the worker of run %s has ended with code %s, and is replaced", run, code)
        return (*(other for other in worker.runs if other != run), run) if run else worker.runs


def spoilt_its_device(events: list[Event]) -> bool:
    """Whether a worker broke off right after a run had failed: the next one may do better."""
    of_runs = [event for event in events if event.run]
    return bool(of_runs) and isinstance(of_runs[-1], Failed)


def interrupted(events: list[Event]) -> str:
    """The run that a worker was at when it ended; "" where it was at none."""
    of_runs = [event for event in events if event.run]
    open_run = bool(of_runs) and isinstance(of_runs[-1], Started | Resumed | EpochEnded)
    return of_runs[-1].run if open_run else ""


def cause(number: int, memory: bool) -> tuple[str, str]:
    """The reason of a run whose process a signal has ended, and in words."""
    name = signal.Signals(number).name
    if number == signal.SIGKILL and memory:
        return OUT_OF_MEMORY, f"{name}, when the kernel's memory killer was at work"
    return "killed", name
