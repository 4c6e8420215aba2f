"""dsd plan: show what a launch would run, and what it costs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsd.cli.messages import emit, say
from dsd.cli.options import OUTPUT, OVERRIDES, RETRY_FAILED, STUDY

if TYPE_CHECKING:
    from dsd.design.sampling.shares import Share
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
    from dsd.sweep.planning.plans import nesting_hints, plan_runs
    from dsd.sweep.planning.previews import preview_launch

    planned = plan_runs(load_study(study, overrides, images=False))
    folder = output or Path("runs") / planned.study.name
    preview = preview_launch(planned, folder, retry_failed)
    hints = nesting_hints(planned.study)
    if as_json:
        emit(json.dumps(facts(planned, preview, folder, hints)))
        return
    show(planned, preview, folder, hints)


def facts(planned: "Plan", preview: "Preview", folder: Path, hints: "list[Share]") -> dict[str, Any]:
    """Return the plan as one JSON document."""
    from dsd.sweep.results.looks import facts as looks_facts

    return {
        "name": planned.study.name,
        "folder": str(folder),
        "spaces": {space.name: {k: v for k, v in asdict(space).items() if k != "name"} for space in preview.spaces},
        "design": {
            "name": planned.study.design,
            "steps": [step_facts(step) for step in planned.steps],
            "hints": [step_facts(step) for step in hints],
        },
        "missing": len(preview.left),
        "training_flops": planned.training_flops,
        "cost": asdict(preview.cost) if preview.cost else None,
        "seconds": preview.seconds,
        "gpu_hours": gpu_hours(planned, preview),
        "checkpoint_bytes": preview.checkpoint_bytes,
        "cluster": planned.study.cluster.name,
        "split": preview.split,
        "sbatch": preview.header,
        "looks": looks_facts(preview.looks) if preview.looks else None,
    }


def step_facts(step: "Share") -> dict[str, Any]:
    """Return the share and the saving of one step as JSON."""
    return {**asdict(step), "share": step.share, "error": step.error, "saving": step.saving}


def show_design(planned: "Plan", hints: "list[Share]") -> None:
    """Print the share and the saving of each step of a nested design, or of those that one would be worth."""
    if planned.steps:
        runs, strata = len(set(planned.runs)), len(planned.draws)
        say(f"design   nested: {runs:,} runs of {strata} strata; a network is trained once for all spaces it is in")
    for step in (*planned.steps, *hints):
        kind = "step    " if planned.steps else "hint    "
        again = f": {step.saving:.2f} times as many networks if drawn independently"
        if step in hints:
            again = f": design=nested needs {step.saving:.2f} times fewer networks for this step"
        say(f"{kind} {step.smaller} is {step.share:.1%} of {step.larger} ({step.draws:,} draws){again}")


def gpu_hours(planned: "Plan", preview: "Preview") -> float | None:
    """Return the hours of a GPU, or of a core, for the missing runs; None if unknown."""
    return None if preview.seconds is None else preview.seconds / 3600 / planned.study.cluster.sharing


def show(planned: "Plan", preview: "Preview", folder: Path, hints: "list[Share]") -> None:
    """Print the plan."""
    from dsd.architecture.units import quantity
    from dsd.cli.looks import print_looks
    from dsd.cli.output import counted, duration, print_table

    if preview.looks:
        print_looks(preview.looks)
    recipe, data, cluster = planned.study.recipe, planned.study.data, planned.study.cluster
    cells = [(s.name, s.runs, s.finished, s.pending, s.missing, f"{s.flops / 1e6:.2f}") for s in preview.spaces]
    print_table(("space", "runs", "finished", "queued", "missing", "mean flops [M]"), cells)
    show_design(planned, hints)
    say(f"recipe   {recipe.name}: {recipe.epochs} epochs, lr {recipe.first_lr:g}, batch {recipe.batch_size}")
    absent = f"; not in {data.folder}" if data.available and not data.fingerprint else ""
    say(f"data     {data.name}: {data.images:,} training images of {data.resolution}×{data.resolution}{absent}")
    most, part = (", at most", "this wave") if preview.looks else ("", "all")
    say(f"cost     {quantity(float(f'{planned.training_flops:.3g}'))} multiply-adds of training in all{most}")
    hours, cost = gpu_hours(planned, preview), preview.cost
    if not preview.left:
        pass
    elif cost is None or hours is None:
        say("time     unknown until runs have finished, or cluster.alpha and cluster.beta are given")
    else:
        origin = f"measured by {counted(cost.runs, 'run')}" if cost.runs else "given"
        device = "GPU" if getattr(cluster, "gpus", 0) else "GPU or core"
        longest, mean = max(preview.left.values()), sum(preview.left.values()) / len(preview.left)
        say(f"time     {hours:.3g} hours of a {device} in {part}; {duration(mean)} a run, {duration(longest)} at most")
        say(f"         from alpha={cost.alpha:.4g} beta={cost.beta:.4g} s an image ({origin})")
    say(f"cluster  {cluster.name}: {preview.split}")
    if preview.left:
        size = quantity(float(f"{preview.checkpoint_bytes:.2g}"))
        say(f"disk     {size} bytes of checkpoints at most, while runs are unfinished")
    if preview.silent:
        say(f"{preview.silent}; queued runs are as last known", err=True)
    if preview.header:
        say("sbatch   each array is submitted as")
        say("\n".join(f"         {line}".rstrip() for line in preview.header.strip().splitlines()))
    say(f"folder   {folder}; nothing was started")
