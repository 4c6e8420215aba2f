"""Strata of a population: parts that were drawn apart, each with a known share of the population.

A table has them in the columns `stratum`, a name, and `weight`, the share of the stratum divided by the number of its
planned networks. Rows without a result do not change the share of their stratum: its other networks stand for them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dsd.arrays import Ints
from dsd.errors import DsdError
from dsd.io.table_reading import as_numbers, is_missing
from dsd.typed import quoted

STRATUM, WEIGHT = "stratum", "weight"
TOLERANCE = 1e-6  # of the sum of shares: weights can be rounded


@dataclass(frozen=True)
class Stratum:
    """A part of a population.

    name: "" for a population that is not stratified
    share: probability of the stratum in the population
    rows: positions of its networks with results
    """

    name: str
    share: float
    rows: Ints


def shares_of(rows: pd.DataFrame, name: str, place: str) -> dict[str, float]:
    """The share of each stratum of a population, by name; empty if the table has no strata.

    Args:
        rows: all planned rows of the population, one per network, or per network (`key`) and seed

    Raises:
        DsdError: a cell is empty, a weight is not a positive number or not constant in its stratum, or the shares do
            not sum to 1
    """
    if not {STRATUM, WEIGHT} <= set(rows) or not len(rows):
        return {}
    filled = {column: ~rows[column].map(is_empty).to_numpy(bool) for column in (STRATUM, WEIGHT)}
    if not filled[STRATUM].any() and not filled[WEIGHT].any():
        return {}
    where = f"{place}: population {name}"
    remedy = f"weight is the share of a stratum over its networks; rename or drop {STRATUM} or {WEIGHT} to ignore them"
    for column, known in filled.items():
        if not known.all():
            row = int(rows.index[int(np.argmin(known))]) + 1
            raise DsdError(f"{where}: {column} is empty in row {row}; {remedy}")
    weights = as_numbers(rows[WEIGHT].tolist())
    if weights is None or not (np.isfinite(weights) & (np.asarray(weights) > 0)).all():
        wrong = next(
            cell for cell in rows[WEIGHT] if (number := as_numbers([cell])) is None or not 0 < number[0] < 1e300
        )
        raise DsdError(f"{where}: weight = {quoted(wrong)} is not a positive number; {remedy}")
    table = pd.DataFrame({STRATUM: rows[STRATUM].astype(str).to_numpy(), WEIGHT: np.asarray(weights, float)})
    table["key"] = rows["key"].to_numpy() if "key" in rows else np.arange(len(rows))
    shares: dict[str, float] = {}
    for stratum, part in table.groupby(STRATUM, sort=False):
        low, high = float(part[WEIGHT].min()), float(part[WEIGHT].max())
        if high - low > TOLERANCE * high:
            raise DsdError(f"{where}: weight is {low:g} and {high:g} in stratum {stratum}; {remedy}")
        shares[str(stratum)] = low * part["key"].nunique(dropna=False)
    total = sum(shares.values())
    if abs(total - 1) > TOLERANCE:
        raise DsdError(
            f"{where}: the shares of its strata sum to {total:.6g}, not 1: rows are missing or added; {remedy}"
        )
    return {stratum: share / total for stratum, share in shares.items()}


def is_empty(cell: object) -> bool:
    """Whether a cell holds no value."""
    return cell is None or cell != cell or (isinstance(cell, str) and is_missing(cell))


def strata_of(frame: pd.DataFrame, shares: dict[str, float]) -> list[Stratum]:
    """The strata of a population, with the positions of their rows in its table; without shares, one for all rows."""
    if not shares:
        return [Stratum("", 1.0, np.arange(len(frame)))]
    names = frame[STRATUM].astype(str).to_numpy() if STRATUM in frame else np.full(len(frame), "")
    return [Stratum(name, share, np.flatnonzero(names == name)) for name, share in shares.items()]
