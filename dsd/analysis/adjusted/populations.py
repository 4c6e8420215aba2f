"""Adjusted means of populations of results, or the reason why a population has none.

Each stratum of a population is estimated by itself, with its own draws; a population without strata is one. One
surrogate is fitted to all of them; a stratum that several populations share counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from dsd.analysis.adjusted.draws import FEWEST_DRAWS, SpaceDraws, TableDraws
from dsd.analysis.adjusted.estimates import (
    FEWEST,
    AdjustedMean,
    Predictions,
    adjusted_mean,
    combined,
    groups_of,
    predictions_of,
)
from dsd.analysis.adjusted.features import features_of, unusable, usable
from dsd.analysis.comparison.contrasts import Groups, Part, shared, strata_of_pair
from dsd.analysis.results.populations import Results, as_populations
from dsd.arrays import Floats
from dsd.errors import DsdError, shortened

NO_FEATURES = "its table and its draws share no column that varies and has no gaps"


@dataclass(frozen=True)
class AdjustedPair:
    """The adjusted difference of two populations as a contrast.

    helps: whether an adjusted mean in it is more precise than the plain one
    """

    groups: Groups
    coefficients: Floats
    helps: bool


@dataclass(frozen=True)
class Adjusted:
    """Adjusted means by population, and for each other population the reason why it has none.

    gaps: columns that are no features of a population, because a value is missing or has another type
    strata: adjusted means by population and stratum, "" without strata
    predictions: what the surrogate predicts for each population without strata
    drawn: its drawn networks
    """

    means: dict[str, AdjustedMean] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, list[str]] = field(default_factory=dict, repr=False)
    strata: dict[tuple[str, str], AdjustedMean] = field(default_factory=dict, repr=False)
    predictions: dict[str, Predictions] = field(default_factory=dict, repr=False)
    drawn: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def pair(self, a: Results, b: Results) -> AdjustedPair | None:
        """The adjusted difference of two populations, b − a; None if one of them has no adjusted mean."""
        if a.name not in self.means or b.name not in self.means:
            return None
        parts, coefficients = strata_of_pair(a, b)
        means = [self.strata[part.results.name, part.name] for part in parts]
        helps = any(mean.helps for mean, c in zip(means, coefficients, strict=True) if c)
        return AdjustedPair(groups_of(means), coefficients, helps)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per population: plain and adjusted mean, its interval, R², n, and as if n were."""
        rows = [
            {
                "name": name,
                "n": mean.n,
                "mean": mean.plain.value,
                "adjusted": mean.value,
                "low": mean.interval().low,
                "high": mean.interval().high,
                "r2": mean.r2,
                "as_if_n": mean.as_if_n,
            }
            for name, mean in self.means.items()
        ]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["name", "n", "mean", "adjusted"])

    @property
    def notes(self) -> list[str]:
        """One sentence per reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.reasons.items():  # "" for a table in memory, of which nothing is recorded
            names.setdefault(reason, []).append(name)
        return [
            shortened(f"{shortened(', '.join(group), 200)}: no adjusted mean, because {reason}.")
            for reason, group in names.items()
            if reason
        ] + [
            shortened(
                f"{name}: no features of the surrogate, because they have gaps or mixed types: {', '.join(columns)}."
            )
            for name, columns in self.gaps.items()
        ]


@dataclass(frozen=True, eq=False)
class Unit:
    """A stratum with its drawn networks, and the populations that contain it."""

    part: Part
    draws: SpaceDraws | TableDraws
    drawn: pd.DataFrame
    populations: list[str]

    @property
    def trained(self) -> pd.DataFrame:
        """The rows of its trained networks."""
        return self.part.results.frame.iloc[self.part.rows]


def adjust(populations: Any) -> Adjusted:
    """Estimate the adjusted mean error of each population whose draws are known, with one surrogate for all of them.

    Args:
        populations: from `split_populations` or `with_draws`; a DataFrame or the path of a table is split first
    """
    populations = as_populations(populations)
    reasons: dict[str, str] = {}
    units: list[Unit] = []
    for results in populations:
        if not len(results):
            continue
        found = [unit_of(Part(own.name, results, own.rows), units) for own in results.strata]
        wrong = [unit for unit in found if isinstance(unit, str)]
        if wrong:
            reasons[results.name] = wrong[0]
            continue
        for unit in found:
            assert isinstance(unit, Unit)
            unit.populations.append(results.name)
            if unit not in units:
                units.append(unit)
    if not units:
        return Adjusted({}, reasons)
    outcomes = frozenset().union(*(unit.part.results.outcomes for unit in units))
    gaps = {
        name: columns
        for unit in units
        for name in unit.populations
        if (columns := unusable(unit.trained, unit.drawn, outcomes))
    }
    features = features_of([unit.trained for unit in units], [unit.drawn for unit in units], outcomes)
    known = [unit.draws.known(unit.drawn, unit.trained) for unit in units]
    predictions = predictions_of(features, [unit.part.errors for unit in units], known)
    estimates = [adjusted_mean(own) for own in predictions]
    strata = {
        (name, unit.part.name): mean for unit, mean in zip(units, estimates, strict=True) for name in unit.populations
    }
    whole = {unit.part.results.name: i for i, unit in enumerate(units) if not unit.part.name}
    return Adjusted(
        {
            own.name: combined([strata[own.name, s.name] for s in own.strata], np.array([s.share for s in own.strata]))
            for own in populations
            if len(own) and own.name not in reasons
        },
        reasons,
        gaps,
        strata,
        {name: predictions[i] for name, i in whole.items()},
        {name: units[i].drawn for name, i in whole.items()},
    )


def unit_of(part: Part, units: Sequence[Unit]) -> Unit | str:
    """The unit of a stratum, an earlier one if another population shares it; a text says why it cannot be used."""
    for unit in units:
        if shared(unit.part, part):
            return unit
    draws = part.results.draws.get(part.name, "")
    if isinstance(draws, str):
        return draws
    if len(part.rows) < FEWEST:
        of = f"stratum {part.name}" if part.name else "it"
        return f"{of} needs {FEWEST} networks"
    trained = part.results.frame.iloc[part.rows]
    if reason := draws.why_not(trained):
        return reason
    try:
        unit = Unit(part, draws, draws.table(trained), [])
    except DsdError as error:
        return shortened(str(error))
    if len(unit.drawn) < FEWEST_DRAWS:
        place = f"{draws.place} has" if isinstance(draws, TableDraws) else "its space gave"
        return f"{place} {len(unit.drawn)} untrained networks; it needs {FEWEST_DRAWS} or more"
    names = usable(trained, unit.drawn, part.results.outcomes)
    varies = any(table[name].nunique() > 1 for name in names for table in (trained, unit.drawn))
    return unit if varies else NO_FEATURES
