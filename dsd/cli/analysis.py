"""dsd analyze: what populations mean, on the terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.cli.messages import emit, say
from dsd.cli.options import (
    ACROSS,
    BY,
    COLUMNS,
    DELTA,
    OUTCOMES,
    RESAMPLES,
    SEED,
    SOURCES,
    STEPWISE,
    TARGET,
)
from dsd.cli.sources import populations_of, settings_of, synthetic

if TYPE_CHECKING:
    from dsd.analysis.summary import Analysis

WIDE = 105  # of a terminal
PAIRS = 15  # that are printed; of more, each population with the one before it
HEADLINES = {"depth", "b1", "g1", "flops", "e_fit"}  # of the many parameters of a population


@click.command()
@SOURCES
@BY
@COLUMNS
@DELTA
@STEPWISE
@ACROSS
@OUTCOMES
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
    outcomes: str,
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

    settings = settings_of(columns, delta, target, resamples, seed, stepwise, across)
    populations = populations_of(sources, by, outcomes)
    found = analysed(populations, settings)
    for note in synthetic(populations) + found.notes:
        say(note, err=True)
    if as_json:
        emit(json.dumps(found.as_json()))
        return
    print_populations(found)
    print_pairs(found)
    print_ranges(found, everything=bool(columns))


def print_populations(found: "Analysis") -> None:
    """Each population in a row."""
    from dsd.cli.output import decimal, print_table

    header = ["population", "n", "failed", "unfinished", "min", "mean", "median", "5 %", "95 %"]
    rows: list[list[object]] = [
        [
            *(p.name, p.n, p.failed, p.unfinished),
            *(decimal(value) for value in (p.minimum, p.mean, p.median)),
            *(decimal(p.quantiles.get(share)) for share in (0.05, 0.95)),
        ]
        for p in found.populations
    ]
    if found.settings.target is not None:
        header.append(f"n to {found.settings.target:g} %")
        for row, p in zip(rows, found.populations, strict=True):
            row.append(p.search if p.search else "–")
    print_table(header, rows)
    if found.settings.target is not None:
        say(
            f"n to {found.settings.target:g} %: networks to try at random until their best is expected to have that "
            "error; – where all of the population do not"
        )
    for p in found.populations:
        if p.noise:
            say(
                f"{p.name}: standard deviation {p.noise.seed_sd:.2f} points between seeds of one network, "
                f"{p.noise.network_sd:.2f} between networks ({p.noise.networks} networks, {p.noise.runs} runs)"
            )


def print_pairs(found: "Analysis") -> None:
    """Each pair in a row, with its verdict."""
    from dsd.analysis.comparison.pairwise import steps
    from dsd.cli.output import console, decimal, print_table

    if not found.comparisons:
        return
    shown = steps(found.comparisons, PAIRS)
    header = ("a", "b", "b is", "b − a", "CI low", "CI high", "KS D", "p (Holm)")
    rows = [
        (
            *(c.a, c.b, str(c.verdict)),
            *(decimal(value) for value in (c.mean_difference, c.verdict.low, c.verdict.high)),
            *(decimal(c.ks, 3), "–" if c.p_holm != c.p_holm else f"{c.p_holm:.2g}"),
        )
        for c in shown
    ]
    kept = len(header) if console().width >= WIDE else len(header) - 2  # the test of shapes where there is room for it
    print_table(header[:kept], [row[:kept] for row in rows])
    if len(shown) < len(found.comparisons):
        say(f"each with the one before it; all {len(found.comparisons)} pairs: --json, or dsd report")
    together = "these steps" if found.settings.stepwise else "all pairs"
    say(
        f"b − a: difference of mean error [points]. CI: simultaneous 95 % confidence intervals of {together}; they "
        f"decide.\nδ = {found.delta:g} (--delta): a CI inside ±δ means equal. n ≈: networks of each population for "
        "80 % power."
    )


def print_ranges(found: "Analysis", everything: bool) -> None:
    """The best ranges, of the main columns unless everything is wanted."""
    from dsd.architecture.units import readable
    from dsd.cli.output import print_table

    computed = {column for p in found.populations for column in p.best_ranges}
    shown = computed if everything else computed & HEADLINES or computed
    ranges = [
        (p.name, column, *(readable(column, value) for value in (r.low, r.median, r.high)))
        for p in found.populations
        for column, r in p.best_ranges.items()
        if column in shown
    ]
    if ranges:
        print_table(("population", "best range of", "2.5 %", "median", "97.5 %"), ranges)
    values = [
        (p.name, column, ", ".join(f"{value} {share:.0%}" for value, share in list(shares.items())[:3]))
        for p in found.populations
        for column, shares in p.best_values.items()
    ]
    if values:
        print_table(("population", "best values of", "share of wins"), values)
