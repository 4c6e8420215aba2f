"""Widths that groups divide: the rule that turns a drawn network into one that can be built.

Arrays of one shape, of integers or of floats that are whole; results have the dtype of the widths.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def bottlenecks(widths: Array, bottleneck_ratios: Array) -> Array:
    """v = w/b, rounded down, at least 1; floats."""
    return np.maximum(1.0, np.floor(widths / bottleneck_ratios))


def divisor(groups: Array, bottleneck_ratios: Array) -> Array:
    """What v must be a multiple of: that number, and 1/b for an inverted bottleneck (b < 1), so that w is whole."""
    if not (bottleneck_ratios < 1).any():
        return groups
    inverse = np.maximum(1, np.rint(1 / bottleneck_ratios)).astype(np.int64)
    common: Array = np.lcm(groups.astype(np.int64), inverse)
    return common


def multiple(v: Array, of: Array) -> Array:
    """The multiple nearest to v, half to even, at least one."""
    rounded: Array = np.maximum(of, of * np.rint(v / of))
    return rounded


def adjust(widths: Array, bottleneck_ratios: Array, group_widths: Array) -> tuple[Array, Array]:
    """Realised widths and group widths, as the authors' code computes them ([DDS] App. D).

    On the bottleneck width v = w/b: g ← min(g, v); v ← max(m, m · round(v/m)) with m = g, or lcm(g, 1/b) for an
    inverted bottleneck (b < 1); w ← v·b. Halves round to even. A width changes by at most a third.

    >>> adjust(np.array([24, 40]), np.array([1, 1]), np.array([16, 64]))
    (array([32, 40]), array([16, 40]))
    """
    v = bottlenecks(widths, bottleneck_ratios)
    g = np.minimum(group_widths, v)
    v = multiple(v, divisor(g, bottleneck_ratios))
    return (v * bottleneck_ratios).astype(widths.dtype, copy=False), g.astype(widths.dtype, copy=False)


def adjust_to_groups(widths: Array, bottleneck_ratios: Array, groups: Array) -> tuple[Array, Array]:
    """Realised widths and group widths where the number of groups was drawn ([NDS]); same rounding.

    >>> adjust_to_groups(np.array([64, 10]), np.array([2, 1]), np.array([4, 4]))
    (array([64,  8]), array([8, 2]))
    """
    v = multiple(bottlenecks(widths, bottleneck_ratios), divisor(groups, bottleneck_ratios))
    return (v * bottleneck_ratios).astype(widths.dtype, copy=False), (v / groups).astype(widths.dtype, copy=False)


def one_group(widths: Array, bottleneck_ratios: Array) -> tuple[Array, Array]:
    """Realised widths and group widths of a block without groups: v = w/b, rounded down, is both.

    >>> one_group(np.array([64, 10]), np.array([4, 4]))
    (array([64,  8]), array([16,  2]))
    """
    v = bottlenecks(widths, bottleneck_ratios)
    return (v * bottleneck_ratios).astype(widths.dtype, copy=False), v.astype(widths.dtype, copy=False)
