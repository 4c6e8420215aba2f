"""Layers: the components of blocks, stems and heads. Counting and building use this one description.

`dsd.architecture.complexities` counts layers in closed form; `dsd.models` builds modules from them. Every width is a
number (one network) or an array (n,) (a population).
"""

from dataclasses import dataclass
from typing import Any

Width = Any  # int, or an int64 or float64 array (n,)
Which = Any  # bool, or a mask (n,) of networks


@dataclass(frozen=True)
class Conv:
    """A convolution with batch norm or a bias, and an activation unless it ends a branch.

    group_width: input channels of one group; None for all of them
    exists: if false, the layer is the identity
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
        """Input channels of each output."""
        return self.w_in if self.group_width is None else self.group_width


@dataclass(frozen=True)
class SqueezeExcite:
    """x · sigmoid(1×1(activation(1×1(mean of x)))): from w channels to `squeezed` and back ([DDS] §4, the Y block)."""

    squeeze: Conv
    excite: Conv


@dataclass(frozen=True)
class MaxPool:
    """A max-pooling layer: no weights and, as counted here, no cost."""

    kernel: int
    stride: int


Strided = Conv | MaxPool  # layers with a stride
Layer = Strided | SqueezeExcite
ACTIVATIONS = ("relu", "silu")  # silu is the paper's Swish ([DDS] Fig. 20)
