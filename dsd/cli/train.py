"""dsd train: train one network."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsd.cli.completion import complete_networks, complete_overrides
from dsd.cli.messages import emit, say
from dsd.errors import DsdError

if TYPE_CHECKING:
    from dsd.runs import Epoch
    from dsd.sweep.folder.folder import Sweep


@click.command()
@click.argument("network", shell_complete=complete_networks)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...", shell_complete=complete_overrides)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/NETWORK-RUN]")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="CPU threads. More are faster for large images, but change the last bits of the result.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(network: str, overrides: tuple[str, ...], output: Path | None, threads: int, as_json: bool) -> None:
    """Train NETWORK (a published name, FILE.yaml or TABLE:KEY) on this machine, and draw its learning curve.

    KEY=VALUE sets data and recipe, for example data=cifar10 recipe=dds_10ep recipe.epochs=20 seeds=1. You can stop it
    at any time; repeat the command to resume from the last checkpoint. The folder is a sweep of one run: dsd status,
    collect and report read it.
    """
    from dsd.cli.output import counted
    from dsd.cli.progress import progress
    from dsd.sweep.planning.config import load_study
    from dsd.sweep.planning.creation import create
    from dsd.sweep.planning.plans import plan_runs
    from dsd.training.data.loading import load_data
    from dsd.training.device import check_precision, device_here

    study = load_study("train", overrides, networks=(network,))
    planned = plan_runs(study)
    if len(planned.runs) != 1:
        raise DsdError(f"{network}: {len(planned.runs)} runs; dsd train trains one; launch a study with networks=[…]")
    check_precision(study.recipe, device_here())
    load_data(study.data, progress=progress)  # downloads missing files before anything is written
    name = str(planned.tables[0]["space"][0]).replace("/", "_")
    sweep = create(planned, output or Path("runs") / f"{name}-{planned.runs[0]}")
    say(f"{name}: {counted(study.recipe.epochs, 'epoch')} of {study.data.name}; {sweep.folder}", err=True)
    execute(sweep, threads, 60 * study.cluster.checkpoint_min)
    conclude(sweep, as_json)


def execute(sweep: "Sweep", threads: int, checkpoint_s: float) -> None:
    """Train the run and show its progress; do nothing if it has a result."""
    from dsd.sweep.job.executor import Hooks, execute_all
    from dsd.sweep.job.settings import WorkerSettings
    from dsd.sweep.results.status import StatusPoller

    status = StatusPoller(sweep).status()
    if status.pending:
        raise DsdError(f"{sweep.folder}: another process is training this run; see dsd status {sweep.folder} --watch")
    record = status.records.get(sweep.runs[0])
    if record and record.finished:
        say("already trained; this is the result", err=True)
        return
    if record and record.epochs and sweep.checkpoint(sweep.runs[0]).exists():
        say("resuming from the last checkpoint", err=True)
    logging.getLogger("dsd.sweep.job.executor").disabled = True  # `conclude` prints what failed
    with shown(sweep.recipe.epochs, sweep.recipe.batch_size, sweep.data.classes) as callbacks:
        try:
            settings = WorkerSettings(threads=threads, checkpoint_s=checkpoint_s)
            execute_all(sweep, tuple(sweep.runs), time.time(), settings, Hooks(**callbacks))
        except KeyboardInterrupt:
            say("stopped; repeat the command to resume from the last checkpoint", err=True)
            raise click.exceptions.Exit(130) from None


@contextmanager
def shown(epochs: int, batch_size: int, classes: int) -> Iterator[dict[str, Any]]:
    """Print one line per epoch on standard error, and a bar if that is a terminal; yield the callbacks that do it."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from dsd.cli.output import console
    from dsd.training.evaluation import BEST

    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    words = (TextColumn("{task.fields[speed]}"), TextColumn("{task.fields[reached]}"))
    with Progress(*columns, *words, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task("starting", total=None, speed="", reached="")
        first: list[tuple[int, float]] = []  # the epoch's first step in this process, and its time

        def on_step(epoch: int, done: int, steps: int) -> None:
            if first:
                speed = (done - first[0][0]) * batch_size / (time.monotonic() - first[0][1])
                bar.update(task, speed=f"{speed:,.0f} images/s")
            else:
                first.append((done, time.monotonic()))
            done_in_all = (epoch - 1) * steps + done
            bar.update(task, total=epochs * steps, completed=done_in_all, description=f"epoch {epoch}/{epochs}")

        def on_epoch(epoch: "Epoch") -> None:
            bar.update(task, reached=f"loss {epoch.loss:.3f}, error {epoch.error:.1f} %")
            first.clear()
            top5 = f"  top-5 {epoch.top5_error:5.2f} %" if classes > BEST else ""
            cost = f"{epoch.images_s:,.0f} images/s  {epoch.peak_gb:.2f} GB"
            line = f"epoch {epoch.epoch}/{epochs}  loss {epoch.loss:.4f}  error {epoch.error:5.2f} %{top5}  {cost}"
            bar.console.print(line, markup=False, soft_wrap=True)  # above the bar, if there is one

        yield {"on_step": on_step, "on_epoch": on_epoch}


def conclude(sweep: "Sweep", as_json: bool) -> None:
    """Write table and picture, and print the result of the run; exit with code 1 if it has none."""
    from dsd.cli.output import counted
    from dsd.figures.curves import plot_run
    from dsd.figures.style import figures, label, save
    from dsd.sweep.folder.events import Done, line_of
    from dsd.sweep.results.collection import write_tables
    from dsd.sweep.results.learning_curves import curves_frame
    from dsd.training.evaluation import BEST

    _, status = write_tables(sweep)
    run = sweep.runs[0]
    record = status.records[run]
    if not isinstance(record.last, Done):
        say(f"dsd train: {status.reasons.get(run) or 'the run has no result'}", err=True)
        raise click.exceptions.Exit(1)
    picture = sweep.folder / "figures" / "curve.png"
    figure, (loss, error) = figures(2, 4.2, 3.2)
    top5 = sweep.data.classes > BEST
    plot_run(loss, error, curves_frame({run: record}), top5)
    title = f"{sweep.networks['space'].iloc[0]} on {sweep.data.name}, recipe {sweep.recipe.name}"
    figure.suptitle(label(title), fontsize="medium")
    save(figure, picture)
    last = record.last.outcome
    if as_json:
        facts = {key: value for key, value in line_of(record.last).items() if key not in ("event", "time")}
        emit(json.dumps({**facts, "folder": str(sweep.folder), "picture": str(picture)}))
        return
    diverged = " (diverged)" if last.diverged else ""
    also = f" (top-5 {last.top5_error:.2f} %)" if top5 else ""
    say(
        f"error {last.error:.2f} %{also} after {counted(last.epochs or 0, 'epoch')}{diverged}; "
        f"best {last.best_error:.2f} % in epoch {last.best_epoch}"
    )
    if record.last.synthetic:
        say("the images are synthetic: only the times mean anything", err=True)
    say(picture)
