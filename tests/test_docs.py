"""What docs/spaces.md teaches works as it is printed."""

import re
import shlex
from pathlib import Path

import pytest

from dsd import load_space, sample
from dsd.design.axes import LAWS
from dsd.design.blocks import ACTIVATIONS, BLOCKS, STEMS
from dsd.design.spacefile import AnyNetFile, RegNetFile

PAGE = (Path(__file__).parents[1] / "docs" / "spaces.md").read_text()
EXAMPLES = re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", PAGE, re.S)
COMMANDS = re.findall(r"^\$ dsd (.*)$", PAGE, re.M)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples as files of the working directory."""
    for name, text in EXAMPLES:
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
    """Every key of a file, law, block, stem and activation is in the tables, and there are three worked examples."""
    assert len(EXAMPLES) == 3
    reference = PAGE.split("## Reference")[1]
    keys = {*AnyNetFile.__dataclass_fields__, *RegNetFile.__dataclass_fields__}
    for word in (*keys, *LAWS, *BLOCKS, *STEMS, *ACTIVATIONS):
        assert f"`{word}`" in reference, word
