"""Split tables of results into populations. The only required column is `error`, in percent.

A row counts as a result if its `status` is done or diverged, its `valid` is true, and its error is a number; a missing
column `status` or `valid` sets no condition. The other rows are counted as failed or unfinished.
"""

import html
import logging
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.results.columns import NAMES, matrix, outcomes_of, written_by_dsd
from dsd.analysis.results.seeds import one_per_network, one_per_run
from dsd.analysis.results.strata import Stratum, shares_of, strata_of
from dsd.errors import DsdError, known, shortened
from dsd.io.table_reading import as_frame, as_numbers, clean_header, is_missing, named_cells, read_table, stray
from dsd.runs import RESULTS, RunState
from dsd.texts import encodable
from dsd.typed import quoted

if TYPE_CHECKING:
    from dsd.analysis.adjusted.draws import Draws

log = logging.getLogger(__name__)

MOST = 2_000  # populations of a table: seconds
SMALL = "_cifar"  # ending of the names of spaces for small images
SHOWN = 10  # rows displayed in a notebook
TRUTHS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


@dataclass(frozen=True, repr=False)
class Results:
    """The results of one population.

    frame: one row per network with its result, the mean over several seeds (`dsd.analysis.results.seeds`)
    runs: one row per run, as in the table; equals `frame` if every network was trained once
    failures: rows with status failed, or with `valid` false
    unfinished: number of rows that have no result yet
    outcomes: columns that hold training outcomes
    in_percent: whether the errors are known to be percent, because dsd or `dsd import` wrote the table
    shares: share of each stratum in the population, by its name in the column `stratum`; empty without strata
    draws: where untrained networks of each stratum come from, by its name ("" without strata); a text says why they
        are not known
    by: the column that names the population
    """

    name: str
    frame: pd.DataFrame
    failures: pd.DataFrame = field(default_factory=pd.DataFrame)
    unfinished: int = 0
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcomes: frozenset[str] = frozenset({"error"})
    in_percent: bool = False
    shares: dict[str, float] = field(default_factory=dict)
    draws: "Mapping[str, Draws | str]" = field(default_factory=dict)
    by: str = "space"

    @property
    def strata(self) -> list[Stratum]:
        """The strata, with the positions of their networks in `frame`; without shares, one named ""."""
        return strata_of(self.frame, self.shares)

    @property
    def stratified(self) -> bool:
        """Whether there are several strata, so that networks can have different weights."""
        return len(self.shares) > 1

    @property
    def weights(self) -> NDArray[np.float64]:
        """(n,) weights of the networks, sum 1: the share of the stratum over its networks with results.

        A stratum without results is left out (`empty_strata`).
        """
        weights = np.full(len(self), 1 / max(len(self), 1))
        if self.stratified:
            for stratum in self.strata:
                weights[stratum.rows] = stratum.share / max(len(stratum.rows), 1)
            weights /= weights.sum() or 1.0
        return weights

    @property
    def empty_strata(self) -> dict[str, float]:
        """The strata without results, with their shares."""
        return {stratum.name: stratum.share for stratum in self.strata if not len(stratum.rows)} if self.shares else {}

    @property
    def mean(self) -> float:
        """Mean error [%], by weight."""
        return float(self.weights @ self.errors) if self.stratified else float(self.errors.mean())

    @property
    def failed(self) -> int:
        """The number of failed rows."""
        return len(self.failures)

    @property
    def errors(self) -> NDArray[np.float64]:
        """(n,) errors [%]."""
        errors: NDArray[np.float64] = self.frame["error"].to_numpy(float)
        return errors

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        more = f", {self.missing_note}" if self.missing_note else ""
        mean = f", mean error {self.mean:.2f}" if len(self) else ""
        return f"<Results {self.name}: n = {len(self):,}{mean}{more}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{self.frame.head(SHOWN).to_html(index=False)}"

    @property
    def missing_note(self) -> str:
        """The numbers of failed and unfinished rows as text; empty if there are none."""
        parts = [f"{count} {word}" for count, word in ((self.failed, "failed"), (self.unfinished, "unfinished"))]
        return ", ".join(part for part, count in zip(parts, (self.failed, self.unfinished), strict=True) if count)


def as_populations(given: Any) -> list[Results]:
    """Convert the output of `split_populations`, a DataFrame, or the path of a table to a list of populations.

    Raises:
        DsdError: the table cannot be read, a value is not allowed, or `given` has another type
    """
    if isinstance(given, str | Path):
        if Path(given).is_dir():
            raise DsdError(f"{given}: is a folder; give its table.csv, or dsd.sweep.collect({str(given)!r})")
        return split_populations(given)
    if isinstance(given, pd.DataFrame):
        return split_populations(given)
    populations = [given] if isinstance(given, Results) else given
    if not isinstance(populations, list | tuple) or not all(isinstance(results, Results) for results in populations):
        raise DsdError(
            f"populations must be the output of dsd.split_populations, a DataFrame, or the path of a table, "
            f"not {type(given).__name__}"
        )
    return list(populations)


