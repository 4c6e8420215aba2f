"""One training step, for runs and for `dsd time --train`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
Precision = Callable[[], AbstractContextManager[Any]]  # returns the autocast context of the forward pass


def for_training(model: Model, device: torch.device | str) -> Model:
    """Move a model to a device, in the memory format that trains fastest."""
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def gradients(model: nn.Module, images: Tensor, labels: Tensor, precision: Precision, micro_batch: int = 0) -> Tensor:
    """Add the gradients of a batch's mean cross-entropy to the model's. Return that loss, on the device.

    Args:
        images: (n, 3, r, r)
        labels: (n,)
        micro_batch: images per forward and backward pass; 0: all
    """
    n = len(labels)
    size = micro_batch or n
    total = torch.zeros((), device=labels.device)
    for part, answers in zip(micro_batches(images, size), micro_batches(labels, size), strict=True):
        with precision():
            loss = nn.functional.cross_entropy(model(part), answers)
        share = loss if len(answers) == n else loss * (len(answers) / n)
        share.backward()  # type: ignore[no-untyped-call]
        total = total + share.detach()
    return total


def micro_batches(tensor: Tensor, size: int) -> list[Tensor]:
    """Split a batch into micro-batches of `size`; the last one can be smaller."""
    return [tensor[start : start + size] for start in range(0, len(tensor), size)]
