"""The error EDF of populations ([DDS] Fig. 2, 5, 7, 9), plain and complexity-normalised ([NDS] §3.3)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from dsd.analysis.distribution.empirical import edf
from dsd.analysis.distribution.normalised import BINS, common_bins, normalised_band, weights
from dsd.analysis.distribution.stratified import half_width
from dsd.analysis.results.populations import Results
from dsd.errors import DsdError
from dsd.figures.style import label, look

INSIDE = 8  # most populations with the legend inside the Axes
BANDED = 3  # most populations with bands; more bands would overlap


def plot_edf(ax: Axes, populations: Sequence[Results], band: bool | None = None) -> Axes:
    """Draw the EDF of each population, with n, min and mean error in the legend.

    The legend also counts failed and unfinished runs, and lists populations without results.

    Args:
        band: shade the 95 % band of each EDF (DKW, simultaneous over all errors; `stratified.half_width` with strata);
            None shades up to 3 populations
    """
    end = max((results.errors.max() for results in populations if len(results)), default=0.0)
    banded = len(populations) <= BANDED if band is None else band
    for i, results in enumerate(populations):
        if len(results):
            order = np.argsort(results.errors, kind="stable")
            errors = results.errors[order]
            steps = np.arange(len(errors) + 1) / len(errors)
            if results.stratified:
                steps = np.append(0.0, np.cumsum(results.weights[order]))
            # F is 0 up to and including the least error, and 1 above the largest (Eq. 1, strict)
            ax.step([*errors, end], steps, where="pre", label=legend(results), linewidth=1.8, **look(i))
            if banded:
                at = np.append(np.unique(errors), end)
                share = edf(results.errors, at, results.weights if results.stratified else None)
                half = half_width(results)
                shade(ax, at, np.maximum(share - half, 0), np.minimum(share + half, 1), i)
        else:
            ax.plot([], [], label=legend(results), **look(i))
    return labelled(ax, outside=len(populations) > INSIDE)


def plot_normalised_edf(ax: Axes, populations: Sequence[Results], measure: str = "flops", bins: int = BINS) -> Axes:
    """Draw the EDFs of populations, normalised to uniform complexity over the range that they share.

    Args:
        populations: two or more, with results
        measure: flops, params or acts
        bins: number of complexity bins; each must contain a network of every population

    Raises:
        DsdError: the populations share no range of complexity, one has no network in a bin, or one has strata
    """
    for results in populations:
        if results.stratified:
            raise DsdError(
                f"{results.name}: is drawn in strata, for which the normalised EDF is not defined; use plot_edf"
            )
    complexities = [results.frame[measure].to_numpy(float) for results in populations]
    edges = common_bins(complexities, bins)
    for i, (results, x) in enumerate(zip(populations, complexities, strict=True)):
        at = np.linspace(results.errors.min(), results.errors.max(), 400)
        shares = weights(x, edges)
        inside, mean = int((shares > 0).sum()), float(shares @ results.errors)
        text = f"{label(results.name)}: n={inside} of {len(results)}, mean {mean:.1f}"
        ax.plot(at, edf(results.errors, at, shares), label=text, linewidth=1.8, **look(i))
        around = normalised_band(results.errors, x, edges, at)
        ax.fill_between(at, around.low, around.high, color=look(i)["color"], alpha=0.12, linewidth=0)
    labelled(ax)
    ax.set_ylabel(f"cumulative fraction, even in {measure}")
    return ax


def shade(ax: Axes, at: np.ndarray, low: np.ndarray, high: np.ndarray, i: int) -> None:
    """Shade a stepped band in the colour of the i-th population."""
    ax.fill_between(at, low, high, step="pre", color=look(i)["color"], alpha=0.12, linewidth=0)


def labelled(ax: Axes, outside: bool = False) -> Axes:
    """Label the Axes of an EDF; `outside` puts the legend to the right of it."""
    ax.set_xlabel("error [%]")
    ax.set_ylabel("cumulative fraction of networks")
    ax.set_ylim(0, 1.02)
    if outside:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="x-small", frameon=False)
    else:
        ax.legend(loc="lower right", fontsize="small", framealpha=0.75, edgecolor="none")
    return ax


def legend(results: Results) -> str:
    """The legend text of a population: name, n, min and mean error as in the paper, and missing runs."""
    numbers = "no results"
    if len(results):
        numbers = f"n={len(results)}, min {results.errors.min():.1f}, mean {results.mean:.1f}"
    missing = f" ({results.missing_note})" if results.missing_note else ""
    return f"{label(results.name)}: {numbers}{missing}"
