"""A step of training, as runs make it and `dsd time --train` times it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
Precision = Callable[[], AbstractContextManager[Any]]  # the context in which a network computes


def for_training(model: Model, device: torch.device | str) -> Model:
    """The model on a device, with the memory format that training is fastest in."""
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def gradients(model: nn.Module, images: Tensor, labels: Tensor, precision: Precision, micro_batch: int = 0) -> Tensor:
    """Add the gradients of the batch's mean cross-entropy to the model's; returns that loss, on the device.

    Args:
        images: (n, 3, r, r)
        labels: (n,)
        micro_batch: images that go through the network at a time; 0 for all
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
    """A batch cut into micro-batches of `size`, the last one perhaps smaller."""
    return [tensor[start : start + size] for start in range(0, len(tensor), size)]
