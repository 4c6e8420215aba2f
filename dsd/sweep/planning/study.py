"""A study: which networks to train, and how."""

import re
from dataclasses import dataclass

from dsd.design.window import DEFAULT, parse_window
from dsd.errors import DsdError, known
from dsd.sweep.backends import Cluster
from dsd.sweep.folder.looks import DECIDED, PAIRS, STEPS
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.typed import quoted

NESTED = "nested"
DESIGNS = ("independent", NESTED)


@dataclass(frozen=True)
class Study:
    """Which networks to train, and how.

    spaces: names or files of design spaces
    networks: further networks that are not sampled: published names, .yaml files, tables of networks
    n: networks per space
    regimes: flops windows that replace `flops`: one population per space and regime, named SPACE LO:HI
    flops, params, acts: windows LO:HI, shared by all spaces so that populations are comparable. `default`: the
        window of each space
    sample_seed: of the sampling; the seed of each space is derived from it (`plans.sample_seed`)
    seeds: of the training; each network is trained once per seed
    seeds_n: number of networks per population that are trained with all seeds, starting with the first; the others
        are trained with the first seed only. 0: all
    design: independent draws of each space, or nested: spaces that refine each other share strata
        (`planning.nested`); n and seeds_n are then networks of each stratum
    until: "decided": train in waves, compare after each, and stop what is settled (`dsd.sweep.folder.looks`); "":
        train everything
    looks: number of waves, and of looks, with `until`
    delta: difference of mean error that is too small to matter [points], with `until`
    compare: what is compared, with `until`: steps (each space with the previous one) or pairs (each with each)
    """

    name: str
    spaces: tuple[str, ...]
    n: int
    flops: str
    params: str
    acts: str
    sample_seed: int
    seeds: tuple[int, ...]
    recipe: Recipe
    data: DataSpec
    cluster: Cluster
    networks: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()
    seeds_n: int = 0
    design: str = DESIGNS[0]
    until: str = ""
    looks: int = 5
    delta: float = 1.0
    compare: str = "steps"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-][\w.-]*", self.name):
            raise DsdError(
                f"name = {self.name!r}: use only letters, digits, '-', '_' and '.'; it becomes a folder name"
            )
        if self.n < 1:
            raise DsdError(f"n = {self.n}: give the number of networks per space, a whole number from 1")
        if self.design not in DESIGNS:
            raise DsdError(f"design = {self.design!r} is not known; choose one of: {known(DESIGNS)}")
        if self.sample_seed < 0:
            raise DsdError(f"sample_seed = {self.sample_seed}: give a whole number from 0")
        for key in ("spaces", "networks", "regimes"):
            if len(set(getattr(self, key))) < len(getattr(self, key)):
                raise DsdError(f"{key} = {list(getattr(self, key))}: give each once")
        if not self.spaces and not self.networks:
            raise DsdError("spaces = []: give at least one, or networks")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise DsdError(f"seeds = {list(self.seeds)}: give at least one whole number from 0, each once")
        if self.seeds_n < 0 or (self.seeds_n and len(self.seeds) == 1):
            raise DsdError(
                f"seeds_n = {self.seeds_n}: give 0, or, with several seeds, a number of networks per population"
            )
        for key in ("flops", "params", "acts"):
            if getattr(self, key) != DEFAULT:
                parse_window(getattr(self, key), key)
        for regime in self.regimes:
            parse_window(regime, "regimes")
        self.check_looks()

    def check_looks(self) -> None:
        """Check the settings of looks."""
        if self.until not in ("", DECIDED):
            raise DsdError(f"until = {quoted(self.until)}: give '{DECIDED}', or '' to train everything")
        if self.looks < 1 or (self.until and self.looks > self.n):
            raise DsdError(f"looks = {self.looks}: give a whole number from 1 to n = {self.n}")
        if not 0 < self.delta <= 100:
            raise DsdError(f"delta = {self.delta:g}: give points of error, above 0 and at most 100")
        if self.compare not in (STEPS, PAIRS):
            raise DsdError(f"compare = {quoted(self.compare)}: give '{STEPS}' or '{PAIRS}'")
        if self.until and self.design == NESTED:
            raise DsdError(f"until = {self.until}: set design=independent; strata have no waves")
        if self.until and len(self.spaces) < 2:
            raise DsdError(f"until = {self.until}: compares spaces; spaces = {list(self.spaces)} has fewer than two")
