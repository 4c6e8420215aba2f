"""One network and its key.

Shape letters: n networks, s stages.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from dsd.architecture.blocks.block import near_whole
from dsd.architecture.skeleton import Skeleton, check_task
from dsd.errors import DsdError


def key_of(skeleton: Skeleton, resolution: int, classes: int, stages: Iterable[str]) -> str:
    """Compute the key of a network: n and 16 hexadecimal digits of a hash.

    stages: (4·s,) depths, widths, bottleneck ratios, group widths, each as `as_text`. With 64 bits, two of a million
    networks collide with probability 3e-8. The letter prevents table readers from reading a key as a number.
    """
    text = f"{sorted(skeleton.variations.items())};{resolution};{classes};"
    return "n" + hashlib.sha256((text + ",".join(stages)).encode()).hexdigest()[:16]


def as_text(value: float) -> str:
    """Format a number for a key: 2 and 2.0 both give 2."""
    return f"{value:.15g}"


@dataclass(frozen=True)
class Network:
    """One network: stem, s stages of d_i blocks (width w_i, bottleneck ratio b_i, group width g_i), and head.

    bottleneck_ratios: the paper's divisor: the spatial convolution has w_i / b_i channels (mbconv: input width / b_i)
    group_widths: channels of one group of the spatial convolution, a divisor of w_i / b_i
    resolution: side of the square input image [pixels]
    classes: outputs of the head

    Raises:
        DsdError: a stage is invalid; the message names it and gives the reason
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    bottleneck_ratios: tuple[float, ...]
    group_widths: tuple[int, ...]
    skeleton: Skeleton = Skeleton()  # noqa: RUF009  immutable
    resolution: int = 224
    classes: int = 1000

    def __post_init__(self) -> None:
        check_task(self.resolution, self.classes)
        if any(len(values) != self.skeleton.stages for values in self.stages):
            raise DsdError(
                f"a network of {self.skeleton.stages} stages needs one depth, width, bottleneck ratio and group width "
                f"per stage, not {', '.join(str(len(values)) for values in self.stages)}"
            )
        for stage, (d, w, b, g) in enumerate(zip(*self.stages, strict=True), start=1):
            reason = self.skeleton.block_type.why_not(d, w, b, g)
            if reason:
                raise DsdError(f"stage {stage}: {reason}")
        self.skeleton.check_resolution(self.resolution)
        # one type per number, so that equal networks compare equal
        object.__setattr__(self, "bottleneck_ratios", tuple(exact(b) for b in self.bottleneck_ratios))
        for name in ("depths", "widths", "group_widths"):
            object.__setattr__(self, name, tuple(int(value) for value in getattr(self, name)))
        for name in ("resolution", "classes"):
            object.__setattr__(self, name, int(getattr(self, name)))

    def _repr_html_(self) -> str:
        names = ("depth", "width", "bottleneck ratio", "group width")
        rows = (
            f"<tr><th>{name}</th>{''.join(f'<td>{value:g}</td>' for value in values)}</tr>"
            for name, values in zip(names, self.stages, strict=True)
        )
        head = "".join(f"<th>stage {i}</th>" for i in range(1, self.skeleton.stages + 1))
        caption = (
            f"block {self.skeleton.block}, stem {self.skeleton.stem}, {self.resolution} pixels, {self.classes} classes"
        )
        return f"<table><caption>{self.key}: {caption}</caption><tr><th></th>{head}</tr>{''.join(rows)}</table>"

    def for_task(self, resolution: int | None = None, classes: int | None = None) -> "Network":
        """Return the network with this resolution and number of classes; None keeps its own."""
        resolution = self.resolution if resolution is None else resolution
        return replace(self, resolution=resolution, classes=self.classes if classes is None else classes)

    @property
    def key(self) -> str:
        """The network's identity: a hash of all its fields."""
        return key_of(self.skeleton, self.resolution, self.classes, map(as_text, chain(*self.stages)))

    @property
    def stages(self) -> tuple[tuple[float, ...], ...]:
        """Depths, widths, bottleneck ratios and group widths, each (s,)."""
        return self.depths, self.widths, self.bottleneck_ratios, self.group_widths


def exact(b: float) -> float:
    """Replace a ratio that is 1/n up to rounding errors by 1/n."""
    return 1 / round(1 / b) if b < 1 and near_whole(1 / b) else b


def whole_numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Convert whole values to int: 2 for 2.0, so that equal networks look alike."""
    return tuple(int(value) if value % 1 == 0 else value for value in values)
