"""dsd time: time networks on this machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.cli.completion import complete_networks
from dsd.cli.messages import emit, say
from dsd.errors import DsdError
from dsd.io.files import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from dsd.models.timing import Conditions


@click.command()
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK… | TABLE", shell_complete=complete_networks)
@click.option("--batch", type=click.IntRange(1), default=64, show_default=True, help="Images per call.")
@click.option("--resolution", type=click.IntRange(1), help="Side of the input [pixels].  [default: the network's own]")
@click.option("--device", help="cpu, cuda or cuda:N.  [default: cuda if available]")
@click.option(
    "--dtype",
    type=click.Choice(("float32", "bfloat16", "float16")),
    default="float32",
    show_default=True,
    help="bfloat16 and float16 use mixed precision.",
)
@click.option("--train", is_flag=True, help="Also time a training step: forward, backward, update.")
@click.option("--calls", type=click.IntRange(1), default=5, show_default=True, help="Minimum number of timed calls.")
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Minimum total time of the calls [s].",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Output file of a TABLE with its new columns.")
def time(
    networks: tuple[str, ...],
    batch: int,
    resolution: int | None,
    device: str | None,
    dtype: str,
    train: bool,
    calls: int,
    seconds: float,
    output: Path | None,
) -> None:
    """Time inference, and with --train a training step, after a warm-up: median, quartiles and peak memory.

    A NETWORK (a published name, FILE.yaml, TABLE:KEY) gives one JSON line. A population's TABLE gets new columns,
    written to -o during the measurement. You can stop it at any time; repeat the command to resume. At the end it
    prints how time grows with flops, params and acts. infer_ms and train_ms are medians, _low and _high quartiles, _n
    the number of timed calls, _peak_gb the peak memory [1e9 bytes]; time_* are the conditions of the measurement.
    """
    from dsd.models.timing import Conditions

    tables = [word for word in networks if Path(word).suffix in TABLES]
    if tables and len(networks) > 1:
        raise DsdError(f"{tables[0]}: a table must be the only argument; give one table, or networks")
    if output and not tables:
        raise DsdError(f"-o {output}: only valid with a TABLE; networks print JSON lines on standard output")
    conditions = Conditions(batch, device or "", dtype, train, calls, seconds)
    if tables:
        time_table(Path(tables[0]), resolution, conditions, output)
    else:
        time_each(networks, resolution, conditions)


def time_each(words: tuple[str, ...], resolution: int | None, conditions: "Conditions") -> None:
    """Print one JSON line per network, as soon as it is measured."""
    from dataclasses import asdict

    from dsd.architecture.catalogue.select import named
    from dsd.architecture.complexities import count_complexity
    from dsd.cli.progress import progress
    from dsd.models.timing import time_network

    chosen = named(words, resolution, None)
    with progress("timed", len(chosen)) as advance:
        for i, (label, network) in enumerate(chosen):
            advance(i, label)
            ids = {"network": label, "key": network.key, "resolution": network.resolution}
            row = {
                **ids,
                **asdict(count_complexity(network)),
                **conditions.as_columns,
                **time_network(network, conditions),
            }
            emit(json.dumps(row))


def time_table(path: Path, resolution: int | None, conditions: "Conditions", output: Path | None) -> None:
    """Write the table with its new columns to a file or standard output; then print correlations and trends."""
    from dsd.cli.progress import progress
    from dsd.io.table_reading import read_table
    from dsd.models.time_tables import time_table as measure

    frame = read_table(path, as_written=True)
    try:
        with progress("timed", len(frame)) as advance:
            timed = measure(frame, conditions, output, resolution, path, advance)
    except KeyboardInterrupt:
        kept = output is not None and output.exists()
        state = f"finished rows are in {output}; repeat the command to resume" if kept else "nothing was written"
        raise click.exceptions.Exit(stopped(state)) from None
    if not output:
        emit(timed.to_csv(index=False), nl=False)
    for line in answers(timed):
        say(line, err=not output)


def stopped(words: str) -> int:
    """Print what an interrupted measurement has written. Return the exit code."""
    say(f"stopped; {words}", err=True)
    return 130


def answers(timed: "pd.DataFrame") -> Iterator[str]:
    """Yield the lines of the paper's Fig. 12: correlations of time with complexities, and trends with flops."""
    from dsd.analysis.complexity_trends import FEW, correlations, trends
    from dsd.architecture.complexities import MEASURES

    if "time_error" in timed and timed["time_error"].notna().any():
        failed = timed[timed["time_error"].notna()]
        yield f"{len(failed)} of {len(timed)} networks have no time, see time_error: {failed['time_error'].iloc[0]}"
    if "time_flops" in timed:
        timed = timed.assign(**{name: timed[f"time_{name}"] for name in MEASURES})
    fits = trends(timed)
    for column in ("infer_ms", "train_ms"):
        if column in fits:
            pairs = (f"{name} {r:.2f}" for name, r in correlations(timed, column).items())
            yield f"correlation of {column} with {', '.join(pairs)}"
        elif column in timed:
            different = timed["flops"][timed[column].notna()].nunique()
            yield f"{column} for {different} different flops: too few for a trend, give {FEW} or more"
    yield from map(str, fits.values())
