"""A sweep is a folder, and nothing else is needed to understand or resume it.

sweep.yaml      resolved study, version, commit
networks.csv    one row per planned run
events/         what happened, one file a job (`dsd.sweep.events`)
checkpoints/    only while a run is unfinished
jobs/           submitit's logs, claims, and which job holds which runs
table.csv       one row per planned run with its result, made by collect
"""

import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from dsd._version import __version__
from dsd.design.network import Network
from dsd.design.population import as_csv
from dsd.errors import DsdError
from dsd.files import write_whole
from dsd.paths import PACKAGE
from dsd.sweep.clusters.job import Job
from dsd.sweep.journal import Journal, parse
from dsd.sweep.plan import Plan
from dsd.training.run import DataSpec, Recipe, Run

YAML, NETWORKS, TABLE, SUBMITTED = "sweep.yaml", "networks.csv", "table.csv", "submitted.jsonl"


@dataclass(frozen=True)
class Sweep:
    """An existing sweep folder."""

    folder: Path

    def __post_init__(self) -> None:
        for name in (YAML, NETWORKS):
            if not (self.folder / name).is_file():
                raise DsdError(f"{self.folder}: is not a sweep (no {name}); give a folder that `dsd launch` printed")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The content of sweep.yaml."""
        content = OmegaConf.to_container(OmegaConf.load(self.folder / YAML))
        assert isinstance(content, dict)
        return {str(key): value for key, value in content.items()}

    @property
    def recipe(self) -> Recipe:
        """The recipe of all runs."""
        return Recipe(**self.config["recipe"])

    @property
    def data(self) -> DataSpec:
        """The data of all runs."""
        return DataSpec(**self.config["data"])

    @cached_property
    def networks(self) -> pd.DataFrame:
        """One row per planned run, as text: what is not computed with is passed on unchanged."""
        return pd.read_csv(self.folder / NETWORKS, dtype=str, keep_default_na=False)

    @property
    def runs(self) -> list[str]:
        """The keys of all planned runs."""
        return list(self.networks["run"])

    def run(self, row: dict[str, Any]) -> Run:
        """The run of one row of `networks`."""
        return Run(row["run"], Network.from_row(row), self.recipe, self.data, int(row["seed"]))

    def checkpoint(self, run: str) -> Path:
        """Where an unfinished run keeps its state."""
        return self.folder / "checkpoints" / f"{run}.pt"

    def jobs(self) -> tuple[list[Job], int]:
        """Every job that was submitted, and how many of their records are torn."""
        path = self.folder / "jobs" / SUBMITTED
        records, torn = parse(path.read_bytes()) if path.is_file() else ([], 0)
        jobs = []
        for record in records:
            try:
                jobs.append(Job.from_record(record))
            except (KeyError, TypeError):
                torn += 1
        return jobs, torn

    def record(self, job: Job) -> None:
        """Write down that a job was submitted."""
        with Journal(self.folder / "jobs" / SUBMITTED) as journal:
            journal.append(asdict(job))


def existing(plan: Plan, folder: Path) -> Sweep | None:
    """The sweep of this plan that a folder holds; None where the folder is free.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    if (folder / YAML).is_file():
        sweep = Sweep(folder)
        if sweep.runs != plan.runs:
            raise DsdError(
                f"{folder}: holds another sweep ({sweep.config['name']}, {len(sweep.runs)} runs that are not the "
                f"{len(plan.runs)} of {plan.study.name}); give another folder with -o"
            )
        return sweep
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DsdError(f"{folder}: exists and is not a sweep; give another folder with -o")
    return None


def create(plan: Plan, folder: Path) -> Sweep:
    """The sweep of a plan: a new folder, or the existing one if it holds the same runs.

    A new sweep appears whole or not at all. In an existing one only the place of the data is brought up to date.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    sweep = existing(plan, folder)
    if sweep:
        place = plan.study.data.folder
        if sweep.config["data"]["folder"] != place:
            moved = {**sweep.config, "data": {**sweep.config["data"], "folder": place}}
            write_whole(folder / YAML, OmegaConf.to_yaml(moved))
        return Sweep(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    target, empty = folder.resolve(), folder.is_dir()
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        beside.chmod(0o755)
        (beside / YAML).write_text(OmegaConf.to_yaml(describe(plan)))
        (beside / NETWORKS).write_text(as_csv(plan.tables))
        for name in ("events", "checkpoints", "jobs"):
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
        **{key: value for key, value in asdict(study).items() if key != "spaces"},
        "seeds": list(study.seeds),
        "sample_seeds": plan.sample_seeds,
        "spaces": plan.specs,
        "draws": {name: asdict(draw) for name, draw in plan.draws.items()},
        "dsd": __version__,
        "git": git_state(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def git_state() -> dict[str, Any]:
    """Commit of the checkout that dsd runs from, and whether it has changes; empty outside a checkout."""
    root = PACKAGE.parent
    if not (root / ".git").exists() or not shutil.which("git"):
        return {}

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False).stdout

    return {"commit": git("rev-parse", "HEAD").strip(), "dirty": bool(git("status", "--porcelain").strip())}
