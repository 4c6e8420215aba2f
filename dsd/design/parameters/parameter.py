"""One parameter of a space: its distribution, and the relation across stages."""

from dataclasses import dataclass, replace
from functools import cached_property

from dsd.arrays import Floats
from dsd.design.parameters.across_stages import ORDERS, Order, every
from dsd.design.parameters.distributions import Distribution, Uniform


@dataclass(frozen=True)
class Parameter:
    """One line of a space file.

    distribution: its values, with their probabilities
    stages: s, or 0 for a parameter with one value per network
    across_stages: relation between the stages' values, a name in ORDERS
    same_as: the parameter whose value it takes instead of its own draw, or ""
    """

    distribution: Distribution
    stages: int = 0
    across_stages: str = "free"
    same_as: str = ""

    def __str__(self) -> str:
        if self.same_as:
            return f"as {self.same_as}"
        values = self.distribution.values.tolist()
        return f"{values[0]:g}" if len(values) == 1 else f"{len(values)} from {values[0]:g} to {values[-1]:g}"

    @property
    def relation(self) -> str:
        """The relation between the stages' values; "" for one value per network."""
        return self.across_stages if self.stages else ""

    @property
    def dimensions(self) -> int:
        """The number of free numbers: 0 for a single value, 1 if all stages are equal, else s."""
        if len(self.distribution) == 1 or self.same_as:
            return 0
        return 1 if not self.stages or self.across_stages == "equal" else self.stages

    @property
    def settings(self) -> int:
        """The exact number of settings, ties in ordered parameters included."""
        if self.same_as:
            return 1
        return (
            ORDERS[self.across_stages].settings(len(self.distribution), self.stages)
            if self.stages
            else len(self.distribution)
        )

    @property
    def count_as_in_paper(self) -> float:
        """The number of settings as the paper counts it."""
        if self.same_as or not self.stages:
            return float(self.settings)
        return ORDERS[self.across_stages].count_as_in_paper(len(self.distribution), self.stages)

    @cached_property
    def order(self) -> Order:
        """The distribution of its values across stages."""
        return ORDERS[self.across_stages](self.distribution, self.stages)

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw values (n, s), stored stage by stage, or (n,) without stages."""
        return self.order.draw(rng, n).T if self.stages else self.distribution.draw(rng, n)

    def every(self) -> Floats:
        """Enumerate every setting, (settings, s) or (settings,)."""
        table = self.distribution.floats
        return table[every(self.across_stages, len(table), self.stages)] if self.stages else table

    @property
    def equally_likely(self) -> "Parameter":
        """The same settings, all equally likely."""
        return replace(self, distribution=self.distribution.equally_likely)
