"""Drawing, counting, fitting and analysing work where the packages that training needs are not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = ("torch", "sklearn", "submitit", "psutil", "pooch", "requests", "PIL", "hydra")
BLOCK = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
REQUIREMENTS = (Path(__file__).parents[1] / "requirements-light.txt").read_text().split()


def without(words: list[str], absent: tuple[str, ...] = ABSENT) -> subprocess.CompletedProcess[str]:
    """The program in an interpreter that cannot import these packages."""
    code = f"ABSENT = {absent!r}\n{BLOCK}\nsys.argv = {['dsd', *words]!r}\nfrom dsd.cli import main\nmain()\n"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of networks of two spaces, with errors that follow their flops."""
    import pandas as pd

    path = tmp_path_factory.mktemp("light") / "c.csv"
    done = without(["sample", "--space", "AnyNetX_D,RegNetX", "-n", "12", "-o", str(path)])
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(path)
    frame.assign(error=30 + 10 * frame["w4"] / 1024).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["spaces"],
        ["complexity", "RegNetX-400MF", "--json"],
        ["fit", "TABLE"],
        ["analyze", "TABLE"],
        ["report", "TABLE"],
    ],
    ids=lambda words: words[0],
)
def test_the_core_needs_no_training_package(words: list[str], table: Path, tmp_path: Path) -> None:
    """Each command ends well without them."""
    output = ["-o", str(tmp_path / "page.html")] if words[0] == "report" else []
    absent = tuple(name for name in ABSENT if (words[0], name) != ("report", "PIL"))  # matplotlib needs that itself
    done = without([str(table) if word == "TABLE" else word for word in words] + output, absent)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_is_one_line() -> None:
    """What needs it says which one is missing, without a traceback."""
    done = without(["launch", "demo"])
    assert done.returncode == 2
    assert any(name in done.stderr for name in ABSENT)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_light_requirements_are_those_of_setup_cfg() -> None:
    """The file lists what remains of the dependencies, each as setup.cfg has it."""
    from configparser import ConfigParser

    setup = ConfigParser()
    setup.read(Path(__file__).parents[1] / "setup.cfg")
    wanted = setup["options"]["install_requires"].split()
    heavy = ("torch", "submitit", "psutil", "pooch", "requests", "pillow", "hydra-core")
    assert [line for line in wanted if not line.startswith(heavy)] == REQUIREMENTS
