"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) from their official binary files, downloaded where they are missing."""

import shutil
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dsd.errors import DsdError
from dsd.io.files import write_whole
from dsd.training.data.in_memory.memory import Split
from dsd.training.data.spec import DataSpec

PIXELS = 3 * 32 * 32  # red, green and blue planes, row by row
Advance = Callable[[int, str], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]  # a title and a total to what tells how far it is


@dataclass(frozen=True)
class Archive:
    """A data set as its authors give it.

    url, md5: of the archive, as on the authors' page
    train, test: its files
    images: in each training file, and in each test file
    labels: bytes before each image; the last of them is the label
    classes: how many
    """

    url: str
    md5: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    images: tuple[int, int]
    labels: int
    classes: int

    @property
    def record(self) -> int:
        """Bytes of a label and an image."""
        return self.labels + PIXELS


REASONS = {"ConnectionError": "no connection", "MissingSchema": "not an address", "InvalidSchema": "not an address"}
PAGE = "https://www.cs.toronto.edu/~kriz"
ARCHIVES = {
    "cifar10": Archive(
        url=f"{PAGE}/cifar-10-binary.tar.gz",
        md5="c32a1d4ab5d03f1284b67883e8d87530",
        train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        test=("test_batch.bin",),
        images=(10_000, 10_000),
        labels=1,
        classes=10,
    ),
    "cifar100": Archive(
        url=f"{PAGE}/cifar-100-binary.tar.gz",
        md5="03b5dce01913d631647c71ecec9e9cb8",
        train=("train.bin",),
        test=("test.bin",),
        images=(50_000, 10_000),
        labels=2,  # coarse, then fine
        classes=100,
    ),
}


def load_cifar(spec: DataSpec, progress: Progress | None = None) -> tuple[Split, Split]:
    """The images in the order of the files.

    Args:
        progress: is told how far the download of missing files is; None downloads nothing

    Raises:
        DsdError: files are missing and cannot be had, or are not what they should be
    """
    archive, folder = ARCHIVES[spec.name], Path(spec.folder)
    if not spec.folder:
        raise DsdError(f"data.folder is not given: say where the files of {spec.name} are, or shall be put")
    names = (*archive.train, *archive.test)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        place = f"data.folder = {folder}: {missing[0]} is not there"
        by_hand = f"get {Path(archive.url).name} from {PAGE}/cifar.html, unpack it, and name its folder in data.folder"
        if not progress:
            raise DsdError(f"{place}; {by_hand}")
        others = [path for path in folder.glob("[!.]*") if path.name not in names]
        if others:  # a slip of the pen, rather than a place for a download
            raise DsdError(f"{place}, but {others[0].name} is; {by_hand}, or name a new folder for a download")
        try:
            download(archive, folder, spec.url or archive.url, progress)
        except DsdError as error:
            raise DsdError(f"{place}, and {error}; {by_hand}") from error
    train, test = archive.images
    return read(archive, folder, archive.train, train), read(archive, folder, archive.test, test)


def download(archive: Archive, folder: Path, url: str, progress: Progress) -> None:
    """Get an archive, check it, and put its files into the folder, each whole or not at all.

    Raises:
        DsdError: it cannot be had, or is not the authors'
    """
    import pooch
    from requests.exceptions import HTTPError, RequestException

    name, inside = Path(archive.url).name, folder / ".download"  # what a kill leaves there is in nobody's way
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    pooch.get_logger().setLevel("WARNING")  # it would say what the bar says
    inside.mkdir(parents=True, exist_ok=True)
    try:
        with progress(f"download {name}", 100) as advance:
            loader = pooch.HTTPDownloader(progressbar=Bar(advance), timeout=30)
            path = Path(pooch.retrieve(url, f"md5:{archive.md5}", name, inside, downloader=loader))
        unpack(path, folder, (*archive.train, *archive.test))
    except RequestException as error:
        reason = REASONS.get(type(error).__name__, str(error) if isinstance(error, HTTPError) else "no answer")
        raise DsdError(f"{url} cannot be had ({reason})") from error
    except ValueError as error:  # of pooch, where the checksum differs
        raise DsdError(f"what {url} gives is not the authors' archive: its MD5 is not {archive.md5}") from error
    finally:
        shutil.rmtree(inside, ignore_errors=True)
        for path in fresh:
            if not any(path.iterdir()):
                path.rmdir()


class Bar:
    """What pooch tells of a download, told on."""

    def __init__(self, advance: Advance) -> None:
        self.advance, self.total, self.done = advance, 0, 0

    def update(self, more: int) -> None:
        """So many bytes more."""
        self.done += more
        share = min(self.done / self.total, 1.0) if self.total else 0
        self.advance(round(100 * share), f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB")

    def reset(self) -> None:
        """From the beginning."""
        self.done = 0

    def close(self) -> None:
        """The end."""


def unpack(path: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Put these files of an archive into a folder, each whole or not at all."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            content = archive.extractfile(member) if member.isfile() and name in names else None
            if content:
                write_whole(folder / name, content.read())


def read(archive: Archive, folder: Path, names: tuple[str, ...], images: int) -> Split:
    """The records of binary files, so many in each, one file after the other."""
    parts = []
    for name in names:
        raw, size = np.fromfile(folder / name, np.uint8), archive.record
        if len(raw) != images * size:
            raise DsdError(f"{folder / name}: has {len(raw):,} bytes instead of {images * size:,}; get it again")
        records = raw.reshape(-1, size)
        highest = records[:, archive.labels - 1].max()
        if highest >= archive.classes:
            raise DsdError(
                f"{folder / name}: holds label {highest}, allowed are 0 to {archive.classes - 1}; "
                f"is it CIFAR-{archive.classes}?"
            )
        parts.append(records)
    records = np.concatenate(parts)
    pixels = torch.from_numpy(records[:, archive.labels :].reshape(-1, 3, 32, 32).copy())
    return Split(pixels, torch.from_numpy(records[:, archive.labels - 1].astype(np.int64)))
