"""The interface between training and a data set.

Shape letters: n images of the batch, r side [pixels].
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]  # images (n, 3, r, r) float32, normalised, channels last; labels (n,) int64


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Copy a small tensor to the device, without waiting for it."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values


class Images(ABC):
    """A training and a test split, given to a device in batches.

    `draw` draws the random numbers of a batch without reading its images, so that a run can resume in the middle of an
    epoch.

    train_size, test_size: numbers of images
    mean, std: (3,) of the training images, in 0–255
    skipped: images left out because they cannot be decoded, since it was last set

    A batch with images left out is smaller, and can be empty.
    """

    train_size: int
    test_size: int
    mean: Tensor
    std: Tensor
    skipped: int = 0

    @abstractmethod
    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        """Draw the random numbers that augment a training batch of n images."""

    @abstractmethod
    def training(self, batches: Sequence[Tensor], rng: torch.Generator) -> Iterator[Batch]:
        """Yield the augmented training images at these positions, batch by batch."""

    @abstractmethod
    def testing(self) -> Iterator[Batch]:
        """Yield all test images, in order."""

    def skip(self, batches: Sequence[Tensor], rng: torch.Generator) -> None:
        """Draw the random numbers of these batches, as `training` would."""
        for rows in batches:
            self.draw(len(rows), rng)

    def normalised(self, images: Tensor) -> Tensor:
        """Normalise images (n, 3, r, r) in 0–255 with the mean and deviation of the training images: float32."""
        shape = (1, 3, 1, 1)
        mean, std = (values.to(images.device).view(shape) for values in (self.mean, self.std))
        return ((images.float() - mean) / std).contiguous(memory_format=torch.channels_last)
