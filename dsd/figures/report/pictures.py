"""The pictures of the report that need no script, as SVG inside of the page."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dsd.analysis.comparison.pairwise import Comparison
from dsd.analysis.complexity_trends import trends
from dsd.analysis.linear_fit import COARSE, block_widths, fit_all
from dsd.analysis.parameters.bootstrap import empirical_bootstrap
from dsd.analysis.results.populations import Results
from dsd.errors import DsdError
from dsd.figures.complexity import plot_trend
from dsd.figures.curves import plot_best_and_worst
from dsd.figures.differences import plot_differences
from dsd.figures.edf import INSIDE, plot_edf
from dsd.figures.parameter import plot_parameter
from dsd.figures.random_search import plot_random_search
from dsd.figures.style import figure, figures, label, letters_of_the_font
from dsd.figures.widths import plot_many_widths

SHOWN = 5  # best and worst networks of each population
FITTED = 400  # networks of all populations together whose fits are found for the page
BEST = 20  # networks whose widths are drawn together ([DDS] Fig. 8)
DRAWN = 8  # populations whose fits are drawn
POINTS = 2_000  # of a picture; more are thinned out evenly


def as_image(made: Figure) -> str:
    """A figure as the source of an HTML image."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dsd"}), letters_of_the_font():
        made.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def thinned(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, evenly over the ranks of error."""
    if len(frame) <= most:
        return frame
    ordered = frame.sort_values("error", kind="stable")
    return ordered.iloc[np.linspace(0, len(frame) - 1, most).round().astype(int)]


def edf_figure(populations: Sequence[Results]) -> Figure:
    """The EDFs of all populations as a figure of its own."""
    made, axes = figure(6.5, 4.2) if len(populations) <= INSIDE else figure(10.0, max(4.2, 0.16 * len(populations)))
    plot_edf(axes, populations)
    return made


def differences_image(comparisons: Sequence[Comparison]) -> str:
    """Every pair's difference with its interval."""
    made, axes = figure(8.0, 0.9 + 0.27 * len(comparisons))
    plot_differences(axes, comparisons)
    return as_image(made)


def efficiency_image(populations: Sequence[Results]) -> str:
    """The expected best of a random search in each population."""
    made, axes = figure(6.0, 3.8) if len(populations) <= INSIDE else figure(10.0, max(3.8, 0.16 * len(populations)))
    plot_random_search(axes, populations)
    return as_image(made)


def curve_images(populations: Sequence[Results], curves: pd.DataFrame | None) -> list[str]:
    """For each population of whose epochs something is known, the curves of its best and worst runs."""
    images: list[str] = []
    for results in populations:
        if curves is None or "run" not in results.frame or not len(results):
            continue
        ordered = results.frame.sort_values("error", kind="stable")["run"].drop_duplicates().tolist()
        shown = min(SHOWN, (len(ordered) + 1) // 2)
        made, axes = figure(4.4, 3.2)
        plot_best_and_worst(axes, curves, ordered[:shown], ordered[shown:][-shown:])
        axes.set_title(label(results.name), fontsize="medium")
        images.append(as_image(made))
    return images


def trend_images(populations: Sequence[Results]) -> tuple[list[str], list[str]]:
    """What Fig. 12 fits, over all populations: pictures, and the trends in words."""
    there = [results.frame for results in populations if len(results) and "flops" in results.frame]
    if not there:
        return [], []
    frame = pd.concat(there, ignore_index=True)
    found = trends(frame)
    few = thinned(frame, POINTS)
    images = []
    for trend in found.values():
        made, (axes,) = figures(1, 4.0, 3.0, fitted=False)
        plot_trend(axes, few, trend)
        images.append(as_image(made))
    return images, [str(trend) for trend in found.values()]


def has_stages(results: Results) -> bool:
    """Whether the table tells depths and widths of stages."""
    return len(results) > 0 and {"d1", "w1"} <= set(results.frame)


def fit_rows(populations: Sequence[Results]) -> tuple[list[dict[str, Any]], list[str], str]:
    """The quantized linear fits of each population: numbers, pictures, and how they were found.

    Fits that the table has (`dsd fit`) are taken; else some networks of each population are fitted on a coarse grid,
    evenly over the ranks of error.
    """
    rows: list[dict[str, Any]] = []
    images: list[str] = []
    rule = ""
    fitted = max(FITTED // max(len(populations), 1), BEST)
    left_out = []
    for results in filter(has_stages, populations):
        try:
            block_widths(results.frame, results.name)
        except DsdError as error:  # columns d1, w1 of another meaning
            left_out.append(f"{results.name} left out: {error}")
            continue
        if "e_fit" in results.frame:
            frame, rule = results.frame[results.frame["e_fit"].notna()], rule or "as in the table"
        else:
            frame = thinned(results.frame[results.frame["d1"].notna()], fitted)
            fits = fit_all(block_widths(frame, results.name), COARSE)
            frame = frame.assign(e_fit=[fit.e_fit for fit in fits])
            rule = f"{COARSE.rule}; up to {fitted} networks of each population, spaced evenly in the rank of error"
        if not len(frame):
            continue
        best = empirical_bootstrap(frame["e_fit"], frame["error"], rng=None)
        rows.append({"name": results.name, "n": len(frame), "mean": frame["e_fit"].mean(), "best": best})
        if len(images) >= DRAWN:
            continue
        made, (left, right) = figures(2, 4.0, 3.0, fitted=False)
        plot_parameter(left, Results(results.name, thinned(frame, POINTS)), "e_fit", best)
        top = results.frame[results.frame["d1"].notna()].sort_values("error", kind="stable").head(BEST)
        plot_many_widths(right, block_widths(top, results.name))
        right.set_title(f"{label(results.name)}: best {len(top)}", fontsize="small")
        images.append(as_image(made))
    return rows, images, "; ".join(filter(None, [rule, *left_out]))
