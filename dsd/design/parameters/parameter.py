"""One parameter of a space: its values, and how those of the stages relate."""

from dataclasses import dataclass, replace
from functools import cached_property

from dsd.arrays import Floats
from dsd.design.parameters.across_stages import ORDERS, Order, every
from dsd.design.parameters.distributions import Distribution, Uniform


@dataclass(frozen=True)
class Parameter:
    """One line of a space file.

    axis: its values, with their probabilities
    stages: s, or 0 for a parameter with one value a network
    across_stages: how the stages' values relate, a name of ORDERS
    same_as: the parameter whose value it takes instead of a draw of its own, or ""
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
        """How the stages' values relate; "" for one value a network."""
        return self.across_stages if self.stages else ""

    @property
    def dimensions(self) -> int:
        """How many numbers are free: none where there is one value, one where all stages are equal."""
        if len(self.distribution) == 1 or self.same_as:
            return 0
        return 1 if not self.stages or self.across_stages == "equal" else self.stages

    @property
    def settings(self) -> int:
        """How many settings it has, ties in ordered ones included."""
        if self.same_as:
            return 1
        return (
            ORDERS[self.across_stages].settings(len(self.distribution), self.stages)
            if self.stages
            else len(self.distribution)
        )

    @property
    def count_as_in_paper(self) -> float:
        """The same as the paper counts it."""
        if self.same_as or not self.stages:
            return float(self.settings)
        return ORDERS[self.across_stages].count_as_in_paper(len(self.distribution), self.stages)

    @cached_property
    def order(self) -> Order:
        """The distribution of its values across stages."""
        return ORDERS[self.across_stages](self.distribution, self.stages)

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Values (n, s), laid out stage after stage, or (n,)."""
        return self.order.draw(rng, n).T if self.stages else self.distribution.draw(rng, n)

    def every(self) -> Floats:
        """Every setting, (settings, s) or (settings,)."""
        table = self.distribution.floats
        return table[every(self.across_stages, len(table), self.stages)] if self.stages else table

    @property
    def equally_likely(self) -> "Parameter":
        """The same settings, each as likely as any other."""
        return replace(self, distribution=self.distribution.equally_likely)
