"""Learning rate over time."""

import math


def half_cosine(lr: float, progress: float) -> float:
    """Half-period cosine: from lr at progress 0 to 0 at progress 1 ([DDS] §3.1).

    >>> round(half_cosine(0.05, 9 / 10), 6)  # the last of 10 epochs
    0.001224
    """
    return 0.5 * lr * (1 + math.cos(math.pi * progress))
