"""Comparisons at equal complexity. Oracles: populations whose error depends on flops in a known way."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError
from dsd.analysis import compare
from dsd.analysis.comparison.equal_complexity import edges_of
from dsd.analysis.results.populations import Results, split_populations, with_draws

RNG = np.random.default_rng


def population(
    name: str, rng: np.random.Generator, n: int, low: float, high: float, shift: float = 0.0, noise: float = 1.5
) -> Results:
    """Networks with flops even in their logarithm, and an error that falls with it."""
    flops = np.exp(rng.uniform(np.log(low), np.log(high), n))
    error = 60 - 8 * np.log10(flops / 1e8) + shift + rng.normal(0, noise, n)
    return Results(name, pd.DataFrame({"flops": flops, "params": flops / 80, "error": error}))


def test_what_only_flops_explain_is_equal_at_equal_flops() -> None:
    """As they are the larger networks look better by 4 points; at equal flops both are equal, and a shift is found."""
    a, b = population("a", RNG(1), 150, 1e8, 8e8), population("b", RNG(2), 150, 3e8, 3e9)
    (plain,), (equal,) = compare([a, b]), compare([a, b], at_equal="flops")
    assert plain.verdict.word == "better"
    assert plain.mean_difference < -3
    assert (equal.verdict.word, equal.verdict.by) == ("equal", "at equal complexity")
    assert abs(equal.estimate) < 0.6
    assert equal.mean_difference == plain.mean_difference
    assert equal.equal.low == pytest.approx(b.frame["flops"].min())
    assert equal.equal.high == pytest.approx(a.frame["flops"].max())
    assert equal.equal.share_a == pytest.approx((a.frame["flops"] >= equal.equal.low).mean())
    assert equal.equal.p_value > 0.01 > plain.p_value
    worse = population("b", RNG(2), 150, 3e8, 3e9, shift=2.5)
    (found,) = compare([a, worse], at_equal="flops")
    assert found.verdict.word == "worse"
    assert "at equal flops, 302.2M to 793.6M (41% of b, 47% of a)" in str(found)


@pytest.mark.parametrize("draws", [False, True])
def test_the_interval_covers_the_difference_at_equal_flops(draws: bool) -> None:
    """Of 300 pairs of populations with a true difference of 0.7 in the common range: 95 %, with and without draws."""
    rng, hits = RNG(3), []
    for _ in range(300):
        a, b = population("a", rng, 60, 1e8, 8e8), population("b", rng, 60, 3e8, 3e9, shift=0.7)
        if draws:
            free = {"a": population("a", rng, 2000, 1e8, 8e8), "b": population("b", rng, 2000, 3e8, 3e9)}
            a, b = with_draws([a, b], {name: own.frame.drop(columns="error") for name, own in free.items()})
        (found,) = compare([a, b], delta=1.0, at_equal="flops")
        hits.append(found.equal.difference.low <= 0.7 <= found.equal.difference.high)
    assert np.mean(hits) > 0.935 - 2 * np.sqrt(0.05 * 0.95 / 300)


def test_without_a_common_range_there_is_no_verdict() -> None:
    """Nor with one that holds a single network of a population."""
    a, apart = population("a", RNG(1), 50, 1e8, 2e8), population("b", RNG(2), 50, 3e8, 9e8)
    (found,) = compare([a, apart], at_equal="flops")
    assert (found.verdict.word, found.equal.bins) == ("no verdict", 0)
    assert "no verdict, because they share no range of flops" in str(found)
    touching = Results("b", pd.concat([apart.frame, a.frame[:1].assign(error=50.0)], ignore_index=True))
    assert compare([a, touching], at_equal="flops")[0].verdict.word == "no verdict"


def test_bins_hold_networks_of_both() -> None:
    """As many as hold five of each, at most ten; equal complexities are one bin."""
    x = np.exp(RNG(4).uniform(0, 2, 200))
    edges = edges_of(x, x)
    assert len(edges) == 11
    assert (edges[0], edges[-1]) == (x.min(), x.max())
    assert len(edges_of(np.full(5, 2.0), np.full(7, 2.0))) == 2
    assert edges_of(np.full(4, 2.0), np.full(7, 2.0)) is None
    assert edges_of(np.array([1.0, 2.0, 9.0]), np.array([1.5, 9.5, 10.0])) is None


def test_bad_input_is_one_line() -> None:
    """Another measure, a missing column, gaps, paired networks."""
    a, b = population("a", RNG(1), 50, 1e8, 8e8), population("b", RNG(2), 50, 3e8, 9e8)
    with pytest.raises(DsdError, match="--at-equal latency: choose one of: acts, flops, params"):
        compare([a, b], at_equal="latency")
    with pytest.raises(DsdError, match=r"a: has no column acts \(--at-equal\)"):
        compare([a, b], at_equal="acts")
    gaps = Results("b", b.frame.assign(flops=b.frame["flops"].where(b.frame.index != 3)))
    with pytest.raises(DsdError, match=r"b: flops = nan in row 4"):
        compare([a, gaps], at_equal="flops")
    with pytest.raises(DsdError, match="--at-equal flops: networks paired by key"):
        compare([a, b], at_equal="flops", pair="key")


def test_the_command_says_in_which_range(dsd, tmp_path: Path) -> None:
    """A line that flops differ, with the remedy; with it, the range and the coverage of both populations."""
    table = pd.concat(
        population(name, RNG(i), 80, low, high).frame.assign(space=name)
        for i, (name, low, high) in enumerate((("small", 1e8, 8e8), ("large", 3e8, 3e9)))
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    assert "--at-equal flops compares at equal flops" in dsd("analyze", tmp_path / "t.csv").err
    done = dsd("analyze", tmp_path / "t.csv", "--at-equal", "flops")
    assert done.code == 0
    assert "Compared large and small at equal flops, 3" in done.err
    assert "flops differ" not in done.err
    assert "equal within 1" in done.out or "undecided" in done.out
    (pair,) = json.loads(dsd("analyze", tmp_path / "t.csv", "--at-equal", "flops", "--json").out)["comparisons"]
    assert set(pair["equal"]) == {
        *("measure", "low", "high", "bins", "share_a", "share_b", "difference", "ks", "p_value")
    }
    assert pair["decision"]["by"] == "at equal complexity"
    assert dsd("report", tmp_path / "t.csv", "--at-equal", "flops", "-o", tmp_path / "r.html").code == 0
    assert "at equal flops" in (tmp_path / "r.html").read_text()


def test_more_than_two_populations_are_compared_pair_by_pair() -> None:
    """Each pair has its own range."""
    frame = pd.concat(
        population(name, RNG(i), 60, low, 10 * low).frame.assign(space=name)
        for i, (name, low) in enumerate((("a", 1e8), ("b", 2e8), ("c", 4e8)))
    )
    found = compare(split_populations(frame), at_equal="flops")
    assert [round(pair.equal.low / 1e8) for pair in found] == [2, 4, 4]
