"""Overrides as people type them, `key=value`, in the words that hydra reads.

A shell removes quotes, and hydra's grammar has no place for some characters of paths and options. Where a key takes a
text or a list of texts, what hydra would misread is quoted.
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
    """The type of each key that can be overridden.

    Args:
        kinds: dataclasses by the group of their keys, "" for those of the study itself
    """
    found: dict[str, Any] = {}
    for group, members in kinds.items():
        for kind in members:
            hints = get_type_hints(kind)
            for one in fields(kind):
                if not is_dataclass(hints[one.name]):
                    found.setdefault(f"{group}.{one.name}" if group else one.name, hints[one.name])
    return found


def as_hydra_reads(override: str, types: Mapping[str, Any]) -> str:
    """An override in hydra's grammar.

    Raises:
        DsdError: it is none; says how to write it
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
    except (HydraException, RecursionError) as error:
        raise DsdError(
            f"override {quoted(override)}: its value cannot be read; if it is a text, quote it for the shell and for "
            f"hydra: '{key}=\"…\"'"
        ) from error
    return override


def is_quoted(value: str) -> bool:
    """Whether a value stands in quotes that are its own."""
    return len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" and not value.endswith("\\" + value[0])


def in_quotes(text: str) -> str:
    """A text as hydra reads it back: backslashes count where a quote follows them."""
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + r"\'", text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{chr(92) * trailing}'"


def as_list(value: str, wanted: Any) -> str:
    """A list in hydra's grammar; of texts, those without quotes get some. Brackets may be left out."""
    inner = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    parts = [part.strip() for part in re.split(r",(?=(?:[^\"']*[\"'][^\"']*[\"'])*[^\"']*$)", inner)]
    parts = [part for part in parts if part]
    if wanted == tuple[str, ...]:
        parts = [part if is_quoted(part) or "${" in part else in_quotes(part) for part in parts]
    return f"[{','.join(parts)}]"
