"""The random generators of a run, one per epoch."""

import numpy as np
import torch


def generator(seed: int, epoch: int) -> torch.Generator:
    """Return the random generator of an epoch; epoch 0 is for the initial weights."""
    state = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1]))
