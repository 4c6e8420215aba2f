"""Plan the runs of a study: every network of every space, with every training seed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from dsd.architecture.catalogue.select import grouped
from dsd.architecture.complexities import count_complexity
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import columns_of
from dsd.arrays import Columns
from dsd.design.file import load_space
from dsd.design.sampling.population import Draw
from dsd.design.sampling.sampler import sample
from dsd.design.sampling.shares import Share
from dsd.design.space import Space
from dsd.errors import DsdError
from dsd.io.table_writing import rows_of
from dsd.sweep.planning.nested import Part, draw_nested, named, worthwhile
from dsd.sweep.planning.study import NESTED, Study
from dsd.training.run import check, run_key

BACKWARD = 2  # a backward pass costs about two forward passes


@dataclass(frozen=True)
class Plan:
    """The runs of a study.

    specs: the resolved file of each space, by name
    sample_seeds: the sampling seed of each space, or stratum
    draws: the sampling statistics of each space, or stratum
    tables: the columns of `networks.csv`, one table per space, stratum and training seed
    steps: of a nested design: the share of each space in the one that it refines
    """

    study: Study
    specs: dict[str, dict[str, Any]]
    sample_seeds: dict[str, int]
    draws: dict[str, Draw]
    tables: list[Columns]
    steps: tuple[Share, ...] = ()

    @property
    def runs(self) -> list[str]:
        """The keys of all runs, in the order of `networks.csv`."""
        return [run for table in self.tables for run in table["run"].tolist()]

    @property
    def training_flops(self) -> int:
        """Multiply-adds of training all runs: epochs × images × (forward + backward), without evaluation."""
        flops: dict[str, int] = {}  # by run: a network in two spaces is trained once
        for table in self.tables:
            flops.update(zip(table["run"].tolist(), table["flops"].tolist(), strict=True))
        forward = sum(flops.values())
        return (1 + BACKWARD) * self.study.recipe.epochs * self.study.data.images * forward


def plan_runs(study: Study) -> Plan:
    """Sample the networks of a study and assign a key to each run.

    Raises:
        DsdError: a space is unknown, its file is wrong, or its window cannot be filled
    """
    check(study.recipe, study.data)
    specs: dict[str, dict[str, Any]] = {}
    sample_seeds: dict[str, int] = {}
    draws: dict[str, Draw] = {}
    tables: list[Columns] = []
    spaces = load_spaces(study)
    steps: list[Share] = []
    nested: dict[str, list[Part]] = {}
    if study.design == NESTED:
        for regime in study.regimes or (study.flops,):
            draw = draw_nested(study, spaces, regime, partial(sample_seed, study.sample_seed))
            nested |= draw.parts
            steps += draw.steps
    for space in spaces:
        for regime in study.regimes or (study.flops,):
            name = named(study, space.info.name, regime)
            specs[name] = space.info.spec
            for part in nested.get(name) or [draw_alone(study, space, name, regime)]:
                population = part.population
                draws[part.name], sample_seeds[part.name] = population.draw, population.seed
                columns = {**population.columns, "space": np.full(len(population), name)}
                if nested:
                    columns["stratum"] = np.full(len(population), part.name)
                    columns["weight"] = np.full(len(population), part.share / len(population))
                tables += repeated([(columns, population.drawn)], study)
    for name, networks, drawn in grouped(study.networks, study.data.resolution, study.data.classes):
        if name in specs:
            raise DsdError(f"networks = {list(study.networks)}: {name} is also the name of a space")
        tables += repeated(list(tables_of(networks, name, drawn)), study)
    return Plan(study, specs, sample_seeds, draws, tables, tuple(steps))


def load_spaces(study: Study) -> list[Space]:
    """Load the spaces of a study.

    Raises:
        DsdError: a space is unknown, has another's name, or samples the resolution
    """
    spaces: dict[str, Space] = {}
    for name in study.spaces:
        space = load_space(name)
        if space.info.name in spaces:
            raise DsdError(f"spaces = {list(study.spaces)}: two of them are named {space.info.name}")
        if "resolution" in space.parameters:
            raise DsdError(f"space {name} samples the resolution, but {study.data.name} has images of one size")
        spaces[space.info.name] = space
    return list(spaces.values())


def draw_alone(study: Study, space: Space, name: str, regime: str) -> Part:
    """Draw the networks of a space that shares none with another; they are all of it."""
    population = sample(
        space,
        study.n,
        flops=regime,
        params=study.params,
        acts=study.acts,
        seed=sample_seed(study.sample_seed, name),
        resolution=study.data.resolution,
        classes=study.data.classes,
    )
    return Part(name, population, 1.0)


def nesting_hints(study: Study) -> list[Share]:
    """The steps of an independent study that would need far fewer networks in a nested design."""
    return worthwhile(study, load_spaces(study), partial(sample_seed, study.sample_seed))


def sample_seed(seed: int, space: str) -> int:
    """Return the sampling seed of a space: 32 bits of a hash of the study's seed and the space's name.

    With one seed for all spaces, their populations would share draws; statistical tests assume independence.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{space}".encode()).digest()[:4], "big")


def tables_of(networks: list[Network], name: str, drawn: Columns) -> Iterator[tuple[Columns, Columns]]:
    """Yield one table per group of consecutive networks with equal skeleton, classes and number of stages.

    Yields:
        the columns of the networks, and their sampled columns
    """
    start = 0
    for _, part in groupby(networks, key=lambda network: (network.skeleton, network.classes, len(network.depths))):
        alike = Networks.of(list(part))
        chosen = {column: values[start : start + len(alike)] for column, values in drawn.items()}
        yield columns_of(name, alike, count_complexity(alike), chosen), chosen
        start += len(alike)


def repeated(parts: list[tuple[Columns, Columns]], study: Study) -> Iterator[Columns]:
    """Yield the rows of `networks.csv` for a population: all networks with the first training seed, then the first
    `seeds_n` networks (0: all) with each further seed.

    Args:
        parts: columns of the networks and their sampled columns, one pair per table
    """
    n = sum(len(columns["key"]) for columns, _ in parts)
    for seed in study.seeds:
        left = study.seeds_n if study.seeds_n and seed != study.seeds[0] else n
        for columns, drawn in parts:
            if left > 0:
                yield planned(first(columns, left), first(drawn, left), study, seed)
            left -= len(columns["key"])


def first(columns: Columns, n: int) -> Columns:
    """Return the first n rows, or all if there are fewer."""
    return {name: values[:n] for name, values in columns.items()}


def planned(columns: Columns, drawn: Columns, study: Study, seed: int) -> Columns:
    """Return the rows of `networks.csv` for one table of a population and one training seed."""
    rows = [dict(zip(drawn, row, strict=True)) for row in rows_of(drawn)]
    keys = columns["key"].tolist()
    recipes = [study.recipe.with_drawn(row) for row in rows] if rows else [study.recipe] * len(keys)
    runs = [run_key(key, recipe, study.data, seed) for key, recipe in zip(keys, recipes, strict=True)]
    space, *others = columns
    return {
        space: columns[space],
        "run": np.array(runs),
        "seed": np.full(len(keys), seed),
        **{name: columns[name] for name in others},
    }
