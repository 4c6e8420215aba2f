"""A sweep's folder, made from a plan."""

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

OTHERS = ("dsd", "created", "git", "networks_hash")  # of sweep.yaml, which say nothing of its runs
FOLDERS = ("events", "checkpoints", "jobs")


def existing(plan: Plan, folder: Path) -> Sweep | None:
    """The sweep of this plan that a folder holds; None where the folder is free.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    if (folder / YAML).is_file():
        sweep = Sweep(folder)
        if sweep.runs != plan.runs:
            told = differences(sweep.config, describe(plan)) or f"{len(sweep.runs)} runs, not {len(plan.runs)}"
            raise DsdError(f"{folder}: holds another sweep ({told}); give another folder with -o")
        return sweep
    if folder.exists() and not (folder.is_dir() and is_free(folder)):
        raise DsdError(f"{folder}: exists and is not a sweep; give another folder with -o")
    return None


def differences(ours: dict[str, Any], theirs: dict[str, Any], most: int = 3) -> str:
    """In which settings two sweeps differ, in words: recipe.epochs = 30, not 4."""
    settings = [dict(flattened(one)) for one in (ours, theirs)]
    found = [
        f"{key} = {settings[0].get(key)}, not {value}"
        for key, value in settings[1].items()
        if settings[0].get(key, value) != value
    ]
    return "; ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def flattened(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings that say which runs a sweep has, under the names that override them."""
    for key, value in values.items():
        if isinstance(value, dict) and key in ("recipe", "data"):
            yield from flattened(value, f"{key}.")
        elif key == "spaces":
            yield key, list(value)
        elif not isinstance(value, dict) and key not in (*OTHERS, *ELSEWHERE):
            yield prefix + key, list(value) if isinstance(value, tuple) else value


def is_free(folder: Path) -> bool:
    """Whether a folder is empty, or holds only what a launch left that was killed before it wrote sweep.yaml."""
    return all(str(path.relative_to(folder)) in (*FOLDERS, NETWORKS) for path in folder.rglob("*"))


def create(plan: Plan, folder: Path) -> Sweep:
    """The sweep of a plan: a new folder, or the existing one if it holds the same runs.

    A new sweep appears whole or not at all. In an existing one only where the data is read from, and how, changes.

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
        if empty:  # the caller may stand in it: fill it, the file that makes it a sweep last
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
    """The content of sweep.yaml."""
    study = plan.study
    return {
        **{key: value for key, value in asdict(study).items() if key not in ("spaces", "networks")},
        "seeds": list(study.seeds),
        "regimes": list(study.regimes),
        "sample_seeds": plan.sample_seeds,
        "spaces": plan.specs,
        "networks": list(study.networks),
        "draws": {name: asdict(draw) for name, draw in plan.draws.items()},
        "dsd": __version__,
        "git": git_state(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
