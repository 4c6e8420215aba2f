"""Identities of networks, runs and spaces: hashes of the values that differ from their defaults.

A field that comes later leaves every identity as it was, if its default means what was done before. So a default must
never change: its networks and runs would get the keys of others.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any


def default_of(field: "Field[Any]") -> Any:
    """The default of a dataclass's field; MISSING where it has none."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def not_default(record: Any, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass whose values differ from their defaults, in order."""
    found = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in leave_out}
    defaults = {f.name: default_of(f) for f in fields(record)}
    return {name: value for name, value in found.items() if value != defaults[name]}


def digest(values: Mapping[str, Any], digits: int = 16) -> str:
    """Hexadecimal digits that are the same for the same values, in whatever order."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:digits]
