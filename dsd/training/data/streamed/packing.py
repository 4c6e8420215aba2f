"""Packing a folder of images into a packed data set (`dsd.training.data.streamed.packed`).

Several processes decode the chunks. A journal records each chunk with its checksum as soon as it is on the disk.
Packing again resumes where it stopped; in a complete set, it verifies the checksums and packs damaged chunks again.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dsd._version import __version__
from dsd.errors import DsdError
from dsd.io.files import write_whole
from dsd.io.journal import Journal, parse
from dsd.processes import end_with_parent
from dsd.training.data.streamed import decoding
from dsd.training.data.streamed.listing import SPLITS, Listing, fingerprint, list_images
from dsd.training.data.streamed.packed import HEADER, Packed, count, header_of

CHUNK = 256  # images
STATE = "packing.jsonl"
SHOWN = 5  # most broken files that a message names

Key = tuple[str, int]  # split and number of a chunk
Advance = Callable[[int, str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Chunk:
    """Files that one process decodes together: the images of a split from `start`."""

    split: str
    number: int
    array: Path
    files: tuple[Path, ...]
    size: int

    @property
    def key(self) -> Key:
        """Split and number."""
        return self.split, self.number

    @property
    def start(self) -> int:
        """The position of its first image."""
        return self.number * CHUNK


@dataclass(frozen=True)
class Done:
    """A chunk that is on the disk: CRC-32 of its pixels, and the positions and reasons of broken images."""

    crc: int
    broken: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Packing:
    """The result of `pack`.

    made: number of chunks decoded
    kept: number of chunks already packed and intact
    """

    packed: Packed
    made: int
    kept: int


def pack(
    source: Path,
    target: Path,
    size: int = 256,
    workers: int = 1,
    skip_broken: bool = False,
    advance: Advance = lambda done, words: None,
) -> Packing:
    """Pack the images of a folder: resize the shorter side to `size`, keep the central square.

    Args:
        source: folder with train/ and val/, each with one folder per class
        target: folder of the packed set
        workers: processes
        skip_broken: leave out images that cannot be decoded
        advance: called with the number of images done and a short note

    Raises:
        DsdError: the source has another layout, the target holds something else, or images are broken
    """
    if size < 1:
        raise DsdError(f"--size {size}: give a whole number of pixels from 1")
    listings = dict(zip(SPLITS, list_images(source), strict=True))
    origin = {"source": fingerprint((listings["train"], listings["val"])), "size": size, "chunk": CHUNK}
    known = state_of(target, origin)
    chunks = [chunk for split, listing in listings.items() for chunk in chunks_of(target, split, listing, size)]
    with Journal(target / STATE) as journal:
        journal.append(origin)  # first: it marks the folder as a packed set
        for split, listing in listings.items():
            allocate(target / f"{split}.npy", len(listing), size)
        done, made = finished(chunks, known, skip_broken, workers, advance), 0
        missing = [chunk for chunk in chunks if chunk.key not in done]
        images = sum(len(chunk.files) for chunk in chunks if chunk.key in done)
        for chunk, result in each(write_chunk, missing, workers):
            journal.append({"split": chunk.split, "number": chunk.number, "crc": result.crc, "broken": result.broken})
            done[chunk.key] = result
            made, images = made + 1, images + len(chunk.files)
            advance(images, str(chunk.files[-1].parent.name))
    broken = [trouble for chunk in chunks for _, trouble in done[chunk.key].broken]
    if broken and not skip_broken:
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        named = "; ".join(broken[:SHOWN])
        raise DsdError(f"{len(broken)} images cannot be decoded: {named}{more}; --skip-broken leaves them out")
    return Packing(complete(target, size, listings, done, str(origin["source"])), made, len(chunks) - made)


def state_of(target: Path, origin: dict[str, Any]) -> dict[Key, Done]:
    """Return the chunks that an earlier packing of the same images recorded.

    Raises:
        DsdError: the folder holds other images, or something else
    """
    target.mkdir(parents=True, exist_ok=True)
    try:
        header = vars(header_of(target))
    except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
        header = None  # missing or damaged: written again at the end
    text = (target / STATE).read_bytes() if (target / STATE).exists() else b""
    events, _ = parse(text)
    origins = [event for event in events if "source" in event] + ([header] if header else [])
    earlier = origins[0] if origins else {}
    if not earlier and not (target / STATE).exists() and any(target.iterdir()):
        raise DsdError(f"{target}: is not empty and holds no packed images; give another folder")
    for key, value in origin.items():
        if earlier and earlier.get(key) != value:
            raise DsdError(
                f"{target}: holds images packed with {key} = {earlier.get(key)}, not {value}; give another folder, "
                "or remove this one"
            )
    known: dict[Key, Done] = {}
    if header:
        for split, checksums in header["checksums"].items():
            known |= {(split, i): Done(crc, broken_of(header, split, i)) for i, crc in enumerate(checksums)}
    for event in events:
        with suppress(KeyError, TypeError, ValueError):  # a line of another kind, not of a chunk
            broken = tuple((count(i), str(text)) for i, text in event["broken"])
            known[str(event["split"]), count(event["number"])] = Done(count(event["crc"]), broken)
    return known


def broken_of(header: dict[str, Any], split: str, number: int) -> tuple[tuple[int, str], ...]:
    """Return the broken images of one chunk of a complete set."""
    low = number * CHUNK
    return tuple((i, text) for name, i, text in header["skipped"] if name == split and low <= i < low + CHUNK)


def allocate(path: Path, n: int, size: int) -> None:
    """Create the array of a split, unless it exists."""
    shape = (n, size, size, 3)
    try:
        if np.load(path, mmap_mode="r").shape == shape:
            return
    except (OSError, ValueError, EOFError):
        pass
    np.lib.format.open_memmap(path, "w+", np.uint8, shape).flush()
    if hasattr(os, "posix_fallocate"):  # a full disk raises an error here, but a signal on a write to mapped memory
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def chunks_of(target: Path, split: str, listing: Listing, size: int) -> Iterator[Chunk]:
    """Yield the chunks of a split."""
    for number, start in enumerate(range(0, len(listing), CHUNK)):
        files = tuple(listing.folder / name for name in listing.files[start : start + CHUNK])
        yield Chunk(split, number, target / f"{split}.npy", files, size)


def finished(
    chunks: list[Chunk], known: dict[Key, Done], skip_broken: bool, workers: int, advance: Advance
) -> dict[Key, Done]:
    """Return the recorded chunks whose pixels on the disk still match their checksum.

    Chunks with broken images are packed again, unless `skip_broken`.
    """
    wanted = [chunk for chunk in chunks if chunk.key in known and (skip_broken or not known[chunk.key].broken)]
    intact, images = {}, 0
    for chunk, crc in each(checksum, wanted, workers):
        images += len(chunk.files)
        advance(images, "checked")
        if crc == known[chunk.key].crc:
            intact[chunk.key] = known[chunk.key]
    return intact


def checksum(chunk: Chunk) -> int:
    """CRC-32 of a chunk's pixels on the disk."""
    array = np.load(chunk.array, mmap_mode="r")
    return zlib.crc32(array[chunk.start : chunk.start + len(chunk.files)].tobytes())


