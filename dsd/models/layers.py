"""The layers every block is made of."""

import torch
from torch import Tensor, nn

from dsd.design.blocks import Conv, SqueezeExcite

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


def convolution(conv: Conv) -> nn.Conv2d:
    """The convolution of a description, padded to keep the side."""
    groups = conv.w_in // conv.fan_in
    padding = conv.kernel // 2
    return nn.Conv2d(conv.w_in, conv.w_out, conv.kernel, conv.stride, padding, groups=groups, bias=conv.bias)


class ConvNorm(nn.Sequential):
    """A convolution, its batch norm, and an activation unless it ends a branch."""

    def __init__(self, conv: Conv, activation: str) -> None:
        layers: list[nn.Module] = [convolution(conv), nn.BatchNorm2d(conv.w_out)]
        super().__init__(*layers, *([ACTIVATIONS[activation](inplace=True)] if conv.activation else []))


class SqueezeExcitation(nn.Module):
    """x ↦ x · sigmoid(excite(activation(squeeze(mean of x))))."""

    def __init__(self, layer: SqueezeExcite, activation: str) -> None:
        super().__init__()
        inner = ACTIVATIONS[activation](inplace=True)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), convolution(layer.squeeze), inner, convolution(layer.excite), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, w, side, side) to the same shape."""
        return torch.mul(x, self.gate(x))


def module_of(layer: Conv | SqueezeExcite, activation: str) -> nn.Module:
    """A layer of a block's transform as a module."""
    return (ConvNorm if isinstance(layer, Conv) else SqueezeExcitation)(layer, activation)  # type: ignore[arg-type]
