"""Loading of the images of a data spec, with checks before training."""

from collections.abc import Callable
from pathlib import Path

import torch

from dsd.errors import DsdError
from dsd.models.memory import asked_gb, lacks_memory
from dsd.training.data.images import Images
from dsd.training.data.in_memory.cifar import ARCHIVES, Progress, load_cifar
from dsd.training.data.in_memory.digits import load_digits
from dsd.training.data.in_memory.memory import InMemory, Split
from dsd.training.data.in_memory.synthetic import make_synthetic
from dsd.training.data.resolve import check_counts, resolve_folder, resolve_packed
from dsd.training.data.spec import STREAMED, DataSpec

HELD: dict[str, Callable[[DataSpec], tuple[Split, Split]]] = {"digits": load_digits, "synthetic": make_synthetic}
CPU = torch.device("cpu")


def load_data(spec: DataSpec, device: torch.device = CPU, progress: Progress | None = None) -> Images:
    """Load the images of a spec for a device.

    Args:
        progress: shows the download of missing files; None downloads nothing

    Raises:
        DsdError: files are missing or broken, do not match the spec, or do not fit in memory
    """
    try:
        return open_streamed(spec, device) if spec.name in STREAMED else load_in_memory(spec, device, progress)
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        size = f"; {asked_gb(error):,.0f} GB requested" if asked_gb(error) else ""
        raise DsdError(f"data.name = {spec.name}: not enough memory for its images{size}") from error


def load_in_memory(spec: DataSpec, device: torch.device, progress: Progress | None) -> InMemory:
    """Load a set that is held in memory."""
    train, test = load_cifar(spec, progress) if spec.name in ARCHIVES else HELD[spec.name](spec)
    check_counts(spec, len(train), len(test), spec.name)
    train, test = train.first(spec.train_images), test.first(spec.test_images)
    if train.images.shape[-1] != spec.resolution:
        raise DsdError(f"data.resolution = {spec.resolution}: images of {spec.name} have side {train.images.shape[-1]}")
    highest = int(max(train.labels.max(), test.labels.max()))
    if highest >= spec.classes:
        raise DsdError(f"data.classes = {spec.classes}: {spec.name} has labels up to {highest}")
    return InMemory(spec, train, test, device)


def open_streamed(spec: DataSpec, device: torch.device) -> Images:
    """Open a set that is read during training.

    Raises:
        DsdError: its images differ from those that the spec was resolved with
    """
    from dsd.training.data.streamed.listing import list_images
    from dsd.training.data.streamed.packed import open_packed
    from dsd.training.data.streamed.readers import FolderReader, PackedReader, Streamed

    folder = Path(spec.folder)
    if spec.name == "packed":
        packed = open_packed(folder)
        spec = resolve_packed(spec, packed)
        return Streamed(spec, PackedReader(spec, packed), device)
    listings = list_images(folder)
    spec = resolve_folder(spec, listings)
    return Streamed(spec, FolderReader(spec, listings), device)
