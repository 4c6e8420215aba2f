"""Several training seeds of one network: their mean is its result, their spread the noise of an error.

Shape letters: k networks with more than one seed.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dsd.errors import DsdError

SEED_COLUMN = re.compile(r"error_seed\d+")  # a table with a column for each seed


@dataclass(frozen=True)
class SeedNoise:
    """What of the differences in error is noise of the training seed; a one-way random-effects analysis of variance.

    networks: with more than one seed
    runs: of these networks
    seed_sd: deviation of an error between seeds of one network [points]
    network_sd: deviation between networks, without that noise [points]; 0 where the noise explains all
    """

    networks: int
    runs: int
    seed_sd: float
    network_sd: float

    @property
    def reliability(self) -> float:
        """The share of the variance of single errors that is due to the networks (intraclass correlation), 0 to 1."""
        total = self.network_sd**2 + self.seed_sd**2
        return self.network_sd**2 / total if total else float("nan")


def seed_noise(frame: pd.DataFrame) -> SeedNoise | None:
    """The noise of seeds in one population; None where no two networks have two errors each.

    Args:
        frame: a row a run with `key` and `error` [%], or a row a network with `error_seed0`, `error_seed1`, …
    """
    wide = [column for column in frame if SEED_COLUMN.fullmatch(str(column))]
    if len(wide) > 1:
        long = frame[wide].astype(float).stack().dropna()
        groups = long.groupby(level=0)
    elif "key" in frame:
        groups = frame.groupby("key", sort=False)["error"]
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


def one_per_network(runs: pd.DataFrame, place: str) -> pd.DataFrame:
    """Runs of equal `key` as one row: the first, with the mean of its numbers of outcome, and `seeds`, how many.

    A table without `key`, or without a key twice, stays as it is.

    Raises:
        DsdError: a key is twice there, and no `seed` tells the rows apart
    """
    if "key" not in runs or not (twice := runs["key"].duplicated(keep=False) & runs["key"].notna()).any():
        return runs
    apart = [column for column in ("key", "seed") if column in runs]
    same = runs[twice & runs.duplicated(apart, keep=False)]
    if len(same):
        key = same["key"].iloc[0]
        rows = ", ".join(str(row + 1) for row in same.index[same["key"] == key][:3])
        raise DsdError(
            f"{place}: key = {key} is in rows {rows} of one population, and no other seed; name populations by another "
            "column (--by), or leave repeated rows out"
        )
    groups = runs.groupby(runs["key"].fillna(pd.Series(runs.index.map(str), index=runs.index)), sort=False)
    first = groups.head(1).copy()
    averaged = [name for name in ("error", "top5_error", "best_error", "loss", "train_s", "eval_s") if name in runs]
    for name in averaged:
        first[name] = groups[name].mean().to_numpy()
    first["seeds"] = groups.size().to_numpy()
    return first
