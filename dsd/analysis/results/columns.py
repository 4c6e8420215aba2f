"""The kinds of columns in a table: network parameters, training outcomes, training conditions and names.

The program that wrote a table determines its outcomes. In a table from elsewhere, only `error`, `error_seed0`, … and
linear copies of `error`, such as an accuracy, are outcomes; `--outcomes` adds others.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.runs import OUTCOME_COLUMNS

PARAMETER = re.compile(r"depth|[dwbg]\d+|flops|params|acts|sampled_(depth|w_0|w_a|w_m|b|g)|w_0|w_a|w_m|e_fit")
NAMES = re.compile(
    r"key|run|reason|status|valid|trained_on|started|finished|space|source_key|recorded_by|strides|kernels|seeds?"
    r"|repeat|stratum|.*_id|index|Unnamed: \d+"
)
OF_RUNS = re.compile(  # the names that differ between runs of one network with one training
    r"run|reason|status|valid|trained_on|started|finished|space|source_key|recorded_by|seeds?|repeat"
    r"|(run|job|task|trial)_id|index|Unnamed: \d+"
)
BEFORE_THE_RULE = re.compile(r"sampled_[dwbg]\d+")  # before the width rule; the realised values are parameters
SEED_COLUMN = re.compile(r"error_seed\d+")  # of a table with one column per seed
# no verdict between populations that differ in one
CONDITIONS = ("data", "recipe", "resolution", "classes", "epochs")

# outcomes by program, and how to recognise its tables
OF_A_RUN = ("attempts", "synthetic")  # further outcomes in a table of `dsd collect`
RUN = re.compile(r"r[0-9a-f]{16}")
IMPORTED = ("error", "best_error", "epochs", "recorded_flops")  # `dsd import`, which writes `recorded_by`
TIMED = re.compile(r"time_.*|(infer|train)_(ms|n).*|(infer|train)_peak_gb")  # `dsd time`, which writes `time_torch`


def outcomes_of(frame: pd.DataFrame, more: Sequence[str] = ()) -> frozenset[str]:
    """The columns of a table that hold training outcomes.

    Args:
        more: further outcomes, named by the user
    """
    outcomes = {"error", *more, *(name for name in frame if SEED_COLUMN.fullmatch(name))}
    if written_by_dsd(frame):
        outcomes |= {*OUTCOME_COLUMNS, *OF_A_RUN}
        if "recipe" not in frame:  # in an older table, only the number of epochs distinguishes recipes
            outcomes -= {"epochs"}
    if {"stratum", "weight"} <= set(frame):  # the weight of a network in its population (`results.strata`)
        outcomes |= {"weight"}
    if "recorded_by" in frame:
        outcomes |= set(IMPORTED)
    if "time_torch" in frame:
        outcomes |= {name for name in frame if TIMED.fullmatch(name)}
    return frozenset(outcomes | set(copies(frame, outcomes)))


def written_by_dsd(frame: pd.DataFrame) -> bool:
    """Whether `dsd collect` wrote the table: each row has a run key."""
    if not {"run", "key", "status", "attempts"} <= set(frame) or not len(frame):
        return False
    return all(isinstance(run, str) and RUN.fullmatch(run) for run in frame["run"])


def copies(frame: pd.DataFrame, known: set[str]) -> list[str]:
    """Columns that are linear in the error up to rounding, such as an accuracy."""
    errors = frame["error"].to_numpy(float)
    names = [name for name in frame.select_dtypes("number") if name not in known]
    names = [name for name in names if not PARAMETER.fullmatch(name) and not NAMES.fullmatch(name)]
    values = matrix(frame, names)
    return [name for name, x in zip(names, values.T, strict=True) if is_straight(x, errors)]


def is_straight(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether points (n,) lie on a straight line, up to rounding."""
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < FEWEST:
        return False
    x, y = (centred(z / max(np.abs(z).max(), 1e-300)) for z in (x, y))  # 1e200 squared overflows
    size = (x @ x) * (y @ y)
    straight = size > 0 and (x @ y) ** 2 > STRAIGHT**2 * size
    return bool(straight) and len(np.unique(x)) >= FEWEST


def centred(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (n,) minus their mean."""
    difference: NDArray[np.float64] = x - x.mean()
    return difference


def matrix(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Numeric columns as an array (n, columns), NaN for missing values."""
    values: NDArray[np.float64] = frame[list(names)].to_numpy(float, na_value=np.nan)
    return values


FEWEST = 5  # different values; fewer can lie on a line by chance
STRAIGHT = 1 - 1e-5  # correlation: rounding to hundredths of a spread of 5 points leaves 1 − 1e-6
