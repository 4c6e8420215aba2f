"""What the README shows works as it is printed."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(dsd .*?)(?: {2,}.*)?$", "\n".join(re.findall(r"```(?:sh)?\n(.*?)```", README, re.S)), re.M)
QUICK = [c for c in COMMANDS if c.split()[1] in ("spaces", "sample", "complexity", "plan")]


def test_the_readme_shows_every_command() -> None:
    """Each command of the program occurs, and none that it lacks."""
    from dsd.cli import COMMANDS as known

    assert {command.split()[1] for command in COMMANDS} == set(known)


@pytest.mark.parametrize("command", QUICK)
def test_quick_commands_work_as_shown(command: str, dsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0; commands that train are shown by `make demo` and tests/cli."""
    monkeypatch.chdir(tmp_path)
    words = [*shlex.split(command)[1:], *(["--no-time"] if "--compare" in command else [])]  # minutes on a CPU
    assert dsd(*words).code == 0


def test_the_table_of_spaces_is_the_programs(dsd) -> None:
    """The README shows what `dsd spaces --distinct` prints, row by row, up to the columns that it leaves out."""
    shown = re.search(r"```\n\$ dsd (spaces .*)\n(space .*\n)((?:.*\n)*?)```", README)
    printed = [" ".join(line.split()) for line in dsd(*shlex.split(shown[1])).out.splitlines()]
    for line in shown[3].splitlines():
        assert any(found.startswith(" ".join(line.split())) for found in printed), line


def test_links_lead_somewhere() -> None:
    """Every relative link of README, CONTRIBUTING and docs names a file."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).stat().st_size > 200, f"{page.name}: {target}"


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Python blocks of the README are programs; one reads a stored table."""
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.chdir(tmp_path)
    for example in re.findall(r"```python\n(.*?)```", README, re.S):
        exec(compile(example, "README.md", "exec"), {})
