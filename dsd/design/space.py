"""Design spaces: their parameters, number of settings, and proposals.

`dsd.design.file` reads a space from its file (`spaces/*.yaml`). This module has what all families share;
`dsd.design.families.anynet` and `dsd.design.families.regnet` have the rest. A *setting* assigns each parameter a value
and is realised as a network. Shape letters: n proposals, s stages, m of the n that form a network.
"""

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import LETTERS, TASK
from dsd.architecture.skeleton import Skeleton
from dsd.arrays import Columns, Ints
from dsd.design.parameters.constraints import Constraint
from dsd.design.parameters.distributions import Uniform
from dsd.design.parameters.parameter import Parameter
from dsd.design.window import Limits
from dsd.errors import DsdError

ENUMERABLE = 5_000_000  # most settings to enumerate if no closed form counts them
WIDTH_RULES = ("adjust", "reject")


@dataclass(frozen=True)
class SpaceInfo:
    """Facts that every space states, besides its parameters.

    resolution: side of the input image [pixels]; 0 if it is drawn
    limits: default windows of `sample`
    width_rule: `adjust` widths that groups do not divide (`dsd.architecture.width_rule`), or `reject` them
    constraints: between drawn values
    spec: the file merged with those it extends, as plain data; `space_from_spec` rebuilds the space from it
    hash: s and 16 hexadecimal digits; equal for spaces with equal draws
    """

    name: str
    summary: str
    refines: str
    skeleton: Skeleton
    resolution: int
    classes: int
    limits: Limits
    width_rule: str
    constraints: tuple[Constraint, ...]
    spec: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Proposals:
    """n draws; m of them form a network.

    networks: m networks, as whole numbers in float32 or float64 (`Networks.whole` makes them integers)
    rows: (m,) their positions among the draws
    settings: drawn values by parameter, (n,) or (n, s)
    """

    n: int
    networks: Networks
    rows: Ints
    settings: Columns


