"""Complexity windows: closed intervals such as `360M:400M`; either side can be open."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dsd.architecture.complexities import MEASURES
from dsd.architecture.units import parse_quantity, quantity
from dsd.errors import DsdError

ANYTHING = ":"
MARGIN = 1e-5


@dataclass(frozen=True)
class Window:
    """The closed interval [low, high]."""

    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise DsdError(f"window {self} is reversed: give LO:HI with LO not above HI")

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{quantity(low)}:{quantity(high)}"

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Both ends, None for an open one; `as_window` converts them back."""
        return self.low if self.low > 0 else None, self.high if self.high < math.inf else None

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def is_open(self) -> bool:
        """Whether the window has no limit."""
        return self.low <= 0 and self.high == math.inf

    def mask(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Mask (n,) of the values inside."""
        return np.logical_and(self.low <= values, values <= self.high)

    def near(self, values: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], bool]:
        """Find the single-precision sums (n,) that can lie inside: positions, and whether all of them surely do.

        The margin exceeds the rounding error of a few hundred terms.
        """
        near = np.flatnonzero((self.low * (1 - MARGIN) <= values) & (values <= self.high * (1 + MARGIN)))
        close = values.take(near)
        return near, bool(((self.low * (1 + MARGIN) <= close) & (close <= self.high * (1 - MARGIN))).all())


def parse_window(text: str, place: str = "window") -> Window:
    """Parse a window `LO:HI`.

    >>> parse_window("360M:400M")
    Window(low=360000000.0, high=400000000.0)
    >>> str(parse_window(":6M"))
    ':6M'

    Raises:
        DsdError: invalid text; names `place`, the source of the text
    """
    low, colon, high = text.partition(":")
    if not colon:
        raise DsdError(f"{place}: {text!r} is not a window; give LO:HI, such as 360M:400M, or :6M with one side open")
    lower = parse_quantity(low, place) if low.strip() else 0.0
    upper = parse_quantity(high, place) if high.strip() else math.inf
    if lower > upper:
        raise DsdError(f"{place}: {text!r} is reversed; the lower end comes first")
    return Window(lower, upper)


Limit = Window | str | tuple[float | None, float | None] | list[float | None] | None


def as_window(value: Limit, place: str) -> Window:
    """Convert a Window, a text, a pair of numbers, or None (no limit) to a Window."""
    if isinstance(value, Window):
        return value
    if value is None:
        return Window()
    if isinstance(value, str):
        return parse_window(value, place)
    if not isinstance(value, tuple | list) or len(value) != 2 or any(isinstance(side, str) for side in value):
        raise DsdError(f"{place} = {value}: give 'LO:HI', a pair (low, high) with None for an open side, or None")
    low, high = value
    return Window(0.0 if low is None else float(low), math.inf if high is None else float(high))


@dataclass(frozen=True)
class Windows:
    """A window for each complexity measure."""

    flops: Window = Window()
    params: Window = Window()
    acts: Window = Window()

    @property
    def closed(self) -> list[str]:
        """The measures with a limit."""
        return [name for name in MEASURES if not getattr(self, name).is_open]

    def __str__(self) -> str:
        limits = {name: str(getattr(self, name)) for name in MEASURES}
        return ", ".join(f"{name} {text}" for name, text in limits.items() if text != ANYTHING) or "no window"


@dataclass(frozen=True)
class RegimeLimit:
    """An upper limit that grows with the regime: constant + per_gf · F + per_root_gf · √F ([DDS] §4, Fig. 12).

    F is the upper end of the flops window [GF].
    """

    constant: float = 0.0
    per_gf: float = 0.0
    per_root_gf: float = 0.0

    def at(self, flops: Window) -> Window:
        """Compute the window in a regime, given by its flops window.

        Raises:
            DsdError: the flops window has no upper end
        """
        f = flops.high / 1e9
        if math.isinf(f):
            raise DsdError(
                f"flops {flops}: the space's params or acts limit depends on the upper end; give one, or both windows"
            )
        return Window(high=self.constant + self.per_gf * f + self.per_root_gf * math.sqrt(f))


DEFAULT: Literal["default"] = "default"  # the space's own limit


@dataclass(frozen=True)
class Limits:
    """The default windows of a space; those of params and acts can depend on the regime."""

    flops: Window = Window()
    params: Window | RegimeLimit = Window()
    acts: Window | RegimeLimit = Window()

    def windows(self, flops: Limit = DEFAULT, params: Limit = DEFAULT, acts: Limit = DEFAULT) -> Windows:
        """Return the given windows; "default" takes the space's own."""
        inside = self.flops if flops == DEFAULT else as_window(flops, "flops")
        given = {"params": params, "acts": acts}
        others = {}
        for name, limit in given.items():
            own = getattr(self, name)
            if limit != DEFAULT:
                others[name] = as_window(limit, name)
            else:
                others[name] = own.at(inside) if isinstance(own, RegimeLimit) else own
        return Windows(inside, **others)