def split_populations(
    frame: pd.DataFrame | str | Path, by: str = "space", place: str = "table", outcomes: Sequence[str] = ()
) -> list[Results]:
    """Split a table into populations, in the order of their first rows, or of their names if these are numbers.

    This function validates all values of the table; later code relies on it.

    Args:
        frame: one row per network or run, with `error` [%]; or the path of a table
        by: column that names populations; a table without a column `space` is one population named `place`
        place: name of the table in messages
        outcomes: columns with training outcomes, in addition to those that dsd knows (`dsd.analysis.results.columns`)

    Raises:
        DsdError: no rows, no column `error`, `by` or of `outcomes`, a duplicate column, an error that is not a number
            from 0 to 100, an infinite parameter, an unknown status
    """
    if isinstance(frame, str | Path):
        path = Path(frame)
        return with_recorded_draws(split_populations(read_table(path, (by,)), by, str(path), outcomes), path, by)
    frame = as_frame(frame, "dsd.split_populations")
    frame = frame.set_axis(clean_header(list(frame), place), axis=1)
    if "error" not in frame:
        raise DsdError(f"{place}: has no column error (top-1 error in percent); its columns are: {known(frame)}")
    for name, option in ((by, "--by"), *((name, "--outcomes") for name in outcomes)):
        if name not in frame and (name, option) != ("space", "--by"):
            raise DsdError(f"{place}: has no column {name} ({option}); its columns are: {known(frame)}")
    if not len(frame):
        raise DsdError(f"{place}: has no rows")
    frame = frame.reset_index(drop=True)
    errors = numbers(frame["error"], place)
    outside = errors[(errors < 0) | (errors > 100)]
    if len(outside):
        raise DsdError(f"{place}: error = {outside.iloc[0]:g} in row {row_of(outside)}: errors are percent, 0 to 100")
    if by in frame:
        named = frame[by].astype(object)
        texts = named_cells(named.where(named.notna(), None).tolist(), by, place)
    else:
        texts = pd.Series([encodable(place)] * len(frame), dtype=object)
    if texts.isna().any():
        raise DsdError(f"{place}: {by} is empty in row {row_of(texts[texts.isna()])}; it names the population")
    frame = frame.assign(error=errors)
    reached = outcomes_of(frame, outcomes)
    check_numbers(frame, reached, place)
    rows = texts.groupby(texts, sort=False).groups
    if len(rows) > MOST:
        raise DsdError(
            f"{place}: column {by} names {len(rows):,} populations; the maximum is {MOST:,}; name another column (--by)"
        )
    return [
        results_of(name, frame.loc[rows[text]], place, reached, by)
        for text, name in ordered_names(list(rows), by).items()
    ]


def with_recorded_draws(populations: Sequence[Results], path: Path, by: str = "space") -> list[Results]:
    """Attach the draws that are recorded with a table or sweep to its populations (`adjusted.draws`)."""
    from dsd.analysis.adjusted.draws import NOT_RECORDED, recorded_draws

    recorded = recorded_draws(path)
    if by != "space" and recorded:
        recorded = {"*": f"spaces and windows are recorded for --by space, not for --by {by}"}
    other = recorded.get("*", NOT_RECORDED)
    return [
        replace(own, draws={name: recorded.get(name or own.name, other) for name in strata_names(own)})
        for own in populations
    ]


def strata_names(results: Results) -> list[str]:
    """The names of the strata of a population; [""] without strata."""
    return list(results.shares) or [""]


def with_draws(populations: Any, tables: Mapping[str, pd.DataFrame | str | Path]) -> list[Results]:
    """Attach tables of untrained networks to populations, for adjusted means; they replace recorded draws.

    Args:
        populations: from `split_populations`, or the path of a table
        tables: by name of the population, or of a stratum, a DataFrame or the path of a table; its networks come from
            the same distribution as those of the population

    Raises:
        DsdError: a population is unknown, or a table cannot be read
    """
    from dsd.analysis.adjusted.draws import TableDraws

    populations = as_populations(populations)
    if not isinstance(tables, Mapping):
        raise DsdError(f"draws must be a mapping of names of populations to tables, not {type(tables).__name__}")
    names = list(dict.fromkeys(name for own in populations for name in own.shares or (own.name,)))
    for name in tables:
        if name not in names:
            raise DsdError(f"--draws {name}: is no population; choose from: {known(names)}")
    found = {}
    for name, table in tables.items():
        given, place = (read_table(table), str(table)) if isinstance(table, str | Path) else (table, f"draws of {name}")
        frame = as_frame(given, place)
        found[name] = TableDraws(frame.set_axis(clean_header(list(frame), place), axis=1), place)
    return [replace(own, draws={**own.draws, **given_to(own, found)}) for own in populations]


def given_to(results: Results, tables: Mapping[str, "Draws"]) -> dict[str, "Draws"]:
    """The tables given for a population, or for its strata, by stratum."""
    return {name: tables[name or results.name] for name in strata_names(results) if (name or results.name) in tables}


