"""What goes on in a job: it takes one run after the other that nobody else has or had, and writes events."""

import logging
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from dsd.errors import DsdError
from dsd.models.device import device_name
from dsd.models.memory import asked_gb, lacks_memory
from dsd.runs import Epoch
from dsd.sweep.folder.claims import Claims
from dsd.sweep.folder.events import (
    Broken,
    Done,
    EpochEnded,
    EventReader,
    EventWriter,
    Failed,
    Record,
    Resumed,
    Started,
    Stopped,
)
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import OUT_OF_MEMORY, PREEMPTED, TIME_LIMIT
from dsd.sweep.job.settings import TOGETHER_S, WorkerSettings
from dsd.training.data.images import Images
from dsd.training.data.loading import load_data
from dsd.training.data.spec import SYNTHETIC
from dsd.training.device import check_precision, device_here
from dsd.training.loop import CheckpointPolicy, Interrupted, Steps, train
from dsd.training.recipe import Recipe

POLL_S = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hooks:
    """How the process that executes runs hears of its end, and what else is called as it goes on.

    told: the signals that told this process to end; as soon as there is one, it does
    on_run: called with the key of each run before it is trained; an exception is one of the run
    on_step, on_epoch: called after each step of training, and after each epoch
    """

    told: list[int] = field(default_factory=list)
    on_run: Callable[[str], None] = lambda run: None
    on_step: Steps = lambda epoch, done, steps: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None


@dataclass(frozen=True)
class JobContext:
    """Where runs are executed."""

    sweep: Sweep
    images: Images
    device: torch.device
    settings: WorkerSettings
    hooks: Hooks
    writer: EventWriter
    job: str


def execute_all(
    sweep: Sweep,
    runs: tuple[str, ...],
    submitted: float,
    settings: WorkerSettings = WorkerSettings(),  # noqa: B008  immutable
    hooks: Hooks | None = None,
) -> int:
    """Execute the runs that have no result, have not failed since `submitted`, and nobody else is at.

    A failing run is an event, not an error. What breaks the job itself is an event and an error.

    Returns:
        how many of the runs got a result here
    """
    hooks = hooks or Hooks()
    job = settings.job or f"debug-{socket.gethostname()}-{os.getpid()}"
    with Claims(sweep.folder) as claims, EventWriter(sweep.folder, job) as writer:
        try:
            device = prepared(settings)
            check_precision(sweep.recipe, device)
            images = load_data(sweep.data, device)
            return work_through(
                JobContext(sweep, images, device, settings, hooks, writer, job), claims, runs, submitted
            )
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            writer.write(Broken(job=job, message=message, traceback=traceback.format_exc()))
            raise


def prepared(settings: WorkerSettings) -> torch.device:
    """The device that this job uses, set up."""
    device = device_here()
    if device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(settings.gpu_share)  # a run that wants more fails alone
        return device
    torch.set_num_threads(settings.threads)  # one by default: there is one process a core
    torch.set_deterministic_debug_mode("error")  # not use_deterministic_algorithms: that imports the compiler, 2 s
    # the default beside it fills every empty tensor with NaN: 9 % of a step (docs/performance.md)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return device


def work_through(place: JobContext, claims: Claims, runs: tuple[str, ...], submitted: float) -> int:
    """Take one run after the other; come back to those that others held, until each has a result or has failed."""
    rows = place.sweep.rows(runs)
    reader, finished, left = EventReader(place.sweep.folder, place.settings.family), 0, list(runs)
    while left:
        elsewhere = []
        for key in left:
            if place.hooks.told:
                return finished
            if not claims.take(key):
                elsewhere.append(key)
                continue
            record = reader.poll().get(key)
            if not record or not (record.finished or record.failed_since(submitted)):
                given_up = record and record.fruitless(submitted) >= place.settings.max_attempts
                finished += give_up(place, key, record) if record and given_up else execute(place, rows[key], record)
            claims.release(key)
        left = elsewhere
        if left:
            time.sleep(POLL_S)
    return finished


def give_up(place: JobContext, key: str, record: Record) -> bool:
    """Write down that a run has failed that was started again and again and came no further; always False."""
    attempts = place.settings.max_attempts
    ended = record.last if isinstance(record.last, Stopped | Failed) else Stopped(key)
    last = f"; the last one: {ended.message}" if ended.message else ""
    message = f"given up after {attempts} attempts in a row that came no further{last}"
    place.writer.write(Failed(key, ended.reason or "killed", message), after=record.time)
    return False


def execute(place: JobContext, row: dict[str, Any], before: Record | None = None) -> bool:
    """Train the network of one row of networks.csv and write down what became of it; True where it has a result."""
    key, write, device = row["run"], place.writer.write, device_name(str(place.device))
    told = place.hooks.told
    keeping = CheckpointPolicy(place.sweep.checkpoint(key), place.settings.checkpoint_s, lambda: bool(told))

    def on_epoch(epoch: Epoch) -> None:
        write(EpochEnded(key, epoch=epoch))
        place.hooks.on_epoch(epoch)

    def on_resume(epochs: int, steps: int) -> None:
        write(Resumed(key, epochs=epochs, steps=steps, since=since))

    after = before.time if before else 0.0  # another machine's clock may be ahead
    since = write(Started(key, place.job, socket.gethostname(), device), after)
    try:
        run = place.sweep.run(row)
        place.hooks.on_run(key)
        result = train(run, place.images, place.device, keeping, on_epoch, place.hooks.on_step, on_resume)
    except Interrupted as stop:
        why = why_stopped(told[0], place.settings.limit_from)
        write(Stopped(key, why, signal.Signals(told[0]).name, stop.epochs, stop.steps))
        return False
    except OSError:  # no place to write to: nothing that this job could do would be kept
        raise
    except Exception as error:  # whatever a run does, the next one gets its turn
        if told_soon(told):  # what it leans on was told to end, too
            write(Stopped(key, why_stopped(told[0], place.settings.limit_from), str(error)))
            return False
        message = str(error) if isinstance(error, DsdError) else f"{type(error).__name__}: {error}"
        log.error("run %s failed: %s", key, message)
        write(failure(key, error, message, place.sweep.recipe))
        result = None
    if result is None:
        if place.device.type == "cuda":  # here nothing holds the run's tensors any more
            torch.cuda.synchronize()  # raises where the error has spoilt the device for this process
            torch.cuda.empty_cache()  # for those who share the device
        return False
    write(Done(key, outcome=result.outcome, device=device, synthetic=place.sweep.data.name == SYNTHETIC))
    place.sweep.checkpoint(key).unlink(missing_ok=True)
    return True


def told_soon(told: list[int]) -> bool:
    """Whether this process is told to end, now or within `TOGETHER_S`."""
    deadline = time.monotonic() + TOGETHER_S
    while not told and time.monotonic() < deadline:
        time.sleep(TOGETHER_S / 10)
    return bool(told)


def why_stopped(number: int, limit_from: float) -> str:
    """The reason of a stop, from the signal that told it."""
    if number != signal.SIGUSR2:
        return "terminated"
    return TIME_LIMIT if time.time() >= limit_from else PREEMPTED


def failure(run: str, error: Exception, message: str, recipe: Recipe) -> Failed:
    """The event of a run that failed; for lack of memory with the batch and the size that was asked for."""
    trace = traceback.format_exc()
    if not lacks_memory(error):
        return Failed(run, "bad input" if isinstance(error, DsdError) else "exception", message, trace)
    batch = recipe.micro_batch or recipe.batch_size
    return Failed(run, OUT_OF_MEMORY, message, trace, asked_gb(error), batch)
