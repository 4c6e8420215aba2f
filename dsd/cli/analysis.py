"""dsd analyze: compare populations on the terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.cli.looks import check_options, stepwise_as_planned, with_looks
from dsd.cli.messages import emit, say
from dsd.cli.options import (
    ACROSS,
    AT_EQUAL,
    BY,
    COLUMNS,
    DELTA,
    DRAWS,
    OUTCOMES,
    PAIR,
    PLAIN,
    RESAMPLES,
    SEED,
    SOURCES,
    STEPWISE,
    TARGET,
)
from dsd.cli.sources import populations_of, settings_of, synthetic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsd.analysis.comparison.pairwise import Comparison
    from dsd.analysis.summary import Analysis

WIDE = 105  # width of a terminal that shows the probability of superiority
WIDEST = 125  # the same, and the test of distributions
PAIRS = 15  # most pairs to print; of more, only each population with the previous one
HEADLINES = {"depth", "b1", "g1", "flops", "e_fit"}  # parameters shown by default


@click.command()
@SOURCES
@BY
@COLUMNS
@DELTA
@STEPWISE
@ACROSS
@PAIR
@OUTCOMES
@AT_EQUAL
@DRAWS
@PLAIN
@TARGET
@RESAMPLES
@SEED
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def analyze(
    sources: tuple[Path, ...],
    by: str,
    columns: str,
    delta: float | None,
    stepwise: bool,
    across: str,
    pair: str,
    outcomes: str,
    at_equal: str,
    draws: tuple[str, ...],
    plain: bool,
    target: float | None,
    resamples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Compare the populations of SOURCES: sweep folders, or any tables with a column error [%].

    Reports for each pair whether b is better than a, equal within --delta, worse, or undecided. Simultaneous 95 %
    confidence intervals of the difference of mean error decide. An undecided pair shows the n for 80 % power.
    """
    from dsd.analysis.summary import analyze as analysed

    check_options(sources, {"--pair": pair, "--at-equal": at_equal, "--plain": plain}, draws)
    stepwise = stepwise or stepwise_as_planned(sources)
    settings = settings_of(columns, delta, target, resamples, seed, stepwise, across, pair, at_equal, plain)
    populations = populations_of(sources, by, outcomes, pair, draws, plain)
    analysis = with_looks(analysed(populations, settings), sources)
    for note in synthetic(populations) + analysis.notes:
        say(note, err=True)
    if as_json:
        emit(json.dumps(analysis.as_json()))
        return
    print_populations(analysis)
    print_adjusted(analysis)
    print_pairs(analysis)
    print_ranges(analysis, everything=bool(columns))


def print_populations(analysis: "Analysis") -> None:
    """Print one row per population."""
    from dsd.cli.output import decimal, print_table

    header = ["population", "n", "failed", "unfinished", "min", "mean", "median", "5 %", "95 %"]
    rows: list[list[object]] = [
        [
            *(p.name, p.n, p.failed, p.unfinished),
            *(decimal(value) for value in (p.minimum, p.mean, p.median)),
            *(decimal(p.quantiles.get(share)) for share in (0.05, 0.95)),
        ]
        for p in analysis.populations
    ]
    if analysis.settings.target is not None:
        header.append(f"n to {analysis.settings.target:g} %")
        for row, p in zip(rows, analysis.populations, strict=True):
            row.append(p.search if p.search else "–")
    print_table(header, rows)
    if analysis.settings.target is not None:
        say(
            f"n to {analysis.settings.target:g} %: random networks to train until their best is expected to reach that "
            "error; – if the whole population does not reach it"
        )
    for p in analysis.populations:
        if p.noise:
            say(
                f"{p.name}: standard deviation {p.noise.seed_sd:.2f} points between seeds of one network, "
                f"{p.noise.network_sd:.2f} between networks ({p.noise.networks} networks, {p.noise.runs} runs)"
            )


def print_adjusted(analysis: "Analysis") -> None:
    """Print the adjusted mean of each population that has one, and what the surrogate explains."""
    from dsd.cli.output import decimal, print_table

    rows = []
    for p in analysis.populations:
        if p.adjusted:
            mean, interval = p.adjusted, p.adjusted.interval()
            numbers = (decimal(value) for value in (p.mean, mean.value, interval.low, interval.high, mean.r2))
            rows.append(
                (
                    p.name,
                    *numbers,
                    "exact" if mean.helps and interval.low == interval.high else f"{mean.as_if_n} of {p.n}",
                )
            )
    if rows:
        print_table(("population", "mean", "adjusted", "CI low", "CI high", "R²", "as if n were"), rows)
        say(
            "adjusted: mean error of the whole space, from untrained networks and a surrogate of error (95 % CI).\n"
            "R²: share of the variance of error that the surrogate explains. As if n were: trained networks that give "
            "a plain CI this narrow."
        )


