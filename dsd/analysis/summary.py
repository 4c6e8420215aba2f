"""The complete result of `dsd analyze` as one object."""

import difflib
import html
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from dsd.analysis.adjusted.estimates import AdjustedMean
from dsd.analysis.adjusted.populations import Adjusted, adjust
from dsd.analysis.adjusted.surrogate import VERSION
from dsd.analysis.comparison.conditions import condition_notes
from dsd.analysis.comparison.equal_complexity import coverage_notes
from dsd.analysis.comparison.pairing import pairing_notes
from dsd.analysis.comparison.pairwise import Comparisons, compare
from dsd.analysis.comparison.verdicts import DELTA, FEW, RULE
from dsd.analysis.distribution.stratified import half_width, weighted_quantiles, weights_of
from dsd.analysis.parameters.bootstrap import BestRange, Winners, exact_winners, resampled_winners
from dsd.analysis.parameters.correlations import rank_correlations
from dsd.analysis.random_search import reaches
from dsd.analysis.results.columns import BEFORE_THE_RULE, NAMES, PARAMETER, matrix
from dsd.analysis.results.populations import Results, as_populations
from dsd.analysis.results.seeds import SeedNoise, seed_noise
from dsd.arrays import Floats
from dsd.errors import DsdError, known, shortened
from dsd.io.table_reading import stray
from dsd.runs import RunState

MOST_VALUES = 20  # most different values of a categorical column
QUANTILES = (0.05, 0.25, 0.75, 0.95)


@dataclass(frozen=True)
class Settings:
    """Options of `analyze`.

    columns: parameters whose best ranges are computed; empty for all parameters of the tables
    delta: difference of mean error that is too small to matter [points]; None for 1 percent point
    target: error [%] for which `analyze` computes the size of a random search; None for none
    seed: seed of the bootstrap
    resamples: number of bootstrap resamples, as in the paper; 0 for the exact bootstrap, which needs no seed
    stepwise: compare only each population with the previous one
    across: training conditions (`results.columns.CONDITIONS`) in which pairs with a verdict can differ
    at_equal: flops, params or acts, to compare at equal complexity; None to compare populations as they are
    plain: compare plain means, also where the draws of populations are known
    pair: column that identifies networks, to compare populations within networks; None for independent samples
    """

    columns: Sequence[str] = ()
    delta: float | None = None
    target: float | None = None
    seed: int = 0
    resamples: int = 0
    stepwise: bool = False
    across: Sequence[str] = ()
    plain: bool = False
    pair: str | None = None
    at_equal: str | None = None

    def __post_init__(self) -> None:
        if self.delta is not None and not 0 < self.delta <= 100:
            raise DsdError(f"delta = {self.delta:g}: give points of error, above 0 and at most 100")
        if self.target is not None and not 0 <= self.target <= 100:
            raise DsdError(f"target = {self.target:g}: give an error in percent, 0 to 100")


