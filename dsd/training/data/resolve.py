"""What only the files of a data set say: how many images and classes it has, and which images they are."""

from dataclasses import replace
from pathlib import Path

from dsd.errors import DsdError
from dsd.training.data.spec import STREAMED, DataSpec
from dsd.training.data.streamed.listing import Listing, fingerprint, list_images
from dsd.training.data.streamed.packed import Packed, open_packed


def resolve_data(spec: DataSpec) -> DataSpec:
    """The spec with classes, available and fingerprint as its files have them; others than those streamed as they are.

    Raises:
        DsdError: the files are not as they should be, or the spec asks for what they have not
    """
    if spec.name not in STREAMED:
        return spec
    if not spec.folder:
        raise DsdError(f"data.folder is not given: name the folder of the {spec.name} images, data.folder=…")
    if spec.name == "packed":
        return resolve_packed(spec, open_packed(Path(spec.folder)))
    return resolve_folder(spec, list_images(Path(spec.folder)))


def resolve_folder(spec: DataSpec, listings: tuple[Listing, Listing]) -> DataSpec:
    """For images in a folder a class."""
    return checked(spec, len(listings[0]), len(listings[1]), len(listings[0].classes), fingerprint(listings))


def resolve_packed(spec: DataSpec, packed: Packed) -> DataSpec:
    """For packed images."""
    if not spec.resolution <= packed.size <= 2 * spec.resolution:
        raise DsdError(
            f"data.resolution = {spec.resolution}: the images of {spec.folder} are packed at {packed.size}, which "
            f"serves resolutions from {-(-packed.size // 2)} to {packed.size}; pack them again with another --size"
        )
    train, test = (len(packed.kept(split)) for split in ("train", "val"))
    return checked(spec, train, test, len(packed.classes), packed.fingerprint)


def checked(spec: DataSpec, train: int, test: int, classes: int, print_of_files: str) -> DataSpec:
    """The spec with what was found, if it asks for no more than that."""
    check_counts(spec, train, test, spec.folder)
    if spec.classes not in (0, classes):
        raise DsdError(f"data.classes = {spec.classes}: {spec.folder} has {classes}; leave it at 0, or give that")
    if spec.fingerprint not in ("", print_of_files):
        raise DsdError(f"data.folder = {spec.folder}: holds other images than when the sweep was planned")
    return replace(spec, classes=classes, available=train, fingerprint=print_of_files)


def check_counts(spec: DataSpec, train: int, test: int, place: str) -> None:
    """Refuse a spec that asks for more images than there are."""
    for key, count in (("train_images", train), ("test_images", test)):
        if getattr(spec, key) > count:
            raise DsdError(f"data.{key} = {getattr(spec, key)}: {place} has {count}")
