"""The description of a network of the AnyNet family, and of many at once.

Shape letters: n networks, s stages.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.design.blocks import BOTTLENECKS, DEPTHWISE, GROUPED
from dsd.design.compatibility import adjust
from dsd.design.family import LARGEST, Family, check_task
from dsd.errors import DsdError

MOST = 10**12  # blocks or channels; far above what is built, far below what 64 bits hold


def key_of(family: Family, resolution: int, classes: int, stages: Iterable[str]) -> str:
    """n and 16 hexadecimal digits, the same for the same network and, in practice, for no other.

    stages: (4·s,) depths, widths, bottleneck ratios, group widths, each as `as_text`. With 64 bits, two of a million
    networks collide with probability 3e-8. The letter keeps table readers from taking a key for a number.
    """
    text = f"{family.block};{family.stem};{family.strides};{resolution};{classes};"
    for name, value in family.variations.items():  # keys are older than these choices
        text += f"{value};" if name == "activation" else f"{name}={value};"
    return "n" + hashlib.sha256((text + ",".join(stages)).encode()).hexdigest()[:16]


def as_text(value: float) -> str:
    """A number as it enters a key: 2 for 2.0 too."""
    return f"{value:.15g}"


@dataclass(frozen=True)
class Network:
    """One network: the head follows s stages of d_i blocks of width w_i, bottleneck ratio b_i, group width g_i.

    bottleneck_ratios: the paper's divisor: the spatial convolution has w_i / b_i channels (mbconv: its input over b_i)
    group_widths: channels of one group of the spatial convolution, a divisor of w_i / b_i
    resolution: side of the square input image [pixels]
    classes: outputs of the head

    Raises:
        DsdError: a stage that cannot be built; the message names it and says why
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    bottleneck_ratios: tuple[float, ...]
    group_widths: tuple[int, ...]
    family: Family = Family()  # noqa: RUF009  immutable
    resolution: int = 224
    classes: int = 1000

    def __post_init__(self) -> None:
        check_task(self.resolution, self.classes)
        if any(len(values) != self.family.stages for values in self.stages):
            raise DsdError(
                f"a network of {self.family.stages} stages needs as many depths, widths, bottleneck ratios and group "
                f"widths, not {', '.join(str(len(values)) for values in self.stages)}"
            )
        for stage, (d, w, b, g) in enumerate(zip(*self.stages, strict=True), start=1):
            reason = why_not(self.family.block, d, w, b, g)
            if reason:
                raise DsdError(f"stage {stage}: {reason}")
        self.family.check_resolution(self.resolution)
        # one way to write a number, so that equal networks are equal
        object.__setattr__(self, "bottleneck_ratios", tuple(exact(b) for b in self.bottleneck_ratios))
        for name in ("depths", "widths", "group_widths"):
            object.__setattr__(self, name, tuple(int(value) for value in getattr(self, name)))
        for name in ("resolution", "classes"):
            object.__setattr__(self, name, int(getattr(self, name)))

    def for_task(self, resolution: int | None = None, classes: int | None = None) -> "Network":
        """The same for another resolution or number of classes, where they are given."""
        resolution = self.resolution if resolution is None else resolution
        return replace(self, resolution=resolution, classes=self.classes if classes is None else classes)

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
        """The network of one row of a population's table (columns d1.., w1.., b1.., g1.., block, stem, strides, …).

        Raises:
            DsdError: a column is missing or holds something else; the message names it
        """
        strides = whole_list(row, "strides")
        stages = [[entry(row, f"{letter}{i}") for i in range(1, len(strides) + 1)] for letter in "dwbg"]
        given: dict[str, Any] = {name: str(cell(row, name)) for name in ("block", "stem")}
        given |= {"activation": str(row["activation"])} if is_given(row, "activation") else {}
        given |= {name: whole(row, name) for name in ("stem_width", "head_width") if is_given(row, name)}
        given |= {"kernels": whole_list(row, "kernels")} if is_given(row, "kernels") else {}
        depths, wide, ratios, groups = (whole_numbers(values) for values in stages)
        return cls(
            *(depths, wide, ratios, groups),  # type: ignore[arg-type]
            family=Family(strides=strides, **given),
            resolution=whole(row, "resolution"),
            classes=whole(row, "classes"),
        )


def is_given(row: Mapping[str, Any], column: str) -> bool:
    """Whether a row has a value there: not so where tables of different families were joined."""
    value = row.get(column, "")
    return value is not None and value == value and value != ""


