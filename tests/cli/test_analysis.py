"""dsd fit, analyze: tables in, numbers and tables out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd.analysis.linear_fit import GRID


@pytest.fixture
def networks(dsd, tmp_path: Path) -> Path:
    """A table of networks of two spaces, with errors."""
    path = tmp_path / "c.csv"
    assert dsd("sample", "--space", "AnyNetX_D,RegNetX", "-n", 12, "-o", path).code == 0
    frame = pd.read_csv(path)
    frame["error"] = 40 + np.arange(24) % 12 - 5 * (frame["space"] == "RegNetX")
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_fit_adds_columns_and_says_how(dsd, networks: Path, ending: str, tmp_path: Path) -> None:
    """w_0, w_a, w_m, e_fit beside what was there; grid and rule with the file; RegNets fit better than AnyNets."""
    from dsd import read_table
    from dsd.io.table_writing import provenance_in

    output = tmp_path / f"fit{ending}"
    done = dsd("fit", networks, "-o", output, "--w-m-step", 0.05)
    assert done.code == 0
    assert "24 networks: e_fit mean" in done.err
    frame = read_table(output)
    assert frame.columns.tolist()[-4:] == ["w_0", "w_a", "w_m", "e_fit"]
    means = frame.groupby("space")["e_fit"].mean()
    assert means["RegNetX"] < means["AnyNetX_D"]
    told = json.loads(provenance_in(output))
    assert told["fit"]["w_m"] == [1.5, 3.0, 0.05]
    assert "minimised over w_0 = 8–256 by 8" in told["fit"]["rule"]
    assert told["table"]["populations"][0]["space"] == "AnyNetX_D"


def test_fit_prints_a_table_and_refuses_what_has_no_stages(dsd, networks: Path, tmp_path: Path) -> None:
    """CSV on standard output, the rule on standard error; a table without depths is one line and exit code 2."""
    done = dsd("fit", networks, "--w-m-step", 0.5)
    assert done.out.splitlines()[0].endswith("error,w_0,w_a,w_m,e_fit")
    assert GRID.rule.split("w_m")[0] in done.err
    bare = tmp_path / "bare.csv"
    bare.write_text("error\n3\n")
    refused = dsd("fit", bare)
    assert (refused.code, "has no columns d1, d2" in refused.err) == (2, True)
    assert dsd("fit", networks, "--w-m-step", 0).code == 2


def test_analyze_says_verdicts_and_searches(dsd, networks: Path) -> None:
    """The table of pairs ends with the verdict; a target adds a column; the JSON has the contract's keys and more."""
    printed = dsd("analyze", networks, "--target", 38, "--delta", 0.5).out
    assert "b is" in printed
    assert "better" in printed
    assert "n to 38 %" in printed
    found = json.loads(dsd("analyze", networks, "--target", 38, "--json").out)
    first, pair = found["populations"][0], found["comparisons"][0]
    assert {"name", "n", "failed", "error", "best_ranges"} <= set(first)
    assert set(first["best_ranges"]["depth"]) == {"low", "median", "high"}
    assert {"a", "b", "ks", "p_value", "p_holm", "mean_difference", "low", "high"} <= set(pair)
    assert (pair["verdict"], pair["decision"]["delta"]) == ("better", 1.0)
    assert first["search"] is None or first["search"] <= 12
    assert "equal to a within δ" in found["rule"]


def test_a_ladder_is_compared_step_by_step(dsd, tmp_path: Path) -> None:
    """`--stepwise` has the pairs that follow each other, in `analyze` and on the page; the page says so."""
    errors = np.random.default_rng(0).normal(40, 2, 60).reshape(3, 20)
    rows = [{"space": space, "error": error} for space, part in zip("abc", errors, strict=True) for error in part]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    every, found = (
        json.loads(dsd("analyze", tmp_path / "t.csv", "--json", *words).out)["comparisons"]
        for words in ([], ["--stepwise"])
    )
    assert [(one["a"], one["b"]) for one in every] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [(one["a"], one["b"]) for one in found] == [("a", "b"), ("b", "c")]
    assert found[0]["decision"]["low"] > every[0]["decision"]["low"]
    page = tmp_path / "r.html"
    assert dsd("report", tmp_path / "t.csv", "--stepwise", "-o", page).code == 0
    assert "The pairs are the steps" in page.read_text()


def test_the_papers_bootstrap_has_a_seed(dsd, networks: Path) -> None:
    """Exact by default, whatever the seed; with resamples the seed decides, and few resamples differ."""

    def ranges(*words: object) -> object:
        found = json.loads(dsd("analyze", networks, "--json", *words).out)
        return [population["best_ranges"] for population in found["populations"]]

    assert ranges() == ranges("--seed", 5)
    few = [ranges("--resamples", 3, "--seed", seed) for seed in (1, 1, 2)]
    assert few[0] == few[1] != few[2]


def test_categories_have_shares_of_wins(dsd, tmp_path: Path) -> None:
    """A column of text is a parameter too, without being asked for."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"op": rng.choice(["conv", "pool", "skip"], 200), "layers": rng.integers(1, 9, 200)})
    frame["error"] = 30 + 5 * (frame["op"] == "pool") + rng.normal(0, 1, 200)
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = json.loads(dsd("analyze", tmp_path / "t.csv", "--json").out)
    shares = found["populations"][0]["best_values"]["op"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
    assert shares.get("pool", 0) < 0.01
    assert "best values of" in dsd("analyze", tmp_path / "t.csv").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--delta", "0"], "delta = 0: give points of error"),
        (["--target", "101"], "101"),
        (["--columns", "nothing"], "there is no column nothing; "),
    ],
)
def test_settings_that_make_no_sense_are_refused(dsd, networks: Path, words: list[str], message: str) -> None:
    """One line, exit code 2; for report too."""
    for command in ("analyze", "report"):
        refused = dsd(command, networks, *words)
        assert (refused.code, message in refused.err, refused.err.count("\n")) == (2, True, 1)


def test_small_and_strange_populations_say_what_could_not_be_computed(dsd, tmp_path: Path) -> None:
    """n = 1, constant errors and constant columns give results with a line on standard error, not a failure."""
    path = tmp_path / "t.csv"
    pd.DataFrame({"space": ["one"] + ["same"] * 9, "error": [5.0] + [7.0] * 9, "depth": 3}).to_csv(path, index=False)
    done = dsd("analyze", path)
    assert done.code == 0
    assert "one (n = 1): too few; a verdict needs 5 networks." in done.err
    assert "same: nearly all errors are equal" in done.err
    assert "undecided" in done.out
    assert dsd("report", path, "-o", tmp_path / "r.html").code == 0


def test_the_help_of_fit_names_the_grid_that_is_searched(dsd) -> None:
    """The help is written without loading the library."""
    low, high, step = GRID.w_m
    text = " ".join(dsd("fit", "--help").out.split())
    assert f"searched from {low:g} to {high:g}. [default: {step:g}]" in text


def test_the_help_of_complexity_names_the_comparisons_that_there_are(dsd) -> None:
    """Likewise."""
    from dsd.architecture.catalogue.published_values import COMPARISONS
    from dsd.cli.complexity import COMPARED

    assert set(COMPARED) == set(COMPARISONS)
