"""dsd analyze, report: what populations mean."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.errors import DsdError

if TYPE_CHECKING:
    import pandas as pd

    from dsd.analysis.populations import Results

HEADLINES = {"depth", "b1", "g1", "flops"}  # of the many parameters of a population
SOURCES = click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
BY = click.option("--by", default="space", show_default=True, help="Column that names the populations.")
COLUMNS = click.option(
    "--columns",
    default="",
    help="Parameters whose best range is wanted, with commas.  [default: all; the terminal shows the main ones]",
)
SEED = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")


@click.command()
@SOURCES
@BY
@COLUMNS
@SEED
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def analyze(sources: tuple[Path, ...], by: str, columns: str, seed: int, as_json: bool) -> None:
    """Compare the populations of SOURCES: sweep folders, or any tables with a column error [%]."""
    from dsd.analysis.summary import analyze as summarise_all
    from dsd.design.window import readable

    populations = populations_of(sources, by)
    found = summarise_all(populations, [name for name in columns.split(",") if name], seed)
    for note in synthetic(populations):
        click.echo(note, err=True)
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    from dsd.cli.output import decimal, print_table

    print_table(
        ("population", "n", "failed", "unfinished", "min", "mean", "median"),
        [
            (p.name, p.n, p.failed, p.unfinished, decimal(p.minimum), decimal(p.mean), decimal(p.median))
            for p in found.populations
        ],
    )
    if found.comparisons:
        print_table(
            ("a", "b", "mean b − a", "95 % low", "high", "KS D", "p", "p (Holm)"),
            [
                (
                    c.a,
                    c.b,
                    decimal(c.mean_difference),
                    decimal(c.low),
                    decimal(c.high),
                    decimal(c.ks, 3),
                    f"{c.p_value:.2g}",
                    f"{c.p_holm:.2g}",
                )
                for c in found.comparisons
            ],
        )
    computed = {column for p in found.populations for column in p.best_ranges}
    shown = computed if columns else computed & HEADLINES or computed
    ranges = [
        (p.name, column, *(readable(column, value) for value in (r.low, r.median, r.high)))
        for p in found.populations
        for column, r in p.best_ranges.items()
        if column in shown
    ]
    if ranges:
        print_table(("population", "best range of", "2.5 %", "median", "97.5 %"), ranges)


@click.command()
@SOURCES
@BY
@COLUMNS
@SEED
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The page.  [default: FOLDER/report.html, or report.html]",
)
def report(sources: tuple[Path, ...], by: str, columns: str, seed: int, output: Path | None) -> None:
    """Write one self-contained page that compares the populations of SOURCES, and edf.png beside it.

    SOURCES are sweep folders, or any tables with a column error [%].
    """
    if output and (output.suffix != ".html" or output.is_dir()):
        raise DsdError(f"-o {output}: the report is a web page; give a name that ends in .html")
    from dsd.analysis.summary import analyze as summarise_all
    from dsd.figures.report import Report, write
    from dsd.sweep.curves import read_curves

    populations = populations_of(sources, by)
    found = summarise_all(populations, [name for name in columns.split(",") if name], seed)
    notes = [f"{results.name}: {results.lacking}" for results in populations if results.lacking]
    if notes:
        notes = ["Some runs have no result; the numbers below are of the others. " + "; ".join(notes) + "."]
    notes += synthetic(populations)
    configurations = [source / "sweep.yaml" for source in sources if (source / "sweep.yaml").is_file()]
    page = output or (sources[0] / "report.html" if sources[0].is_dir() else Path("report.html"))
    figures = page.parent / "figures" if page.parent == sources[0] else page.parent
    content = Report(
        title="Populations: " + ", ".join(source.stem for source in sources),
        populations=populations,
        analysis=found,
        notes=notes,
        configuration="\n".join(path.read_text() for path in configurations),
        curves=read_curves([source for source in sources if source.is_dir()]),
    )
    write(content, page, figures / "edf.png")
    click.echo(page)
    click.echo(figures / "edf.png")


def synthetic(populations: "list[Results]") -> list[str]:
    """A sentence for each population that was trained on random pixels."""
    return [
        f"{results.name} was trained on synthetic images: its errors mean nothing, only its times do."
        for results in populations
        if "synthetic" in results.frame and results.frame["synthetic"].eq(True).any()
    ]


def table_of(source: Path) -> "pd.DataFrame":
    """The table of a sweep as it stands now, or of a file."""
    from dsd.analysis.populations import read_table

    if not source.is_dir():
        return read_table(source)
    from dsd.sweep.collect import collect
    from dsd.sweep.folder import TABLE, Sweep

    collect(Sweep(source))
    return read_table(source / TABLE)


def populations_of(sources: tuple[Path, ...], by: str) -> "list[Results]":
    """The populations of sweep folders and tables, each under a name of its own."""
    from dsd.analysis.populations import split, told_apart

    return told_apart([(str(source), split(table_of(source), by, str(source))) for source in sources])
