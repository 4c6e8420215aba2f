"""Decoding of image files to pixels.

Shape letters: r output side [pixels].
"""

import io
import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # chunks of a PNG that define its pixels
MOST = 64  # most pixels of the whole resized image, as a multiple of those of its crop
BILINEAR = Image.Resampling.BILINEAR


class BrokenImage(Exception):
    """A file that cannot be decoded; its message names the file and the reason."""


def decoded(path: Path) -> Image.Image:
    """Decode a JPEG or PNG file to RGB; 16-bit values keep their upper 8 bits.

    Only the pixels count: texts and profiles can be large or damaged, and an EXIF orientation is ignored, as in
    torchvision.

    Raises:
        BrokenImage: the file is not an image, or damaged
        OSError: the file system cannot read the file
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return pixels_of(path)
            except (ValueError, SyntaxError, UnidentifiedImageError):  # perhaps in the metadata of a PNG
                return pixels_of(io.BytesIO(without_metadata(path.read_bytes())))
    except MemoryError:
        raise
    except FileNotFoundError as error:
        if path.is_symlink():
            raise BrokenImage(f"{path}: is a broken link") from error
        raise
    except Exception as error:  # decoders raise many types of errors on damaged files
        if isinstance(error, OSError) and error.errno:  # from the file system; Pillow's own errors have no errno
            raise
        unknown = isinstance(error, UnidentifiedImageError)
        reason = "is neither JPEG nor PNG" if unknown else " ".join(str(error).split())
        raise BrokenImage(f"{path}: {reason}") from error


def pixels_of(file: Path | io.BytesIO) -> Image.Image:
    """Decode a file to RGB."""
    with Image.open(file, formats=("JPEG", "PNG")) as image:
        if image.mode.startswith("I"):  # Pillow would clip values above 255
            return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
        return image.convert("RGB")


def without_metadata(content: bytes) -> bytes:
    """Return a PNG with only the chunks that define its pixels; other content unchanged."""
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
    """Resize the shorter side to `shorter`, and crop the central square of side r: (r, r, 3)."""
    scale = shorter / min(image.size)
    w, h = (max(shorter, int(side * scale + 1e-9)) for side in image.size)
    left, top = math.ceil((w - r) / 2), math.ceil((h - r) / 2)
    # a strip: 20,000×1 pixels, resized as a whole, would take 5 GB; Pillow rounds the box to float32
    if w * h > MOST * r * r:
        x, y = image.width / w, image.height / h
        return part(image, (left * x, top * y, (left + r) * x, (top + r) * y), r)
    if (w, h) != image.size:
        image = image.resize((w, h), BILINEAR)
    return np.asarray(image.crop((left, top, left + r, top + r)))


def part(image: Image.Image, box: tuple[float, float, float, float], r: int) -> NDArray[np.uint8]:
    """Crop a box (left, top, right, bottom), and resize it to (r, r, 3)."""
    return np.asarray(image.resize((r, r), BILINEAR, box=box))
