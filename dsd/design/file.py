"""Space files: design spaces as YAML, in the terms of the paper (docs/spaces.md describes the format).

A file states the parameters of a family, or `extends` another file and states what differs. Every key is checked
against a schema. Errors name the file, the key and the allowed values.
"""

import difflib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from dsd.architecture.blocks import BLOCKS
from dsd.architecture.blocks.block import BlockType
from dsd.architecture.rows import TASK, TRAINING
from dsd.architecture.skeleton import Skeleton, check_task
from dsd.architecture.units import parse_quantity
from dsd.design.families import FAMILIES
from dsd.design.families.schema import SpaceSchema
from dsd.design.parameters.across_stages import ORDERS
from dsd.design.parameters.constraints import parse_constraint
from dsd.design.parameters.parameter import Parameter
from dsd.design.parameters.schema import distribution_of, from_shorthand, replaces
from dsd.design.space import WIDTH_RULES, Space, SpaceInfo
from dsd.design.window import Limits, RegimeLimit, Window, parse_window
from dsd.errors import DsdError, known
from dsd.identity import digest
from dsd.io.files import YAML
from dsd.io.yaml import read_mapping
from dsd.paths import as_path, shipped

NOT_DRAWN = ("summary", "extends", "refines")  # keys of a file that do not affect sampling


def space_names() -> list[str]:
    """List the names of the spaces that dsd ships."""
    return sorted(path.stem for path in shipped("spaces").glob("*.yaml"))


def find(name: str | Path, beside: Path | None = None) -> Path:
    """Find the file of a space: in the folder `beside`, else at the path `name`, else by name in `spaces/`."""
    near_by = [] if beside is None else [beside / name, beside / f"{name}.yaml"]
    candidates = [*near_by, Path(name), shipped("spaces") / f"{name}.yaml"]
    for path in candidates:
        if path.suffix in YAML and path.is_file():
            return path
    if Path(name).suffix in YAML:
        raise DsdError(f"{name}: there is no such file")
    names = {known_name.lower(): known_name for known_name in space_names()}
    near = difflib.get_close_matches(str(name).lower(), names, n=3)
    hint = f"did you mean {known(names[n] for n in near)}? " if near else ""
    raise DsdError(f"space {name} is not known; {hint}give a .yaml file, or a name that `dsd spaces` lists")


def load_space(name: str | Path) -> Space:
    """Load a design space from a file, or by its name in `spaces/`.

    >>> load_space("AnyNetX_C").dimensions
    10

    Raises:
        DsdError: the space is unknown, or its file is invalid; names the file, the key and what is allowed
    """
    path = find(as_path(name, "dsd.load_space takes a name such as 'AnyNetX_C' or a .yaml file"))
    chain = read_chain(path)
    place, raw = chain[-1]
    family = raw.get("family")
    if not isinstance(family, str) or family not in FAMILIES:
        raise DsdError(f"{place}: family = {family}; choose one of: {known(FAMILIES)}, or extend a space")
    for other, written in chain[:-1]:
        if written.get("family", family) != family:
            named = written["family"]
            more = (
                f"{path.stem} extends a space of family {family}; remove this key"
                if isinstance(named, str) and named in FAMILIES
                else ""
            )
            raise DsdError(f"{other}: family = {named}: {more or f'choose one of: {known(FAMILIES)}'}")
    drawn_keys = parameter_keys(family)
    files = [
        (
            place,
            {
                key: from_shorthand(value) if written_as_distribution(key, value, drawn_keys) else value
                for key, value in raw.items()
            },
        )
        for place, raw in reversed(chain)
    ]
    spec: dict[str, Any] = {}
    for _, written in files:
        spec = extended(spec, written, drawn_keys)
    own = files[-1][1]  # the next three come from the file itself, not from what it extends
    spec["extends"] = own.get("extends")
    spec["refines"] = own.get("refines", spec["extends"]) or ""
    spec["summary"] = own.get("summary", f"{spec['extends']}, changed" if spec["extends"] else "")
    if own.get("refines"):
        named_by(path, "refines", own["refines"])
    try:
        return space_from_spec(path.stem, spec, str(path))
    except DsdError:
        for place, written in files:  # blame the file that contains the error
            check_keys(place, family, written)
        raise


