"""Plots of widths, fits, searches, regimes, pairs and differences: what is drawn is what was computed."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dsd import DsdError
from dsd.analysis import compare, edf, fit_quantized_linear, random_search_curve
from dsd.analysis.distribution.normalised import common_bins, weights
from dsd.analysis.parameters.regimes import by_regime, regime_ranges
from dsd.analysis.results.populations import Results
from dsd.figures.differences import LOOK, plot_differences
from dsd.figures.edf import plot_edf, plot_normalised_edf
from dsd.figures.pairs import plot_pairs
from dsd.figures.random_search import plot_random_search
from dsd.figures.regimes import plot_regimes
from dsd.figures.style import figure
from dsd.figures.widths import plot_fit, plot_many_widths, plot_widths

RNG = np.random.default_rng(0)


def population(name: str = "A", n: int = 80, shift: float = 0.0, seed: int = 0) -> Results:
    """A population with flops, a depth and a width."""
    rng = np.random.default_rng(seed)
    columns = {"flops": rng.uniform(1e8, 8e8, n), "depth": rng.integers(1, 30, n), "w1": rng.integers(8, 900, n)}
    return Results(name, pd.DataFrame({**columns, "error": rng.normal(40 + shift, 5, n)}))


def test_bands_are_shaded_for_few_populations() -> None:
    """Up to three by default, and wherever they are asked for."""
    for count, band, shaded in ((3, None, 3), (4, None, 0), (4, True, 4), (1, False, 0)):
        _, ax = figure()
        plot_edf(ax, [population(str(i), seed=i) for i in range(count)], band=band)
        assert len(ax.collections) == shaded


def test_the_normalised_edf_is_the_weighted_one() -> None:
    """The line is F with the weights over the common range; the legend counts who is inside."""
    one, other = population("A", 400, seed=1), population("B", 400, seed=2)
    _, ax = figure()
    plot_normalised_edf(ax, [one, other], bins=4)
    edges = common_bins([one.frame["flops"], other.frame["flops"]], 4)
    shares = weights(one.frame["flops"], edges)
    line = ax.lines[0]
    np.testing.assert_allclose(line.get_ydata(), edf(one.errors, line.get_xdata(), shares))
    assert f"n={(shares > 0).sum()} of 400" in ax.get_legend().get_texts()[0].get_text()
    with pytest.raises(DsdError, match="use fewer than"):
        plot_normalised_edf(ax, [population(n=5), population(n=5, seed=3)])


def test_widths_are_those_of_the_blocks() -> None:
    """Every block at its width; the legend has the stages as the paper lists them."""
    _, ax = figure()
    plot_widths(ax, [24, 56, 56, 152], title="good")
    assert ax.lines[0].get_ydata().tolist() == [24, 56, 56, 152]
    assert ax.get_legend().get_texts()[0].get_text() == "d = 1, 2, 1\nw = 24, 56, 152"
    assert (ax.get_title(), ax.get_yscale()) == ("good", "log")


def test_a_fit_is_drawn_beside_its_network() -> None:
    """Observed, predicted, and the line of Eq. 2; the title has e_fit."""
    widths = [24.0, 64.0, 64.0, 136.0, 400.0]
    fit = fit_quantized_linear(widths)
    _, ax = figure()
    plot_fit(ax, widths, fit)
    observed, predicted, line = (one.get_ydata() for one in ax.lines)
    assert observed.tolist() == widths
    np.testing.assert_array_equal(predicted, fit.widths(5))
    np.testing.assert_allclose(line, fit.w_0 + fit.w_a * np.arange(5))
    assert ax.get_title() == f"e_fit = {fit.e_fit:.3f}"


def test_many_networks_are_drawn_with_the_papers_line() -> None:
    """One grey line each, and 48 (j + 1) as long as the longest."""
    _, ax = figure()
    plot_many_widths(ax, [[8, 16], [8, 16, 32]])
    assert len(ax.lines) == 3
    assert ax.lines[-1].get_ydata().tolist() == [48, 96, 144]


def test_the_drawn_efficiency_is_the_expected_best() -> None:
    """The curve from one network to all; the interval ends where it would say too little."""
    one = population()
    _, ax = figure()
    plot_random_search(ax, [one, Results("none", one.frame.head(0))])
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(y, random_search_curve(one.errors, x).expected)
    assert (x[0], x[-1], len(ax.lines)) == (1, 80, 1)
    assert ax.collections[0].get_datalim(ax.transData).x1 <= 40


def test_the_drawn_regimes_are_the_ranges() -> None:
    """The black line is the median of each regime's best, the shade its range."""
    ranges = regime_ranges(by_regime(population(n=300), [1e8, 2e8, 4e8, 8e8]), ["depth", "w1"])
    _, ax = figure()
    plot_regimes(ax, ranges, "depth")
    rows = ranges[ranges["column"] == "depth"]
    assert ax.lines[0].get_ydata().tolist() == rows["median"].tolist()
    shade = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (shade.min(), shade.max()) == (rows["low"].min(), rows["high"].max())


def test_pairs_are_coloured_by_rank() -> None:
    """Each network at its two parameters; the best has the least colour and lies on top."""
    made = Figure()
    ax = plot_pairs(made.add_subplot(), population(), "depth", "w1")
    points = ax.collections[0]
    assert len(points.get_offsets()) == 80
    assert points.get_array()[-1] == pytest.approx(1 / 80)
    assert made.axes[1].get_ylabel() == "rank of error"


def test_differences_are_coloured_by_verdict() -> None:
    """A row a pair in reading order, its interval that of the verdict, δ shaded."""
    pairs = compare([population("A", 400), population("B", 400, -3, 1), population("C", 400, -3, 2)])
    _, ax = figure()
    plot_differences(ax, pairs)
    labels = [text.get_text() for text in ax.get_yticklabels()][::-1]
    assert labels == [f"{pair.b} − {pair.a}: {pair.verdict.word}" for pair in pairs]
    first = ax.lines[-3]  # drawn last but for its point and the line at zero
    assert first.get_color() == LOOK["better"]
    assert first.get_xdata() == pytest.approx([pairs[0].verdict.low, pairs[0].verdict.high])
    assert ax.patches[0].get_x() == -1