def print_pairs(analysis: "Analysis") -> None:
    """Print one row per pair, with its verdict."""
    from dsd.analysis.comparison.pairwise import steps
    from dsd.cli.output import console, decimal, print_table

    if not analysis.comparisons:
        return
    shown = steps(analysis.comparisons, PAIRS)
    paired = analysis.settings.pair is not None
    header = ["a", "b", "b is", "b − a", "CI low", "CI high", *(["n"] if paired else [])]
    rows: list[list[object]] = [
        [
            *(c.a, c.b, str(c.verdict)),
            *(decimal(value) for value in (c.estimate, c.verdict.low, c.verdict.high)),
            *([c.paired.n] if c.paired else []),
        ]
        for c in shown
    ]
    width = console().width
    if width >= WIDE:
        header.append("P(b < a)")
        for row, c in zip(rows, shown, strict=True):
            row.append(c.superiority)
    if width >= WIDEST and not paired:
        header += ["KS D", "p (Holm)"]
        for row, c in zip(rows, shown, strict=True):
            row += [decimal(c.ks, 3), "–" if c.p_holm != c.p_holm else f"{c.p_holm:.2g}"]
    print_table(header, rows)
    if len(shown) < len(analysis.comparisons):
        which = "the pairs with the most networks in both" if paired else "each population with the previous one"
        say(f"{which}; for all {len(analysis.comparisons)} pairs: --json, or dsd report")
    print_plain(shown)
    together = "these steps" if analysis.settings.stepwise else "all pairs"
    difference, each = "difference of mean error", "networks of each population"
    share = "probability that a network of b has a lower error than one of a"
    if paired:
        difference = f"mean difference of error within n networks, paired by {analysis.settings.pair}"
        each, share = "networks in both populations", "share of networks with a lower error in b"
    say(
        f"b − a: {difference} [points]. CI: simultaneous 95 % confidence intervals of {together}; they decide.\n"
        f"δ = {analysis.delta:g} (--delta): a CI inside ±δ means equal. n ≈: {each}"
        + (" (of each stratum, where they are drawn in strata)" if any(p.strata for p in analysis.populations) else "")
        + " for 80 % power."
    )
    if width >= WIDE:
        say(f"P(b < a): {share}, ties half, with the 95 % confidence interval of each pair alone.")


def print_plain(shown: "Sequence[Comparison]") -> None:
    """Print the pairs that adjusted means decide, with what plain means would decide."""
    from dsd.analysis.comparison.verdicts import ADJUSTED
    from dsd.cli.output import decimal, print_table

    rows = [
        (c.a, c.b, str(c.plain), *(decimal(value) for value in (c.mean_difference, c.plain.low, c.plain.high)))
        for c in shown
        if c.verdict.by == ADJUSTED and c.plain
    ]
    if rows:
        count = f" {len(rows)} of {len(shown)} pairs" if len(rows) < len(shown) else ""
        say(f"adjusted means decide{count}; by plain means (--plain):")
        print_table(("a", "b", "b would be", "b − a", "CI low", "CI high"), rows)


def print_ranges(analysis: "Analysis", everything: bool) -> None:
    """Print the best ranges, of the main columns or of everything."""
    from dsd.architecture.units import readable
    from dsd.cli.output import print_table

    computed = {column for p in analysis.populations for column in p.best_ranges}
    shown = computed if everything else computed & HEADLINES or computed
    ranges = [
        (p.name, column, *(readable(column, value) for value in (r.low, r.median, r.high)))
        for p in analysis.populations
        for column, r in p.best_ranges.items()
        if column in shown
    ]
    if ranges:
        print_table(("population", "best range of", "2.5 %", "median", "97.5 %"), ranges)
    values = [
        (p.name, column, ", ".join(f"{value} {share:.0%}" for value, share in list(shares.items())[:3]))
        for p in analysis.populations
        for column, shares in p.best_values.items()
    ]
    if values:
        print_table(("population", "best values of", "share of wins"), values)
