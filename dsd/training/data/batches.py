"""Batches: the training images in the order in which an epoch shows them."""

import torch
from torch import Tensor


def batches(n: int, size: int, rng: torch.Generator) -> list[Tensor]:
    """A permutation of n images cut into batches of `size`; the images that do not fill the last one are left out."""
    order = torch.randperm(n, generator=rng)
    whole = max(n // size, 1) * size
    return [order[start : start + size] for start in range(0, whole, size)]
