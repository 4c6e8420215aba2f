"""dsd report: compare populations on one web page."""

from pathlib import Path

import click

from dsd.cli.looks import check_options, section_of, stepwise_as_planned, with_looks
from dsd.cli.messages import say
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
from dsd.cli.sources import curves_of, populations_of, settings_of, synthetic
from dsd.errors import DsdError


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
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Output file.  [default: FOLDER/report.html, or report.html]",
)
def report(
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
    output: Path | None,
) -> None:
    """Write one self-contained page that compares the populations of SOURCES, and a picture of their EDFs.

    SOURCES are sweep folders, or any tables with a column error [%]. The page needs no internet connection.
    """
    if output and (output.suffix != ".html" or output.is_dir()):
        raise DsdError(f"-o {output}: the report is a web page; give a name that ends in .html")
    from dsd.analysis.summary import analyze
    from dsd.figures.report.page import Report, write_report

    check_options(sources, {"--pair": pair, "--at-equal": at_equal, "--plain": plain}, draws)
    stepwise = stepwise or stepwise_as_planned(sources)
    settings = settings_of(columns, delta, target, resamples, seed, stepwise, across, pair, at_equal, plain)
    populations = populations_of(sources, by, outcomes, pair, draws, plain)
    analysis = with_looks(analyze(populations, settings), sources)
    notes = [f"{results.name}: {results.missing_note}" for results in populations if results.missing_note]
    if notes:
        notes = ["Some runs have no result; the numbers below leave them out. " + "; ".join(notes) + "."]
    notes += synthetic(populations) + analysis.notes
    configurations = [source / "sweep.yaml" for source in sources if (source / "sweep.yaml").is_file()]
    page = output or (sources[0] / "report.html" if sources[0].is_dir() else Path("report.html"))
    within = page.parent == sources[0]  # the sweep's folder
    picture = page.parent / "figures" / "edf.png" if within else page.with_name(f"{page.stem}_edf.png")
    content = Report(
        title="Populations: " + ", ".join(source.stem for source in sources),
        populations=populations,
        analysis=analysis,
        notes=notes,
        configuration="\n".join(path.read_text(errors="replace") for path in configurations),
        curves=curves_of(sources),
        sections=section_of(sources),
    )
    write_report(content, page, picture)
    say(page)
    say(picture)
