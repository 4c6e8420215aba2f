"""The layers of blocks, as torch modules."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from dsd.architecture.layers import Conv, Layer, MaxPool, SqueezeExcite

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


class Convolution(nn.Conv2d):
    """A convolution, padded to keep the side; `initialise` sets its weights."""

    def __init__(self, conv: Conv) -> None:
        super().__init__(
            conv.w_in,
            conv.w_out,
            conv.kernel,
            conv.stride,
            padding=conv.kernel // 2,
            groups=conv.w_in // conv.fan_in,
            bias=conv.bias,
        )

    def reset_parameters(self) -> None:
        """Do nothing: torch's default weights would only be overwritten."""


class Classifier(nn.Linear):
    """The linear layer of the head, described as a 1×1 convolution; `initialise` sets its weights."""

    def __init__(self, conv: Conv) -> None:
        super().__init__(conv.w_in, conv.w_out, bias=conv.bias)

    def reset_parameters(self) -> None:
        """Do nothing, as in `Convolution`."""


class ConvNorm(nn.Sequential):
    """A convolution, its batch norm, and an activation unless it ends a branch."""

    def __init__(self, conv: Conv, activation: str) -> None:
        layers: list[nn.Module] = [Convolution(conv), nn.BatchNorm2d(conv.w_out)]
        super().__init__(*layers, *([ACTIVATIONS[activation](inplace=True)] if conv.activation else []))


class SqueezeExcitation(nn.Module):
    """x ↦ x · sigmoid(excite(activation(squeeze(mean of x))))."""

    def __init__(self, layer: SqueezeExcite, activation: str) -> None:
        super().__init__()
        inner = ACTIVATIONS[activation](inplace=True)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), Convolution(layer.squeeze), inner, Convolution(layer.excite), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images (batch, w, side, side) to the same shape."""
        return torch.mul(x, self.gate(x))


def modules_of(layers: Iterable[Layer], activation: str) -> Iterator[nn.Module]:
    """Yield the existing layers of a branch, as modules."""
    for layer in layers:
        if isinstance(layer, MaxPool):
            yield nn.MaxPool2d(layer.kernel, layer.stride, padding=layer.kernel // 2)
        elif isinstance(layer, SqueezeExcite):
            yield SqueezeExcitation(layer, activation)
        elif layer.exists:
            yield ConvNorm(layer, activation)
