"""Networks as rows of a table, and back."""

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
    """Whether a row has a value there: not so where tables of different families were joined."""
    value = row.get(column, "")
    return value is not None and value == value and value != ""


NEEDED = ("block", "stem", "strides")  # of a skeleton, in each row
WRITTEN = (*NEEDED, "activation")  # in each table; the other fields of a skeleton where they differ from their defaults


def cell(row: Mapping[str, Any], column: str) -> Any:
    """What is in a column that a network needs."""
    if not is_given(row, column):
        raise DsdError(f"column {column} of the row is missing or empty; a network needs it")
    return row[column]


def text(row: Mapping[str, Any], column: str) -> str:
    """The text in a column."""
    return str(cell(row, column))


def entry(row: Mapping[str, Any], column: str) -> float:
    """The number in a column."""
    try:
        number = float(cell(row, column))
    except (TypeError, ValueError) as error:
        raise DsdError(f"column {column} = {row[column]}: is not a number") from error
    if not math.isfinite(number):
        raise DsdError(f"column {column} = {row[column]}: is not a finite number")
    return number


def whole(row: Mapping[str, Any], column: str) -> int:
    """The whole number in a column."""
    number = entry(row, column)
    if number % 1:
        raise DsdError(f"column {column} = {row[column]}: give a whole number")
    return int(number)


def whole_list(row: Mapping[str, Any], column: str) -> tuple[int, ...]:
    """The numbers of a column such as 2-2-2-2, one a stage; of one stage, table readers may have made it 2.0."""
    try:
        return tuple(int(number.removesuffix(".0")) for number in str(cell(row, column)).split("-"))
    except ValueError as error:
        raise DsdError(f"column {column} = {row[column]}: give a whole number a stage, such as 2-2-2-2") from error


def columns_of(space: str, networks: Networks, counted: Complexity, drawn: Columns) -> Columns:
    """The table of n networks as columns (n,): what they are, their complexity, and what was drawn for them."""
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
    """A field of a skeleton as it stands in a table; a list as 2-2-2-2."""
    return "-".join(map(str, value)) if isinstance(value, tuple) else value


def network_of(row: Mapping[str, Any]) -> Network:
    """The network of one row of a population's table (columns d1.., w1.., b1.., g1.., block, stem, strides, …).

    Raises:
        DsdError: a column is missing or holds something else; the message names it
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
    """The network of each row.

    Raises:
        DsdError: no rows, or a row that is no network; names the row, from 1, and why
    """
    found = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        try:
            found.append(network_of(row))
        except DsdError as error:
            raise DsdError(f"{place}: row {number}: {error}") from error
    if not found:
        raise DsdError(f"{place}: has no rows")
    return found


TRAINING = ("lr", "weight_decay")  # of the recipe; drawn with the network where a space says so ([DDS] App. C)
TASK = ("resolution", *TRAINING)  # parameters that are no part of the paper's counts
LETTERS = {"depth": "d", "width": "w", "bottleneck_ratio": "b", "group_width": "g"}  # of a value in each stage


def by_stage(prefix: str, values: NDArray[Any]) -> Columns:
    """Columns prefix1, prefix2, … of values (n, s)."""
    return {f"{prefix}{stage}": column for stage, column in enumerate(values.T, start=1)}