@dataclass(frozen=True)
class Summary:
    """Statistics of one population; errors in percent, None without results.

    quantiles: quantiles of error, by probability
    half_width: half-width of the EDF's 95 % band (DKW; `distribution.stratified` with strata)
    best_ranges: best range of each numeric column
    best_values: share of resamples that each value of a categorical column wins
    winners: number of networks behind 95 % of the bootstrap's resamples
    correlations: Spearman's correlation of each column with error
    search: smallest random search whose expected best reaches the target; None if n do not reach it, or no target
    noise: seed noise, if networks were trained with several seeds
    adjusted: adjusted mean error, if untrained networks of the population can be drawn
    strata: share of each stratum; empty without strata. The other numbers are by weight then, but `search` is left out
    empty_strata: the strata without results, with their shares; the other numbers leave them out
    """

    name: str
    n: int
    failed: int
    unfinished: int
    minimum: float | None = None
    mean: float | None = None
    median: float | None = None
    quantiles: dict[float, float] = field(default_factory=dict)
    half_width: float | None = None
    best_ranges: dict[str, BestRange] = field(default_factory=dict)
    best_values: dict[str, dict[str, float]] = field(default_factory=dict)
    winners: int = 0
    correlations: dict[str, float] = field(default_factory=dict)
    search: int | None = None
    noise: SeedNoise | None = None
    strata: dict[str, float] = field(default_factory=dict)
    empty_strata: dict[str, float] = field(default_factory=dict)
    adjusted: AdjustedMean | None = None

    def as_json(self) -> dict[str, Any]:
        """The population's entry in the output of `dsd analyze --json`."""
        return {
            "name": self.name,
            "n": self.n,
            "failed": self.failed,
            "unfinished": self.unfinished,
            "error": {"min": self.minimum, "mean": self.mean, "median": self.median},
            "quantiles": {f"{share:g}": value for share, value in self.quantiles.items()},
            "edf_half_width": self.half_width,
            "best_ranges": {column: asdict(best) for column, best in self.best_ranges.items()},
            "best_values": self.best_values,
            "winners": self.winners,
            "rank_correlations": self.correlations,
            "search": self.search,
            "adjusted": adjusted_as_json(self.adjusted),
            "strata": self.strata,
            "seed_noise": asdict(self.noise) | {"reliability": self.noise.reliability} if self.noise else None,
        }


@dataclass(frozen=True)
class Analysis:
    """Summaries of populations, and comparisons of their pairs.

    conditions: one sentence for each training condition, or complexity, in which the populations differ; how networks
        were paired
    adjusted: adjusted means, and what the surrogate predicts; empty if plain means are compared
    """

    populations: list[Summary]
    comparisons: Comparisons
    settings: Settings = Settings()
    conditions: Sequence[str] = ()
    adjusted: Adjusted = field(default_factory=Adjusted)

    @property
    def delta(self) -> float:
        """The difference of mean error that is too small to matter [points]."""
        given = DELTA if self.settings.delta is None else self.settings.delta
        return self.comparisons[0].verdict.delta if self.comparisons else given

    @property
    def frame(self) -> pd.DataFrame:
        """One row per population: counts, least, mean and median error; `comparisons.frame` has the pairs."""
        names = ("name", "n", "failed", "unfinished", "minimum", "mean", "median", "winners")
        return pd.DataFrame([{name: getattr(p, name) for name in names} for p in self.populations], columns=names)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.conditions)
        return f"{self.frame.to_html(index=False, float_format='{:.2f}'.format)}{notes}{self.comparisons._repr_html_()}"

    def as_json(self) -> dict[str, Any]:
        """The output of `dsd analyze --json`; NaN becomes None."""
        content: dict[str, Any] = plain(
            {
                "populations": [population.as_json() for population in self.populations],
                "comparisons": [comparison.as_json() for comparison in self.comparisons],
                "delta": self.delta,
                "target": self.settings.target,
                "stepwise": self.settings.stepwise,
                "pair": self.settings.pair,
                "rule": RULE,
                "surrogate": VERSION if self.adjusted.means else None,
            }
        )
        return content

    @property
    def notes(self) -> list[str]:
        """Notes on training conditions, and on results that could not be computed."""
        few = [f"{p.name} (n = {p.n})" for p in self.populations if 0 < p.n < FEW]
        notes = [f"{shortened(', '.join(few), 400)}: too few; a verdict needs {FEW} networks."] if few else []
        for p in self.populations:
            if not p.n:
                notes.append(f"{p.name}: no results.")
            elif p.n >= FEW and p.minimum == p.quantiles[QUANTILES[-1]]:
                notes.append(f"{p.name}: nearly all errors are equal; ranges and correlations are meaningless.")
        return [*self.conditions, *notes, *self.notes_on_strata, *self.adjusted.notes]

    @property
    def notes_on_strata(self) -> list[str]:
        """Notes on statistics that nested populations do not have, and on strata without results."""
        nested = [p for p in self.populations if len(p.strata) > 1]
        notes = [
            f"{p.name}: no results of {name} ({share:.1%} of it); its numbers describe the rest."
            for p in nested
            for name, share in p.empty_strata.items()
        ]
        if nested:
            names = shortened(", ".join(p.name for p in nested), 400)
            notes.append(
                f"{names}: drawn in strata, and all numbers are by weight. KS p-values, P(b < a), intervals of the "
                "median and random search are left out: they need equally likely networks."
            )
        return notes


