"""flops, params and acts in closed form, for one network or a whole population.

flops are multiply-adds of convolutions and linear layers, plus one per output where a layer has a bias; params
include batch norm and biases; acts are the output elements of all convolutions and linear layers ([DDS] §3.1, App. D).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from dsd.design.blocks import BLOCKS, STEMS, Block, Conv, Layer, SqueezeExcite, Width, bottleneck_width
from dsd.design.network import Network, Networks

Side = Any  # of an image: int [pixels], or an array (n,)
Part = tuple[Any, list[tuple[Conv, Side]]]  # how often it occurs, its convolutions with the side of their output


@dataclass(frozen=True)
class Complexity:
    """Complexity of one network (ints) or of n networks (int64 arrays (n,))."""

    flops: Any
    params: Any
    acts: Any


def conv_flops(conv: Conv, side: Side) -> Any:
    """k² · r² · (w_in of a group) · w_out, and one per output for a bias."""
    flops = conv.kernel**2 * side**2 * conv.fan_in * conv.w_out
    return flops + conv.w_out * side**2 if conv.bias else flops


def conv_params(conv: Conv, side: Side) -> Any:
    """Weights, and either a bias or the scale and shift of batch norm."""
    return conv.kernel**2 * conv.fan_in * conv.w_out + (1 if conv.bias else 2) * conv.w_out


def conv_acts(conv: Conv, side: Side) -> Any:
    """Elements of the output."""
    return side**2 * conv.w_out


MEASURES: dict[str, Callable[[Conv, Side], Any]] = {"flops": conv_flops, "params": conv_params, "acts": conv_acts}


def side_after(side: Side, stride: int) -> Side:
    """Side of the output of a padded convolution of odd kernel [pixels]."""
    return side if stride == 1 else (side - 1) // stride + 1


def along(transform: tuple[Layer, ...], side: Side) -> Iterator[tuple[Conv, Side]]:
    """The convolutions of a branch on an input of side `side`, each with the side of its output."""
    for layer in transform:
        if isinstance(layer, SqueezeExcite):
            yield from ((layer.squeeze, 1), (layer.excite, 1))  # of the channels' means
        else:
            side = side_after(side, layer.stride)
            yield layer, side


def of_block(block: Block, side: Side, times: Any) -> Iterator[Part]:
    """A block that occurs `times` times on inputs of side `side`."""
    yield times, list(along(block.transform, side))
    if block.shortcut is not None and block.projects is not False:
        once = isinstance(times, int) and times == 1
        yield block.projects if once else block.projects * times, list(along((block.shortcut,), side))


def parts(network: Network | Networks) -> Iterator[Part]:
    """Stem, first and further blocks of each stage, head: all that costs anything."""
    family = network.family
    stem, block = STEMS[family.stem], BLOCKS[family.block]
    side = network.resolution
    if not isinstance(side, int) and len(side) and (side == side[0]).all():
        side = int(side[0])
    yield 1, list(along((stem,), side))
    side = side_after(side, stem.stride)
    w_in: Width = stem.w_out
    for stage, stride in enumerate(family.strides):
        d, w, b, g = stage_of(network, stage)
        v = bottleneck_width(w, b)
        yield from of_block(block(w_in, w, v, g, stride), side, 1)
        side = side_after(side, stride)
        yield from of_block(block(w, w, v, g, 1), side, d - 1)
        w_in = w
    yield 1, [(Conv(w_in, network.classes, bias=True), 1)]  # global average pool and a linear layer


def stage_of(network: Network | Networks, stage: int) -> tuple[Width, Width, Width, Width]:
    """d, w, b and g of a stage: numbers of one network, or arrays (n,) of a population."""
    if isinstance(network, Network):
        return tuple(values[stage] for values in network.stages)  # type: ignore[return-value]
    return tuple(values[:, stage] for values in network.stages)  # type: ignore[return-value]


def total(counted: list[Part], measure: str) -> Any:
    """The sum of one measure over parts."""
    cost = MEASURES[measure]
    sums = ((times, reduce(add, (cost(conv, side) for conv, side in convs))) for times, convs in counted)
    return reduce(add, (value if isinstance(times, int) and times == 1 else value * times for times, value in sums))


def complexity(network: Network | Networks) -> Complexity:
    """Complexity of a network, or of each network of a population.

    >>> from dsd.design.named import network
    >>> complexity(network("RegNetX-400MF"))
    Complexity(flops=397678568, params=5157512, acts=3143272)
    """
    counted = list(parts(network))
    return Complexity(*(total(counted, measure) for measure in MEASURES))