@dataclass(frozen=True, repr=False)
class Space(ABC):
    """A design space: parameters by name, in the order in which they are drawn.

    Every family can also have `resolution`, `lr` and `weight_decay`.
    """

    info: SpaceInfo
    parameters: dict[str, Parameter]

    def __repr__(self) -> str:
        return f"<Space {self.info.name}: {self.dimensions} dimensions, {self.size:,} settings>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{name}</td><td>{parameter}</td><td>{parameter.relation}</td></tr>"
            for name, parameter in self.parameters.items()
        )
        head = "<tr><th>parameter</th><th>values</th><th>across stages</th></tr>"
        return f"<table><caption>{html.escape(repr(self)[1:-1])}</caption>{head}{rows}</table>"

    @abstractmethod
    def realise(self, settings: Columns, rows: Ints) -> tuple[Networks, Ints]:
        """Build the networks of the settings at `rows`; return them with the rows that form one."""

    @abstractmethod
    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """Return the table columns of the drawn values at `rows`: `sampled_*`, `lr` and `weight_decay`."""

    @abstractmethod
    def count(self, network: Network) -> int:
        """Count the settings realised as this network; its resolution matters only if the space draws it."""

    @property
    @abstractmethod
    def size_as_in_paper(self) -> float:
        """The number of settings as the paper counts it ([DDS] Table 1, [NDS] Table 1)."""

    @property
    def dimensions(self) -> int:
        """The number of free parameters."""
        return sum(parameter.dimensions for parameter in self.parameters.values())

    @property
    def size(self) -> int:
        """The exact number of settings, with ties in ordered parameters, without settings that violate a constraint.

        If constraints involve too many settings to enumerate, all settings are counted (`size_is_exact`).
        """
        free = {name: parameter for name, parameter in self.parameters.items() if name not in self.constrained}
        counted = math.prod(parameter.settings for parameter in free.values())
        if not self.size_is_exact:
            return counted * math.prod(self.parameters[name].settings for name in self.constrained)
        return counted * self._constrained_settings

    @property
    def size_is_exact(self) -> bool:
        """Whether `size` excludes settings that violate a constraint."""
        return math.prod(self.parameters[name].settings for name in self.constrained) <= ENUMERABLE

    @cached_property
    def constrained(self) -> list[str]:
        """The parameters in constraints, and the parameters whose values these take."""
        named = {self.parameter_of(column) for rule in self.info.constraints for column in rule.names}
        sources = {self.parameters[name].same_as for name in named} - {""}
        return [name for name in self.parameters if name in named | sources]

    @cached_property
    def _constrained_settings(self) -> int:
        if not self.constrained:
            return 1
        return int(self.allowed(self.every(self.constrained)).sum())

    def every(self, names: Iterable[str]) -> Columns:
        """Enumerate the settings of these parameters, ignoring constraints; columns (settings,) or (settings, s)."""
        tables = {name: self.parameters[name].every() for name in names if not self.parameters[name].same_as}
        grid = np.indices([len(table) for table in tables.values()]).reshape(len(tables), -1)
        return self.with_shared({name: table[rows] for (name, table), rows in zip(tables.items(), grid, strict=True)})

    def parameter_of(self, column: str) -> str:
        """Find the parameter of a constraint's column."""
        return next(name for name in self.parameters if name not in TASK and column in self.columns_of(name))

    def columns_of(self, name: str) -> list[str]:
        """List the names of a parameter in constraints: d1, d2, … for stages, else its own name."""
        stages = self.parameters[name].stages
        letter = LETTERS.get(name, name)
        return [f"{letter}{stage}" for stage in range(1, stages + 1)] if stages else [letter]

    def allowed(self, settings: Columns) -> NDArray[np.bool_]:
        """Mask (n,) of the settings that satisfy all constraints."""
        columns: Columns = {}
        for name, drawn in settings.items():
            if name in TASK:
                continue
            columns.update(zip(self.columns_of(name), drawn.T if drawn.ndim == 2 else [drawn], strict=True))
        kept: NDArray[np.bool_] = np.logical_and.reduce([rule.holds(columns) for rule in self.info.constraints])
        return kept

    def with_shared(self, settings: Columns) -> Columns:
        """Add the parameters that take another's value to the settings."""
        shared = {name: p.same_as for name, p in self.parameters.items() if p.same_as}
        return {**settings, **{name: settings[source] for name, source in shared.items() if source in settings}}

    def propose(self, rng: Uniform, n: int) -> Proposals:
        """Draw n independent settings and build the networks of the valid ones."""
        own = {name: parameter.draw(rng, n) for name, parameter in self.parameters.items() if not parameter.same_as}
        settings = self.with_shared(own)
        rows = np.flatnonzero(self.allowed(settings)) if self.info.constraints else np.arange(n)
        return Proposals(n, *self.realise(settings, rows), settings)

    def resolutions(self, settings: Columns, rows: Ints) -> Any:
        """Input resolutions (m,) of the settings at `rows`."""
        if "resolution" in self.parameters:
            return settings["resolution"][rows].astype(np.int64)
        return np.full(len(rows), self.info.resolution)

    def sampled_columns(self, settings: Columns, rows: Ints, names: Iterable[str]) -> Columns:
        """Return the named settings that the space has, at `rows`, in the dtype of their distribution."""
        types = {name: self.parameters[name].distribution.values.dtype for name in names if name in self.parameters}
        return {name: settings[name][rows].astype(kind) for name, kind in types.items()}

    def contains(self, network: Network) -> bool:
        """Whether some setting is realised as this network; its classes, and a resolution not drawn, are ignored.

        >>> from dsd import load_space, network
        >>> load_space("RegNetX").contains(network("RegNetX-400MF"))
        True
        """
        return self.count(network) > 0

    def of_family(self, network: Network) -> bool:
        """Whether the network has the space's skeleton and, if resolutions are drawn, one of these."""
        drawn = self.parameters.get("resolution")
        return network.skeleton == self.info.skeleton and (
            drawn is None or network.resolution in drawn.distribution.values
        )

    @property
    def equally_likely(self) -> "Space":
        """The space with the same settings, all equally likely."""
        return replace(self, parameters={name: p.equally_likely for name, p in self.parameters.items()})

    @property
    def ratio_type(self) -> type:
        """Type of bottleneck ratios in tables: int, or float if the space has b < 1."""
        ratios = self.parameters.get("bottleneck_ratio")
        return float if ratios and ratios.distribution.values.dtype.kind == "f" else int


def candidates(lengths: Iterable[int]) -> NDArray[Any]:
    """Enumerate all index tuples below `lengths`, (choices, i); DsdError if there are too many."""
    counts = list(lengths)
    if math.prod(counts) > ENUMERABLE:
        raise DsdError(
            f"{math.prod(counts):,} settings to check against the constraints; at most {ENUMERABLE:,} are possible"
        )
    return np.indices(counts).reshape(len(counts), -1).T
