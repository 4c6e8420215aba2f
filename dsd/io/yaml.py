"""Read YAML files that users write: spaces, networks, studies and sweeps.

YAML 1.1 reads 1:10 as 70 and 010 as 8; such numbers are rejected. A file has at most 1 MB and 10,000 values; an alias
counts each time it is used. Only environment variables that a study lists are read.
"""

import io
import math
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dsd.errors import DsdError, shortened

LARGEST = 1_000_000  # bytes
MOST = 10_000  # values
DEEPEST = 100  # levels of lists and mappings
CORE = "tag:yaml.org,2002:"
TEXT, INTEGER, FLOAT = f"{CORE}str", f"{CORE}int", f"{CORE}float"
KINDS = ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "seq", "map")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SIXTIES = re.compile(r"[^:]+(:[^:]+)+")
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")


def read_mapping(path: Path, hint: str, resolve: bool = True) -> dict[str, Any]:
    """Read the keys and values of a YAML file.

    Args:
        hint: what such a file contains, for the error message
        resolve: replace interpolations such as ${low} by their values; else keep them as text

    Raises:
        DsdError: the file is missing or not a mapping, or YAML would misread one of its numbers
    """
    text = read_text(path)
    check_numbers(path, text)
    try:
        with environment_of():
            raw = OmegaConf.load(io.StringIO(text))
            written = OmegaConf.to_container(raw, resolve=resolve)
    except Exception as error:  # a YAML parser can raise exceptions of any type
        raise DsdError(f"{path}: cannot be read as YAML: {one_line(error)}") from error
    if not isinstance(raw, DictConfig) or not isinstance(written, dict):
        raise DsdError(f"{path}: is not a mapping of keys; {hint}")
    check_finite(written, str(path))
    return {str(key): value for key, value in written.items()}


def check_finite(value: Any, place: str, key: str = "") -> None:
    """Reject numbers that are not finite or exceed 64 bits, at any depth.

    Raises:
        DsdError: names the place and the key
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            check_finite(inner, place, f"{key}.{shortened(str(name), 60)}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            check_finite(inner, place, key)
    elif (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= 2**63):
        raise DsdError(f"{place}: {key} = {shortened(str(value), 60)}: give a finite number of at most 64 bits")


def read_text(path: Path) -> str:
    """Read the text of a YAML file.

    Raises:
        DsdError: the file is missing, too large, or not UTF-8 text
    """
    if not path.is_file():
        raise DsdError(f"{path}: there is no such file")
    if path.stat().st_size > LARGEST:
        raise DsdError(f"{path}: has {path.stat().st_size:,} bytes; at most {LARGEST:,} are allowed")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DsdError(f"{path}: is not UTF-8 text: {error}") from error


def check_numbers(path: Path, text: str, understood: Collection[str] = ()) -> str:
    """Reject numbers that YAML reads differently than people do, and files with too many values.

    Args:
        understood: keys whose values are always text: times such as 24:00:00

    Returns:
        the text, with the values of these keys in quotes
    """
    try:
        root = yaml.compose(text, Loader=LOADER)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DsdError(f"{path}: cannot be read as YAML: {one_line(error)}") from error
    if root is None:
        return text
    if expanded(root, path) > MOST:
        raise DsdError(f"{path}: has more than {MOST:,} values; an alias counts each time it is used")
    found = list(nodes(root))
    for _, node in found:
        check_node(node, path)
    for key, node in reversed(found):
        if not isinstance(node, ScalarNode):
            continue
        reading = misread(node)
        if not reading:
            continue
        if key not in understood:
            place = f"{path}: line {node.start_mark.line + 1}: {key or 'value'}: {node.value}"
            raise DsdError(f"{place}: YAML reads it as {reading}; put text in quotes, or write a plain number")
        start, end = node.start_mark.index, node.end_mark.index
        text = f'{text[:start]}"{node.value}"{text[end:]}'
    return text


def misread(node: ScalarNode) -> str:
    """Return how YAML reads a number that people read differently; "" for any other value."""
    if (node.style and node.tag == TEXT) or node.tag not in (INTEGER, FLOAT):
        return ""
    if SIXTIES.fullmatch(node.value):
        return f"{yaml.load(node.value, Loader=yaml.SafeLoader):g} (base 60)"
    if LEADING_ZERO.fullmatch(node.value) and node.tag == INTEGER:
        return f"{yaml.load(node.value, Loader=yaml.SafeLoader)} (octal)"
    return ""


def check_node(node: Node, path: Path) -> None:
    """Reject what a mapping of keys to values cannot hold: other tags, keys that are no text, keys twice, `???`.

    Raises:
        DsdError: names the line
    """
    place = f"{path}: line {node.start_mark.line + 1}"
    if node.tag.removeprefix(CORE) not in KINDS:
        raise DsdError(f"{place}: the tag {shortened(node.tag.replace(CORE, '!!'), 60)} is not supported; leave it out")
    if isinstance(node, ScalarNode) and node.value == "???" and not node.style:
        raise DsdError(f"{place}: ??? is no value; give one, or leave the key out")
    if not isinstance(node, MappingNode):
        return
    seen: set[str] = set()
    for key, _ in node.value:
        line = f"{path}: line {key.start_mark.line + 1}"
        if not isinstance(key, ScalarNode) or key.tag == f"{CORE}null":
            raise DsdError(f"{line}: a key must be text")
        if key.value in seen and key.tag != f"{CORE}merge":
            raise DsdError(f"{line}: key {shortened(key.value, 60)} appears twice")
        seen.add(key.value)


def nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Iterate over the nodes of a document in text order, each once, with the key above it."""
    seen: set[int] = set()
    open_nodes = [("", root)]
    while open_nodes:
        key, node = open_nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield key, node
        if isinstance(node, SequenceNode):
            open_nodes += [(key, child) for child in reversed(node.value)]
        elif isinstance(node, MappingNode):
            for name, child in reversed(node.value):
                own = name.value if isinstance(name, ScalarNode) else key
                open_nodes += [(own, child), (own, name)]


