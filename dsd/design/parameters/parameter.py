"""One parameter of a space: its values, and how those of the stages relate."""

from dataclasses import dataclass, replace
from functools import cached_property

from dsd.arrays import Floats, Ints
from dsd.design.parameters.across_stages import ORDERS, Order, every
from dsd.design.parameters.distributions import Axis, Uniform


@dataclass(frozen=True)
class Parameter:
    """One line of a space file.

    axis: its values, with their probabilities
    stages: s, or 0 for a parameter with one value a network
    across_stages: how the stages' values relate, a name of ORDERS
    same_as: the parameter whose value it takes instead of a draw of its own, or ""
    """

    axis: Axis
    stages: int = 0
    across_stages: str = "free"
    same_as: str = ""

    @property
    def dimensions(self) -> int:
        """How many numbers are free: none where the axis has one value, one where all stages are equal."""
        if len(self.axis) == 1 or self.same_as:
            return 0
        return 1 if not self.stages or self.across_stages == "equal" else self.stages

    @property
    def settings(self) -> int:
        """How many settings it has, ties in ordered ones included."""
        if self.same_as:
            return 1
        return ORDERS[self.across_stages].settings(len(self.axis), self.stages) if self.stages else len(self.axis)

    @property
    def settings_as_printed(self) -> float:
        """The same as the paper counts it."""
        if self.same_as or not self.stages:
            return float(self.settings)
        return ORDERS[self.across_stages].settings_as_printed(len(self.axis), self.stages)

    @cached_property
    def order(self) -> Order:
        """The law of its values across stages."""
        return ORDERS[self.across_stages](self.axis, self.stages)

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Values (n, s), laid out stage after stage, or (n,)."""
        return self.order.draw(rng, n).T if self.stages else self.axis.draw(rng, n)

    def every(self) -> Floats:
        """Every setting, (settings, s) or (settings,)."""
        table = self.axis.floats
        return table[every(self.across_stages, len(table), self.stages)] if self.stages else table

    @property
    def equally_likely(self) -> "Parameter":
        """The same settings, each as likely as any other."""
        return replace(self, axis=self.axis.equally_likely)


@dataclass(frozen=True)
class Later:
    """Draws (n,) that are looked up for those proposals only for which they are asked."""

    axis: Axis
    u: Floats

    def __getitem__(self, rows: Ints) -> Floats:
        return self.axis.floats.take(self.axis.lookup.find(self.u[rows]))
