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
RETRY_FAILED = click.option("--retry-failed", is_flag=True, help="Submit runs again that have failed by themselves.")
SOURCES = click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
BY = click.option("--by", default="space", show_default=True, help="Column that names the populations.")
COLUMNS = click.option(
    "--columns",
    default="",
    help="Parameters whose best range is wanted, with commas.  [default: all; the terminal shows the main ones]",
)
DELTA = click.option(
    "--delta",
    type=float,
    help="Difference of mean error that is too small to matter.  [default: 1 percent point; errors that may be losses "
    "or shares need it]",
)
ACROSS = click.option(
    "--across",
    default="",
    help="Give verdicts also to populations that differ in these, with commas: data, recipe, resolution, classes.",
)
OUTCOMES = click.option(
    "--outcomes",
    default="",
    help="Columns of a table from elsewhere that are results of training, not parameters, with commas: loss,time.",
)
STEPWISE = click.option(
    "--stepwise",
    is_flag=True,
    help="Compare each population with the one before it (that has results) only, as where each refines "
    "the last; fewer pairs decide with fewer networks.",
)
TARGET = click.option(
    "--target", type=click.FloatRange(0, 100), help="Tell how many random networks reach this error [%]."
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="How often the empirical bootstrap resamples: 10000 in the paper, 0 for the exact ranges.",
)
SEED = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of --resamples.")
