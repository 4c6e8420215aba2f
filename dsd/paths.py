"""Where the data that comes with dsd lies: `spaces/` and `experiments/`."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The folder `spaces` or `experiments`: inside the package (a wheel), else beside it (a checkout).

    Found by path, because an editable install has no package at `dsd.spaces` for importlib.resources.
    """
    inside, beside = PACKAGE / folder, PACKAGE.parent / folder
    return inside if inside.is_dir() else beside
