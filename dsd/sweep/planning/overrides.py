"""Convert overrides from the command line, `key=value`, to Hydra's grammar.

A shell removes quotes, and Hydra's grammar does not allow some characters of paths and options. Unquoted values of
keys that take a string or a list of strings are therefore quoted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from dsd.errors import DsdError
from dsd.typed import quoted

LISTS = (tuple[str, ...], tuple[int, ...])


def types_of(kinds: Mapping[str, Sequence[type[Any]]]) -> dict[str, Any]:
    """Return the type of each key that can be overridden.

    Args:
        kinds: dataclasses by config group; "" for the study itself
    """
    types: dict[str, Any] = {}
    for group, members in kinds.items():
        for kind in members:
            hints = get_type_hints(kind)
            for field in fields(kind):
                if not is_dataclass(hints[field.name]):
                    types.setdefault(f"{group}.{field.name}" if group else field.name, hints[field.name])
    return types


def as_hydra_reads(override: str, types: Mapping[str, Any]) -> str:
    """Convert an override to Hydra's grammar.

    Raises:
        DsdError: the text is not an override; the message shows how to write one
    """
    key, equal, value = override.partition("=")
    if not equal:
        raise DsdError(f"override {quoted(override)}: write key=value, for example n=100")
    wanted = types.get(key.strip().lstrip("+"))
    value = value.strip()
    if wanted is str and not is_quoted(value) and "${" not in value:
        return f"{key}={in_quotes(value)}"
    if wanted in LISTS:
        return f"{key}={as_list(value, wanted)}"
    try:
        OverridesParser.create().parse_override(override)
    except (HydraException, RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise DsdError(
            f"override {quoted(override)}: cannot parse the value; if it is a string, quote it for the shell and for "
            f"Hydra: '{key}=\"…\"'"
        ) from error
    return override


def is_quoted(value: str) -> bool:
    """Whether a value starts and ends with the same quote, the last one not escaped."""
    return len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" and not value.endswith("\\" + value[0])


def in_quotes(text: str) -> str:
    """Quote a string for Hydra, which reads backslashes as escapes only before a quote."""
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + r"\'", text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{chr(92) * trailing}'"


def as_list(value: str, wanted: Any) -> str:
    """Convert a list to Hydra's grammar; quote its unquoted strings. Brackets are optional."""
    inner = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    parts = [part.strip() for part in re.split(r",(?=(?:[^\"']*[\"'][^\"']*[\"'])*[^\"']*$)", inner)]
    parts = [part for part in parts if part]
    if wanted == tuple[str, ...]:
        parts = [part if is_quoted(part) or "${" in part else in_quotes(part) for part in parts]
    return f"[{','.join(parts)}]"
