"""Results that come with dsd: networks and errors are as they were trained, and keys are those of their rows."""

import csv
import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dsd.architecture.rows import network_of
from dsd.design.file import space_from_spec
from dsd.io.yaml import read_mapping
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.training.run import data_label, recipe_label, run_key

RESULTS = Path(__file__).parents[1] / "results"
IDENTITIES = ("key", "run", "recipe", "data")  # hashes; each is compared with what it is of
TRAINED = {  # of all other cells, as they were before keys were made in today's way
    "cifar_quick/table.csv": "43effdbe582f8323",
    "demo/table.csv": "0196d21737bd572b",
    "digits/regimes.csv": "84923a379133cc40",
    "digits/table.csv": "99754287ab48f155",
    "ladder/epochs.csv": "d1a925f42b4c6bfb",
    "ladder/pilot.csv": "f8f56f848f5025c0",
    "ladder/table.csv": "671188781ba1b051",
    "time/anynetx_a_cpu.csv": "e287d2f889f1ea3a",
    "time/regnetx_cpu.csv": "d3b71dabfaa59291",
}


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a stored table, as text."""
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", sorted(str(path.relative_to(RESULTS)) for path in RESULTS.glob("*/*.csv")))
def test_networks_and_errors_are_as_they_were_trained(name: str) -> None:
    """Every cell but the identities, in their order."""
    cells = [[value for column, value in row.items() if column not in IDENTITIES] for row in rows_of(name)]
    assert hashlib.sha256(repr(cells).encode()).hexdigest()[:16] == TRAINED[name]


@pytest.mark.parametrize("name", [name for name in TRAINED if name != "ladder/epochs.csv"])
def test_keys_are_those_of_the_rows(name: str) -> None:
    """Of each network, and of each run where its recipe and data are stored beside the table."""
    for row in rows_of(name):
        assert network_of(row).key == row["key"]
        if "run" in row:
            recipe, data = trained_by(name, row)
            assert run_key(row["key"], recipe, data, int(row["seed"])) == row["run"]
            if "recipe" in row:
                assert (row["recipe"], row["data"]) == (recipe_label(recipe), data_label(data))


@cache
def config_of(path: Path) -> dict[str, Any]:
    """A stored sweep.yaml, read once: that takes a second."""
    return read_mapping(path, "")


def trained_by(name: str, row: dict[str, str]) -> tuple[Recipe, DataSpec]:
    """Recipe and data of a row."""
    sweep = RESULTS / name.replace("table.csv", "sweep.yaml").replace("regimes.csv", "regimes_sweep.yaml")
    if not name.endswith("pilot.csv"):
        config = config_of(sweep)
        return Recipe(**config["recipe"]), DataSpec(**config["data"])
    config = config_of(RESULTS / "ladder/sweep.yaml")  # docs/ladder.md says what was varied
    varied: dict[str, Any] = {
        "lr": float(row["lr"]),
        "batch_size": int(row["batch_size"]),
        "precise_bn_images": int(row["precise_bn_images"]),
    }
    return Recipe(**{**config["recipe"], **varied}), replace(DataSpec(**config["data"]), train_images=5000)


def test_curves_are_of_the_runs_of_the_table() -> None:
    """Every run of epochs.csv is one of table.csv, and the other way round."""
    assert {row["run"] for row in rows_of("ladder/epochs.csv")} == {row["run"] for row in rows_of("ladder/table.csv")}


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*/*sweep.yaml")), ids=lambda path: str(path.parent.name))
def test_spaces_of_stored_sweeps_can_be_read(path: Path) -> None:
    """Each gives a space that draws."""
    for name, spec in read_mapping(path, "")["spaces"].items():
        assert space_from_spec(name, spec).info.spec["family"] == spec["family"]
