"""Block types: one file per family, one entry per block."""

from dsd.architecture.blocks.block import BlockType
from dsd.architecture.blocks.bottleneck import R, X, Y
from dsd.architecture.blocks.mbconv import MBCONV
from dsd.architecture.blocks.plain import BASIC, VANILLA, VR, V

BLOCKS: dict[str, BlockType] = {block.name: block for block in (X, Y, R, V, VR, VANILLA, BASIC, MBCONV)}
