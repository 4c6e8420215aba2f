"""Design spaces: what may be drawn, how many settings there are, and a batch of draws.

A space is data (`spaces/*.yaml`, read by `dsd.design.spacefile`); here it is the law. Shape letters: n proposals,
s stages, m of the n that form a network.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.design.axes import Axis
from dsd.design.compatibility import adjust
from dsd.design.network import Family, Networks
from dsd.design.order import ORDERS, settings, settings_as_printed
from dsd.design.regnet import generate

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Facts:
    """What every space states, whatever its family's parameters.

    flops: the window that `sample` uses where none is given, as LO:HI
    spec: the whole file with what it extends, as plain data; `space_from_spec` gives the space back
    """

    name: str
    summary: str
    refines: str
    family: Family
    resolution: int
    classes: int
    flops: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Proposals:
    """n draws, of which m form a network.

    networks: m realised networks
    drawn: what was drawn for each of these, columns (m,)
    """

    n: int
    networks: Networks
    drawn: Columns


@dataclass(frozen=True)
class StageParameter:
    """A parameter with a value in each stage: its law, and how the stages' values relate (a name of ORDERS)."""

    axis: Axis
    across_stages: str

    def draw(self, rng: np.random.Generator, n: int, stages: int) -> NDArray[Any]:
        """Values (n, s)."""
        return self.axis.values[ORDERS[self.across_stages](self.axis, stages, rng, n)]

    def dimensions(self, stages: int) -> int:
        """How many numbers are free: none where the axis has one value, one where all stages are equal."""
        return 0 if len(self.axis) == 1 else 1 if self.across_stages == "equal" else stages


@dataclass(frozen=True)
class AnyNetSpace:
    """d_i, w_i, b_i and g_i of each stage, free or related across stages ([DDS] §3.2, AnyNetX_A to AnyNetX_E)."""

    facts: Facts
    depth: StageParameter
    width: StageParameter
    bottleneck_ratio: StageParameter
    group_width: StageParameter

    @property
    def parameters(self) -> tuple[StageParameter, ...]:
        """In the order in which they are drawn."""
        return self.depth, self.width, self.bottleneck_ratio, self.group_width

    @property
    def dimensions(self) -> int:
        """The number of free parameters."""
        return sum(parameter.dimensions(self.facts.family.stages) for parameter in self.parameters)

    @property
    def size(self) -> int:
        """The exact number of settings of the parameters, ties in ordered ones included."""
        s = self.facts.family.stages
        return math.prod(settings(p.across_stages, len(p.axis), s) for p in self.parameters)

    @property
    def size_as_printed(self) -> float:
        """The number of settings as the paper counts it ([DDS] §3.2: ordered parameters divided by s!)."""
        s = self.facts.family.stages
        return math.prod(settings_as_printed(p.across_stages, len(p.axis), s) for p in self.parameters)

    def propose(self, rng: np.random.Generator, n: int) -> Proposals:
        """n independent draws; all of them form a network."""
        family = self.facts.family
        d, w, b, g = (parameter.draw(rng, n, family.stages) for parameter in self.parameters)
        widths, groups = adjust(w, b, g)
        networks = Networks(d, widths, b, groups, np.full(n, self.facts.resolution), self.facts.classes, family)
        return Proposals(n, networks, {**by_stage("sampled_w", w), **by_stage("sampled_g", g)})


def by_stage(prefix: str, values: NDArray[Any]) -> Columns:
    """Columns prefix1, prefix2, … of values (n, s)."""
    return {f"{prefix}{stage}": column for stage, column in enumerate(values.T, start=1)}


@dataclass(frozen=True)
class RegNetSpace:
    """Quantized linear networks: depth, w_0, w_a, w_m, b and g ([DDS] §3.3)."""

    facts: Facts
    depth: Axis
    w_0: Axis
    w_a: Axis
    w_m: Axis
    bottleneck_ratio: Axis
    group_width: Axis

    @property
    def parameters(self) -> dict[str, Axis]:
        """In the order in which they are drawn, by the name of their column."""
        return {
            "sampled_depth": self.depth,
            "sampled_w_0": self.w_0,
            "sampled_w_a": self.w_a,
            "sampled_w_m": self.w_m,
            "sampled_b": self.bottleneck_ratio,
            "sampled_g": self.group_width,
        }

    @property
    def dimensions(self) -> int:
        """The number of free parameters."""
        return sum(len(axis) > 1 for axis in self.parameters.values())

    @property
    def size(self) -> int:
        """The exact number of settings of the six parameters; most of them form no network of s stages."""
        return math.prod(len(axis) for axis in self.parameters.values())

    @property
    def size_as_printed(self) -> float:
        """The number of settings as the paper counts it: 64 values for each of depth, w_0, w_a, w_m ([DDS] Table 1)."""
        return float(64**4 * len(self.bottleneck_ratio) * len(self.group_width))

    def propose(self, rng: np.random.Generator, n: int) -> Proposals:
        """n independent draws, and the networks of those that form exactly s stages."""
        facts = self.facts
        drawn = {name: axis.values[axis.draw(rng, n)] for name, axis in self.parameters.items()}
        d, w_0, w_a, w_m = (drawn[f"sampled_{name}"] for name in ("depth", "w_0", "w_a", "w_m"))
        stages = generate(w_0, w_a, w_m, d, facts.family.stages)
        drawn = {name: column[stages.rows] for name, column in drawn.items()}
        b, g = (np.repeat(drawn[name][:, None], facts.family.stages, axis=1) for name in ("sampled_b", "sampled_g"))
        widths, groups = adjust(stages.widths, b, g)
        resolution = np.full(len(widths), facts.resolution)
        networks = Networks(stages.depths, widths, b, groups, resolution, facts.classes, facts.family)
        return Proposals(n, networks, drawn)


Space = AnyNetSpace | RegNetSpace
