"""Block types: their layers, and the rules for valid widths, bottleneck ratios and group widths.

Notation of [DDS] §3.1: w width, b bottleneck ratio (divisor), g group width, k kernel; v = w/b is the width inside a
bottleneck. Every width is a number (one network) or an array (n,) (a population).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dsd.architecture.layers import Conv, Layer, Which, Width
from dsd.architecture.width_rule import Array, adjust, one_group

MOST = 10**12  # blocks or channels; far above any built network, far below the limit of 64 bits


@dataclass(frozen=True)
class Block:
    """`transform(x) + x`, or `transform(x) + projection(x)` if a projection exists; then an activation if there is one.

    adds: false if the block has no shortcut: its output is `transform(x)`
    """

    transform: tuple[Layer, ...]
    projection: Conv | None = None
    adds: Which = True
    activation: bool = True


@dataclass(frozen=True)
class Shape:
    """Shape of one block: input width, and the stage's w, v = w/b, b, g, stride and kernel k."""

    w_in: Width
    w: Width
    v: Width
    b: Any
    g: Width
    stride: int
    k: int


def divided(w: Width, b: Any) -> Width:
    """Compute w/b, a whole number for every valid network; stays a float for proposals in floats."""
    v = w / b
    if not isinstance(v, np.ndarray):
        return round(v)
    return v if isinstance(w, np.ndarray) and w.dtype.kind == "f" else np.rint(v).astype(np.int64)


def changed(shape: Shape) -> Which:
    """Whether a block changes the resolution or the width of its input."""
    return True if shape.stride != 1 else False if shape.w_in is shape.w else shape.w_in != shape.w


def residual(transform: tuple[Layer, ...], s: Shape) -> Block:
    """Build a residual block; if stride or width changes, its shortcut is a strided 1×1 convolution with batch norm."""
    return Block(transform, Conv(s.w_in, s.w, stride=s.stride, activation=False, exists=changed(s)))


@dataclass(frozen=True)
class BlockType:
    """A block type, as spaces, networks and models use it.

    layers: builds the block of a shape
    bottleneck: whether it has a bottleneck ratio b; others have b = 1
    groups: of its spatial convolution: with a drawn group width, one group (g = w/b), or one per channel (g = 1)
    """

    name: str
    layers: Callable[[Shape], Block]
    bottleneck: bool = False
    groups: Literal["drawn", "one", "depthwise"] = "one"

    @property
    def has_groups(self) -> bool:
        """Whether the group width is a free parameter of its stages."""
        return self.groups == "drawn"

    def realised(self, widths: Array, bottleneck_ratios: Array, group_widths: Array) -> tuple[Array, Array]:
        """Apply the width rule: return valid widths and group widths; blocks without groups ignore group_widths."""
        if self.has_groups:
            return adjust(widths, bottleneck_ratios, group_widths)
        if self.groups == "depthwise":
            return widths, np.ones_like(widths)
        return one_group(widths, bottleneck_ratios)

    def only_group_width(self, w: float, b: float) -> int:
        """Compute the group width of a stage for a block without groups."""
        return 1 if self.groups == "depthwise" or b <= 0 else max(1, round(w / b))

    def why_no_ratio(self, b: float) -> str:
        """Explain why a stage cannot have this bottleneck ratio at any width; "" if it can."""
        if not 0 < b < math.inf:
            return "give a positive number; 1 for no bottleneck"
        if self.groups == "depthwise" and not (b <= 1 and near_whole(1 / b)):
            return f"block {self.name} widens its input; give 1, 1/2, 1/3, …"
        return f"block {self.name} has no bottleneck; give 1" if b != 1 and not self.bottleneck else ""

    def why_not(self, d: float, w: float, b: float, g: float) -> str:
        """Explain why a stage of this block is invalid; "" if it is valid."""
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
                f"nearest valid: width {width:g}, group width {group:g}"
            )
        return ""


def near_whole(value: float) -> bool:
    """Whether a number is whole up to rounding errors."""
    return math.isclose(value, round(value), rel_tol=1e-9)
