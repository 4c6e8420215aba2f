"""dsd plan: what would run, and what it costs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsd.cli.messages import emit, say
from dsd.cli.options import OUTPUT, OVERRIDES, RETRY_FAILED, STUDY

if TYPE_CHECKING:
    from dsd.sweep.planning.plans import Plan
    from dsd.sweep.planning.previews import Preview


@click.command()
@STUDY
@OVERRIDES
@OUTPUT
@RETRY_FAILED
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plan(study: str, overrides: tuple[str, ...], output: Path | None, retry_failed: bool, as_json: bool) -> None:
    """Show what launching STUDY would run, what it costs and how it is split; starts nothing.

    STUDY is a name of experiments/study/ or a file; KEY=VALUE overrides a setting, for example n=100 recipe.lr=0.1.
    Hours appear once runs of the sweep have finished, or with cluster.alpha and cluster.beta.
    """
    from dsd.sweep.planning.config import load_study
    from dsd.sweep.planning.plans import plan_runs
    from dsd.sweep.planning.previews import preview_launch

    made = plan_runs(load_study(study, overrides, images=False))
    folder = output or Path("runs") / made.study.name
    found = preview_launch(made, folder, retry_failed)
    if as_json:
        emit(json.dumps(facts(made, found, folder)))
        return
    show(made, found, folder)


def facts(made: "Plan", found: "Preview", folder: Path) -> dict[str, Any]:
    """The plan as one document."""
    return {
        "name": made.study.name,
        "folder": str(folder),
        "spaces": {space.name: {k: v for k, v in asdict(space).items() if k != "name"} for space in found.spaces},
        "missing": len(found.left),
        "training_flops": made.training_flops,
        "cost": asdict(found.cost) if found.cost else None,
        "seconds": found.seconds,
        "gpu_hours": gpu_hours(made, found),
        "checkpoint_bytes": found.checkpoint_bytes,
        "cluster": made.study.cluster.name,
        "split": found.split,
        "sbatch": found.header,
    }


def gpu_hours(made: "Plan", found: "Preview") -> float | None:
    """Hours of a GPU, or of a core, that the missing runs take; None where nobody knows."""
    return None if found.seconds is None else found.seconds / 3600 / made.study.cluster.sharing


def show(made: "Plan", found: "Preview", folder: Path) -> None:
    """The plan as people read it."""
    from dsd.architecture.units import quantity
    from dsd.cli.output import counted, duration, print_table

    recipe, data, cluster = made.study.recipe, made.study.data, made.study.cluster
    cells = [(s.name, s.runs, s.finished, s.pending, s.missing, f"{s.flops / 1e6:.2f}") for s in found.spaces]
    print_table(("space", "runs", "finished", "queued", "missing", "mean flops [M]"), cells)
    say(f"recipe   {recipe.name}: {recipe.epochs} epochs, lr {recipe.first_lr:g}, batch {recipe.batch_size}")
    absent = f"; not in {data.folder}" if data.available and not data.fingerprint else ""
    say(f"data     {data.name}: {data.images:,} training images of {data.resolution}×{data.resolution}{absent}")
    say(f"cost     {quantity(float(f'{made.training_flops:.3g}'))} multiply-adds of training in all")
    hours, cost = gpu_hours(made, found), found.cost
    if not found.left:
        pass
    elif cost is None or hours is None:
        say("time     not known before runs have finished, or cluster.alpha and cluster.beta are given")
    else:
        origin = f"measured by {counted(cost.runs, 'run')}" if cost.runs else "given"
        device = "GPU" if getattr(cluster, "gpus", 0) else "GPU or core"
        longest, mean = max(found.left.values()), sum(found.left.values()) / len(found.left)
        say(f"time     {hours:.3g} hours of a {device} in all; {duration(mean)} a run, {duration(longest)} at most")
        say(f"         from alpha={cost.alpha:.4g} beta={cost.beta:.4g} s an image ({origin})")
    say(f"cluster  {cluster.name}: {found.split}")
    if found.left:
        size = quantity(float(f"{found.checkpoint_bytes:.2g}"))
        say(f"disk     {size} bytes of checkpoints at most, while runs are unfinished")
    if found.silent:
        say(f"{found.silent}; what is queued is as last known", err=True)
    if found.header:
        say("sbatch   each array is submitted as")
        say("\n".join(f"         {line}".rstrip() for line in found.header.strip().splitlines()))
    say(f"folder   {folder}; nothing was started")
