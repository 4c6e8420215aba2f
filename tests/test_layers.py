"""Imports point one way, every third-party package has its home, and what should start at once loads nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dsd"
BASE = {"errors", "paths", "runs", "arrays", "identity", "io", "processes", "texts", "typed", "_version"}
# layer: the layers and the third-party packages it may import
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "paths": ({"errors"}, set()),
    "runs": (set(), set()),
    "arrays": (set(), {"numpy", "scipy"}),
    "identity": (set(), set()),
    "processes": (set(), set()),
    "texts": (set(), set()),
    "typed": ({"errors"}, set()),
    "_version": (set(), set()),
    "__init__": ({"_version"}, set()),
    # pandas where tables are read, pyarrow where they are .parquet
    "io": ({"errors", "arrays", "paths", "texts"}, {"numpy", "pandas", "pyarrow", "omegaconf", "yaml"}),
    "architecture": (BASE, {"numpy", "pandas"}),
    # pandas where a population is asked for its frame
    "design": (BASE | {"architecture"}, {"numpy", "omegaconf", "pandas"}),
    "models": (BASE | {"architecture"}, {"torch", "pandas"}),
    # draws of a population's space, for adjusted means
    "analysis": (BASE | {"architecture", "design"}, {"numpy", "scipy", "pandas"}),
    "training": (BASE | {"architecture", "models"}, {"numpy", "torch", "PIL", "pooch", "requests"}),
    "figures": (
        BASE | {"architecture", "design", "analysis"},
        {"numpy", "pandas", "matplotlib", "jinja2", "markupsafe"},
    ),
    "sweep": (
        BASE | {"architecture", "design", "models", "analysis", "training"},
        {"numpy", "pandas", "omegaconf", "torch", "submitit", "psutil"},
    ),
    # the one room that knows hydra
    "sweep/planning": (BASE | {"architecture", "design", "sweep", "training"}, {"numpy", "omegaconf", "hydra"}),
    "cli": (
        BASE | {"architecture", "design", "models", "analysis", "training", "figures", "sweep"},
        {"click", "rich"},
    ),
}
FREE = {"__main__"}
LAZY = "lazy_loader"  # of the front doors, `__init__.py`, whose stubs name what they load


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it; imports for type checkers only do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer"
            yield f"{node.module}"
        else:
            yield from imported(node)


def violations(package: Path) -> list[str]:
    """Every import that the table does not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).with_suffix("")
        layer = place.parts[0]
        if place.name in FREE:
            continue
        layers, packages = LAYERS.get("/".join(place.parts[:2])) or LAYERS[layer]
        for name in imported(ast.parse(path.read_text())):
            top, *rest = name.split(".")
            if top == "dsd":
                allowed = bool(rest) and rest[0] in layers | {layer}
            else:
                allowed = top in packages | {LAZY} or top in sys.stdlib_module_names
            if not allowed:
                found.append(f"{path.relative_to(package)} imports {name}")
    return found


def test_imports_point_one_way() -> None:
    """No module imports a layer above it, or a package that has its home elsewhere."""
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("design/wrong.py", "import torch"),
        ("design/wrong.py", "from dsd.models.anynet import build"),
        ("analysis/wrong.py", "def f():\n    from dsd.sweep import plan"),
        ("sweep/wrong.py", "import hydra.core"),
        ("sweep/job/wrong.py", "import hydra"),
        ("training/wrong.py", "import dsd"),
    ],
)
def test_the_test_above_can_fail(place: str, line: str, tmp_path: Path) -> None:
    """A wrong import is found, also inside a function."""
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    assert len(violations(tmp_path)) == 1


HEAVY = {"torch", "hydra", "submitit", "pandas", "scipy", "matplotlib", "sklearn", "jinja2"}
LIGHT = {
    "import dsd": HEAVY | {"numpy", "omegaconf", "click"},
    "from dsd.cli import main; import sys; sys.argv = ['dsd', '--help']; main()": HEAVY | {"numpy", "rich"},
    "from dsd.cli import main; import sys; sys.argv = 'dsd sample --space RegNetX -n 2'.split(); main()": HEAVY,
    "from dsd.cli import main; import sys; sys.argv = 'dsd complexity RegNetX-400MF --json'.split(); main()": HEAVY,
    "from dsd.cli import main; import sys; sys.argv = 'dsd complexity --all'.split(); main()": HEAVY,
    "import dsd.analysis.summary, dsd.figures.report.page": {"torch", "hydra", "submitit", "sklearn"},
    "import dsd.sweep.results.status, dsd.sweep.results.collection": {
        "torch",
        "hydra",
        "matplotlib",
        "sklearn",
        "scipy",
    },
}


def loaded(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded at the end of a statement."""
    code = (
        f"import atexit, sys\n"
        f"atexit.register(lambda: print('LOADED', *{{name.split('.')[0] for name in sys.modules}}))\n{statement}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


@pytest.mark.parametrize("statement", list(LIGHT))
def test_what_should_be_light_is(statement: str) -> None:
    """None of the packages that the statement does not need is loaded."""
    assert loaded(statement) & LIGHT[statement] == set()


def test_the_light_test_can_fail() -> None:
    """Using a model loads torch, and the probe sees it."""
    assert "torch" in loaded("import dsd; dsd.build")


def graph(package: Path) -> dict[str, set[str]]:
    """For each module the modules of the package that it imports, wherever in it."""
    paths = {".".join(path.relative_to(package.parent).with_suffix("").parts): path for path in package.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    found = {}
    for name, path in modules.items():
        named = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                named |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        found[name] = {one for one in named if one in modules and one != name and not name.startswith(f"{one}.")}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even inside functions, or for type checkers."""
    tuple(TopologicalSorter(graph(PACKAGE)).static_order())


def test_a_circle_is_found(tmp_path: Path) -> None:
    """Two modules that import each other, one of them inside a function."""
    (tmp_path / "dsd").mkdir()
    (tmp_path / "dsd" / "a.py").write_text("from dsd.b import x\n")
    (tmp_path / "dsd" / "b.py").write_text("def f():\n    from dsd import a\n")
    with pytest.raises(CycleError):
        tuple(TopologicalSorter(graph(tmp_path / "dsd")).static_order())


def test_every_folder_is_a_package_of_the_wheel() -> None:
    """setup.cfg lists the folders that have an `__init__.py`, and the two that stand at the top of the checkout."""
    from configparser import ConfigParser

    setup = ConfigParser()
    setup.read(PACKAGE.parent / "setup.cfg")
    listed = {name for name in setup["options"]["packages"].split() if not name.startswith(("dsd.spaces", "dsd.exp"))}
    folders = {path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("__init__.py")}
    assert listed == {".".join(folder.parts) for folder in folders}
