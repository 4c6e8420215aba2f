"""Select networks by the words of a command line or a study."""

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
    """Resolve words to networks: a published name, FILE.yaml, TABLE for all its rows, or TABLE:KEY for one row.

    Returns:
        pairs (label, network); the label is the published name, the file's name or the row's key
    """
    from dsd.architecture.catalogue.lookup import network
    from dsd.architecture.catalogue.names import canonical

    networks: list[tuple[str, Network]] = []
    files = Counter(Path(word).stem for word in words if Path(word).suffix in YAML)
    for word in words:
        table, colon, key = word.rpartition(":")
        if Path(word).suffix in TABLES:
            networks += rows_of(word, resolution, classes)
        elif colon and Path(table).suffix in TABLES:
            rows = dict(rows_of(table, resolution, classes))
            networks += [(label, rows[label]) for label in matching(table, key, list(rows))]
        elif Path(word).suffix in YAML:
            label = Path(word).stem
            networks.append((label if files[label] == 1 else word, network(word, resolution, classes)))
        elif Path(word).exists() or "/" in word:
            raise DsdError(f"{word}: is not a network; give a table ({known(TABLES)}) or a network file (.yaml)")
        else:
            label = canonical(word)
            networks.append((f"{label} (published)" if label in files else label, network(word, resolution, classes)))
    return networks


def rows_of(table: str, resolution: int | None, classes: int | None) -> "list[tuple[str, Network]]":
    """Read the networks of a table, each with its key in the table."""
    from dsd.architecture.rows import networks_of
    from dsd.io.table_reading import read_table

    return [(net.key, net.for_task(resolution, classes)) for net in networks_of(read_table(table), table)]


def matching(table: str, key: str, keys: list[str]) -> list[str]:
    """Find the only key that starts with `key`, as a list of one."""
    hits = [full for full in keys if key and full.startswith(key)]
    if len(hits) != 1:
        what = f"{len(hits)} keys start with this; give more of the key" if hits else "no key starts with this"
        raise DsdError(f"{table}:{key}: {what}; keys are {known(hits[:3] or keys[:3])}, …")
    return hits


def grouped(words: tuple[str, ...], resolution: int, classes: int) -> "list[tuple[str, list[Network], Columns]]":
    """Resolve words to populations, for a resolution and number of classes.

    Returns:
        for each population its name, its networks, and their drawn values (columns `sampled_*`, `lr`, `weight_decay`)
        with their keys in the table (`source_key`). The column `space` of a TABLE groups its rows into populations;
        without it they are one population, named after the file. Any other word is a population of one network, named
        by its label
    """
    populations: list[tuple[str, list[Network], Columns]] = []
    for word in words:
        table, _, key = (word, "", "") if Path(word).suffix in TABLES else word.rpartition(":")
        if Path(table).suffix in TABLES:
            populations += populations_of(table, key, resolution, classes)
        else:
            populations += [(label, [net], {}) for label, net in named((word,), resolution, classes)]
    twice = [name for name, count in Counter(name for name, _, _ in populations).items() if count > 1]
    if twice:
        raise DsdError(f"networks = {list(words)}: two populations have the name {twice[0]}")
    return populations


def populations_of(
    table: str, key: str, resolution: int, classes: int
) -> "Iterator[tuple[str, list[Network], Columns]]":
    """Yield the populations of a table, or the one network whose key starts with `key`, named by its key."""
    from dsd.architecture.rows import networks_of
    from dsd.io.table_reading import read_table

    frame = read_table(table)
    networks = networks_of(frame, table)
    names = frame["space"].tolist() if "space" in frame else [Path(table).stem] * len(frame)
    if not key and None in names:
        raise DsdError(f"{table}: space is empty in row {names.index(None) + 1}; it names the population")
    if key:
        (hit,) = matching(table, key, [net.key for net in networks])
        names = [hit if net.key == hit else "" for net in networks]
    for name in filter(None, dict.fromkeys(names)):
        rows = [i for i, other in enumerate(names) if other == name][: 1 if key else None]
        drawn = {column: frame[column].to_numpy()[rows] for column in frame if is_drawn(str(column))}
        drawn["source_key"] = np.array([networks[i].key for i in rows])  # the key changes with resolution and classes
        yield str(name), [networks[i].for_task(resolution, classes) for i in rows], drawn


def is_drawn(column: str) -> bool:
    """Whether a column of a table holds drawn values."""
    from dsd.architecture.rows import TRAINING

    return column.startswith("sampled_") or column in TRAINING