def adjusted_as_json(mean: AdjustedMean | None) -> dict[str, Any] | None:
    """The adjusted mean in the output of `dsd analyze --json`."""
    if mean is None:
        return None
    interval = mean.interval()
    return {
        "mean": mean.value,
        "low": interval.low,
        "high": interval.high,
        "r2": mean.r2,
        "as_if_n": mean.as_if_n,
        "helps": mean.helps,
    }


def plain(value: Any) -> Any:
    """Replace NaN and infinity by None, and tuples by lists, at any depth."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def parameters(frame: pd.DataFrame, chosen: Sequence[str] = (), outcomes: Collection[str] = ()) -> list[str]:
    """The numeric parameter columns: the chosen ones, else all that are neither outcomes nor names.

    Raises:
        DsdError: a chosen column is missing, or neither numeric nor categorical
    """
    numbers = [str(name) for name in frame.select_dtypes("number")]
    values = matrix(frame, numbers)
    lowest, highest = (edge(values, axis=0) for edge in (np.fmin.reduce, np.fmax.reduce)) if len(frame) else ((), ())
    spread = {name: high > low for name, low, high in zip(numbers, lowest, highest, strict=False) if low == low}
    numbers = list(spread)  # columns with at least one value
    for column in chosen:
        if column not in frame:
            near = difflib.get_close_matches(column, map(str, frame), n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}? " if near else ""
            choice = known(parameters(frame, outcomes=outcomes))
            raise DsdError(f"there is no column {column}; {hint}choose from: {choice}")
        if column not in numbers and column not in categories(frame, outcomes):
            raise DsdError(f"column {column} holds neither numbers nor 2 to {MOST_VALUES} different values")
    if chosen:
        return [name for name in chosen if name in numbers]
    others = {"error", *outcomes}
    return [
        name
        for name in numbers
        if PARAMETER.fullmatch(name)
        or (spread[name] and not (name in others or NAMES.fullmatch(name) or BEFORE_THE_RULE.fullmatch(name)))
    ]


def categories(frame: pd.DataFrame, outcomes: Collection[str] = ()) -> list[str]:
    """The categorical parameter columns: text or booleans with 2 to 20 different values."""
    text = frame.select_dtypes(include=["object", "string", "category", "bool"])
    return [
        str(name)
        for name in text
        if not NAMES.fullmatch(str(name))
        and name not in outcomes
        and 2 <= text[name].astype(str).nunique() <= MOST_VALUES
        and set(text[name].dropna().astype(str)) - set(RunState)
        and stray(text[name]) is None
    ]


def winners_of(errors: Any, settings: Settings, weights: Floats | None = None) -> Winners:
    """The winners of the exact or resampled bootstrap, according to the settings; same seed, same result."""
    if not settings.resamples:
        return exact_winners(errors, weights=weights)
    rng = np.random.default_rng(settings.seed)
    return resampled_winners(errors, rng=rng, resamples=settings.resamples, weights=weights)


def ranges_of(
    frame: pd.DataFrame, columns: Sequence[str], settings: Settings, weights: Floats | None = None
) -> tuple[dict[str, BestRange], int]:
    """The best range of each column with values, and the number of winners over all rows."""
    errors = frame["error"].to_numpy(float)
    everywhere = winners_of(errors, settings, weights)
    ranges = {}
    for column, x in zip(columns, matrix(frame, columns).T, strict=True):
        finite = np.isfinite(x)
        if finite.all():
            ranges[column] = everywhere.range(x)
        elif finite.any():
            known = None if weights is None else weights[finite] / weights[finite].sum()
            ranges[column] = winners_of(errors[finite], settings, known).range(x[finite])
    return ranges, everywhere.count


def summarise(results: Results, columns: Sequence[str], texts: Sequence[str], settings: Settings) -> Summary:
    """Compute the statistics of one population."""
    counts = (results.name, len(results), results.failed, results.unfinished)
    if not len(results):
        return Summary(*counts)
    frame, e, weights = results.frame, results.errors, weights_of(results)
    own = [
        column
        for column in columns
        if column in frame
        and pd.api.types.is_numeric_dtype(frame[column])
        and (column in settings.columns or column not in results.outcomes)
    ]
    ranges, winners = ranges_of(frame, own, settings, weights)
    present = [name for name in texts if name in frame and frame[name].astype(str).nunique() > 1]
    shares = winners_of(e, settings, weights) if present else None
    values = {
        name: {str(value): share for value, share in shares.categories(frame[name].astype(str).tolist()).items()}
        for name in present
        if shares is not None
    }
    median, *quantiles = quantiles_of(e, weights, (0.5, *QUANTILES))
    return Summary(
        *counts,
        minimum=float(e.min()),
        mean=results.mean,
        median=median,
        quantiles=dict(zip(QUANTILES, quantiles, strict=True)),
        half_width=half_width(results),
        best_ranges=ranges,
        best_values=values,
        winners=winners,
        correlations=rank_correlations(frame, own, weights),
        search=None if settings.target is None or results.stratified else reaches(e, settings.target),
        noise=seed_noise(results.runs if len(results.runs) else frame, results.outcomes),
        strata=results.shares,
        empty_strata=results.empty_strata,
    )


def quantiles_of(errors: Floats, weights: Floats | None, q: Sequence[float]) -> list[float]:
    """Quantiles of errors (n,), by weight with strata."""
    if weights is not None:
        return weighted_quantiles(errors, weights, q)
    values: list[float] = [
        float(np.median(errors)) if share == 0.5 else float(np.quantile(errors, share)) for share in q
    ]
    return values


def analyze(populations: Any, settings: Settings = Settings()) -> Analysis:
    """Summarise each population and compare each pair.

    Args:
        populations: from `split_populations`; a DataFrame or the path of a table is split first

    Raises:
        DsdError: a column of the settings is missing; no delta, although errors can be losses or shares
    """
    populations = as_populations(populations)
    outcomes = frozenset().union(*(results.outcomes for results in populations))
    frame = pd.concat([results.frame for results in populations], ignore_index=True)
    # a column can be numeric in one table, and text or an outcome in another
    each = [name for results in populations for name in parameters(results.frame, (), results.outcomes)]
    chosen = parameters(frame, settings.columns, outcomes) if settings.columns else list(dict.fromkeys(each))
    texts = [name for name in categories(frame, outcomes) if not settings.columns or name in settings.columns]
    if settings.pair not in settings.columns:  # a name of networks is no parameter
        chosen, texts = ([name for name in names if name != settings.pair] for names in (chosen, texts))
    adjusted = Adjusted() if settings.plain or settings.pair is not None else adjust(populations)
    comparisons = compare(
        populations, settings.delta, settings.stepwise, settings.across, settings.pair, adjusted, settings.at_equal
    )
    summaries = [
        replace(summarise(results, chosen, texts, settings), adjusted=adjusted.means.get(results.name))
        for results in populations
    ]
    notes = condition_notes(populations, settings.across, settings.pair is not None, settings.at_equal)
    notes += coverage_notes({(pair.a, pair.b): pair.equal for pair in comparisons if pair.equal})
    if settings.pair is not None:
        counts = {(pair.a, pair.b): pair.paired for pair in comparisons if pair.paired}
        notes = pairing_notes(populations, settings.pair, counts, settings.stepwise) + notes
    return Analysis(summaries, comparisons, settings, notes, adjusted)
