"""Axes: the values one parameter of a design space may take, with their probabilities.

Every axis is a finite table, also where the law is continuous before it is rounded to its step. So probabilities
are exact, a draw is one look-up, and ordered tuples can be drawn from their exact law (`dsd.design.order`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """A finite law.

    values: (k,) strictly increasing, int64 or float64
    probabilities: (k,) positive, sum 1
    """

    values: NDArray[Any]
    probabilities: Floats

    def __len__(self) -> int:
        return len(self.values)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """Positions (n,) of independent draws in the table."""
        return pick(np.cumsum(self.probabilities), rng.random(n))


def pick(cumulative: Floats, u: Floats) -> Ints:
    """For each u in [0, 1) the first position whose cumulative mass, scaled to end at 1, exceeds u."""
    found: Ints = np.searchsorted(cumulative[:-1], u * cumulative[-1], side="right")
    return found


def _grid(low: float, high: float, step: float) -> NDArray[Any]:
    count = round((high - low) / step) + 1
    # step · integer, then rounded: 8.1 and not 8.100000000000001 in the user's table
    values = np.round(step * (round(low / step) + np.arange(count)), 10)
    return values.astype(np.int64) if float(step).is_integer() else values


def uniform(low: float, high: float, step: float) -> Axis:
    """Every multiple of `step` from `low` to `high`, equally likely.

    >>> uniform(1, 4, 1).probabilities
    array([0.25, 0.25, 0.25, 0.25])
    """
    values = _grid(low, high, step)
    return Axis(values, np.full(len(values), 1 / len(values)))


def log_uniform(low: float, high: float, step: float) -> Axis:
    """Log-uniform on (low − q, high], q = min(step, low/2), rounded up to a multiple of `step`.

    The paper gives no rule for quantised ranges; this one is the authors' code's.

    >>> log_uniform(1, 16, 1).probabilities[:4].round(3)
    array([0.2  , 0.2  , 0.117, 0.083])
    """
    values = _grid(low, high, step)
    edges = np.concatenate([[low - min(step, low / 2)], values])
    mass = np.diff(np.log(edges))
    return Axis(values, mass / mass.sum())


def powers_of_two(low: float, high: float) -> Axis:
    """Every power of two from `low` to `high`, equally likely.

    >>> powers_of_two(1, 32).values
    array([ 1,  2,  4,  8, 16, 32])
    """
    values = 2.0 ** np.arange(np.log2(low), np.log2(high) + 1)
    if low >= 1:
        values = values.astype(np.int64)
    return Axis(values, np.full(len(values), 1 / len(values)))


LAWS: dict[str, Callable[..., Axis]] = {
    "uniform": uniform,
    "log_uniform": log_uniform,
    "powers_of_two": powers_of_two,
}
