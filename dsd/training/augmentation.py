"""Variations of training images, a batch at a time.

Shape letters: n images of the batch, r side [pixels].
"""

import torch
from torch import Tensor


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image (n, 3, r, r) with probability 1/2."""
    mirror = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirror.to(images.device)[:, None, None, None], images.flip(-1), images)


def shift(images: Tensor, by: int, generator: torch.Generator) -> Tensor:
    """Move each image (n, 3, r, r) by −by..by pixels each way; zeros come in (the same as pad, then random crop)."""
    n, _, _, r = images.shape
    padded = torch.nn.functional.pad(images, (by,) * 4)
    offsets = torch.randint(0, 2 * by + 1, (2, n), generator=generator)
    rows, columns = (offsets[:, :, None] + torch.arange(r)).to(images.device)
    picked = torch.arange(n, device=images.device)
    # indexing with three index tensors around ":" puts the channels last
    return padded[picked[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
