"""The description of a network of the AnyNet family, and of many at once.

Shape letters: n networks, s stages.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.design.blocks import ACTIVATIONS, BLOCKS, BOTTLENECKS, GROUPED, STEMS
from dsd.errors import DsdError, known

MOST_STAGES = 16


@dataclass(frozen=True)
class Family:
    """What all networks of a space have in common ([DDS] §3.1).

    block: a name of `dsd.design.blocks.BLOCKS`
    stem: a name of `dsd.design.blocks.STEMS`
    strides: (s,) stride of the first block of each stage
    activation: a name of `dsd.design.blocks.ACTIVATIONS`
    """

    block: str = "X"
    stem: str = "simple"
    strides: tuple[int, ...] = (2, 2, 2, 2)
    activation: str = "relu"

    def __post_init__(self) -> None:
        for name, allowed in (("block", BLOCKS), ("stem", STEMS), ("activation", ACTIVATIONS)):
            if getattr(self, name) not in allowed:
                raise DsdError(f"{name} = {getattr(self, name)} is not known; choose one of: {known(allowed)}")
        if not 1 <= len(self.strides) <= MOST_STAGES or any(stride < 1 for stride in self.strides):
            raise DsdError(f"strides = {self.strides}: give a stride from 1 for each of 1 to {MOST_STAGES} stages")

    @property
    def stages(self) -> int:
        """The number of stages s."""
        return len(self.strides)


LARGEST = 100_000  # resolution or classes


def check_task(resolution: int, classes: int) -> None:
    """Refuse a resolution or a number of classes that is not positive, or too large to be counted."""
    for name, number in (("resolution", resolution), ("classes", classes)):
        if number != int(number) or not 1 <= number <= LARGEST:
            raise DsdError(f"{name} = {number}: give a whole number from 1 to {LARGEST:,}")


def key_of(family: Family, resolution: int, classes: int, stages: Iterable[str]) -> str:
    """n and 16 hexadecimal digits, the same for the same network and, in practice, for no other.

    stages: (4·s,) depths, widths, bottleneck ratios, group widths, each as `as_text`. With 64 bits, two of a million
    networks collide with probability 3e-8. The letter keeps table readers from taking a key for a number.
    """
    text = f"{family.block};{family.stem};{family.strides};{resolution};{classes};"
    if family.activation != "relu":  # keys are older than the choice of activation
        text += f"{family.activation};"
    return "n" + hashlib.sha256((text + ",".join(stages)).encode()).hexdigest()[:16]


def as_text(value: float) -> str:
    """A number as it enters a key: 2 for 2.0 too."""
    return f"{value:.15g}"


@dataclass(frozen=True)
class Network:
    """One network: the head follows s stages of d_i blocks of width w_i, bottleneck ratio b_i, group width g_i.

    bottleneck_ratios: the paper's divisor: the 3×3 convolution has w_i / b_i channels
    group_widths: channels of one group of the 3×3 convolution, a divisor of w_i / b_i
    resolution: side of the square input image [pixels]
    classes: outputs of the head

    Raises:
        DsdError: a stage that cannot be built; the message names it and says why
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    bottleneck_ratios: tuple[float, ...]
    group_widths: tuple[int, ...]
    family: Family = Family()
    resolution: int = 224
    classes: int = 1000

    def __post_init__(self) -> None:
        check_task(self.resolution, self.classes)
        if any(len(values) != self.family.stages for values in self.stages):
            raise DsdError(f"a network of {self.family.stages} stages needs as many depths, widths, ratios, groups")
        for stage, (d, w, b, g) in enumerate(zip(*self.stages, strict=True), start=1):
            if min(d, w, b, g) <= 0:
                raise DsdError(f"stage {stage}: depth {d}, width {w}, ratio {b} and group width {g} must be positive")
            if b != 1 and self.family.block not in BOTTLENECKS:
                raise DsdError(f"stage {stage}: ratio {b}: block {self.family.block} has no bottleneck; give 1")
            if g != w / b and self.family.block not in GROUPED:
                raise DsdError(
                    f"stage {stage}: group width {g}: block {self.family.block} has one group; give {w / b:g}"
                )
            if (w / b) % g or w % 1 or g % 1 or d % 1 or (w / b) % 1:
                raise DsdError(f"stage {stage}: {w} / {b} channels do not divide into groups of {g}")

    @property
    def key(self) -> str:
        """The network's identity: a hash of everything that it is built from."""
        return key_of(self.family, self.resolution, self.classes, map(as_text, chain(*self.stages)))

    @property
    def stages(self) -> tuple[tuple[float, ...], ...]:
        """Depths, widths, bottleneck ratios and group widths, each (s,)."""
        return self.depths, self.widths, self.bottleneck_ratios, self.group_widths

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Network":
        """The network of one row of a population's table (columns d1.., w1.., b1.., g1.., block, stem, …)."""
        strides = tuple(int(stride) for stride in str(row["strides"]).split("-"))
        numbers = range(1, len(strides) + 1)
        ratios = (float(row[f"b{i}"]) for i in numbers)
        return cls(
            depths=tuple(int(row[f"d{i}"]) for i in numbers),
            widths=tuple(int(row[f"w{i}"]) for i in numbers),
            bottleneck_ratios=whole_numbers(ratios),
            group_widths=tuple(int(row[f"g{i}"]) for i in numbers),
            family=Family(row["block"], row["stem"], strides, row.get("activation", "relu")),
            resolution=int(row["resolution"]),
            classes=int(row["classes"]),
        )


