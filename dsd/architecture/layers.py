"""Layers: what blocks, stems and heads are made of. They are counted and built from this one description.

`dsd.architecture.complexities` counts layers in closed form, `dsd.models` turns them into modules. Every width may be a
number (one network) or an array (n,) (a population).
"""

from dataclasses import dataclass
from typing import Any

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
ACTIVATIONS = ("relu", "silu")  # silu is the paper's Swish ([DDS] Fig. 20)