def ordered_names(texts: Sequence[str], by: str) -> dict[str, str]:
    """Map the text in column `by` to the population's name; if all are numbers or booleans, BY=VALUE in rising order.

    >>> ordered_names(["16", "8"], "g1")
    {'8': 'g1=8', '16': 'g1=16'}
    """
    values = {text: TRUTHS.get(text.lower(), value_of(text)) for text in texts}
    if None in values.values():
        return {text: text for text in texts}
    return {text: f"{by}={text}" for text in sorted(texts, key=lambda text: (values[text], text))}


def value_of(text: str) -> float | None:
    """Parse a text as a finite number; None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def check_numbers(frame: pd.DataFrame, outcomes: Collection[str], place: str) -> None:
    """Raise DsdError for an infinite parameter; warn about numeric columns with a text cell, which are left out."""
    numeric = [name for name in frame.select_dtypes("number") if name not in outcomes]
    infinite = np.isinf(matrix(frame, numeric))
    if infinite.any():
        name = numeric[int(infinite.any(axis=0).argmax())]
        wrong = frame[name][np.isinf(frame[name].to_numpy(float, na_value=np.nan))]
        raise DsdError(f"{place}: {name} = {wrong.iloc[0]} in row {row_of(wrong)}; give a finite number")
    for name in frame.columns.difference(frame.select_dtypes(["number", "bool"]).columns, sort=False):
        if name not in outcomes and not NAMES.fullmatch(name) and (odd := stray(frame[name])):
            row, cell = odd
            values = (place, name, shortened(cell, 60), row + 1, name)
            log.warning("%s: %s = %r in row %d is not a number; column %s is left out", *values)


def row_of(part: pd.Series) -> int:
    """The row number, from 1, of the first row of a part of a table."""
    return int(part.index[0]) + 1


def numbers(column: pd.Series, place: str) -> pd.Series:
    """The error column as floats, NaN for empty cells; DsdError for any other text."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype(float)
    filled = column[column.notna() & ~column.map(lambda cell: isinstance(cell, str) and is_missing(cell))]
    converted = {row: as_numbers([cell]) for row, cell in filled.items()}
    wrong = [row for row, values in converted.items() if values is None]
    if wrong:
        text = f"{place}: error = {quoted(column[wrong[0]])} in row {wrong[0] + 1} is not a number"
        raise DsdError(f"{text}; give percent, 0 to 100")
    return pd.Series(
        {row: float(values[0]) for row, values in converted.items() if values}, index=column.index, dtype=float
    )


def truths(column: pd.Series, place: str) -> pd.Series:
    """The column `valid` as booleans, from true, false, 1 or 0; DsdError for anything else."""
    converted = column.map(lambda cell: TRUTHS.get(str(cell).lower()))
    wrong = column[converted.isna()]
    if len(wrong):
        raise DsdError(f"{place}: valid = {quoted(wrong.iloc[0])} in row {row_of(wrong)}; give true or false")
    return converted.astype(bool)


def results_of(name: str, rows: pd.DataFrame, place: str, outcomes: frozenset[str], by: str) -> Results:
    """Build one population from its rows; validate `status`, `valid` and missing errors."""
    rows = one_per_run(rows)
    status = rows["status"] if "status" in rows else pd.Series(RunState.DONE.value, index=rows.index)
    unknown = status[~status.isin(list(RunState))]
    if len(unknown):
        text = f"{place}: status = {quoted(unknown.iloc[0])} in row {row_of(unknown)} is not known"
        raise DsdError(f"{text}; choose one of: {known(RunState)}")
    valid = truths(rows["valid"], place) if "valid" in rows else pd.Series(True, index=rows.index)
    result = status.isin(RESULTS) & valid & rows["error"].notna()
    failed = (status == RunState.FAILED) | ~valid
    missing = rows[status.isin(RESULTS) & valid & rows["error"].isna()]
    if "status" in rows and len(missing):
        raise DsdError(f"{place}: error is empty in row {row_of(missing)}, whose status is {status[missing.index[0]]}")
    runs = rows[result]
    unfinished = int((~result & ~failed).sum())
    imported = "recorded_by" in rows and runs["error"].max() > 1  # other programs also record shares
    percent = written_by_dsd(rows) or bool(imported)
    networks, shares = one_per_network(runs, place, outcomes), shares_of(rows, name, place)
    return Results(name, networks, rows[failed], unfinished, runs, outcomes, percent, shares, by=by)


def disambiguate_names(tables: Sequence[tuple[str, Sequence[Results]]]) -> list[Results]:
    """Join the populations of several sources; a name that occurs more than once gets its source in brackets.

    Args:
        tables: pairs of a source's name and its populations

    Raises:
        DsdError: a source occurs twice
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


def select_populations(populations: Any, names: Sequence[str]) -> list[Results]:
    """Select populations by name, in this order; a missing name X falls back to X_cifar, the space for small images.

    Args:
        populations: from `split_populations`, or a DataFrame or the path of a table, which is split first

    Raises:
        DsdError: neither exists
    """
    by_name = {results.name: results for results in as_populations(populations)}
    selected = []
    for name in names:
        hits = [near for near in (name, f"{name}{SMALL}") if near in by_name]
        if not hits:
            raise DsdError(f"population {name} is not in the table; it has: {known(by_name)}")
        selected.append(by_name[hits[0]])
    return selected
