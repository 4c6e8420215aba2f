"""Batches: the training images in the order of an epoch."""

import torch
from torch import Tensor


def shuffled_batches(n: int, size: int, rng: torch.Generator) -> list[Tensor]:
    """Split a random permutation of n images into batches of `size`; drop an incomplete last one unless it is alone."""
    order = torch.randperm(n, generator=rng)
    whole = max(n // size, 1) * size
    return [order[start : start + size] for start in range(0, whole, size)]
