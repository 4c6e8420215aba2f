"""The public functions of Python take names and files where the command line does, and refuse other types in words."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import dsd
from dsd import DsdError


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dsd.network(5), "dsd.network takes a name such as 'RegNetX-400MF' or a .yaml file, not int"),
        (lambda: dsd.load_space(None), "dsd.load_space takes a name such as 'AnyNetX_C' or a .yaml file, not NoneType"),
        (lambda: dsd.sample(5, 10), "dsd.sample takes a Space, or a name .* not int; dsd.load_space"),
        (lambda: dsd.read_table(5), r"dsd.read_table takes the path of a table \(.csv, .parquet, .jsonl\), not int"),
        (
            lambda: dsd.split_populations(None),
            "dsd.split_populations takes a DataFrame or the path of a table",
        ),
        (lambda: dsd.build(5), "takes a Network, or a name"),
        (lambda: dsd.complexity(5), "not int"),
        (lambda: dsd.analyze(5), "not int"),
        (lambda: dsd.design.distinct(5), "dsd.design.distinct takes a Space"),
        (lambda: dsd.models.time_network(5), "dsd.models.time_network takes a Network"),
        (lambda: dsd.analysis.select_populations(5, ["a"]), "not int"),
        (lambda: dsd.analysis.trends(5), "dsd.analysis.trends takes a DataFrame or the path"),
        (lambda: dsd.analysis.correlations(5), "dsd.analysis.correlations takes a DataFrame"),
        (lambda: dsd.analysis.fit_all("c.csv"), "not str; dsd.analysis.block_widths"),
        (lambda: dsd.sweep.status(5), "a sweep is given by its folder, such as 'runs/demo', not int"),
        (lambda: dsd.sweep.collect(5), "a sweep is given by its folder"),
    ],
)
def test_a_wrong_type_gets_a_sentence(call: Callable[[], object], message: str) -> None:
    """It names the function, what it takes, and the type that it got."""
    with pytest.raises(DsdError, match=message):
        call()


def test_names_and_files_are_taken(tmp_path: Path) -> None:
    """Of spaces, networks and tables."""
    path = tmp_path / "t.csv"
    frame = pd.DataFrame({"space": ["a"] * 9, "error": range(30, 39), "d1": 2, "w1": 8, "flops": range(1, 10)})
    frame.to_csv(path, index=False)
    assert dsd.design.distinct("NDS_ResNet").networks == 1_259_712
    quick = dsd.models.Conditions(batch=1, calls=1, seconds=0.0)
    assert "infer_ms" in dsd.models.time_network("ResNet-56", quick)
    assert [results.name for results in dsd.split_populations(str(path))] == ["a"]
    assert [results.name for results in dsd.analysis.select_populations(path, ["a"])] == ["a"]
    assert dsd.analysis.trends(path) == dsd.analysis.trends(frame)
    assert len(dsd.analysis.block_widths(path)) == 9
