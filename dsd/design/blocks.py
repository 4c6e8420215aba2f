"""Blocks and stems as lists of their convolutions: the one description that is counted and built.

`dsd.design.complexity` counts these lists in closed form, `dsd.models` turns them into modules. Every width may be
an int (one network) or an array (n,) (a population). Notation of [DDS] §3.1: w width, b bottleneck ratio (divisor),
g group width; v = w/b is the width of the 3×3 convolution.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Width = Any  # int, or an int64 array (n,)


@dataclass(frozen=True)
class Conv:
    """A convolution without bias, its batch norm, and an activation unless it ends a branch."""

    w_in: Width
    w_out: Width
    kernel: int = 1
    stride: int = 1
    groups: Width = 1
    activation: bool = True


@dataclass(frozen=True)
class Block:
    """`transform(x) + shortcut(x)`, then the activation; the shortcut is the identity unless `projects`."""

    transform: tuple[Conv, ...]
    shortcut: Conv
    projects: Any  # bool, or a bool array (n,)


def bottleneck_width(w: Width, b: Any) -> Width:
    """v = w/b, whole for every network that can be built."""
    v = w / b
    return v.astype(np.int64) if isinstance(v, np.ndarray) else int(v)


def x_block(w_in: Width, w: Width, b: Width, g: Width, stride: int) -> Block:
    """X, the residual bottleneck with groups: x + [1×1, 3×3 (v/g groups, stride), 1×1] ([DDS] Fig. 4)."""
    v = bottleneck_width(w, b)
    return Block(
        transform=(
            Conv(w_in, v),
            Conv(v, v, kernel=3, stride=stride, groups=v // g),
            Conv(v, w, activation=False),
        ),
        shortcut=Conv(w_in, w, stride=stride, activation=False),
        projects=(stride != 1) | (w_in != w),
    )


BLOCKS: dict[str, Callable[[Width, Width, Width, Width, int], Block]] = {"X": x_block}

STEMS: dict[str, Conv] = {
    "simple": Conv(3, 32, kernel=3, stride=2),  # [DDS] §3.1
    "cifar": Conv(3, 16, kernel=3, stride=1),  # [NDS], images of 32×32
}
