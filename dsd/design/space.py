"""Design spaces: what may be drawn, how many settings there are, and a batch of draws.

A space is data (`spaces/*.yaml`, read by `dsd.design.file`); here it is the distribution. What is common to all
families is here, `dsd.design.families.anynet` and `dsd.design.families.regnet` have theirs. A *setting* gives each
parameter a value; a network is what a setting is realised as. Shape letters: n proposals, s stages, m of the n that
form a network.
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

ENUMERABLE = 5_000_000  # settings that are enumerated where no closed form counts them
WIDTH_RULES = ("adjust", "reject")


@dataclass(frozen=True)
class SpaceInfo:
    """What every space states, whatever its family's parameters.

    resolution: side of the input image [pixels]; 0 where it is drawn
    limits: the windows that `sample` uses where none are given
    width_rule: `adjust` widths that groups do not divide (`dsd.architecture.width_rule`), or `reject` them
    constraints: between drawn values
    spec: the whole file with what it extends, as plain data; `space_from_spec` gives the space back
    hash: s and 16 hexadecimal digits, the same for spaces that draw the same
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
    """n draws, of which m form a network.

    networks: m networks, as whole numbers in float32 or float64 (`Networks.whole` makes them integers)
    rows: (m,) which of the draws they are
    settings: what was drawn, by parameter (n,) or (n, s)
    """

    n: int
    networks: Networks
    rows: Ints
    settings: Columns


@dataclass(frozen=True, repr=False)
class Space(ABC):
    """A design space: parameters by name, in the order in which they are drawn.

    Beside the family's own there may be `resolution`, `lr` and `weight_decay`.
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
        """The networks of the settings at `rows`, and the rows that form one."""

    @abstractmethod
    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """What a table tells of the settings at `rows` beside their networks: `sampled_*` columns."""

    @abstractmethod
    def count(self, network: Network) -> int:
        """How many settings are realised as this network, whatever its resolution unless that is drawn."""

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
        """The exact number of settings: ties in ordered parameters included, broken constraints left out.

        Where constraints tie together too many settings to be enumerated, all are counted (`size_is_exact`).
        """
        free = {name: parameter for name, parameter in self.parameters.items() if name not in self.constrained}
        counted = math.prod(parameter.settings for parameter in free.values())
        if not self.size_is_exact:
            return counted * math.prod(self.parameters[name].settings for name in self.constrained)
        return counted * self._constrained_settings

    @property
    def size_is_exact(self) -> bool:
        """Whether `size` has left out what breaks a constraint."""
        return math.prod(self.parameters[name].settings for name in self.constrained) <= ENUMERABLE

    @cached_property
    def constrained(self) -> list[str]:
        """The parameters that constraints speak of, and those that these take their values from."""
        spoken = {self.parameter_of(column) for rule in self.info.constraints for column in rule.names}
        sources = {self.parameters[name].same_as for name in spoken} - {""}
        return [name for name in self.parameters if name in spoken | sources]

    @cached_property
    def _constrained_settings(self) -> int:
        if not self.constrained:
            return 1
        return int(self.allowed(self.every(self.constrained)).sum())

    def every(self, names: Iterable[str]) -> Columns:
        """Every setting of these parameters, broken constraints included, columns (settings,) or (settings, s)."""
        tables = {name: self.parameters[name].every() for name in names if not self.parameters[name].same_as}
        grid = np.indices([len(table) for table in tables.values()]).reshape(len(tables), -1)
        return self.with_shared({name: table[rows] for (name, table), rows in zip(tables.items(), grid, strict=True)})

    def parameter_of(self, column: str) -> str:
        """The parameter that a column of a constraint belongs to."""
        return next(name for name in self.parameters if name not in TASK and column in self.columns_of(name))

    def columns_of(self, name: str) -> list[str]:
        """The names by which constraints speak of a parameter: of each stage d1, d2, …, else its own."""
        stages = self.parameters[name].stages
        letter = LETTERS.get(name, name)
        return [f"{letter}{stage}" for stage in range(1, stages + 1)] if stages else [letter]

    def allowed(self, settings: Columns) -> NDArray[np.bool_]:
        """Which settings (n,) satisfy all constraints."""
        columns: Columns = {}
        for name, drawn in settings.items():
            if name in TASK:
                continue
            columns.update(zip(self.columns_of(name), drawn.T if drawn.ndim == 2 else [drawn], strict=True))
        kept: NDArray[np.bool_] = np.logical_and.reduce([rule.holds(columns) for rule in self.info.constraints])
        return kept

    def with_shared(self, settings: Columns) -> Columns:
        """Settings with the parameters that take another's value."""
        shared = {name: p.same_as for name, p in self.parameters.items() if p.same_as}
        return {**settings, **{name: settings[source] for name, source in shared.items() if source in settings}}

    def propose(self, rng: Uniform, n: int) -> Proposals:
        """n independent draws, and the networks of those that form one."""
        own = {name: parameter.draw(rng, n) for name, parameter in self.parameters.items() if not parameter.same_as}
        settings = self.with_shared(own)
        rows = np.flatnonzero(self.allowed(settings)) if self.info.constraints else np.arange(n)
        return Proposals(n, *self.realise(settings, rows), settings)

    def resolutions(self, settings: Columns, rows: Ints) -> Any:
        """Side of the input of the settings at `rows`, (m,)."""
        if "resolution" in self.parameters:
            return settings["resolution"][rows].astype(np.int64)
        return np.full(len(rows), self.info.resolution)

    def sampled_columns(self, settings: Columns, rows: Ints, names: Iterable[str]) -> Columns:
        """Those of the named settings that the space has, at `rows`, in the type of their axis."""
        types = {name: self.parameters[name].distribution.values.dtype for name in names if name in self.parameters}
        return {name: settings[name][rows].astype(kind) for name, kind in types.items()}

    def contains(self, network: Network) -> bool:
        """Whether some setting is realised as this network (of any resolution and classes, unless these are drawn).

        >>> from dsd import load_space, network
        >>> load_space("RegNetX").contains(network("RegNetX-400MF"))
        True
        """
        return self.count(network) > 0

    def of_family(self, network: Network) -> bool:
        """Whether family and, where it is drawn, resolution are the space's."""
        drawn = self.parameters.get("resolution")
        return network.skeleton == self.info.skeleton and (
            drawn is None or network.resolution in drawn.distribution.values
        )

    @property
    def equally_likely(self) -> "Space":
        """The same settings, each as likely as any other."""
        return replace(self, parameters={name: p.equally_likely for name, p in self.parameters.items()})

    @property
    def ratio_type(self) -> type:
        """Of bottleneck ratios in tables: int, or float where the space has b < 1."""
        ratios = self.parameters.get("bottleneck_ratio")
        return float if ratios and ratios.distribution.values.dtype.kind == "f" else int


def candidates(lengths: Iterable[int]) -> NDArray[Any]:
    """Every choice of one of `lengths[i]` things for each i, (choices, i); refused where they are too many."""
    counts = list(lengths)
    if math.prod(counts) > ENUMERABLE:
        raise DsdError(f"{math.prod(counts):,} settings would have to be tried against the constraints: too many")
    return np.indices(counts).reshape(len(counts), -1).T
