"""All that `dsd analyze` says of a set of populations, as one object."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dsd.analysis.bootstrap import BestRange, empirical_bootstrap
from dsd.analysis.compare import Comparison, compare
from dsd.analysis.populations import Results
from dsd.errors import DsdError, known

PARAMETER = re.compile(r"depth|[dwbg]\d+|flops|params|acts|sampled_(depth|w_0|w_a|w_m)")
OUTCOME = re.compile(r"error.*|.*_error|loss|epochs|.*_s|attempts|seed|valid|best_epoch|peak_gb|skipped|synthetic")


@dataclass(frozen=True)
class Summary:
    """One population in numbers; errors in percent, None where there is no result."""

    name: str
    n: int
    failed: int
    unfinished: int
    minimum: float | None
    mean: float | None
    median: float | None
    best_ranges: dict[str, BestRange]


@dataclass(frozen=True)
class Analysis:
    """Populations, each alone and each pair of them."""

    populations: list[Summary]
    comparisons: list[Comparison]

    def as_json(self) -> dict[str, Any]:
        """What `dsd analyze --json` prints; NaN becomes None."""
        populations = [
            {
                "name": p.name,
                "n": p.n,
                "failed": p.failed,
                "unfinished": p.unfinished,
                "error": {"min": p.minimum, "mean": p.mean, "median": p.median},
                "best_ranges": {column: asdict(best) for column, best in p.best_ranges.items()},
            }
            for p in self.populations
        ]
        comparisons = [
            {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in asdict(c).items()}
            for c in self.comparisons
        ]
        return {"populations": populations, "comparisons": comparisons}


def parameters(frame: pd.DataFrame, chosen: Sequence[str] = ()) -> list[str]:
    """The columns of parameters: those chosen, else those of a population's table, else every number it holds."""
    for column in chosen:
        if column not in frame or not pd.api.types.is_numeric_dtype(frame[column]):
            numbers = frame.select_dtypes("number")
            raise DsdError(f"column {column} is not one of numbers; choose from: {known(numbers)}")
    numeric = [str(column) for column in frame.select_dtypes("number") if not frame[column].isna().all()]
    own = [column for column in numeric if PARAMETER.fullmatch(column)]
    return list(chosen) or own or [column for column in numeric if not OUTCOME.fullmatch(column)]


def summarise(results: Results, columns: Sequence[str], seed: int) -> Summary:
    """One population in numbers; the same seed gives the same ranges."""
    if not len(results):
        return Summary(results.name, 0, results.failed, results.unfinished, None, None, None, {})
    ranges = {}
    for column in columns:
        present = results.frame[np.isfinite(results.frame[column].to_numpy(float))]
        if len(present):
            rng = np.random.default_rng(seed)
            ranges[column] = empirical_bootstrap(present[column], present["error"], rng=rng)
    e = results.errors
    return Summary(
        results.name,
        len(results),
        results.failed,
        results.unfinished,
        float(e.min()),
        float(e.mean()),
        float(np.median(e)),
        ranges,
    )


def analyze(populations: Sequence[Results], columns: Sequence[str] = (), seed: int = 0) -> Analysis:
    """Every population in numbers, and every pair compared.

    Args:
        populations: from `split`
        columns: parameters whose best range is wanted; all that the tables have where none is named
        seed: of the bootstrap
    """
    frame = pd.concat([results.frame for results in populations], ignore_index=True)
    chosen = parameters(frame, columns)
    summaries = []
    for results in populations:
        own = [column for column in chosen if column in results.frame]
        summaries.append(summarise(results, own, seed))
    return Analysis(summaries, compare(populations))
