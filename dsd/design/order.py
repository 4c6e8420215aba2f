"""How the values of one parameter relate across the stages of a network: free, equal, or in order.

An ordered parameter is drawn from the exact law of independent draws *given* their order, ties included. Sorting
independent draws is another law: it makes equal neighbours too rare. Rejection is the same law but needs thousands
of draws for each network of AnyNetX_E in a complexity window.
"""

import math
from collections.abc import Callable

import numpy as np

from dsd.design.axes import Axis, Floats, Ints, pick

Draw = Callable[[Axis, int, np.random.Generator, int], Ints]


def free(axis: Axis, stages: int, rng: np.random.Generator, n: int) -> Ints:
    """Positions (n, stages) of independent draws."""
    return axis.draw(rng, n * stages).reshape(n, stages)


def equal(axis: Axis, stages: int, rng: np.random.Generator, n: int) -> Ints:
    """Positions (n, stages): one draw from the axis, the same in all stages."""
    return np.repeat(axis.draw(rng, n)[:, None], stages, axis=1)


def nondecreasing(axis: Axis, stages: int, rng: np.random.Generator, n: int) -> Ints:
    """Positions (n, stages), each row in order, from the law of `free` given v_1 ≤ v_2 ≤ … ≤ v_stages.

    Dynamic programming over the table: with p the axis' probabilities,
    mass_1(k) = p_k and mass_m(k) = p_k · Σ_{j ≤ k} mass_{m−1}(j) is the probability that m draws are in order and
    end at value k. The last value is drawn from mass_stages, each earlier one from its mass up to the next value.
    """
    below: list[Floats] = []  # below[m][k] = Σ_{j ≤ k} mass_{m+1}(j)
    for _ in range(stages):
        mass = axis.probabilities * (below[-1] if below else 1.0)
        below.append(np.cumsum(mass))
    u = rng.random((n, stages))
    rows = np.empty((n, stages), np.int64)
    rows[:, -1] = pick(below[-1], u[:, -1])
    for m in range(stages - 2, -1, -1):
        ceiling = rows[:, m + 1]
        drawn = np.searchsorted(below[m], u[:, m] * below[m][ceiling], side="right")
        rows[:, m] = np.minimum(drawn, ceiling)  # u·mass may round up to the mass itself
    return rows


def nonincreasing(axis: Axis, stages: int, rng: np.random.Generator, n: int) -> Ints:
    """Positions (n, stages) from the law of `free` given v_1 ≥ v_2 ≥ … ≥ v_stages."""
    return nondecreasing(axis, stages, rng, n)[:, ::-1]


ORDERS: dict[str, Draw] = {
    "free": free,
    "equal": equal,
    "nondecreasing": nondecreasing,
    "nonincreasing": nonincreasing,
}


def settings(order: str, values: int, stages: int) -> int:
    """The exact number of tuples of `stages` values out of `values`, ties included."""
    if order == "free":
        return int(values**stages)
    return values if order == "equal" else math.comb(values + stages - 1, stages)


def settings_as_printed(order: str, values: int, stages: int) -> float:
    """The same number as the paper counts it: ordered tuples are divided by stages!, as if none had ties."""
    if order == "free":
        return float(values**stages)
    return float(values) if order == "equal" else values**stages / math.factorial(stages)
