"""Paired comparisons. Oracles: differences by hand, scipy's paired tests, coverage and power by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dsd import DsdError
from dsd.analysis import Settings, analyze, compare, split_populations
from dsd.analysis.comparison.pairing import Paired
from dsd.analysis.comparison.pairwise import Comparison, steps
from dsd.analysis.comparison.verdicts import decided_within
from dsd.analysis.results.populations import Results, disambiguate_names

RNG = np.random.default_rng


def table(**errors: dict[str, float]) -> pd.DataFrame:
    """One row for each recipe and key."""
    rows = [
        {"recipe": recipe, "key": key, "error": error} for recipe, of in errors.items() for key, error in of.items()
    ]
    return pd.DataFrame(rows)


def named(errors: np.ndarray) -> dict[str, float]:
    """Errors of networks n0, n1, …"""
    return {f"n{i}": float(error) for i, error in enumerate(errors)}


def by_recipe(frame: pd.DataFrame, **settings: object) -> list[Comparison]:
    """The comparisons of recipes within networks."""
    return compare(split_populations(frame, by="recipe"), pair="key", **settings)


def test_networks_are_matched_whatever_their_order_and_the_others_are_counted() -> None:
    """Five networks in common: mean −2, median −1, four of five better; two and one have no partner."""
    slow = {"n1": 40, "n2": 50, "n3": 60, "n4": 70, "n5": 80, "alone": 10, "only": 20}
    fast = {"n5": 79, "n4": 70, "n3": 59, "n2": 45, "other": 90, "n1": 37}
    (pair,) = by_recipe(table(slow=slow, fast=fast))
    assert pair.paired == Paired("key", n=5, unmatched_a=2, unmatched_b=1)
    assert (pair.mean_difference, pair.median.value, pair.superiority.value) == (-2, -1, 0.9)
    assert np.isnan([pair.ks, pair.p_value, pair.p_holm, pair.lower.value]).all()
    assert str(pair).startswith("fast against slow is undecided: mean error -2.00 points within 5 networks paired by")
    assert pair.as_json()["paired"] == {"by": "key", "n": 5, "unmatched_a": 2, "unmatched_b": 1, "same_run": 0}


def test_the_intervals_are_those_of_the_paired_t_test() -> None:
    """Equal to scipy's: 95 % alone, 1 − 0.05/3 for the verdicts of three recipes; the detectable difference by hand."""
    rng = RNG(1)
    networks = rng.normal(40, 6, 30)
    errors = {name: networks - shift + rng.normal(0, 1, 30) for name, shift in (("x", 0), ("y", 0.2), ("z", 2))}
    found = by_recipe(table(**{name: named(of) for name, of in errors.items()}))
    assert [(pair.a, pair.b) for pair in found] == [("x", "y"), ("x", "z"), ("y", "z")]
    for pair in found:
        reference = stats.ttest_rel(errors[pair.b], errors[pair.a])
        for low, high, level in (
            (pair.low, pair.high, 0.95),
            (pair.verdict.low, pair.verdict.high, pair.verdict.level),
        ):
            interval = reference.confidence_interval(level)
            assert (low, high) == pytest.approx((interval.low, interval.high))
        assert pair.verdict.level == pytest.approx(1 - 0.05 / 3)
        z = stats.norm.ppf(1 - 0.025 / 3) + stats.norm.ppf(0.8)
        assert pair.detectable == pytest.approx(z * stats.sem(errors[pair.b] - errors[pair.a]))
    assert [pair.verdict.word for pair in found] == ["equal", "better", "better"]


def test_pairing_finds_what_independent_samples_do_not() -> None:
    """A difference of 1.5 points within networks whose errors spread by 6."""
    rng = RNG(2)
    networks = rng.normal(40, 6, 36)
    frame = table(slow=named(networks), fast=named(networks - 1.5 + rng.normal(0, 1, 36)))
    assert by_recipe(frame)[0].verdict.word == "better"
    assert compare(split_populations(frame, by="recipe"), across=["recipe"])[0].verdict.word == "undecided"


@pytest.mark.parametrize("n", [5, 36])
def test_recipes_that_are_alike_are_rarely_called_different(n: int) -> None:
    """In at most 5 % of 4,000 pairs, and two standard errors, for even and for skewed differences."""
    rng = RNG(3)
    for draw in (lambda: rng.normal(0, 5, n), lambda: rng.laplace(0, 5, n)):
        words = [decided_within(draw(), 1.0, 0.95).word for _ in range(4000)]
        share = np.mean([word in ("better", "worse") for word in words])
        assert share <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize(("shift", "most"), [(0.0, 0.86), (0.8, 0.92), (2.0, 0.86)])
