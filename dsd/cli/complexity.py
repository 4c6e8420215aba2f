"""dsd complexity: count what networks cost, beside published values."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsd.cli.completion import complete_networks
from dsd.cli.messages import emit, say
from dsd.errors import DsdError
from dsd.io.files import TABLES

if TYPE_CHECKING:
    from dsd.architecture.complexities import Complexity

COMPARED = ("resnext", "efficientnet")
WIDE = 115  # width of a terminal that shows all digits of the counts


@click.command()
@click.argument("networks", nargs=-1, shell_complete=complete_networks)
@click.option("--all", "everything", is_flag=True, help="All named networks, beside their published values.")
@click.option(
    "--compare", type=click.Choice(COMPARED), help="The paper's Table 3 or 4, with times measured on this machine."
)
@click.option("--resolution", type=click.IntRange(1), help="Side of the input [pixels].  [default: the network's own]")
@click.option("--classes", type=click.IntRange(1), help="Classes of the head.  [default: the network's own]")
@click.option(
    "--batch", type=click.IntRange(1), help="Images per call, with --compare.  [default: 64 as in the paper; CPU: 8]"
)
@click.option("--device", help="cpu, cuda or cuda:N, with --compare.  [default: cuda if available]")
@click.option("--no-time", is_flag=True, help="Count only, with --compare.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def complexity(
    networks: tuple[str, ...],
    everything: bool,
    compare: str | None,
    resolution: int | None,
    classes: int | None,
    batch: int | None,
    device: str | None,
    no_time: bool,
    as_json: bool,
) -> None:
    """Count flops (multiply-adds), params and acts of NETWORKS.

    A network is a published name (RegNetY-4.0GF, resnet-50, efficientnet-b3), a FILE.yaml that describes one, a
    population's TABLE (.csv, .parquet, .jsonl) for all its rows, or TABLE:KEY for one of them.
    """
    if bool(networks) + everything + bool(compare) != 1:
        raise DsdError("give exactly one of NETWORKS, --all and --compare")
    if not compare and (batch or device or no_time):
        raise DsdError("--batch, --device, --no-time: only valid with --compare; to time networks use `dsd time`")
    if networks:
        print_counts(networks, resolution, classes, as_json)
    elif resolution or classes:
        raise DsdError("--resolution, --classes: only valid with NETWORKS; published values are for each network's own")
    elif compare:
        print_comparison(compare, not no_time, batch, device, as_json)
    else:
        print_all(as_json)


def print_counts(words: tuple[str, ...], resolution: int | None, classes: int | None, as_json: bool) -> None:
    """Print the complexity of the named networks."""
    from dsd.architecture.catalogue.select import named
    from dsd.architecture.complexities import count_complexity as count

    counts = [(label, asdict(count(network))) for label, network in named(words, resolution, classes)]
    if as_json:
        alone = len(words) == 1 and Path(words[0]).suffix not in TABLES
        emit(json.dumps(counts[0][1] if alone else dict(counts)))
        return
    from dsd.cli.output import print_table

    rows = [(label, *(f"{value:,}" for value in values.values())) for label, values in counts]
    print_table(("network", "flops", "params", "acts"), rows)


def print_all(as_json: bool) -> None:
    """Print counts and published values of every named network, and why they differ if they do."""
    from dsd.architecture.catalogue.published_networks import NAMED
    from dsd.architecture.catalogue.published_values import PUBLISHED, differing
    from dsd.architecture.complexities import UNITS
    from dsd.architecture.complexities import count_complexity as count

    built = {name: make() for name, make in NAMED.items()}
    counts = {name: count(network) for name, network in built.items()}
    differences = {name: differing(name, counted) for name, counted in counts.items()}
    if as_json:
        rows = [
            {
                "network": name,
                "resolution": built[name].resolution,
                **asdict(counts[name]),
                "published": {unit: getattr(PUBLISHED[name], unit) for unit in UNITS},
                "differences": differences[name],
            }
            for name in built
        ]
        emit(json.dumps(rows, indent=1))
        return
    from dsd.cli.output import console, print_table

    whole = console().width >= WIDE
    wide = ["flops", "published, B", "params", "published, M", "acts", "published, M"]
    header = wide if whole else ["flops, GF", "publ.", "params, M", "publ.", "acts, M", "publ."]
    lines = [line(name, built[name].resolution, counts[name], differences[name], whole) for name in built]
    print_table(["network", "pixels", *header], lines)
    for name, reasons in differences.items():
        for measure, reason in reasons.items():
            say(f"* {name}, {measure}: {reason}")


def line(name: str, resolution: int, counted: "Complexity", differences: dict[str, str], whole: bool) -> list[str]:
    """Return a network's row: counts (all digits, or three decimals) and published values, starred if they differ."""
    from dsd.architecture.catalogue.published_values import PUBLISHED
    from dsd.architecture.complexities import UNITS

    cells = [name, str(resolution)]
    for measure, unit in UNITS.items():
        published, count = getattr(PUBLISHED[name], measure).replace("-", "–"), getattr(counted, measure)
        cells += [f"{count:,}" if whole else f"{count / unit:.3f}"]
        cells += [f"{published}*" if measure in differences else published]
    return cells


