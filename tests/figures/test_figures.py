"""Figures: the data that is drawn is the data that was given; the report holds together."""

import re

import numpy as np
import pandas as pd
import pytest

from dsd.analysis.complexity_trends import trends
from dsd.analysis.distribution.empirical import edf
from dsd.analysis.parameters.bootstrap import BestRange
from dsd.analysis.results.populations import Results
from dsd.analysis.summary import analyze
from dsd.design.parameters.distributions import log_uniform
from dsd.figures.complexity import plot_points, plot_trend
from dsd.figures.distribution import plot_distribution
from dsd.figures.edf import plot_edf
from dsd.figures.parameter import plot_parameter
from dsd.figures.report import page as report
from dsd.figures.style import figure


def results(name: str = "A", n: int = 40, seed: int = 0, failed: int = 0, unfinished: int = 0) -> Results:
    """A population with a depth, a width and a key."""
    failures = pd.DataFrame({"run": [f"r{i}" for i in range(failed)], "reason": ["exception: a < b"] * failed})
    rng = np.random.default_rng(seed)
    columns = {"key": [f"n{i}" for i in range(n)], "depth": rng.integers(1, 30, n), "w3": rng.integers(8, 900, n)}
    return Results(name, pd.DataFrame({**columns, "error": rng.normal(40, 5, n)}), failures, unfinished)


def test_the_drawn_edf_is_the_edf() -> None:
    """Read off the line, every step is F of Eq. 1, at the errors and between them."""
    population = results()
    _, ax = figure()
    line = plot_edf(ax, [population]).lines[0]
    x, y = line.get_xdata(), line.get_ydata()
    assert line.get_drawstyle() == "steps-pre"
    at = np.linspace(20, population.errors.max(), 300)
    drawn = y[np.searchsorted(x, at, side="left")]
    np.testing.assert_allclose(drawn, edf(population.errors, at))


def test_the_drawn_law_is_the_law() -> None:
    """The thick line ends each step at the distribution's cumulative probability; the others at the draws'
    cumulative share.
    """
    distribution = log_uniform(1, 4, 1)
    _, ax = figure()
    line, drawn = plot_distribution(ax, distribution, {"draws": [1, 1, 4, 2]}).lines
    np.testing.assert_allclose(line.get_ydata(), np.cumsum(distribution.probabilities))
    np.testing.assert_allclose(drawn.get_ydata(), [0.5, 0.75, 0.75, 1])
    assert line.get_drawstyle() == drawn.get_drawstyle() == "steps-post"


def test_legends_say_n_min_mean_and_what_is_missing() -> None:
    """A population with failed or unfinished runs says so."""
    _, ax = figure()
    whole, partial = results("A"), results("B", failed=2, unfinished=1)
    empty = Results("C", whole.frame.head(0), results(failed=4).failures)
    legend = plot_edf(ax, [whole, partial, empty]).get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[0] == f"A: n=40, min {whole.errors.min():.1f}, mean {whole.errors.mean():.1f}"
    assert texts[1].endswith("(2 failed, 1 unfinished)")
    assert texts[2] == "C: no results (4 failed)"


def test_a_parameter_is_drawn_with_its_best_range() -> None:
    """All points, the shaded range and the median stand where the numbers say."""
    population = results()
    _, ax = figure()
    plot_parameter(ax, population, "depth", BestRange(5, 9, 14))
    assert len(ax.collections[0].get_offsets()) == 40
    assert ax.lines[0].get_xdata()[0] == 9
    assert (ax.patches[0].get_x(), ax.patches[0].get_width()) == (5, 9)
    assert "best 5 – 14, median 9" in ax.get_title()


def test_the_report_is_whole_and_self_contained(tmp_path) -> None:
    """It shows every population, what failed, and nothing from the network; texts from tables are escaped."""
    populations = [results("A"), results("<script>alert(1)</script>", seed=1, failed=1)]
    page, picture = tmp_path / "report.html", tmp_path / "figures" / "edf.png"
    made = report.Report("Test", populations, analyze(populations), ["one run is missing"], "name: test")
    report.write_report(made, page, picture)
    text = page.read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "a &lt; b" in text
    assert "one run is missing" in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures", "report.html"]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (float("nan"), "–"), (12345, "12,345"), (1.23456, "1.235"), ("x", "x")]
)
def test_cells_are_short(value, text: str) -> None:
    """Numbers of four digits, a dash for what is missing."""
    assert report.number(value) == text


def test_points_and_trends_are_those_of_the_table() -> None:
    """A point a network, in GF, millions and ms; the curve is the fit; the title has the correlation or the formula."""
    flops = np.linspace(1e8, 4e9, 30)
    frame = pd.DataFrame({"flops": flops, "acts": 6e6 * np.sqrt(flops / 1e9), "infer_ms": flops / 1e8})
    frame.loc[3, "infer_ms"] = np.nan
    _, ax = figure()
    points = plot_points(ax, frame, "acts", "infer_ms").collections[0].get_offsets()
    kept = frame.dropna()
    np.testing.assert_allclose(points, np.stack([kept["acts"] / 1e6, kept["infer_ms"]], axis=1))
    assert ax.get_title() == f"r = {np.corrcoef(kept['acts'], kept['infer_ms'])[0, 1]:.2f}"
    _, ax = figure()
    (curve,) = plot_trend(ax, frame, trends(frame)["acts"]).lines
    np.testing.assert_allclose(curve.get_ydata(), 6 * np.sqrt(curve.get_xdata()))
    assert ax.get_title() == "6 √flops   (R² = 1.00)"
