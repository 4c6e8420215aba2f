"""MBConv, the inverted bottleneck of EfficientNet and MobileNetV2."""

import numpy as np

from dsd.architecture.blocks.block import Block, BlockType, Shape, changed, divided
from dsd.architecture.blocks.bottleneck import squeeze_excite
from dsd.architecture.layers import Conv


def mbconv_block(s: Shape) -> Block:
    """MBConv: x + [1×1, k×k (depthwise, stride), SE, 1×1] without a final activation (EfficientNet, MobileNetV2).

    The bottleneck is inverted and relative to the block's *input*: its width is w_in/b, b ≤ 1. With b = 1 the first 1×1
    is omitted; if resolution or width changes, the shortcut is omitted. SE is always present, as in EfficientNet.
    """
    v, depthwise = divided(s.w_in, s.b), np.ones_like(s.w) if isinstance(s.w, np.ndarray) else 1
    transform = (
        Conv(s.w_in, v, exists=s.b != 1),
        Conv(v, v, kernel=s.k, stride=s.stride, group_width=depthwise),
        squeeze_excite(v, s.w_in),
        Conv(v, s.w, activation=False),
    )
    return Block(transform, adds=np.logical_not(changed(s)), activation=False)


MBCONV = BlockType("mbconv", mbconv_block, bottleneck=True, groups="depthwise")
