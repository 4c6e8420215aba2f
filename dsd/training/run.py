"""A run: a network, a recipe, data and a seed, as resolved values, and its identity."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from dsd.design.network import Network
from dsd.design.space import TRAINING
from dsd.errors import DsdError, known

# fields of a recipe that are younger than the keys of runs, with their defaults
LATER = (("warmup_epochs", 0), ("lr_images", 0))


@dataclass(frozen=True)
class Recipe:
    """How a network is trained ([DDS] §3, App. C; SGD with a half-period cosine).

    epochs: passes over the training images
    lr: learning rate that the cosine starts from
    lr_images: images a step that lr is meant for; the rate is lr · batch_size / lr_images (linear scaling, Goyal et al.
        2017, §2.1), or lr as it is where 0
    warmup_epochs: epochs in which the rate rises linearly to the cosine's ([DDS] App. C; Goyal et al. 2017, §2.2)
    lr_update: `epoch` sets the rate once an epoch, as the authors' code does; `step` at every step
    batch_size: images a step
    weight_decay: on every parameter, batch norm included
    precise_bn_images: training images from which batch norm's statistics are recomputed before each evaluation
        (the authors' code: 8192); 0 keeps the running averages
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

    def __post_init__(self) -> None:
        for key, low in (("epochs", 1), ("batch_size", 2), ("precise_bn_images", 0), *LATER):
            if getattr(self, key) < low:
                raise DsdError(f"recipe.{key} = {getattr(self, key)}: give a whole number from {low}")
        if not 0 < self.lr < math.inf:
            raise DsdError(f"recipe.lr = {self.lr}: give a positive learning rate")
        for key in ("momentum", "weight_decay"):
            if not 0 <= getattr(self, key) < 1:
                raise DsdError(f"recipe.{key} = {getattr(self, key)}: give a number from 0 to below 1")
        if self.warmup_epochs >= self.epochs:
            raise DsdError(f"recipe.warmup_epochs = {self.warmup_epochs}: give fewer than epochs = {self.epochs}")
        if self.lr_update not in ("epoch", "step"):
            raise DsdError(f"recipe.lr_update = {self.lr_update} is not known; choose one of: epoch, step")

    @property
    def first_lr(self) -> float:
        """The rate that the cosine starts from, for this batch size."""
        return self.lr * self.batch_size / self.lr_images if self.lr_images else self.lr

    def with_drawn(self, row: Mapping[str, Any]) -> "Recipe":
        """The recipe with what was drawn together with a network: lr and weight_decay of its row, where not empty."""
        values = {name: float(row[name]) for name in TRAINING if row.get(name, "") != ""}
        drawn: dict[str, Any] = {name: value for name, value in values.items() if not math.isnan(value)}
        return replace(self, **drawn) if drawn else self


# Training images of each data set, known before it is loaded
TRAIN_IMAGES = {"digits": 1_297, "cifar10": 50_000}


@dataclass(frozen=True)
class DataSpec:
    """Which images a network is trained and tested on, and how training images are varied.

    name: a name of `TRAIN_IMAGES`, read by `dsd.training.data`
    resolution: side of the images [pixels]
    classes: number of classes
    folder: where the files are; not part of the run's identity
    train_images, test_images: use only the first so many; 0 uses all
    flip: mirror half of the training images
    shift: move training images by up to so many pixels each way, zeros coming in
    """

    name: str
    resolution: int
    classes: int
    folder: str = ""
    train_images: int = 0
    test_images: int = 0
    flip: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        if self.name not in TRAIN_IMAGES:
            raise DsdError(f"data.name = {self.name} is not known; choose one of: {known(TRAIN_IMAGES)}")
        for key in ("train_images", "test_images", "shift"):
            if getattr(self, key) < 0:
                raise DsdError(f"data.{key} = {getattr(self, key)}: give a whole number from 0")

    @property
    def images(self) -> int:
        """Training images of one epoch."""
        return self.train_images or TRAIN_IMAGES[self.name]


def run_key(network_key: str, recipe: Recipe, data: DataSpec, seed: int) -> str:
    """r and 16 hexadecimal digits that identify a run: its network, recipe, data and seed, from resolved values.

    Names of recipes and where the data lies are not part of it: they change nothing in the result.
    """
    recipe_values, data_values = asdict(recipe), asdict(data)
    del recipe_values["name"], data_values["folder"]
    for name, default in LATER:
        if recipe_values[name] == default:
            del recipe_values[name]
    values = {"network": network_key, "recipe": recipe_values, "data": data_values, "seed": seed}
    return "r" + hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Run:
    """One training; key is its identity (`run_key`)."""

    key: str
    network: Network
    recipe: Recipe
    data: DataSpec
    seed: int