def test_the_n_for_power_decides_as_often_as_said(shift: float, most: float) -> None:
    """With that many networks in both, 80 % of 600 samples are decided; with the other n all but a few are."""
    rng, even = RNG(4), stats.norm.ppf((np.arange(40) + 0.5) / 40) * 7
    verdict = decided_within(even + shift, 1.0, 0.95)
    assert verdict.word == "undecided"
    shares = [
        np.mean([decided_within(rng.normal(shift, 7, n), 1.0, 0.95).word != "undecided" for _ in range(600)])
        for n in (verdict.n_for_power, round(verdict.n_always_decisive * 1.1))
    ]
    assert 0.75 <= shares[0] <= most
    assert shares[1] >= 0.9


def test_few_networks_in_both_decide_nothing_and_leave_the_level_alone() -> None:
    """Four in common: undecided without an interval; the other pair has the level of one pair."""
    rng = RNG(5)
    networks = rng.normal(40, 5, 10)
    frame = table(
        x=named(networks), y=named(networks - 5 + rng.normal(0, 1, 10)), z={**named(networks[:4]), "m": 1.0, "l": 2.0}
    )
    pairs = {(pair.a, pair.b): pair for pair in by_recipe(frame)}
    assert pairs["x", "y"].verdict.level == 0.95
    few = pairs["x", "z"]
    assert (few.paired.n, few.verdict.word, np.isnan(few.verdict.low)) == (4, "undecided", True)
    assert "but fewer than 5 networks in both" in str(few)
    notes = analyze(split_populations(frame, by="recipe"), Settings(pair="key")).notes
    assert "Too few networks in both: x and z (4), y and z (4); a verdict needs 5." in notes


def test_recipes_may_differ_where_they_are_asked_for_other_conditions_may_not() -> None:
    """`by="recipe"` allows recipe, not data; by another column, recipe needs `across`; epochs are a part of recipe."""
    rng = RNG(6)
    networks = rng.normal(40, 5, 12)
    frame = table(x=named(networks), y=named(networks - 4 + rng.normal(0, 1, 12)))
    assert by_recipe(frame)[0].differs == {}
    other = frame.assign(data=np.where(frame["recipe"] == "x", "cifar10", "cifar100"))
    assert by_recipe(other)[0].differs == {"data": ("cifar10", "cifar100")}
    assert by_recipe(other)[0].verdict.word == "no verdict"
    assert by_recipe(other, across=["data"])[0].verdict.word == "better"
    for by, differs in (("group", {"recipe": ("x", "y")}), ("epochs", {})):
        populations = split_populations(frame.assign(**{by: np.where(frame["recipe"] == "x", "p", "q")}), by=by)
        assert compare(populations, pair="key")[0].differs == differs
    notes = analyze(split_populations(other, by="recipe"), Settings(pair="key")).notes
    assert not any(note.startswith("recipe differs") for note in notes)
    assert any(note.startswith("data differs") for note in notes)


def test_a_network_of_two_spaces_counts_once() -> None:
    """The same run in C and RegNetX: one row under its recipe, one pair; other rows of a key stay a mistake."""
    rows = [
        {"space": space, "key": f"n{i}", "run": f"r{'abcdef'[i] * 15}{recipe}", "recipe": f"recipe{recipe}"}
        for recipe in (0, 1)
        for space, keys in (("C", range(5)), ("RegNetX", range(3, 6)))
        for i in keys
    ]
    frame = pd.DataFrame(rows)
    frame["error"] = [40.0 + int(row["run"][-1]) + ord(row["run"][1]) % 8 for row in rows]
    populations = split_populations(frame, by="recipe")
    assert [len(results) for results in populations] == [6, 6]
    assert compare(populations, pair="key")[0].paired == Paired("key", 6, 0, 0)
    assert [len(results) for results in split_populations(frame)] == [10, 6]
    with pytest.raises(DsdError, match="key = n0 is in rows 1, 17 of one population without different seeds"):
        split_populations(pd.concat([frame, frame.head(1)]), by="recipe")


def test_one_run_in_two_populations_is_no_pair() -> None:
    """A network of C and RegNetX that was trained once says nothing about the spaces, and is counted."""
    runs = [f"r{i:016x}" for i in range(14)]
    c = [{"space": "C", "key": f"n{i}", "run": runs[i], "error": 40.0 + i} for i in range(7)]
    again = [{"space": "again", "key": f"n{i}", "run": runs[7 + i], "error": 30.0 + i} for i in range(1, 7)]
    frame = pd.DataFrame([*c, {**c[0], "space": "again"}, *again])
    (pair,) = compare(split_populations(frame), pair="key")
    assert pair.paired == Paired("key", n=6, unmatched_a=0, unmatched_b=0, same_run=1)
    assert pair.mean_difference == -10


