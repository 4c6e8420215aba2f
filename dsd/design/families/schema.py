"""Keys that the space files of all families share."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any

from omegaconf import MISSING

from dsd.architecture.skeleton import LISTS, Skeleton
from dsd.design.parameters.schema import DistributionSchema


@dataclass
class StageSchema(DistributionSchema):
    """The distribution of a parameter with one value per stage."""

    across_stages: str = "free"


@dataclass
class FileSchema:
    """Keys that identify a space file."""

    family: str = MISSING
    summary: str = MISSING
    extends: str | None = None
    refines: str | None = None


def of_skeleton(name: str, default: Any) -> tuple[str, Any, Any]:
    """Convert a Skeleton field to a key of a space file; OmegaConf schemas have lists instead of tuples."""
    if name in LISTS:
        return name, list[int], field(default_factory=lambda: list(default))
    return name, type(default), field(default=default)


SkeletonSchema = make_dataclass(
    "SkeletonSchema", [of_skeleton(f.name, f.default) for f in fields(Skeleton)], bases=(FileSchema,)
)


@dataclass
class SpaceSchema(SkeletonSchema):  # type: ignore[misc, valid-type]
    """Keys of every space file; keys of type Any accept text, a number or a mapping."""

    width_rule: str = "adjust"
    constraints: list[str] = field(default_factory=list)
    resolution: Any = 224
    classes: int = 1000
    flops: str = "360M:400M"
    params: Any = ":"
    acts: Any = ":"
    lr: DistributionSchema | None = None
    weight_decay: DistributionSchema | None = None
