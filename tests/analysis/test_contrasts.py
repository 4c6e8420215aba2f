"""Populations drawn in strata: contrasts, weights, and what they are good for.

Oracles: scipy, the formula of the saving, simulations of populations with a known truth, and tables in which each
network is repeated as often as its weight says.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from dsd import DsdError
from dsd.analysis.comparison.contrasts import (
    PAIR,
    Groups,
    contrast,
    contrast_error,
    groups_of_pair,
    n_always_decisive,
    n_for_power,
    strata_of_pair,
)
from dsd.analysis.comparison.differences import mean_difference
from dsd.analysis.comparison.pairwise import compare
from dsd.analysis.distribution.empirical import edf
from dsd.analysis.distribution.stratified import distance, half_width
from dsd.analysis.parameters.bootstrap import exact_winners, resampled_winners
from dsd.analysis.parameters.correlations import rank_correlations
from dsd.analysis.parameters.regimes import by_regime
from dsd.analysis.parameters.winners import winner_probabilities
from dsd.analysis.results.populations import Results, split_populations
from dsd.analysis.summary import Settings, analyze

P = 0.541  # share of the smaller space
SIMULATIONS = 4_000


def nested_table(
    rng: np.random.Generator, n: int, shares: tuple[float, ...] = (P,), skewed: bool = False
) -> pd.DataFrame:
    """The table of a chain of spaces s0 ⊃ s1 ⊃ …, n networks a stratum; shares: of each space in the one before.

    The mean error of stratum i is 50 − 2 i, its standard deviation 4 + i.
    """
    count = len(shares) + 1
    noise = (rng.exponential(size=(count, n)) - 1) if skewed else rng.normal(size=(count, n))
    errors = [50 - 2 * i + (4 + i) * noise[i] for i in range(count)]
    names = [*(f"s{i} without s{i + 1}" for i in range(count - 1)), f"s{count - 1}"]
    rows = []
    for space in range(count):
        inside = 1.0
        for i in range(space, count):
            share = inside * (1 - shares[i]) if i < count - 1 else inside
            inside *= shares[i] if i < count - 1 else 1.0
            for j, error in enumerate(errors[i]):
                rows.append((f"s{space}", names[i], share / n, f"n{i}_{j}", error, 10.0 * i + j % 7))
    return pd.DataFrame(rows, columns=["space", "stratum", "weight", "key", "error", "depth"])


def test_welch_is_the_contrast_of_two_groups() -> None:
    """With −1 and +1 the interval is Welch's, to the last digits of scipy's."""
    rng = np.random.default_rng(1)
    for n, m in ((2, 2), (5, 40), (30, 7)):
        x, y = rng.normal(40, 5, n), rng.normal(38, 9, m)
        found = contrast(Groups.of((x, y)), PAIR)
        assert found == mean_difference(x, y)
        oracle = stats.ttest_ind(y, x, equal_var=False).confidence_interval(0.95)
        np.testing.assert_allclose([found.low, found.high], [oracle.low, oracle.high], rtol=1e-12)


def test_the_coefficients_of_nested_populations() -> None:
    """B − S is (1 − p)(S − rest); along a chain the shares multiply, and a population apart is a stratum by itself."""
    rng = np.random.default_rng(2)
    shares = (0.2, 0.5, 0.25)
    populations = split_populations(nested_table(rng, 6, shares))
    for i, (a, b, p) in enumerate(zip(populations, populations[1:], shares, strict=False)):
        parts, coefficients = strata_of_pair(a, b)
        assert parts[0].name == f"s{i} without s{i + 1}"
        assert coefficients[0] == pytest.approx(-(1 - p), rel=1e-12)
        np.testing.assert_allclose(coefficients[1:] / (1 - p), list(b.shares.values()), rtol=1e-12)
        assert contrast(*groups_of_pair(a, b)).value == pytest.approx(b.mean - a.mean, rel=1e-12)
    assert list(populations[0].shares.values()) == pytest.approx([0.8, 0.2 * 0.5, 0.1 * 0.75, 0.1 * 0.25])
    alone = Results("alone", pd.DataFrame({"error": rng.normal(40, 3, 9)}))
    parts, coefficients = strata_of_pair(populations[0], alone)
    np.testing.assert_allclose(coefficients, [-0.8, -0.1, -0.075, -0.025, 1.0])
    same = strata_of_pair(populations[0], populations[0])[1]
    assert (same == 0).all()
    assert contrast(*groups_of_pair(populations[0], populations[0])).value == 0


def test_strata_of_one_name_but_other_networks_are_independent() -> None:
    """A stratum is shared only if its networks and errors are the same in both populations."""
    first, second = (split_populations(nested_table(np.random.default_rng(seed), 6)) for seed in (3, 4))
    assert len(strata_of_pair(first[0], first[1])[0]) == 2
    assert len(strata_of_pair(first[0], second[1])[0]) == 3
    assert contrast_error(*groups_of_pair(first[0], second[1])) > contrast_error(*groups_of_pair(first[0], first[1]))


@pytest.mark.parametrize("p", [0.15, 0.541])
def test_the_saving(p: float) -> None:
    """Variance of the step, independent over nested, is 1/(1 − p)² for strata of one spread and mean.

    Over 40,000 simulations the ratio of variances deviates by about 0.7 % (standard error √(4/40,000)).
    """
    rng, n, repeats = np.random.default_rng(5), 20, 40_000
    rest, small = (rng.normal(50, 5, (repeats, n)).mean(axis=1) for _ in range(2))
    nested = small - ((1 - p) * rest + p * small)
    independent = rng.normal(50, 5, (repeats, n)).mean(axis=1) - rng.normal(50, 5, (repeats, n)).mean(axis=1)
    ratio = independent.var() / nested.var()
    assert ratio * (1 - p) ** 2 == pytest.approx(1, abs=4 * np.sqrt(4 / repeats))
    groups = Groups.of([rng.normal(50, 5, n), rng.normal(50, 5, n)])
    plain, saved = contrast_error(groups, PAIR), contrast_error(groups, PAIR * (1 - p))
    assert (plain / saved) ** 2 == pytest.approx(1 / (1 - p) ** 2, rel=1e-12)


def test_the_nested_estimate_is_right_where_strata_differ() -> None:
    """Drawn in strata or free, the step has one mean; its variances are those of the formulas (20,000 simulations)."""
    rng, n, repeats = np.random.default_rng(6), 30, 20_000
    rest, small = rng.normal(50, 4, (repeats, n)), rng.normal(47, 6, (repeats, n))
    nested = (1 - P) * (small.mean(axis=1) - rest.mean(axis=1))
    inside = rng.random((repeats, n)) < P
    mixed = np.where(inside, rng.normal(47, 6, (repeats, n)), rng.normal(50, 4, (repeats, n))).mean(axis=1)
    free = rng.normal(47, 6, (repeats, n)).mean(axis=1) - mixed
    truth = (1 - P) * (47 - 50)
    expected = (1 - P) ** 2 * (16 + 36) / n, (36 + (1 - P) * 16 + P * 36 + P * (1 - P) * 9) / n
    for estimate, variance in zip((nested, free), expected, strict=True):
        assert estimate.mean() == pytest.approx(truth, abs=4 * np.sqrt(variance / repeats))
        assert estimate.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / repeats))


@pytest.mark.parametrize(("skewed", "least"), [(False, 0.94), (True, 0.92)])
@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_the_interval_covers(pair: tuple[int, int], skewed: bool, least: float) -> None:
    """The 95 % interval of a nested difference holds the truth in 95 % of 4,000 simulations (standard error 0.35 %).

    With exponential errors and 20 networks a stratum it holds it in a little less, as Welch's does.
    """
    rng, n, shares = np.random.default_rng(7), 20, (0.15, P)
    populations = split_populations(nested_table(rng, n, shares))
    a, b = (populations[i] for i in pair)
    _, coefficients = strata_of_pair(a, b)
    first = pair[0]  # the strata of a, then none that only b has
    means, sds = 50 - 2 * np.arange(first, 3), 4.0 + np.arange(first, 3)
    truth, covered = float(coefficients @ means), 0
    for _ in range(SIMULATIONS):
        noise = rng.exponential(size=(len(means), n)) - 1 if skewed else rng.normal(size=(len(means), n))
        interval = contrast(Groups.of(list(means[:, None] + sds[:, None] * noise)), coefficients)
        covered += interval.low <= truth <= interval.high
    assert least < covered / SIMULATIONS < 0.962


def test_networks_for_a_decision() -> None:
    """n_for_power of each stratum decides in 80 % of 2,000 simulations; n_always_decisive gives an interval below δ."""
    rng, delta = np.random.default_rng(8), 1.0
    coefficients, means, sds = np.array([-0.46, 0.46]), np.array([50.0, 47.0]), np.array([4.0, 6.0])
    exact = Groups(np.array([8, 8]), means, sds**2)
    n = n_for_power(exact, coefficients, delta, 0.95)
    decided = 0
    for _ in range(2_000):
        interval = contrast(Groups.of([rng.normal(m, s, n) for m, s in zip(means, sds, strict=True)]), coefficients)
        decided += interval.high < 0 or (interval.low >= -delta and interval.high <= delta)
    assert decided / 2_000 == pytest.approx(0.8, abs=0.04)
    always = n_always_decisive(exact, coefficients, delta, 0.95)
    interval = contrast(Groups(np.array([always] * 2), means, sds**2), coefficients)
    assert interval.high - interval.low == pytest.approx(delta, rel=0.02)
    assert interval.high - interval.low <= delta
    # a step of a nested design needs (1 − p)² times the networks of an independent one
    assert always == pytest.approx(n_always_decisive(exact, PAIR, delta, 0.95) * 0.46**2, rel=0.02)


def test_weights_of_a_table() -> None:
    """Weights sum to 1, whoever failed: the networks of a stratum with results stand for those without."""
    table = nested_table(np.random.default_rng(9), 8)
    table["status"] = "done"
    lost = (table["stratum"] == "s1") & table["key"].isin(["n1_0", "n1_1"])
    table.loc[lost, ["status", "error"]] = ["failed", np.nan]
    large, small = split_populations(table)
    assert (len(large), large.failed, len(small), small.failed) == (14, 2, 6, 2)
    assert large.weights.sum() == pytest.approx(1)
    by_stratum = {stratum.name: large.weights[stratum.rows].sum() for stratum in large.strata}
    assert by_stratum == pytest.approx({"s0 without s1": 1 - P, "s1": P})
    assert large.mean == pytest.approx(
        (1 - P) * large.errors[large.strata[0].rows].mean() + P * small.errors.mean(), rel=1e-12
    )
    assert not small.stratified
    assert small.mean == small.errors.mean()
    assert "n = 14" in repr(large)
    (pair,) = compare([large, small])
    assert pair.mean_difference == pytest.approx(small.mean - large.mean)


def test_seeds_do_not_change_weights() -> None:
    """A network with two seeds has one weight: a share is that of its stratum's networks, not of its rows."""
    table = nested_table(np.random.default_rng(10), 6).assign(seed=0)
    twice = pd.concat([table, table[table["key"].str.endswith("_0")].assign(seed=1)])
    large, _ = split_populations(twice)
    assert large.shares == pytest.approx({"s0 without s1": 1 - P, "s1": P})
    assert len(large) == 12


