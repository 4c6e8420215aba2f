"""Widths that groups divide: the rule that turns a drawn network into one that can be built."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def adjust(widths: Array, bottleneck_ratios: Array, group_widths: Array) -> tuple[Array, Array]:
    """Realised widths and group widths, as the authors' code computes them ([DDS] App. D).

    On the bottleneck width v = w/b: g ← min(g, v); v ← max(m, m · round(v/m)) with m = g, or lcm(g, 1/b) for an
    inverted bottleneck (b < 1); w ← v·b. Halves round to even. A width changes by at most a third.

    Args:
        widths, bottleneck_ratios, group_widths: arrays of one shape

    Returns:
        widths and group widths, int64, of that shape

    >>> adjust(np.array([24, 40]), np.array([1, 1]), np.array([16, 64]))
    (array([32, 40]), array([16, 40]))
    """
    v = np.maximum(1, np.floor_divide(widths, bottleneck_ratios)).astype(np.int64)
    g = np.minimum(group_widths, v)
    inverse = np.maximum(1, np.rint(1 / bottleneck_ratios)).astype(np.int64)
    m = np.lcm(g, inverse)
    v = np.maximum(m, m * np.rint(v / m).astype(np.int64))
    return (v * bottleneck_ratios).astype(np.int64), g
