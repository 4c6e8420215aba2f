"""A population: networks drawn from a space, with its table and files.

Every file records its `provenance`, in its metadata (.parquet) or in a file beside it (.csv, .jsonl).
"""

import html
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from dsd._version import __version__
from dsd.architecture.complexities import MEASURES, Complexity, count_complexity
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import columns_of
from dsd.arrays import Columns
from dsd.design.space import SpaceInfo
from dsd.design.window import Windows
from dsd.errors import DsdError, known
from dsd.io.files import write_whole
from dsd.io.table_writing import check_ending, columns_as_parquet, write_columns

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # rows shown in a notebook
ROWS = 100_000  # rows held in memory at a time while writing .parquet


@dataclass(frozen=True)
class Draw:
    """Counts over all proposals of a draw.

    proposals: draws from the space
    valid: proposals that satisfy the constraints and form a network (a RegNet must form s stages)
    in_window: valid proposals inside the windows
    duplicates: proposals in the window that realise the same network as an earlier one
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
            f"drew {self.proposals:,} candidates, {self.valid:,} valid, {self.in_window:,} in the window, "
            f"{self.duplicates:,} duplicates dropped"
        )


@dataclass(frozen=True, repr=False)
class Population:
    """n networks of a space, with their complexity, their drawn values, and the counts of the draw.

    info: of the space, for the requested resolution and classes
    """

    info: SpaceInfo
    networks: Networks
    drawn: Columns
    draw: Draw
    windows: Windows
    seed: int

    @property
    def space(self) -> str:
        """The name of the space."""
        return self.info.name

    def __len__(self) -> int:
        return len(self.networks)

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    @overload
    def __getitem__(self, which: int | str) -> Network: ...

    @overload
    def __getitem__(self, which: slice) -> "Population": ...

    def __getitem__(self, which: int | str | slice) -> "Network | Population":
        """Return a network by its position or the start of its key; for a slice, a population."""
        if isinstance(which, slice):
            return self.select(np.arange(len(self))[which])
        if isinstance(which, str):
            return self.networks[position_of(which, self.networks.keys())]
        if isinstance(which, bool) or not isinstance(which, int | np.integer):
            raise DsdError(
                f"population[{which!r}]: give a position, a slice such as 0:10, or the start of a key; "
                "population.frame is a DataFrame for everything else"
            )
        if not -len(self) <= which < len(self):
            raise IndexError(f"population[{which}]: the population has {len(self):,} networks")
        return self.networks[int(which)]

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self[:SHOWN].frame.to_html(index=False)}"

    def __repr__(self) -> str:
        return f"<Population of {self.space}: {len(self):,} networks, {self.windows}, seed {self.seed}>"

    def select(self, rows: NDArray[np.int64]) -> "Population":
        """Return the networks at these positions; the counts of the draw stay the same."""
        drawn = {name: column[rows] for name, column in self.drawn.items()}
        return replace(self, networks=self.networks.select(rows), drawn=drawn)

    @cached_property
    def complexity(self) -> Complexity:
        """flops, params and acts of each network, computed on first access."""
        return count_complexity(self.networks)

    @property
    def columns(self) -> Columns:
        """The table as columns (n,), in the order of the file."""
        return columns_of(self.space, self.networks, self.complexity, self.drawn)

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything needed to draw the population again, and the counts of its draw."""
        info = self.info
        return {
            "space": self.space,
            "space_hash": info.hash,
            "n": len(self),
            "seed": self.seed,
            "windows": {name: getattr(self.windows, name).bounds for name in MEASURES},
            "resolution": info.resolution or None,  # None where the space draws it
            "classes": info.classes,
            "draw": asdict(self.draw),
            "spec": info.spec,
        }

    @property
    def frame(self) -> "pd.DataFrame":
        """The table as a DataFrame, one row per network."""
        import pandas as pd

        return pd.DataFrame(self.columns)


def position_of(prefix: str, keys: list[str]) -> int:
    """Find the position of the only key that starts with `prefix`."""
    hits = [i for i, key in enumerate(keys) if prefix and key.startswith(prefix)]
    if len(hits) != 1:
        what = f"{len(hits)} keys start with this; give more of the key" if hits else "no key starts with this"
        raise DsdError(f"population[{prefix!r}]: {what}; examples of keys: {known(keys[:3])}")
    return hits[0]


def provenance_of(populations: list[Population]) -> str:
    """Encode the provenance of a file as JSON: dsd's version and each population's `provenance`."""
    return json.dumps({"dsd_version": __version__, "populations": [p.provenance for p in populations]}, indent=1)


def write_populations(populations: list[Population], path: Path) -> None:
    """Write populations with their provenance; the file extension sets the format: .csv, .jsonl or .parquet.

    The file is written atomically.

    Raises:
        DsdError: the extension is unknown, the folder is missing, or .parquet without pyarrow
    """
    check_ending(path)
    if path.suffix == ".parquet":
        write_whole(path, as_parquet(populations))
        return
    write_columns([population.columns for population in populations], path, provenance_of(populations))


def as_parquet(populations: list[Population]) -> bytes:
    """Encode populations as a .parquet file, holding at most ROWS rows as columns at a time."""
    samples = [population.select(np.arange(1)).columns for population in populations]
    parts = (
        population.select(np.arange(start, min(start + ROWS, len(population)))).columns
        for population in populations
        for start in range(0, len(population), ROWS)
    )
    return columns_as_parquet(samples, parts, provenance_of(populations))
