"""Arguments and options that several commands share."""

from pathlib import Path

import click

from dsd.cli.completion import complete_overrides, complete_studies

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
STUDY = click.argument("study", shell_complete=complete_studies)
OVERRIDES = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...", shell_complete=complete_overrides)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder of the sweep.  [default: runs/NAME]"
)
RETRY_FAILED = click.option("--retry-failed", is_flag=True, help="Also resubmit runs whose training failed.")
SOURCES = click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
BY = click.option("--by", default="space", show_default=True, help="Column that names the populations.")
COLUMNS = click.option(
    "--columns",
    default="",
    help="Comma-separated parameters whose best range to report.  [default: all; the terminal shows the main ones]",
)
DELTA = click.option(
    "--delta",
    type=float,
    help="Smallest difference of mean error that matters.  [default: 1 percentage point; required if errors "
    "can be losses or shares]",
)
ACROSS = click.option(
    "--across",
    default="",
    help="Allow verdicts between populations that differ in some of these: data,recipe,resolution,classes.",
)
OUTCOMES = click.option(
    "--outcomes",
    default="",
    help="Comma-separated columns that are results of training, not parameters, as in loss,time.",
)
PAIR = click.option(
    "--pair",
    default="",
    metavar="COLUMN",
    help="Compare within networks that both populations have: rows with the same COLUMN, as in --pair key --by recipe.",
)
STEPWISE = click.option(
    "--stepwise",
    is_flag=True,
    help="Compare each population only with the previous one that has results. Fewer pairs need fewer networks.",
)
DRAWS = click.option(
    "--draws",
    multiple=True,
    metavar="NAME=TABLE",
    help="Untrained networks of population NAME, for its adjusted mean. Can be repeated.  [default: drawn from the "
    "space, if the sweep or the metadata of the table record it]",
)
AT_EQUAL = click.option(
    "--at-equal",
    metavar="MEASURE",
    default="",
    help="Compare at equal flops, params or acts: in the range that both populations share, as if equally distributed.",
)
PLAIN = click.option("--plain", is_flag=True, help="Compare plain means, without adjustment by untrained networks.")
TARGET = click.option(
    "--target", type=click.FloatRange(0, 100), help="Report how many random networks reach this error [%]."
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Resamples of the empirical bootstrap: 10000 in the paper, 0 for exact ranges.",
)
SEED = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of --resamples.")
