"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) from their official binary files, downloaded if missing."""

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
Progress = Callable[[str, int], AbstractContextManager[Advance]]  # title and total to a callback that shows progress


@dataclass(frozen=True)
class Archive:
    """A data set as its authors distribute it.

    url, md5: of the archive, as on the authors' page
    train, test: names of its files
    images: images per training file, and per test file
    labels: bytes before each image; the last one is the label
    classes: number of classes
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
        """Bytes of one image with its labels."""
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
    """Load both splits, with the images in the order of the files.

    Args:
        progress: shows the download of missing files; None downloads nothing

    Raises:
        DsdError: files are missing and cannot be downloaded, or are damaged
    """
    archive, folder = ARCHIVES[spec.name], Path(spec.folder)
    if not spec.folder:
        raise DsdError(f"data.folder is not given: name the folder of {spec.name}, or a new one for a download")
    names = (*archive.train, *archive.test)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        trouble = f"data.folder = {folder}: {missing[0]} is missing"
        by_hand = f"get {Path(archive.url).name} from {PAGE}/cifar.html, unpack it, and name its folder in data.folder"
        if not progress:
            raise DsdError(f"{trouble}; {by_hand}")
        others = [path for path in folder.glob("[!.]*") if path.name not in names]
        if others:  # probably a mistyped folder, not one for a download
            raise DsdError(f"{trouble}, but {others[0].name} exists; {by_hand}, or name a new folder for a download")
        try:
            download(archive, folder, spec.url or archive.url, progress)
        except DsdError as error:
            raise DsdError(f"{trouble}, and {error}; {by_hand}") from error
    train, test = archive.images
    return read(archive, folder, archive.train, train), read(archive, folder, archive.test, test)


def download(archive: Archive, folder: Path, url: str, progress: Progress) -> None:
    """Download an archive, verify it, and write its files to the folder, each atomically.

    Raises:
        DsdError: the download fails, or is not the authors' archive
    """
    import pooch
    from requests.exceptions import HTTPError, RequestException

    name, inside = Path(archive.url).name, folder / ".download"  # hidden: leftovers of a kill do no harm
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    pooch.get_logger().setLevel("WARNING")  # its messages would repeat the bar
    inside.mkdir(parents=True, exist_ok=True)
    try:
        with progress(f"download {name}", 100) as advance:
            loader = pooch.HTTPDownloader(progressbar=Bar(advance), timeout=30)
            path = Path(pooch.retrieve(url, f"md5:{archive.md5}", name, inside, downloader=loader))
        unpack(path, folder, (*archive.train, *archive.test))
    except RequestException as error:
        reason = REASONS.get(type(error).__name__, str(error) if isinstance(error, HTTPError) else "no answer")
        raise DsdError(f"{url} cannot be downloaded ({reason})") from error
    except ValueError as error:  # from pooch: the checksum differs
        raise DsdError(f"{url} is not the authors' archive: its MD5 is not {archive.md5}") from error
    finally:
        shutil.rmtree(inside, ignore_errors=True)
        for path in fresh:
            if not any(path.iterdir()):
                path.rmdir()


class Bar:
    """Passes the progress of pooch's download to `advance`."""

    def __init__(self, advance: Advance) -> None:
        self.advance, self.total, self.done = advance, 0, 0

    def update(self, more: int) -> None:
        """Count more downloaded bytes."""
        self.done += more
        share = min(self.done / self.total, 1.0) if self.total else 0
        self.advance(round(100 * share), f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB")

    def reset(self) -> None:
        """Restart the count."""
        self.done = 0

    def close(self) -> None:
        """Do nothing; pooch calls it at the end."""


def unpack(path: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Extract these files of an archive to a folder, each atomically."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            content = archive.extractfile(member) if member.isfile() and name in names else None
            if content:
                write_whole(folder / name, content.read())


def read(archive: Archive, folder: Path, names: tuple[str, ...], images: int) -> Split:
    """Read binary files of `images` records each into one split."""
    parts = []
    for name in names:
        raw, size = np.fromfile(folder / name, np.uint8), archive.record
        if len(raw) != images * size:
            raise DsdError(f"{folder / name}: has {len(raw):,} bytes instead of {images * size:,}; download it again")
        records = raw.reshape(-1, size)
        highest = records[:, archive.labels - 1].max()
        if highest >= archive.classes:
            raise DsdError(
                f"{folder / name}: holds label {highest}; allowed are 0 to {archive.classes - 1}; "
                f"is it CIFAR-{archive.classes}?"
            )
        parts.append(records)
    records = np.concatenate(parts)
    pixels = torch.from_numpy(records[:, archive.labels :].reshape(-1, 3, 32, 32).copy())
    return Split(pixels, torch.from_numpy(records[:, archive.labels - 1].astype(np.int64)))
