"""A recipe: how a network is trained."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dsd.architecture.rows import TRAINING
from dsd.errors import DsdError, known

PRECISIONS = ("float32", "tfloat32", "bfloat16")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained ([DDS] §3, App. C; SGD with a half-period cosine).

    There is no label smoothing and no average of the weights; SiLU and squeeze-and-excitation come from the network.

    epochs: passes over the training images
    lr: learning rate that the cosine starts from
    lr_images: images a step that lr is meant for; the rate is lr · batch_size / lr_images (linear scaling, Goyal et al.
        2017, §2.1), or lr as it is where 0
    warmup_epochs: epochs in which the rate rises linearly to the cosine's ([DDS] App. C; Goyal et al. 2017, §2.2)
    lr_update: `epoch` sets the rate once an epoch, as the authors' code does; `step` at every step
    batch_size: images a step
    micro_batch: images that go through the network at a time, their gradients added up to the step's; 0 for all of
        them. Takes less memory; batch norm then averages over so many images, not over batch_size
    weight_decay: on every parameter, batch norm included
    precise_bn_images: training images from which batch norm's statistics are recomputed before each evaluation
        (the authors' code: 8192); 0 keeps the running averages
    precision: `float32`; `tfloat32`, as a GPU's fast products of float32 have it; `bfloat16`, mixed (torch.autocast)
    """

    name: str
    epochs: int
    lr: float
    batch_size: int
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-5
    lr_update: str = "epoch"
    precise_bn_images: int = 8192
    warmup_epochs: int = 0
    lr_images: int = 0
    precision: str = "float32"
    micro_batch: int = 0

    def __post_init__(self) -> None:
        for key, low in (
            ("epochs", 1),
            ("batch_size", 2),
            ("precise_bn_images", 0),
            ("warmup_epochs", 0),
            ("lr_images", 0),
            ("micro_batch", 0),
        ):
            if getattr(self, key) < low:
                raise DsdError(f"recipe.{key} = {getattr(self, key)}: give a whole number from {low}")
        if not 0 < self.lr < math.inf:
            raise DsdError(f"recipe.lr = {self.lr}: give a positive learning rate")
        for key in ("momentum", "weight_decay"):
            if not 0 <= getattr(self, key) < 1:
                raise DsdError(f"recipe.{key} = {getattr(self, key)}: give a number from 0 to below 1")
        if self.warmup_epochs >= self.epochs:
            raise DsdError(f"recipe.warmup_epochs = {self.warmup_epochs}: give fewer than epochs = {self.epochs}")
        for key, allowed in (("lr_update", ("epoch", "step")), ("precision", PRECISIONS)):
            if getattr(self, key) not in allowed:
                raise DsdError(f"recipe.{key} = {getattr(self, key)} is not known; choose one of: {known(allowed)}")
        if self.micro_batch == 1 or (self.micro_batch and self.batch_size % self.micro_batch):
            raise DsdError(
                f"recipe.micro_batch = {self.micro_batch}: give a number from 2 that divides batch_size = "
                f"{self.batch_size}, or 0"
            )

        if self.micro_batch == self.batch_size:
            object.__setattr__(self, "micro_batch", 0)  # the same run

    @property
    def first_lr(self) -> float:
        """The rate that the cosine starts from, for this batch size."""
        return self.lr * self.batch_size / self.lr_images if self.lr_images else self.lr

    def with_drawn(self, row: Mapping[str, Any]) -> "Recipe":
        """The recipe with what was drawn together with a network: lr and weight_decay of its row, where not empty."""
        values = {name: float(row[name]) for name in TRAINING if row.get(name, "") != ""}
        drawn: dict[str, Any] = {name: value for name, value in values.items() if not math.isnan(value)}
        return replace(self, **drawn) if drawn else self
