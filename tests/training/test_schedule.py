"""Recipes and their rates. Oracles: the papers, the authors' code, and the keys of a sweep that was run long ago."""

from pathlib import Path

import pandas as pd
import pytest

from dsd import DsdError
from dsd.sweep.planning.config import choices, load_study
from dsd.sweep.planning.plans import plan_runs
from dsd.training.recipe import Recipe
from dsd.training.schedule import half_cosine, learning_rate

ROOT = Path(__file__).parents[2]


def recipe(name: str) -> Recipe:
    """A shipped recipe."""
    return load_study("demo", [f"recipe={name}"]).recipe


@pytest.mark.parametrize(
    ("name", "epochs", "first_lr", "batch", "weight_decay"),
    [
        ("dds_10ep", 10, 0.05, 128, 5e-5),
        ("dds_25ep", 25, 0.1, 128, 5e-5),
        ("dds_50ep", 50, 0.05, 128, 5e-5),
        ("dds_100ep", 100, 0.8, 1024, 5e-5),  # lr 0.1 for 128 images, scaled linearly
        ("nds_200ep", 200, 0.1, 128, 5e-4),
    ],
)
def test_recipes_are_the_papers(name: str, epochs: int, first_lr: float, batch: int, weight_decay: float) -> None:
    """Epochs, rate, batch and weight decay; momentum 0.9, Nesterov, the rate set once an epoch, precise batch norm."""
    found = recipe(name)
    assert (found.epochs, found.batch_size, found.weight_decay) == (epochs, batch, weight_decay)
    assert found.first_lr == pytest.approx(first_lr)
    assert (found.momentum, found.nesterov, found.lr_update) == (0.9, True, "epoch")
    assert found.precise_bn_images > 0


def test_every_recipe_cites_its_source() -> None:
    """The lines above each file's keys name a paper, or the recipe that it was made from."""
    for name in choices("recipe"):
        head = (ROOT / "experiments" / "recipe" / f"{name}.yaml").read_text().partition("\nname:")[0]
        assert any(source in head for source in ("[DDS]", "[NDS]", "dds_10ep")), name


def test_the_rate_warms_up_and_falls() -> None:
    """dds_100ep by hand: a tenth of 0.8 at first, in equal steps up to the cosine in epoch 6, 0.000197 in the last."""
    found = recipe("dds_100ep")
    rates = [learning_rate(found, done) for done in range(100)]
    shares = [rate / half_cosine(0.8, done / 100) for done, rate in enumerate(rates)]
    assert rates[0] == pytest.approx(0.08)
    assert shares[:7] == pytest.approx([0.1, 0.28, 0.46, 0.64, 0.82, 1, 1])
    assert rates[99] == pytest.approx(0.8 * 0.000246719, rel=1e-5)
    assert rates[5:] == sorted(rates[5:], reverse=True)


def test_without_warm_up_the_rate_is_the_cosine() -> None:
    """dds_10ep: 0.05 at first, 0.0245 of it in the last epoch."""
    found = recipe("dds_10ep")
    assert learning_rate(found, 0) == 0.05
    assert learning_rate(found, 9) == pytest.approx(0.0245 * 0.05, rel=2e-3)


def test_another_batch_size_scales_the_rate() -> None:
    """Where the rate is meant for so many images; elsewhere it stays."""
    assert load_study("demo", ["recipe=dds_100ep", "recipe.batch_size=256"]).recipe.first_lr == pytest.approx(0.2)
    assert load_study("demo", ["recipe=dds_25ep", "recipe.batch_size=256"]).recipe.first_lr == 0.1


def test_keys_of_old_runs_stay() -> None:
    """The demo's runs have the keys that they had before recipes could warm up."""
    made = plan_runs(load_study("demo"))
    assert list(made.runs) == pd.read_csv(ROOT / "results" / "demo" / "table.csv")["run"].tolist()


def test_a_warm_up_is_another_run() -> None:
    """It changes the result, and so the key."""
    plain, warm = (plan_runs(load_study("demo", ["n=1", *more])) for more in ([], ["recipe.warmup_epochs=1"]))
    assert not set(plain.runs) & set(warm.runs)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("recipe.warmup_epochs=5", "recipe.warmup_epochs = 5: give fewer than epochs = 5"),
        ("recipe.warmup_epochs=-1", "recipe.warmup_epochs = -1: give a whole number from 0"),
        ("recipe.lr_images=-1", "recipe.lr_images = -1: give a whole number from 0"),
    ],
)
def test_impossible_recipes_are_refused(override: str, message: str) -> None:
    """With the key, the value and what is allowed."""
    with pytest.raises(DsdError, match=message):
        load_study("demo", [override])
