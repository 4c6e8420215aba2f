"""Blocks, stems and head as lists of their layers: the one description that is counted and built.

`dsd.design.complexity` counts these lists in closed form, `dsd.models` turns them into modules; what a list means for
an image is said once, in the docstring of its class. Every width may be a number (one network) or an array (n,) (a
population). Notation of [DDS] §3.1: w width, b bottleneck ratio (divisor), g group width, k kernel; v = w/b is the
width inside a bottleneck.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Width = Any  # int, or an int64 or float64 array (n,)
Which = Any  # bool, or a bool array (n,): of which networks something is true


@dataclass(frozen=True)
class Conv:
    """A convolution with its batch norm, or with a bias instead, and an activation unless it ends a branch.

    group_width: input channels of one group; all of them where None
    exists: where false, its input is its output
    """

    w_in: Width
    w_out: Width
    kernel: int = 1
    stride: int = 1
    group_width: Width | None = None
    bias: bool = False
    activation: bool = True
    exists: Which = True

    @property
    def fan_in(self) -> Width:
        """Input channels that each output sees."""
        return self.w_in if self.group_width is None else self.group_width


@dataclass(frozen=True)
class SqueezeExcite:
    """x · sigmoid(1×1(activation(1×1(mean of x)))): from w channels to `squeezed` and back ([DDS] §4, the Y block)."""

    squeeze: Conv
    excite: Conv


@dataclass(frozen=True)
class MaxPool:
    """The largest value of each window; it has no weights and, as counted here, no cost."""

    kernel: int
    stride: int


Strided = Conv | MaxPool  # what may halve an image
Layer = Strided | SqueezeExcite


@dataclass(frozen=True)
class Block:
    """`transform(x) + x`, or `transform(x) + projection(x)` where that exists; then the activation, unless it has none.

    adds: false where a block is its transform alone
    """

    transform: tuple[Layer, ...]
    projection: Conv | None = None
    adds: Which = True
    activation: bool = True


@dataclass(frozen=True)
class Shape:
    """What a network states of one block: its input's width, and the stage's w, v = w/b, b, g, kernel k and stride."""

    w_in: Width
    w: Width
    v: Width
    b: Any
    g: Width
    stride: int
    k: int


def divided(w: Width, b: Any) -> Width:
    """w/b, whole for every network that can be built; proposals may have it in floats."""
    v = w / b
    if not isinstance(v, np.ndarray):
        return round(v)
    return v if isinstance(w, np.ndarray) and w.dtype.kind == "f" else np.rint(v).astype(np.int64)


def changed(shape: Shape) -> Which:
    """Whether a block's output differs from its input in side or width."""
    return True if shape.stride != 1 else False if shape.w_in is shape.w else shape.w_in != shape.w


def residual(transform: tuple[Layer, ...], s: Shape) -> Block:
    """A block whose shortcut is a 1×1 convolution with the stride, and batch norm, where stride or width changes."""
    return Block(transform, Conv(s.w_in, s.w, stride=s.stride, activation=False, exists=changed(s)))


def squeeze_excite(w: Width, w_in: Width) -> SqueezeExcite:
    """On w channels, squeezed to a quarter of the block's input width, half to even ([DDS] App. D)."""
    quarter = np.maximum(1, np.rint(0.25 * w_in))
    squeezed = int(quarter) if np.ndim(quarter) == 0 else quarter.astype(w_in.dtype)
    return SqueezeExcite(Conv(w, squeezed, bias=True), Conv(squeezed, w, bias=True, activation=False))


def x_block(s: Shape) -> Block:
    """X, the residual bottleneck with groups: x + [1×1, k×k (groups of g, stride), 1×1] ([DDS] Fig. 4)."""
    middle = Conv(s.v, s.v, kernel=s.k, stride=s.stride, group_width=s.g)
    return residual((Conv(s.w_in, s.v), middle, Conv(s.v, s.w, activation=False)), s)


def y_block(s: Shape) -> Block:
    """Y, X with squeeze-and-excitation: x + [1×1, k×k (groups of g, stride), SE, 1×1] ([DDS] §4, App. D)."""
    middle = Conv(s.v, s.v, kernel=s.k, stride=s.stride, group_width=s.g)
    return residual((Conv(s.w_in, s.v), middle, squeeze_excite(s.v, s.w_in), Conv(s.v, s.w, activation=False)), s)


