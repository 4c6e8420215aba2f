"""A packed data set: images decoded once and cropped to squares of one size, in memory-mapped arrays.

packed.json            size, classes, source, checksums; written last: without it the set is incomplete
train.npy, val.npy     (n, size, size, 3) uint8
train_labels.npy, …    (n,) int32; -1 where an image could not be decoded and was left out
"""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.errors import DsdError
from dsd.training.data.streamed.listing import SPLITS

HEADER = "packed.json"


@dataclass(frozen=True)
class Packed:
    """The content of packed.json.

    folder: folder of the set
    size: side of the images [pixels]
    classes: names of the classes, in order
    images: number of images per split, including those left out
    checksums: per split, the CRC-32 of every chunk of `chunk` images
    labels: per split, the CRC-32 of its labels
    chunk: images per chunk
    source: fingerprint of the folder it was made from (`dsd.training.data.streamed.listing`)
    skipped: split, position and reason of each image that could not be decoded
    dsd: version of dsd that packed the set
    """

    folder: Path
    size: int
    classes: tuple[str, ...]
    images: dict[str, int]
    checksums: dict[str, list[int]]
    labels: dict[str, int]
    chunk: int
    source: str
    skipped: tuple[tuple[str, int, str], ...]
    dsd: str

    def header(self) -> str:
        """Return packed.json as text."""
        return json.dumps({key: value for key, value in asdict(self).items() if key != "folder"}, indent=1)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the images."""
        facts = (self.size, self.classes, sorted(self.checksums.items()), sorted(self.labels.items()))
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]

    def arrays(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Return the memory-mapped images and the labels of a split.

        Raises:
            DsdError: a file is missing, truncated or damaged, or holds a label out of range
        """
        n = self.images[split]
        images = mapped(self.folder / f"{split}.npy", (n, self.size, self.size, 3), "uint8")
        labels = np.array(mapped(self.folder / f"{split}_labels.npy", (n,), "int32"))
        if n and not -1 <= labels.min() <= labels.max() < len(self.classes):
            wrong = labels.max() if labels.max() >= len(self.classes) else labels.min()
            raise DsdError(
                f"{self.folder / f'{split}_labels.npy'}: holds label {wrong}; allowed are 0 to "
                f"{len(self.classes) - 1}; pack the images again"
            )
        if zlib.crc32(labels.tobytes()) != self.labels[split]:
            raise DsdError(f"{self.folder / f'{split}_labels.npy'}: is damaged (checksum); pack the images again")
        return images, labels

    def kept(self, split: str) -> NDArray[np.int64]:
        """Return the positions of the images that could be decoded."""
        return np.flatnonzero(self.arrays(split)[1] >= 0)


def mapped(path: Path, shape: tuple[int, ...], dtype: str) -> Any:
    """Map a file of `numpy.save` into memory for reading, and check its shape and type."""
    try:
        array = np.load(path, mmap_mode="r")
    except FileNotFoundError:
        raise DsdError(f"{path}: is missing; pack the images again") from None
    except (ValueError, OSError, EOFError) as error:  # shorter than its header says
        raise DsdError(f"{path}: is truncated or damaged ({error}); pack the images again") from error
    if array.shape != shape or array.dtype != dtype:
        raise DsdError(f"{path}: holds {array.shape} {array.dtype} instead of {shape} {dtype}; pack the images again")
    return array


def header_of(folder: Path) -> Packed:
    """Read packed.json.

    Raises:
        FileNotFoundError: it is missing
        ValueError, TypeError, KeyError, RecursionError: it is damaged, or of another version
    """
    content = json.loads((folder / HEADER).read_text())
    skipped = tuple((str(split), count(i), str(text)) for split, i, text in content["skipped"])
    parts: dict[str, Any] = {
        name: {split: count(content[name][split]) for split in SPLITS} for name in ("images", "labels")
    }
    parts["checksums"] = {split: [count(value) for value in content["checksums"][split]] for split in SPLITS}
    classes = tuple(str(name) for name in content["classes"])
    numbers = {name: count(content[name]) for name in ("size", "chunk")}
    if set(content) != {f.name for f in fields(Packed)} - {"folder"} or 0 in numbers.values():
        raise ValueError("other keys, or no size")
    return Packed(folder, **{**content, **parts, **numbers, "classes": classes, "skipped": skipped})


def count(value: object) -> int:
    """Return a whole number from 0; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value} is not a count")
    return value


def open_packed(folder: Path) -> Packed:
    """Open the packed set of a folder, and check its files.

    Raises:
        DsdError: the set is missing, incomplete or damaged
    """
    where = f"data.folder = {folder}"
    try:
        packed = header_of(folder)
    except FileNotFoundError:
        raise DsdError(f"{where}: holds no packed images ({HEADER}); make them: dsd pack SOURCE {folder}") from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DsdError(f"{folder / HEADER}: is damaged, or of another version; pack the images again") from error
    for split in packed.images:
        packed.arrays(split)
    return packed
