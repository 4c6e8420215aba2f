"""Space files: a design space as YAML that reads like the paper.

A file states a family's parameters, or `extends` another file and states what differs. Every key is checked against
a schema; a file that names an unknown key, law or relation is refused with the file, the key and what is allowed.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from dsd.design.axes import LAWS, Axis
from dsd.design.network import Family, check_task
from dsd.design.order import ORDERS
from dsd.design.space import AnyNetSpace, Facts, RegNetSpace, Space, StageParameter
from dsd.design.window import parse_window
from dsd.errors import DsdError, known
from dsd.paths import shipped


@dataclass
class AxisFile:
    """The law of one parameter; powers_of_two takes no step."""

    law: str = MISSING
    low: float = MISSING
    high: float = MISSING
    step: float | None = None


@dataclass
class StageFile(AxisFile):
    """The law of a parameter with a value in each stage."""

    across_stages: str = "free"


@dataclass
class CommonFile:
    """Keys of every space file."""

    family: str = MISSING
    summary: str = MISSING
    extends: str | None = None
    refines: str | None = None
    block: str = "X"
    stem: str = "simple"
    strides: list[int] = field(default_factory=lambda: [2, 2, 2, 2])
    resolution: int = 224
    classes: int = 1000
    flops: str = "360M:400M"


@dataclass
class AnyNetFile(CommonFile):
    """Keys of a file whose family is AnyNet."""

    depth: StageFile = field(default_factory=StageFile)
    width: StageFile = field(default_factory=StageFile)
    bottleneck_ratio: StageFile = field(default_factory=StageFile)
    group_width: StageFile = field(default_factory=StageFile)


@dataclass
class RegNetFile(CommonFile):
    """Keys of a file whose family is RegNet."""

    depth: AxisFile = field(default_factory=AxisFile)
    w_0: AxisFile = field(default_factory=AxisFile)
    w_a: AxisFile = field(default_factory=AxisFile)
    w_m: AxisFile = field(default_factory=AxisFile)
    bottleneck_ratio: AxisFile = field(default_factory=AxisFile)
    group_width: AxisFile = field(default_factory=AxisFile)


FAMILIES: dict[str, type[CommonFile]] = {"AnyNet": AnyNetFile, "RegNet": RegNetFile}
LOWEST, HIGHEST = 2.0**-10, 1e5  # of an axis: values are positive, and its table fits in memory


def space_names() -> list[str]:
    """The names of the spaces that come with dsd."""
    return sorted(path.stem for path in shipped("spaces").glob("*.yaml"))


def find(name: str | Path, beside: Path | None = None) -> Path:
    """The file of a space: a path, else a file in the folder `beside`, else a name of `spaces/`."""
    folders = [shipped("spaces")] if beside is None else [beside, shipped("spaces")]
    candidates = [Path(name), *(folder / f"{name}.yaml" for folder in folders)]
    for path in candidates:
        if path.suffix in (".yaml", ".yml") and path.is_file():
            return path
    near = difflib.get_close_matches(str(name), space_names(), n=3)
    hint = f"did you mean {known(near)}? " if near else ""
    raise DsdError(f"space {name} is not known; {hint}give a .yaml file or one of: {known(space_names())}")


def load_space(name: str | Path) -> Space:
    """The design space of a file, or of a name of `spaces/`.

    >>> load_space("AnyNetX_C").dimensions
    10

    Raises:
        DsdError: the space is not known, or its file is wrong; names the file, the key and what is allowed
    """
    path = find(name)
    chain = read_chain(path)
    place, raw = chain[-1]
    family = raw.get("family")
    if family not in FAMILIES:
        raise DsdError(f"{place}: family = {family}; choose one of: {known(FAMILIES)}, or extend a space")
    schema = OmegaConf.structured(FAMILIES[family])
    merged = schema
    for place, raw in reversed(chain):
        check_keys(place, schema, raw)
        merged = OmegaConf.merge(merged, raw)
    try:
        spec = OmegaConf.to_container(merged, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise DsdError(f"{path}: {error.full_key} is missing; give it or extend a space that has it") from error
    assert isinstance(spec, dict)
    spec["extends"] = chain[0][1].get("extends")  # of the file itself, not of what it extends
    spec["refines"] = chain[0][1].get("refines") or spec["extends"] or ""
    return space_from_spec(path.stem, {str(key): value for key, value in spec.items()}, str(path))


def read_chain(path: Path) -> list[tuple[Path, DictConfig]]:
    """The file and what it extends, one after the other, as written."""
    chain: list[tuple[Path, DictConfig]] = []
    while True:
        if path in (earlier for earlier, _ in chain):
            raise DsdError(f"{path}: extends itself, by way of {chain[-1][0]}")
        try:
            raw = OmegaConf.load(path)
            OmegaConf.resolve(raw)
        except Exception as error:  # what a YAML parser may raise is not a closed list
            raise DsdError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
        if not isinstance(raw, DictConfig):
            raise DsdError(f"{path}: is not a mapping of keys; see spaces/AnyNetX_A.yaml for the format")
        chain.append((path, raw))
        if not raw.get("extends"):
            return chain
        path = find(str(raw.extends), beside=path.parent)


def check_keys(place: Path, schema: DictConfig, raw: DictConfig) -> None:
    """Refuse a key or a type of value that the schema does not have."""
    try:
        OmegaConf.merge(schema, raw)
    except ConfigKeyError as error:
        parent = OmegaConf.get_type(error.object_type) or CommonFile
        keys = known(f.name for f in fields(parent))
        raise DsdError(f"{place}: {error.full_key} is not a key; choose one of: {keys}") from error
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise DsdError(f"{place}: {error.full_key}: {reason}") from error


def space_from_spec(name: str, spec: dict[str, Any], place: str = "spec") -> Space:
    """The space of a resolved file; `space.facts.spec` gives this back."""
    try:
        family = Family(spec["block"], spec["stem"], tuple(spec["strides"]))
        check_task(spec["resolution"], spec["classes"])
    except DsdError as error:
        raise DsdError(f"{place}: {error}") from error
    parse_window(spec["flops"], f"{place}: flops")
    facts = Facts(
        name=name,
        summary=spec["summary"],
        refines=spec["refines"],
        family=family,
        resolution=spec["resolution"],
        classes=spec["classes"],
        flops=spec["flops"],
        spec=spec,
    )
    inherited = {f.name for f in fields(CommonFile)}
    own = [f.name for f in fields(FAMILIES[spec["family"]]) if f.name not in inherited]
    if spec["family"] == "RegNet":
        return RegNetSpace(facts, **{key: axis_of(place, key, spec[key]) for key in own})
    return AnyNetSpace(facts, **{key: stage_parameter_of(place, key, spec[key]) for key in own})


def stage_parameter_of(place: str, key: str, spec: dict[str, Any]) -> StageParameter:
    """A parameter of each stage from its part of the file."""
    relation = spec["across_stages"]
    if relation not in ORDERS:
        raise DsdError(f"{place}: {key}.across_stages = {relation} is not known; choose one of: {known(ORDERS)}")
    return StageParameter(axis_of(place, key, spec), relation)


def whole(values: NDArray[Any]) -> bool:
    """Whether all values are whole numbers."""
    return bool((values % 1 == 0).all())


def whole_ratio(values: NDArray[Any]) -> bool:
    """Whether each value, or one over it, is a whole number."""
    return bool(((values % 1 == 0) | (1 / values % 1 == 0)).all())


# what a parameter's values must be, and how to say so
ALLOWED: dict[str, tuple[Callable[[NDArray[Any]], bool], str]] = {
    "depth": (whole, "whole numbers"),
    "width": (whole, "whole numbers"),
    "group_width": (whole, "whole numbers"),
    "bottleneck_ratio": (whole_ratio, "whole numbers, or one over a whole number"),
    "w_m": (lambda values: bool((values > 1).all()), "above 1"),
}


def axis_of(place: str, key: str, spec: dict[str, Any]) -> Axis:
    """The law of a parameter from its part of the file, checked."""
    axis = law_of(place, key, spec)
    allowed, words = ALLOWED.get(key, (lambda values: True, ""))
    if not allowed(axis.values):
        raise DsdError(f"{place}: {key}: values from {axis.values[0]:g} to {axis.values[-1]:g} must be {words}")
    return axis


def law_of(place: str, key: str, spec: dict[str, Any]) -> Axis:
    """A law from its part of the file."""
    law, low, high, step = (spec[name] for name in ("law", "low", "high", "step"))
    if law not in LAWS:
        raise DsdError(f"{place}: {key}.law = {law} is not known; choose one of: {known(LAWS)}")
    if not LOWEST <= low <= high <= HIGHEST:
        raise DsdError(f"{place}: {key}: low = {low:g} and high = {high:g}: give 0 < low <= high <= {HIGHEST:g}")
    if law == "powers_of_two":
        for end, value in (("low", low), ("high", high)):
            if value not in [2.0**exponent for exponent in range(-10, 31)]:
                raise DsdError(f"{place}: {key}.{end} = {value:g} is not a power of two")
        return LAWS[law](low, high)
    if step is None or not LOWEST / 8 <= step <= HIGHEST:
        raise DsdError(f"{place}: {key}.step = {step}: a {law} law needs a positive step")
    for end, value in (("low", low), ("high", high)):
        if abs(value / step - round(value / step)) > 1e-6:
            raise DsdError(f"{place}: {key}.{end} = {value:g} is not a multiple of {key}.step = {step:g}")
    return LAWS[law](low, high, step)
