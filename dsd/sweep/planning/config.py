"""Compose studies with Hydra and convert them to frozen dataclasses. Only this module and `overrides` import Hydra.

Hydra only composes; `dsd.sweep.submission` submits the jobs.
"""

import difflib
import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dsd.errors import DsdError, known
from dsd.io.yaml import check_finite, check_numbers, environment_of, one_line, read_text
from dsd.paths import shipped
from dsd.sweep.backends import CLUSTERS, Cluster
from dsd.sweep.planning.overrides import as_hydra_reads, types_of
from dsd.sweep.planning.study import Study
from dsd.training.data.resolve import resolve_data
from dsd.training.data.spec import DataSpec
from dsd.training.recipe import Recipe
from dsd.typed import converted, from_mapping, quoted

Settings = TypeVar("Settings", Recipe, DataSpec, Cluster)
KINDS = {"": (Study,), "recipe": (Recipe,), "data": (DataSpec,), "cluster": tuple(CLUSTERS.values())}
TYPES = types_of(KINDS)  # the type of each key that can be overridden


def choices(group: str) -> list[str]:
    """List the options of a config group in `experiments/`: study, recipe, data or cluster."""
    return sorted(path.stem for path in (shipped("experiments") / group).glob("*.yaml"))


def load_study(name: str, overrides: Sequence[str] = (), networks: tuple[str, ...] = (), images: bool = True) -> Study:
    """Load a study from `experiments/study/` by name, or from a file, with overrides such as `n=100 recipe.lr=0.1`.

    Args:
        networks: if given, replace the networks of the study
        images: whether the images must exist; without them the cost can be estimated if the data settings give
            the number of classes and images

    Raises:
        DsdError: the study, a group's option or a key is unknown, or a value is not allowed
    """
    file = Path(name)
    if file.suffix in (".yaml", ".yml"):
        return study_of(composed_file(file, overrides), name, networks, images)
    if name not in choices("study"):
        near = [choice for choice in choices("study") if choice.startswith(name)]
        near = near or difflib.get_close_matches(name, choices("study"))
        hint = f"did you mean {known(near)}? " if near else ""
        raise DsdError(f"study {name} is not known; {hint}give a .yaml file or one of: {known(choices('study'))}")
    return study_of(composed(name, overrides, name), name, networks, images)


def composed_file(file: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Compose the study in a file. Hydra needs it in a folder named `study`, under a name that Hydra can parse."""
    try:
        text = check_numbers(file, read_text(file), understood=("time_min",))
    except DsdError as error:
        raise DsdError(f"study {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "study" / "from_a_file.yaml"
        copy.parent.mkdir()
        copy.write_text(text)
        try:
            return composed(copy.stem, overrides, str(file), search=folder)
        except DsdError as error:  # the user does not know the copy
            text = re.sub(rf"In 'study/{copy.stem}': | ?Config search path: .*", "", str(error))
            raise DsdError(text.replace(f"study/{copy.stem}", str(file)).replace(str(copy), str(file))) from error


def composed(study: str, overrides: Sequence[str], source: str, search: str = "") -> dict[str, Any]:
    """Compose a study with Hydra and resolve it.

    Args:
        source: name of the study in error messages
        search: folder to add to Hydra's search path; "" adds none
    """
    words = [as_hydra_reads(override, TYPES) for override in overrides]
    paths = [f"hydra.searchpath=[file://{search}]"] if search else []
    GlobalHydra.instance().clear()
    try:
        with environment_of(), initialize_config_dir(str(shipped("experiments")), version_base="1.3"):
            config = compose("config", [f"study={study}", *paths, *words])
        if config.get("study"):
            raise DsdError(f"study {source}: the first line must be '# @package _global_', or Hydra ignores its keys")
        written = OmegaConf.to_container(config, resolve=False)
        allowed = written.pop("environment", None) if isinstance(written, dict) else None
        if not isinstance(allowed, list) or not all(isinstance(name, str) for name in allowed):
            raise DsdError(
                f"study {source}: environment = {quoted(allowed)}: give a list of names of environment variables"
            )
        with environment_of(allowed):
            content = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except DsdError:
        raise
    except Exception as error:  # Hydra and resolvers raise many types: for data=null, for cyclic defaults
        raise DsdError(f"study {source}: {explained(error)}") from error
    if not isinstance(content, dict):
        raise DsdError(f"study {source}: is not a mapping of keys to values")
    check_finite(content, f"study {source}")
    return {str(key): value for key, value in content.items() if key != "environment"}


def explained(error: Exception) -> str:
    """Return the message of a Hydra error in one line, with the known keys or options."""
    if isinstance(error, MissingConfigException) and error.options:
        return f"{error.missing_cfg_file} is not known; choose one of: {known(error.options)}"
    reason = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(reason, ConfigKeyError | ConfigAttributeError) and reason.parent_node is not None:
        return f"{reason.full_key} is not a key; known keys are: {known(reason.parent_node)}"
    return one_line(error).split(" full_key:")[0] or type(error).__name__


def study_of(content: dict[str, Any], source: str, networks: tuple[str, ...] = (), images: bool = True) -> Study:
    """Convert a composed study to a Study; check every key and value."""
    content = {key: value for key, value in content.items() if key != "study"}
    if networks:
        content["networks"] = list(networks)
    for group in ("data", "recipe", "cluster"):
        if group not in content:
            raise DsdError(f"study {source}: {group} is missing; choose one of: {known(choices(group))}")
    try:
        data = settings(DataSpec, content.pop("data"), "data")
        if data.folder:  # jobs, and later launches, can run in another working directory
            data = replace(data, folder=str(Path(data.folder).expanduser().resolve()))
        if images or Path(data.folder).exists() or not (data.classes and data.available):
            data = resolve_data(data)
        return Study(
            recipe=settings(Recipe, content.pop("recipe"), "recipe"),
            data=data,
            cluster=cluster_of(content.pop("cluster")),
            **{key: converted(Study, key, value) for key, value in content.items()},
        )
    except DsdError as error:
        raise DsdError(f"study {source}: {error}") from error


def cluster_of(content: dict[str, Any]) -> Cluster:
    """Convert cluster settings to the dataclass that their key `name` selects."""
    name = content.get("name") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(name, str) or name not in CLUSTERS:
        raise DsdError(f"cluster = {quoted(name)} is not known; choose one of: {known(CLUSTERS)}")
    if isinstance(content.get("time_min"), str):
        content = {**content, "time_min": minutes_of(content["time_min"])}
    return settings(CLUSTERS[name], content, "cluster")


def minutes_of(text: str) -> int:
    """Convert a time in Slurm's format to minutes, rounded up: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S.

    >>> minutes_of("24:00:00"), minutes_of("1-12"), minutes_of("90:30")
    (1440, 2160, 91)

    Raises:
        DsdError: the text is not a time
    """
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text.strip())
    if not match:
        raise DsdError(f"cluster.time_min = {quoted(text)}: give minutes, or a time such as 24:00:00 or 1-12:00:00")
    days, *parts = match.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is not None or len(numbers) == 3:  # hours first
        hours, minutes, seconds = [*numbers, 0, 0][:3]
    else:
        hours, (minutes, seconds) = 0, [*numbers, 0][:2]
    return (int(days or 0) * 24 + hours) * 60 + minutes + math.ceil(seconds / 60)


def settings(kind: type[Settings], content: Any, group: str) -> Settings:
    """Convert the settings of a config group to their dataclass."""
    if not isinstance(content, dict):
        raise DsdError(f"{group} = {quoted(content)} is not one of: {known(choices(group))}")
    return from_mapping(kind, content, group)
