"""Windows of complexity: closed intervals such as `360M:400M`, either side open."""

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
        """Both ends, None for an open one; `as_window` takes them back."""
        return self.low if self.low > 0 else None, self.high if self.high < math.inf else None

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def is_open(self) -> bool:
        """Whether everything lies inside."""
        return self.low <= 0 and self.high == math.inf

    def mask(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Which values (n,) lie inside."""
        return np.logical_and(self.low <= values, values <= self.high)

    def near(self, values: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], bool]:
        """Positions of values (n,), sums in single precision, that may lie inside, and whether all of them surely do.

        The margin is above the rounding error of some hundred terms.
        """
        near = np.flatnonzero((self.low * (1 - MARGIN) <= values) & (values <= self.high * (1 + MARGIN)))
        found = values.take(near)
        return near, bool(((self.low * (1 + MARGIN) <= found) & (found <= self.high * (1 - MARGIN))).all())


def parse_window(text: str, place: str = "window") -> Window:
    """A window from `LO:HI`.

    >>> parse_window("360M:400M")
    Window(low=360000000.0, high=400000000.0)
    >>> str(parse_window(":6M"))
    ':6M'

    Raises:
        DsdError: naming `place`, where the text was given
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
    """A window from what a caller may give: one, a text, a pair of numbers, or None for no limit."""
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
    """A window on each measure of complexity."""

    flops: Window = Window()
    params: Window = Window()
    acts: Window = Window()

    @property
    def closed(self) -> list[str]:
        """The measures that are limited."""
        return [name for name in MEASURES if not getattr(self, name).is_open]

    def __str__(self) -> str:
        limits = {name: str(getattr(self, name)) for name in MEASURES}
        return ", ".join(f"{name} {text}" for name, text in limits.items() if text != ANYTHING) or "no window"


@dataclass(frozen=True)
class RegimeLimit:
    """An upper limit that grows with the regime: constant + per_gf · F + per_root_gf · √F ([DDS] §4, Fig. 12).

    F is the upper end of the window of flops [GF].
    """

    constant: float = 0.0
    per_gf: float = 0.0
    per_root_gf: float = 0.0

    def at(self, flops: Window) -> Window:
        """The window in a regime.

        Raises:
            DsdError: the window of flops has no upper end
        """
        f = flops.high / 1e9
        if math.isinf(f):
            raise DsdError(
                f"flops {flops}: the space limits params or acts by the upper end; give one, or windows of both"
            )
        return Window(high=self.constant + self.per_gf * f + self.per_root_gf * math.sqrt(f))


DEFAULT: Literal["default"] = "default"  # the limit that the space states


@dataclass(frozen=True)
class Limits:
    """The windows that a space states for itself; those of params and acts may depend on the regime."""

    flops: Window = Window()
    params: Window | RegimeLimit = Window()
    acts: Window | RegimeLimit = Window()

    def windows(self, flops: Limit = DEFAULT, params: Limit = DEFAULT, acts: Limit = DEFAULT) -> Windows:
        """What a caller gives, and the space's own where that is "default"."""
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
