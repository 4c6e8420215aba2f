"""flops, params and acts in closed form, for one network or a whole population.

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
UNITS = {"flops": 1e9, "params": 1e6, "acts": 1e6}  # in which people read them: GF, M, M


def along(layers: Iterable[Layer], side: Side) -> Iterator[tuple[Conv, Side]]:
    """The convolutions of a branch on an input of side `side`, each with the side of its output."""
    for layer in layers:
        if isinstance(layer, SqueezeExcite):
            yield from ((layer.squeeze, 1), (layer.excite, 1))  # of the channels' means
        else:
            side = side_after(side, layer.stride)
            if isinstance(layer, Conv) and layer.exists is not False:
                yield layer, side


def of_block(block: Block, side: Side) -> list[tuple[Conv, Side]]:
    """The convolutions of a block on inputs of side `side`."""
    return [*along(block.transform, side), *along((block.projection,) if block.projection else (), side)]


def parts(network: Network | Networks) -> Iterator[Part]:
    """Stem, first and further blocks of each stage, head: all that costs anything."""
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
    yield 1, [*along(layers.head, side), (layers.classifier, 1)]  # a linear layer on the channels' means


def cost_of(conv: Conv, side: Side, cost: Callable[[Conv, Side], Any]) -> Any:
    """The cost of a convolution for the networks that have it, zero for others."""
    return cost(conv, side) if conv.exists is True else cost(conv, side) * conv.exists


def total(counted: list[Part], measure: str) -> Any:
    """The sum of one measure over parts."""
    cost = MEASURES[measure]
    sums = ((times, reduce(add, (cost_of(conv, side, cost) for conv, side in convs))) for times, convs in counted)
    return reduce(add, (value if isinstance(times, int) and times == 1 else value * times for times, value in sums))


def flops_bound(networks: Networks) -> float:
    """A number of flops that none of n networks exceeds, without counting each.

    It is that of a network with as many blocks as the deepest, all as wide as the widest, on the largest image, in one
    group, and with a projection each.
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
    """flops of convolutions."""
    return float(sum(cost_of(conv, side, conv_flops) for conv, side in convs))


def count_complexity(network: Network | Networks) -> Complexity:
    """Complexity of a network, or of each network of a population."""
    counted = list(parts(network))
    return Complexity(*(total(counted, measure) for measure in MEASURES))
