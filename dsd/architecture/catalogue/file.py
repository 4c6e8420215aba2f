"""Network files: one network as YAML, given stage by stage, by RegNet's six parameters, or as a changed network.

```yaml
depths: [1, 2, 7, 12]          # one per stage
widths: [32, 64, 160, 384]
group_widths: 16               # a single number applies to every stage
```

```yaml
depth: 22                      # quantized linear ([DDS] Eq. 2–4)
w_0: 24
w_a: 24.48
w_m: 2.54
group_width: 16
```

```yaml
extends: RegNetX-400MF         # a published name, or a file beside this one
activation: silu
resolution: 160
```

Further keys: `bottleneck_ratios`, or `bottleneck_ratio` for RegNet's parameters (default 1), and `block`, `stem`,
`strides`, `activation`, `kernels`, `stem_width`, `head_width`, `resolution`, `classes`, as in a space file.
"""

import math
import re
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from dsd.architecture.catalogue.names import canonical
from dsd.architecture.catalogue.published_networks import NAMED, regnet
from dsd.architecture.network import Network, whole_numbers
from dsd.architecture.skeleton import LISTS, NAMES, NUMBERS, Skeleton
from dsd.errors import DsdError, known
from dsd.io.files import YAML
from dsd.io.yaml import read_mapping

STAGES = ("depths", "widths", "bottleneck_ratios", "group_widths")
LINE = ("depth", "w_0", "w_a", "w_m", "bottleneck_ratio", "group_width")
TASK = ("resolution", "classes")
KEYS = ("extends", *STAGES, *LINE, *(f.name for f in fields(Skeleton)), *TASK)
FRACTIONS = ("bottleneck_ratios", "bottleneck_ratio", "w_a", "w_m")


def load_network(path: str | Path, by_way_of: tuple[Path, ...] = ()) -> Network:
    """Load the network of a file.

    Args:
        by_way_of: chain of files that extend this one

    Raises:
        DsdError: names the file, the key and what is allowed, or the invalid stage and the reason
    """
    path = Path(path)
    written = read_mapping(path, "a network's keys are depths, widths, group_widths, …")
    try:
        if path.resolve() in by_way_of:
            raise DsdError(f"extends itself through {by_way_of[-1].name}")
        if "family" in written or "summary" in written:
            raise DsdError("is a design space, not a network; `dsd sample --space` draws networks from it")
        for key in written:
            if key not in KEYS:
                raise DsdError(f"{key} is not a key; choose one of: {known(KEYS)}")
        given = {key: value for key, value in written.items() if value is not None}
        base = extended(str(given["extends"]), path, by_way_of) if "extends" in given else None
        return described(given, base)
    except DsdError as error:
        raise DsdError(f"{path}: {error}") from error


def extended(name: str, path: Path, by_way_of: tuple[Path, ...]) -> Network:
    """Load the network that the file `path` extends: from a file beside it, or by published name."""
    beside = path.parent / (name if Path(name).suffix in YAML else f"{name}.yaml")
    if Path(name).suffix in YAML or (beside.is_file() and beside.resolve() != path.resolve()):
        return load_network(beside, (*by_way_of, path.resolve()))
    return NAMED[canonical(name)]()


def described(written: dict[str, Any], base: Network | None) -> Network:
    """Build the network that the keys of a file describe; `base` is the network it extends."""
    kinds = [kind for kind, keys in (("stages", STAGES), ("a line", LINE)) if set(written) & set(keys)]
    if len(kinds) > 1:
        raise DsdError(f"gives both stages and a line; give either {known(STAGES)}, or {known(LINE)}")
    numbers = {key: number(key, written[key]) for key in (*LINE, *TASK, *NUMBERS) if key in written}
    if base is None and not kinds:
        raise DsdError("describes no network; give depths and widths, or depth, w_0, w_a, w_m, or extends")
    task: dict[str, Any] = {"resolution": base.resolution, "classes": base.classes} if base else {}
    task |= {key: numbers[key] for key in TASK if key in numbers}
    stages = number_of_stages(written, base)
    skeleton = skeleton_of(written, numbers, base, stages)
    if kinds == ["a line"]:
        return from_line(numbers, skeleton, task)
    return from_stages(written, skeleton, base, task)


