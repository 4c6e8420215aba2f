"""A sweep is a folder, and nothing else is needed to understand or resume it.

sweep.yaml      resolved study, version, commit
networks.csv    one row per planned run
events/         what happened, one file a job (`dsd.sweep.events`)
checkpoints/    only while a run is unfinished
jobs/           submitit's logs, claims, and which job holds which runs
table.csv       one row per planned run with its result, made by collect
epochs.csv      one row per run and epoch, made by collect
"""

import csv
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from dsd.design.network import Network
from dsd.errors import DsdError
from dsd.journal import Journal, parse
from dsd.sweep.jobs import Job, Submission
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.training.run import Run

if TYPE_CHECKING:
    import pandas as pd

YAML, NETWORKS, TABLE, EPOCHS = "sweep.yaml", "networks.csv", "table.csv", "epochs.csv"
SUBMITTED, ENDED = "submitted.jsonl", "ended.jsonl"


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
        try:
            content = OmegaConf.to_container(OmegaConf.load(self.folder / YAML))
            if not isinstance(content, dict):
                raise ValueError("not a mapping")
        except Exception as error:  # what a YAML parser may raise is not a closed list
            raise DsdError(f"{self.folder / YAML}: is damaged: {' '.join(str(error).split())}") from error
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
    def networks(self) -> "pd.DataFrame":
        """One row per planned run, as text: what is not computed with is passed on unchanged."""
        import pandas as pd

        path = self.folder / NETWORKS
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        except ValueError as error:
            raise DsdError(f"{path}: is damaged: {' '.join(str(error).split())}") from error
        if not {"space", "run", "seed"} <= set(frame) or not len(frame):
            raise DsdError(f"{path}: is damaged: it needs the columns space, run and seed, and a row")
        return frame

    def rows(self, runs: Iterable[str]) -> dict[str, dict[str, str]]:
        """The rows of some runs in `networks`, by key; without pandas, for a job has no other use of it."""
        wanted = set(runs)
        with (self.folder / NETWORKS).open(newline="") as file:
            return {row["run"]: row for row in csv.DictReader(file) if row["run"] in wanted}

    @cached_property
    def _planned(self) -> list[tuple[str, str]]:
        """Space and run of each row of `networks`; without pandas, which takes longer to load than this to read."""
        path = self.folder / NETWORKS
        with path.open(newline="") as file:
            rows = csv.reader(file)
            try:
                header = next(rows, [])
                space, run = header.index("space"), header.index("run")
                return [(row[space], row[run]) for row in rows]
            except (ValueError, IndexError, csv.Error) as error:
                raise DsdError(f"{path}: is damaged: it needs the columns space and run in every row") from error

    @cached_property
    def runs(self) -> list[str]:
        """The keys of all planned runs."""
        return [run for _, run in self._planned]

    @cached_property
    def spaces(self) -> dict[str, list[str]]:
        """The keys of the runs of each space, in the order of the plan."""
        found: dict[str, list[str]] = {}
        for space, run in self._planned:
            found.setdefault(space, []).append(run)
        return found

    def run(self, row: dict[str, Any]) -> Run:
        """The run of one row of `networks`."""
        return Run(row["run"], Network.from_row(row), self.recipe.with_drawn(row), self.data, int(row["seed"]))

    def checkpoint(self, run: str) -> Path:
        """Where an unfinished run keeps its state."""
        return self.folder / "checkpoints" / f"{run}.pt"

    def submissions(self) -> tuple[list[Submission], int]:
        """Everything that was submitted, and how many of the records are torn."""
        path = self.folder / "jobs" / SUBMITTED
        records, torn = parse(path.read_bytes()) if path.is_file() else ([], 0)
        found: dict[str, Submission] = {}
        for record in records:
            try:
                found[record["mark"]] = Submission.from_record(record)
            except (KeyError, TypeError):
                torn += 1
        return list(found.values()), torn

    def record(self, submission: Submission) -> None:
        """Write down that jobs are being submitted, and again when the cluster has given them a name."""
        with Journal(self.folder / "jobs" / SUBMITTED) as journal:
            journal.append(asdict(submission))

    def ended(self) -> dict[tuple[str, str], str]:
        """Why jobs ended, by mark and job, as far as a cluster has said it."""
        path = self.folder / "jobs" / ENDED
        records = parse(path.read_bytes())[0] if path.is_file() else []
        return {(record.get("mark", ""), record.get("job", "")): record.get("why", "") for record in records}

    def record_ends(self, ends: Iterable[tuple[Job, str]]) -> None:
        """Write down why jobs ended; a cluster forgets it."""
        with Journal(self.folder / "jobs" / ENDED) as journal:
            for job, why in ends:
                journal.append({"mark": job.mark, "job": job.job, "why": why, "time": time.time()})
