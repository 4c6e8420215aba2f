"""What goes on in a job: it takes one run after the other that nobody else has or had, and writes events."""

import logging
import os
import socket
import traceback
from dataclasses import asdict, dataclass

import torch

from dsd.sweep.claims import Claims
from dsd.sweep.events import EventReader, EventWriter
from dsd.sweep.folder import Sweep
from dsd.training.data import ImageData, load_data
from dsd.training.loop import Result, train
from dsd.training.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where runs are executed."""

    sweep: Sweep
    data: ImageData
    device: torch.device
    writer: EventWriter


def execute_all(sweep: Sweep, runs: tuple[str, ...], submitted: float) -> int:
    """Execute the runs that have no result, have not failed since `submitted`, and nobody else is at.

    Returns:
        how many of them got a result here; a failing run is an event, not an error
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)  # one process a core: 1.0–1.3 times as fast as one process on all of them
        torch.use_deterministic_algorithms(True)
        # filling every empty tensor with NaN, the default beside it, took 5-15 % of a step (3 networks of 1-2 MF)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    job = f"{socket.gethostname()}-{os.environ.get('SUBMITIT_EXECUTOR', 'debug')}-{os.getpid()}"
    rows = {row["run"]: row for row in sweep.networks.to_dict("records")}
    data = load_data(sweep.data).to(device)
    reader, finished = EventReader(sweep.folder), 0
    with Claims(sweep.folder) as claims, EventWriter(sweep.folder, job) as writer:
        place = Place(sweep, data, device, writer)
        for key in runs:
            if not claims.take(key):
                continue
            record = reader.poll().get(key)
            if not record or not (record.finished or record.failed_since(submitted)):
                writer.write("started", key, job=job, host=socket.gethostname(), device=str(device))
                finished += execute(place, sweep.run(rows[key]))
            claims.release(key)
    return finished


def execute(place: Place, run: Run) -> bool:
    """Train one network and write down what became of it; True where it has a result."""
    checkpoint = place.sweep.checkpoint(run.key)
    write = place.writer.write
    try:
        result = train(
            run,
            place.data,
            place.device,
            checkpoint,
            on_epoch=lambda epoch: write("epoch", run.key, **asdict(epoch)),
        )
    except Exception as error:  # whatever a run does, the next one gets its turn
        log.exception("run %s failed", run.key)
        message, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
        write("failed", run.key, reason=reason(error), message=message, traceback=trace)
        return False
    write("done", run.key, **outcome(result))
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
