"""A run: a network, a recipe, data and a seed, as resolved values, and its identity."""

from dataclasses import dataclass

from dsd.architecture.network import Network
from dsd.errors import DsdError
from dsd.identity import digest, not_default
from dsd.training.data.spec import ELSEWHERE, DataSpec
from dsd.training.recipe import Recipe


def run_key(network_key: str, recipe: Recipe, data: DataSpec, seed: int) -> str:
    """Return the identity of a run: r and 16 hexadecimal digits from the resolved network, recipe, data and seed.

    The names of recipes and the location of the data are not part of it: they do not change the result.
    """
    values = {
        "network": network_key,
        "recipe": not_default(recipe, ("name",)),
        "data": not_default(data, ELSEWHERE),
        "seed": seed,
    }
    return f"r{digest(values)}"


def recipe_label(recipe: Recipe) -> str:
    """Return a recipe's name and eight digits of a hash of its values; equal labels mean equal training."""
    return f"{recipe.name}-{digest(not_default(recipe, ('name',)), 8)}"


def data_label(data: DataSpec) -> str:
    """Return a data set's name and eight digits of a hash of its images and augmentation."""
    return f"{data.name}-{digest(not_default(data, ELSEWHERE), 8)}"


@dataclass(frozen=True)
class Run:
    """One training run; key is its identity (`run_key`)."""

    key: str
    network: Network
    recipe: Recipe
    data: DataSpec
    seed: int


def check(recipe: Recipe, data: DataSpec) -> None:
    """Reject a recipe that cannot train on the data.

    Raises:
        DsdError: a batch is larger than the data
    """
    if data.images and recipe.batch_size > data.images:
        raise DsdError(f"recipe.batch_size = {recipe.batch_size}: is more than the {data.images} training images")
