"""dsd import: convert the results of other programs."""

from pathlib import Path

import click

from dsd.cli.messages import emit, say


@click.command("import")
@click.argument("source", metavar="pycls|nds", type=click.Choice(("pycls", "nds")))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--space", help="Name of the population.  [default: the file's name]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Output file; .csv, .jsonl or .parquet sets the format.  [default: CSV to standard output]",
)
def import_results(source: str, file: Path, space: str | None, output: Path | None) -> None:
    """Turn the results of another program into a table that `dsd analyze`, `report` and `fit` read.

    \b
    pycls   sweep.json: records with cfg, complexity, test_epoch (lists top1_err, min_top1_err, …)
    nds     a file of the data of "On Network Design Spaces": records with net, flops, params and test errors

    The table has one row per network and dsd's columns. If dsd can describe the network, the row also has its key and
    dsd's count of its complexity. error is of the last epoch, best_error of the best one.
    """
    from importlib import import_module

    from dsd.analysis.importers.records import miscounted, table_of
    from dsd.io.table_writing import check_ending, write_table

    if output:
        check_ending(output)
    records = import_module(f"dsd.analysis.importers.{source}").read(file)
    frame = table_of(records, space or file.stem, source)
    if "repeat" in frame:
        say(f"{(frame['repeat'] > 0).sum()} records repeat a network and seed; they count as further seeds", err=True)
    if minima := int((frame["error"].notna() & (frame["epochs"].isna() if "epochs" in frame else True)).sum()):
        say(f"{minima} records have no epochs; their error is the only one recorded, the lowest", err=True)
    known = sum(record.network is not None for record in records)
    counts = frame["status"].value_counts().to_dict()
    say(
        f"{file}: {len(records)} records, {', '.join(f'{count} {state}' for state, count in counts.items())}; "
        f"{known} describe networks that dsd can build, {miscounted(records)} of them with other flops than dsd counts",
        err=True,
    )
    if output:
        write_table(frame, output)
    else:
        emit(frame.to_csv(index=False), nl=False)
