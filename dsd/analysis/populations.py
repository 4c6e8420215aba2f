"""Tables of results, cut into populations. Any table will do that has a column `error` in percent.

A row counts as a result where its `status` is done or diverged (or there is no such column), its `valid` is true
(or there is no such column), and its error is a number. What does not count is counted: nothing drops out silently.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.seeds import one_per_network
from dsd.errors import DsdError, known

RESULT = ("done", "diverged")
FAILED = "failed"
STATES = (*RESULT, FAILED, "planned", "queued", "running", "lost")
TRUTHS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


@dataclass(frozen=True)
class Results:
    """The results of one population.

    frame: a row a network, with its result; of several seeds their mean (`dsd.analysis.seeds`)
    runs: a row a run, as the table has them; the same where every network was trained once
    failures: rows that failed, or that the table calls invalid
    unfinished: how many rows have no result and may still get one
    """

    name: str
    frame: pd.DataFrame
    failures: pd.DataFrame = field(default_factory=pd.DataFrame)
    unfinished: int = 0
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def failed(self) -> int:
        """How many rows failed."""
        return len(self.failures)

    @property
    def errors(self) -> NDArray[np.float64]:
        """(n,) errors [%]."""
        errors: NDArray[np.float64] = self.frame["error"].to_numpy(float)
        return errors

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def lacking(self) -> str:
        """What is missing from the population, in words; empty where nothing is."""
        parts = [f"{count} {word}" for count, word in ((self.failed, "failed"), (self.unfinished, "unfinished"))]
        return ", ".join(part for part, count in zip(parts, (self.failed, self.unfinished), strict=True) if count)


def split(frame: pd.DataFrame, by: str = "space", place: str = "table") -> list[Results]:
    """The populations of a table, in the order of their first rows.

    Args:
        frame: a row a network, with `error` [%]
        by: the column that names populations; a table without a column `space` is one population called `place`
        place: what the table is called in messages

    Raises:
        DsdError: no rows, no column `error` or `by`, an error that is no number from 0 to 100, an unknown status
    """
    if "error" not in frame:
        raise DsdError(f"{place}: has no column error (top-1 error in percent); its columns are: {known(frame)}")
    if by not in frame and by != "space":
        raise DsdError(f"{place}: has no column {by} (--by); its columns are: {known(frame)}")
    if not len(frame):
        raise DsdError(f"{place}: has no rows")
    frame = frame.reset_index(drop=True)
    errors = numbers(frame["error"], place)
    outside = errors[(errors < 0) | (errors > 100)]
    if len(outside):
        raise DsdError(f"{place}: error = {outside.iloc[0]:g} in row {row_of(outside)}: errors are percent, 0 to 100")
    names = frame[by] if by in frame else pd.Series(place, index=frame.index)
    if names.isna().any():
        raise DsdError(f"{place}: {by} is empty in row {row_of(names[names.isna()])}; it names the population")
    frame = frame.assign(error=errors)
    numeric = pd.api.types.is_numeric_dtype(names)  # truths too: 3 and True are no names
    labels = names.map(lambda value: f"{by}={value:g}" if numeric else str(value))
    order = list(dict.fromkeys(labels[names.sort_values().index] if numeric else labels))
    return [results_of(name, frame[labels == name], place) for name in order]


def row_of(part: pd.Series) -> int:
    """The number, from 1, of the first row of a part of a table."""
    return int(part.index[0]) + 1


def numbers(column: pd.Series, place: str) -> pd.Series:
    """The error column as numbers, NaN where it is empty; anything else is refused."""
    converted = pd.to_numeric(column, errors="coerce")
    wrong = column[converted.isna() & column.notna()]
    if len(wrong):
        raise DsdError(f"{place}: error = {wrong.iloc[0]!r} in row {row_of(wrong)} is not a number of percent")
    return converted


def truths(column: pd.Series, place: str) -> pd.Series:
    """The column `valid` as booleans: true, false, 1 or 0; anything else is refused."""
    converted = column.map(lambda cell: TRUTHS.get(str(cell).lower()))
    wrong = column[converted.isna()]
    if len(wrong):
        raise DsdError(f"{place}: valid = {wrong.iloc[0]!r} in row {row_of(wrong)}; give true or false")
    return converted.astype(bool)


def results_of(name: str, rows: pd.DataFrame, place: str) -> Results:
    """One population: its results, and how many rows are none."""
    status = rows["status"] if "status" in rows else pd.Series(RESULT[0], index=rows.index)
    unknown = status[~status.isin(STATES)]
    if len(unknown):
        text = f"{place}: status = {unknown.iloc[0]!r} in row {row_of(unknown)} is not known"
        raise DsdError(f"{text}; choose one of: {known(STATES)}")
    valid = truths(rows["valid"], place) if "valid" in rows else pd.Series(True, index=rows.index)
    result = status.isin(RESULT) & valid & rows["error"].notna()
    failed = (status == FAILED) | ~valid
    missing = rows[status.isin(RESULT) & valid & rows["error"].isna()]
    if "status" in rows and len(missing):
        raise DsdError(f"{place}: error is empty in row {row_of(missing)}, whose status is {status[missing.index[0]]}")
    runs = rows[result]
    return Results(name, one_per_network(runs, place), rows[failed], int((~result & ~failed).sum()), runs)


def told_apart(tables: Sequence[tuple[str, Sequence[Results]]]) -> list[Results]:
    """The populations of several sources; a name that occurs in two of them gets its source in brackets.

    Args:
        tables: a source's name and its populations
    """
    twice = [source for source, count in Counter(source for source, _ in tables).items() if count > 1]
    if twice:
        raise DsdError(f"{twice[0]}: is given twice")
    counts = Counter(results.name for _, populations in tables for results in populations)
    return [
        replace(results, name=f"{results.name} ({source})") if counts[results.name] > 1 else results
        for source, populations in tables
        for results in populations
    ]


def pick(
    populations: Sequence[Results], names: Sequence[str], suffixes: Sequence[str] = ("", "_cifar")
) -> list[Results]:
    """The populations of these names, in this order; of a name that is not there, its version for small images.

    Raises:
        DsdError: neither is there
    """
    there = {results.name: results for results in populations}
    found = []
    for name in names:
        hits = [name + suffix for suffix in suffixes if name + suffix in there]
        if not hits:
            raise DsdError(f"population {name} is not in the table; it has: {known(there)}")
        found.append(there[hits[0]])
    return found