def write_chunk(chunk: Chunk) -> Done:
    """Decode the files of a chunk and write them to the disk; broken images are black."""
    pixels, broken = np.zeros((len(chunk.files), chunk.size, chunk.size, 3), np.uint8), []
    for i, path in enumerate(chunk.files):
        try:
            pixels[i] = decoding.centre(decoding.decoded(path), chunk.size, chunk.size)
        except decoding.BrokenImage as error:
            broken.append((chunk.start + i, str(error)))
    array = np.lib.format.open_memmap(chunk.array, "r+")
    array[chunk.start : chunk.start + len(pixels)] = pixels
    array.flush()
    return Done(zlib.crc32(pixels.tobytes()), tuple(broken))


def each(work: Callable[[Chunk], Result], chunks: list[Chunk], workers: int) -> Iterator[tuple[Chunk, Result]]:
    """Yield each chunk with the result of `work`, as several processes finish them."""
    if workers <= 1:
        yield from ((chunk, work(chunk)) for chunk in chunks)
        return
    with ProcessPoolExecutor(min(workers, max(len(chunks), 1)), initializer=end_with_parent) as pool:
        futures = {pool.submit(work, chunk): chunk for chunk in chunks}
        try:
            yield from ((futures[future], future.result()) for future in as_completed(futures))
        except BrokenProcessPool as error:
            raise DsdError(
                "a process that decodes images was killed (too little memory?); repeat the command"
            ) from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def complete(target: Path, size: int, listings: dict[str, Listing], done: dict[Key, Done], source: str) -> Packed:
    """Write labels and header, which complete the set."""
    skipped, checksums = [], {}
    for split, listing in listings.items():
        labels = np.array(listing.labels, np.int32)
        for key, chunk in sorted(done.items()):
            for i, trouble in chunk.broken if key[0] == split else ():
                labels[i] = -1
                skipped.append((split, i, trouble))
        beside = target / f"{split}_labels.part.npy"
        np.save(beside, labels)
        checksums[split] = zlib.crc32(labels.tobytes())
        beside.replace(target / f"{split}_labels.npy")
    packed = Packed(
        folder=target,
        size=size,
        classes=listings["train"].classes,
        images={split: len(listing) for split, listing in listings.items()},
        checksums={split: [done[key].crc for key in sorted(done) if key[0] == split] for split in listings},
        labels=checksums,
        chunk=CHUNK,
        source=source,
        skipped=tuple(skipped),
        dsd=__version__,
    )
    write_whole(target / HEADER, packed.header())
    (target / STATE).unlink(missing_ok=True)
    return packed
