"""dsd time: how long networks take on this machine."""

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
@click.option("--batch", type=click.IntRange(1), default=64, show_default=True, help="Images a call.")
@click.option("--resolution", type=click.IntRange(1), help="Side of the input [pixels].  [default: the network's own]")
@click.option("--device", help="cpu, cuda or cuda:N.  [default: cuda where there is one]")
@click.option(
    "--dtype",
    type=click.Choice(("float32", "bfloat16", "float16")),
    default="float32",
    show_default=True,
    help="The last two as mixed precision.",
)
@click.option("--train", is_flag=True, help="Also a training step: forward, backward, update.")
@click.option("--calls", type=click.IntRange(1), default=5, show_default=True, help="Timed calls, at least.")
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Timed seconds, at least.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Of a TABLE: where it goes with its new columns.")
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
    """Time inference, and with --train a training step, after a warm-up: median and quartiles, peak of memory.

    A NETWORK (a published name, FILE.yaml, TABLE:KEY) gives one JSON line. A population's TABLE gets columns, written
    to -o as they come: stop it at any time, repeat the command, and it goes on. At the end it prints how time
    grows with flops, params and acts. infer_ms and train_ms are medians, _low and _high the quartiles, _n the number
    of timed calls, _peak_gb the peak of memory [1e9 bytes]; time_* says how it was measured.
    """
    from dsd.models.timing import Conditions

    tables = [word for word in networks if Path(word).suffix in TABLES]
    if tables and len(networks) > 1:
        raise DsdError(f"{tables[0]}: a table is timed alone; give one table, or networks")
    if output and not tables:
        raise DsdError(f"-o {output}: is for a TABLE; networks give a JSON line each on standard output")
    conditions = Conditions(batch, device or "", dtype, train, calls, seconds)
    if tables:
        time_table(Path(tables[0]), resolution, conditions, output)
    else:
        time_each(networks, resolution, conditions)


def time_each(words: tuple[str, ...], resolution: int | None, conditions: "Conditions") -> None:
    """One JSON line a network, as soon as it is measured."""
    from dataclasses import asdict

    from dsd.architecture.catalogue.select import named
    from dsd.architecture.complexities import count_complexity
    from dsd.cli.progress import progress
    from dsd.models.timing import time_network

    found = named(words, resolution, None)
    with progress("timed", len(found)) as advance:
        for i, (label, network) in enumerate(found):
            advance(i, label)
            told = {"network": label, "key": network.key, "resolution": network.resolution}
            row = {**told, **asdict(count_complexity(network)), **conditions.told, **time_network(network, conditions)}
            emit(json.dumps(row))


def time_table(path: Path, resolution: int | None, conditions: "Conditions", output: Path | None) -> None:
    """The table with its new columns, to a file or to standard output; then correlations and trends."""
    from dsd.cli.progress import progress
    from dsd.io.table_reading import read_table
    from dsd.models.time_tables import time_table as measure

    frame = read_table(path)
    try:
        with progress("timed", len(frame)) as advance:
            timed = measure(frame, conditions, output, resolution, path, advance)
    except KeyboardInterrupt:
        kept = output is not None and output.exists()
        there = f"what was measured is in {output}; repeat the command to go on" if kept else "nothing was written"
        raise click.exceptions.Exit(stopped(there)) from None
    if not output:
        emit(timed.to_csv(index=False), nl=False)
    for line in answers(timed):
        say(line, err=not output)


def stopped(words: str) -> int:
    """Say what is left of a measurement that was interrupted; the exit code."""
    say(f"stopped; {words}", err=True)
    return 130


def answers(timed: "pd.DataFrame") -> Iterator[str]:
    """What Fig. 12 of the paper asks of a population: what time goes with, and how complexities grow."""
    from dsd.analysis.complexity_trends import FEW, correlations, trends
    from dsd.architecture.complexities import MEASURES

    if "time_error" in timed and timed["time_error"].notna().any():
        failed = timed[timed["time_error"].notna()]
        yield f"{len(failed)} of {len(timed)} networks were not timed, see time_error: {failed['time_error'].iloc[0]}"
    if "time_flops" in timed:
        timed = timed.assign(**{name: timed[f"time_{name}"] for name in MEASURES})
    found = trends(timed)
    for column in ("infer_ms", "train_ms"):
        if column in found:
            told = (f"{name} {r:.2f}" for name, r in correlations(timed, column).items())
            yield f"correlation of {column} with {', '.join(told)}"
        elif column in timed:
            different = timed["flops"][timed[column].notna()].nunique()
            yield f"{column} for {different} different flops: too few for a trend, give {FEW} or more"
    yield from map(str, found.values())
