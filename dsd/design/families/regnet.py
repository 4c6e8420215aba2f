"""RegNet spaces: quantized linear networks of six parameters ([DDS] §3.3).

Shape letters: n settings, s stages, m of the n that form s stages, P pairs of (w_0, w_m).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from omegaconf import MISSING

from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.quantized_linear import generate, stage_width
from dsd.architecture.rows import TASK, TRAINING
from dsd.arrays import Columns, Floats, Ints
from dsd.design.families.schema import SpaceSchema
from dsd.design.parameters.schema import DistributionSchema
from dsd.design.space import Space

LINE = ("depth", "w_0", "w_a", "w_m")
COLUMNS = {"bottleneck_ratio": "b", "group_width": "g"}


@dataclass(frozen=True)
class RealisedPairs:
    """Widths and group widths (s, P) of all pairs after the width rule, with their positions (P,) sorted by code."""

    widths: Floats
    groups: Floats
    order: Ints
    codes: NDArray[np.uint64]

    def find(self, network: Network) -> Ints:
        """Find the positions of the pairs whose stages equal the network's."""
        widths, groups = (np.array(x, float)[:, None] for x in (network.widths, network.group_widths))
        first, last = (np.searchsorted(self.codes, code(widths)[0], side=side) for side in ("left", "right"))
        rows = self.order[first:last]
        matched: Ints = rows[((self.widths[:, rows] == widths) & (self.groups[:, rows] == groups)).all(axis=0)]
        return matched


