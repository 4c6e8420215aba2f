"""Pair the networks of two populations: the networks that were trained twice, such as by two recipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.comparison.verdicts import FEW
from dsd.analysis.distribution.empirical import validate_errors
from dsd.analysis.results.columns import RUN
from dsd.analysis.results.populations import Results
from dsd.arrays import Floats
from dsd.errors import DsdError, known, shortened
from dsd.io.table_reading import name_of

LISTED = 4  # most pairs of populations to list by name


@dataclass(frozen=True)
class Paired:
    """How populations a and b were paired.

    by: column that identifies networks
    n: networks of both populations, the pairs
    unmatched_a, unmatched_b: networks of one population alone; they are left out
    same_run: networks whose result is one and the same run in both populations; they are left out
    """

    by: str
    n: int
    unmatched_a: int
    unmatched_b: int
    same_run: int = 0


@dataclass(frozen=True)
class Networks:
    """The networks of one population with a value in the column that identifies them, one row each.

    names: (n,) that value as text
    errors: (n,) errors [%]
    runs: (n,) run keys, empty where there is none
    unnamed: networks without a value
    """

    population: str
    names: "pd.Index[str]"
    errors: Floats = field(repr=False)
    runs: NDArray[np.str_] = field(repr=False)
    unnamed: int = 0


def named_networks(results: Results, column: str) -> Networks:
    """The networks of a population, by the value of a column.

    Raises:
        DsdError: the column is missing, or a value occurs twice
    """
    frame = results.frame
    if column not in frame:
        raise DsdError(f"{results.name}: has no column {column} (--pair); its columns are: {known(frame)}")
    cells = frame[column].astype(object).tolist()
    texts = [None if cell is None or cell is pd.NA or cell != cell else name_of(cell).strip() for cell in cells]
    named = np.array([bool(text) for text in texts], bool)
    names = pd.Index([text for text in texts if text], dtype=object)
    twice = names[names.duplicated()]
    if len(twice):
        places = np.flatnonzero(named)[names == twice[0]]
        numbered = pd.api.types.is_integer_dtype(frame.index)
        rows = ", ".join(str(frame.index[place] + 1 if numbered else place + 1) for place in places[:3])
        raise DsdError(
            f"{results.name}: {column} = {shortened(twice[0], 60)} is in rows {rows}; --pair needs one row of each "
            "network in a population: group by another column (--by), or pair by another column"
        )
    runs = frame["run"].tolist() if "run" in frame else [""] * len(frame)
    own = [run if isinstance(run, str) and RUN.fullmatch(run) else "" for run in runs]
    return Networks(
        results.name,
        names,
        validate_errors(results.errors)[named],
        np.array(own, np.str_)[named],
        int((~named).sum()),
    )


def matched(a: Networks, b: Networks, by: str) -> tuple[Floats, Floats, Paired]:
    """The errors (n,) and (n,) of the networks that both populations have, in the order of a, and their counts."""
    places = b.names.get_indexer(a.names)
    in_a = np.flatnonzero(places >= 0)
    in_b = places[in_a]
    runs = a.runs[in_a]
    same = (runs != "") & (runs == b.runs[in_b]) & (a.errors[in_a] == b.errors[in_b])
    counts = len(a.names) + a.unnamed - len(in_a), len(b.names) + b.unnamed - len(in_b)
    paired = Paired(by, int((~same).sum()), *counts, same_run=int(same.sum()))
    return a.errors[in_a[~same]], b.errors[in_b[~same]], paired


def pairing_notes(
    populations: Sequence[Results], column: str, pairs: Mapping[tuple[str, str], Paired], stepwise: bool
) -> list[str]:
    """Notes on the networks and pairs of populations that a paired comparison leaves out.

    Args:
        pairs: counts of the pairs that are compared, by the names of both populations
        stepwise: whether only populations that follow each other were to be compared
    """
    networks = [named_networks(results, column) for results in populations if len(results)]
    counted = "; ".join(in_words(*names, counts) for names, counts in pairs.items())
    notes = [f"Paired by {column}: {shortened(counted, 600)}."] if pairs else []
    names = [one.population for one in networks]
    apart = [both for both in (pairwise(names) if stepwise else combinations(names, 2)) if both not in pairs]
    if apart:
        listed = "; ".join(f"{a} and {b}" for a, b in apart) if len(apart) <= LISTED else f"{len(apart):,} pairs"
        notes.append(f"Not compared, because they share no network from different runs: {shortened(listed, 300)}.")
    unnamed = ", ".join(f"{one.population} {one.unnamed:,}" for one in networks if one.unnamed)
    if unnamed:
        notes.append(f"Networks without a value of {column} have no partner: {shortened(unnamed, 300)}.")
    few = ", ".join(f"{a} and {b} ({counts.n})" for (a, b), counts in pairs.items() if counts.n < FEW)
    if few:
        notes.append(f"Too few networks in both: {shortened(few, 300)}; a verdict needs {FEW}.")
    return notes


def in_words(a: str, b: str, counts: Paired) -> str:
    """The counts of a pair as text.

    >>> in_words("x", "y", Paired("key", 36, 2, 0))
    'x and y have 36 networks in common; left out without a partner: 2 and 0'
    """
    same = f", the same run in both: {counts.same_run:,}" if counts.same_run else ""
    left_out = f"{counts.unmatched_a:,} and {counts.unmatched_b:,}{same}"
    return f"{a} and {b} have {counts.n:,} networks in common; left out without a partner: {left_out}"
