"""dsd fit: fit quantized linear widths to networks."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import click

from dsd.cli.messages import emit, say
from dsd.cli.progress import progress

FITTED = ("w_0", "w_a", "w_m", "e_fit")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--w-m-step", type=float, help="Step of w_m, searched from 1.5 to 3.  [default: 0.005]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Output file; .csv, .jsonl or .parquet sets the format.  [default: CSV to standard output]",
)
def fit(table: Path, w_m_step: float | None, output: Path | None) -> None:
    """Add w_0, w_a, w_m and e_fit of the best quantized linear fit to the rows of TABLE.

    TABLE needs the depths d1, d2, … and widths w1, w2, … of the stages. e_fit is the mean |ln(predicted / observed
    width)| over blocks: 0 for a RegNet whose widths no rule adjusted, 0.1 for widths that are off by 10 %. The
    command prints the search grid on standard error. With -o it also stores the grid: in the metadata of a .parquet
    file, else in FILE.meta.json.
    """
    from dsd.analysis.linear_fit import GRID, block_widths, fit_all
    from dsd.io.table_reading import read_table
    from dsd.io.table_writing import check_ending, provenance_in, write_table

    if output:
        check_ending(output)
    low, high, step = GRID.w_m
    grid = replace(GRID, w_m=(low, high, step if w_m_step is None else w_m_step))
    frame = read_table(table, as_written=True)
    widths = block_widths(frame, str(table))
    with progress("networks", len(widths)) as advance:
        fits = fit_all(widths, grid, lambda done: advance(done, ""))
    for name in FITTED:
        frame[name] = [getattr(best, name) for best in fits]
    values = frame["e_fit"].dropna()
    if len(values) < len(frame):
        say(f"{len(frame) - len(values)} rows have no stages and get no fit", err=True)
    say(f"{len(values)} networks: e_fit mean {values.mean():.3f}, median {values.median():.3f}; {grid.rule}", err=True)
    if not output:
        emit(frame.to_csv(index=False), nl=False)
        return
    source = provenance_in(table)
    try:
        origin = json.loads(source) if source else str(table)
    except (ValueError, RecursionError):  # damaged, or written by another program
        origin = source
    provenance = {"fit": {"rule": grid.rule, **asdict(grid)}, "table": origin}
    write_table(frame, output, json.dumps(provenance, indent=1) + "\n")
