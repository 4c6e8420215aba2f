"""A sweep is a folder that contains everything needed to understand and resume it.

sweep.yaml      resolved study, version, commit
networks.csv    one row per planned run
events/         event journals, one file per job (`dsd.sweep.folder.events`)
checkpoints/    of unfinished runs
jobs/           submitit's logs, claims, code snapshots, and the runs of each job
table.csv       one row per planned run with its result, written by collect
epochs.csv      one row per run and epoch, written by collect
looks.jsonl     with `until`: the looks made, one per line (`dsd.sweep.folder.looks`)
"""

import csv
import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dsd.architecture.complexities import MEASURES, Complexity, count_complexity
from dsd.architecture.rows import network_of
from dsd.errors import DsdError
from dsd.io.journal import Journal, parse
from dsd.io.yaml import read_mapping
from dsd.sweep.folder.jobs import Job, Submission
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.training.run import Run, run_key
from dsd.typed import from_mapping, quoted

if TYPE_CHECKING:
    import pandas as pd

YAML, NETWORKS, TABLE, EPOCHS = "sweep.yaml", "networks.csv", "table.csv", "epochs.csv"
SUBMITTED, ENDED = "submitted.jsonl", "ended.jsonl"
RUN = re.compile(r"r[0-9a-f]{16}")  # the key of a run
Settings = TypeVar("Settings", Recipe, DataSpec)


