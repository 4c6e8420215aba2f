"""Images held in the memory of the device, and augmented there in batches.

Shape letters: n images, r side [pixels].
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dsd.training import augmentation
from dsd.training.data.images import Batch, Images, to_device
from dsd.training.data.spec import DataSpec

TEST_BATCH = 500


@dataclass(frozen=True)
class Split:
    """images (n, 3, r, r) uint8, labels (n,) int64.

    There can be fewer images than labels: the images then repeat (`dsd.training.data.in_memory.synthetic`).
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Split":
        """Return the first `count` images; all if count is 0."""
        return Split(self.images[:count], self.labels[:count]) if count else self

    def to(self, device: torch.device) -> "Split":
        """The split in a device's memory."""
        return Split(self.images.to(device), self.labels.to(device))

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels at these positions."""
        rows = to_device(rows, self.labels.device)
        return self.images[rows % len(self.images)], self.labels[rows]


class InMemory(Images):
    """Both splits in a device's memory."""

    def __init__(self, spec: DataSpec, train: Split, test: Split, device: torch.device) -> None:
        self.spec = spec
        self.mean, self.std = (values.to(device) for values in statistics(train.images))
        self.train, self.test = train.to(device), test.to(device)
        self.train_size, self.test_size = len(train), len(test)
        self.fill = self.mean.round() if spec.fill == "mean" else None

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        """Draw offsets, then mirrors, as far as the spec asks for them."""
        offsets = [augmentation.draw_shift(n, self.spec.shift, rng)] if self.spec.shift else []
        return (*offsets, *([augmentation.draw_flip(n, rng)] if self.spec.flip else []))

    def training(self, batches: Sequence[Tensor], rng: torch.Generator) -> Iterator[Batch]:
        """Yield the augmented training images at these positions, batch by batch."""
        for rows in batches:
            drawn = iter([to_device(values, self.mean.device) for values in self.draw(len(rows), rng)])
            images, labels = self.train.at(rows)
            if self.spec.shift:
                images = augmentation.shift(images, self.spec.shift, next(drawn), self.fill)
            if self.spec.flip:
                images = augmentation.flip(images, next(drawn))
            yield self.normalised(images), labels

    def testing(self) -> Iterator[Batch]:
        """Yield all test images, in order."""
        for start in range(0, len(self.test), TEST_BATCH):
            images, labels = self.test.at(torch.arange(start, min(start + TEST_BATCH, len(self.test))))
            yield self.normalised(images), labels


def statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3,) over images (n, 3, r, r) and pixels, from exact sums of integers."""
    counts = torch.stack([torch.bincount(images[:, c].flatten(), minlength=256) for c in range(3)]).double()
    values = torch.arange(256, dtype=torch.float64)
    mean = (counts * values).sum(1) / counts.sum(1)
    variance = (counts * (values - mean[:, None]) ** 2).sum(1) / counts.sum(1)
    return mean.float(), variance.sqrt().float().clamp(min=1e-3)
