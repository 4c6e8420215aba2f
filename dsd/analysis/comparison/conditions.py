"""Training conditions of populations. If they differ, a difference in error is weak evidence about the networks."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from dsd.analysis.distribution.stratified import weighted_quantiles
from dsd.analysis.results.columns import CONDITIONS
from dsd.analysis.results.populations import Results
from dsd.architecture.complexities import MEASURES
from dsd.architecture.units import readable
from dsd.arrays import Floats
from dsd.errors import DsdError, known, shortened
from dsd.io.table_reading import name_of
from dsd.runs import RunState

FEW = 5  # fewest networks for a note on complexity
COMPLEXITY_RATIO = 1.2  # largest ratio of median flops, params or acts without a note
UNIFORM = ("data", "recipe", "classes", "epochs")  # conditions with one value in a population; others can be drawn
ALIASES = {"dataset": "data"}  # names of conditions in tables of other programs
DERIVED = {"epochs": ("recipe",), "resolution": ("data",)}  # labels that a condition is a part of
SHOWN = 60  # most characters for the values of a condition


def check_conditions(names: Sequence[str]) -> None:
    """Raise DsdError if a name is not a training condition."""
    for name in names:
        if name not in CONDITIONS:
            raise DsdError(f"across = {name}: give one or more of: {known(CONDITIONS)}")


def values_of(results: Results, condition: str) -> frozenset[str]:
    """The values of a condition in a population; empty if the table lacks the column.

    The number of epochs counts only if no recipe covers it, and only of trainings that did not diverge.
    """
    frame = results.frame
    if condition == "epochs":
        if "recipe" in frame:
            return frozenset()
        frame = frame[frame["status"] != RunState.DIVERGED] if "status" in frame else frame
    columns = [name for name in frame if ALIASES.get(str(name).lower(), str(name).lower()) == condition]
    return frozenset(name_of(value) for name in columns[:1] for value in distinct(frame[name].dropna()))


def distinct(column: pd.Series) -> Iterable[Any]:
    """The distinct values of a column, so that each is converted once; all values if they cannot be hashed."""
    if is_numeric(column):
        return cast("Iterable[Any]", column.unique())
    everything: list[Any] = column.tolist()
    try:
        return [value for _, value in dict.fromkeys(zip(map(type, everything), everything, strict=True))]
    except TypeError:
        return everything


def differing(a: Results, b: Results, across: Sequence[str] = ()) -> dict[str, tuple[str, str]]:
    """The conditions in which two populations differ, each with its values in a and b.

    Only conditions that both tables have are compared.

    Args:
        across: conditions to ignore
    """
    differences = {}
    for name in CONDITIONS:
        in_a, in_b = values_of(a, name), values_of(b, name)
        mixed = name in UNIFORM and len(in_a | in_b) > 1
        if name not in across and in_a and in_b and (in_a != in_b or mixed):
            differences[name] = (in_words(in_a), in_words(in_b))
    return differences


def named_by(populations: Sequence[Results]) -> tuple[str, ...]:
    """The conditions that name populations: a paired comparison asks for their difference."""
    names = [ALIASES.get(results.by.lower(), results.by.lower()) for results in populations]
    return tuple({name: None for by in names if by in CONDITIONS for name in (by, *DERIVED.get(by, ()))})


def in_words(values: frozenset[str]) -> str:
    """The values of a condition as text of at most `SHOWN` characters."""
    return shortened(", ".join(sorted(values)), SHOWN)


def condition_notes(
    populations: Sequence[Results], across: Sequence[str], paired: bool = False, at_equal: str | None = None
) -> list[str]:
    """One line per condition in which populations differ, and per measure of complexity.

    Args:
        paired: whether the comparison is within networks; there is then no line on complexity, nor on the condition
            that names the populations
        at_equal: the measure of complexity at which populations are compared
    """
    present = [results for results in populations if len(results)]
    notes = []
    named = named_by(populations) if paired else ()
    for name in (name for name in CONDITIONS if name not in named):
        groups: dict[str, list[str]] = {}
        for results in present:
            if values := values_of(results, name):
                groups.setdefault(in_words(values), []).append(results.name)
        if len(groups) > 1 or (name in UNIFORM and any(len(values_of(results, name)) > 1 for results in present)):
            groups_text = "; ".join(f"{value}: {shortened(', '.join(names), 200)}" for value, names in groups.items())
            verdicts = (
                f"--across {name} allows verdicts between them"
                if name in across
                else f"no verdict between them without --across {name}"
            )
            notes.append(shortened(f"{name} differs ({groups_text}); {verdicts}."))
    return notes if paired else notes + complexity_notes(present, at_equal)


def is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(column))


def complexity_notes(populations: Sequence[Results], at_equal: str | None) -> list[str]:
    """One line per measure of complexity whose medians differ by more than `COMPLEXITY_RATIO` between populations.

    Args:
        at_equal: the measure at which they are compared; it needs no line
    """
    notes = []
    for measure in (name for name in MEASURES if name != at_equal):
        medians = {}
        for results in populations:
            if len(results) >= FEW and measure in results.frame and is_numeric(results.frame[measure]):
                values = results.frame[measure].to_numpy(float, na_value=np.nan)
                if (finite := np.isfinite(values)).any():
                    weights = results.weights[finite] if results.stratified else None
                    medians[results.name] = median_of(values[finite], weights)
        if len(medians) < 2 or max(medians.values()) <= COMPLEXITY_RATIO * min(medians.values()):
            continue
        texts = ", ".join(f"{name} {readable(measure, median)}" for name, median in medians.items())
        notes.append(
            f"{measure} differ (median: {shortened(texts, 400)}); this alone can cause a part of the differences in "
            f"error; --at-equal {measure} compares at equal {measure}."
        )
    return notes


def median_of(values: Floats, weights: Floats | None) -> float:
    """The median of values (n,), by weight if there are weights."""
    return float(np.median(values)) if weights is None else weighted_quantiles(values, weights, [0.5])[0]
