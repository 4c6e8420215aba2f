"""The order of the training images, and the source of all that is random in a run."""

import numpy as np
import torch
from torch import Tensor


def generator(seed: int, epoch: int) -> torch.Generator:
    """The source of all randomness of an epoch; epoch 0 is the initial weights."""
    state = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1]))


def parts(tensor: Tensor, size: int) -> list[Tensor]:
    """A batch cut into micro-batches of `size`, the last one perhaps smaller."""
    return [tensor[start : start + size] for start in range(0, len(tensor), size)]


def batches(n: int, size: int, rng: torch.Generator) -> list[Tensor]:
    """A permutation of n images cut into batches of `size`; the images that do not fill the last one are left out."""
    order = torch.randperm(n, generator=rng)
    whole = max(n // size, 1) * size
    return [order[start : start + size] for start in range(0, whole, size)]
