"""AnyNet: stem, stages of equal blocks, head ([DDS] §3.1)."""

import math

import torch
from torch import Tensor, nn

from dsd.design.blocks import BLOCKS, STEMS, Block, bottleneck_width
from dsd.design.network import Network
from dsd.models.layers import ACTIVATIONS, ConvNorm, module_of


class AnyBlock(nn.Module):
    """x ↦ activation(transform(x) + shortcut(x)), or activation(transform(x)) for a block without a shortcut.

    The shortcut is a 1×1 convolution where stride or width changes.
    """

    def __init__(self, block: Block, activation: str) -> None:
        super().__init__()
        self.transform = nn.Sequential(*(module_of(layer, activation) for layer in block.transform))
        self.shortcut: nn.Module | None = None
        if block.shortcut is not None:
            self.shortcut = ConvNorm(block.shortcut, activation) if block.projects else nn.Identity()
        self.activation = ACTIVATIONS[activation](inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, w_in, side, side) to (batch, w, side/stride, side/stride)."""
        y = self.transform(x)
        result: Tensor = self.activation(y if self.shortcut is None else y + self.shortcut(x))
        return result


def stage(network: Network, i: int, w_in: int) -> nn.Sequential:
    """Stage i: the first block takes the width w_in and has the stage's stride."""
    w, g = network.widths[i], network.group_widths[i]
    v = bottleneck_width(w, network.bottleneck_ratios[i])
    make, stride, activation = BLOCKS[network.family.block], network.family.strides[i], network.family.activation
    first = AnyBlock(make(w_in, w, v, g, stride), activation)
    rest = (AnyBlock(make(w, w, v, g, 1), activation) for _ in range(network.depths[i] - 1))
    return nn.Sequential(first, *rest)


class AnyNet(nn.Module):
    """The network of a description: `stem`, `stages` and `head`, one after the other."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        stem = STEMS[network.family.stem]
        w_ins = (stem.w_out, *network.widths)
        self.stem = ConvNorm(stem, network.family.activation)
        self.stages = nn.Sequential(*(stage(network, i, w_in) for i, w_in in enumerate(w_ins[:-1])))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(w_ins[-1], network.classes))

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, 3, resolution, resolution) to logits (batch, classes)."""
        logits: Tensor = self.head(self.stages(self.stem(x)))
        return logits


def initialise(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """The paper's initialisation: convolutions He-normal by fan-out, batch norm γ = 1 and β = 0, linear N(0, 0.01²).

    fan_out is kernel² · w_out whatever the groups, as in the authors' code.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
            nn.init.normal_(layer.weight, std=math.sqrt(2 / fan_out), generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01, generator=generator)
            nn.init.zeros_(layer.bias)


def build(network: Network, generator: torch.Generator | None = None) -> AnyNet:
    """The network as a torch module, initialised.

    Args:
        network: what to build
        generator: source of the initial weights; torch's global one where None

    >>> from dsd.design.named import network
    >>> sum(p.numel() for p in build(network("RegNetX-200MF")).parameters())
    2684792
    """
    with torch.device("meta"):  # the default initialisation would be drawn only to be thrown away
        model = AnyNet(network)
    model.to_empty(device="cpu")
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
    initialise(model, generator)
    return model