def r_block(s: Shape) -> Block:
    """R, X without groups: x + [1×1, k×k (stride), 1×1] ([DDS] App. D, Fig. 23)."""
    middle = Conv(s.v, s.v, kernel=s.k, stride=s.stride)
    return residual((Conv(s.w_in, s.v), middle, Conv(s.v, s.w, activation=False)), s)


def v_block(s: Shape) -> Block:
    """V: [k×k (stride)] ([DDS] App. D, Fig. 23)."""
    return Block((Conv(s.w_in, s.w, kernel=s.k, stride=s.stride, activation=False),), adds=False)


def vr_block(s: Shape) -> Block:
    """VR, V with a shortcut: x + [k×k (stride)] ([DDS] App. D, Fig. 23)."""
    return residual(v_block(s).transform, s)


def vanilla_block(s: Shape) -> Block:
    """Vanilla: [k×k (stride), k×k] ([NDS])."""
    first, second = Conv(s.w_in, s.w, kernel=s.k, stride=s.stride), Conv(s.w, s.w, kernel=s.k, activation=False)
    return Block((first, second), adds=False)


def basic_block(s: Shape) -> Block:
    """Basic, that of ResNet for small images: x + [k×k (stride), k×k] ([NDS])."""
    return residual(vanilla_block(s).transform, s)


def mbconv_block(s: Shape) -> Block:
    """MBConv: x + [1×1, k×k (depthwise, stride), SE, 1×1] with nothing after the addition (EfficientNet, MobileNetV2).

    The bottleneck is inverted and relative to the block's *input*: its width is w_in/b, b ≤ 1. With b = 1 there is no
    first 1×1; where stride or width changes there is no shortcut. SE is always there, as in EfficientNet.
    """
    v, one = divided(s.w_in, s.b), np.ones_like(s.w) if isinstance(s.w, np.ndarray) else 1
    transform = (
        Conv(s.w_in, v, exists=s.b != 1),
        Conv(v, v, kernel=s.k, stride=s.stride, group_width=one),
        squeeze_excite(v, s.w_in),
        Conv(v, s.w, activation=False),
    )
    return Block(transform, adds=np.logical_not(changed(s)), activation=False)


BLOCKS: dict[str, Callable[[Shape], Block]] = {
    "X": x_block,
    "Y": y_block,
    "R": r_block,
    "V": v_block,
    "VR": vr_block,
    "vanilla": vanilla_block,
    "basic": basic_block,
    "mbconv": mbconv_block,
}
BOTTLENECKS = ("X", "Y", "R", "mbconv")  # those with a bottleneck ratio; of the others b = 1
GROUPED = ("X", "Y")  # those with groups; of the others g = w/b, one group, or
DEPTHWISE = ("mbconv",)  # g = 1


def simple_stem(w: int) -> tuple[Strided, ...]:
    """[3×3 (stride 2)] ([DDS] §3.1)."""
    return (Conv(3, w, kernel=3, stride=2),)


def cifar_stem(w: int) -> tuple[Strided, ...]:
    """[3×3], for images of 32×32 ([NDS])."""
    return (Conv(3, w, kernel=3),)


def resnet_stem(w: int) -> tuple[Strided, ...]:
    """[7×7 (stride 2), 3×3 max-pool (stride 2)] of the ResNets for ImageNet."""
    return Conv(3, w, kernel=7, stride=2), MaxPool(kernel=3, stride=2)


STEMS: dict[str, Callable[[int], tuple[Strided, ...]]] = {
    "simple": simple_stem,
    "cifar": cifar_stem,
    "resnet": resnet_stem,
}
STEM_WIDTHS = {"simple": 32, "cifar": 16, "resnet": 64}  # where a family states no other


def head(w_in: Width, w: int, classes: int) -> tuple[tuple[Conv, ...], Conv]:
    """[1×1 to w channels, where w is not 0 (EfficientNet)], global average pool, linear layer ([DDS] §3.1)."""
    convs = (Conv(w_in, w),) if w else ()
    return convs, Conv(w or w_in, classes, bias=True, activation=False)


ACTIVATIONS = ("relu", "silu")  # silu is the paper's Swish ([DDS] Fig. 20)
