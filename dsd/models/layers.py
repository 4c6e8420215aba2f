"""The layer every block is made of."""

from torch import nn

from dsd.design.blocks import Conv


class ConvNorm(nn.Sequential):
    """A convolution, its batch norm, and a ReLU unless it ends a branch."""

    def __init__(self, conv: Conv) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(
                conv.w_in,
                conv.w_out,
                conv.kernel,
                stride=conv.stride,
                padding=conv.kernel // 2,
                groups=conv.groups,
                bias=False,
            ),
            nn.BatchNorm2d(conv.w_out),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if conv.activation else []))
