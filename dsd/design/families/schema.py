"""Keys that the files of all families share."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from dsd.design.parameters.schema import DistributionSchema


@dataclass
class StageSchema(DistributionSchema):
    """The distribution of a parameter with a value in each stage."""

    across_stages: str = "free"


@dataclass
class SpaceSchema:
    """Keys of every space file; those without a type may be a text, a number or a mapping."""

    family: str = MISSING
    summary: str = MISSING
    extends: str | None = None
    refines: str | None = None
    block: str = "X"
    stem: str = "simple"
    strides: list[int] = field(default_factory=lambda: [2, 2, 2, 2])
    activation: str = "relu"
    kernels: list[int] = field(default_factory=list)
    stem_width: int = 0
    head_width: int = 0
    width_rule: str = "adjust"
    constraints: list[str] = field(default_factory=list)
    resolution: Any = 224
    classes: int = 1000
    flops: str = "360M:400M"
    params: Any = ":"
    acts: Any = ":"
    lr: DistributionSchema | None = None
    weight_decay: DistributionSchema | None = None
