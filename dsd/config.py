"""Studies as hydra composes them, turned into frozen dataclasses: the one place that knows hydra.

hydra only composes; jobs are submitted by `dsd.sweep.launch`.
"""

import difflib
import tempfile
from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dsd.errors import DsdError, known
from dsd.paths import shipped
from dsd.sweep.clusters import CLUSTERS, Cluster
from dsd.sweep.plan import Study
from dsd.training.data.settled import settled
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe

Settings = TypeVar("Settings", Recipe, DataSpec, Cluster)


def choices(group: str) -> list[str]:
    """The names of a group of `experiments/`: study, recipe, data or cluster."""
    return sorted(path.stem for path in (shipped("experiments") / group).glob("*.yaml"))


def load_study(name: str, overrides: Sequence[str] = (), networks: tuple[str, ...] = (), images: bool = True) -> Study:
    """The study of a name of `experiments/study/` or of a file, with overrides such as `n=100 recipe.lr=0.1`.

    Args:
        networks: instead of those that the study names, if any
        images: whether the images have to be there; without them a study can be priced, if its data says how many
            there are

    Raises:
        DsdError: the study, a group's choice or a key is not known, or a value is not allowed
    """
    file = Path(name)
    if file.suffix in (".yaml", ".yml"):
        return study_of(composed_file(file, overrides), name, networks, images)
    if name not in choices("study"):
        near = [one for one in choices("study") if one.startswith(name)]
        near = near or difflib.get_close_matches(name, choices("study"))
        hint = f"did you mean {known(near)}? " if near else ""
        raise DsdError(f"study {name} is not known; {hint}give a .yaml file or one of: {known(choices('study'))}")
    return study_of(composed(name, overrides, name), name, networks, images)


def composed_file(file: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """The study of a file, which hydra has to find in a folder called `study`, under a name it can parse."""
    if not file.is_file():
        raise DsdError(f"study {file}: there is no such file")
    try:
        OmegaConf.load(file)
    except Exception as error:  # what a YAML parser may raise is not a closed list
        raise DsdError(f"study {file}: is not YAML: {' '.join(str(error).split())}") from error
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "study" / "from_a_file.yaml"
        copy.parent.mkdir()
        copy.write_text(file.read_text())
        return composed(copy.stem, overrides, str(file), search=folder)


def composed(study: str, overrides: Sequence[str], place: str, search: str = "") -> dict[str, Any]:
    """The study as hydra composes it, resolved; `place` is what messages call it."""
    for override in overrides:
        if "=" not in override:
            raise DsdError(f"override {override!r}: write key=value, for example n=100")
    paths = [f"hydra.searchpath=[file://{search}]"] if search else []
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(shipped("experiments")), version_base="1.3"):
            config = compose("config", [f"study={study}", *paths, *overrides])
        if config.get("study"):
            raise DsdError(f"study {place}: its first line must be '# @package _global_', or its keys are not found")
        content = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (
        HydraException,
        OmegaConfBaseException,
        ValueError,
        RecursionError,
    ) as error:  # data=null; a loop of defaults
        raise DsdError(f"study {place}: {explained(error)}") from error
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def explained(error: Exception) -> str:
    """hydra's message in one line, with the keys or choices that are known."""
    if isinstance(error, MissingConfigException) and error.options:
        return f"{error.missing_cfg_file} is not known; choose one of: {known(error.options)}"
    reason = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(reason, ConfigKeyError | ConfigAttributeError) and reason.parent_node is not None:
        return f"{reason.full_key} is not a key; known keys are: {known(reason.parent_node)}"
    return str(error).splitlines()[0]


def study_of(content: dict[str, Any], place: str, networks: tuple[str, ...] = (), images: bool = True) -> Study:
    """A composed study as a dataclass; every key and value is checked."""
    content = {key: value for key, value in content.items() if key != "study"}
    if networks:
        content["networks"] = list(networks)
    try:
        data = settings(DataSpec, content.pop("data"), "data")
        if data.folder:  # a job may start elsewhere, and the sweep go on from another folder
            data = replace(data, folder=str(Path(data.folder).expanduser().resolve()))
        if images or Path(data.folder).exists() or not (data.classes and data.available):
            data = settled(data)
        return Study(
            recipe=settings(Recipe, content.pop("recipe"), "recipe"),
            data=data,
            cluster=cluster_of(content.pop("cluster")),
            **{key: typed(Study, key, value) for key, value in content.items()},
        )
    except DsdError as error:
        raise DsdError(f"study {place}: {error}") from error


def cluster_of(content: dict[str, Any]) -> Cluster:
    """The settings of a cluster; its name says which."""
    if not isinstance(content, dict) or content.get("name") not in CLUSTERS:
        raise DsdError(f"cluster = {content} is not known; choose one of: {known(CLUSTERS)}")
    return settings(CLUSTERS[content["name"]], content, "cluster")


def settings(kind: type[Settings], content: dict[str, Any], place: str) -> Settings:
    """A group of settings as its dataclass."""
    if not isinstance(content, dict):
        raise DsdError(f"{place} = {content} is not one of: {known(choices(place))}")
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in content]
    if missing:
        raise DsdError(f"{place}.{missing[0]} is missing; known keys are: {known(f.name for f in fields(kind))}")
    return kind(**{key: typed(kind, key, value, f"{place}.") for key, value in content.items()})


def typed(kind: type[Any], key: str, value: Any, prefix: str = "") -> Any:
    """The value as the type of the dataclass' field of that name.

    Raises:
        DsdError: there is no such field, or the value is of another type
    """
    types = get_type_hints(kind)
    if key not in types:
        raise DsdError(f"{prefix}{key} is not a key; known keys are: {known(types)}")
    wanted = types[key]
    if wanted in (tuple[str, ...], tuple[int, ...]):
        inner = str if wanted == tuple[str, ...] else int
        values = value if isinstance(value, list) else [value]
        if all(isinstance(item, inner) and not isinstance(item, bool) for item in values):
            return tuple(values)
    elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)):
        return value
    name = getattr(wanted, "__name__", "") if not getattr(wanted, "__args__", ()) else "list"
    raise DsdError(f"{prefix}{key} = {value!r} is not of type {name}")
