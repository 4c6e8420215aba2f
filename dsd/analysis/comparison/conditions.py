"""Training conditions of populations. If they differ, a difference in error is weak evidence about the networks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dsd.analysis.distribution.stratified import weighted_quantiles
from dsd.analysis.results.columns import CONDITIONS
from dsd.analysis.results.populations import Results
from dsd.errors import DsdError, known, shortened
from dsd.io.table_reading import name_of
from dsd.runs import RunState

FEW = 5  # fewest networks for a note on median flops
FLOPS_RATIO = 1.2  # largest ratio of median flops without a note
UNIFORM = ("data", "recipe", "classes", "epochs")  # conditions with one value in a population; others can be drawn
ALIASES = {"dataset": "data"}  # names of conditions in tables of other programs
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
    return frozenset(name_of(value) for name in columns[:1] for value in frame[name].dropna())


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


def in_words(values: frozenset[str]) -> str:
    """The values of a condition as text of at most `SHOWN` characters."""
    return shortened(", ".join(sorted(values)), SHOWN)


def condition_notes(populations: Sequence[Results], across: Sequence[str]) -> list[str]:
    """One line per condition in which populations differ, and one if their flops differ."""
    present = [results for results in populations if len(results)]
    notes = []
    for name in CONDITIONS:
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
    return notes + flops_note(present)


def is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return bool(pd.api.types.is_numeric_dtype(column))


def flops_note(populations: Sequence[Results]) -> list[str]:
    """One line if the median flops of populations differ by more than `FLOPS_RATIO`, else none."""
    from dsd.architecture.units import readable

    medians = {}
    for results in populations:
        if len(results) >= FEW and "flops" in results.frame and is_numeric(results.frame["flops"]):
            flops = results.frame["flops"].to_numpy(float, na_value=np.nan)
            if np.isfinite(flops).any():
                known = np.isfinite(flops)
                medians[results.name] = (
                    weighted_quantiles(flops[known], results.weights[known], [0.5])[0]
                    if results.stratified
                    else float(np.nanmedian(flops))
                )
    if len(medians) < 2 or max(medians.values()) <= FLOPS_RATIO * min(medians.values()):
        return []
    values = shortened(", ".join(f"{name} {readable('flops', median)}" for name, median in medians.items()), 400)
    return [f"flops differ (median: {values}); this alone can cause a part of the differences in error."]
