"""flops, params and acts in closed form, for one network or a whole population.

flops are multiply-adds of convolutions and linear layers, plus one per output where a layer has a bias; params
include batch norm and biases; acts are the output elements of all convolutions and linear layers ([DDS] §3.1, App. D).
"""

from dataclasses import dataclass
from typing import Any

from dsd.design.blocks import BLOCKS, STEMS, Block, Conv, Width
from dsd.design.network import Network, Networks

MEASURES = ("flops", "params", "acts")


@dataclass(frozen=True)
class Complexity:
    """Complexity of one network (ints) or of n networks (int64 arrays (n,))."""

    flops: Any
    params: Any
    acts: Any

    def __add__(self, other: "Complexity") -> "Complexity":
        return Complexity(self.flops + other.flops, self.params + other.params, self.acts + other.acts)

    def select(self, rows: Any) -> "Complexity":
        """That of the networks at these positions."""
        return Complexity(self.flops[rows], self.params[rows], self.acts[rows])

    def __mul__(self, times: Width) -> "Complexity":
        return Complexity(self.flops * times, self.params * times, self.acts * times)


def side_after(side: Width, stride: int) -> Width:
    """Side of the output of a padded convolution of odd kernel [pixels]."""
    return (side - 1) // stride + 1


def of_conv(conv: Conv, side: Width) -> tuple[Complexity, Width]:
    """A convolution with its batch norm on an input of side `side`, and the side of its output."""
    side = side_after(side, conv.stride)
    weights = conv.kernel**2 * conv.w_in * (conv.w_out // conv.groups)
    return Complexity(weights * side**2, weights + 2 * conv.w_out, conv.w_out * side**2), side


def of_block(block: Block, side: Width) -> tuple[Complexity, Width]:
    """A block on an input of side `side`, and the side of its output."""
    shortcut, _ = of_conv(block.shortcut, side)
    total = shortcut * block.projects
    for conv in block.transform:
        cost, side = of_conv(conv, side)
        total += cost
    return total, side


def of_head(w_in: Width, classes: int) -> Complexity:
    """Global average pool and a linear layer with bias."""
    return Complexity(w_in * classes + classes, w_in * classes + classes, classes)


def stage_of(network: Network | Networks, stage: int) -> tuple[Width, Width, Width, Width]:
    """d, w, b and g of a stage: numbers of one network, or arrays (n,) of a population."""
    if isinstance(network, Network):
        return tuple(values[stage] for values in network.stages)  # type: ignore[return-value]
    return tuple(values[:, stage] for values in network.stages)  # type: ignore[return-value]


def complexity(network: Network | Networks) -> Complexity:
    """Complexity of a network, or of each network of a population.

    >>> from dsd.design.named import network
    >>> complexity(network("RegNetX-400MF"))
    Complexity(flops=397678568, params=5157512, acts=3143272)
    """
    family = network.family
    make = BLOCKS[family.block]
    stem = STEMS[family.stem]
    total, side = of_conv(stem, network.resolution)
    w_in: Width = stem.w_out
    for stage, stride in enumerate(family.strides):
        d, w, b, g = stage_of(network, stage)
        first, side = of_block(make(w_in, w, b, g, stride), side)
        rest, _ = of_block(make(w, w, b, g, 1), side)
        total += first + rest * (d - 1)
        w_in = w
    return total + of_head(w_in, network.classes)
