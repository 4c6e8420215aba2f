"""Studies of given networks, and what a job may use. Oracles: the networks' own keys, and a draw put into a table."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, complexity, load_space, network, sample
from dsd.sweep.backends import Debug, Local, local
from dsd.sweep.job.supervisor import WorkerPool
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.learning_curves import as_csv, curves_frame
from dsd.sweep.results.status import StatusPoller
from dsd.sweep.submission import launch


def test_the_reference_study_trains_the_papers_networks() -> None:
    """ResNet-56 and -110 for CIFAR-10, each a population of its own, 200 epochs from lr 0.1."""
    made = plan_runs(load_study("nds_resnets"))
    assert [table["space"].tolist() for table in made.tables] == [["ResNet-56"], ["ResNet-110"]]
    assert [table["key"][0] for table in made.tables] == [network(name).key for name in ("ResNet-56", "ResNet-110")]
    assert made.tables[0]["flops"][0] == complexity(network("ResNet-56")).flops
    recipe = made.study.recipe
    assert (recipe.epochs, recipe.first_lr, recipe.weight_decay) == (200, 0.1, 5e-4)
    assert made.training_flops == 3 * 200 * 50_000 * sum(int(table["flops"][0]) for table in made.tables)


def test_seeds_make_a_population_of_one_network() -> None:
    """Five trainings of the same network are five runs of one population."""
    made = plan_runs(load_study("demo", ["spaces=[]", "networks=[ResNet-56]", "seeds=[0,1,2,3,4]"]))
    assert [table["seed"].tolist() for table in made.tables] == [[0], [1], [2], [3], [4]]
    assert {table["key"][0] for table in made.tables} == {network("ResNet-56", 8, 10).key}
    assert len(set(made.runs)) == 5


def test_seeds_of_some_networks_of_a_table(tmp_path: Path) -> None:
    """The first `seeds_n` of a given population are its first rows, whatever families these are of."""
    names = ("AnyNetX_A_cifar", "RegNetX_cifar", "NDS_ResNet")
    drawn = [sample(load_space(name), 2, flops=":20M", resolution=32, classes=10).frame for name in names]
    pd.concat(drawn).assign(space="mine").to_csv(tmp_path / "c.csv", index=False)
    words = ["spaces=[]", f"networks=[{tmp_path / 'c.csv'}]", "seeds=[0,1]", "data.resolution=32"]
    made = plan_runs(load_study("demo", [*words, "seeds_n=3"]))
    keys, seeds = (np.concatenate([table[name] for table in made.tables]).tolist() for name in ("key", "seed"))
    assert seeds == [0] * 6 + [1] * 3
    assert keys[6:] == keys[:3]
    assert plan_runs(load_study("demo", [*words, "seeds_n=6"])).runs == plan_runs(load_study("demo", words)).runs


def test_a_table_of_a_draw_is_the_draw(tmp_path: Path) -> None:
    """The networks of a written population have the keys they have as a space's draw, and keep what was drawn."""
    population = sample(load_space("RegNetX_cifar"), 5, flops="200K:400K", resolution=8, seed=3)
    population.frame.to_csv(tmp_path / "c.csv", index=False)
    made = plan_runs(load_study("demo", ["spaces=[]", f"networks=[{tmp_path / 'c.csv'}]"]))
    (table,) = made.tables
    assert table["space"].tolist() == ["RegNetX_cifar"] * 5
    assert table["key"].tolist() == population.frame["key"].tolist()
    assert table["sampled_w_m"].tolist() == population.frame["sampled_w_m"].tolist()
    assert table["source_key"].tolist() == population.frame["key"].tolist()
    other = plan_runs(load_study("demo", ["spaces=[]", f"networks=[{tmp_path / 'c.csv'}]", "data.classes=11"]))
    assert set(other.tables[0]["key"]).isdisjoint(population.frame["key"])
    assert other.tables[0]["source_key"].tolist() == population.frame["key"].tolist()
    sweep = create(made, tmp_path / "sweep")
    assert [sweep.run(row).network.key for row in sweep.networks.to_dict("records")] == table["key"].tolist()


