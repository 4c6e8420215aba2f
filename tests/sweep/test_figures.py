"""Studies of the paper's figures, and of several regimes. Oracle: what the paper says of each."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError
from dsd.sweep.planning.config import choices, load_study
from dsd.sweep.planning.plans import plan_runs

STUDIES = [name for name in choices("study") if name.startswith("fig")]
EPOCHS = {"fig10_epochs": 50, "fig11": 25, "fig12": 25, "fig13": 25, "fig14": 25} | dict.fromkeys(
    ("fig15", "fig16", "fig17", "fig18"), 100
)


@pytest.mark.parametrize("name", STUDIES)
def test_a_figures_study_is_priced_without_images(name: str, dsd) -> None:
    """On ImageNet, with the recipe of its section; five networks of each space are drawn in its windows."""
    found = dsd("plan", name, "n=5", "--json")
    assert found.code == 0, found.err
    study = load_study(name, ["n=5"], images=False)
    assert (study.data.images, study.data.classes, study.data.resolution) == (1_281_167, 1000, 224)
    assert study.recipe.epochs == EPOCHS.get(name, 10)
    told = json.loads(found.out)
    assert told["training_flops"] > 3 * study.recipe.epochs * 1_281_167 * 5 * 1e8
    expected = len(study.spaces) * max(len(study.regimes), 1) + len(study.networks)
    assert len(told["spaces"]) == expected


def test_section_3_has_500_networks_of_each_space_in_its_window() -> None:
    """n, window and recipe as printed in [DDS] §3.1 and footnote 5."""
    for name in ("fig02", "fig05", "fig06", "fig07", "fig08", "fig09"):
        study = load_study(name, images=False)
        assert (study.n, study.flops) == (500, "360M:400M")
        assert (study.recipe.lr, study.recipe.batch_size, study.recipe.weight_decay) == (0.05, 128, 5e-5)


def test_launching_wants_the_images(dsd, tmp_path: Path) -> None:
    """One line that names the folder; nothing is left behind."""
    refused = dsd("launch", "fig02", "n=1", f"data.folder={tmp_path / 'none'}", "-o", tmp_path / "sweep")
    assert refused.code == 2
    assert f"data.folder = {tmp_path / 'none'}: there is no such folder" in refused.err
    assert not (tmp_path / "sweep").exists()


def test_each_regime_is_a_population(tmp_path: Path) -> None:
    """Named by space and window, inside it, and each drawn with a seed of its own."""
    overrides = ['regimes=["100K:200K","200K:400K"]', "spaces=[RegNetX_cifar,AnyNetX_A_cifar]", "n=6"]
    made = plan_runs(load_study("demo", overrides))
    frame = pd.concat([pd.DataFrame(table) for table in made.tables])
    assert frame["space"].unique().tolist() == [
        f"{space} {window}" for space in ("RegNetX_cifar", "AnyNetX_A_cifar") for window in ("100K:200K", "200K:400K")
    ]
    low, high = (frame[frame["space"] == f"RegNetX_cifar {window}"]["flops"] for window in ("100K:200K", "200K:400K"))
    assert low.between(100e3, 200e3).all()
    assert high.between(200e3, 400e3).all()
    assert len(set(made.sample_seeds.values())) == 4
    assert set(made.specs) == set(frame["space"])
    assert np.unique(frame["run"]).size == 24


def test_regimes_that_are_none_are_refused() -> None:
    """A window that cannot be read, or one twice."""
    for regimes, message in (("[x]", "regimes: 'x'"), ('["1K:2K","1K:2K"]', "give each once")):
        with pytest.raises(DsdError, match=message):
            load_study("demo", [f"regimes={regimes}"])


def test_a_sweep_of_regimes_is_collected_by_regime(dsd, tiny: Path, tmp_path: Path) -> None:
    """Launched, collected and launched again: the same sweep, a population for each regime."""
    overrides = ('regimes=["100K:200K","200K:300K"]', "spaces=[RegNetX_cifar]", "n=1", "cluster=debug")
    path = tmp_path / "sweep"
    assert dsd("launch", tiny, *overrides, "-o", path).code == 0
    assert "0 runs submitted" in dsd("launch", tiny, *overrides, "-o", path).err
    found = json.loads(dsd("analyze", path, "--json").out)
    assert [one["name"] for one in found["populations"]] == ["RegNetX_cifar 100K:200K", "RegNetX_cifar 200K:300K"]
    refused = dsd("launch", tiny, "spaces=[RegNetX_cifar]", "n=1", "cluster=debug", "-o", path)
    assert refused.code == 2
