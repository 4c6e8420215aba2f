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

    There is no label smoothing and no weight averaging; SiLU and squeeze-and-excitation come from the network.

    epochs: passes over the training images
    lr: learning rate at the start of the cosine
    lr_images: batch size that lr is meant for; the learning rate is lr · batch_size / lr_images (linear scaling, Goyal
        et al. 2017, §2.1); 0: lr, unscaled
    warmup_epochs: epochs in which the learning rate rises linearly to the cosine ([DDS] App. C; Goyal et al. 2017,
        §2.2)
    lr_update: `epoch` sets the learning rate once an epoch, as the authors' code does; `step` at every step
    batch_size: images per step
    micro_batch: images per forward and backward pass, whose gradients are accumulated over the step; 0: the whole
        batch. Saves memory; batch norm then averages over micro_batch images, not over batch_size
    weight_decay: on every parameter, batch norm included
    precise_bn_images: training images from which batch norm's statistics are recomputed before each evaluation
        (the authors' code: 8192); 0 keeps the running averages
    precision: `float32`; `tfloat32`: a GPU's fast float32 products; `bfloat16`: mixed precision (torch.autocast)
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
            object.__setattr__(self, "micro_batch", 0)  # the same run as with 0

    @property
    def first_lr(self) -> float:
        """The learning rate at the start of the cosine, for this batch size."""
        return self.lr * self.batch_size / self.lr_images if self.lr_images else self.lr

    def with_drawn(self, row: Mapping[str, Any]) -> "Recipe":
        """Return the recipe with the lr and weight_decay drawn with a network, where its row has them."""
        values = {name: float(row[name]) for name in TRAINING if row.get(name, "") != ""}
        drawn: dict[str, Any] = {name: value for name, value in values.items() if not math.isnan(value)}
        return replace(self, **drawn) if drawn else self
