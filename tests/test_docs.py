"""What docs/spaces.md, docs/complexity.md and docs/training.md teach works as it is printed."""

import importlib.util
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from dsd import build, complexity, load_space, network, read_table, sample
from dsd.architecture.blocks import BLOCKS
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.layers import ACTIVATIONS
from dsd.architecture.stems import STEMS
from dsd.design.families.anynet import AnyNetSchema
from dsd.design.families.regnet import RegNetSchema
from dsd.design.parameters.distributions import DISTRIBUTIONS
from dsd.sweep.backends import Slurm
from dsd.sweep.planning.config import choices, cluster_of
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe

DOCS = Path(__file__).parents[1] / "docs"
PAGE, COMPLEXITY, TRAINING = ((DOCS / name).read_text() for name in ("spaces.md", "complexity.md", "training.md"))


def examples_of(page: str) -> list[tuple[str, str]]:
    """Names and texts of the files that a page shows."""
    return re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", page, re.S)


EXAMPLES, NETWORKS = examples_of(PAGE), examples_of(COMPLEXITY)
COMMANDS = re.findall(r"^\$ dsd (.*)$", PAGE + COMPLEXITY, re.M)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples as files of the working directory."""
    for name, text in EXAMPLES + NETWORKS:
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [name for name, _ in EXAMPLES])
def test_worked_examples_are_spaces(name: str, folder: Path) -> None:
    """Each is drawn from, in its own window, and contains what it gives."""
    space = load_space(folder / name)
    assert all(space.contains(network) for network in sample(space, 20))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_work_as_shown(command: str, folder: Path, dsd) -> None:
    """Exit code 0."""
    assert dsd(*shlex.split(command)).code == 0


def test_the_reference_names_everything_there_is() -> None:
    """Every key of a file, distribution, block, stem and activation is in the tables, and there are three worked
    examples.
    """
    assert len(EXAMPLES) == 3
    reference = PAGE.split("## Reference")[1]
    keys = {*AnyNetSchema.__dataclass_fields__, *RegNetSchema.__dataclass_fields__}
    for word in (*keys, *DISTRIBUTIONS, *BLOCKS, *STEMS, *ACTIVATIONS):
        assert f"`{word}`" in reference, word


def test_the_page_on_training_names_everything_there_is() -> None:
    """Every recipe, data set and key of both is in docs/training.md."""
    names = {*choices("recipe"), *choices("data"), *Recipe.__dataclass_fields__, *DataSpec.__dataclass_fields__}
    for word in names:
        assert f"`{word}`" in TRAINING, word


def test_the_page_on_statistics_shows_what_is_printed(dsd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """docs/statistics.md: the tables are the program's, line by line; the Python block is a program."""
    page = (DOCS / "statistics.md").read_text()
    monkeypatch.chdir(DOCS.parent)
    for command, shown in re.findall(r"\$ dsd (analyze .*)\n((?:.*\n)*?)```", page):
        printed = [" ".join(line.split()) for line in dsd(*shlex.split(command)).out.splitlines()]
        assert [" ".join(line.split()) for line in shown.splitlines()] == [line for line in printed if line]
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(compile(example, "statistics.md", "exec"), {})


def test_every_figure_has_a_study_a_notebook_and_a_picture() -> None:
    """Those of the paper that show populations or networks; docs/figures.md shows each picture and study."""
    page, studies = (DOCS / "figures.md").read_text(), [name for name in choices("study") if name.startswith("fig")]
    notebooks = [path.stem for path in (DOCS.parent / "notebooks").glob("fig*.ipynb")]
    numbers = {int(number) for name in notebooks for number in re.findall(r"\d\d", name)}
    assert numbers == {int(name[3:5]) for name in studies} == {2, *range(5, 19)}
    for name in notebooks:
        assert f"](figures/{name}.png)" in page
        assert f"](../notebooks/{name}.ipynb)" in page
    for name in studies:
        assert f"`{name}`" in page


def test_the_study_on_slurm_can_be_planned(dsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/slurm.md's study; its plan is the one that the page shows, as far as no cluster has a part in it."""
    page = (DOCS / "slurm.md").read_text()
    (study,) = re.findall(r"```yaml\n(# @package.*?)```", page, re.S)
    (tmp_path / "mine.yaml").write_text(study)
    monkeypatch.chdir(tmp_path)
    planned = [" ".join(line.split()) for line in dsd("plan", "mine.yaml").out.splitlines()]
    shown = re.search(r"\$ dsd plan mine.yaml\n(.*?)```", page, re.S)[1].splitlines()
    for line in [line for line in shown if not re.search(r"/home/me|MaxArraySize|_submit|mine-…", line)]:
        assert " ".join(line.split()) in planned, line


def test_the_page_on_slurm_names_every_setting() -> None:
    """Each key of the cluster is in docs/slurm.md, and the shipped file has the defaults."""
    page, shipped = (
        (DOCS / "slurm.md").read_text(),
        (DOCS.parent / "experiments" / "cluster" / "slurm.yaml").read_text(),
    )
    for field in fields(Slurm):
        if field.name != "name":
            assert f"`{field.name}`" in page, field.name
        assert re.search(rf"^{field.name}: ", shipped, re.M), field.name
    assert cluster_of(OmegaConf.to_container(OmegaConf.create(shipped))) == Slurm()


@pytest.mark.parametrize("name", [name for name, _ in NETWORKS])
def test_example_networks_are_built(name: str, folder: Path) -> None:
    """Each file describes a network that can be built and counted."""
    assert complexity(network(str(folder / name))).params == sum(p.numel() for p in build(network(name)).parameters())


def test_the_table_of_networks_is_the_programs(dsd) -> None:
    """docs/complexity.md shows what `dsd complexity --all` prints, line by line."""
    shown = re.search(r"\$ dsd complexity --all\n(.*?)```", COMPLEXITY, re.S)[1]
    printed = [" ".join(line.split()) for line in dsd("complexity", "--all").out.splitlines()]
    assert [" ".join(line.split()) for line in shown.splitlines()] == [line for line in printed if line]


def test_the_table_of_times_is_that_of_the_results() -> None:
    """Every row is made from what was measured, in results/time/."""
    spec = importlib.util.spec_from_file_location("docs_complexity", DOCS / "complexity.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    rows = script.rows()
    assert len(rows) == len(NAMED)
    assert all(row in COMPLEXITY.splitlines() for row in [*rows, *script.machines()])


def test_the_told_trends_are_those_of_the_results() -> None:
    """Correlations and fits in docs/complexity.md are what `dsd time` tells of the tables in results/time/."""
    from dsd.cli.time import answers

    for table in ("regnetx_cpu.csv", "anynetx_a_cpu.csv"):
        for line in answers(read_table(DOCS.parent / "results" / "time" / table)):
            assert line in COMPLEXITY.splitlines(), line
