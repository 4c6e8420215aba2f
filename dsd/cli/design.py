"""dsd spaces, sample, complexity: what can be drawn."""

import json
from pathlib import Path

import click

from dsd.cli.completion import complete_networks, complete_spaces


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def spaces(as_json: bool) -> None:
    """List every design space: dimensions, size, what it refines."""
    from dsd.design.spacefile import load_space, space_names

    rows = []
    for name in space_names():
        space = load_space(name)
        rows.append(
            {
                "space": name,
                "refines": space.facts.refines,
                "dimensions": space.dimensions,
                "size_as_printed": space.size_as_printed,
                "size": space.size,
                "flops": space.facts.flops,
                "summary": space.facts.summary,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    from dsd.cli.output import print_table

    header = ("space", "refines", "dim.", "size (paper's count)", "size (exact)", "default window", "")
    print_table(
        header,
        [
            (
                row["space"],
                row["refines"],
                row["dimensions"],
                f"{row['size_as_printed']:.1e}",
                f"{row['size']:,}",
                row["flops"],
                row["summary"],
            )
            for row in rows
        ],
    )


@click.command()
@click.option(
    "--space",
    "names",
    required=True,
    shell_complete=complete_spaces,
    help="Name of a space, or a file; several with commas.",
)
@click.option("-n", "n", required=True, type=int, help="How many networks of each space.")
@click.option(
    "--flops",
    default="default",
    help="Window LO:HI with K, M, G, either side open.  [default: the space's, 360M:400M]",
)
@click.option("--params", default=":", help="Window of parameters.")
@click.option("--acts", default=":", help="Window of activations.")
@click.option("--resolution", type=click.IntRange(1), help="Side of the input [pixels].  [default: the space's, 224]")
@click.option("--classes", type=click.IntRange(1), help="Classes of the head.  [default: the space's, 1000]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other networks.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File; .csv, .jsonl or .parquet chooses the format.  [default: CSV to standard output]",
)
def sample(
    names: str,
    n: int,
    flops: str,
    params: str,
    acts: str,
    resolution: int | None,
    classes: int | None,
    seed: int,
    output: Path | None,
) -> None:
    """Draw networks from a design space inside windows of complexity, one row each.

    The draw depends on space, windows and seed alone: the first 500 of -n 1000 are those of -n 500.
    """
    from dsd.design.population import as_csv, check_ending, write
    from dsd.design.sampling import sample as draw
    from dsd.design.spacefile import load_space
    from dsd.design.window import parse_window

    if output:
        check_ending(output)
    for option, text in (("--flops", flops), ("--params", params), ("--acts", acts)):
        if text != "default":
            parse_window(text, option)
    populations = []
    for name in names.split(","):
        population = draw(
            load_space(name),
            n,
            flops=flops,
            params=params,
            acts=acts,
            seed=seed,
            resolution=resolution,
            classes=classes,
        )
        populations.append(population)
    if output:
        write(populations, output)
    else:
        click.echo(as_csv([population.columns for population in populations]), nl=False)
    for p in populations:
        click.echo(f"{p.space}: {len(p)} networks, {p.windows}; {p.draw}", err=True)


@click.command()
@click.argument("networks", nargs=-1, required=True, shell_complete=complete_networks)
@click.option(
    "--resolution", type=click.IntRange(1), default=224, show_default=True, help="Side of the input [pixels]."
)
@click.option("--classes", type=click.IntRange(1), default=1000, show_default=True, help="Classes of the head.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def complexity(networks: tuple[str, ...], resolution: int, classes: int, as_json: bool) -> None:
    """Count flops (multiply-adds), params and acts of NETWORKS, by their published names."""
    from dataclasses import asdict

    from dsd.design.complexity import complexity as count
    from dsd.design.named import network

    counts = {name: asdict(count(network(name, resolution, classes))) for name in networks}
    if as_json:
        click.echo(json.dumps(counts if len(counts) > 1 else next(iter(counts.values()))))
        return
    from dsd.cli.output import print_table

    rows = [(name, *(f"{value:,}" for value in found.values())) for name, found in counts.items()]
    print_table(("network", "flops", "params", "acts"), rows)
