"""Many networks of one skeleton, as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.architecture.network import Network, as_text, key_of, whole_numbers
from dsd.architecture.skeleton import LARGEST, Skeleton, check_task
from dsd.errors import DsdError

ARRAYS = ("depths", "widths", "bottleneck_ratios", "group_widths", "resolution")


@dataclass(frozen=True)
class Networks:
    """n networks of one skeleton, as arrays (n, s) of int64 (`bottleneck_ratios` can be float64).

    resolution: (n,) side of the input image [pixels]
    classes: outputs of the head, the same for all
    """

    depths: NDArray[Any]
    widths: NDArray[Any]
    bottleneck_ratios: NDArray[Any]
    group_widths: NDArray[Any]
    resolution: NDArray[Any]
    classes: int
    skeleton: Skeleton

    @classmethod
    def of(cls, networks: Sequence[Network]) -> "Networks":
        """Stack n ≥ 1 networks of one skeleton and number of classes.

        Raises:
            DsdError: the networks differ in skeleton or classes
        """
        first = networks[0]
        if any((net.skeleton, net.classes) != (first.skeleton, first.classes) for net in networks):
            raise DsdError("Networks.of: the networks differ in skeleton or classes; give networks that share both")
        d, w, b, g = (np.array([net.stages[i] for net in networks]) for i in range(4))
        return cls(d, w, b, g, np.array([net.resolution for net in networks]), first.classes, first.skeleton)

    def __len__(self) -> int:
        return len(self.depths)

    def __iter__(self) -> Iterator[Network]:
        columns = (values.tolist() for values in (*self.stages, self.resolution))
        for d, w, b, g, resolution in zip(*columns, strict=True):
            yield Network(tuple(d), tuple(w), whole_numbers(b), tuple(g), self.skeleton, resolution, self.classes)

    def __getitem__(self, row: int) -> Network:
        return next(iter(self.select(np.array([row]))))

    def whole(self, ratio_type: type) -> "Networks":
        """Convert whole numbers in floats, as in proposals, to integers, and ratios to `ratio_type`."""
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
        """Return the networks with this resolution and number of classes; None keeps their own."""
        sides = self.resolution if resolution is None else np.full(len(self), resolution)
        check_task(int(sides.min(initial=LARGEST)), self.classes if classes is None else classes)
        self.skeleton.check_resolution(int(sides.min(initial=LARGEST)))
        return replace(self, resolution=sides, classes=self.classes if classes is None else classes)

    def keys(self) -> list[str]:
        """Compute the key of each network; equal networks have equal keys."""
        columns = [texts(column) for stages in self.stages for column in stages.T]
        rows = zip(self.resolution.tolist(), zip(*columns, strict=True), strict=True)
        return [key_of(self.skeleton, resolution, self.classes, row) for resolution, row in rows]

    def select(self, rows: NDArray[Any]) -> "Networks":
        """Select networks by positions or by a mask."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ARRAYS})

    def followed_by(self, others: list["Networks"]) -> "Networks":
        """Concatenate these networks and others of the same skeleton."""
        parts = [self, *others]
        joint: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
        return replace(self, **joint)


def texts(column: NDArray[Any]) -> list[str]:
    """Format numbers (n,) for keys; each distinct value is formatted once."""
    values, where = np.unique(column, return_inverse=True)
    table = [as_text(value) for value in values.tolist()]
    return [table[i] for i in where.tolist()]
