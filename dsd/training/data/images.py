"""What training asks of a data set, wherever its images are.

Shape letters: n images of the batch, r side [pixels].
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]  # images (n, 3, r, r) float32, normalised, channels last; labels (n,) int64


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """A few numbers on the device, without waiting for it."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values


class Images(ABC):
    """A training and a test split on the way to a device.

    The randomness of a batch is drawn apart from its use (`draw`): a run that goes on in the middle of an epoch passes
    over batches without reading an image.

    train_size, test_size: numbers of images
    mean, std: (3,) of the training images, in 0–255
    skipped: images that could not be decoded and were left out, since it was last set

    A batch is smaller than asked for, and may be empty, where images are left out.
    """

    train_size: int
    test_size: int
    mean: Tensor
    std: Tensor
    skipped: int = 0

    @abstractmethod
    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        """The random numbers that vary a training batch of n images."""

    @abstractmethod
    def training(self, batches: Sequence[Tensor], rng: torch.Generator) -> Iterator[Batch]:
        """The varied training images at these positions, a batch at a time."""

    @abstractmethod
    def testing(self) -> Iterator[Batch]:
        """All test images, in order."""

    def skip(self, batches: Sequence[Tensor], rng: torch.Generator) -> None:
        """Draw what `training` would for these batches."""
        for rows in batches:
            self.draw(len(rows), rng)

    def normalised(self, images: Tensor) -> Tensor:
        """Images (n, 3, r, r) of 0–255 to float32 of mean 0 and deviation 1 over the training images."""
        shape = (1, 3, 1, 1)
        mean, std = (values.to(images.device).view(shape) for values in (self.mean, self.std))
        return ((images.float() - mean) / std).contiguous(memory_format=torch.channels_last)
