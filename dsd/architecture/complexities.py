"""Complexity in closed form (flops, params, acts), of one network or a population.

flops are multiply-adds of convolutions and linear layers, plus one per output where a layer has a bias; params
include batch norm and biases; acts are the output elements of all convolutions and linear layers ([DDS] §3.1, App. D).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from dsd.architecture.blocks.block import Block, Shape
from dsd.architecture.layers import Conv, Layer, SqueezeExcite
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.skeleton import side_after
from dsd.architecture.stems import STEMS
from dsd.architecture.structure import head, layer_structure

Side = Any  # side of an image [pixels]: int, or an array (n,)
Part = tuple[Any, list[tuple[Conv, Side]]]  # number of repetitions; convolutions with the side of their output


@dataclass(frozen=True)
class Complexity:
    """Complexity of one network (ints) or of n networks (int64 arrays (n,))."""

    flops: Any
    params: Any
    acts: Any


def conv_flops(conv: Conv, side: Side) -> Any:
    """Count k² · r² · (w_in of a group) · w_out, plus one per output for a bias."""
    flops = conv.kernel**2 * side**2 * conv.fan_in * conv.w_out
    return flops + conv.w_out * side**2 if conv.bias else flops


def conv_params(conv: Conv, side: Side) -> Any:
    """Count the weights, plus a bias or the scale and shift of batch norm."""
    return conv.kernel**2 * conv.fan_in * conv.w_out + (1 if conv.bias else 2) * conv.w_out


def conv_acts(conv: Conv, side: Side) -> Any:
    """Count the elements of the output."""
    return side**2 * conv.w_out


MEASURES: dict[str, Callable[[Conv, Side], Any]] = {"flops": conv_flops, "params": conv_params, "acts": conv_acts}
UNITS = {"flops": 1e9, "params": 1e6, "acts": 1e6}  # display units: GF, M, M


def along(layers: Iterable[Layer], side: Side) -> Iterator[tuple[Conv, Side]]:
    """Yield the convolutions of a branch, each with the side of its output; `side` is that of the input."""
    for layer in layers:
        if isinstance(layer, SqueezeExcite):
            yield from ((layer.squeeze, 1), (layer.excite, 1))  # on the channel means
        else:
            side = side_after(side, layer.stride)
            if isinstance(layer, Conv) and layer.exists is not False:
                yield layer, side


def of_block(block: Block, side: Side) -> list[tuple[Conv, Side]]:
    """List the convolutions of a block, each with the side of its output; `side` is that of the input."""
    return [*along(block.transform, side), *along((block.projection,) if block.projection else (), side)]


def parts(network: Network | Networks) -> Iterator[Part]:
    """Yield all parts with a cost: stem, first and further blocks of each stage, head."""
    skeleton, layers = network.skeleton, layer_structure(network)
    side = network.resolution
    if not isinstance(side, int) and len(side) and (side == side[0]).all():
        side = int(side[0])
    yield 1, list(along(layers.stem, side))
    for layer in layers.stem:
        side = side_after(side, layer.stride)
    for stage, stride in zip(layers.stages, skeleton.strides, strict=True):
        yield 1, of_block(stage.first, side)
        side = side_after(side, stride)
        yield stage.depth - 1, of_block(stage.further, side)
    yield 1, [*along(layers.head, side), (layers.classifier, 1)]  # a linear layer on the channel means


def cost_of(conv: Conv, side: Side, cost: Callable[[Conv, Side], Any]) -> Any:
    """Compute the cost of a convolution; zero for networks that do not have it."""
    return cost(conv, side) if conv.exists is True else cost(conv, side) * conv.exists


def total(counted: list[Part], measure: str) -> Any:
    """Sum one measure over parts."""
    cost = MEASURES[measure]
    sums = ((times, reduce(add, (cost_of(conv, side, cost) for conv, side in convs))) for times, convs in counted)
    return reduce(add, (value if isinstance(times, int) and times == 1 else value * times for times, value in sums))


def flops_bound(networks: Networks) -> float:
    """Compute an upper bound for the flops of n networks, without counting each.

    The bound is the flops of a network with the depth of the deepest, every block as wide as the widest, with one group
    and a projection, on the largest image.
    """
    skeleton, side = networks.skeleton, float(networks.resolution.max())
    depth = float(networks.depths.sum(axis=1).max())
    widest, b = float(max(networks.widths.max(), skeleton.stem_channels)), float(networks.bottleneck_ratios.min())
    v = widest / min(1.0, b)
    block = skeleton.block_type.layers(Shape(widest, widest + 1, v, b, v, stride=1, k=max(skeleton.kernel_sizes)))
    convs, classifier = head(widest, skeleton.head_width, networks.classes)
    stem = STEMS[skeleton.stem](skeleton.stem_channels)
    once = [*along(stem, side), *along(convs, side), (classifier, 1)]
    return depth * flops_of(of_block(block, side)) + flops_of(once)


def flops_of(convs: Iterable[tuple[Conv, Side]]) -> float:
    """Sum the flops of convolutions."""
    return float(sum(cost_of(conv, side, conv_flops) for conv, side in convs))


def count_complexity(network: Network | Networks) -> Complexity:
    """Compute the complexity of a network, or of each network of a population."""
    counted = list(parts(network))
    return Complexity(*(total(counted, measure) for measure in MEASURES))
