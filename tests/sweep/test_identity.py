"""A run is its network, recipe, data and seed: what was edited since the launch is refused."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from dsd import DsdError
from dsd.sweep.backends import Debug
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.results.collection import gather, write_tables
from dsd.sweep.submission import launch


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of four runs, launched on no cluster yet."""
    study = load_study("demo", ["n=2", "recipe.epochs=1", "spaces=[AnyNetX_A_cifar,RegNetX_cifar]"])
    return create(plan_runs(study), tmp_path_factory.mktemp("identity") / "sweep").folder


@pytest.fixture
def sweep(whole: Path, tmp_path: Path) -> Path:
    """A copy to be edited."""
    return shutil.copytree(whole, tmp_path / "sweep")


def edit(folder: Path, row: int, **changes: str) -> None:
    """Change cells of a row of networks.csv."""
    path = folder / "networks.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[row] |= changes
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d1": "9"}, "row 2: run r.* its row describes network n"),
        ({"key": "n0000000000000000"}, "row 2: .* not n0000000000000000"),
        ({"seed": "5"}, "row 2: run r.*: its network, recipe, data or seed has changed"),
        ({"run": "r0000000000000000"}, "row 2: run r0000000000000000: its network, recipe, data or seed has changed"),
        ({"flops": "1"}, "row 2: flops = 1: the network has "),
        ({"resolution": "32"}, "row 2: run r.* its row describes network"),
        ({"w1": "x"}, "row 2: column w1 = x: is not a number"),
        ({"run": "zzz"}, "is damaged: run = 'zzz' in line 3 is not a run key"),
        ({"seed": "one"}, "is damaged: seed = 'one' in line 3 is not a whole number"),
    ],
)
def test_an_edited_row_is_refused(sweep: Path, changes: dict[str, str], message: str) -> None:
    """By collect and by launch, with its number; nothing is trained under another network's name."""
    edit(sweep, 1, **changes)
    for ask in (
        lambda: gather(Sweep(sweep)),
        lambda: write_tables(Sweep(sweep)),
        lambda: launch(Sweep(sweep), Debug()),
    ):
        with pytest.raises(DsdError, match=f"networks.csv: {message}"):
            ask()
    assert not list((sweep / "events").iterdir())


def test_an_edited_recipe_is_refused(sweep: Path) -> None:
    """Other epochs in sweep.yaml are other runs, though its rows are untouched."""
    config = OmegaConf.load(sweep / "sweep.yaml")
    config.recipe.epochs = 7
    OmegaConf.save(config, sweep / "sweep.yaml")
    with pytest.raises(DsdError, match=r"row 1: run r.*: its network, recipe, data or seed has changed"):
        gather(Sweep(sweep))


def test_other_line_ends_are_no_edit(sweep: Path) -> None:
    """As some editors write them."""
    path = sweep / "networks.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(gather(Sweep(sweep))[0]) == 4


def exchange_spaces(lines: list[str]) -> list[str]:
    """Give each space the other's name."""
    names = {"AnyNetX_A_cifar": "RegNetX_cifar", "RegNetX_cifar": "AnyNetX_A_cifar"}
    return [",".join([names.get(cells[0], cells[0]), *cells[1:]]) for cells in (line.split(",") for line in lines)]


@pytest.mark.parametrize(
    "change",
    [
        exchange_spaces,
        lambda lines: lines[:-1],
        lambda lines: [*lines, lines[-1].replace("RegNetX_cifar", "AnyNetX_Z_cifar")],
        lambda lines: [lines[0] + ",note", *(line + ",x" for line in lines[1:])],
    ],
    ids=["spaces exchanged", "a row less", "a row more", "a column more"],
)
def test_edits_that_no_key_covers_are_refused(sweep: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Names of spaces, rows and columns, too: they decide what a population is."""
    path = sweep / "networks.csv"
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    for ask in (lambda: gather(Sweep(sweep)), lambda: launch(Sweep(sweep), Debug())):
        with pytest.raises(DsdError, match=r"networks\.csv: was edited since the launch"):
            ask()


def test_a_run_that_was_edited_while_its_job_waited_fails(sweep: Path) -> None:
    """Its job finds it, says so, and trains the others."""
    from dsd.sweep.job.executor import execute_all

    edit(sweep, 0, d1="9")
    found = Sweep(sweep)
    assert execute_all(found, tuple(found.runs), 0.0) == 3
    from dsd.sweep.results.status import StatusPoller

    status = StatusPoller(Sweep(sweep)).status()
    assert status.states[found.runs[0]] == "failed"
    assert "bad input: run r" in status.reasons[found.runs[0]]


@pytest.mark.parametrize("section", ["recipe", "data"])
@pytest.mark.parametrize("value", [None, "x", [1], {}, {"name": "a", "nope": 1}])
def test_a_section_of_another_kind_is_damage(sweep: Path, section: str, value: object) -> None:
    """One line that names file and section."""
    config = OmegaConf.to_container(OmegaConf.load(sweep / "sweep.yaml"))
    config[section] = value
    OmegaConf.save(config, sweep / "sweep.yaml")
    with pytest.raises(DsdError, match=f"sweep.yaml: is damaged: {section}"):
        gather(Sweep(sweep))


def test_the_table_says_what_was_trained_on_and_how(sweep: Path) -> None:
    """recipe and data: the same for all rows, others where something that matters is another."""
    from dataclasses import replace

    from dsd.training.run import data_label, recipe_label

    found = Sweep(sweep)
    frame, _ = gather(found)
    assert frame["recipe"].unique().tolist() == [recipe_label(found.recipe)]
    assert frame["data"].unique().tolist() == [data_label(found.data)]
    assert recipe_label(replace(found.recipe, epochs=9)) != recipe_label(found.recipe)
    assert data_label(replace(found.data, folder="/elsewhere", workers=3)) == data_label(found.data)
    assert data_label(replace(found.data, train_images=100)) != data_label(found.data)
