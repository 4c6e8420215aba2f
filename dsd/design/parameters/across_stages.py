"""How the values of one parameter relate across the stages of a network: free, equal, or in order.

An ordered parameter is drawn from the exact distribution of independent draws *given* their order, ties included.
Sorting independent draws gives another distribution: it makes equal neighbours too rare. Rejection sampling gives the
same distribution but needs thousands of draws for each network of AnyNetX_E in a complexity window. Orders hold
between drawn values; the width rule (`dsd.architecture.width_rule`) is applied later and can change widths.

Shape letters: n draws, s stages, k values of the distribution. For speed, draws are stored stage by stage.
"""

import math
from itertools import combinations_with_replacement
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dsd.arrays import Floats, Ints
from dsd.design.parameters.distributions import Distribution, Lookup, Uniform

Counts = NDArray[Any]


class Order(Protocol):
    """A relation across s stages, with the distribution of draws that satisfy it."""

    def __init__(self, axis: Distribution, stages: int) -> None: ...

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw values (s, n)."""

    @staticmethod
    def settings(values: int, stages: int) -> int:
        """Count the tuples exactly, ties included."""

    @staticmethod
    def count_as_in_paper(values: int, stages: int) -> float:
        """Count the tuples as in the paper: ordered tuples are divided by s!, as if none had ties."""

    @staticmethod
    def follows(counts: Counts, along: int) -> Counts:
        """For each value of the next stage, sum the counts of the values it may follow, along one axis."""


class Free:
    """Independent stages."""

    def __init__(self, axis: Distribution, stages: int) -> None:
        self.distribution, self.stages = axis, stages

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw each stage independently."""
        positions = self.distribution.lookup.find(rng.random((n, self.stages)))
        return np.ascontiguousarray(self.distribution.floats.take(positions, mode="clip").T)

    @staticmethod
    def settings(values: int, stages: int) -> int:
        """k^s."""
        return int(values**stages)

    @staticmethod
    def count_as_in_paper(values: int, stages: int) -> float:
        """k^s."""
        return float(values**stages)

    @staticmethod
    def follows(counts: Counts, along: int) -> Counts:
        """Every value may follow every value."""
        return np.broadcast_to(counts.sum(axis=along, keepdims=True), counts.shape)


class Equal:
    """One value for all stages."""

    def __init__(self, axis: Distribution, stages: int) -> None:
        self.distribution, self.stages = axis, stages

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw one value and use it in all stages."""
        return np.broadcast_to(self.distribution.draw(rng, n), (self.stages, n))

    @staticmethod
    def settings(values: int, stages: int) -> int:
        """k."""
        return values

    @staticmethod
    def count_as_in_paper(values: int, stages: int) -> float:
        """k."""
        return float(values)

    @staticmethod
    def follows(counts: Counts, along: int) -> Counts:
        """Each value follows itself."""
        return counts


class Nondecreasing:
    """v_1 ≤ v_2 ≤ … ≤ v_s.

    Dynamic programming, with p_k the probability of value k: mass_m(k) is the probability that m draws are in order and
    end at value k; mass_1(k) = p_k and mass_m(k) = p_k · Σ_{j ≤ k} mass_{m−1}(j). The last value is drawn from mass_s,
    each earlier one from its mass up to the next value.
    """

    def __init__(self, axis: Distribution, stages: int) -> None:
        self.distribution, self.stages = axis, stages
        below: list[Floats] = []  # below[m][k] = Σ_{j ≤ k} mass_{m+1}(j)
        for _ in range(stages):
            mass = axis.probabilities * (below[-1] if below else 1.0)
            below.append(np.cumsum(mass))
        self.lookups = [Lookup(mass) for mass in below]

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw from the distribution of `Free` conditioned on the order."""
        u = np.ascontiguousarray(rng.random((n, self.stages)).T)
        positions = np.empty((self.stages, n), np.int64)
        positions[-1] = self.lookups[-1].find(u[-1])
        for m in range(self.stages - 2, -1, -1):
            lookup, ceiling = self.lookups[m], positions[m + 1]
            drawn = lookup.find(u[m] * lookup.edges.take(ceiling, mode="clip"))
            np.minimum(drawn, ceiling, out=positions[m])  # u·mass can round up to the mass itself
        return self.distribution.floats.take(positions, mode="clip")

    @staticmethod
    def settings(values: int, stages: int) -> int:
        """C(k + s − 1, s)."""
        return math.comb(values + stages - 1, stages)

    @staticmethod
    def count_as_in_paper(values: int, stages: int) -> float:
        """k^s / s!."""
        return float(values**stages / math.factorial(stages))

    @staticmethod
    def follows(counts: Counts, along: int) -> Counts:
        """Each value may follow those up to it."""
        return np.cumsum(counts, axis=along)


class Nonincreasing(Nondecreasing):
    """v_1 ≥ v_2 ≥ … ≥ v_s."""

    def draw(self, rng: Uniform, n: int) -> Floats:
        """Draw from the distribution of `Free` conditioned on the order."""
        return super().draw(rng, n)[::-1]

    @staticmethod
    def follows(counts: Counts, along: int) -> Counts:
        """Each value may follow those from it upwards."""
        return np.flip(np.cumsum(np.flip(counts, along), axis=along), along)


ORDERS: dict[str, type[Order]] = {
    "free": Free,
    "equal": Equal,
    "nondecreasing": Nondecreasing,
    "nonincreasing": Nonincreasing,
}


def keeps(order: str, positions: Ints) -> NDArray[np.bool_]:
    """Mask (n,) of the tuples (n, s) that satisfy an order."""
    steps = np.diff(positions, axis=1)
    holds = {"free": steps == steps, "equal": steps == 0, "nondecreasing": steps >= 0, "nonincreasing": steps <= 0}
    kept: NDArray[np.bool_] = holds[order].all(axis=1)
    return kept


def every(order: str, values: int, stages: int) -> Ints:
    """Enumerate all tuples of positions that satisfy an order, (settings, s)."""
    if order == "free":
        return np.indices((values,) * stages).reshape(stages, -1).T
    if order == "equal":
        return np.repeat(np.arange(values)[:, None], stages, axis=1)
    rows = np.array(list(combinations_with_replacement(range(values), stages)))
    return rows if order == "nondecreasing" else rows[:, ::-1]
