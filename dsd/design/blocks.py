"""Blocks and stems as lists of their layers: the one description that is counted and built.

`dsd.design.complexity` counts these lists in closed form, `dsd.models` turns them into modules. Every width may be
a number (one network) or an array (n,) (a population). Notation of [DDS] §3.1: w width, b bottleneck ratio (divisor),
g group width; v = w/b is the width of the 3×3 convolution of a bottleneck. A block is a function of w_in, w, v, g and
the stride; those that have no bottleneck or no groups leave v or g aside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Width = Any  # int, or an int64 or float64 array (n,)


@dataclass(frozen=True)
class Conv:
    """A convolution with its batch norm, or with a bias instead, and an activation unless it ends a branch.

    group_width: input channels of one group; all of them where None
    """

    w_in: Width
    w_out: Width
    kernel: int = 1
    stride: int = 1
    group_width: Width | None = None
    bias: bool = False
    activation: bool = True

    @property
    def fan_in(self) -> Width:
        """Input channels that each output sees."""
        return self.w_in if self.group_width is None else self.group_width


@dataclass(frozen=True)
class SqueezeExcite:
    """x · sigmoid(1×1(activation(1×1(mean of x)))): from w channels to `squeezed` and back ([DDS] §4, the Y block)."""

    squeeze: Conv
    excite: Conv


Layer = Conv | SqueezeExcite


@dataclass(frozen=True)
class Block:
    """`transform(x) + shortcut(x)`, then the activation.

    shortcut: its projection, used where `projects`, the identity elsewhere; None for a block that adds nothing
    """

    transform: tuple[Layer, ...]
    shortcut: Conv | None = None
    projects: Any = False  # bool, or a bool array (n,)


def residual(transform: tuple[Layer, ...], w_in: Width, w: Width, stride: int) -> Block:
    """A block whose shortcut is a 1×1 convolution where stride or width changes."""
    projects = True if stride != 1 else False if w_in is w else w_in != w
    return Block(transform, Conv(w_in, w, stride=stride, activation=False), projects)


def bottleneck_width(w: Width, b: Any) -> Width:
    """v = w/b, whole for every network that can be built."""
    v = w / b
    if isinstance(v, np.ndarray):
        return v if w.dtype.kind == "f" else v.astype(np.int64)
    return int(v)


def squeeze_excite(w: Width, w_in: Width) -> SqueezeExcite:
    """On w channels, squeezed to a quarter of the block's input width, half to even ([DDS] App. D)."""
    quarter = np.maximum(1, np.rint(0.25 * w_in))
    squeezed = int(quarter) if np.ndim(quarter) == 0 else quarter.astype(w_in.dtype)
    return SqueezeExcite(Conv(w, squeezed, bias=True), Conv(squeezed, w, bias=True, activation=False))


def x_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """X, the residual bottleneck with groups: x + [1×1, 3×3 (groups of g, stride), 1×1] ([DDS] Fig. 4)."""
    middle = Conv(v, v, kernel=3, stride=stride, group_width=g)
    return residual((Conv(w_in, v), middle, Conv(v, w, activation=False)), w_in, w, stride)


def y_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """Y, X with squeeze-and-excitation: x + [1×1, 3×3 (groups of g, stride), SE, 1×1] ([DDS] §4, App. D)."""
    middle = Conv(v, v, kernel=3, stride=stride, group_width=g)
    transform = (Conv(w_in, v), middle, squeeze_excite(v, w_in), Conv(v, w, activation=False))
    return residual(transform, w_in, w, stride)


def r_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """R, X without groups: x + [1×1, 3×3 (stride), 1×1] ([DDS] App. D, Fig. 23)."""
    transform = (Conv(w_in, v), Conv(v, v, kernel=3, stride=stride), Conv(v, w, activation=False))
    return residual(transform, w_in, w, stride)


def v_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """V: [3×3 (stride)] ([DDS] App. D, Fig. 23)."""
    return Block((Conv(w_in, w, kernel=3, stride=stride, activation=False),))


def vr_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """VR, V with a shortcut: x + [3×3 (stride)] ([DDS] App. D, Fig. 23)."""
    return residual(v_block(w_in, w, v, g, stride).transform, w_in, w, stride)


def vanilla_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """Vanilla: [3×3 (stride), 3×3] ([NDS])."""
    return Block((Conv(w_in, w, kernel=3, stride=stride), Conv(w, w, kernel=3, activation=False)))


def basic_block(w_in: Width, w: Width, v: Width, g: Width, stride: int) -> Block:
    """Basic, that of ResNet for small images: x + [3×3 (stride), 3×3] ([NDS])."""
    return residual(vanilla_block(w_in, w, v, g, stride).transform, w_in, w, stride)


BLOCKS: dict[str, Callable[[Width, Width, Width, Width, int], Block]] = {
    "X": x_block,
    "Y": y_block,
    "R": r_block,
    "V": v_block,
    "VR": vr_block,
    "vanilla": vanilla_block,
    "basic": basic_block,
}
BOTTLENECKS = ("X", "Y", "R")  # those with a bottleneck ratio; of the others b = 1
GROUPED = ("X", "Y")  # those with groups; of the others g = w/b, one group

STEMS: dict[str, Conv] = {
    "simple": Conv(3, 32, kernel=3, stride=2),  # [DDS] §3.1
    "cifar": Conv(3, 16, kernel=3, stride=1),  # [NDS], images of 32×32
}

ACTIVATIONS = ("relu", "silu")  # silu is the paper's Swish ([DDS] Fig. 20)
