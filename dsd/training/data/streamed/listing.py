"""Image folders in ImageNet's layout: train/ and val/, each with one folder per class."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dsd.errors import DsdError, known

SPLITS = ("train", "val")
ENDINGS = (".jpg", ".jpeg", ".png")  # in upper or lower case; ImageNet has PNG files named .JPEG


@dataclass(frozen=True)
class Listing:
    """The files of one split.

    folder: folder of the split
    classes: names of the classes, in order; a label is an index into them
    files: paths relative to the folder, in order of class and name
    sizes: size of each file [bytes]
    labels: label of each file
    unused: other files, relative to the folder
    """

    folder: Path
    classes: tuple[str, ...]
    files: tuple[str, ...]
    sizes: tuple[int, ...]
    labels: tuple[int, ...]
    unused: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)


def list_images(folder: Path) -> tuple[Listing, Listing]:
    """List the training and the test images of a folder; other files are ignored.

    Raises:
        DsdError: train/ or val/ is missing, their classes differ, or a class has no image
    """
    where = f"data.folder = {folder}"
    if not folder.is_dir():
        raise DsdError(f"{where}: there is no such folder")
    for split in SPLITS:
        if not (folder / split).is_dir():
            raise DsdError(f"{where}: has no {split}/; give a folder with train/ and val/, with one folder per class")
    train, val = (list_split(folder / split) for split in SPLITS)
    if train.classes != val.classes:
        only = {split: set(a.classes) - set(b.classes) for split, a, b in (("train", train, val), ("val", val, train))}
        differences = "; ".join(f"only in {split}/: {shortened(names)}" for split, names in only.items() if names)
        raise DsdError(f"{where}: train/ and val/ have different classes, {differences}")
    for split, listing in zip(SPLITS, (train, val), strict=True):
        empty = set(range(len(listing.classes))) - set(listing.labels)
        if empty:
            names = shortened({listing.classes[i] for i in empty})
            raise DsdError(f"{where}: {split}/ has classes without an image ({known(ENDINGS)}): {names}")
    if len(train.classes) < 2:
        raise DsdError(f"{where}: train/ has {len(train.classes)} class folders; give two or more")
    return train, val


def shortened(names: set[str], most: int = 3) -> str:
    """Join the first `most` names, and add the number of the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + more


def list_split(folder: Path) -> Listing:
    """List the classes and files of a split, in the order of their names."""
    classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    unused = [entry.name for entry in os.scandir(folder) if not entry.is_dir()]
    files, sizes, labels = [], [], []
    for label, name in enumerate(classes):
        entries = sorted(
            (entry for entry in os.scandir(folder / name) if is_image(entry)), key=lambda entry: entry.name
        )
        files += [f"{name}/{entry.name}" for entry in entries]
        sizes += [entry.stat(follow_symlinks=Path(entry.path).exists()).st_size for entry in entries]
        labels += [label] * len(entries)
        unused += [f"{name}/{entry.name}" for entry in os.scandir(folder / name) if not is_image(entry)]
    return Listing(folder, tuple(classes), tuple(files), tuple(sizes), tuple(labels), tuple(unused))


def is_image(entry: "os.DirEntry[str]") -> bool:
    """Return whether a file counts as an image, by its name; pipes and devices do not, links to nothing do."""
    if not entry.name.lower().endswith(ENDINGS) or entry.name.startswith("."):
        return False
    return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())


def fingerprint(listings: tuple[Listing, Listing]) -> str:
    """Return 16 hexadecimal digits that identify the images, from classes, file names and file sizes."""
    digest = hashlib.sha256()
    for listing in listings:
        files = (f"{name} {size}" for name, size in zip(listing.files, listing.sizes, strict=True))
        digest.update("\n".join((*listing.classes, "", *files, "", "")).encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]
