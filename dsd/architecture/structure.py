"""The layers of a network from image to classes; counting and building both use them."""

from dataclasses import dataclass, replace
from typing import Any

from dsd.architecture.blocks.block import Block, Shape, divided
from dsd.architecture.layers import Conv, Strided, Width
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.stems import STEMS


@dataclass(frozen=True)
class Stage:
    """A stage: block `first` (with the stage's stride and input width), then `depth - 1` blocks `further`."""

    first: Block
    further: Block
    depth: Width


@dataclass(frozen=True)
class Structure:
    """All layers of a network, or of n networks of one skeleton.

    head: convolutions before the global average pool
    classifier: the linear layer after it, as a 1×1 convolution on one pixel
    """

    stem: tuple[Strided, ...]
    stages: tuple[Stage, ...]
    head: tuple[Conv, ...]
    classifier: Conv


def layer_structure(network: Network | Networks) -> Structure:
    """Build the layers of a network (widths as ints) or of a population (widths as arrays (n,))."""
    skeleton = network.skeleton
    block = skeleton.block_type.layers
    w_in: Width = skeleton.stem_channels
    stages = []
    for i, (stride, k) in enumerate(zip(skeleton.strides, skeleton.kernel_sizes, strict=True)):
        d, w, b, g = of_stage(network, i)
        first = Shape(w_in, w, divided(w, b), b, g, stride, k)
        stages.append(Stage(block(first), block(replace(first, w_in=w, stride=1)), d))
        w_in = w
    return Structure(
        STEMS[skeleton.stem](skeleton.stem_channels), tuple(stages), *head(w_in, skeleton.head_width, network.classes)
    )


def of_stage(network: Network | Networks, i: int) -> tuple[Any, ...]:
    """Return d, w, b and g of stage i: numbers for one network, arrays (n,) for a population."""
    if isinstance(network, Network):
        return tuple(values[i] for values in network.stages)
    return tuple(values[:, i] for values in network.stages)


def head(w_in: Width, w: int, classes: int) -> tuple[tuple[Conv, ...], Conv]:
    """Build the head: [1×1 to w channels if w > 0 (EfficientNet)], global average pool, linear layer ([DDS] §3.1)."""
    convs = (Conv(w_in, w),) if w else ()
    return convs, Conv(w or w_in, classes, bias=True, activation=False)
