"""What goes on in a job: it takes one run after the other that nobody else has or had, and writes events."""

import logging
import os
import socket
import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any

import torch

from dsd.sweep.claims import Claims
from dsd.sweep.events import EventReader, EventWriter
from dsd.sweep.folder import Sweep
from dsd.training.data import ImageData, load_data
from dsd.training.loop import Result, train

POLL_S = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where runs are executed."""

    sweep: Sweep
    data: ImageData
    device: torch.device
    writer: EventWriter
    job: str


def execute_all(sweep: Sweep, runs: tuple[str, ...], submitted: float) -> int:
    """Execute the runs that have no result, have not failed since `submitted`, and nobody else is at.

    A failing run is an event, not an error. What breaks the job itself is an event and an error.

    Returns:
        how many of the runs got a result here
    """
    job = f"{socket.gethostname()}-{os.environ.get('SUBMITIT_EXECUTOR', 'debug')}-{os.getpid()}"
    with Claims(sweep.folder) as claims, EventWriter(sweep.folder, job) as writer:
        try:
            place = Place(sweep, *prepared(sweep), writer, job)
            return work_through(place, claims, runs, submitted)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            writer.write("broken", "", job=job, message=message, traceback=traceback.format_exc())
            raise


def prepared(sweep: Sweep) -> tuple[ImageData, torch.device]:
    """The data of the sweep in the memory of the device that this job uses."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)  # there is one process a core: more threads would wait for each other
        torch.use_deterministic_algorithms(True)
        # the default beside it fills every empty tensor with NaN: 9 % of a step (docs/performance.md)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return load_data(sweep.data).to(device), device


def work_through(place: Place, claims: Claims, runs: tuple[str, ...], submitted: float) -> int:
    """Take one run after the other; come back to those that others held, until each has a result or has failed."""
    rows = {row["run"]: row for row in place.sweep.networks.to_dict("records")}
    reader, finished, left = EventReader(place.sweep.folder), 0, list(runs)
    while left:
        elsewhere = []
        for key in left:
            if not claims.take(key):
                elsewhere.append(key)
                continue
            record = reader.poll().get(key)
            if not record or not (record.finished or record.failed_since(submitted)):
                finished += execute(place, rows[key])
            claims.release(key)
        left = elsewhere
        if left:
            time.sleep(POLL_S)
    return finished


def execute(place: Place, row: dict[str, Any]) -> bool:
    """Train the network of one row of networks.csv and write down what became of it; True where it has a result."""
    key, write = row["run"], place.writer.write
    checkpoint = place.sweep.checkpoint(key)
    write("started", key, job=place.job, host=socket.gethostname(), device=str(place.device))
    try:
        result = train(
            place.sweep.run(row),
            place.data,
            place.device,
            checkpoint,
            on_epoch=lambda epoch: write("epoch", key, **asdict(epoch)),
        )
    except OSError:  # no place to write to: nothing that this job could do would be kept
        raise
    except Exception as error:  # whatever a run does, the next one gets its turn
        log.exception("run %s failed", key)
        message, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
        write("failed", key, reason=reason(error), message=message, traceback=trace)
        if place.device.type == "cuda":
            torch.cuda.synchronize()  # raises where the error has spoilt the device for this process
        return False
    write("done", key, **outcome(result))
    checkpoint.unlink(missing_ok=True)
    return True


def reason(error: Exception) -> str:
    """The kind of failure."""
    return "out of memory" if isinstance(error, torch.OutOfMemoryError | MemoryError) else "exception"


def outcome(result: Result) -> dict[str, float]:
    """What the event of a result says."""
    return {
        "error": result.error,
        "best_error": result.best_error,
        "loss": result.epochs[-1].loss,
        "epochs": len(result.epochs),
        "diverged": result.diverged,
        "train_s": round(sum(epoch.train_s for epoch in result.epochs), 3),
        "eval_s": round(sum(epoch.eval_s for epoch in result.epochs), 3),
    }
