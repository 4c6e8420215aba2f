"""Images that are read during training: `folder` and `packed` sets.

Worker processes read, decode and crop. The training process draws the random numbers, so that batches do not depend on
the number of workers. The device mirrors, applies lighting and normalises, and crops packed images.

Shape letters: n images of the batch, s side of packed images, r output side [pixels].
"""

import logging
import math
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dsd.errors import DsdError
from dsd.processes import cores
from dsd.training import augmentation
from dsd.training.data.images import Batch, Images, to_device
from dsd.training.data.spec import DataSpec
from dsd.training.data.streamed import decoding
from dsd.training.data.streamed.listing import Listing
from dsd.training.data.streamed.packed import Packed

# of ImageNet's training images in 0–1, R, G, B, as in the authors' code
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TEST_BATCH = 250
AHEAD = 2  # batches that a worker reads ahead
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """A batch to read: split, positions, and for training the random numbers (n, …) of the crops."""

    split: str
    rows: list[int]
    parts: Tensor | None = None


@dataclass(frozen=True)
class Answer:
    """A batch that a worker has read.

    images: (n, s or r, …, 3) uint8
    boxes: (n, 4) crops left to the device, or None
    kept: (n,) positions of these images in the request
    broken: why each of the other images cannot be decoded
    """

    images: Tensor
    labels: Tensor
    boxes: Tensor | None
    kept: Tensor
    broken: list[str]

    def pin_memory(self) -> "Answer":
        """Return the batch in pinned memory, for asynchronous copies to a GPU."""
        boxes = None if self.boxes is None else self.boxes.pin_memory()
        return Answer(self.images.pin_memory(), self.labels.pin_memory(), boxes, self.kept, self.broken)


class Reader(Dataset[Answer], ABC):
    """Reads batches, in worker processes."""

    sizes: dict[str, int]

    @abstractmethod
    def __getitem__(self, request: Request) -> Answer:
        """Read a batch."""


class FolderReader(Reader):
    """Decodes the files of a folder."""

    def __init__(self, spec: DataSpec, listings: tuple[Listing, Listing]) -> None:
        self.spec = spec
        self.listings = dict(zip(("train", "val"), listings, strict=True))
        limits = {"train": spec.train_images, "val": spec.test_images}
        self.chosen = {name: chosen(len(files), limits[name]) for name, files in self.listings.items()}
        self.sizes = {name: len(rows) for name, rows in self.chosen.items()}

    def __getitem__(self, request: Request) -> Answer:
        """Read a batch of decoded, cropped and resized images."""
        listing, images, labels, kept, broken = self.listings[request.split], [], [], [], []
        for i, row in enumerate(self.chosen[request.split][request.rows].tolist()):
            try:
                images.append(self.image(listing.folder / listing.files[row], request, i))
            except decoding.BrokenImage as error:
                broken.append(str(error))
                continue
            labels.append(listing.labels[row])
            kept.append(i)
        r = self.spec.resolution
        stacked = np.stack(images) if images else np.empty((0, r, r, 3), np.uint8)
        return Answer(torch.from_numpy(stacked), torch.tensor(labels, dtype=torch.int64), None, whole(kept), broken)

    def image(self, path: Path, request: Request, i: int) -> NDArray[np.uint8]:
        """Read one image: a random crop for training, the centre crop for testing."""
        image, r = decoding.decoded(path), self.spec.resolution
        if request.parts is None:
            return decoding.centre(image, self.spec.shorter_side, r)
        box = augmentation.part(image.height, image.width, self.spec.area, request.parts[i].tolist())
        return decoding.part(image, box, r)


