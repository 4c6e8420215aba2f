"""Convert networks to rows of a table, and back."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dsd.architecture.complexities import MEASURES, Complexity
from dsd.architecture.network import Network, whole_numbers
from dsd.architecture.networks import Networks
from dsd.architecture.skeleton import LISTS, NAMES, NUMBERS, Skeleton
from dsd.arrays import Columns
from dsd.errors import DsdError

if TYPE_CHECKING:
    import pandas as pd


def is_given(row: Mapping[str, Any], column: str) -> bool:
    """Whether a row has a value in a column; rows of joined tables can lack it."""
    value = row.get(column, "")
    return value is not None and value == value and value != ""


NEEDED = ("block", "stem", "strides")  # skeleton columns required in each row
WRITTEN = (*NEEDED, "activation")  # skeleton columns written always; the others only if not at their defaults


def cell(row: Mapping[str, Any], column: str) -> Any:
    """Return the value of a required column."""
    if not is_given(row, column):
        raise DsdError(f"column {column} is missing or empty in this row; a network needs it")
    return row[column]


def text(row: Mapping[str, Any], column: str) -> str:
    """Read the text in a column."""
    return str(cell(row, column))


def entry(row: Mapping[str, Any], column: str) -> float:
    """Read the number in a column."""
    try:
        number = float(cell(row, column))
    except (TypeError, ValueError) as error:
        raise DsdError(f"column {column} = {row[column]}: is not a number") from error
    if not math.isfinite(number):
        raise DsdError(f"column {column} = {row[column]}: is not a finite number")
    return number


def whole(row: Mapping[str, Any], column: str) -> int:
    """Read the whole number in a column."""
    number = entry(row, column)
    if number % 1:
        raise DsdError(f"column {column} = {row[column]}: give a whole number")
    return int(number)


def whole_list(row: Mapping[str, Any], column: str) -> tuple[int, ...]:
    """Read a column such as 2-2-2-2, one number per stage; table readers can turn a single number into 2.0."""
    try:
        return tuple(int(number.removesuffix(".0")) for number in str(cell(row, column)).split("-"))
    except ValueError as error:
        raise DsdError(f"column {column} = {row[column]}: give one whole number per stage, such as 2-2-2-2") from error


def columns_of(space: str, networks: Networks, counted: Complexity, drawn: Columns) -> Columns:
    """Build the table of n networks as columns (n,): stages, complexity, drawn values, skeleton and task."""
    n, skeleton = len(networks), networks.skeleton
    stated = [f.name for f in fields(skeleton) if f.name in WRITTEN or f.name in skeleton.variations]
    return {
        "space": np.full(n, space),
        "key": np.array(networks.keys()),
        **by_stage("d", networks.depths),
        **by_stage("w", networks.widths),
        **by_stage("b", networks.bottleneck_ratios),
        **by_stage("g", networks.group_widths),
        "depth": networks.depths.sum(axis=1),
        **{name: getattr(counted, name) for name in MEASURES},
        **drawn,
        **{name: np.full(n, as_cell(getattr(skeleton, name))) for name in stated},
        "resolution": networks.resolution,
        "classes": np.full(n, networks.classes),
    }


def as_cell(value: Any) -> Any:
    """Format a Skeleton field for a table: a list as 2-2-2-2."""
    return "-".join(map(str, value)) if isinstance(value, tuple) else value


def network_of(row: Mapping[str, Any]) -> Network:
    """Build the network of one row of a population's table (columns d1.., w1.., b1.., g1.., block, stem, strides, …).

    Raises:
        DsdError: a column is missing or invalid; the message names it
    """
    readers: tuple[tuple[Callable[[Mapping[str, Any], str], Any], tuple[str, ...]], ...]
    readers = ((text, NAMES), (whole_list, LISTS), (whole, NUMBERS))
    stated: dict[str, Any] = {
        name: read(row, name) for read, names in readers for name in names if name in NEEDED or is_given(row, name)
    }
    stages = [[entry(row, f"{letter}{i}") for i in range(1, len(stated["strides"]) + 1)] for letter in "dwbg"]
    depths, wide, ratios, groups = (whole_numbers(values) for values in stages)
    return Network(
        *(depths, wide, ratios, groups),  # type: ignore[arg-type]
        skeleton=Skeleton(**stated),
        resolution=whole(row, "resolution"),
        classes=whole(row, "classes"),
    )


def networks_of(frame: "pd.DataFrame", place: str = "table") -> list[Network]:
    """Build the network of each row.

    Raises:
        DsdError: there are no rows, or a row is not a valid network; names the row (from 1) and the reason
    """
    networks = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        try:
            networks.append(network_of(row))
        except DsdError as error:
            raise DsdError(f"{place}: row {number}: {error}") from error
    if not networks:
        raise DsdError(f"{place}: has no rows")
    return networks


TRAINING = ("lr", "weight_decay")  # of the recipe; some spaces draw them with the network ([DDS] App. C)
TASK = ("resolution", *TRAINING)  # parameters excluded from the paper's counts
LETTERS = {"depth": "d", "width": "w", "bottleneck_ratio": "b", "group_width": "g"}  # column prefixes per stage


def by_stage(prefix: str, values: NDArray[Any]) -> Columns:
    """Split values (n, s) into columns prefix1, prefix2, …"""
    return {f"{prefix}{stage}": column for stage, column in enumerate(values.T, start=1)}
