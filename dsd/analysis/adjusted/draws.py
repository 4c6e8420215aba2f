"""Where the untrained networks of a population come from: its space, as recorded with the table, or another table.

A sweep records space, windows and seed in sweep.yaml, beside its table.csv; `dsd sample` records them in the metadata
of a .parquet file, or in FILE.meta.json beside other files.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dsd.architecture.complexities import MEASURES
from dsd.architecture.rows import network_of
from dsd.design.file import space_from_spec
from dsd.design.refinement import remainder
from dsd.design.sampling.free_draws import free_draws
from dsd.design.sampling.sampler import for_task
from dsd.design.space import Space
from dsd.design.window import Windows
from dsd.errors import DsdError, shortened
from dsd.io.table_writing import provenance_in
from dsd.io.yaml import read_mapping

SWEEP, TABLE = "sweep.yaml", "table.csv"
STAGE = re.compile(r"[dwbg]\d+")  # columns of stages
CHECKED = 8  # trained networks that are looked for in the space
FEWEST_DRAWS = 100  # untrained networks of a population
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError)
LEAST, PER_NETWORK, MOST = 4_000, 10, 20_000  # networks to draw: at least, per trained network, at most


@dataclass(frozen=True)
class SpaceDraws:
    """Networks drawn from a space, in the windows of the population.

    seed: of the population; draws have another, derived from it
    """

    space: Space
    windows: Windows
    seed: int

    def why_not(self, trained: pd.DataFrame) -> str:
        """Why trained networks cannot come from here; "" if they can."""
        for name in (str(name) for name in trained if STAGE.fullmatch(str(name)) or name in MEASURES):
            if not pd.api.types.is_numeric_dtype(trained[name]) or trained[name].isna().any():
                return f"its column {name} has gaps or text"
            if name not in MEASURES:
                continue
            outside = trained[name][~getattr(self.windows, name).mask(trained[name].to_numpy(float))]
            if len(outside):
                return f"{name} = {outside.iloc[0]:g} is outside its recorded window {getattr(self.windows, name)}"
        info = self.space.info
        some = trained.iloc[np.unique(np.linspace(0, len(trained) - 1, CHECKED).round().astype(int))]
        for row in some.to_dict("records"):
            try:
                network = network_of(row)
            except DsdError as error:
                return f"a row is no network: {error}"
            task = (network.resolution, network.classes) == (info.resolution or network.resolution, info.classes)
            if network.skeleton != info.skeleton or not task or not self.space.contains(network):
                return f"network {network.key} is not in the recorded space {info.name}"
        return ""

    def table(self, trained: pd.DataFrame) -> pd.DataFrame:
        """Draw networks for the population of these trained ones."""
        n = len(trained)
        name = f"free draws/{self.space.info.name}/{self.seed}"
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        count = min(max(LEAST, PER_NETWORK * n), MOST)
        return pd.DataFrame(free_draws(self.space, self.windows, n, count, seed))

    def known(self, drawn: pd.DataFrame, trained: pd.DataFrame) -> np.ndarray:
        """The error of each drawn network that is a trained one, else NaN."""
        stages = [name for name in drawn if STAGE.fullmatch(str(name))]
        names = [*stages, *(name for name in ("resolution", "lr", "weight_decay") if name in drawn and name in trained)]
        if not set(names) <= set(trained):
            return np.full(len(drawn), np.nan)
        return errors_of(drawn[names].to_numpy("f8"), trained[names].to_numpy("f8"), trained["error"].to_numpy())


@dataclass(frozen=True)
class TableDraws:
    """Networks of a table.

    place: name of the table in messages
    """

    frame: pd.DataFrame
    place: str

    def why_not(self, trained: pd.DataFrame) -> str:
        """Why the table cannot be used; "" if it can."""
        numbers = self.frame.select_dtypes("number")
        infinite = [str(name) for name in numbers if np.isinf(numbers[name].to_numpy(float, na_value=np.nan)).any()]
        return f"{self.place} has an infinite {infinite[0]}" if infinite else ""

    def table(self, trained: pd.DataFrame) -> pd.DataFrame:
        """The rows of the table whose key is not that of a trained network."""
        if "key" not in self.frame or "key" not in trained:
            return self.frame
        return self.frame[~self.frame["key"].astype(str).isin(set(trained["key"].dropna().astype(str)))]

    def known(self, drawn: pd.DataFrame, trained: pd.DataFrame) -> np.ndarray:
        """The error of each drawn network is unknown, NaN."""
        return np.full(len(drawn), np.nan)


Draws = SpaceDraws | TableDraws


def errors_of(drawn: np.ndarray, trained: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Look up rows (N, c) among the rows (n, c) of trained networks with their errors (n,): the error, else NaN."""
    codes = [np.ascontiguousarray(rows).view(f"V{rows.shape[1] * 8}")[:, 0].tolist() for rows in (drawn, trained)]
    found = dict(zip(codes[1], errors.tolist(), strict=True))
    return np.array([found.get(code, np.nan) for code in codes[0]])


