"""Mappings that were read from a file, as frozen dataclasses: every key and the type of every value is checked."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from dsd.errors import DsdError, known, shortened

Kind = TypeVar("Kind")
LONGEST_VALUE = 200  # characters of a value in a message


def from_mapping(kind: type[Kind], content: object, place: str) -> Kind:
    """A mapping as a dataclass.

    Args:
        place: what the mapping is called in messages, such as `recipe`

    Raises:
        DsdError: it is no mapping, a key is missing or not known, or a value is of another type or not allowed
    """
    if not isinstance(content, Mapping):
        raise DsdError(f"{place} = {quoted(content)} is not a mapping of keys to values")
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    missing = [
        f.name
        for f in fields(kind)  # type: ignore[arg-type]
        if f.default is MISSING and f.default_factory is MISSING and f.name not in content
    ]
    if missing:
        raise DsdError(f"{place}.{missing[0]} is missing; known keys are: {known(names)}")
    return kind(**{str(key): typed(kind, str(key), value, f"{place}.") for key, value in content.items()})


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
        values = value if isinstance(value, list | tuple) else [value]
        if all(isinstance(item, inner) and not isinstance(item, bool) for item in values):
            return tuple(values)
    elif wanted is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1023:
        return float(value)
    elif isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)):
        return value
    name = getattr(wanted, "__name__", "") if not getattr(wanted, "__args__", ()) else "list"
    raise DsdError(f"{prefix}{key} = {quoted(value)} is not of type {name}")


def quoted(value: object) -> str:
    """A value in a message, not too long."""
    return shortened(repr(value), LONGEST_VALUE)
