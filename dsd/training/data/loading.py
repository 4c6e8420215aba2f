"""The images that a spec names, checked before anything is trained."""

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
    """The images that a spec names, on their way to a device.

    Args:
        progress: is told how far a download of missing files is; None downloads nothing

    Raises:
        DsdError: files are missing or broken, or the spec asks for more than there is
    """
    try:
        return open_streamed(spec, device) if spec.name in STREAMED else load_in_memory(spec, device, progress)
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        size = f"; {asked_gb(error):,.0f} GB were asked for" if asked_gb(error) else ""
        raise DsdError(f"data.name = {spec.name}: there is not the memory for its images{size}") from error


def load_in_memory(spec: DataSpec, device: torch.device, progress: Progress | None) -> InMemory:
    """A set that is held in memory."""
    train, test = load_cifar(spec, progress) if spec.name in ARCHIVES else HELD[spec.name](spec)
    check_counts(spec, len(train), len(test), spec.name)
    train, test = train.first(spec.train_images), test.first(spec.test_images)
    if train.images.shape[-1] != spec.resolution:
        raise DsdError(f"data.resolution = {spec.resolution}: images of {spec.name} are {train.images.shape[-1]} wide")
    highest = int(max(train.labels.max(), test.labels.max()))
    if highest >= spec.classes:
        raise DsdError(f"data.classes = {spec.classes}: {spec.name} has label {highest}")
    return InMemory(spec, train, test, device)


def open_streamed(spec: DataSpec, device: torch.device) -> Images:
    """A set that is read while training goes on.

    Raises:
        DsdError: its images are others than when the spec was settled
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
