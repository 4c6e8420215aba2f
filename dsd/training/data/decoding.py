"""Image files to pixels.

Shape letters: r side that is wanted [pixels].
"""

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

BILINEAR = Image.Resampling.BILINEAR


class BrokenImage(Exception):
    """A file that cannot be decoded; its message names the file and the reason."""


def decoded(path: Path) -> Image.Image:
    """The image of a JPEG or PNG file as RGB; of 16 bits the upper 8.

    Raises:
        BrokenImage: it is none, or a damaged one
        OSError: the file cannot be read, which says nothing about the image
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata: the pixels are what counts
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                if image.mode.startswith("I"):  # Pillow would cut off what is above 255
                    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
                return image.convert("RGB")
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


def centre(image: Image.Image, shorter: int, r: int) -> NDArray[np.uint8]:
    """The image with its shorter side resized to `shorter`, and its central square of side r cut out: (r, r, 3)."""
    scale = shorter / min(image.size)
    w, h = (max(shorter, int(side * scale + 1e-9)) for side in image.size)
    if (w, h) != image.size:
        image = image.resize((w, h), BILINEAR)
    left, top = math.ceil((w - r) / 2), math.ceil((h - r) / 2)
    return np.asarray(image.crop((left, top, left + r, top + r)))


def part(image: Image.Image, box: tuple[float, float, float, float], r: int) -> NDArray[np.uint8]:
    """A part of an image (left, top, right, bottom), resized to (r, r, 3)."""
    return np.asarray(image.resize((r, r), BILINEAR, box=box))