def as_space(given: Space | str | Path, place: str) -> Space:
    """Return a space; load it if a name or file is given.

    Args:
        place: name of the calling function, for the error message

    Raises:
        DsdError: the name is unknown, or the value has another type
    """
    if isinstance(given, str | Path):
        return load_space(given)
    if not isinstance(given, Space):
        raise DsdError(
            f"{place} takes a Space, or a name such as 'AnyNetX_C' or a .yaml file, not {type(given).__name__}; "
            "dsd.load_space(name) gives a Space"
        )
    return given


def written_as_distribution(key: str, value: Any, drawn_keys: list[str]) -> bool:
    """Whether a key holds a distribution; `resolution` can be one or a plain number."""
    return key in drawn_keys or (key == "resolution" and isinstance(value, list | dict))


def parameter_keys(family: str) -> list[str]:
    """List the keys of a family's file that hold a distribution."""
    common = {f.name for f in fields(SpaceSchema)} - set(TRAINING)
    return [f.name for f in fields(FAMILIES[family].schema) if f.name not in common]


def extended(spec: dict[str, Any], written: dict[str, Any], drawn_keys: list[str]) -> dict[str, Any]:
    """Merge the keys of a file into those of the file it extends.

    A new distribution replaces the old one; without the key `distribution` only the given keys change. Constraints are
    appended.
    """
    merged = {**spec, **written}
    if spec.get("constraints") and isinstance(written.get("constraints"), list):
        merged["constraints"] = spec["constraints"] + written["constraints"]
    for key in drawn_keys:
        old, new = spec.get(key), written.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            kept = {name: value for name, value in old.items() if name == "across_stages" or not replaces(new)}
            merged[key] = {**kept, **new}
    return merged