class PackedReader(Reader):
    """Copies whole images from a packed set; the device crops them."""

    def __init__(self, spec: DataSpec, packed: Packed) -> None:
        self.spec, self.packed = spec, packed
        limits = {"train": spec.train_images, "val": spec.test_images}
        self.rows = {name: packed.kept(name) for name in limits}
        self.rows = {name: rows[chosen(len(rows), limits[name])] for name, rows in self.rows.items()}
        self.arrays: dict[str, tuple[NDArray[np.uint8], NDArray[np.int32]]] = {}
        self.sizes = {name: len(rows) for name, rows in self.rows.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the arrays: each process maps them itself."""
        return {**vars(self), "arrays": {}}

    def __getitem__(self, request: Request) -> Answer:
        """Read a batch of whole images, with the boxes to crop."""
        if request.split not in self.arrays:
            self.arrays[request.split] = self.packed.arrays(request.split)
        images, labels = self.arrays[request.split]
        rows, size, n = self.rows[request.split][request.rows], self.packed.size, len(request.rows)
        if request.parts is not None:
            numbers = request.parts.tolist()
            boxes = [augmentation.part(size, size, self.spec.area, row) for row in numbers]
        else:  # the centre, on the scale of the packed images
            r = self.spec.resolution
            side = round(size * r / self.spec.shorter_side)
            low = math.ceil((size - side) / 2)
            boxes = [(low, low, low + side, low + side)] * n
        copied = torch.from_numpy(np.stack([images[row] for row in rows]))
        answer = torch.from_numpy(labels[rows].astype(np.int64))
        return Answer(copied, answer, torch.tensor(boxes, dtype=torch.float32), whole(range(n)), [])


def whole(numbers: Sequence[int]) -> Tensor:
    """Return positions as a tensor."""
    return torch.tensor(list(numbers), dtype=torch.int64)


def chosen(n: int, count: int) -> NDArray[np.int64]:
    """Return the positions of a fixed random subset of `count` of n images; all if count is 0."""
    if not count or count == n:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).permutation(n)[:count])


class Requests:
    """A sampler with replaceable requests: the loader and its workers live longer than an epoch."""

    waiting: Iterator[Request] = iter(())

    def __iter__(self) -> Iterator[Request]:
        return self.waiting


def deaf(worker: int) -> None:
    """Make a worker ignore the signals that stop a job; it ends with the training process."""
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


class Streamed(Images):
    """Images from a reader in worker processes."""

    def __init__(self, spec: DataSpec, reader: Reader, device: torch.device) -> None:
        self.spec, self.device = spec, device
        self.train_size, self.test_size = (reader.sizes[name] for name in ("train", "val"))
        self.mean, self.std = (255 * torch.tensor(values, device=device) for values in (MEAN, STD))
        self.reader, self.requests = reader, Requests()
        self.loader: DataLoader[Answer] | None = None

    def started(self) -> DataLoader[Answer]:
        """Return the loader; it and its workers serve all runs until an error."""
        if self.loader is None:
            self.loader = DataLoader(
                self.reader,
                batch_size=None,
                sampler=self.requests,
                num_workers=min(self.spec.workers, cores()),
                persistent_workers=self.spec.workers > 0,
                prefetch_factor=AHEAD if self.spec.workers else None,
                pin_memory=self.device.type == "cuda",
                worker_init_fn=deaf if self.spec.workers else None,
            )
        return self.loader

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
        """Draw crops, mirrors and colours, as far as the spec asks for them."""
        spec = self.spec
        parts = (augmentation.draw_parts(n, rng),) if spec.area else ()
        mirror = (augmentation.draw_flip(n, rng),) if spec.flip else ()
        return (*parts, *mirror, *((augmentation.draw_lighting(n, spec.lighting, rng),) if spec.lighting else ()))

    def training(self, batches: Sequence[Tensor], rng: torch.Generator) -> Iterator[Batch]:
        """Yield the augmented training images at these positions, batch by batch."""
        ahead: list[list[Tensor]] = []

        def requests() -> Iterator[Request]:
            for rows in batches:
                drawn = list(self.draw(len(rows), rng))
                parts = drawn.pop(0) if self.spec.area else None
                ahead.append(drawn)
                yield Request("train", rows.tolist(), parts)

        for answer in self.read(requests()):
            drawn = [values[answer.kept] for values in ahead.pop(0)]
            images = self.on_device(answer)
            if self.spec.flip:
                images = augmentation.flip(images, to_device(drawn.pop(0), self.device))
            if self.spec.lighting:
                images = images.float() + to_device(drawn.pop(0), self.device)[:, :, None, None]
            yield self.normalised(images), answer.labels.to(self.device, non_blocking=True)

    def testing(self) -> Iterator[Batch]:
        """Yield all test images, in order."""
        starts = range(0, self.test_size, TEST_BATCH)
        rows = ([*range(start, min(start + TEST_BATCH, self.test_size))] for start in starts)
        for answer in self.read(Request("val", some) for some in rows):
            yield self.normalised(self.on_device(answer)), answer.labels.to(self.device, non_blocking=True)

    def read(self, requests: Iterator[Request]) -> Iterator[Answer]:
        """Yield the batches that the workers read, in order.

        Raises:
            DsdError: an image cannot be decoded, unless data.skip_broken
        """
        self.requests.waiting = requests
        try:
            for answer in self.started():
                for trouble in answer.broken:
                    if not self.spec.skip_broken:
                        raise DsdError(f"{trouble}: cannot be decoded; data.skip_broken=true leaves such images out")
                    log.warning("%s: cannot be decoded and is left out", trouble)
                self.skipped += len(answer.broken)
                yield answer
        except (ConnectionError, EOFError) as error:  # the worker was killed while it sent a batch; no file is to blame
            self.loader = None
            raise RuntimeError(f"a DataLoader worker ended while it sent a batch: {error}") from error
        except BaseException:  # for example a killed worker: the next run gets new ones
            self.loader = None
            raise

    def on_device(self, answer: Answer) -> Tensor:
        """Copy the images to the device, and crop them if needed: (n, 3, r, r)."""
        images, r = answer.images.to(self.device, non_blocking=True).permute(0, 3, 1, 2), self.spec.resolution
        if answer.boxes is None:
            return images
        left, top, right, _ = answer.boxes[0].tolist()
        if right - left == r and left == top and (answer.boxes == answer.boxes[0]).all():  # test images
            return images[:, :, int(top) : int(top) + r, int(left) : int(left) + r]
        return augmentation.cut(images, answer.boxes.to(self.device, non_blocking=True), r)
