"""The source of all that is random in a run."""

import numpy as np
import torch


def generator(seed: int, epoch: int) -> torch.Generator:
    """The source of all randomness of an epoch; epoch 0 is the initial weights."""
    state = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1]))
