"""What `dsd analyze` and `dsd report` read: sweep folders and tables, and which of their columns name populations."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dsd.errors import DsdError, known
from dsd.io.files import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from dsd.analysis.results.populations import Results
    from dsd.analysis.summary import Settings
    from dsd.sweep.results.status import Status


def names_in(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def settings_of(
    columns: str, delta: float | None, target: float | None, resamples: int, seed: int, stepwise: bool, across: str
) -> "Settings":
    """The options as the library wants them."""
    from dsd.analysis.summary import Settings

    return Settings(names_in(columns), delta, target, seed, resamples, stepwise, names_in(across))


def synthetic(populations: "list[Results]") -> list[str]:
    """A sentence for each population that was trained on random pixels."""
    return [
        f"{results.name} was trained on synthetic images: its errors mean nothing, only its times do."
        for results in populations
        if "synthetic" in results.frame and results.frame["synthetic"].eq(True).any()
    ]


def table_of(source: Path, by: str) -> "pd.DataFrame":
    """The table of a sweep as it stands now, or of a file."""
    from dsd.io.table_reading import read_table

    path = file_of(source)
    return gathered(source)[0] if path is None else read_table(path, (by,))


def file_of(source: Path) -> Path | None:
    """The table that a source is, or that is all a sweep has left; None for a sweep's folder.

    Raises:
        DsdError: there is neither
    """
    from dsd.sweep.folder.folder import NETWORKS, TABLE

    if source.is_dir():
        left = (source / TABLE).is_file() and not (source / NETWORKS).is_file()
        return source / TABLE if left else None
    if not source.exists() and source.suffix not in TABLES:
        raise DsdError(f"{source}: there is no such folder; `dsd launch` makes one, or give a table ({known(TABLES)})")
    return source


@cache
def gathered(folder: Path) -> "tuple[pd.DataFrame, Status]":
    """The table of a sweep as it stands now, and the status it was made from; nothing is written."""
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.collection import gather

    return gather(Sweep(folder))


def curves_of(sources: tuple[Path, ...]) -> "pd.DataFrame | None":
    """The epochs of the runs of sweeps, a row a run and epoch; None where nothing is known of epochs."""
    from dsd.io.table_reading import read_table
    from dsd.sweep.folder.folder import EPOCHS
    from dsd.sweep.results.learning_curves import joined, learning_curves

    found = []
    for folder in (source for source in sources if source.is_dir()):
        if file_of(folder) is None:
            found.append(learning_curves(gathered(folder)[1].records))
        elif (folder / EPOCHS).is_file():
            found.append(read_table(folder / EPOCHS))
    return joined(found) if found else None


def populations_of(sources: tuple[Path, ...], by: str, outcomes: str) -> "list[Results]":
    """The populations of sweep folders and tables, each under a name of its own."""
    from dsd.analysis.results.populations import disambiguate_names, split_populations

    names = names_in(outcomes)
    return disambiguate_names(
        [(str(one), split_populations(table_of(one, by), by, str(one), names)) for one in sources]
    )
