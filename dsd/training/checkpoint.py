"""Checkpoints: the state from which a run resumes, written atomically (to another file, then renamed)."""

import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dsd.runs import Epoch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """State after an epoch, or in the middle of one.

    model, optimizer: their state dicts
    epochs: finished epochs
    steps: steps done of the next epoch
    loss: sum over these steps
    train_s: seconds of these steps
    skipped: images left out of these steps
    """

    run: str
    model: dict[str, Any]
    optimizer: dict[str, Any]
    epochs: list[Epoch]
    steps: int = 0
    loss: Tensor | None = None
    train_s: float = 0.0
    skipped: int = 0


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically: `path` holds either the old one or all of the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.part")
    content = {**vars(checkpoint), "epochs": [asdict(epoch) for epoch in checkpoint.epochs]}
    with beside.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path, run: str) -> Checkpoint | None:
    """Load the checkpoint of this run; None if it is missing, unreadable or of another run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        checkpoint = Checkpoint(**{**content, "epochs": [Epoch(**epoch) for epoch in content["epochs"]]})
    except FileNotFoundError:
        return None
    except Exception as error:  # torch raises many types of errors on damaged files
        reason = str(error).split(". ")[0].splitlines()[0]
        log.warning("checkpoint %s cannot be read (%s); the run starts from the beginning", path, reason)
        return None
    return checkpoint if checkpoint.run == run else None
