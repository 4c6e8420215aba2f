"""Skeletons: what all networks of a space share, and the smallest image they accept."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from dsd.architecture.blocks import BLOCKS
from dsd.architecture.blocks.block import BlockType
from dsd.architecture.layers import ACTIVATIONS
from dsd.architecture.stems import STEM_WIDTHS, STEMS
from dsd.errors import DsdError, known
from dsd.identity import not_default

MOST_STAGES = 16
MOST_CHANNELS = 1_000_000


def side_after(side: Any, stride: int) -> Any:
    """Compute the output side [pixels] of a padded layer with odd kernel; a number or (n,)."""
    return side if stride == 1 else (side - 1) // stride + 1


def is_whole(value: object) -> bool:
    """Whether a value is an integer and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class Skeleton:
    """The fixed part of all networks of a space ([DDS] §3.1).

    block: a name of `dsd.architecture.blocks.BLOCKS`
    stem: a name of `dsd.architecture.stems.STEMS`
    strides: (s,) stride of the first block of each stage
    activation: a name of `dsd.architecture.layers.ACTIVATIONS`
    kernels: (s,) odd kernel size of the spatial convolutions of each stage; () for 3 everywhere
    stem_width: channels of the stem; 0 for the default in `dsd.architecture.stems.STEM_WIDTHS`
    head_width: channels of a 1×1 convolution before the pooling; 0 for none
    """

    block: str = "X"
    stem: str = "simple"
    strides: tuple[int, ...] = (2, 2, 2, 2)
    activation: str = "relu"
    kernels: tuple[int, ...] = ()
    stem_width: int = 0
    head_width: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("block", BLOCKS), ("stem", STEMS), ("activation", ACTIVATIONS)):
            if getattr(self, name) not in allowed:
                raise DsdError(f"{name} = {getattr(self, name)} is not known; choose one of: {known(allowed)}")
        for name in ("strides", "kernels"):
            given = getattr(self, name)
            if not isinstance(given, list | tuple) or not all(map(is_whole, given)):
                raise DsdError(f"{name} = {given}: give a list of whole numbers, one for each stage")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not 1 <= len(self.strides) <= MOST_STAGES or any(stride < 1 for stride in self.strides):
            raise DsdError(f"strides = {self.strides}: give a stride from 1 for each of 1 to {MOST_STAGES} stages")
        if len(self.kernels) not in (0, len(self.strides)) or any(k < 1 or k % 2 == 0 for k in self.kernels):
            raise DsdError(f"kernels = {self.kernels}: give an odd number for each of {len(self.strides)} stages")
        for name in ("stem_width", "head_width"):
            if not is_whole(getattr(self, name)) or not 0 <= getattr(self, name) <= MOST_CHANNELS:
                raise DsdError(f"{name} = {getattr(self, name)}: give a whole number from 0 to {MOST_CHANNELS:,}")
        # normalise defaults, so that equal skeletons compare equal
        if set(self.kernels) == {3}:
            object.__setattr__(self, "kernels", ())
        if self.stem_width == STEM_WIDTHS[self.stem]:
            object.__setattr__(self, "stem_width", 0)

    @property
    def block_type(self) -> BlockType:
        """The block type."""
        return BLOCKS[self.block]

    @property
    def stages(self) -> int:
        """The number of stages s."""
        return len(self.strides)

    @property
    def kernel_sizes(self) -> tuple[int, ...]:
        """Kernel sizes (s,) of the spatial convolutions of each stage."""
        return self.kernels or (3,) * len(self.strides)

    @property
    def stem_channels(self) -> int:
        """Output channels of the stem."""
        return self.stem_width or STEM_WIDTHS[self.stem]

    @cached_property
    def variations(self) -> dict[str, Any]:
        """The fields that differ from their defaults, by name."""
        return not_default(self)

    @property
    def downsampling(self) -> list[tuple[str, int]]:
        """The layers and stages that can reduce the resolution, in order, each with its stride."""
        stem = [("the stem", layer.stride) for layer in STEMS[self.stem](self.stem_channels)]
        return stem + [(f"stage {i}", stride) for i, stride in enumerate(self.strides, start=1)]

    @property
    def least_resolution(self) -> int:
        """The smallest resolution at which the input of every layer has at least as many pixels as its stride."""
        least = 1
        for _, stride in reversed(self.downsampling):
            least = max(stride, (least - 1) * stride + 1)
        return least

    def check_resolution(self, resolution: int) -> None:
        """Reject a resolution [pixels] too small for the strides."""
        if resolution >= self.least_resolution:
            return
        side = resolution
        for layer, stride in self.downsampling:
            if side < stride:
                raise DsdError(
                    f"resolution = {resolution}: {layer} has stride {stride} but an input of {side}×{side} pixels; "
                    f"give a resolution from {self.least_resolution}"
                )
            side = side_after(side, stride)


# the fields by type: names, lists with one number per stage, whole numbers
NAMES, LISTS, NUMBERS = (
    tuple(f.name for f in fields(Skeleton) if f.type == kind) for kind in (str, tuple[int, ...], int)
)
LARGEST = 100_000  # most pixels of the resolution, or classes


def check_task(resolution: int, classes: int) -> None:
    """Reject a resolution or number of classes that is not a whole number from 1 to LARGEST."""
    for name, number in (("resolution", resolution), ("classes", classes)):
        if isinstance(number, bool) or not 1 <= number <= LARGEST or number % 1:
            raise DsdError(f"{name} = {number}: give a whole number from 1 to {LARGEST:,}")
