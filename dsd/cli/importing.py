"""dsd import: results that other programs left behind."""

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
    help="File; .csv, .jsonl or .parquet chooses the format.  [default: CSV to standard output]",
)
def import_results(source: str, file: Path, space: str | None, output: Path | None) -> None:
    """Turn the results of another program into a table that `dsd analyze`, `report` and `fit` read.

    \b
    pycls   sweep.json: records with cfg, complexity, test_epoch (lists top1_err, min_top1_err, …)
    nds     a file of the data of "On Network Design Spaces": records with net, flops, params and test errors

    A row a network, with dsd's columns and, where dsd can describe the network, its key and its own count of
    complexity. error is that of the last epoch, best_error that of the best one.
    """
    from importlib import import_module

    from dsd.analysis.importers.records import miscounted, table_of
    from dsd.io.table_writing import check_ending, write_table

    if output:
        check_ending(output)
    records = import_module(f"dsd.analysis.importers.{source}").read(file)
    frame = table_of(records, space or file.stem, source)
    if "repeat" in frame:
        say(f"{(frame['repeat'] > 0).sum()} records repeat a network and its seed; they count as other seeds", err=True)
    if minima := int((frame["error"].notna() & (frame["epochs"].isna() if "epochs" in frame else True)).sum()):
        say(f"{minima} records tell no epochs; their error is the one that they have, the least", err=True)
    known = sum(record.network is not None for record in records)
    counts = frame["status"].value_counts().to_dict()
    say(
        f"{file}: {len(records)} records, {', '.join(f'{count} {state}' for state, count in counts.items())}; "
        f"{known} of networks that dsd describes, {miscounted(records)} of them with other flops in the file",
        err=True,
    )
    if output:
        write_table(frame, output)
    else:
        emit(frame.to_csv(index=False), nl=False)
