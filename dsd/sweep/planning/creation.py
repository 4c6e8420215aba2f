"""Create the folder of a sweep from a plan."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from dsd._version import __version__
from dsd.errors import DsdError
from dsd.io.files import named, permitted, write_whole
from dsd.io.table_writing import as_csv
from dsd.sweep.folder.folder import NETWORKS, YAML, Sweep, hash_of
from dsd.sweep.folder.snapshots import git_state
from dsd.sweep.planning.plans import Plan
from dsd.training.data.spec import ELSEWHERE

OTHERS = ("dsd", "created", "git", "networks_hash")  # keys of sweep.yaml that do not affect the runs
FOLDERS = ("events", "checkpoints", "jobs")


def existing(plan: Plan, folder: Path) -> Sweep | None:
    """Return the sweep of this plan in a folder, or None if the folder is free.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    if (folder / YAML).is_file():
        sweep = Sweep(folder)
        if sweep.runs != plan.runs:
            difference = differences(sweep.config, describe(plan)) or f"{len(sweep.runs)} runs, not {len(plan.runs)}"
            raise DsdError(f"{folder}: holds another sweep ({difference}); give another folder with -o")
        check_looks(sweep, plan)
        return sweep
    if folder.exists() and not (folder.is_dir() and is_free(folder)):
        raise DsdError(f"{folder}: exists and is not a sweep; give another folder with -o")
    return None


def check_looks(sweep: Sweep, plan: Plan) -> None:
    """Raise DsdError if a sweep was planned with other looks: they are stated before the first run, and stay."""
    study = plan.study
    defaults = {"until": "", "looks": study.looks, "delta": study.delta, "compare": study.compare}
    for key in defaults if study.until or sweep.config.get("until") else ():
        planned, asked = sweep.config.get(key, defaults[key]), getattr(study, key)
        if planned != asked:
            raise DsdError(
                f"{sweep.folder}: was planned with {key} = {planned!r}, not {asked!r}, and looks are not changed "
                f"afterwards; launch with {key}={planned}, or give another folder with -o"
            )


def differences(ours: dict[str, Any], theirs: dict[str, Any], most: int = 3) -> str:
    """Describe the settings in which two sweeps differ, for example "recipe.epochs = 30, not 4"."""
    settings = [dict(flattened(config)) for config in (ours, theirs)]
    changed = [
        f"{key} = {settings[0].get(key)}, not {value}"
        for key, value in settings[1].items()
        if settings[0].get(key, value) != value
    ]
    return "; ".join(changed[:most]) + (f" and {len(changed) - most} more" if len(changed) > most else "")


def flattened(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings that determine the runs of a sweep, under their override names."""
    for key, value in values.items():
        if isinstance(value, dict) and key in ("recipe", "data"):
            yield from flattened(value, f"{key}.")
        elif key == "spaces":
            yield key, list(value)
        elif not isinstance(value, dict) and key not in (*OTHERS, *ELSEWHERE):
            yield prefix + key, list(value) if isinstance(value, tuple) else value


def is_free(folder: Path) -> bool:
    """Whether a folder is empty, or holds only files of a launch that was killed before it wrote sweep.yaml."""
    return all(str(path.relative_to(folder)) in (*FOLDERS, NETWORKS) for path in folder.rglob("*"))


def create(plan: Plan, folder: Path) -> Sweep:
    """Create the sweep of a plan, or return the existing one if the folder holds the same runs.

    A new sweep is created atomically. In an existing one only the data settings in `ELSEWHERE` are updated.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    plan.study.cluster.check_folder(folder)
    sweep = existing(plan, folder)
    if sweep:
        places = {key: getattr(plan.study.data, key) for key in ELSEWHERE}
        if any(getattr(sweep.data, key) != value for key, value in places.items()):
            moved = {**sweep.config, "data": {**sweep.config["data"], **places}}
            write_whole(folder / YAML, OmegaConf.to_yaml(moved))
        return Sweep(folder)
    target, empty = folder.resolve(), folder.is_dir()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".dsd-", dir=target.parent))
    except OSError as error:
        raise named(error, folder) from error
    try:
        beside.chmod(permitted(0o777))
        rows = as_csv(plan.tables).encode()
        (beside / NETWORKS).write_bytes(rows)
        (beside / YAML).write_text(
            OmegaConf.to_yaml({**describe(plan), "networks_hash": hash_of(rows, plan.study.recipe, plan.study.data)})
        )
        for name in FOLDERS:
            (beside / name).mkdir()
        if empty:  # it can be the working directory: fill it, sweep.yaml last
            for child in sorted(beside.iterdir(), key=lambda path: path.name == YAML):
                child.rename(target / child.name)
            beside.rmdir()
        else:
            beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        if (folder / YAML).is_file():  # another launch was faster
            return create(plan, folder)
        raise
    return Sweep(folder)


def describe(plan: Plan) -> dict[str, Any]:
    """Return the content of sweep.yaml."""
    study = plan.study
    return {
        **{key: value for key, value in asdict(study).items() if key not in ("spaces", "networks")},
        "seeds": list(study.seeds),
        "regimes": list(study.regimes),
        "sample_seeds": plan.sample_seeds,
        "spaces": plan.specs,
        "networks": list(study.networks),
        **({"shares": [asdict(step) for step in plan.steps]} if plan.steps else {}),
        "draws": {name: asdict(draw) for name, draw in plan.draws.items()},
        "dsd": __version__,
        "git": git_state(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
