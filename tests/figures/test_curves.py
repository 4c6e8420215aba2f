"""Curves: what is drawn is what the table says."""

import pandas as pd

from dsd.analysis.results.populations import split_populations
from dsd.analysis.summary import analyze
from dsd.figures.curves import plot_best_and_worst, plot_run
from dsd.figures.report.page import Report, html
from dsd.figures.style import figure, figures

CURVES = pd.DataFrame(
    [(f"r{i}", epoch, 2.0 / epoch, 90.0 - i - 10 * epoch, 40.0 - 5 * epoch) for i in range(12) for epoch in (1, 2, 3)],
    columns=["run", "epoch", "loss", "error", "top5_error"],
)


def test_a_run_is_drawn_as_it_went() -> None:
    """Loss beside top-1 and top-5 error, a point an epoch."""
    curve = CURVES[CURVES["run"] == "r3"]
    _, (loss, error) = figures(2, 4, 3)
    plot_run(loss, error, curve)
    assert loss.lines[0].get_ydata().tolist() == curve["loss"].tolist()
    assert [line.get_ydata().tolist() for line in error.lines] == [
        curve["error"].tolist(),
        curve["top5_error"].tolist(),
    ]
    assert [text.get_text() for text in error.get_legend().get_texts()] == ["top-1", "top-5"]


def test_best_and_worst_are_told_apart() -> None:
    """Each run once, the best in another colour than the worst; the legend counts them."""
    _, axes = figure()
    plot_best_and_worst(axes, CURVES, ["r11", "r10"], ["r1", "r0", "r2"])
    ends = {float(line.get_ydata()[-1]): line.get_color() for line in axes.lines}
    assert sorted(ends) == [49.0, 50.0, 58.0, 59.0, 60.0]
    assert len({ends[49.0], ends[50.0]}) == len({ends[58.0], ends[59.0], ends[60.0]}) == 1
    assert ends[49.0] != ends[58.0]
    assert sorted(text.get_text() for text in axes.get_legend().get_texts()) == ["best 2", "worst 3"]


def test_the_report_shows_curves_where_epochs_are_known() -> None:
    """A picture for each population of a sweep; none for a table from elsewhere; of few runs none is best and worst."""
    last = CURVES[CURVES["epoch"] == 3]
    frame = pd.DataFrame({"space": "X", "run": last["run"], "error": last["error"], "depth": range(12)})
    populations = split_populations(frame)
    report = Report("t", populations, analyze(populations))
    assert "over the epochs" not in html(report)
    assert html(Report("t", populations, report.analysis, curves=CURVES)).count("over the epochs") == 1
    one = split_populations(frame[:1])
    assert html(Report("t", one, analyze(one), curves=CURVES)).count("over the epochs") == 1
