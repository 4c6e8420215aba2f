"""Blocks without a bottleneck: V, VR, vanilla and basic."""

from dsd.architecture.blocks.block import Block, BlockType, Shape, residual
from dsd.architecture.layers import Conv


def v_block(s: Shape) -> Block:
    """V: [k×k (stride)] ([DDS] App. D, Fig. 23)."""
    return Block((Conv(s.w_in, s.w, kernel=s.k, stride=s.stride, activation=False),), adds=False)


def vr_block(s: Shape) -> Block:
    """VR, V with a shortcut: x + [k×k (stride)] ([DDS] App. D, Fig. 23)."""
    return residual(v_block(s).transform, s)


def vanilla_block(s: Shape) -> Block:
    """Vanilla: [k×k (stride), k×k] ([NDS])."""
    first, second = Conv(s.w_in, s.w, kernel=s.k, stride=s.stride), Conv(s.w, s.w, kernel=s.k, activation=False)
    return Block((first, second), adds=False)


def basic_block(s: Shape) -> Block:
    """Basic, the block of ResNets for small images: x + [k×k (stride), k×k] ([NDS])."""
    return residual(vanilla_block(s).transform, s)


V = BlockType("V", v_block)
VR = BlockType("VR", vr_block)
VANILLA = BlockType("vanilla", vanilla_block)
BASIC = BlockType("basic", basic_block)
