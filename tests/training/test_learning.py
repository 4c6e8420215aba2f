"""Fixed small networks on fixed real images reach a stated error in a stated number of epochs."""

import os
from pathlib import Path

import pytest
import torch

from dsd import Network
from dsd.architecture import Skeleton
from dsd.sweep.planning.config import load_study
from dsd.training.data.loading import load_data
from dsd.training.loop import Result, train
from dsd.training.recipe import Recipe
from dsd.training.run import Run

SMALL = Network((1, 1), (16, 32), (1, 1), (8, 8), Skeleton(stem="cifar", strides=(1, 2)), 8, 10)
LARGER = Network((1, 1, 2), (16, 32, 64), (1, 1, 1), (16, 16, 16), Skeleton(stem="cifar", strides=(1, 2, 2)), 32, 10)


def trained(network: Network, *overrides: str, recipe: Recipe | None = None) -> Result:
    """A network trained as a study with these overrides says."""
    study = load_study("demo", overrides)
    run = Run("r", network, recipe or study.recipe, study.data, 0)
    return train(run, load_data(study.data), torch.device("cpu"))


def test_digits() -> None:
    """Handwritten digits, 8×8 pixels: twenty epochs leave at most 4 %; chance is 90, and one epoch leaves over 50."""
    result = trained(SMALL, "recipe.epochs=20")
    assert result.epochs[0].error > 50
    assert result.last.error <= 4
    assert result.best.error <= result.last.error
    assert result.last.top5_error <= 0.4


@pytest.mark.skipif("DSD_CIFAR10" not in os.environ, reason="DSD_CIFAR10 does not name CIFAR-10's folder")
def test_photographs() -> None:
    """10,000 of CIFAR-10, tested on 2,000: five epochs of a network of 8 MF leave at most 53 %; chance is 90."""
    folder = Path(os.environ["DSD_CIFAR10"])
    words = ("recipe=cifar_short", "data=cifar10", f"data.folder={folder}", "data.train_images=10000")
    result = trained(LARGER, *words, "data.test_images=2000")
    assert result.last.error <= 53
