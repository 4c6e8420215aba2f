"""Identities are made of the values that differ from their defaults; the defaults are frozen here."""

from dataclasses import asdict, dataclass, make_dataclass

from dsd.architecture.skeleton import Skeleton
from dsd.design.file import load_space
from dsd.identity import digest, not_default
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.training.run import data_label, recipe_label, run_key


@dataclass(frozen=True)
class Cake:
    """A record of values."""

    flour: str
    eggs: int = 2


def test_a_later_field_leaves_identities_as_they_were() -> None:
    """Where it has its default; another value is another identity."""
    later = make_dataclass("Later", [("sugar", int, 0), ("nuts", tuple[str, ...], ())], bases=(Cake,), frozen=True)
    assert digest(not_default(later("rye"))) == digest(not_default(Cake("rye")))
    assert digest(not_default(later("rye", sugar=1))) != digest(not_default(Cake("rye")))
    assert not_default(later("rye", 3, nuts=("pecan",))) == {"flour": "rye", "eggs": 3, "nuts": ("pecan",)}


def test_fields_without_a_default_count_and_some_can_be_left_out() -> None:
    """Whatever their values."""
    assert not_default(Cake("", 2)) == {"flour": ""}
    assert not_default(Cake("rye", 5), leave_out=("eggs",)) == {"flour": "rye"}


def test_defaults_are_frozen() -> None:
    """Another default would give its runs and networks the keys of others: add a field instead."""
    assert asdict(Skeleton()) == {
        "block": "X",
        "stem": "simple",
        "strides": (2, 2, 2, 2),
        "activation": "relu",
        "kernels": (),
        "stem_width": 0,
        "head_width": 0,
    }
    assert asdict(Recipe("one", epochs=1, lr=1.0, batch_size=2)) == {
        "name": "one",
        "epochs": 1,
        "lr": 1.0,
        "batch_size": 2,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 5e-5,
        "lr_update": "epoch",
        "precise_bn_images": 8192,
        "warmup_epochs": 0,
        "lr_images": 0,
        "precision": "float32",
        "micro_batch": 0,
    }
    assert asdict(DataSpec("digits", 8)) == {
        "name": "digits",
        "resolution": 8,
        "classes": 0,
        "folder": "",
        "train_images": 0,
        "test_images": 0,
        "flip": False,
        "shift": 0,
        "url": "",
        "area": 0.0,
        "lighting": 0.0,
        "test_side": 0,
        "workers": 0,
        "skip_broken": False,
        "available": 0,
        "fingerprint": "",
        "fill": "black",
    }


def test_identities_are_frozen() -> None:
    """Of a run, its recipe and data, and of a space: tables written years ago still mean the same."""
    recipe, data = Recipe("one", epochs=1, lr=0.1, batch_size=32, nesterov=False), DataSpec("digits", 8, flip=True)
    assert run_key("n0", recipe, data, 7) == "r9a8a56e1f01def00"
    assert (recipe_label(recipe), data_label(data)) == ("one-7884118a", "digits-a167ac99")
    assert load_space("AnyNetX_A").info.hash == "sad6f34ecfcfdbe5c"


def test_all_images_are_written_in_one_way() -> None:
    """Their number, where it is known, and 0 are the same runs; fewer are others."""
    recipe = Recipe("one", epochs=1, lr=0.1, batch_size=32)
    every, counted, fewer = (
        DataSpec("digits", 8, train_images=n, test_images=m) for n, m in ((0, 0), (1297, 500), (9, 9))
    )
    assert run_key("n0", recipe, every, 0) == run_key("n0", recipe, counted, 0) != run_key("n0", recipe, fewer, 0)
    folder = DataSpec("folder", 8, folder="images", train_images=40, available=40)
    assert folder.train_images == 0
    assert folder.images == 40