def number_of_stages(written: dict[str, Any], base: Network | None) -> int:
    """Count the stages: those of the extended network, else the number of values in the lists."""
    lists = {key: written[key] for key in (*STAGES, *LISTS) if isinstance(written.get(key), list)}
    stages = base.skeleton.stages if base else max((len(value) for value in lists.values()), default=4)
    for key, value in lists.items():
        if len(value) != stages:
            raise DsdError(f"{key} = {value}: has {len(value)} values; give {stages}, one for each stage")
    return stages


def from_line(numbers: dict[str, Any], skeleton: Skeleton, task: dict[str, Any]) -> Network:
    """Build a quantized linear network."""
    if "group_width" in numbers and not skeleton.block_type.has_groups:
        raise DsdError(f"group_width = {numbers['group_width']}: block {skeleton.block} has no groups; remove it")
    line = {"bottleneck_ratio": 1, **({} if skeleton.block_type.has_groups else {"group_width": 1}), **numbers}
    missing = [key for key in LINE if key not in line]
    if missing:
        raise DsdError(f"{missing[0]} is missing; a line needs all of: {known(LINE)}")
    d, w_0, w_a, w_m, b, g = (line[key] for key in LINE)
    return regnet(d, w_0, w_a, w_m, b, g, skeleton, **task)


def from_stages(written: dict[str, Any], skeleton: Skeleton, base: Network | None, task: dict[str, Any]) -> Network:
    """Build a network given stage by stage; `base` is the network it extends."""
    given = {key: per_stage(key, written[key], skeleton.stages) for key in STAGES if key in written}
    if base:
        given = {**dict(zip(STAGES, base.stages, strict=True)), **given}
    for key in ("depths", "widths"):
        if key not in given:
            raise DsdError(f"{key} is missing; give a list, one for each stage")
    given.setdefault("bottleneck_ratios", (1,) * skeleton.stages)
    if "group_widths" not in written and not skeleton.block_type.has_groups:  # determined by widths and ratios
        pairs = zip(given["widths"], given["bottleneck_ratios"], strict=True)
        given["group_widths"] = tuple(skeleton.block_type.only_group_width(w, b) for w, b in pairs)
    if "group_widths" not in given:
        raise DsdError(f"group_widths is missing; block {skeleton.block} has groups")
    stages_values: dict[str, Any] = {key: whole_numbers(given[key]) for key in STAGES}
    return Network(**stages_values, skeleton=skeleton, **task)


def skeleton_of(written: dict[str, Any], numbers: dict[str, Any], base: Network | None, stages: int) -> Skeleton:
    """Build the skeleton of a file; `base` is the network it extends."""
    given: dict[str, Any] = {key: str(written[key]) for key in NAMES if key in written}
    given |= {key: numbers[key] for key in NUMBERS if key in numbers}
    given |= {key: tuple(per_stage(key, written[key], stages)) for key in LISTS if key in written}
    if not base:
        return Skeleton(**{"strides": (2,) * stages, **given})
    return replace(base.skeleton, **given)


def per_stage(key: str, value: Any, stages: int) -> tuple[Any, ...]:
    """Return a list as a tuple; repeat a single number for every stage."""
    values = value if isinstance(value, list) else [value] * stages
    return tuple(number(key, item) for item in values)


def fraction(text: str) -> Fraction:
    """Convert a text such as 1/6 or 2.5; ValueError for longer ones, which can take hours."""
    if len(text) > 30 or re.search(r"e[-+]?\d{3}", text, re.IGNORECASE):
        raise ValueError
    return Fraction(text)


def number(key: str, value: Any) -> Any:
    """Convert a value to a number, whole unless the key allows fractions; these can be written 1/6."""
    try:
        exact = fraction(value) if isinstance(value, str) else value
        if isinstance(value, bool) or not isinstance(exact, int | float | Fraction) or not math.isfinite(exact):
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError):
        raise DsdError(f"{key} = {value}: is not a number") from None
    if exact == int(exact):
        return int(exact)
    if key not in FRACTIONS:
        raise DsdError(f"{key} = {value}: give a whole number")
    return float(exact)
