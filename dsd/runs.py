"""States and outcomes of a run, each declared once.

`Epoch` defines the epoch events and the columns of epochs.csv. `Outcome` defines the result event, the columns of
table.csv, and the outcomes in an analysis.
"""

from dataclasses import dataclass, fields
from enum import StrEnum


class RunState(StrEnum):
    """State of a run; `dsd.sweep.results.status.state_of` determines it."""

    PLANNED = "planned"
    QUEUED = "queued"  # on the list of a job that can still start it
    RUNNING = "running"
    DONE = "done"
    DIVERGED = "diverged"  # its loss is not finite: a result, scored with its last error
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its job disappeared without an exit status


RESULTS = (RunState.DONE, RunState.DIVERGED)
PENDING = (RunState.QUEUED, RunState.RUNNING)
WITH_REASON = (RunState.FAILED, RunState.CANCELLED, RunState.LOST)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Results of one epoch; NaN for values that the journal lacks.

    epoch: number, from 1
    lr: learning rate of its first step
    loss: mean training loss over the epoch
    error, top5_error: top-1 and top-5 error on the test images [%]
    train_s, eval_s: training and evaluation time [s]
    images_s: training images per second
    peak_gb: peak memory of the epoch: of tensors on a GPU, of the process on a CPU [1e9 bytes]
    skipped: images skipped because they could not be decoded
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
    """Results of a run; None for unknown values.

    error, top5_error: of the last epoch [%] ([DDS] §3.1)
    best_error, best_epoch: lowest top-1 error of all epochs [%] ([NDS] and the authors' code), and its first epoch
    loss: of the last epoch; None where it is not finite
    epochs: number of trained epochs
    train_s, eval_s: training and evaluation time [s]
    images_s: training images per second
    peak_gb: highest peak memory of its epochs [1e9 bytes]
    skipped: images skipped because they could not be decoded
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
OUTCOME_COLUMNS = tuple(field.name for field in fields(Outcome) if field.name != "diverged")  # in `status`
WHOLE_COLUMNS = tuple(field.name for field in fields(Outcome) if field.type == int | None)
