"""Residual bottlenecks: X, Y and R."""

import numpy as np

from dsd.architecture.blocks.block import Block, BlockType, Shape, residual
from dsd.architecture.layers import Conv, SqueezeExcite, Width


def squeeze_excite(w: Width, w_in: Width) -> SqueezeExcite:
    """Build squeeze-and-excitation on w channels, squeezed to w_in/4, halves rounded to even ([DDS] App. D)."""
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


X = BlockType("X", x_block, bottleneck=True, groups="drawn")
Y = BlockType("Y", y_block, bottleneck=True, groups="drawn")
R = BlockType("R", r_block, bottleneck=True)
