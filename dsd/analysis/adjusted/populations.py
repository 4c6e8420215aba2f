"""Adjusted means of populations of results, or the reason why a population has none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from dsd.analysis.adjusted.draws import NOT_RECORDED, SpaceDraws, TableDraws
from dsd.analysis.adjusted.estimates import FEWEST, AdjustedMean, Predictions, adjusted_mean, predictions_of
from dsd.analysis.adjusted.features import features_of
from dsd.analysis.results.populations import Results
from dsd.errors import DsdError, shortened


@dataclass(frozen=True)
class Adjusted:
    """Adjusted means by population, and for each other population the reason why it has none.

    predictions: what the surrogate predicts for each population with a mean
    drawn: its drawn networks
    """

    means: dict[str, AdjustedMean] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    predictions: dict[str, Predictions] = field(default_factory=dict, repr=False)
    drawn: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def notes(self) -> list[str]:
        """One sentence per reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.reasons.items():
            names.setdefault(reason, []).append(name)
        return [
            shortened(f"{shortened(', '.join(group), 200)}: no adjusted mean, because {reason}.")
            for reason, group in names.items()
        ]


def adjust(populations: Sequence[Results]) -> Adjusted:
    """Estimate the adjusted mean error of each population whose draws are known, with one surrogate for all of them."""
    reasons: dict[str, str] = {}
    usable: list[tuple[Results, SpaceDraws | TableDraws]] = []
    for results in populations:
        if not len(results):
            continue
        draws = results.draws
        reason = draws if isinstance(draws, str) else "" if draws else NOT_RECORDED
        if not reason and len(results) < FEWEST:
            reason = f"it needs {FEWEST} networks"
        if not isinstance(draws, str) and draws is not None and not reason:
            reason = draws.why_not(results.frame)
            if not reason:
                usable.append((results, draws))
        if reason:
            reasons[results.name] = reason
    tables = []
    for results, draws in list(usable):
        try:
            tables.append(draws.table(len(results)))
        except DsdError as error:
            reasons[results.name] = shortened(str(error))
            usable.remove((results, draws))
    if not usable:
        return Adjusted({}, reasons)
    outcomes = frozenset().union(*(results.outcomes for results, _ in usable))
    features = features_of([results.frame for results, _ in usable], tables, outcomes)
    if not features[0].trained.shape[1]:
        reason = "its table and its draws share no column that varies and has no gaps"
        return Adjusted({}, reasons | {results.name: reason for results, _ in usable})
    known = [draws.known(table, results.frame) for (results, draws), table in zip(usable, tables, strict=True)]
    predictions = predictions_of(features, [results.errors for results, _ in usable], known)
    names = [results.name for results, _ in usable]
    return Adjusted(
        {name: adjusted_mean(own) for name, own in zip(names, predictions, strict=True)},
        reasons,
        dict(zip(names, predictions, strict=True)),
        dict(zip(names, tables, strict=True)),
    )