NOT_RECORDED = "its space and windows are not recorded; --draws NAME=TABLE gives untrained networks"


def recorded_draws(path: Path) -> Mapping[str, Draws | str]:
    """The draws of each population of a table or sweep, by name; a text says why there are none.

    Args:
        path: a table, or the folder of a sweep
    """
    folder = path if path.is_dir() else path.parent if path.name == TABLE else None
    if folder is not None and (folder / SWEEP).is_file():
        try:
            config = read_mapping(folder / SWEEP, "it has the keys spaces, sample_seeds, data, …", resolve=False)
            found = {str(name): tried(of_sweep, config, name) for name in dict(config.get("spaces") or {})}
            return found | strata_in(config, found)
        except DsdError as error:
            return {"*": shortened(str(error))}
        except DAMAGE:
            return {"*": f"{SWEEP} beside its table is damaged"}
    if path.is_dir() or not path.is_file():
        return {}
    try:
        entries = json.loads(provenance_in(path) or "{}").get("populations", [])
        by_name = {str(entry["space"]): entry for entry in entries}
    except (*DAMAGE, OSError):
        return {"*": "the provenance file beside its table is damaged"}
    if len(by_name) < len(entries):
        return {"*": "the provenance of its table names a space twice"}
    return {name: tried(of_sample, entry, name) for name, entry in by_name.items()}


def strata_in(config: dict[str, Any], spaces: Mapping[str, Draws | str]) -> dict[str, Draws | str]:
    """The draws of the strata of a nested design, by the stratum's name."""
    strata: dict[str, Draws | str] = {}
    for step in config.get("shares") or ():
        larger, smaller = (spaces.get(str(step[key])) for key in ("larger", "smaller"))
        if not isinstance(larger, SpaceDraws) or not isinstance(smaller, SpaceDraws):
            continue
        rest = remainder(larger.space, smaller.space)
        name = rest.info.name + str(step["larger"]).removeprefix(larger.space.info.name)  # the regime, if there is one
        strata[name] = SpaceDraws(rest, larger.windows, int(config["sample_seeds"][name]))
    return strata


def tried(read: Any, content: dict[str, Any], name: str) -> Draws | str:
    """Read what is recorded on a population; if it cannot be used, the reason."""
    try:
        draws: Draws = read(content, name)
    except DsdError as error:
        return shortened(str(error))
    except DAMAGE:
        return "what is recorded on its space is damaged"
    return draws


def of_sweep(config: dict[str, Any], name: str) -> Draws:
    """The draws of a population of a sweep, from sweep.yaml."""
    regime = next((text for text in config.get("regimes") or () if name.endswith(f" {text}")), None)
    space = space_from_spec(name.removesuffix(f" {regime}"), config["spaces"][name], SWEEP)
    data = config["data"]
    space = for_task(space, int(data["resolution"]), int(data["classes"]))
    limits = {key: str(config[key]) for key in MEASURES} | ({"flops": regime} if regime else {})
    seed = config["sample_seeds"].get(name, 0)  # a space that is drawn in strata alone has none
    return SpaceDraws(space, space.info.limits.windows(**limits), int(seed))


def of_sample(entry: dict[str, Any], name: str) -> Draws:
    """The draws of a population that `dsd sample` drew, from its provenance."""
    space = space_from_spec(name, entry["spec"], "provenance")
    if space.info.hash != entry["space_hash"]:
        raise DsdError(
            f"the recorded space has hash {space.info.hash}, not {entry['space_hash']} as recorded beside it"
        )
    resolution = entry["resolution"]
    space = for_task(space, None if resolution is None else int(resolution), int(entry["classes"]))
    bounds = {key: tuple(entry["windows"][key]) for key in MEASURES}
    return SpaceDraws(space, space.info.limits.windows(**bounds), int(entry["seed"]))
