"""dsd plan, launch, status, collect: many runs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.cli.completion import complete_overrides, complete_studies

if TYPE_CHECKING:
    from dsd.sweep.folder import Sweep
    from dsd.sweep.status import Status

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
STUDY = click.argument("study", shell_complete=complete_studies)
OVERRIDES = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...", shell_complete=complete_overrides)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder of the sweep.  [default: runs/NAME]"
)


@click.command()
@STUDY
@OVERRIDES
@OUTPUT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plan(study: str, overrides: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Show what launching STUDY would run; starts nothing.

    STUDY is a name of experiments/study/ or a file; KEY=VALUE overrides what it says, for example n=100 recipe.lr=0.1.
    """
    from dsd.cli.output import print_table
    from dsd.config import load_study
    from dsd.design.window import quantity
    from dsd.sweep.creation import existing
    from dsd.sweep.plan import plan as make_plan
    from dsd.sweep.status import Watch

    made = make_plan(load_study(study, overrides))
    folder = output or Path("runs") / made.study.name
    sweep = existing(made, folder)
    states = Watch(sweep).status().states if sweep else {}
    spaces: dict[str, dict[str, float]] = {}
    for part in made.tables:
        row = spaces.setdefault(str(part["space"][0]), {"runs": 0, "finished": 0, "flops": 0})
        row["runs"] += len(part["run"])
        row["finished"] += sum(states.get(run) in ("done", "diverged") for run in part["run"].tolist())
        row["flops"] += int(part["flops"].sum())
    recipe, data, cluster = made.study.recipe, made.study.data, made.study.cluster
    missing = len(made.runs) - int(sum(row["finished"] for row in spaces.values()))
    if as_json:
        facts = {"name": made.study.name, "folder": str(folder), "spaces": spaces, "missing": missing}
        click.echo(json.dumps({**facts, "training_flops": made.training_flops, "cluster": cluster.name}))
        return
    cells = [(name, r["runs"], r["finished"], f"{r['flops'] / r['runs'] / 1e6:.2f}") for name, r in spaces.items()]
    print_table(("space", "runs", "finished", "mean flops [M]"), cells)
    click.echo(f"recipe   {recipe.name}: {recipe.epochs} epochs, lr {recipe.first_lr:g}, batch {recipe.batch_size}")
    click.echo(f"data     {data.name}: {data.images:,} training images of {data.resolution}×{data.resolution}")
    click.echo(f"cost     {quantity(float(f'{made.training_flops:.3g}'))} multiply-adds of training in all")
    click.echo(f"cluster  {cluster.name}: {cluster.split(missing) if missing else 'nothing is missing'}")
    click.echo(f"folder   {folder}; nothing was started")


@click.command()
@STUDY
@OVERRIDES
@OUTPUT
@click.option("--retry-failed", is_flag=True, help="Submit failed runs again, too.")
def launch(study: str, overrides: tuple[str, ...], output: Path | None, retry_failed: bool) -> None:
    """Submit the runs of STUDY that have no result, print the sweep's folder, and return.

    Launching again submits only what is missing. KEY=VALUE overrides what the study says, for example n=100.
    """
    from dsd.cli.progress import progress
    from dsd.config import load_study
    from dsd.sweep.creation import create
    from dsd.sweep.launch import launch as submit
    from dsd.sweep.plan import plan as make_plan
    from dsd.training.data.loading import load_data
    from dsd.training.device import check_precision, device_here

    loaded = load_study(study, overrides)
    if loaded.cluster.name in ("local", "debug"):
        check_precision(loaded.recipe, device_here())
    # before anything is written: missing or broken files are found here, not in the jobs
    load_data(loaded.data, progress=progress)
    made = make_plan(loaded)
    sweep = create(made, output or Path("runs") / loaded.name)
    for name, draw in made.draws.items():
        click.echo(f"{name}: {loaded.n} networks; {draw}", err=True)
    launched = submit(sweep, loaded.cluster, retry_failed)
    counts = {state: count for state, count in launched.before.counts().items() if count and state != "planned"}
    already = ", ".join(f"{count} {state}" for state, count in counts.items())
    click.echo(
        f"{len(launched.runs)} runs submitted to {loaded.cluster.name} in {launched.jobs} jobs"
        + (f"; before: {already}" if already else ""),
        err=True,
    )
    click.echo(sweep.folder)


@click.command()
@FOLDER
@click.option("--watch", is_flag=True, help="Follow until nothing is queued or running.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(folder: Path, watch: bool, as_json: bool) -> None:
    """Show how far the sweep in FOLDER is; exit code 1 if runs failed or were lost."""
    from dsd.cli.watch import follow
    from dsd.sweep.folder import Sweep
    from dsd.sweep.status import Watch

    sweep = Sweep(folder)
    watching = Watch(sweep)
    now = follow(watching) if watch else watching.status()
    counts = by_space(sweep, now)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "spaces": counts, "total": now.counts(), "torn": now.torn}))
    else:
        print_status(counts, now)
        tell_idle(folder, now)
    sys.exit(1 if now.counts()["failed"] or now.counts()["lost"] else 0)


def tell_idle(folder: Path, now: "Status") -> None:
    """Say so where runs are left and nothing is at work on them, and why if their jobs said it."""
    left = now.counts()["planned"] + now.counts()["lost"]
    if left and not now.pending:
        for event in now.broken[-3:]:
            click.echo(f"job {event['job']} broke off: {' '.join(event['message'].split())}", err=True)
        click.echo(f"nothing is at work on {left} runs: launch again submits them; logs are in {folder / 'jobs'}")


def by_space(sweep: "Sweep", now: "Status") -> dict[str, dict[str, int]]:
    """Counts of states for each space, in the order of the plan."""
    grouped = sweep.networks.groupby("space", sort=False)["run"]
    return {str(space): now.counts(list(runs)) for space, runs in grouped}


def print_status(counts: dict[str, dict[str, int]], now: "Status") -> None:
    """The states of all spaces as a table, and what went wrong below it."""
    from dsd.cli.output import print_table
    from dsd.sweep.collect import reason_of

    states = [state for state, count in now.counts().items() if count]
    print_table(("space", "runs", *states), [(s, sum(c.values()), *(c[x] for x in states)) for s, c in counts.items()])
    for run, state in now.states.items():
        if state == "failed":
            click.echo(f"run {run} failed, {reason_of(now.records[run].last)}", err=True)
    if now.torn:
        click.echo(
            f"{now.torn} lines of events are torn and were skipped; their runs count as not finished",
            err=True,
        )


@click.command()
@FOLDER
def collect(folder: Path) -> None:
    """Write FOLDER/table.csv: one row per planned run, with its status and error. Can be repeated."""
    from dsd.sweep.collect import collect as gather
    from dsd.sweep.folder import TABLE, Sweep

    sweep = Sweep(folder)
    _, now = gather(sweep)
    counts = ", ".join(f"{count} {state}" for state, count in now.counts().items() if count)
    click.echo(f"{len(sweep.runs)} runs: {counts}", err=True)
    if now.torn:
        click.echo(
            f"{now.torn} lines of events are torn and were skipped; their runs count as not finished",
            err=True,
        )
    click.echo(folder / TABLE)