def test_seeds_are_averaged_before_networks_are_paired() -> None:
    """Two seeds under x, one under y: one row each, the difference of y and x's mean."""
    frame = pd.DataFrame(
        [
            {"recipe": recipe, "key": f"n{i}", "seed": seed, "error": 40.0 + i + shift}
            for recipe, seed, shift in (("x", 0, 1), ("x", 1, 3), ("y", 0, 0))
            for i in range(6)
        ]
    )
    (pair,) = by_recipe(frame)
    assert (pair.paired.n, pair.mean_difference) == (6, -2)


def test_two_tables_with_the_same_populations_are_paired_by_population() -> None:
    """A of one source with A of the other; A and B share no network, and are named as not compared."""
    rng = RNG(7)
    tables = []
    for source, shift in (("one", 0.0), ("two", -3.0)):
        rows = [
            {"space": space, "key": f"{space}{i}", "error": 40 + shift + rng.normal()}
            for space in "AB"
            for i in range(8)
        ]
        tables.append((source, split_populations(pd.DataFrame(rows))))
    populations = disambiguate_names(tables)
    analysis = analyze(populations, Settings(pair="key"))
    assert [(pair.a, pair.b) for pair in analysis.comparisons] == [("A (one)", "A (two)"), ("B (one)", "B (two)")]
    assert {pair.verdict.level for pair in analysis.comparisons} == {1 - 0.05 / 2}
    assert "A (one) and A (two) have 8 networks in common; left out without a partner: 0 and 0" in analysis.notes[0]
    assert analysis.notes[1] == (
        "Not compared, because they share no network from different runs: A (one) and B (one); A (one) and B (two); "
        "B (one) and A (two); A (two) and B (two)."
    )


def test_numbers_and_texts_that_look_alike_are_one_network() -> None:
    """Identifiers 1 to 6 as whole numbers, as floats because one is missing, and as text."""
    a = Results("a", pd.DataFrame({"id": range(1, 7), "error": np.arange(6) + 40.0}))
    b = Results("b", pd.DataFrame({"id": [*map(float, range(1, 7)), np.nan], "error": np.arange(7) + 41.0}))
    c = Results("c", pd.DataFrame({"id": list("123456"), "error": np.arange(6) + 43.0}))
    found = compare([a, b, c], pair="id")
    assert [(pair.paired.n, pair.mean_difference) for pair in found] == [(6, 1), (6, 3), (6, 2)]
    assert found[0].paired.unmatched_b == 1
    assert "Networks without a value of id have no partner: b 1." in analyze([a, b, c], Settings(pair="id")).notes


def test_what_cannot_be_paired_is_one_line() -> None:
    """A missing column, a value that is there twice, no network in common, a single population."""
    frame = table(x=named(RNG(8).normal(40, 1, 6)), y=named(RNG(9).normal(40, 1, 6)))
    populations = split_populations(frame, by="recipe")
    with pytest.raises(DsdError, match=r"^x: has no column net \(--pair\); its columns are: error, key, recipe$"):
        compare(populations, pair="net")
    with pytest.raises(DsdError, match=r"^x: same = 1 is in rows 1, 2, 3; --pair needs one row of each network"):
        compare(split_populations(frame.assign(same=1), by="recipe"), pair="same")
    apart = frame.assign(key=[f"n{i}" for i in range(12)])
    with pytest.raises(DsdError, match=r"^--pair key: no two populations share a value of key from"):
        compare(split_populations(apart, by="recipe"), pair="key")
    with pytest.raises(DsdError, match=r"no population shares with the one before it .* leave out --stepwise, group"):
        compare(split_populations(apart, by="recipe"), pair="key", stepwise=True)
    with pytest.raises(DsdError, match=r"^--pair key compares two populations; there is one, x; name others with --by"):
        compare(populations[:1], pair="key")


def test_of_many_pairs_those_with_the_most_networks_are_shown() -> None:
    """Of six pairs the three largest, in their order."""
    rng = RNG(10)
    sizes = {"p": 20, "q": 18, "r": 6, "s": 16}
    found = by_recipe(table(**{name: named(rng.normal(40, 1, n)) for name, n in sizes.items()}))
    assert [(pair.a, pair.b) for pair in steps(found, 3)] == [("p", "q"), ("p", "s"), ("q", "s")]


def test_the_column_of_names_is_no_parameter() -> None:
    """It has no best values, though it holds a few texts; unless it is asked for."""
    frame = table(x=named(RNG(11).normal(40, 1, 6)), y=named(RNG(12).normal(40, 1, 6))).rename(columns={"key": "net"})
    populations = split_populations(frame, by="recipe")
    assert "net" in analyze(populations, Settings(across=["recipe"])).populations[0].best_values
    assert analyze(populations, Settings(pair="net")).populations[0].best_values == {}
    assert "net" in analyze(populations, Settings(pair="net", columns=["net"])).populations[0].best_values