def whole_numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Values, those that are whole as int: 2 for 2.0, so that equal networks look alike."""
    return tuple(int(value) if value % 1 == 0 else value for value in values)


ARRAYS = ("depths", "widths", "bottleneck_ratios", "group_widths", "resolution")


@dataclass(frozen=True)
class Networks:
    """n networks of one family, as arrays (n, s) of int64 (`bottleneck_ratios` may be float64).

    resolution: (n,) side of the input image [pixels]
    classes: outputs of the head, the same for all
    """

    depths: NDArray[Any]
    widths: NDArray[Any]
    bottleneck_ratios: NDArray[Any]
    group_widths: NDArray[Any]
    resolution: NDArray[Any]
    classes: int
    family: Family

    def __len__(self) -> int:
        return len(self.depths)

    def __iter__(self) -> Iterator[Network]:
        columns = (values.tolist() for values in (*self.stages, self.resolution))
        for d, w, b, g, resolution in zip(*columns, strict=True):
            yield Network(tuple(d), tuple(w), whole_numbers(b), tuple(g), self.family, resolution, self.classes)

    def __getitem__(self, row: int) -> Network:
        return next(iter(self.select(np.array([row]))))

    def whole(self, ratio_type: type) -> "Networks":
        """The same with integers where a proposal has whole numbers in floats; ratios in the type given."""
        d, w, b, g = self.stages
        return replace(
            self,
            depths=d.astype(np.int64),
            widths=w.astype(np.int64),
            bottleneck_ratios=b.astype(ratio_type),
            group_widths=g.astype(np.int64),
        )

    @property
    def stages(self) -> tuple[NDArray[Any], ...]:
        """Depths, widths, bottleneck ratios and group widths, each (n, s)."""
        return self.depths, self.widths, self.bottleneck_ratios, self.group_widths

    def keys(self) -> list[str]:
        """The key of each network: equal where the networks are."""
        columns = [texts(column) for stages in self.stages for column in stages.T]
        rows = zip(self.resolution.tolist(), zip(*columns, strict=True), strict=True)
        return [key_of(self.family, resolution, self.classes, row) for resolution, row in rows]

    def select(self, rows: NDArray[Any]) -> "Networks":
        """The networks at these positions, or where this mask is true."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ARRAYS})

    def followed_by(self, others: list["Networks"]) -> "Networks":
        """These networks and then the others, of the same family."""
        parts = [self, *others]
        joint: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
        return replace(self, **joint)


def texts(column: NDArray[Any]) -> list[str]:
    """Numbers (n,) as they enter a key; each value is formatted once."""
    values, where = np.unique(column, return_inverse=True)
    table = [as_text(value) for value in values.tolist()]
    return [table[i] for i in where.tolist()]
