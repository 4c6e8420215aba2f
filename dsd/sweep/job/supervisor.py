"""The process that a cluster starts for a job: it starts workers, and replaces those that a run has killed.

It does not import torch. A run that uses all memory, or a segmentation fault, ends a worker but not the job. The
supervisor forwards the signals of the cluster to the workers, which then save checkpoints and end.
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
GRACE_S = 60.0  # time between a stop signal to the workers and SIGKILL
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerPool:
    """The workers of a job. submitit pickles it and calls it in the job.

    folder: of the sweep
    runs: keys, in the order of execution
    submitted: submission time [s since 1970]
    gpus: devices as CUDA_VISIBLE_DEVICES names them, assigned to workers in turn; empty: environment unchanged
    width: number of concurrent workers
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float
    gpus: tuple[str, ...] = ()
    width: int = 1
    settings: WorkerSettings = WorkerSettings()  # noqa: RUF009  immutable

    def __call__(self) -> bool:
        """Execute the runs until none is left or a stop signal arrives; return whether none arrived."""
        stop = StopSignal()
        stop.listen()
        Supervisor(self, stop, f"local-{os.getppid()}", dict.fromkeys(TOLD, GRACE_S)).work()
        return not stop()


@dataclass
class WorkerProcess:
    """A running worker.

    slot: its index among the concurrent workers
    job: name of its event file
    runs: keys of the runs to execute
    kills: count of the kernel's OOM kills before it started
    """

    slot: int
    job: str
    runs: tuple[str, ...]
    process: subprocess.Popen[str]
    kills: int


class Supervisor:
    """Starts the workers of a pool and monitors them.

    stop: receives the stop signals of this process
    family: name prefix of its workers' event files; a requeued job has the same prefix
    grace_s: for each signal, the time that workers have to end [s]
    limit_from: see `WorkerSettings`
    alone: whether no other job has these runs, so that workers read only the events of this job
    """

    def __init__(
        self,
        pool: WorkerPool,
        stop: StopSignal,
        family: str,
        grace_s: Mapping[int, float],
        limit_from: float = math.inf,
        alone: bool = False,
    ) -> None:
        self.pool, self.stop, self.family, self.grace_s, self.limit_from = pool, stop, family, grace_s, limit_from
        self._asked = f"{family}-" if alone else ""
        self._started = 0

    def work(self) -> bool:
        """Execute the runs until none is left or a stop signal arrives; return whether any run was started."""
        workers = [self.start(slot, self.pool.runs) for slot in range(min(self.pool.width, len(self.pool.runs)))]
        passed_on, begun, deadline = 0, False, math.inf
        while workers:
            for number in self.stop.signals[passed_on:]:
                deadline = min(deadline, time.monotonic() + self.grace_s[number])
                for worker in workers:
                    worker.process.send_signal(number)
            passed_on = len(self.stop.signals)
            if time.monotonic() > deadline:  # the job still needs time to requeue itself
                for worker in workers:
                    worker.process.kill()
            for worker in [worker for worker in workers if worker.process.poll() is not None]:
                workers.remove(worker)
                events = events_of(Path(self.pool.folder), worker.job)
                begun = begun or any(isinstance(event, Started) for event in events)
                runs = self.left(worker, events)
                if runs and not self.stop():
                    workers.append(self.start(worker.slot, runs))
            time.sleep(POLL_S)
        return begun

    def start(self, slot: int, runs: tuple[str, ...]) -> WorkerProcess:
        """Start a worker process."""
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
        except BrokenPipeError:  # it has already ended; its exit code has the reason
            pass
        return WorkerProcess(slot, job, runs, process, kills)

    def is_told_soon(self) -> bool:
        """Whether this process also receives a stop signal: a cluster signals the processes of a job one by one."""
        deadline = time.monotonic() + TOGETHER_S
        while not self.stop() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.stop()

    def left(self, worker: WorkerProcess, events: list[Event]) -> tuple[str, ...]:
        """Return the runs that an ended worker leaves to its successor; record which run killed the worker."""
        code = worker.process.returncode
        if code == 0:
            return ()
        if code in (STOPPED, *(-number for number in TOLD)):  # a signal can arrive before a worker handles it
            return () if self.is_told_soon() else worker.runs
        run = interrupted(events)
        with EventWriter(Path(self.pool.folder), worker.job) as writer:
            if code < 0:
                reason, message = cause(-code, memory_kills() > worker.kills)
                if run:
                    writer.write(Stopped(run, reason, message))
                elif not any(event.run for event in events):  # a new worker would end the same way
                    writer.write(Broken(job=worker.job, message=f"its worker was killed: {message}"))
                    return ()
            elif not any(isinstance(event, Broken) for event in events):
                writer.write(Broken(job=worker.job, message=f"its worker exited with code {code}"))
        if code > 0 and not spoilt_its_device(events):
            return ()
        log.warning("the worker of run %s exited with code %s; starting a new worker", run, code)
        return (*(other for other in worker.runs if other != run), run) if run else worker.runs


def spoilt_its_device(events: list[Event]) -> bool:
    """Whether a worker ended right after a run failed: its CUDA context can be broken, so a new worker can continue."""
    of_runs = [event for event in events if event.run]
    return bool(of_runs) and isinstance(of_runs[-1], Failed)


def interrupted(events: list[Event]) -> str:
    """Return the run that a worker was executing when it ended, or ""."""
    of_runs = [event for event in events if event.run]
    open_run = bool(of_runs) and isinstance(of_runs[-1], Started | Resumed | EpochEnded)
    return of_runs[-1].run if open_run else ""


def cause(number: int, memory: bool) -> tuple[str, str]:
    """Return the reason and the message for a process that a signal ended.

    memory: whether the kernel killed processes for lack of memory since the worker started
    """
    name = signal.Signals(number).name
    if number == signal.SIGKILL and memory:
        return OUT_OF_MEMORY, f"{name}, while the kernel's OOM killer was active"
    return "killed", name
