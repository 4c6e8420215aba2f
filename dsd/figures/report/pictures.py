"""The static figures of the report, as SVG inside the page."""

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dsd.analysis.adjusted.populations import Adjusted
from dsd.analysis.comparison.pairwise import Comparison
from dsd.analysis.complexity_trends import trends
from dsd.analysis.distribution.stratified import weights_of
from dsd.analysis.linear_fit import COARSE, block_widths, fit_all
from dsd.analysis.parameters.bootstrap import exact_winners
from dsd.analysis.results.populations import Results
from dsd.errors import DsdError
from dsd.figures.adjusted import plot_adjusted_means, plot_surrogate
from dsd.figures.complexity import plot_trend
from dsd.figures.curves import plot_best_and_worst
from dsd.figures.differences import plot_differences
from dsd.figures.edf import INSIDE, plot_edf
from dsd.figures.parameter import plot_parameter
from dsd.figures.random_search import plot_random_search
from dsd.figures.style import figure, figures, label, letters_of_the_font
from dsd.figures.widths import plot_many_widths

SHOWN = 5  # number of best and of worst networks shown per population
FITTED = 400  # networks fitted for the page, over all populations
BEST = 20  # networks in one plot of widths ([DDS] Fig. 8)
DRAWN = 8  # most populations with a figure of fits
POINTS = 2_000  # most points in a figure; more are thinned evenly


def as_image(fig: Figure) -> str:
    """A figure as the data URL of an HTML image."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dsd"}), letters_of_the_font():
        fig.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def thinned(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` rows, spaced evenly in the rank of error."""
    if len(frame) <= most:
        return frame
    ordered = frame.sort_values("error", kind="stable")
    return ordered.iloc[np.linspace(0, len(frame) - 1, most).round().astype(int)]


def edf_figure(populations: Sequence[Results]) -> Figure:
    """The figure of the EDFs of all populations."""
    fig, axes = figure(6.5, 4.2) if len(populations) <= INSIDE else figure(10.0, max(4.2, 0.16 * len(populations)))
    plot_edf(axes, populations)
    return fig


def differences_image(comparisons: Sequence[Comparison]) -> str:
    """The image of each pair's difference and interval."""
    fig, axes = figure(8.0, 0.9 + 0.27 * len(comparisons))
    plot_differences(axes, comparisons)
    return as_image(fig)


def adjusted_images(adjusted: Adjusted) -> list[str]:
    """The images of what the surrogate explains, and of plain and adjusted means; none without adjusted means."""
    if not adjusted.means:
        return []
    fig, (left, right) = figures(2, 4.6, 3.4, fitted=True)
    if adjusted.predictions:
        plot_surrogate(left, adjusted)
    plot_adjusted_means(right, adjusted)
    return [as_image(fig)]


def efficiency_image(populations: Sequence[Results]) -> str:
    """The image of the expected best error of a random search in each population."""
    fig, axes = figure(6.0, 3.8) if len(populations) <= INSIDE else figure(10.0, max(3.8, 0.16 * len(populations)))
    plot_random_search(axes, populations)
    return as_image(fig)


def curve_images(populations: Sequence[Results], curves: pd.DataFrame | None) -> list[str]:
    """One image per population with runs: learning curves of the best and worst runs; none if `curves` is None."""
    images: list[str] = []
    for results in populations:
        if curves is None or "run" not in results.frame or not len(results):
            continue
        ordered = results.frame.sort_values("error", kind="stable")["run"].drop_duplicates().tolist()
        shown = min(SHOWN, (len(ordered) + 1) // 2)
        fig, axes = figure(4.4, 3.2)
        plot_best_and_worst(axes, curves, ordered[:shown], ordered[shown:][-shown:])
        axes.set_title(label(results.name), fontsize="medium")
        images.append(as_image(fig))
    return images


def trend_images(populations: Sequence[Results]) -> tuple[list[str], list[str]]:
    """The trends of Fig. 12 over all populations: images, and formulas as text."""
    frames = [results.frame for results in populations if len(results) and "flops" in results.frame]
    if not frames:
        return [], []
    frame = pd.concat(frames, ignore_index=True)
    fitted = trends(frame)
    few = thinned(frame, POINTS)
    images = []
    for trend in fitted.values():
        fig, (axes,) = figures(1, 4.0, 3.0, fitted=False)
        plot_trend(axes, few, trend)
        images.append(as_image(fig))
    return images, [str(trend) for trend in fitted.values()]


def has_stages(results: Results) -> bool:
    """Whether the table has stage depths and widths."""
    return len(results) > 0 and {"d1", "w1"} <= set(results.frame)


def fit_rows(populations: Sequence[Results]) -> tuple[list[dict[str, Any]], list[str], str]:
    """The quantized linear fits of each population: statistics, images, and a description of the fit.

    If the table has fits (`dsd fit`), they are used. Else some networks of each population, spaced evenly in the rank
    of error, are fitted on a coarse grid.
    """
    rows: list[dict[str, Any]] = []
    images: list[str] = []
    rule = ""
    fitted = max(FITTED // max(len(populations), 1), BEST)
    left_out = []
    for results in filter(has_stages, populations):
        try:
            block_widths(results.frame, results.name)
        except DsdError as error:  # columns d1, w1 with another meaning
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
        shown = replace(results, frame=frame)
        best = exact_winners(frame["error"], weights=weights_of(shown)).range(frame["e_fit"])
        mean = float(shown.weights @ frame["e_fit"]) if shown.stratified else frame["e_fit"].mean()
        rows.append({"name": results.name, "n": len(frame), "mean": mean, "best": best})
        if len(images) >= DRAWN:
            continue
        fig, (left, right) = figures(2, 4.0, 3.0, fitted=False)
        plot_parameter(left, Results(results.name, thinned(frame, POINTS)), "e_fit", best)
        top = results.frame[results.frame["d1"].notna()].sort_values("error", kind="stable").head(BEST)
        plot_many_widths(right, block_widths(top, results.name))
        right.set_title(f"{label(results.name)}: best {len(top)}", fontsize="small")
        images.append(as_image(fig))
    return rows, images, "; ".join(filter(None, [rule, *left_out]))
