"""AnyNet spaces: depth, width, bottleneck ratio and groups of each stage ([DDS] §3.2, [NDS] Table 1).

Shape letters: n settings, s stages, W widths and G group widths (or numbers of groups) of the distributions.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import MISSING

from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import TASK, TRAINING, by_stage
from dsd.architecture.width_rule import adjust_to_groups
from dsd.arrays import Columns, Floats, Ints
from dsd.design.families.schema import SpaceSchema, StageSchema
from dsd.design.parameters.across_stages import ORDERS, keeps
from dsd.design.space import Space, candidates


@dataclass(frozen=True, repr=False)
class AnyNetSpace(Space):
    """An AnyNet space: `depth`, `width`; if the block has them, `bottleneck_ratio` and `group_width` or `groups`."""

    def realised(self, w: Any, b: Any, third: Any) -> tuple[Any, Any]:
        """Apply the width rule to drawn widths w, ratios b, and group widths or numbers of groups, all of one shape."""
        if "groups" in self.parameters:
            return adjust_to_groups(w, b, third)
        return self.info.skeleton.block_type.realised(w, b, third)

    @property
    def grouping(self) -> str:
        """The parameter that sets the groups; "" if the block has none."""
        return next((name for name in ("group_width", "groups") if name in self.parameters), "")

    def compatible(self, w: Any, third: Any, widths: Any, group_widths: Any, b: Any) -> Any:
        """Mask of the stages whose realised widths and groups equal the drawn ones."""
        if self.grouping == "groups":
            return (widths == w) & (group_widths * third * b == w)
        return (widths == w) & (group_widths == third) if self.grouping else widths == w

    def realise(self, settings: Columns, rows: Ints) -> tuple[Networks, Ints]:
        """Build the networks of the settings at `rows`; the rule `reject` keeps only those that need no adjustment."""
        info = self.info
        if len(rows) < len(settings["depth"]):
            settings = {name: drawn[rows] for name, drawn in settings.items()}
        d, w = settings["depth"], settings["width"]
        b = settings.get("bottleneck_ratio", np.ones((1, info.skeleton.stages), w.dtype))
        third = settings.get(self.grouping, w)
        widths, groups = self.realised(w, b, third)
        networks = Networks(
            d,
            widths,
            np.broadcast_to(b, w.shape),
            groups,
            self.resolutions(settings, np.arange(len(rows))),
            info.classes,
            info.skeleton,
        )
        if info.width_rule == "adjust":
            return networks, rows
        kept = np.flatnonzero(self.compatible(w, third, widths, groups, b).all(axis=1))
        return networks.select(kept), rows[kept]

    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """Return widths and groups as drawn, before the width rule; only these can differ from the network's."""
        adjusted = self.sampled_columns(settings, rows, ("width", self.grouping) if self.grouping else ())
        labels = {"groups": "sampled_groups", "group_width": "sampled_g", "width": "sampled_w"}
        columns = (by_stage(labels[name], values) for name, values in adjusted.items())
        return {**{k: v for part in columns for k, v in part.items()}, **self.sampled_columns(settings, rows, TRAINING)}

    @property
    def size_as_in_paper(self) -> float:
        """The number of settings as in the paper: counts of ordered parameters are divided by s! ([DDS] §3.2)."""
        return math.prod(p.count_as_in_paper for name, p in self.parameters.items() if name not in TASK)

    def count(self, network: Network) -> int:
        """Count the settings that are realised as this network.

        Depths and ratios equal the drawn ones. Widths and groups are counted by dynamic programming over the stages: in
        each stage, the (width, group) pairs that give the network's stage and may follow the previous pair.
        """
        if not self.of_family(network):
            return 0
        matches = self.matches(network)
        if matches is None:
            return 0
        touched = {"width", self.grouping} & set(self.constrained)
        if touched:
            return self.count_one_by_one(network, matches)
        if self.info.constraints and not self.allowed(self.as_settings(network))[0]:
            return 0
        orders = [self.parameters[name].across_stages if name else "equal" for name in ("width", self.grouping)]
        counts = matches[0]
        for match in matches[1:]:
            for along, order in enumerate(orders):
                counts = ORDERS[order].follows(counts, along)
            counts = counts * match
        return int(counts.sum())

    def as_settings(self, network: Network) -> Columns:
        """Return the depths and ratios of one network as drawn values, each (1, s)."""
        settings = {"depth": np.array([network.depths], float)}
        if "bottleneck_ratio" in self.parameters:
            settings["bottleneck_ratio"] = np.array([network.bottleneck_ratios], float)
        return settings

    def matches(self, network: Network) -> list[NDArray[Any]] | None:
        """For each stage, mark the (width, group) pairs that give the network's stage: (W, G) of 1 or 0.

        None if the space lacks the network's depths or ratios.
        """
        for name, drawn in self.as_settings(network).items():
            axis, order = self.parameters[name].distribution, self.parameters[name].across_stages
            if not np.isin(drawn, axis.values).all() or not keeps(order, drawn)[0]:
                return None
        w, third = np.meshgrid(self.parameters["width"].distribution.floats, self.grouping_values, indexing="ij")
        matches = []
        for width, ratio, group_width in zip(
            network.widths, network.bottleneck_ratios, network.group_widths, strict=True
        ):
            b = np.full(w.shape, float(ratio))
            widths, groups = self.realised(w, b, third)
            match = (widths == width) & (groups == group_width)
            if self.info.width_rule == "reject":
                match &= self.compatible(w, third, widths, groups, b)
            matches.append(match.astype(np.int64))
        if math.prod(int(match.sum()) for match in matches) >= 2**62:
            return [match.astype(object) for match in matches]
        return matches

    @property
    def grouping_values(self) -> Floats:
        """Group widths or numbers of groups, (G,); a single placeholder if the block has none."""
        return self.parameters[self.grouping].distribution.floats if self.grouping else np.ones(1)

    def count_one_by_one(self, network: Network, matches: list[NDArray[Any]]) -> int:
        """Count by enumerating every matching setting; needed if constraints involve widths or groups."""
        pairs = [np.argwhere(match > 0) for match in matches]
        choices = candidates(len(stage) for stage in pairs)
        positions = np.stack([stage[choices[:, i]] for i, stage in enumerate(pairs)], axis=1)  # (choices, s, 2)
        kept = keeps(self.parameters["width"].across_stages, positions[..., 0])
        settings = {name: np.repeat(drawn, len(choices), axis=0) for name, drawn in self.as_settings(network).items()}
        settings["width"] = self.parameters["width"].distribution.floats[positions[..., 0]]
        if self.grouping:
            kept &= keeps(self.parameters[self.grouping].across_stages, positions[..., 1])
            settings[self.grouping] = self.grouping_values[positions[..., 1]]
        return int((kept & self.allowed(settings)).sum())


@dataclass
class AnyNetSchema(SpaceSchema):
    """Keys of an AnyNet space file."""

    depth: StageSchema | None = MISSING
    width: StageSchema | None = MISSING
    bottleneck_ratio: StageSchema | None = None
    group_width: StageSchema | None = None
    groups: StageSchema | None = None
