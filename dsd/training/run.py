"""A run: a network, a recipe, data and a seed, as resolved values, and its identity."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from dsd.architecture.network import Network
from dsd.errors import DsdError
from dsd.training.data.spec import ELSEWHERE, DataSpec
from dsd.training.data.spec import LATER as LATER_OF_DATA
from dsd.training.recipe import LATER, Recipe


def run_key(network_key: str, recipe: Recipe, data: DataSpec, seed: int) -> str:
    """r and 16 hexadecimal digits that identify a run: its network, recipe, data and seed, from resolved values.

    Names of recipes and where the data lies are not part of it: they change nothing in the result.
    """
    values = {
        "network": network_key,
        "recipe": without(asdict(recipe), ("name",), LATER),
        "data": without(asdict(data), ELSEWHERE, LATER_OF_DATA),
        "seed": seed,
    }
    return "r" + hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def recipe_label(recipe: Recipe) -> str:
    """The name of a recipe and eight digits of a hash of its values: equal where networks are trained alike."""
    return labelled(recipe.name, without(asdict(recipe), ("name",), LATER))


def data_label(data: DataSpec) -> str:
    """The name of a data set and eight digits of a hash of which images it has, and how they are varied."""
    return labelled(data.name, without({**asdict(data), "train_images": data.images}, ELSEWHERE, LATER_OF_DATA))


def labelled(name: str, values: dict[str, Any]) -> str:
    """A name with the hash of values."""
    return f"{name}-{hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]}"


def without(values: dict[str, Any], names: tuple[str, ...], later: dict[str, Any]) -> dict[str, Any]:
    """The values that identify: those of later fields only where they are not what they always were."""
    return {
        name: value
        for name, value in values.items()
        if name not in names and not (name in later and later[name] == value)
    }


@dataclass(frozen=True)
class Run:
    """One training; key is its identity (`run_key`)."""

    key: str
    network: Network
    recipe: Recipe
    data: DataSpec
    seed: int


def check(recipe: Recipe, data: DataSpec) -> None:
    """Refuse what could not be trained, before anything is.

    Raises:
        DsdError: a batch is larger than the data
    """
    if data.images and recipe.batch_size > data.images:
        raise DsdError(f"recipe.batch_size = {recipe.batch_size}: is more than the {data.images} training images")