def test_a_row_of_a_table_keeps_what_was_drawn(tmp_path: Path) -> None:
    """TABLE:KEY is the run that the whole table's study plans for that row: the same key, with its lr and decay."""
    drawn = sample(load_space("RegNetX_lr_wd"), 3, flops=":300M", resolution=32, classes=10).frame
    drawn.to_csv(tmp_path / "c.csv", index=False)
    words = ["spaces=[]", "data=cifar10"]
    whole = plan_runs(load_study("demo", [*words, f"networks=[{tmp_path / 'c.csv'}]"]))
    key = drawn["key"][1]
    one = plan_runs(load_study("demo", words, networks=(f"{tmp_path / 'c.csv'}:{key[:9]}",)))
    assert one.runs == [whole.runs[1]]
    assert one.tables[0]["space"].tolist() == [key]
    assert one.tables[0]["lr"].tolist() == [drawn["lr"][1]]


def test_networks_stand_beside_spaces_under_other_names(tmp_path: Path) -> None:
    """A table of a space that the study draws from, too, would mix two populations: refused."""
    population = sample(load_space("RegNetX_cifar"), 2, flops="200K:400K", resolution=8)
    population.frame.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(DsdError, match="RegNetX_cifar is also the name of a space"):
        plan_runs(load_study("demo", [f"networks=[{tmp_path / 'c.csv'}]"]))
    made = plan_runs(load_study("demo", ["n=1", "networks=[ResNet-56]"]))
    assert [table["space"][0] for table in made.tables][-1] == "ResNet-56"


def test_a_collected_sweep_has_its_epochs(tiny: Path, tmp_path: Path) -> None:
    """epochs.csv: a row a run and epoch, the last of which is the run's result."""
    study = load_study(str(tiny), ["n=1", "recipe.epochs=2"])
    sweep = create(plan_runs(study), tmp_path / "sweep")
    launch(sweep, Debug())
    frame, _ = write_tables(sweep)
    epochs = pd.read_csv(sweep.folder / "epochs.csv")
    assert epochs.groupby("run").size().tolist() == [2, 2]
    last = epochs[epochs["epoch"] == 2].set_index("run")
    for row in frame.itertuples():
        assert (row.error, row.top5_error, row.loss) == (
            last.error[row.run],
            last.top5_error[row.run],
            pytest.approx(last.loss[row.run], rel=1e-12),
        )
        assert 0 <= row.top5_error <= row.error
        assert row.best_error == epochs[epochs["run"] == row.run]["error"].min()
    records = StatusPoller(sweep).status().records
    assert as_csv(records) == curves_frame(records).to_csv(index=False)  # oracle: pandas


@pytest.mark.parametrize(
    ("settings", "gpus", "runs", "places", "share"),
    [
        ({}, "0,1", 9, ["0", "1"], 1.0),
        ({"runs_per_gpu": 3}, "0,1", 9, ["0", "1", "0", "1", "0", "1"], 0.3),
        ({"runs_per_gpu": 3}, "5", 2, ["5", "5"], 0.3),
        ({"runs_per_gpu": 2, "workers": 1}, "0,1", 9, ["0"], 0.45),
        ({"workers": 4}, "0,1", 9, ["0", "1", "0", "1"], 0.45),
    ],
)
def test_runs_share_gpus(monkeypatch, tmp_path: Path, settings, gpus: str, runs: int, places, share: float) -> None:
    """As many workers as asked for on each GPU in turn, each with its share of the memory; no more than runs."""
    started: list[WorkerPool] = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    monkeypatch.setattr(local, "start", lambda pool, then: started.append(pool))
    cluster = Local(**settings, checkpoint_min=2)
    costs = {str(run): 1.0 for run in range(runs)}
    list(cluster.submit(tmp_path, costs, (), 0.0))
    assert [gpu for pool in started for gpu in pool.gpus] == places
    assert [pool.settings.gpu_share for pool in started] == pytest.approx([share] * len(places))
    assert {pool.settings.checkpoint_s for pool in started} == {120}
    assert f"shared by {len(places)} background workers" in cluster.split(costs)


def test_a_tables_recipe_is_kept(tmp_path: Path) -> None:
    """Learning rate and weight decay of a table's rows are trained with, as in a study of the space itself."""
    drawn = sample(load_space("RegNetX_lr_wd"), 2, flops=":300M", resolution=32, classes=10)
    drawn.frame.to_csv(tmp_path / "c.csv", index=False)
    made = plan_runs(load_study("demo", ["spaces=[]", f"networks=[{tmp_path / 'c.csv'}]", "data=cifar10"]))
    sweep = create(made, tmp_path / "sweep")
    for row, lr in zip(sweep.networks.to_dict("records"), drawn.frame["lr"], strict=True):
        assert sweep.run(row).recipe == replace(
            made.study.recipe, lr=float(lr), weight_decay=float(row["weight_decay"])
        )
        assert pd.notna(lr)
