"""dsd spaces, sample: list design spaces and draw networks from them."""

import json
from pathlib import Path
from typing import Any

import click

from dsd._version import __version__
from dsd.cli.completion import complete_spaces
from dsd.cli.messages import emit, say
from dsd.errors import DsdError


@click.command()
@click.argument("names", nargs=-1, shell_complete=complete_spaces)
@click.option("--distinct", is_flag=True, help="Also count or estimate the distinct networks (seconds per space).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def spaces(names: tuple[str, ...], distinct: bool, as_json: bool) -> None:
    """List design spaces, NAMES or all: the space each refines, dimensions, size.

    The size is the number of settings of the parameters. The paper's count comes first, then the exact one, with ties
    in ordered parameters and without settings that break a constraint (<= if these cannot be counted). Both include
    settings that form no network or the same network as others; --distinct counts networks.
    """
    from dsd.design.file import load_space, space_names
    from dsd.design.sampling.count import distinct as count

    chosen = [load_space(name) for name in names or space_names()]
    rows = [
        {
            "space": space.info.name,
            "refines": space.info.refines,
            "dimensions": space.dimensions,
            "size_as_printed": space.size_as_in_paper,
            "size": space.size,
            "size_is_exact": space.size_is_exact,
            "flops": str(space.info.limits.flops),
            "summary": space.info.summary,
        }
        for space in chosen
    ]
    if distinct:
        from dsd.cli.progress import progress

        with progress("networks", len(rows)) as advance:
            for i, (space, row) in enumerate(zip(chosen, rows, strict=True)):
                advance(i, space.info.name)
                estimate = count(space)
                row |= {"distinct": estimate.networks, "distinct_error": estimate.error}
    if as_json:
        emit(json.dumps(rows, indent=1))
        return
    from dsd.cli.output import console, print_table

    width = console().width
    left_out = {"window", ""} if width < MIDDLE else {""} if width < WIDE else set()
    left_out |= {"refines", "paper's count"} if width < NARROW else set()
    table = [cells(row, distinct, whole=width >= WIDE) for row in rows]
    header = [name for name in table[0] if name not in left_out]
    print_table(header, [[row[name] for name in header] for row in table])


WIDE, MIDDLE, NARROW = 150, 110, 100  # terminal widths that show all digits and summaries, windows, `refines`


def cells(row: dict[str, Any], distinct: bool, whole: bool) -> dict[str, str]:
    """Return a space's row of the printed table; unless `whole`, long sizes have four digits."""
    size = f"{row['size']:,}" if whole or row["size"] < 1e9 else f"{row['size']:.3e}"
    texts = {
        "space": row["space"],
        "refines": row["refines"],
        "dim.": str(row["dimensions"]),
        "paper's count": f"{row['size_as_printed']:.1e}",
        "exact size": size if row["size_is_exact"] else f"<= {size}",
    }
    if distinct:
        error = row["distinct_error"]
        texts["networks"] = f"{row['distinct']:.3g}" if error else f"{row['distinct']:,}"
        texts["std. error"] = f"{error / row['distinct']:.2%}" if error else "counted"
    return {**texts, "window": row["flops"], "": row["summary"]}


@click.command()
@click.option(
    "--space",
    "names",
    required=True,
    shell_complete=complete_spaces,
    help="Name or file of a space; separate several with commas.",
)
@click.option("-n", "n", required=True, type=int, help="Number of networks per space.")
@click.option(
    "--flops",
    default="default",
    help="Window LO:HI with K, M, G; either side can be open.  [default: the space's, 360M:400M]",
)
@click.option("--params", default="default", help="Window of parameters.  [default: the space's, mostly none]")
@click.option("--acts", default="default", help="Window of activations.  [default: the space's, mostly none]")
@click.option("--resolution", type=click.IntRange(1), help="Side of the input [pixels].  [default: the space's, 224]")
@click.option("--classes", type=click.IntRange(1), help="Classes of the head.  [default: the space's, 1000]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the draw.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes, at most one per core; the rows do not depend on it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Output file; .csv, .jsonl or .parquet sets the format.  [default: CSV to standard output]",
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
    workers: int,
    output: Path | None,
) -> None:
    """Draw networks from a design space inside windows of complexity, one row each.

    The draw depends only on space, windows and seed: the first 500 of -n 1000 are those of -n 500. The command prints
    the counts of the draw on standard error. With -o it also stores everything needed to draw the same rows again: in
    the metadata of a .parquet file, or in FILE.meta.json beside a .csv or .jsonl file.
    """
    from dsd.architecture.units import readable
    from dsd.cli.progress import progress
    from dsd.design.file import load_space
    from dsd.design.sampling.population import write_populations
    from dsd.design.sampling.sampler import sample as draw
    from dsd.design.window import parse_window
    from dsd.io.table_writing import as_csv, check_ending

    if output:
        check_ending(output)
    for option, text in (("--flops", flops), ("--params", params), ("--acts", acts)):
        if text != "default":
            parse_window(text, option)
    chosen = [load_space(name.strip()) for name in names.split(",") if name.strip()]
    if not chosen or len({space.info.name for space in chosen}) < len(chosen):
        raise DsdError(f"--space {names}: give at least one space, each once")
    populations = []
    for space in chosen:
        with progress(space.info.name, n) as advance:
            population = draw(
                space,
                n,
                flops=flops,
                params=params,
                acts=acts,
                seed=seed,
                resolution=resolution,
                classes=classes,
                workers=workers,
                progress=lambda drawn, so_far: advance(drawn, f"{readable('flops', so_far.proposals)} proposals"),
            )
        populations.append(population)
    if output:
        write_populations(populations, output)
    else:
        emit(as_csv([population.columns for population in populations]), nl=False)
    for p in populations:
        origin = f"seed {p.seed}, space {p.info.hash}, dsd {__version__}"
        say(f"{p.space}: {len(p)} networks, {p.windows}; {p.draw}; {origin}", err=True)
