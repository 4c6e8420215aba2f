"""Convert mappings read from a file to frozen dataclasses, checking every key and the type of every value."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from dsd.errors import DsdError, known, shortened

Kind = TypeVar("Kind")
LONGEST_VALUE = 200  # characters of a value in a message


def from_mapping(kind: type[Kind], content: object, place: str) -> Kind:
    """Convert a mapping to a dataclass.

    Args:
        place: name of the mapping in error messages, such as `recipe`

    Raises:
        DsdError: not a mapping, a key is missing or unknown, or a value has the wrong type or is not allowed
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
    return kind(**{str(key): converted(kind, str(key), value, f"{place}.") for key, value in content.items()})


def converted(kind: type[Any], key: str, value: Any, prefix: str = "") -> Any:
    """Convert a value to the type of the dataclass field `key`.

    Raises:
        DsdError: the field does not exist, or the value has the wrong type
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
    """Format a value for a message, shortened if it is too long."""
    return shortened(repr(value), LONGEST_VALUE)
