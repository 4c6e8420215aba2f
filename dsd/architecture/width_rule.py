"""The width rule: adjusts the drawn widths so that groups divide them and the network can be built.

Arrays have one shape and hold integers or whole floats; results have the dtype of the widths.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def bottlenecks(widths: Array, bottleneck_ratios: Array) -> Array:
    """Compute v = w/b, rounded down, at least 1, as floats."""
    return np.maximum(1.0, np.floor(widths / bottleneck_ratios))


def divisor(groups: Array, bottleneck_ratios: Array) -> Array:
    """Return the required divisor of v: `groups`, or lcm(groups, 1/b) for an inverted bottleneck (b < 1)."""
    if not (bottleneck_ratios < 1).any():
        return groups
    inverse = np.maximum(1, np.rint(1 / bottleneck_ratios)).astype(np.int64)
    common: Array = np.lcm(groups.astype(np.int64), inverse)
    return common


def multiple(v: Array, of: Array) -> Array:
    """Round v to the nearest multiple of `of`, halves to even, at least `of` itself."""
    rounded: Array = np.maximum(of, of * np.rint(v / of))
    return rounded


def adjust(widths: Array, bottleneck_ratios: Array, group_widths: Array) -> tuple[Array, Array]:
    """Compute realised widths and group widths as in the authors' code ([DDS] App. D).

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
    """Compute realised widths and group widths for a drawn number of groups ([NDS]); same rounding.

    >>> adjust_to_groups(np.array([64, 10]), np.array([2, 1]), np.array([4, 4]))
    (array([64,  8]), array([8, 2]))
    """
    v = multiple(bottlenecks(widths, bottleneck_ratios), divisor(groups, bottleneck_ratios))
    return (v * bottleneck_ratios).astype(widths.dtype, copy=False), (v / groups).astype(widths.dtype, copy=False)


def one_group(widths: Array, bottleneck_ratios: Array) -> tuple[Array, Array]:
    """Compute realised widths and group widths of a block without groups: w = v·b, g = v, v = w/b rounded down.

    >>> one_group(np.array([64, 10]), np.array([4, 4]))
    (array([64,  8]), array([16,  2]))
    """
    v = bottlenecks(widths, bottleneck_ratios)
    return (v * bottleneck_ratios).astype(widths.dtype, copy=False), v.astype(widths.dtype, copy=False)
