"""Several training seeds of one network: the mean is its error, the standard deviation the seed noise.

Shape letters: k networks with more than one seed.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dsd.analysis.results.columns import OF_RUNS, SEED_COLUMN, outcomes_of, written_by_dsd
from dsd.errors import DsdError, shortened

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SeedNoise:
    """Variance of error between seeds and between networks, by one-way random-effects analysis of variance.

    networks: number of networks with more than one seed
    runs: number of runs of these networks
    seed_sd: standard deviation between seeds of one network [points]
    network_sd: standard deviation between networks, without seed noise [points]; 0 if the noise explains all
    """

    networks: int
    runs: int
    seed_sd: float
    network_sd: float

    @property
    def reliability(self) -> float:
        """The share of the variance of a run's error that is due to the network (intraclass correlation), 0 to 1."""
        total = self.network_sd**2 + self.seed_sd**2
        return self.network_sd**2 / total if total else float("nan")


def seed_noise(frame: pd.DataFrame, outcomes: Collection[str] | None = None) -> SeedNoise | None:
    """Estimate the seed noise of one population; None if fewer than two networks have two errors.

    Args:
        frame: one row per run with `key` and `error` [%], empty without a result; or one row per network with
            `error_seed0`, `error_seed1`, …
        outcomes: columns with training outcomes; None detects them (`results.columns.outcomes_of`)

    Raises:
        DsdError: a column `error_seed…` holds text
    """
    wide = [column for column in frame if SEED_COLUMN.fullmatch(str(column))]
    if len(wide) > 1:
        for column in wide:
            if not pd.api.types.is_numeric_dtype(frame[column]):
                raise DsdError(f"column {column} holds text; it must hold the errors of one seed")
        long = frame[wide].astype(float).stack().dropna()
        groups = long.groupby(level=0)
    elif "key" in frame:
        frame = frame[frame["error"].notna() & frame["key"].notna()]
        if "run" in frame:  # a network in two spaces has two rows, but one run
            frame = frame[frame["run"].isna() | ~frame.duplicated(["key", "run"])]
        outcomes = outcomes_of(frame) if outcomes is None else outcomes
        frame = frame[frame["key"].duplicated(keep=False)]
        alike = alike_in(frame, outcomes)
        groups = frame.groupby(alike, sort=False, dropna=False)["error"]
    else:
        return None
    size, mean, within = groups.size(), groups.mean(), groups.var(ddof=1)
    several = size > 1
    size, mean, within = size[several], mean[several], within[several]
    k, runs = len(size), int(size.sum())
    if k < 2:
        return None
    grand = (mean * size).sum() / runs
    noise = float((within * (size - 1)).sum() / (runs - k))
    between = float((size * (mean - grand) ** 2).sum() / (k - 1))
    typical = (runs - (size**2).sum() / runs) / (k - 1)
    return SeedNoise(k, runs, float(np.sqrt(noise)), float(np.sqrt(max((between - noise) / typical, 0.0))))


def alike_in(runs: pd.DataFrame, outcomes: Collection[str]) -> list[str]:
    """The columns that are equal for runs of one network that differ only in the seed."""
    return [name for name in runs if name == "key" or not (name in outcomes or OF_RUNS.fullmatch(str(name)))]


def one_per_network(runs: pd.DataFrame, place: str, outcomes: Collection[str]) -> pd.DataFrame:
    """Merge runs that differ only in the seed into one row with mean outcomes and their number, `seeds`.

    Rows of one `key` that differ in another column, such as lr, stay separate. A warning reports this unless the table
    is from `dsd collect`. A table without `key`, or without repeated keys, is returned unchanged.

    Raises:
        DsdError: rows are equal and no `seed` or `repeat` distinguishes them
    """
    if "key" not in runs or not runs["key"].dropna().duplicated().any():
        return runs
    alike = alike_in(runs, outcomes)
    twice = runs["key"].notna() & runs.duplicated(alike, keep=False)
    note_rows_apart(runs, alike, place)
    if not twice.any():
        return runs
    seeds = [name for name in ("seed", "repeat") if name in runs]
    seedless = runs["seed"].isna() if "seed" in runs and "repeat" not in runs else False
    same = runs[twice & (runs.duplicated([*alike, *seeds], keep=False) | seedless)]
    if len(same):
        key = same["key"].iloc[0]
        rows = ", ".join(str(row + 1) for row in runs.index[twice & (runs["key"] == key)][:3])
        raise DsdError(
            f"{place}: key = {key} is in rows {rows} of one population without different seeds; group by another "
            "column (--by), or leave repeated rows out"
        )
    unnamed = runs["key"].isna()
    groups = runs.assign(_row=np.where(unnamed, np.arange(len(runs)), -1)).groupby(
        [*alike, "_row"], sort=False, dropna=False
    )
    number = groups.ngroup()
    first = runs[~number.duplicated()].copy()
    by_group = runs.groupby(number, sort=False)
    for name in runs.select_dtypes("number"):
        if name in outcomes:
            first[name] = by_group[name].mean().to_numpy()
    first["seeds"] = by_group.size().to_numpy()
    return first


def one_per_run(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop the second row of a run that is listed in two spaces, because its network lies in both."""
    if not {"space", "key", "run"} <= set(rows):
        return rows
    same = [name for name in ("key", "run", "status", "error") if name in rows]
    named = rows["key"].notna() & rows["run"].notna()
    return rows[~(named & rows.duplicated(same) & ~rows.duplicated([*same, "space"], keep=False))]


def note_rows_apart(runs: pd.DataFrame, alike: list[str], place: str) -> None:
    """Warn if runs of one network count as separate networks: they can differ in an unrecognised outcome."""
    if written_by_dsd(runs):
        return
    repeated = runs[runs["key"].notna() & runs["key"].duplicated(keep=False)]
    counts = repeated.groupby("key")[[name for name in alike if name != "key"]].nunique(dropna=False)
    differing = [str(name) for name in counts if (counts[name] > 1).any()]
    if differing:
        log.warning(
            "%s: rows of one key differ in %s and count as separate networks; if one is a result of training, name it "
            "with --outcomes",
            place,
            shortened(", ".join(differing), 200),
        )
