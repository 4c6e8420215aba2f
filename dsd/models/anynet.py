"""AnyNet: stem, stages of equal blocks, head ([DDS] §3.1)."""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from dsd.architecture.blocks.block import Block
from dsd.architecture.catalogue.lookup import as_network
from dsd.architecture.network import Network
from dsd.architecture.structure import Stage, layer_structure
from dsd.models.layers import ACTIVATIONS, Classifier, ConvNorm, modules_of


class AnyBlock(nn.Module):
    """x ↦ activation(transform(x) + shortcut(x)), without the shortcut or the activation if the block has none."""

    def __init__(self, block: Block, activation: str) -> None:
        super().__init__()
        self.transform = nn.Sequential(*modules_of(block.transform, activation))
        self.shortcut: nn.Module | None = nn.Identity() if block.adds else None
        if block.projection is not None and block.projection.exists:
            self.shortcut = ConvNorm(block.projection, activation)
        self.activation = ACTIVATIONS[activation](inplace=True) if block.activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, w_in, side, side) to (batch, w, side/stride, side/stride)."""
        y = self.transform(x)
        result: Tensor = self.activation(y if self.shortcut is None else y + self.shortcut(x))
        return result


def blocks_of(stage: Stage, activation: str) -> nn.Sequential:
    """Build the blocks of a stage."""
    further = (AnyBlock(stage.further, activation) for _ in range(stage.depth - 1))
    return nn.Sequential(AnyBlock(stage.first, activation), *further)


class AnyNet(nn.Module):
    """A network as a torch module: `stem`, `stages`, `head`. Its weights are uninitialised: use `build`."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        layers, activation = layer_structure(network), network.skeleton.activation
        self.stem = nn.Sequential(*modules_of(layers.stem, activation))
        self.stages = nn.Sequential(*(blocks_of(stage, activation) for stage in layers.stages))
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(*modules_of(layers.head, activation), *pool, Classifier(layers.classifier))

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, 3, resolution, resolution) to logits (batch, classes)."""
        logits: Tensor = self.head(self.stages(self.stem(x)))
        return logits


def initialise(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Initialise as in the paper: convolutions He-normal by fan-out, linear N(0, 0.01²), biases 0.

    fan_out is kernel² · w_out for any number of groups, as in the authors' code. Batch norm keeps torch's γ = 1, β = 0.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
            nn.init.normal_(layer.weight, std=math.sqrt(2 / fan_out), generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01, generator=generator)
            nn.init.zeros_(layer.bias)


def build(network: Network | str | Path, generator: torch.Generator | None = None) -> AnyNet:
    """Build a network as an initialised torch module.

    Args:
        network: what to build: a Network, or its name or .yaml file
        generator: source of the initial weights; None: torch's global generator

    >>> sum(p.numel() for p in build("RegNetX-200MF").parameters())
    2684792
    """
    model = AnyNet(as_network(network, "dsd.build"))
    initialise(model, generator)
    return model
