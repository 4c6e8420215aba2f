"""The networks that words name: on the command line, and in a study."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dsd.errors import DsdError, known
from dsd.io.files import TABLES, YAML

if TYPE_CHECKING:
    from dsd.architecture.network import Network
    from dsd.arrays import Columns


def named(words: tuple[str, ...], resolution: int | None, classes: int | None) -> "list[tuple[str, Network]]":
    """The networks of arguments: a published name, FILE.yaml, TABLE for all its rows, or TABLE:KEY for one.

    Returns:
        each with its label: the published name, the file's name, the row's key
    """
    from dsd.architecture.catalogue.lookup import network
    from dsd.architecture.catalogue.names import canonical

    found: list[tuple[str, Network]] = []
    files = Counter(Path(word).stem for word in words if Path(word).suffix in YAML)
    for word in words:
        table, colon, key = word.rpartition(":")
        if Path(word).suffix in TABLES:
            found += rows_of(word, resolution, classes)
        elif colon and Path(table).suffix in TABLES:
            rows = dict(rows_of(table, resolution, classes))
            found += [(label, rows[label]) for label in matching(table, key, list(rows))]
        elif Path(word).suffix in YAML:
            label = Path(word).stem
            found.append((label if files[label] == 1 else word, network(word, resolution, classes)))
        elif Path(word).exists() or "/" in word:
            raise DsdError(f"{word}: is no network; a table ends with {known(TABLES)}, a network's file with .yaml")
        else:
            label = canonical(word)
            found.append((f"{label} (published)" if label in files else label, network(word, resolution, classes)))
    return found


def rows_of(table: str, resolution: int | None, classes: int | None) -> "list[tuple[str, Network]]":
    """The networks of a table, each with its key there."""
    from dsd.architecture.rows import networks_of
    from dsd.io.table_reading import read_table

    return [(one.key, one.for_task(resolution, classes)) for one in networks_of(read_table(table), table)]


def matching(table: str, key: str, keys: list[str]) -> list[str]:
    """The one key that begins like this."""
    hits = [one for one in keys if key and one.startswith(key)]
    if len(hits) != 1:
        what = f"fits {len(hits)} rows; give more of it" if hits else "is not the key of a row, nor how one begins"
        raise DsdError(f"{table}:{key}: {what}; the keys are {known(hits[:3] or keys[:3])}, …")
    return hits


def grouped(words: tuple[str, ...], resolution: int, classes: int) -> "list[tuple[str, list[Network], Columns]]":
    """The populations that words name, for a resolution and classes.

    Returns:
        for each its name, its networks, and what was drawn for them (columns `sampled_*`, `lr`, `weight_decay`), with
        the key that they have in their table (`source_key`). Rows of a TABLE are the populations that its column
        `space` names, or one that is called as the file; any other word is a population of one network, under its label
    """
    found: list[tuple[str, list[Network], Columns]] = []
    for word in words:
        table, _, key = (word, "", "") if Path(word).suffix in TABLES else word.rpartition(":")
        if Path(table).suffix in TABLES:
            found += populations_of(table, key, resolution, classes)
        else:
            found += [(label, [one], {}) for label, one in named((word,), resolution, classes)]
    twice = [name for name, count in Counter(name for name, _, _ in found).items() if count > 1]
    if twice:
        raise DsdError(f"networks = {list(words)}: two populations are called {twice[0]}")
    return found


def populations_of(
    table: str, key: str, resolution: int, classes: int
) -> "Iterator[tuple[str, list[Network], Columns]]":
    """The populations of a table's rows, or the one network whose key begins like `key`, under that name."""
    from dsd.architecture.rows import networks_of
    from dsd.io.table_reading import read_table

    frame = read_table(table)
    networks = networks_of(frame, table)
    names = frame["space"].tolist() if "space" in frame else [Path(table).stem] * len(frame)
    if not key and None in names:
        raise DsdError(f"{table}: space is empty in row {names.index(None) + 1}; it names the population")
    if key:
        (hit,) = matching(table, key, [one.key for one in networks])
        names = [hit if one.key == hit else "" for one in networks]
    for name in filter(None, dict.fromkeys(names)):
        rows = [i for i, other in enumerate(names) if other == name][: 1 if key else None]
        drawn = {column: frame[column].to_numpy()[rows] for column in frame if is_drawn(str(column))}
        drawn["source_key"] = np.array([networks[i].key for i in rows])  # for another task a network has another key
        yield str(name), [networks[i].for_task(resolution, classes) for i in rows], drawn


def is_drawn(column: str) -> bool:
    """Whether a column of a table tells what was drawn for a network."""
    from dsd.architecture.rows import TRAINING

    return column.startswith("sampled_") or column in TRAINING