def print_comparison(which: str, timed: bool, batch: int | None, device: str | None, as_json: bool) -> None:
    """Print the groups of a published comparison: counted complexity, measured time, published time and error."""
    from dsd.architecture.catalogue.lookup import network
    from dsd.architecture.catalogue.published_values import COMPARISONS, PUBLISHED
    from dsd.architecture.complexities import UNITS
    from dsd.architecture.complexities import count_complexity as count

    groups = COMPARISONS[which]
    names = list(dict.fromkeys(name for grouped in groups.values() for group in grouped for name in group))
    settings, times = measured_times(names, batch, device) if timed else ({}, {})
    rows: list[dict[str, Any]] = [
        {
            "comparison": title,
            "group": number,
            "network": name,
            **asdict(count(network(name))),
            **times.get(name, {}),
            "published": {"infer_ms_v100_64": PUBLISHED[name].infer_ms, "error": PUBLISHED[name].error},
        }
        for title, grouped in groups.items()
        for number, group in enumerate(grouped, start=1)
        for name in group
    ]
    if as_json:
        emit(json.dumps({"time": settings, "networks": rows}, indent=1))
        return
    from dsd.cli.output import decimal, print_table

    for title in groups:
        say(title)
        here = [row for row in rows if row["comparison"] == title]
        cells = [
            [
                row["network"],
                *(f"{row[measure] / unit:.{2 if measure == 'flops' else 1}f}" for measure, unit in UNITS.items()),
                *([decimal(row.get("infer_ms"), 0)] if timed else []),
                *row["published"].values(),
            ]
            for row in here
        ]
        counted = ["network", "flops, GF", "params, M", "acts, M"]
        published = ["published: V100, ms", "published: top-1 error, %"]
        starts = [i for i in range(1, len(here)) if here[i]["group"] != here[i - 1]["group"]]
        print_table([*counted, *(["here, ms"] if timed else []), *published], cells, sections=starts)
    if timed:
        threads = f", {settings['threads']} threads" if settings["threads"] else ""
        machine = f"{settings['device']}{threads}, {settings['dtype']}, torch {settings['torch']}"
        say(f"here: median inference of {settings['batch']} images on {machine}; published: of 64 images")


def measured_times(names: list[str], batch: int | None, device: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Time each network. Return the settings of the measurement, and the times by name."""
    from dsd.architecture.catalogue.lookup import network
    from dsd.cli.progress import progress
    from dsd.models.device import default_device
    from dsd.models.timing import Conditions, time_network

    device = device or default_device()
    batch = batch or (8 if device == "cpu" else 64)  # a CPU takes minutes for what a GPU does in a second
    conditions = Conditions(batch=batch, device=device, calls=3)
    times = {}
    with progress("timed", len(names)) as advance:
        for i, name in enumerate(names):
            advance(i, f"{name}, {batch} images per call")
            times[name] = time_network(network(name), conditions)
    return conditions.as_columns, times
