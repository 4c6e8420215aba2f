"""The report page on a set of populations, verdicts first; it opens from a file and needs no internet."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from dsd._version import __version__
from dsd.analysis.comparison.pairwise import steps
from dsd.analysis.comparison.verdicts import RULE
from dsd.analysis.results.populations import Results
from dsd.analysis.results.strata import WEIGHT
from dsd.analysis.summary import Analysis, parameters
from dsd.architecture.units import readable
from dsd.errors import DsdError
from dsd.figures.report.embedded import as_script, page_data
from dsd.figures.report.pictures import (
    SHOWN,
    adjusted_images,
    as_image,
    curve_images,
    differences_image,
    edf_figure,
    efficiency_image,
    fit_rows,
    trend_images,
)
from dsd.figures.style import save
from dsd.io.files import write_whole

FAILURES = 200  # most failed runs in the list; the page counts the rest
PAIRS = 15  # most pairs shown at first; with more, only each population with the previous one
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")


@dataclass(frozen=True)
class TableSection:
    """A section with a table, as others than this package fill it.

    rows: cells under `header`
    sentences: below the table
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    sentences: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """The content of the page.

    title: title of the page
    populations, analysis: from `dsd.analysis`
    notes: notes at the top of the page, such as missing runs
    configuration: text of sweep.yaml; empty for a table from elsewhere
    curves: one row per run and epoch, with columns run, epoch and error [%]; None without data on epochs
    sections: further tables, after the verdicts
    """

    title: str
    populations: Sequence[Results]
    analysis: Analysis
    notes: Sequence[str] = ()
    configuration: str = ""
    curves: pd.DataFrame | None = None
    sections: Sequence[TableSection] = ()


def extremes(results: Results) -> pd.DataFrame:
    """The best and worst networks of a population, best first, without duplicates."""
    ordered = results.frame.sort_values("error", kind="stable")
    shown = ordered if len(ordered) <= 2 * SHOWN else pd.concat([ordered.head(SHOWN), ordered.tail(SHOWN)])
    named = ["key"] if "key" in shown else []
    columns = [column for column in parameters(shown) if not column.startswith("sampled_")]
    if results.shares:  # the weight is no parameter
        columns = [column for column in columns if column != WEIGHT]
    return shown[["error", *columns, *named]].dropna(axis=1, how="all")


def failure_rows(results: Results) -> list[dict[str, object]]:
    """The key and reason of each failed run."""
    rows = results.failures.to_dict("records")
    return [{"run": row.get("run", "–"), "reason": row.get("reason", "–")} for row in rows]


def number(value: object) -> str:
    """Format a table cell: numbers shortened, a dash for missing values, other values unchanged."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def percent(value: float | None) -> str:
    """Format with two decimals; a dash for None and NaN."""
    return "–" if value is None or value != value else f"{value:.2f}"


def versions() -> str:
    """The versions of dsd, Python and the libraries."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"dsd {__version__}, Python {platform.python_version()}, {libraries}"


def html(report: Report) -> str:
    """Render the page; every text from a table is escaped."""
    loader = PackageLoader("dsd.figures.report", ".")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, percent=percent)
    environment.globals["readable"] = readable
    return environment.get_template("page.html.j2").render(content_of(report, environment))


def content_of(report: Report, environment: Environment) -> dict[str, Any]:
    """The variables of the template."""
    summaries = report.analysis.populations
    present = [results for results in report.populations if len(results)]
    columns = list(dict.fromkeys(name for p in summaries for name in p.best_ranges))
    failures = [(results.name, row) for results in report.populations for row in failure_rows(results)]
    fits, fit_images, fit_rule = fit_rows(report.populations)
    trend_pictures, trend_words = trend_images(report.populations)

    shown = steps(report.analysis.comparisons, PAIRS)

    def raw(name: str) -> Markup:
        """A file of this folder, not escaped because it is part of the program."""
        assert environment.loader is not None
        return Markup(environment.loader.get_source(environment, name)[0])

    return {
        "report": report,
        "rule": RULE,
        "style": raw("page.css"),
        "script": raw("page.js"),
        "data": Markup(as_script(page_data(report.populations, columns))),
        "edf": as_image(edf_figure(report.populations)) if report.populations else "",
        "steps": shown,
        "differences": differences_image(shown) if shown else "",
        "adjusted_images": adjusted_images(report.analysis.adjusted),
        "efficiency": efficiency_image(present) if present else "",
        "columns": columns,
        "fits": fits,
        "fit_images": fit_images,
        "fit_rule": fit_rule,
        "trend_images": trend_pictures,
        "trend_words": trend_words,
        "curves": curve_images(report.populations, report.curves),
        "failures": failures[:FAILURES],
        "more_failures": max(len(failures) - FAILURES, 0),
        "tables": [(results.name, extremes(results)) for results in present],
        "versions": versions(),
    }


def write_report(report: Report, page: Path, picture: Path) -> None:
    """Write the page and the figure of the EDFs, each atomically.

    Raises:
        DsdError: a path is a folder
    """
    for path in (page, picture):
        if path.is_dir():
            raise DsdError(f"{path}: is a folder, but the report writes a file there; rename the folder")
    page.parent.mkdir(parents=True, exist_ok=True)
    write_whole(page, html(report))
    save(edf_figure(report.populations), picture)
