"""Paths of the data that dsd ships: `spaces/` and `experiments/`."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the folder `spaces` or `experiments`: inside the package (wheel), else beside it (checkout).

    Uses paths, because importlib.resources finds no package `dsd.spaces` in an editable install.
    """
    inside, beside = PACKAGE / folder, PACKAGE.parent / folder
    return inside if inside.is_dir() else beside
