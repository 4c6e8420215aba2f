"""Sources of `dsd analyze` and `dsd report`: sweep folders and tables, split into populations."""

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
    """Split comma-separated names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def settings_of(
    columns: str,
    delta: float | None,
    target: float | None,
    resamples: int,
    seed: int,
    stepwise: bool,
    across: str,
    pair: str,
    at_equal: str,
    plain: bool,
) -> "Settings":
    """Return the options as the library's `Settings`."""
    from dsd.analysis.summary import Settings

    return Settings(
        columns=names_in(columns),
        delta=delta,
        target=target,
        seed=seed,
        resamples=resamples,
        stepwise=stepwise,
        across=names_in(across),
        plain=plain,
        pair=pair or None,
        at_equal=at_equal or None,
    )


def synthetic(populations: "list[Results]") -> list[str]:
    """Return a warning for each population that was trained on random pixels."""
    return [
        f"{results.name} was trained on synthetic images: its errors mean nothing, only its times do."
        for results in populations
        if "synthetic" in results.frame and results.frame["synthetic"].eq(True).any()
    ]


def table_of(source: Path, *names: str) -> "pd.DataFrame":
    """Return the current table of a sweep, without runs that no look needs any more, or the table of a file.

    Args:
        names: columns of names, read as text
    """
    from dsd.io.table_reading import read_table

    path = file_of(source)
    if path is not None:
        return read_table(path, names)
    frame, status = gathered(source)
    return frame[~frame["run"].isin(status.unneeded)] if status.unneeded else frame


def file_of(source: Path) -> Path | None:
    """Return the table file of a source: a file, or the table in a sweep folder that lacks networks.csv; else None.

    Raises:
        DsdError: the source does not exist
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
    """Return the current table of a sweep and the status it is made from. Write nothing."""
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.collection import gather

    return gather(Sweep(folder))


def curves_of(sources: tuple[Path, ...]) -> "pd.DataFrame | None":
    """Return the epochs of the runs of sweeps, one row per run and epoch; None if no source has epochs."""
    from dsd.io.table_reading import read_table
    from dsd.sweep.folder.folder import EPOCHS
    from dsd.sweep.results.learning_curves import curves_frame, joined

    curves = []
    for folder in (source for source in sources if source.is_dir()):
        if file_of(folder) is None:
            curves.append(curves_frame(gathered(folder)[1].records))
        elif (folder / EPOCHS).is_file():
            curves.append(read_table(folder / EPOCHS))
    return joined(curves) if curves else None


def populations_of(
    sources: tuple[Path, ...], by: str, outcomes: str, pair: str, draws: tuple[str, ...], plain: bool
) -> "list[Results]":
    """Return the populations of sweep folders and tables, each with a unique name, and with their draws."""
    from dsd.analysis.results.populations import (
        disambiguate_names,
        split_populations,
        with_draws,
        with_recorded_draws,
    )

    names, kept = names_in(outcomes), [pair] if pair else []
    tables = []
    for source in sources:
        populations = split_populations(table_of(source, by, *kept), by, str(source), names)
        if not plain and not pair:  # else reading the recorded spaces is of no use
            populations = with_recorded_draws(populations, file_of(source) or source, by)
        tables.append((str(source), populations))
    return with_draws(disambiguate_names(tables), draws_in(draws))


def draws_in(texts: tuple[str, ...]) -> dict[str, Path]:
    """Split the values NAME=TABLE of --draws."""
    draws: dict[str, Path] = {}
    for text in texts:
        cuts = [i for i, letter in enumerate(text) if letter == "=" and 0 < i < len(text) - 1]
        if not cuts:
            raise DsdError(f"--draws {text}: give NAME=TABLE, the name of a population and a table of its networks")
        cut = next((i for i in cuts if Path(text[i + 1 :]).is_file()), cuts[-1])  # names and paths can contain "="
        name, table = text[:cut], text[cut + 1 :]
        if name in draws:
            raise DsdError(f"--draws {text}: gives a second table for {name}")
        draws[name] = Path(table)
    return draws
