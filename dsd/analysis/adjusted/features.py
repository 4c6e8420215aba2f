"""The features of the surrogate: one fixed rule, the same for all populations, so that there is nothing to choose.

- A column of whole numbers with at most 4 different values, and a column of text or truth values, becomes one indicator
  per value except the first.
- Any other numeric column x becomes u = log x (log(1 + x) if zeros occur, x over its largest absolute value if negative
  values occur), and (u − mean u)².

The values of all trained and drawn networks decide the kind; errors play no part. Columns with a missing value are left
out. A population without a column gets 0 in its features: these then explain nothing there.
Shape letters: n trained networks, N drawn networks, p features.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dsd.analysis.results.columns import CONDITIONS, NAMES
from dsd.arrays import Floats

FEW_VALUES = 4  # most different whole numbers that become indicators
MOST_VALUES = 20  # most different texts
MOST_FEATURES = 200
DRAWN_BEFORE = "sampled_"  # prefix of columns that only the sampler knows


@dataclass(frozen=True)
class Features:
    """The features of one population.

    trained: (n, p)
    drawn: (N, p)
    """

    trained: Floats
    drawn: Floats


def shared_columns(trained: pd.DataFrame, drawn: pd.DataFrame, outcomes: Collection[str]) -> list[str]:
    """The columns of both tables of a population that are no outcome, condition or name."""
    others = {"error", *outcomes, *CONDITIONS} - {"resolution"}
    return [
        str(name)
        for name in trained
        if name in drawn
        and name not in others
        and not NAMES.fullmatch(str(name))
        and not str(name).startswith(DRAWN_BEFORE)
    ]


def unusable(trained: pd.DataFrame, drawn: pd.DataFrame, outcomes: Collection[str]) -> list[str]:
    """The columns of both tables that are no features: with gaps, or numbers in one table and text in the other."""
    return [
        name
        for name in shared_columns(trained, drawn, outcomes)
        if (trained[name].notna().any() and (trained[name].isna().any() or drawn[name].isna().any()))
        or is_number(trained[name]) != is_number(drawn[name])
    ]


def usable(trained: pd.DataFrame, drawn: pd.DataFrame, outcomes: Collection[str]) -> list[str]:
    """The columns of a population that can be features."""
    wrong = unusable(trained, drawn, outcomes)
    return [
        name
        for name in shared_columns(trained, drawn, outcomes)
        if name not in wrong and trained[name].notna().any() and drawn[name].notna().any()
    ]


def is_number(column: pd.Series) -> bool:
    """Whether a column is numeric; truth values are not."""
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def features_of(
    trained: Sequence[pd.DataFrame], drawn: Sequence[pd.DataFrame], outcomes: Collection[str] = ()
) -> list[Features]:
    """Build the features of populations from their trained and their drawn networks, one table each per population.

    Returns:
        the same p features for each population; p can be 0, and is at most `MOST_FEATURES` (the first ones)
    """
    columns = [usable(own, free, outcomes) for own, free in zip(trained, drawn, strict=True)]
    tables = [
        table[names] for pair, names in zip(zip(trained, drawn, strict=True), columns, strict=True) for table in pair
    ]
    ends = np.cumsum([len(table) for table in tables])
    rows = np.split(np.arange(ends[-1]), ends[:-1])
    features: list[Floats] = []
    for name in dict.fromkeys(name for names in columns for name in names):
        if len(features) >= MOST_FEATURES:
            break
        present = [(table[name], at) for table, at in zip(tables, rows, strict=True) if name in table]
        if len({is_number(column) for column, _ in present}) > 1:
            continue  # numbers in one population, text in another
        values = np.concatenate([as_values(column) for column, _ in present])
        where = np.concatenate([at for _, at in present])
        for feature in expanded(values):
            full = np.zeros(ends[-1])
            full[where] = feature
            features.append(full)
    matrix = np.stack(features[:MOST_FEATURES], axis=1) if features else np.zeros((ends[-1], 0))
    blocks = [matrix[at] for at in rows]
    return [Features(*pair) for pair in zip(blocks[::2], blocks[1::2], strict=True)]


def as_values(column: pd.Series) -> np.ndarray:
    """The values of a column: numbers, or texts."""
    values: np.ndarray = column.to_numpy(float) if is_number(column) else column.astype(str).to_numpy(object)
    return values


def expanded(values: np.ndarray) -> Iterator[Floats]:
    """The features of one column; none if all its values are equal, or if it has too many texts."""
    levels = np.unique(values)
    if len(levels) < 2:
        return
    if values.dtype == object or (len(levels) <= FEW_VALUES and not np.any(levels % 1)):
        if len(levels) <= MOST_VALUES:
            yield from ((values == level).astype(float) for level in levels[1:])
        return
    # large numbers are scaled, so that their square exists
    u = values / np.abs(levels).max() if levels[0] < 0 else np.log1p(values) if levels[0] == 0 else np.log(values)
    yield u
    yield (u - u.mean()) ** 2
