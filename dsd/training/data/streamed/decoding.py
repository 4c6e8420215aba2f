"""Image files to pixels.

Shape letters: r side that is wanted [pixels].
"""

import io
import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # chunks of a PNG that its pixels need
MOST = 64  # times the pixels of the square that is cut out, that the whole image may have before
BILINEAR = Image.Resampling.BILINEAR


class BrokenImage(Exception):
    """A file that cannot be decoded; its message names the file and the reason."""


def decoded(path: Path) -> Image.Image:
    """The image of a JPEG or PNG file as RGB; of 16 bits the upper 8.

    Only its pixels count: texts and profiles may be large or damaged, and an orientation of EXIF is ignored, as
    torchvision does.

    Raises:
        BrokenImage: it is none, or a damaged one
        OSError: the file cannot be read, which says nothing about the image
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return pixels_of(path)
            except (ValueError, SyntaxError, UnidentifiedImageError):  # of a PNG's metadata, maybe
                return pixels_of(io.BytesIO(without_metadata(path.read_bytes())))
    except MemoryError:
        raise
    except FileNotFoundError as error:
        if path.is_symlink():
            raise BrokenImage(f"{path}: is a link to nothing") from error
        raise
    except Exception as error:  # what a decoder raises on a damaged file is not a closed list
        if isinstance(error, OSError) and error.errno:  # of the file system; Pillow's own have no number
            raise
        unknown = isinstance(error, UnidentifiedImageError)
        reason = "is neither JPEG nor PNG" if unknown else " ".join(str(error).split())
        raise BrokenImage(f"{path}: {reason}") from error


def pixels_of(file: Path | io.BytesIO) -> Image.Image:
    """The image of a file as RGB."""
    with Image.open(file, formats=("JPEG", "PNG")) as image:
        if image.mode.startswith("I"):  # Pillow would cut off what is above 255
            return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
        return image.convert("RGB")


def without_metadata(content: bytes) -> bytes:
    """A PNG with the chunks of its pixels alone; anything else as it is."""
    if not content.startswith(SIGNATURE):
        return content
    kept, at = [SIGNATURE], len(SIGNATURE)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] in PIXELS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def centre(image: Image.Image, shorter: int, r: int) -> NDArray[np.uint8]:
    """The image with its shorter side resized to `shorter`, and its central square of side r cut out: (r, r, 3)."""
    scale = shorter / min(image.size)
    w, h = (max(shorter, int(side * scale + 1e-9)) for side in image.size)
    left, top = math.ceil((w - r) / 2), math.ceil((h - r) / 2)
    if (
        w * h > MOST * r * r
    ):  # a strip: the whole of 20,000×1 pixels would take 5 GB; the box's ends are rounded to float32
        x, y = image.width / w, image.height / h
        return part(image, (left * x, top * y, (left + r) * x, (top + r) * y), r)
    if (w, h) != image.size:
        image = image.resize((w, h), BILINEAR)
    return np.asarray(image.crop((left, top, left + r, top + r)))


def part(image: Image.Image, box: tuple[float, float, float, float], r: int) -> NDArray[np.uint8]:
    """A part of an image (left, top, right, bottom), resized to (r, r, 3)."""
    return np.asarray(image.resize((r, r), BILINEAR, box=box))
