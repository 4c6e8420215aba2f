"""Numbers of images and classes, and the fingerprint, read from the files of a data set."""

from dataclasses import replace
from pathlib import Path

from dsd.errors import DsdError
from dsd.training.data.spec import STREAMED, DataSpec
from dsd.training.data.streamed.listing import Listing, fingerprint, list_images
from dsd.training.data.streamed.packed import Packed, open_packed


def resolve_data(spec: DataSpec) -> DataSpec:
    """Return the spec with classes, available and fingerprint read from its files; unchanged if it is not streamed.

    Raises:
        DsdError: the files are missing or damaged, or do not match the spec
    """
    if spec.name not in STREAMED:
        return spec
    if not spec.folder:
        raise DsdError(f"data.folder is not given: name the folder of the {spec.name} images, data.folder=…")
    if spec.name == "packed":
        return resolve_packed(spec, open_packed(Path(spec.folder)))
    return resolve_folder(spec, list_images(Path(spec.folder)))


def resolve_folder(spec: DataSpec, listings: tuple[Listing, Listing]) -> DataSpec:
    """Resolve a set with one folder of images per class."""
    return checked(spec, len(listings[0]), len(listings[1]), len(listings[0].classes), fingerprint(listings))


def resolve_packed(spec: DataSpec, packed: Packed) -> DataSpec:
    """Resolve a packed set."""
    if not spec.resolution <= packed.size <= 2 * spec.resolution:
        raise DsdError(
            f"data.resolution = {spec.resolution}: the images of {spec.folder} are packed at {packed.size}, which "
            f"serves resolutions from {-(-packed.size // 2)} to {packed.size}; pack them again with another --size"
        )
    train, test = (len(packed.kept(split)) for split in ("train", "val"))
    return checked(spec, train, test, len(packed.classes), packed.fingerprint)


def checked(spec: DataSpec, train: int, test: int, classes: int, print_of_files: str) -> DataSpec:
    """Return the spec with these values of its files, after checking it against them."""
    check_counts(spec, train, test, spec.folder)
    if spec.classes not in (0, classes):
        raise DsdError(f"data.classes = {spec.classes}: {spec.folder} has {classes}; leave it at 0, or give {classes}")
    if spec.fingerprint not in ("", print_of_files):
        raise DsdError(f"data.folder = {spec.folder}: images changed since the sweep was planned; restore them")
    return replace(spec, classes=classes, available=train, fingerprint=print_of_files)


def check_counts(spec: DataSpec, train: int, test: int, source: str) -> None:
    """Reject a spec that asks for more images than its source has."""
    for key, count in (("train_images", train), ("test_images", test)):
        if getattr(spec, key) > count:
            raise DsdError(f"data.{key} = {getattr(spec, key)}: {source} has {count}")
