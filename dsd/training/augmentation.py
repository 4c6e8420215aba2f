"""Augmentation of training images in batches; `draw_…` functions draw the random numbers, the others use them.

Shape letters: n images of the batch, s input side, r output side [pixels].
"""

import torch
from torch import Tensor

ATTEMPTS = 10  # to draw a crop that lies inside the image (the authors' code)
ASPECT = (3 / 4, 4 / 3)
# principal components of ImageNet's colours in 0–1, R, G, B (Krizhevsky et al. 2012, §4.1), as in the authors' code
EIGENVALUES = (0.2175, 0.0188, 0.0045)
EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


def draw_flip(n: int, rng: torch.Generator) -> Tensor:
    """Draw which images to mirror, (n,) bool: each with probability 1/2."""
    return torch.rand(n, generator=rng) < 0.5


def flip(images: Tensor, mirror: Tensor) -> Tensor:
    """Mirror the images (n, 3, r, r) at which `mirror` (n,) is true."""
    return torch.where(mirror[:, None, None, None], images.flip(-1), images)


def draw_shift(n: int, by: int, rng: torch.Generator) -> Tensor:
    """Draw where the crop begins in the padded images: (2, n), rows and columns, 0..2·by."""
    return torch.randint(0, 2 * by + 1, (2, n), generator=rng)


def shift(images: Tensor, by: int, offsets: Tensor, fill: Tensor | None = None) -> Tensor:
    """Shift each image (n, 3, r, r) by −by..by pixels in both directions (same as pad, then random crop).

    Args:
        offsets: of `draw_shift`, on the device of the images
        fill: colour (3,) of the padding; None: black
    """
    n, _, _, r = images.shape
    padded = torch.nn.functional.pad(images, (by,) * 4)
    if fill is not None:
        frame = 1 - torch.nn.functional.pad(torch.ones_like(images[:1, :1]), (by,) * 4)
        padded = padded + frame * fill.to(images.dtype).view(1, 3, 1, 1)
    windows = padded.unfold(2, r, 1).unfold(3, r, 1)  # (n, 3, 2·by + 1, 2·by + 1, r, r), a view
    rows, columns = offsets
    return windows[torch.arange(n, device=images.device), :, rows, columns]


def draw_lighting(n: int, deviation: float, rng: torch.Generator) -> Tensor:
    """Draw the colour (n, 3) to add to each image in 0–255: normal along ImageNet's principal components."""
    alpha = deviation * torch.randn(n, 3, generator=rng)
    return 255 * (alpha * torch.tensor(EIGENVALUES)) @ torch.tensor(EIGENVECTORS).T


def draw_parts(n: int, rng: torch.Generator) -> Tensor:
    """Draw the uniform numbers (n, 3 · ATTEMPTS + 2) from which `part` computes a crop of an image of any size."""
    return torch.rand(n, 3 * ATTEMPTS + 2, generator=rng)


def part(height: int, width: int, least: float, numbers: list[float]) -> tuple[float, float, float, float]:
    """Return a crop of `least` to 1 of an image's area and aspect 3/4 to 4/3 ([DDS]'s code; Szegedy et al. 2015).

    If none of ten attempts lies inside the image, the crop is the central square.

    Args:
        height, width: of the image [pixels]
        least: smallest share of the area
        numbers: a row of `draw_parts`: area, aspect and orientation of each attempt, then the position

    Returns:
        left, top, right, bottom [pixels]
    """
    low, high = ASPECT
    for i in range(ATTEMPTS):
        area = height * width * (least + (1 - least) * numbers[3 * i])
        aspect = low + (high - low) * numbers[3 * i + 1]
        w, h = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if numbers[3 * i + 2] < 0.5:
            w, h = h, w
        if 0 < w <= width and 0 < h <= height:
            left, top = int(numbers[-2] * (width - w + 1)), int(numbers[-1] * (height - h + 1))
            return left, top, left + w, top + h
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def cut(images: Tensor, boxes: Tensor, r: int) -> Tensor:
    """Crop square images and resize the crops to side r, bilinear.

    A CPU crops one image at a time, as uint8, for which torch has a fast kernel (0.2 to 0.4 ms an image at 224²,
    2.9 ms if batched; one core of an AMD EPYC). Other devices crop the whole batch at once, without antialiasing.

    Args:
        images: (n, 3, s, s) uint8, channels last
        boxes: (n, 4) left, top, right, bottom [pixels]

    Returns:
        (n, 3, r, r) uint8 or float32
    """
    return cut_each(images, boxes, r) if images.device.type == "cpu" else cut_all(images, boxes, r)


def cut_each(images: Tensor, boxes: Tensor, r: int) -> Tensor:
    """`cut` one image at a time, with boxes rounded to whole pixels."""
    parts = torch.empty(len(images), r, r, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    for i, (left, top, right, bottom) in enumerate(boxes.round().int().tolist()):
        part = images[i : i + 1, :, top:bottom, left:right]
        parts[i] = torch.nn.functional.interpolate(part, (r, r), mode="bilinear", antialias=True)[0]
    return parts


def cut_all(images: Tensor, boxes: Tensor, r: int) -> Tensor:
    """`cut` the whole batch at once by grid sampling: float32, channels last."""
    s = images.shape[-1]
    low, high = boxes[:, :2], boxes[:, 2:]
    centres = (torch.arange(r, device=images.device) + 0.5) / r
    # pixel centres, clamped to the crop, so that no pixel outside it is mixed in
    centres_at = low[:, None] + centres[:, None] * (high - low)[:, None]
    centres_at = torch.minimum(torch.maximum(centres_at, low[:, None] + 0.5), high[:, None] - 0.5) * (2 / s) - 1
    grid = torch.stack((centres_at[:, None, :, 0].expand(-1, r, r), centres_at[:, :, None, 1].expand(-1, r, r)), dim=-1)
    floats = images.float().contiguous(memory_format=torch.channels_last)
    sampled = torch.nn.functional.grid_sample(floats, grid, align_corners=False, padding_mode="border")
    return sampled.contiguous(memory_format=torch.channels_last)
