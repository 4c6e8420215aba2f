"""The report: one self-contained HTML page, and the pictures in it."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from dsd.analysis.populations import Results
from dsd.analysis.summary import Analysis, parameters
from dsd.design.window import readable
from dsd.errors import DsdError
from dsd.figures.curves import plot_best_and_worst
from dsd.figures.edf import plot_edf
from dsd.figures.parameter import plot_parameter
from dsd.figures.style import figure, save
from dsd.files import write_whole

SHOWN = 5  # best and worst networks of each population
PLOTTED = ("depth", "w3", "w4", "flops")


@dataclass(frozen=True)
class Report:
    """What the page shows.

    title: of the page
    populations, analysis: from `dsd.analysis`
    notes: what the reader has to know first, such as runs that are missing
    configuration: text of sweep.yaml; empty where the table came from elsewhere
    curves: a row a run and epoch, with columns run, epoch and error [%]; None where nothing is known of epochs
    """

    title: str
    populations: Sequence[Results]
    analysis: Analysis
    notes: Sequence[str] = ()
    configuration: str = ""
    curves: pd.DataFrame | None = None


def edf_figure(populations: Sequence[Results]) -> Figure:
    """The EDFs of all populations as a figure of its own."""
    made, axes = figure(6.5, 4.2)
    plot_edf(axes, populations)
    return made


def as_image(made: Figure) -> str:
    """A figure as the source of an HTML image."""
    buffer = io.BytesIO()
    made.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def parameter_images(report: Report) -> list[str]:
    """For each population the plots of some parameters against error."""
    images = []
    for results, summary in zip(report.populations, report.analysis.populations, strict=True):
        for column in [name for name in PLOTTED if name in summary.best_ranges][:3]:
            made, axes = figure(3.6, 2.8)
            plot_parameter(axes, results, column, summary.best_ranges[column])
            images.append(as_image(made))
    return images


def curve_images(report: Report) -> list[str]:
    """For each population of whose epochs something is known, the curves of its best and worst runs."""
    images: list[str] = []
    for results in report.populations:
        if report.curves is None or "run" not in results.frame or not len(results):
            continue
        ordered = results.frame.sort_values("error", kind="stable")["run"].drop_duplicates().tolist()
        shown = min(SHOWN, (len(ordered) + 1) // 2)
        made, axes = figure(4.4, 3.2)
        plot_best_and_worst(axes, report.curves, ordered[:shown], ordered[shown:][-shown:])
        axes.set_title(results.name, fontsize="medium")
        images.append(as_image(made))
    return images


def extremes(results: Results) -> pd.DataFrame:
    """The best and the worst networks of a population, best first, each once."""
    ordered = results.frame.sort_values("error", kind="stable")
    shown = ordered if len(ordered) <= 2 * SHOWN else pd.concat([ordered.head(SHOWN), ordered.tail(SHOWN)])
    named = ["key"] if "key" in shown else []
    columns = [column for column in parameters(shown) if not column.startswith("sampled_")]
    return shown[["error", *columns, *named]].dropna(axis=1, how="all")


def failure_rows(results: Results) -> list[dict[str, object]]:
    """What is known of each failed run: its key and the reason."""
    rows = results.failures.to_dict("records")
    return [{"run": row.get("run", "–"), "reason": row.get("reason", "–")} for row in rows]


def number(value: object) -> str:
    """A cell: numbers short, other values as they are, nothing for what is missing."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def html(report: Report) -> str:
    """The page; every text from a table is escaped."""
    environment = Environment(loader=PackageLoader("dsd.figures", "."), autoescape=True, trim_blocks=True)
    environment.filters["number"] = number
    environment.filters["percent"] = lambda value: "–" if value is None or value != value else f"{value:.2f}"
    environment.globals["readable"] = readable
    template = environment.get_template("report.html.j2")
    columns = list(dict.fromkeys(name for p in report.analysis.populations for name in p.best_ranges))
    return template.render(
        report=report,
        edf=as_image(edf_figure(report.populations)) if report.populations else "",
        columns=columns,
        images=parameter_images(report),
        curves=curve_images(report),
        failures=[(results.name, row) for results in report.populations for row in failure_rows(results)],
        tables=[(results.name, extremes(results)) for results in report.populations if len(results)],
    )


def write(report: Report, page: Path, picture: Path) -> None:
    """Write the page and the picture of the EDFs; each file appears whole or not at all."""
    for path in (page, picture):
        if path.is_dir():
            raise DsdError(f"{path}: is a folder; the report needs the name for a file")
    page.parent.mkdir(parents=True, exist_ok=True)
    write_whole(page, html(report))
    save(edf_figure(report.populations), picture)