@dataclass(frozen=True, repr=False)
class RegNetSpace(Space):
    """A RegNet space: `depth`, `w_0`, `w_a`, `w_m` and, if the block has them, `bottleneck_ratio` and `group_width`."""

    def columns_of(self, name: str) -> list[str]:
        """Return the name of a parameter in constraints: depth, w_0, w_a, w_m, b or g."""
        return [COLUMNS.get(name, name)]

    def realised(self, widths: Floats, b: Floats, g: Floats | None) -> tuple[Floats, Floats]:
        """Apply the width rule to stages (s, n); g is None for a block without groups."""
        return self.info.skeleton.block_type.realised(widths, b, widths if g is None else g)

    def realise(self, settings: Columns, rows: Ints) -> tuple[Networks, Ints]:
        """Build the networks of those settings at `rows` that form exactly s stages."""
        info = self.info
        d, w_0, w_a, w_m = (
            settings[name] if len(rows) == len(settings[name]) else settings[name][rows] for name in LINE
        )
        stages = generate(w_0, w_a, w_m, d, info.skeleton.stages)
        rows, drawn = rows[stages.rows], stages.widths.T
        b, g = (settings[name][rows] if name in self.parameters else None for name in COLUMNS)
        ratios = np.broadcast_to(1.0 if b is None else b, drawn.shape)
        widths, groups = self.realised(drawn, ratios, g)
        if info.width_rule == "reject":
            kept = ((widths == drawn) & (g is None or groups == g)).all(axis=0)
        else:
            kept = slice(None)
        networks = Networks(
            stages.depths[kept],
            widths.T[kept],
            ratios.T[kept],
            groups.T[kept],
            self.resolutions(settings, rows)[kept],
            info.classes,
            info.skeleton,
        )
        return networks, rows[kept]

    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """Return all drawn values: the network holds only its stages, not the parameters of its line."""
        sampled = self.sampled_columns(settings, rows, (*LINE, *COLUMNS))
        labelled = {f"sampled_{COLUMNS.get(name, name)}": values for name, values in sampled.items()}
        return {**labelled, **self.sampled_columns(settings, rows, TRAINING)}

    @property
    def size_as_in_paper(self) -> float:
        """Count 64 values for each free depth, w_0, w_a and w_m ([DDS] Table 1); fewer than 63 depths count exactly."""
        size = 1.0
        for name, parameter in self.parameters.items():
            counted = 1 if name in TASK else parameter.settings
            if name in LINE and parameter.dimensions and (name != "depth" or counted >= 63):
                counted = 64
            size *= counted
        return size

    @cached_property
    def pairs(self) -> tuple[Floats, Floats]:
        """All pairs (w_0, w_m), each array (P,)."""
        tables = (self.parameters[name].distribution.values.astype(np.float64) for name in ("w_0", "w_m"))
        w_0, w_m = np.meshgrid(*tables)
        return w_0.ravel(), w_m.ravel()

    @cached_property
    def pair_widths(self) -> Floats:
        """Stage widths of all pairs before the width rule, (s, P)."""
        return np.stack([stage_width(*self.pairs, k) for k in range(self.info.skeleton.stages)])

    def count(self, network: Network) -> int:
        """Count the settings that are realised as this network.

        For each group width, find the pairs (w_0, w_m) that give the network's widths. For each pair, the slopes w_a
        that start every stage at its block form an interval; its ends are checked exactly.
        """
        ratios = set(network.bottleneck_ratios)
        b = network.bottleneck_ratios[0]
        depth = sum(network.depths)
        drawn = self.parameters.get("bottleneck_ratio")
        if not self.of_family(network) or len(ratios) > 1 or (drawn is not None and b not in drawn.distribution.values):
            return 0
        if depth not in self.parameters["depth"].distribution.values:
            return 0
        grouping = self.parameters.get("group_width")
        return sum(self.count_at(network, g) for g in (grouping.distribution.floats if grouping else [None]))

    def count_at(self, network: Network, g: float | None) -> int:
        """Count the settings with one group width."""
        pairs = self.pairs_realised_as(network, g)
        w_0, w_m = (column[pairs] for column in self.pairs)
        if self.parameters["w_a"].same_as:
            w_a, at = w_0, np.arange(len(w_0))
        else:
            slopes = self.parameters["w_a"].distribution.values.astype(np.float64)
            first, last = self.slope_range(network, w_0, w_m, slopes)
            counts = np.maximum(0, last - first)
            at = np.repeat(np.arange(len(w_0)), counts)
            w_a = slopes[np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts) + first[at]]
        depth = np.full(len(at), float(sum(network.depths)))
        stages = generate(w_0[at], w_a, w_m[at], depth, len(network.depths))
        kept = (stages.depths == network.depths).all(axis=1)
        if not self.info.constraints:
            return int(kept.sum())
        rows = stages.rows[kept]
        b = np.full(len(rows), float(network.bottleneck_ratios[0]))
        settings = {"depth": depth[rows], "w_0": w_0[at][rows], "w_a": w_a[rows], "w_m": w_m[at][rows]}
        settings |= {"bottleneck_ratio": b, "group_width": np.full(len(rows), g or 0.0)}
        return int(self.allowed({name: settings[name] for name in self.parameters if name in settings}).sum())

    @cached_property
    def known_pairs(self) -> dict[tuple[float, float | None], "RealisedPairs"]:
        """Cache of `pairs_realised_as`, by ratio and group width."""
        return {}

    def pairs_realised_as(self, network: Network, g: float | None) -> Ints:
        """Find the positions of the pairs (w_0, w_m) that give the network's widths and group widths."""
        b = network.bottleneck_ratios[0]
        if (b, g) not in self.known_pairs:
            drawn = self.pair_widths
            widths, groups = self.realised(drawn, np.full_like(drawn, b), None if g is None else np.full_like(drawn, g))
            codes = code(widths)
            if self.info.width_rule == "reject":
                codes[((widths != drawn) | ((g is not None) & (groups != g))).any(axis=0)] = 0
            order = np.argsort(codes, kind="stable")
            self.known_pairs[b, g] = RealisedPairs(widths, groups, order, codes[order])
        return self.known_pairs[b, g].find(network)

    def slope_range(self, network: Network, w_0: Floats, w_m: Floats, slopes: Floats) -> tuple[Ints, Ints]:
        """For each pair, bound the positions [first, last) of the `slopes` that can start every stage at its block.

        Stage k starts at the block j where w_a · j passes t = w_0 (w_m^(k − ½) − 1) (Eq. 2–3). A margin of one step is
        added on each side.
        """
        low, high = np.zeros_like(w_0), np.full_like(w_0, np.inf)
        starts = np.cumsum(network.depths)
        for k, start in enumerate(starts[:-1], start=1):
            t = w_0 * (w_m ** (k - 0.5) - 1)
            low = np.maximum(low, t / start)
            if start > 1:
                high = np.minimum(high, t / (start - 1))
        if starts[-1] > 1:
            high = np.minimum(high, w_0 * (w_m ** (len(starts) - 0.5) - 1) / (starts[-1] - 1))
        first = np.maximum(0, np.searchsorted(slopes, low) - 1)
        return first, np.minimum(len(slopes), np.searchsorted(slopes, high, side="right") + 1)


def code(widths: Floats) -> NDArray[np.uint64]:
    """Hash each column of widths (s, n); equal columns get equal hashes, different ones rarely do."""
    factors = np.random.default_rng(0).integers(1, 2**63, len(widths), dtype=np.uint64) * 2 + 1
    sums: NDArray[np.uint64] = (widths.astype(np.uint64) * factors[:, None]).sum(axis=0)
    return sums


@dataclass
class RegNetSchema(SpaceSchema):
    """Keys of a RegNet space file."""

    depth: DistributionSchema | None = MISSING
    w_0: DistributionSchema | None = MISSING
    w_a: DistributionSchema | None = MISSING
    w_m: DistributionSchema | None = MISSING
    bottleneck_ratio: DistributionSchema | None = None
    group_width: DistributionSchema | None = None
