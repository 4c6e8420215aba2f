"""What a block is: its layers, and the facts by which a stage of it is drawn, checked and built.

Notation of [DDS] §3.1: w width, b bottleneck ratio (divisor), g group width, k kernel; v = w/b is the width inside a
bottleneck. Every width may be a number (one network) or an array (n,) (a population).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dsd.architecture.layers import Conv, Layer, Which, Width
from dsd.architecture.width_rule import Array, adjust, one_group

MOST = 10**12  # blocks or channels; far above what is built, far below what 64 bits hold


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


@dataclass(frozen=True)
class BlockType:
    """A kind of block: all that spaces, networks and models need to know of it.

    layers: the block of a shape
    bottleneck: whether it has a bottleneck ratio b; b = 1 for the others
    groups: of its spatial convolution: of a drawn group width, one group (g = w/b), or one per channel (g = 1)
    """

    name: str
    layers: Callable[[Shape], Block]
    bottleneck: bool = False
    groups: Literal["drawn", "one", "depthwise"] = "one"

    @property
    def has_groups(self) -> bool:
        """Whether a stage of it has a group width of its own."""
        return self.groups == "drawn"

    def realised(self, widths: Array, bottleneck_ratios: Array, group_widths: Array) -> tuple[Array, Array]:
        """Widths and group widths that can be built, of one shape; group_widths are looked at where it has groups."""
        if self.has_groups:
            return adjust(widths, bottleneck_ratios, group_widths)
        if self.groups == "depthwise":
            return widths, np.ones_like(widths)
        return one_group(widths, bottleneck_ratios)

    def only_group_width(self, w: float, b: float) -> int:
        """The group width of a stage of a block without groups."""
        return 1 if self.groups == "depthwise" or b <= 0 else max(1, round(w / b))

    def why_no_ratio(self, b: float) -> str:
        """Why a stage cannot have this bottleneck ratio, whatever its width; "" where it can."""
        if not 0 < b < math.inf:
            return "give a positive number; 1 for no bottleneck"
        if self.groups == "depthwise" and not (b <= 1 and near_whole(1 / b)):
            return f"block {self.name} widens its input; give 1, 1/2, 1/3, …"
        return f"block {self.name} has no bottleneck; give 1" if b != 1 and not self.bottleneck else ""

    def why_not(self, d: float, w: float, b: float, g: float) -> str:
        """Why a stage of this block cannot be built, or "" where it can."""
        for name, value in (("depth", d), ("width", w), ("group width", g)):
            if not 1 <= value <= MOST or value % 1:
                return f"{name} {value:g}: give a whole number from 1{f' to {MOST:.0e}' if value > MOST else ''}"
        reason = self.why_no_ratio(b)
        if reason:
            return f"bottleneck ratio {b:g}: {reason}"
        if self.groups == "depthwise":
            return "" if g == 1 else f"group width {g:g}: block {self.name} is depthwise; give 1"
        if not near_whole(w / b) or w / b < 1:
            return f"width {w:g} / bottleneck ratio {b:g} = {w / b:g} channels: not a whole number"
        v = round(w / b)
        if not self.has_groups:
            return "" if g == v else f"group width {g:g}: block {self.name} has one group; give {v}"
        if v % g:
            width, group = (x.item() for x in adjust(np.array([w]), np.array([b]), np.array([g])))
            return (
                f"{w:g} / {b:g} = {v} channels do not divide into groups of {g:g}; "
                f"the nearest that do: width {width:g}, group width {group:g}"
            )
        return ""


def near_whole(value: float) -> bool:
    """Whether a number is whole but for rounding errors."""
    return math.isclose(value, round(value), rel_tol=1e-9)
