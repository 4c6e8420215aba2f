"""Paths: those that callers give, and those of the data that dsd ships, `spaces/` and `experiments/`."""

from pathlib import Path
from typing import Any

from dsd.errors import DsdError

PACKAGE = Path(__file__).resolve().parent


def as_path(given: Any, takes: str) -> Path:
    """Return a path that a caller gave.

    Args:
        takes: what the function takes, for the error message

    Raises:
        DsdError: it is neither text nor a path
    """
    if not isinstance(given, str | Path):
        raise DsdError(f"{takes}, not {type(given).__name__}")
    return Path(given)


def shipped(folder: str) -> Path:
    """Return the folder `spaces` or `experiments`: inside the package (wheel), else beside it (checkout).

    Uses paths, because importlib.resources finds no package `dsd.spaces` in an editable install.
    """
    inside, beside = PACKAGE / folder, PACKAGE.parent / folder
    return inside if inside.is_dir() else beside