def read_chain(path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Read the file and all files it extends, in this order, as written."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if path in (earlier for earlier, _ in chain):
            raise DsdError(f"{path}: extends itself through {chain[-1][0]}")
        written = read_mapping(path, "see spaces/AnyNetX_A.yaml for the format")
        chain.append((path, written))
        if not written.get("extends"):
            return chain
        path = named_by(path, "extends", written["extends"])


def named_by(path: Path, key: str, name: Any) -> Path:
    """Find the file of the space `name`, the value of `key` in the file `path`."""
    try:
        return find(str(name), beside=path.parent)
    except DsdError as error:
        raise DsdError(f"{path}: {key}: {error}") from error


def check_keys(place: Path | str, family: str, written: dict[str, Any]) -> dict[str, Any]:
    """Merge the keys into the schema's defaults; reject unknown keys and values of the wrong type."""
    schema = OmegaConf.structured(FAMILIES[family].schema)
    for key, value in written.items():
        if value == "???" or (
            key == "constraints" and isinstance(value, list) and not all(isinstance(v, str) for v in value)
        ):
            raise DsdError(f"{place}: {key} = {value}: {EXPECTED.get(key, 'give a value')}")
    try:
        merged = OmegaConf.to_container(OmegaConf.merge(schema, written))
    except ConfigKeyError as error:
        parent = OmegaConf.get_type(error.object_type) or SpaceSchema
        keys = known(f.name for f in fields(parent))
        raise DsdError(f"{place}: {error.full_key} is not a key; choose one of: {keys}") from error
    except OmegaConfBaseException as error:
        key = str(error.full_key)
        value = OmegaConf.select(OmegaConf.create(written), key, default="") if key in written else ""
        raise DsdError(f"{place}: {key}{f' = {value}' if value != '' else ''}: {wrong_type(key, error)}") from error
    assert isinstance(merged, dict)
    return {str(key): value for key, value in merged.items()}


EXPECTED = {  # remedies for keys whose OmegaConf type error is unclear
    "constraints": "give a list, such as [d1 <= d2]",
    "strides": "give a list of whole numbers, one for each stage",
    "kernels": "give a list of odd numbers, one for each stage",
    "flops": "give a window LO:HI, in quotes",
}


def wrong_type(key: str, error: OmegaConfBaseException) -> str:
    """Return the remedy for a key whose value has the wrong type."""
    if key in EXPECTED:
        return EXPECTED[key]
    if key in {name for family in FAMILIES for name in parameter_keys(family)}:
        return "give a number, a list of numbers, the name of a parameter, or a distribution in braces"
    return str(error).splitlines()[0]


def space_from_spec(name: str, spec: dict[str, Any], place: str = "spec") -> Space:
    """Build the space of a resolved file; inverse of `space.info.spec`.

    Raises:
        DsdError: a value is not allowed; names `place`, the key and what is allowed
    """
    family = spec["family"]
    resolved = check_keys(place, family, spec)
    for key, value in resolved.items():
        if value == "???" or (value is None and key in FAMILIES[family].required):
            raise DsdError(f"{place}: {key} is missing; give it or extend a space that has it")
    space = FAMILIES[family].space(info_of(name, resolved, place), parameters_of(place, family, resolved))
    ratios = space.parameters.get("bottleneck_ratio")
    for b in ratios.distribution.values.tolist() if ratios else []:
        reason = space.info.skeleton.block_type.why_no_ratio(b)
        if reason:
            raise DsdError(f"{place}: bottleneck_ratio = {b:g}: {reason}")
    if "resolution" in space.parameters:
        try:
            space.info.skeleton.check_resolution(int(space.parameters["resolution"].distribution.values.min()))
        except DsdError as error:
            raise DsdError(f"{place}: {error}") from error
    columns = [column for key in space.parameters if key not in TASK for column in space.columns_of(key)]
    lines = resolved["constraints"]
    rules = [rule for line in lines for rule in parse_constraint(line, columns, f"{place}: constraints")]
    return replace(space, info=replace(space.info, constraints=tuple(rules)))


def without_none(value: Any) -> Any:
    """Drop the keys of a distribution that were not given."""
    return {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value


def as_tuple(value: Any) -> Any:
    """Convert a list to a tuple; return other values unchanged."""
    return tuple(value) if isinstance(value, list) else value


def info_of(name: str, spec: dict[str, Any], place: str) -> SpaceInfo:
    """Build the SpaceInfo of a resolved file: all that it states besides its parameters."""
    resolution = spec["resolution"]
    try:
        skeleton = Skeleton(**{f.name: as_tuple(spec[f.name]) for f in fields(Skeleton)})
        if not isinstance(resolution, int | dict) or isinstance(resolution, bool):
            raise DsdError(f"resolution = {resolution}: give a whole number, or a distribution")
        check_task(resolution if isinstance(resolution, int) else 1, spec["classes"])
        if isinstance(resolution, int):
            skeleton.check_resolution(resolution)
    except DsdError as error:
        raise DsdError(f"{place}: {error}") from error
    if spec["width_rule"] not in WIDTH_RULES:
        raise DsdError(f"{place}: width_rule = {spec['width_rule']} is not known; choose one of: {known(WIDTH_RULES)}")
    limits = {key: limit_of(f"{place}: {key}", spec[key]) for key in ("params", "acts")}
    if ":" not in spec["flops"]:
        raise DsdError(f"{place}: flops = {spec['flops']}: {EXPECTED['flops']}")
    resolved = {key: without_none(value) for key, value in spec.items()}
    return SpaceInfo(
        name=name,
        summary=spec["summary"],
        refines=spec["refines"] or "",
        skeleton=skeleton,
        resolution=resolution if isinstance(resolution, int) else 0,
        classes=spec["classes"],
        limits=Limits(parse_window(spec["flops"], f"{place}: flops"), **limits),
        width_rule=spec["width_rule"],
        constraints=(),
        spec=resolved,
        hash=hash_of(resolved, skeleton),
    )


def hash_of(spec: dict[str, Any], skeleton: Skeleton) -> str:
    """Compute `SpaceInfo.hash` from the keys that differ from their defaults (`dsd.identity`)."""
    defaults = OmegaConf.to_container(OmegaConf.structured(FAMILIES[spec["family"]].schema))
    assert isinstance(defaults, dict)
    left_out = (*NOT_DRAWN, *(f.name for f in fields(Skeleton)))
    drawn = {key: value for key, value in spec.items() if key not in left_out and value != defaults[key]}
    return f"s{digest({**drawn, **skeleton.variations})}"


def limit_of(place: str, written: Any) -> Window | RegimeLimit:
    """Parse a window LO:HI, or a RegimeLimit from a mapping of its terms to quantities."""
    if isinstance(written, str):
        return parse_window(written, place)
    terms = [f.name for f in fields(RegimeLimit)]
    if not isinstance(written, dict) or not written or set(written) - set(terms):
        raise DsdError(f"{place} = {written}: give a window LO:HI, or a mapping with some of: {known(terms)}")
    return RegimeLimit(**{term: parse_quantity(str(value), f"{place}.{term}") for term, value in written.items()})


def parameters_of(place: str, family: str, spec: dict[str, Any]) -> dict[str, Parameter]:
    """Build the parameters of a resolved file, in the order in which they are drawn."""
    stated = {key: spec[key] for key in parameter_keys(family) if key not in TRAINING}
    if isinstance(spec["resolution"], dict):
        stated["resolution"] = check_keys(f"{place}: resolution", family, {"lr": spec["resolution"]})["lr"]
    stated = {key: keys for key, keys in (stated | {key: spec[key] for key in TRAINING}).items() if keys is not None}
    check_block(place, BLOCKS[spec["block"]], stated)
    shared = {key: keys["same_as"] for key, keys in stated.items() if keys["same_as"]}
    for key, source in shared.items():
        if (key, source) not in FAMILIES[family].shared:
            pairs = known(f"{taker}: {giver}" for kind in FAMILIES.values() for taker, giver in kind.shared)
            raise DsdError(
                f"{place}: {key} = {source}: only these parameters can take the value of another: {pairs} (RegNet)"
            )
        beside = [name for name, value in stated[key].items() if value is not None and name != "same_as"]
        if beside:
            raise DsdError(
                f"{place}: {key}.{beside[0]}: {key} takes the value of {source}; give a distribution to change this"
            )
    parameters = {
        key: parameter_of(place, key, keys, len(spec["strides"])) for key, keys in stated.items() if key not in shared
    }
    # in the order of the draw
    return {key: parameters.get(key) or replace(parameters[shared[key]], same_as=shared[key]) for key in stated}


def parameter_of(place: str, key: str, keys: dict[str, Any], stages: int) -> Parameter:
    """Build a parameter with its own distribution."""
    keys = dict(keys)
    relation = keys.pop("across_stages", None)
    distribution = distribution_of(place, key, keys)
    if relation is None:
        return Parameter(distribution)
    if relation not in ORDERS:
        raise DsdError(f"{place}: {key}.across_stages = {relation} is not known; choose one of: {known(ORDERS)}")
    return Parameter(distribution, stages, relation)


def check_block(place: str, block: BlockType, stated: dict[str, Any]) -> None:
    """Reject parameters that the block does not have, and missing ones that it needs."""
    groupings = [key for key in ("group_width", "groups") if key in stated]
    if block.bottleneck != ("bottleneck_ratio" in stated):
        needs = "needs one" if block.bottleneck else "has none; write `bottleneck_ratio: null`"
        raise DsdError(f"{place}: bottleneck_ratio: block {block.name} {needs}")
    if block.has_groups != (len(groupings) == 1):
        needs = "needs one of the two" if block.has_groups else "has none; write `group_width: null`"
        raise DsdError(f"{place}: group_width, groups: block {block.name} {needs}")
