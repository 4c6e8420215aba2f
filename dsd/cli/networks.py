"""The networks that a command's arguments name."""

from pathlib import Path
from typing import TYPE_CHECKING

from dsd.errors import DsdError, known
from dsd.files import TABLES, YAML

if TYPE_CHECKING:
    from dsd.design.network import Network

FILES = (*TABLES, *YAML)


def named(words: tuple[str, ...], resolution: int | None, classes: int | None) -> "dict[str, Network]":
    """The networks of arguments: a published name, FILE.yaml, TABLE for all its rows, or TABLE:KEY for one.

    Returns:
        networks by their label: the published name, the file's name, the row's key
    """
    from dsd.design.named import canonical, network
    from dsd.design.population import networks_of

    found: dict[str, Network] = {}
    files = {Path(word).stem for word in words if Path(word).suffix in YAML}
    for word in words:
        table, _, key = word.rpartition(":") if Path(word).suffix not in FILES else (word, "", "")
        if Path(table).suffix in TABLES:
            from dsd.analysis.populations import read_table

            rows = {n.key: n.for_task(resolution, classes) for n in networks_of(read_table(table), table)}
            found |= {label: rows[label] for label in matching(table, key, list(rows))} if key else rows
        elif Path(word).suffix in FILES:
            label = Path(word).stem
            found[word if label in found else label] = network(word, resolution, classes)
        else:
            label = canonical(word)
            found[f"{label} (published)" if label in files else label] = network(word, resolution, classes)
    return found


def matching(table: str, key: str, keys: list[str]) -> list[str]:
    """The one key that begins like this."""
    hits = [one for one in keys if one.startswith(key)]
    if len(hits) != 1:
        what = f"fits {len(hits)} rows; give more of it" if hits else "is not the key of a row, nor how one begins"
        raise DsdError(f"{table}:{key}: {what}; the keys are {known(hits[:3] or keys[:3])}, …")
    return hits