BROKEN = {
    "sum": (lambda t: t.iloc[1:], "sum to 0.9"),
    "constant": (lambda t: t.assign(weight=t["weight"] * np.where(t.index == 0, 2, 1)), "in stratum s0 without s1"),
    "negative": (lambda t: t.assign(weight=-t["weight"]), "is not a positive number"),
    "text": (lambda t: t.assign(weight=["heavy", *t["weight"][1:]]), "weight = 'heavy' is not a positive number"),
    "empty": (lambda t: t.assign(weight=t["weight"].where(t.index != 3)), "weight is empty in row 4"),
    "no name": (lambda t: t.assign(stratum=t["stratum"].where(t.index != 3)), "stratum is empty in row 4"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_broken_weights_are_refused(name: str) -> None:
    """One line names the table, the population, what is wrong and the remedy."""
    spoil, message = BROKEN[name]
    table = spoil(nested_table(np.random.default_rng(11), 8))
    with pytest.raises(DsdError, match="population s0") as caught:
        split_populations(table, place="t.csv")
    assert message in str(caught.value)
    assert str(caught.value).startswith("t.csv: ")
    assert "rename or drop" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_column_alone_is_a_parameter() -> None:
    """Without `stratum`, a column weight is a parameter like any other; empty cells of both mean no strata."""
    table = nested_table(np.random.default_rng(12), 8)
    large, _ = split_populations(table.drop(columns="stratum").assign(weight=np.arange(len(table))))
    assert large.shares == {}
    assert "weight" in analyze([large]).populations[0].best_ranges
    (strata, _) = analyze(table).populations
    assert set(strata.best_ranges) == {"depth"}
    empty, _ = split_populations(table.assign(stratum=None, weight=np.nan))
    assert empty.shares == {}


def repeated(results: Results, times: NDArray[np.int64]) -> Results:
    """A population with each network as often as `times` says."""
    return Results(results.name, results.frame.loc[results.frame.index.repeat(times)].reset_index(drop=True))


@pytest.fixture
def weighted() -> tuple[Results, Results]:
    """A stratified population of 5 and 10 networks with shares 1/4 and 3/4, and the same with repeated networks."""
    rng = np.random.default_rng(13)
    frame = pd.DataFrame({"error": rng.integers(30, 40, 15).astype(float), "depth": rng.integers(1, 9, 15)})
    frame["stratum"] = ["x"] * 5 + ["y"] * 10
    results = Results("w", frame, shares={"x": 0.25, "y": 0.75})
    return results, repeated(results, np.array([2] * 5 + [3] * 10))


def test_weighted_statistics_are_those_of_repeated_networks(weighted: tuple[Results, Results]) -> None:
    """EDF, mean, distance, correlation and winners equal those of a table that repeats networks by weight."""
    results, plain = weighted
    at = np.arange(29.0, 42.0)
    np.testing.assert_allclose(edf(results.errors, at, results.weights), edf(plain.errors, at), atol=1e-12)
    assert results.mean == pytest.approx(plain.errors.mean())
    other = Results("o", pd.DataFrame({"error": np.arange(28.0, 40.0)}))
    assert distance(results, other) == pytest.approx(stats.ks_2samp(plain.errors, other.errors).statistic)
    found = rank_correlations(results.frame, ["depth"], results.weights)
    assert found["depth"] == pytest.approx(rank_correlations(plain.frame, ["depth"])["depth"], rel=1e-9)
    m = 3  # draws of one resample, in both
    effective = round(1 / float((results.weights**2).sum()))
    won = winner_probabilities(results.errors, m / effective, results.weights)
    often = winner_probabilities(plain.errors, m / len(plain))
    keys = np.repeat(np.arange(15), [2] * 5 + [3] * 10)
    np.testing.assert_allclose(won, np.bincount(keys, often), atol=1e-12)


def test_resampled_winners_by_weight(weighted: tuple[Results, Results]) -> None:
    """200,000 weighted resamples win as often as the closed form says (chi-square), also where errors are equal."""
    results, _ = weighted
    exact = exact_winners(results.errors, weights=results.weights)
    drawn = resampled_winners(results.errors, rng=np.random.default_rng(14), resamples=200_000, weights=results.weights)
    expected = np.zeros(15)
    expected[exact.rows] = exact.shares
    observed = np.zeros(15)
    observed[drawn.rows] = drawn.shares
    seen = expected * 200_000 > 5
    assert observed[~seen].sum() < 1e-3
    squares = (200_000 * (observed - expected)[seen] ** 2 / expected[seen]).sum()
    assert squares < stats.chi2.ppf(0.9999, seen.sum() - 1)


def test_the_band_of_a_stratified_edf_covers() -> None:
    """The band holds the whole true EDF in at least 95 % of 1,000 simulations (and two standard errors)."""
    rng, n, held = np.random.default_rng(15), 25, 0
    at = np.linspace(30, 70, 400)
    truth = (1 - P) * stats.norm.cdf(at, 50, 4) + P * stats.norm.cdf(at, 48, 5)
    first = split_populations(nested_table(rng, n))[0]
    for _ in range(1_000):
        errors = np.concatenate([rng.normal(50, 4, n), rng.normal(48, 5, n)])
        large = replace(first, frame=first.frame.assign(error=errors))
        share = edf(large.errors, at, large.weights)
        held += np.abs(share - truth).max() <= half_width(large)
    assert held / 1_000 > 0.95 - 2 * np.sqrt(0.05 * 0.95 / 1_000)


def test_regimes_keep_weights() -> None:
    """Within a regime, strata weigh what their networks there weigh."""
    table = nested_table(np.random.default_rng(16), 8).assign(flops=lambda t: t["key"].str[-1].astype(int) * 10.0)
    large, _ = split_populations(table)
    low, high = by_regime(large, [0, 40, 100])
    for part in (low, high):
        assert part.shares == pytest.approx({"s0 without s1": 1 - P, "s1": P})
    table.loc[table["stratum"] == "s1", "flops"] = 5.0
    low, high = by_regime(split_populations(table)[0], [0, 40, 100])
    assert low.shares == pytest.approx({"s0 without s1": (1 - P) / 2 / ((1 - P) / 2 + P), "s1": P / ((1 - P) / 2 + P)})
    assert list(high.shares) == ["s0 without s1"]


def test_the_summary_of_nested_populations() -> None:
    """Numbers are by weight; what is not defined is left out with a note; a verdict needs 5 networks a stratum."""
    table = nested_table(np.random.default_rng(17), 30)
    analysis = analyze(table, Settings(target=45.0))
    large, small = analysis.populations
    results = split_populations(table)[0]
    assert (large.mean, large.search, small.search is None) == (results.mean, None, False)
    assert large.half_width == half_width(results)
    assert large.strata == pytest.approx({"s0 without s1": 1 - P, "s1": P})
    (pair,) = analysis.comparisons
    assert pair.p_value != pair.p_value
    assert pair.p_holm != pair.p_holm
    assert pair.median.value == pytest.approx(small.median - large.median)
    assert pair.median.low != pair.median.low
    assert any("drawn in strata" in note for note in analysis.notes)
    assert analysis.as_json()["comparisons"][0]["p_value"] is None
    unfinished = table.assign(status=np.where(table["stratum"] == "s1", "done", "queued"))
    unfinished.loc[unfinished["status"] == "queued", "error"] = np.nan
    partial = analyze(unfinished)
    assert any("no results of s0 without s1 (45.9% of it)" in note for note in partial.notes)
    assert partial.comparisons[0].verdict.word == "undecided"
    assert partial.comparisons[0].verdict.low != partial.comparisons[0].verdict.low