def expanded(root: Node, path: Path) -> int:
    """Count the values of a document after expanding all aliases.

    Raises:
        DsdError: a value contains itself, or is nested too deeply
    """
    counts: dict[int, int] = {}
    inside: set[int] = set()

    def count(node: Node) -> int:
        if isinstance(node, ScalarNode):
            return 1
        if id(node) in counts:
            return counts[id(node)]
        if id(node) in inside or len(inside) >= DEEPEST:
            raise DsdError(f"{path}: line {node.start_mark.line + 1}: is nested deeper than {DEEPEST} levels")
        inside.add(id(node))
        children = [child for pair in node.value for child in pair] if isinstance(node, MappingNode) else node.value
        counts[id(node)] = 1 + sum(map(count, children))
        inside.discard(id(node))
        return counts[id(node)]

    return count(root)


@contextmanager
def environment_of(allowed: Collection[str] = ()) -> Iterator[None]:
    """Let interpolations read only these environment variables; their values are written to sweep.yaml.

    Raises:
        ValueError: an interpolation reads another variable
    """
    from omegaconf.resolvers import oc

    def guarded(name: str, default: str | None = "") -> str | None:
        if name not in allowed:
            raise ValueError(f"${{oc.env:{name}}}: name the variable in the study, environment: [{name}]")
        value: str | None = oc.env(name) if default == "" else oc.env(name, default)
        return value

    resolve_with(guarded)
    try:
        yield
    finally:
        resolve_with(oc.env)


def resolve_with(resolver: Callable[..., Any]) -> None:
    """Resolve `${oc.env:…}` with this function; newer omegaconf versions warn that this registration was renamed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        OmegaConf.register_new_resolver("oc.env", resolver, replace=True)


def one_line(error: BaseException) -> str:
    """Return the message of an error on one line, shortened if it is too long."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return shortened(" ".join(str(error).split()), 400)
