"""Images and labels that fit in memory.

Shape letters: n images, r side [pixels].
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dsd.errors import DsdError
from dsd.training.run import DataSpec

CIFAR_RECORD = 1 + 3 * 32 * 32  # label, then red, green and blue planes
CIFAR_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
CIFAR_TEST = ("test_batch.bin",)


@dataclass(frozen=True)
class Split:
    """images (n, 3, r, r) uint8, labels (n,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Split":
        """The first `count` images; all where count is 0."""
        return Split(self.images[:count], self.labels[:count]) if count else self

    def to(self, device: torch.device) -> "Split":
        """The split in a device's memory."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class ImageData:
    """A training and a test split, with mean and standard deviation (3,) of the training images in 0–255."""

    train: Split
    test: Split
    mean: Tensor
    std: Tensor

    def to(self, device: torch.device) -> "ImageData":
        """The data in a device's memory."""
        return ImageData(self.train.to(device), self.test.to(device), self.mean.to(device), self.std.to(device))


def digits(spec: DataSpec) -> tuple[Split, Split]:
    """scikit-learn's 1,797 handwritten digits of 8×8 pixels, grey repeated to RGB; 1,297 to train, 500 to test.

    The order is a fixed permutation: the original one groups digits by writer.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    images = torch.from_numpy((bunch.images[order] * (255 / 16)).round().astype(np.uint8))
    labels = torch.from_numpy(bunch.target[order].astype(np.int64))
    split = Split(images[:, None].repeat(1, 3, 1, 1), labels)
    return Split(split.images[500:], split.labels[500:]), split.first(500)


def cifar10(spec: DataSpec) -> tuple[Split, Split]:
    """CIFAR-10 from its official binary files, in the order of the files."""
    folder = Path(spec.folder)
    missing = [name for name in (*CIFAR_TRAIN, *CIFAR_TEST) if not (folder / name).is_file()]
    if missing:
        raise DsdError(
            f"data.folder = {spec.folder or '(not given)'}: {missing[0]} is not there; get cifar-10-binary.tar.gz "
            "from the data set's page (Krizhevsky, Toronto), unpack it and give data.folder=…/cifar-10-batches-bin"
        )
    return tuple(read_cifar(folder, names) for names in (CIFAR_TRAIN, CIFAR_TEST))  # type: ignore[return-value]


def read_cifar(folder: Path, names: tuple[str, ...]) -> Split:
    """The records of binary files, one after the other."""
    parts = []
    for name in names:
        raw = np.fromfile(folder / name, np.uint8)
        if len(raw) % CIFAR_RECORD or not len(raw):
            raise DsdError(f"{folder / name}: {len(raw)} bytes are not whole records of {CIFAR_RECORD}; get it again")
        records = raw.reshape(-1, CIFAR_RECORD)
        if records[:, 0].max() > 9:
            raise DsdError(f"{folder / name}: holds label {records[:, 0].max()}, allowed are 0 to 9; is it CIFAR-10?")
        parts.append(records)
    records = np.concatenate(parts)
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy())
    return Split(images, torch.from_numpy(records[:, 0].astype(np.int64)))


DATASETS: dict[str, Callable[[DataSpec], tuple[Split, Split]]] = {"digits": digits, "cifar10": cifar10}


def load_data(spec: DataSpec) -> ImageData:
    """The images that a spec names.

    Raises:
        DsdError: its files are missing or broken, or the spec asks for more than there is
    """
    train, test = DATASETS[spec.name](spec)
    for key, split in (("train_images", train), ("test_images", test)):
        if getattr(spec, key) > len(split):
            raise DsdError(f"data.{key} = {getattr(spec, key)}: {spec.name} has {len(split)}")
    train, test = train.first(spec.train_images), test.first(spec.test_images)
    if train.images.shape[-1] != spec.resolution:
        raise DsdError(f"data.resolution = {spec.resolution}: images of {spec.name} are {train.images.shape[-1]} wide")
    if int(max(train.labels.max(), test.labels.max())) >= spec.classes:
        raise DsdError(f"data.classes = {spec.classes}: {spec.name} has label {int(train.labels.max())}")
    mean, std = train_statistics(train)
    return ImageData(train, test, mean, std)


def train_statistics(split: Split) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3,) over images and pixels, from exact sums of integers."""
    counts = torch.stack([torch.bincount(split.images[:, c].flatten(), minlength=256) for c in range(3)]).double()
    values = torch.arange(256, dtype=torch.float64)
    mean = (counts * values).sum(1) / counts.sum(1)
    variance = (counts * (values - mean[:, None]) ** 2).sum(1) / counts.sum(1)
    return mean.float(), variance.sqrt().float().clamp(min=1e-3)