@dataclass(frozen=True)
class Sweep:
    """An existing sweep folder."""

    folder: Path

    def __post_init__(self) -> None:
        for name in (YAML, NETWORKS):
            if not (self.folder / name).is_file():
                raise DsdError(f"{self.folder}: is not a sweep (no {name}); give the folder that `dsd launch` printed")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The content of sweep.yaml."""
        path = self.folder / YAML
        try:
            return read_mapping(path, "sweep.yaml has the keys recipe, data, cluster, …", resolve=False)
        except DsdError as error:
            raise DsdError(f"{path}: is damaged: {str(error).removeprefix(f'{path}: ')}") from error

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe of all runs."""
        return self._section("recipe", Recipe)

    @cached_property
    def data(self) -> DataSpec:
        """The data of all runs."""
        return self._section("data", DataSpec)

    def _section(self, name: str, kind: type[Settings]) -> Settings:
        """Convert a section of sweep.yaml to its dataclass."""
        path = self.folder / YAML
        if name not in self.config:
            raise DsdError(f"{path}: is damaged: it has no {name}")
        try:
            return from_mapping(kind, self.config[name], name)
        except DsdError as error:
            raise DsdError(f"{path}: is damaged: {error}") from error

    @cached_property
    def networks(self) -> "pd.DataFrame":
        """One row per planned run; all cells are strings, so that unused columns pass through unchanged."""
        import pandas as pd

        path = self.folder / NETWORKS
        _ = self._planned  # checks the rows
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        except ValueError as error:
            raise DsdError(f"{path}: is damaged: {' '.join(str(error).split())}") from error

    def rows(self, runs: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the rows of `networks` for some runs, by key. No pandas: a job does not import it otherwise."""
        wanted = set(runs)
        _ = self._planned  # checks the rows
        with (self.folder / NETWORKS).open(newline="") as file:
            return {row["run"]: row for row in csv.DictReader(file) if row["run"] in wanted}

    @cached_property
    def _planned(self) -> list[tuple[str, str]]:
        """Space and run key of each row of `networks`. No pandas: its import takes longer than this read."""
        path = self.folder / NETWORKS
        planned: list[tuple[str, str]] = []
        try:
            with path.open(newline="") as file:
                rows = csv.reader(file)
                header = next(rows, [])
                if not {"space", "run", "seed"} <= set(header) or len(set(header)) < len(header):
                    raise ValueError("it needs the columns space, run and seed, and no column twice")
                space, run, seed = (header.index(name) for name in ("space", "run", "seed"))
                for row in rows:
                    if len(row) != len(header):
                        raise ValueError(f"line {rows.line_num} has {len(row)} cells, the header {len(header)}")
                    if not RUN.fullmatch(row[run]):
                        raise ValueError(f"run = {quoted(row[run])} in line {rows.line_num} is not a run key")
                    if not row[seed].isdecimal():
                        raise ValueError(f"seed = {quoted(row[seed])} in line {rows.line_num} is not a whole number")
                    planned.append((row[space], row[run]))
        except (ValueError, csv.Error) as error:
            raise DsdError(f"{path}: is damaged: {error}") from error
        if not planned:
            raise DsdError(f"{path}: is damaged: it has no rows")
        return planned

    @cached_property
    def runs(self) -> list[str]:
        """The keys of all planned runs."""
        return [run for _, run in self._planned]

    @cached_property
    def spaces(self) -> dict[str, list[str]]:
        """The keys of the runs of each space, in the order of the plan."""
        runs: dict[str, list[str]] = {}
        for space, run in self._planned:
            runs.setdefault(space, []).append(run)
        return runs

    @cached_property
    def by_network(self) -> dict[str, list[list[str]]]:
        """The runs of each network of each space, in the order of the plan."""
        _ = self._planned  # checks the rows
        with (self.folder / NETWORKS).open(newline="") as file:
            return runs_by_network(
                (row["space"], row.get("key", row["run"]), row["run"]) for row in csv.DictReader(file)
            )

    def run(self, row: dict[str, Any]) -> Run:
        """Return the run of one row of `networks`.

        Raises:
            DsdError: the row does not match its keys
        """
        network, recipe, seed = network_of(row), self.recipe.with_drawn(row), int(row["seed"])
        edited = f"{NETWORKS} or {YAML} was edited after the launch; launch a new study for other runs"
        if row.get("key", network.key) != network.key:
            raise DsdError(f"run {row['run']}: its row describes network {network.key}, not {row['key']}; {edited}")
        if run_key(network.key, recipe, self.data, seed) != row["run"]:
            raise DsdError(f"run {row['run']}: its network, recipe, data or seed has changed; {edited}")
        return Run(row["run"], network, recipe, self.data, seed)

    def check_identity(self) -> None:
        """Check that `networks` is as it was launched, by its hash; if it is not, find the row that was edited.

        Raises:
            DsdError: the file was edited
        """
        path = self.folder / NETWORKS
        if self.config.get("networks_hash") == hash_of(path.read_bytes(), self.recipe, self.data):
            return
        counts: dict[str, Complexity] = {}
        for number, row in enumerate(self.networks.to_dict("records"), start=1):
            try:
                network = self.run(row).network
                counted = counts.setdefault(network.key, count_complexity(network))
                for name in MEASURES:
                    if row.get(name, "") not in ("", str(getattr(counted, name))):
                        raise DsdError(f"{name} = {row[name]}: the network has {getattr(counted, name)}")
            except DsdError as error:
                raise DsdError(f"{path}: row {number}: {error}") from error
        if "networks_hash" in self.config:
            raise DsdError(
                f"{path}: was edited since the launch in cells that no key covers, or rows were added or removed; "
                "restore it, or launch another study"
            )

    def checkpoint(self, run: str) -> Path:
        """Return the path of the checkpoint of an unfinished run."""
        return self.folder / "checkpoints" / f"{run}.pt"

    def submissions(self) -> tuple[list[Submission], int]:
        """Return all submissions, and the number of unreadable records."""
        path = self.folder / "jobs" / SUBMITTED
        records, torn = parse(path.read_bytes()) if path.is_file() else ([], 0)
        by_mark: dict[str, Submission] = {}
        for record in records:
            try:
                submission = Submission.from_record(record)
                by_mark[submission.mark] = submission
            except ValueError:
                torn += 1
        return list(by_mark.values()), torn

    def record(self, submission: Submission) -> None:
        """Record a submission: once before its jobs are submitted, and again with their job number."""
        with Journal(self.folder / "jobs" / SUBMITTED) as journal:
            journal.append(asdict(submission))

    def ended(self) -> dict[tuple[str, str], str]:
        """Return why jobs ended, by mark and job, as far as the clusters reported it."""
        path = self.folder / "jobs" / ENDED
        records = parse(path.read_bytes())[0] if path.is_file() else []
        texts = ([record.get(name, "") for name in ("mark", "job", "why")] for record in records)
        return {(mark, job): why for mark, job, why in texts if all(isinstance(text, str) for text in (mark, job, why))}

    def record_ends(self, ends: Iterable[tuple[Job, str]]) -> None:
        """Record why jobs ended, because clusters forget it."""
        with Journal(self.folder / "jobs" / ENDED) as journal:
            for job, why in ends:
                journal.append({"mark": job.mark, "job": job.job, "why": why, "time": time.time()})


def runs_by_network(rows: Iterable[tuple[str, str, str]]) -> dict[str, list[list[str]]]:
    """The runs of each network by space, in the order of first appearance.

    Args:
        rows: space, key and run of each row of networks.csv

    >>> runs_by_network([("A", "n1", "r1"), ("A", "n2", "r2"), ("A", "n1", "r3")])
    {'A': [['r1', 'r3'], ['r2']]}
    """
    spaces: dict[str, dict[str, list[str]]] = {}
    for space, key, run in rows:
        spaces.setdefault(space, {}).setdefault(key, []).append(run)
    return {space: list(networks.values()) for space, networks in spaces.items()}


def hash_of(content: bytes, recipe: Recipe, data: DataSpec) -> str:
    """Hash everything that defines the runs, for `networks_hash` in sweep.yaml: networks.csv, recipe and data.

    Other line ends, which some editors write, do not change the hash.
    """
    content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(run_key("", recipe, data, 0).encode() + content).hexdigest()[:16]
