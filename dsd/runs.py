"""Runs: the states that one may be in, and what it reaches. One list of each, from which everything else follows.

From `Epoch` follow the events of epochs and the columns of epochs.csv; from `Outcome` the event of a result, the
columns of table.csv, and what counts as an outcome in an analysis.
"""

from dataclasses import dataclass, fields
from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands; `dsd.sweep.results.status.state_of` decides it."""

    PLANNED = "planned"
    QUEUED = "queued"  # on the list of a job that may still start it
    RUNNING = "running"
    DONE = "done"
    DIVERGED = "diverged"  # its loss is not finite: a result, scored as it is
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its job disappeared without an exit status


RESULTS = (RunState.DONE, RunState.DIVERGED)
PENDING = (RunState.QUEUED, RunState.RUNNING)
WITH_REASON = (RunState.FAILED, RunState.CANCELLED, RunState.LOST)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch reached; NaN for what a journal does not say.

    epoch: number, from 1
    lr: learning rate of its first step
    loss: mean training loss over the epoch
    error, top5_error: top-1 and top-5 error on the test images [%]
    train_s, eval_s: seconds of training and of evaluation
    images_s: training images a second
    peak_gb: the most that tensors took on a GPU in the epoch, or the process on a CPU [1e9 bytes]
    skipped: images that could not be decoded and were left out
    """

    epoch: int
    lr: float
    loss: float
    error: float
    top5_error: float
    train_s: float
    eval_s: float
    images_s: float
    peak_gb: float
    skipped: float = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run reached; None for what nobody knows.

    error, top5_error: of the last epoch [%] ([DDS] §3.1)
    best_error, best_epoch: the least top-1 error of all epochs [%] ([NDS] and the authors' code), and its first epoch
    loss: of the last epoch; None where it is not finite
    epochs: that were trained
    train_s, eval_s: seconds of training and of evaluation
    images_s: training images a second
    peak_gb: the most memory of its epochs [1e9 bytes]
    skipped: images that could not be decoded and were left out
    diverged: whether the loss of the last epoch is not finite
    """

    error: float
    top5_error: float | None = None
    best_error: float | None = None
    best_epoch: int | None = None
    loss: float | None = None
    epochs: int | None = None
    train_s: float | None = None
    eval_s: float | None = None
    images_s: float | None = None
    peak_gb: float | None = None
    skipped: int | None = None
    diverged: bool = False


EPOCH_COLUMNS = tuple(field.name for field in fields(Epoch))
OUTCOME_COLUMNS = tuple(field.name for field in fields(Outcome) if field.name != "diverged")  # `status` says that
WHOLE_COLUMNS = tuple(field.name for field in fields(Outcome) if field.type == int | None)
