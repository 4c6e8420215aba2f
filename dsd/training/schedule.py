"""Learning rate schedule."""

import math

from dsd.training.recipe import Recipe

WARMUP_START = 0.1  # share of the learning rate in the first epoch (the authors' code)


def half_cosine(lr: float, progress: float) -> float:
    """Half-period cosine: from lr at progress 0 to 0 at progress 1 ([DDS] §3.1).

    >>> round(half_cosine(0.05, 9 / 10), 6)  # the last of 10 epochs
    0.001224
    """
    return 0.5 * lr * (1 + math.cos(math.pi * progress))


def learning_rate(recipe: Recipe, done: float) -> float:
    """Return the learning rate after `done` epochs: the cosine, or a share of it during warm-up.

    The share rises linearly from WARMUP_START to 1 over `warmup_epochs`, as in the authors' code.
    """
    share = min(1.0, WARMUP_START + (1 - WARMUP_START) * done / recipe.warmup_epochs) if recipe.warmup_epochs else 1.0
    return share * half_cosine(recipe.first_lr, done / recipe.epochs)