def cell(row: Mapping[str, Any], column: str) -> Any:
    """What is in a column that a network needs."""
    if not is_given(row, column):
        raise DsdError(f"column {column} of the row is missing or empty; a network needs it")
    return row[column]


def entry(row: Mapping[str, Any], column: str) -> float:
    """The number in a column."""
    try:
        number = float(cell(row, column))
    except (TypeError, ValueError) as error:
        raise DsdError(f"column {column} = {row[column]}: is not a number") from error
    if not math.isfinite(number):
        raise DsdError(f"column {column} = {row[column]}: is not a finite number")
    return number


def whole(row: Mapping[str, Any], column: str) -> int:
    """The whole number in a column."""
    number = entry(row, column)
    if number % 1:
        raise DsdError(f"column {column} = {row[column]}: give a whole number")
    return int(number)


def whole_list(row: Mapping[str, Any], column: str) -> tuple[int, ...]:
    """The numbers of a column such as 2-2-2-2, one a stage; of one stage, table readers may have made it 2.0."""
    try:
        return tuple(int(number.removesuffix(".0")) for number in str(cell(row, column)).split("-"))
    except ValueError as error:
        raise DsdError(f"column {column} = {row[column]}: give a whole number a stage, such as 2-2-2-2") from error


def exact(b: float) -> float:
    """A ratio that is 1/n but for rounding errors, as 1/n."""
    return 1 / round(1 / b) if b < 1 and near_whole(1 / b) else b


def why_not(block: str, d: float, w: float, b: float, g: float) -> str:
    """Why a stage of this block cannot be built, or "" where it can."""
    for name, value in (("depth", d), ("width", w), ("group width", g)):
        if not 1 <= value <= MOST or value % 1:
            return f"{name} {value:g}: give a whole number from 1{f' to {MOST:.0e}' if value > MOST else ''}"
    if not 0 < b < math.inf:
        return f"bottleneck ratio {b:g}: give a positive number; 1 for no bottleneck"
    if block in DEPTHWISE:
        if not widens(b):
            return f"bottleneck ratio {b:g}: block {block} widens its input; give 1, 1/2, 1/3, …"
        return "" if g == 1 else f"group width {g:g}: block {block} is depthwise; give 1"
    if b != 1 and block not in BOTTLENECKS:
        return f"bottleneck ratio {b:g}: block {block} has no bottleneck; give 1"
    if not near_whole(w / b) or w / b < 1:
        return f"width {w:g} / bottleneck ratio {b:g} = {w / b:g} channels: not a whole number"
    v = round(w / b)
    if block not in GROUPED:
        return "" if g == v else f"group width {g:g}: block {block} has one group; give {v}"
    if v % g:
        width, group = (x.item() for x in adjust(np.array([w]), np.array([b]), np.array([g])))
        return (
            f"{w:g} / {b:g} = {v} channels do not divide into groups of {g:g}; "
            f"the nearest that do: width {width:g}, group width {group:g}"
        )
    return ""


def widens(b: float) -> bool:
    """Whether w/b is a whole number, not below w, for every width w."""
    return b <= 1 and near_whole(1 / b)


def near_whole(value: float) -> bool:
    """Whether a number is whole but for rounding errors."""
    return math.isclose(value, round(value), rel_tol=1e-9)


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

    @classmethod
    def of(cls, networks: Sequence[Network]) -> "Networks":
        """Networks of one family and number of classes, n ≥ 1, as arrays.

        Raises:
            DsdError: they differ in family or classes
        """
        first = networks[0]
        if any((net.family, net.classes) != (first.family, first.classes) for net in networks):
            raise DsdError("networks of different families or classes do not go into the same arrays")
        d, w, b, g = (np.array([net.stages[i] for net in networks]) for i in range(4))
        return cls(d, w, b, g, np.array([net.resolution for net in networks]), first.classes, first.family)

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

    def for_task(self, resolution: int | None = None, classes: int | None = None) -> "Networks":
        """The same for another resolution or number of classes, where they are given."""
        sides = self.resolution if resolution is None else np.full(len(self), resolution)
        check_task(int(sides.min(initial=LARGEST)), self.classes if classes is None else classes)
        self.family.check_resolution(int(sides.min(initial=LARGEST)))
        return replace(self, resolution=sides, classes=self.classes if classes is None else classes)

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
