"""Run a job: train every unclaimed, unfinished run in order and write events."""

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
    """Stop signals and callbacks of the process that executes runs.

    stop_signals: the stop signals received so far; with the first one the process saves a checkpoint and ends
    on_run: called with the key of each run before it is trained; if it raises, the run fails
    on_step, on_epoch: called after each training step, and after each epoch
    """

    stop_signals: list[int] = field(default_factory=list)
    on_run: Callable[[str], None] = lambda run: None
    on_step: Steps = lambda epoch, done, steps: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None


@dataclass(frozen=True)
class JobContext:
    """Everything that the runs of one job share."""

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
    """Execute the runs that are unclaimed, have no result, and have not failed since `submitted`.

    If a run fails, an event records it and the next run starts. If the job itself fails, an event records it and the
    exception is raised.

    Returns:
        number of runs that this call finished
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
    """Configure and return the device of this job."""
    device = device_here()
    if device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(settings.gpu_share)  # a run that needs more fails alone
        return device
    torch.set_num_threads(settings.threads)  # one by default: each core has its own process
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms imports the compiler, 2 s
    # by default this mode fills empty tensors with NaN: 9 % of a step (docs/performance.md)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return device


def work_through(context: JobContext, claims: Claims, runs: tuple[str, ...], submitted: float) -> int:
    """Execute the runs in order; retry runs claimed elsewhere until each has a result or has failed."""
    rows = context.sweep.rows(runs)
    reader, finished, left = EventReader(context.sweep.folder, context.settings.family), 0, list(runs)
    while left:
        elsewhere = []
        for key in left:
            if context.hooks.stop_signals:
                return finished
            if not claims.take(key):
                elsewhere.append(key)
                continue
            record = reader.poll().get(key)
            if not record or not (record.finished or record.failed_since(submitted)):
                given_up = record and record.fruitless(submitted) >= context.settings.max_attempts
                finished += (
                    give_up(context, key, record) if record and given_up else execute(context, rows[key], record)
                )
            claims.release(key)
        left = elsewhere
        if left:
            time.sleep(POLL_S)
    return finished


def give_up(context: JobContext, key: str, record: Record) -> bool:
    """Record that a run failed after `max_attempts` attempts without progress; return False."""
    attempts = context.settings.max_attempts
    ended = record.last if isinstance(record.last, Stopped | Failed) else Stopped(key)
    last = f"; last attempt: {ended.message}" if ended.message else ""
    message = f"given up after {attempts} consecutive attempts without progress{last}"
    context.writer.write(Failed(key, ended.reason or "killed", message), after=record.time)
    return False


def execute(context: JobContext, row: dict[str, Any], before: Record | None = None) -> bool:
    """Train the network of one row of networks.csv and record the outcome; return True if the run has a result."""
    key, write, device = row["run"], context.writer.write, device_name(str(context.device))
    signals = context.hooks.stop_signals
    policy = CheckpointPolicy(context.sweep.checkpoint(key), context.settings.checkpoint_s, lambda: bool(signals))

    def on_epoch(epoch: Epoch) -> None:
        write(EpochEnded(key, epoch=epoch))
        context.hooks.on_epoch(epoch)

    def on_resume(epochs: int, steps: int) -> None:
        write(Resumed(key, epochs=epochs, steps=steps, since=since))

    after = before.time if before else 0.0  # another machine's clock can be ahead
    since = write(Started(key, context.job, socket.gethostname(), device), after)
    try:
        run = context.sweep.run(row)
        context.hooks.on_run(key)
        result = train(run, context.images, context.device, policy, on_epoch, context.hooks.on_step, on_resume)
    except Interrupted as stop:
        why = why_stopped(signals[0], context.settings.limit_from)
        write(Stopped(key, why, signal.Signals(signals[0]).name, stop.epochs, stop.steps))
        return False
    except OSError:  # the folder is not writable: no further result of this job could be saved
        raise
    except Exception as error:  # a failing run must not stop the next one
        if told_soon(signals):  # the error can come from child processes that the same signal ended
            write(Stopped(key, why_stopped(signals[0], context.settings.limit_from), str(error)))
            return False
        message = str(error) if isinstance(error, DsdError) else f"{type(error).__name__}: {error}"
        log.error("run %s failed: %s", key, message)
        write(failure(key, error, message, context.sweep.recipe))
        result = None
    if result is None:
        if context.device.type == "cuda":  # here nothing references the tensors of the run any more
            torch.cuda.synchronize()  # raises if the error broke the CUDA context of this process
            torch.cuda.empty_cache()  # for the other processes on the device
        return False
    write(Done(key, outcome=result.outcome, device=device, synthetic=context.sweep.data.name == SYNTHETIC))
    context.sweep.checkpoint(key).unlink(missing_ok=True)
    return True


def told_soon(signals: list[int]) -> bool:
    """Whether this process has received a stop signal, or receives one within `TOGETHER_S`."""
    deadline = time.monotonic() + TOGETHER_S
    while not signals and time.monotonic() < deadline:
        time.sleep(TOGETHER_S / 10)
    return bool(signals)


def why_stopped(number: int, limit_from: float) -> str:
    """Return the reason of a stop from its signal number."""
    if number != signal.SIGUSR2:
        return "terminated"
    return TIME_LIMIT if time.time() >= limit_from else PREEMPTED


def failure(run: str, error: Exception, message: str, recipe: Recipe) -> Failed:
    """Return the event of a failed run; if out of memory, with the batch size and the requested memory."""
    trace = traceback.format_exc()
    if not lacks_memory(error):
        return Failed(run, "bad input" if isinstance(error, DsdError) else "exception", message, trace)
    batch = recipe.micro_batch or recipe.batch_size
    return Failed(run, OUT_OF_MEMORY, message, trace, asked_gb(error), batch)
