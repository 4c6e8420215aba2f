"""Reading YAML files that people write."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dsd.errors import DsdError


def read_mapping(path: Path, hint: str) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Args:
        hint: what such a file holds, for the error's message

    Raises:
        DsdError: there is no such file, or it is no mapping of keys to values
    """
    if not path.is_file():
        raise DsdError(f"{path}: there is no such file")
    try:
        raw = OmegaConf.load(path)
        written = OmegaConf.to_container(raw, resolve=True)
    except Exception as error:  # what a YAML parser may raise is not a closed list
        raise DsdError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, DictConfig) or not isinstance(written, dict):
        raise DsdError(f"{path}: is not a mapping of keys; {hint}")
    return {str(key): value for key, value in written.items()}
