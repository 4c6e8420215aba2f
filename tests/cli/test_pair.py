"""dsd analyze and dsd report with --pair: two recipes on the same networks, in one table or in two."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def frame() -> pd.DataFrame:
    """20 networks trained by two recipes, a point apart, less three trainings."""
    rng = np.random.default_rng(0)
    networks = rng.normal(40, 6, 20)
    rows = [
        {"space": "A" if i < 10 else "B", "key": f"n{i}", "id": 7 + i, "recipe": recipe, "error": round(error, 2)}
        for recipe, shift in (("slow", 0), ("fast", -1.5))
        for i, error in enumerate(networks + shift + rng.normal(0, 0.5, 20))
    ]
    return pd.DataFrame(rows).drop([3, 24, 25])


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path) -> Path:
    """The same as a file."""
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_the_output_says_that_it_is_paired_and_by_what(dsd, table: Path) -> None:
    """The table has P(b < a) and no KS test; a line counts what matches; the JSON has both."""
    done = dsd("analyze", table, "--pair", "key", "--by", "recipe")
    assert done.code == 0
    assert "mean difference of error within n networks, paired by key" in done.out
    assert "share of networks with a lower error in b, ties half" in done.out
    assert "P(b < a)" in done.out
    assert "KS D" not in done.out
    assert "slow and fast have 17 networks in common; left out without a partner: 2 and 1." in done.err
    assert "no verdict" not in done.out + done.err
    found = json.loads(dsd("analyze", table, "--pair", "key", "--by", "recipe", "--json").out)
    (pair,) = found["comparisons"]
    assert pair["paired"] == {"by": "key", "n": 17, "unmatched_a": 2, "unmatched_b": 1, "same_run": 0}
    assert (pair["verdict"], pair["ks"], found["pair"]) == ("better", None, "key")
    assert 0.5 < pair["superiority"]["low"] < pair["superiority"]["value"] <= pair["superiority"]["high"] <= 1


def test_independent_samples_have_it_too_where_the_terminal_is_wide(
    dsd, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the KS test on 200 columns, alone on 110, left out on 80; `paired` is null in the JSON."""
    from rich.console import Console

    words = ("analyze", table, "--by", "recipe", "--across", "recipe")
    assert all(
        text in dsd(*words).out for text in ("P(b < a)", "KS D", "a network of b has a lower error than one of a")
    )
    (pair,) = json.loads(dsd(*words, "--json").out)["comparisons"]
    assert (pair["paired"], set(pair["superiority"])) == (None, {"value", "low", "high"})
    for width, shown in ((110, True), (80, False)):
        monkeypatch.setattr("dsd.cli.output.console", lambda width=width: Console(width=width, highlight=False))
        printed = dsd(*words).out
        assert ("P(b < a)" in printed, "KS D" in printed) == (shown, False)


def test_the_page_says_that_it_is_paired(dsd, table: Path, tmp_path: Path) -> None:
    """In the verdict, in a note and under the table, whose KS cells are dashes."""
    page = tmp_path / "r.html"
    assert dsd("report", table, "--pair", "key", "--by", "recipe", "-o", page).code == 0
    text = page.read_text()
    assert "points within 17 networks paired by key (" in text
    assert "Paired by key: slow and fast have 17 networks in common" in text
    assert "Paired by key: all differences are within the networks that both populations have" in text
    assert "nan" not in text.split('<h2 id="comparisons">')[1].split("</table>")[0]
    assert dsd("report", table, "--by", "recipe", "-o", page).code == 0
    assert "P(b&nbsp;&lt;&nbsp;a)" in page.read_text()
    assert "Clopper" not in page.read_text()


@pytest.mark.parametrize("by", ["space", "recipe"])
def test_two_sources_are_paired(dsd, frame: pd.DataFrame, tmp_path: Path, by: str) -> None:
    """A recipe in each: by space A with A and B with B, if recipes may differ; by recipe all networks at once."""
    for recipe, part in frame.groupby("recipe"):
        part.to_csv(tmp_path / f"{recipe}.csv", index=False)
    slow, fast = tmp_path / "slow.csv", tmp_path / "fast.csv"
    words = ("analyze", slow, fast, "--pair", "key", "--by", by)
    if by == "recipe":
        (pair,) = json.loads(dsd(*words, "--json").out)["comparisons"]
        assert (pair["a"], pair["b"], pair["verdict"], pair["paired"]["n"]) == ("slow", "fast", "better", 17)
        return
    refused = dsd(*words)
    assert "no verdict between them without --across recipe" in refused.err
    assert "Not compared, because they share no network from different runs: " in refused.err
    pairs = json.loads(dsd(*words, "--across", "recipe", "--json").out)["comparisons"]
    assert [(pair["a"], pair["b"]) for pair in pairs] == [(f"{s} ({slow})", f"{s} ({fast})") for s in "AB"]
    assert [pair["paired"]["n"] for pair in pairs] == [7, 10]


def test_any_column_can_name_the_networks_and_may_have_gaps(dsd, frame: pd.DataFrame, tmp_path: Path) -> None:
    """Whole numbers, the first of them missing in one population: that network has no partner, and a line says so."""
    frame["id"] = frame["id"].astype("Int64")
    frame.loc[0, "id"] = pd.NA
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    done = dsd("analyze", tmp_path / "gaps.csv", "--pair", "id", "--by", "recipe")
    assert "slow and fast have 16 networks in common; left out without a partner: 3 and 2." in done.err
    assert "Networks without a value of id have no partner: slow 1." in done.err
    assert "paired by id" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pair", "net", "--by", "recipe"], "slow: has no column net (--pair); its columns are: "),
        (["--pair", "space", "--by", "recipe"], "slow: space = A is in rows 1, 2, 3; --pair needs one row of each"),
        (["--pair", "key"], "A: key = n0 is in rows 1, 20; --pair needs one row of each network in a population"),
    ],
)
def test_what_cannot_be_paired_is_one_line(dsd, table: Path, words: list[str], message: str) -> None:
    """Exit code 2, for both commands; a warning on repeated keys may stand before it."""
    for command in ("analyze", "report"):
        refused = dsd(command, table, *words)
        assert refused.code == 2
        assert refused.err.splitlines()[-1].startswith(f"dsd: {message}")


def test_populations_without_a_network_in_common_are_refused(dsd, frame: pd.DataFrame, tmp_path: Path) -> None:
    """One line that names the remedy."""
    frame.drop_duplicates("key").to_csv(tmp_path / "once.csv", index=False)
    refused = dsd("analyze", tmp_path / "once.csv", "--pair", "key")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "no two populations share a value of key from different runs (populations: A, B); group by" in refused.err
