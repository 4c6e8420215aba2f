"""A population: networks drawn from a space, as a table that can be written and read."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dsd.design.complexity import MEASURES, Complexity
from dsd.design.network import Network, Networks
from dsd.design.space import Columns, by_stage
from dsd.design.window import Windows
from dsd.errors import DsdError, known
from dsd.files import write_whole

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Draw:
    """How a population came about: counts over all proposals tried.

    proposals: draws from the space
    valid: those that form a network (a RegNet needs the wanted number of stages)
    in_window: of these, inside the windows
    duplicates: of these, the same realised network as an earlier one
    """

    proposals: int = 0
    valid: int = 0
    in_window: int = 0
    duplicates: int = 0

    def __add__(self, other: "Draw") -> "Draw":
        return Draw(
            self.proposals + other.proposals,
            self.valid + other.valid,
            self.in_window + other.in_window,
            self.duplicates + other.duplicates,
        )

    def __str__(self) -> str:
        return (
            f"{self.proposals:,} proposals, {self.valid:,} valid, {self.in_window:,} in the window, "
            f"{self.duplicates:,} duplicates left out"
        )


@dataclass(frozen=True)
class Population:
    """n networks of a space, with their complexity, what was drawn for them, and how the draw went."""

    space: str
    networks: Networks
    drawn: Columns
    complexity: Complexity
    draw: Draw
    windows: Windows
    seed: int

    def __len__(self) -> int:
        return len(self.networks)

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def select(self, rows: NDArray[np.int64]) -> "Population":
        """The networks at these positions; what is told of the draw stays."""
        drawn = {name: column[rows] for name, column in self.drawn.items()}
        return replace(self, networks=self.networks.select(rows), drawn=drawn, complexity=self.complexity.select(rows))

    @property
    def columns(self) -> Columns:
        """The table as columns (n,), in the order of the file."""
        networks, n = self.networks, len(self)
        family = networks.family
        return {
            "space": np.full(n, self.space),
            "key": np.array(networks.keys()),
            **by_stage("d", networks.depths),
            **by_stage("w", networks.widths),
            **by_stage("b", networks.bottleneck_ratios),
            **by_stage("g", networks.group_widths),
            "depth": networks.depths.sum(axis=1),
            **{name: getattr(self.complexity, name) for name in MEASURES},
            **self.drawn,
            "block": np.full(n, family.block),
            "stem": np.full(n, family.stem),
            "strides": np.full(n, "-".join(map(str, family.strides))),
            "resolution": networks.resolution,
            "classes": np.full(n, networks.classes),
        }

    @property
    def frame(self) -> "pd.DataFrame":
        """The table as a DataFrame, one row a network."""
        import pandas as pd

        return pd.DataFrame(self.columns)


def joined(parts: list[Population], draw: Draw) -> Population:
    """Parts of one population, one after the other, with the counts of the whole draw."""
    first = parts[0]
    return replace(
        first,
        networks=first.networks.followed_by([part.networks for part in parts[1:]]),
        drawn={name: np.concatenate([part.drawn[name] for part in parts]) for name in first.drawn},
        complexity=Complexity(*(np.concatenate([getattr(p.complexity, m) for p in parts]) for m in MEASURES)),
        draw=draw,
    )


def rows_of(columns: Columns) -> Iterator[tuple[Any, ...]]:
    """The rows of a table as Python values."""
    return zip(*(column.tolist() for column in columns.values()), strict=True)


def as_csv(tables: list[Columns]) -> str:
    """Tables one after the other as CSV; a column that one of them lacks stays empty there."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, merged_names(tables), restval="", lineterminator="\n")
    writer.writeheader()
    for table in tables:
        writer.writerows(dict(zip(table, row, strict=True)) for row in rows_of(table))
    return text.getvalue()


def as_jsonl(tables: list[Columns]) -> str:
    """Tables as one JSON object a line."""
    rows = (dict(zip(table, row, strict=True)) for table in tables for row in rows_of(table))
    return "".join(json.dumps(row) + "\n" for row in rows)


def merged_names(tables: list[Columns]) -> list[str]:
    """The columns of all tables: stages and what was drawn stay together where tables differ in them."""
    names: list[str] = []
    for table in tables:
        position = 0
        for name in table:
            if name in names:
                position = names.index(name) + 1
            else:
                names.insert(position, name)
                position += 1
    return names


WRITERS = {".csv": as_csv, ".jsonl": as_jsonl}


def check_ending(path: Path) -> None:
    """Refuse a file name whose ending is not a format, or whose folder is missing."""
    endings = [*WRITERS, ".parquet"]
    if path.suffix not in endings:
        raise DsdError(f"-o {path}: the ending chooses the format; give one of: {known(endings)}")
    if path.is_dir():
        raise DsdError(f"-o {path}: is a folder; give a file")
    if not path.parent.is_dir():
        raise DsdError(f"-o {path}: the folder {path.parent} does not exist")


def write(populations: list[Population], path: Path) -> None:
    """Write populations to a file whose ending chooses the format: .csv, .jsonl or .parquet.

    The file appears whole or not at all.

    Raises:
        DsdError: the ending is not known, the folder is missing, or .parquet without pyarrow
    """
    check_ending(path)
    if path.suffix == ".parquet":
        write_whole(path, as_parquet(populations, path))
    else:
        write_whole(path, WRITERS[path.suffix]([population.columns for population in populations]))


def as_parquet(populations: list[Population], path: Path) -> bytes:
    """Populations as the content of a .parquet file; `path` is named in the error where pyarrow is missing."""
    import pandas as pd

    frame = pd.concat([population.frame for population in populations], ignore_index=True)
    content = io.BytesIO()
    try:
        frame.to_parquet(content, index=False)
    except ImportError as error:
        raise DsdError(f"-o {path}: .parquet needs pyarrow; pip install 'dsd[parquet]', or give .csv") from error
    return content.getvalue()
