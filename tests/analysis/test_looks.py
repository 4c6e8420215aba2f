"""Group-sequential boundaries and the error of looks. Oracles: published tables, closed forms, simulation."""

import importlib.util
import math
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from dsd.analysis.comparison.looks import ALPHA, boundaries, can_look, information, level_of, next_level, spent
from dsd.analysis.comparison.looks import verdicts_at as verdicts_of_a_look
from dsd.analysis.comparison.verdicts import decided
from dsd.analysis.results.populations import Results, split_populations

EQUAL_5 = (0.2, 0.4, 0.6, 0.8, 1.0)
# Lan–DeMets, O'Brien–Fleming type, two-sided 0.05: Jennison and Turnbull 2000; Reboussin, DeMets et al. 2000 (ld98)
PUBLISHED = {
    (0.5, 1.0): (2.963, 1.969),
    (1 / 3, 2 / 3, 1.0): (3.710, 2.511, 1.993),
    (0.25, 0.5, 0.75, 1.0): (4.333, 2.963, 2.359, 2.014),
    EQUAL_5: (4.877, 3.357, 2.680, 2.290, 2.031),
}


@pytest.mark.parametrize("fractions", list(PUBLISHED))
def test_boundaries_are_those_of_the_tables(fractions: tuple[float, ...]) -> None:
    """To the three digits that are printed."""
    assert boundaries(fractions) == pytest.approx(PUBLISHED[fractions], abs=6e-4)


@pytest.mark.parametrize("fractions", [(0.2, 0.5, 1.0), (0.3, 0.32, 0.9), (0.05, 0.6, 0.61, 1.0)])
def test_boundaries_spend_what_the_function_says(fractions: tuple[float, ...]) -> None:
    """A second integration: scipy's multivariate normal over the box of the looks so far. Also for unequal looks."""
    z = np.array(boundaries(fractions))
    for k in range(1, len(fractions) + 1):
        t = np.array(fractions[:k])
        covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
        inside = multivariate_normal(cov=covariance, seed=0, maxpts=400_000, abseps=1e-7, releps=1e-7)
        stays = inside.cdf(z[:k], lower_limit=-z[:k]) if k > 1 else ndtr(z[0]) - ndtr(-z[0])
        assert 1 - stays == pytest.approx(spent(fractions[k - 1]), abs=3e-5)


def test_simulated_crossings() -> None:
    """Random walks cross each boundary as often as the spending function says, within four standard errors."""
    n = 200_000
    z, t = np.array(boundaries(EQUAL_5, 0.05)), np.array(EQUAL_5)
    steps = np.random.default_rng(0).normal(size=(n, 5)) * np.sqrt(np.diff(t, prepend=0))
    crossed = np.logical_or.accumulate(np.abs(np.cumsum(steps, axis=1) / np.sqrt(t)) >= z, axis=1)
    for k, share in enumerate(crossed.mean(axis=0)):
        p = spent(t[k])
        assert abs(share - p) < 4 * math.sqrt(p / n) + 1e-9


def test_one_look_is_no_looks() -> None:
    """A single look at all the information has the ordinary level; so has a last one that comes with less."""
    for fractions in ([1.0], [0.7]):
        assert next_level(fractions, ALPHA, last=True) == pytest.approx(0.95, abs=1e-9)
    assert boundaries([1.0], 0.01)[0] == pytest.approx(-ndtri(0.005))


def test_what_is_left_is_spent_at_the_last_look() -> None:
    """With runs missing at the end, the last boundary is lower than that of a look in between at the same fraction."""
    assert boundaries((0.5, 0.9), last=True)[-1] < boundaries((0.5, 0.9))[-1]
    with_rest = boundaries((0.5, 0.9), last=True)
    t = np.array((0.5, 0.9))
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    stays = multivariate_normal(cov=covariance, seed=0).cdf(np.array(with_rest), lower_limit=-np.array(with_rest))
    assert 1 - stays == pytest.approx(ALPHA, abs=2e-5)


def test_earlier_boundaries_do_not_depend_on_later_looks() -> None:
    """What was used at a look is what is computed for it afterwards."""
    assert boundaries((0.2, 0.45, 0.9))[:2] == pytest.approx(boundaries((0.2, 0.45)), abs=1e-5)


def test_many_early_looks_have_finite_levels() -> None:
    """Where nearly nothing is spent the boundary is cut, and the level stays below 1."""
    z = boundaries([k / 50 for k in range(1, 51)], 0.01)
    assert max(z) == 8.0
    assert all(low >= high for low, high in pairwise(z))
    assert level_of(8.0) < 1


def test_information_of_unequal_spaces() -> None:
    """The variance of a difference of means is proportional to 1/n + 1/m."""
    assert information(30, 60, 100, 100) == pytest.approx((1 / 100 + 1 / 100) / (1 / 30 + 1 / 60))
    assert information(0, 5, 10, 10) == 0.0


def test_no_look_without_new_networks() -> None:
    """Nor with fewer than five: then no error is spent."""
    few, many = np.zeros(4), np.zeros(5)
    assert not can_look(few, many, (), 0.2)
    assert can_look(many, many, (), 0.2)
    assert not can_look(many, many, (0.2,), 0.2)


def test_the_verdicts_of_a_look_are_those_of_the_rule() -> None:
    """Better, equal and undecided as `decided` has it, at the level of each pair."""
    rng = np.random.default_rng(3)
    errors = {"a": rng.normal(40, 2, 50), "b": rng.normal(40, 2, 50), "c": rng.normal(30, 2, 50)}
    rows = [{"space": name, "error": e} for name, values in errors.items() for e in values]
    populations = {results.name: results for results in split_populations(pd.DataFrame(rows))}
    pairs, levels = [("a", "b"), ("b", "c"), ("a", "b")], [0.99, 0.9999, 1 - 1e-15]
    found = verdicts_of_a_look(populations, pairs, levels, 2.0)
    expected = [decided(errors[a], errors[b], 2.0, level) for (a, b), level in zip(pairs, levels, strict=True)]
    assert [verdict for _, verdict in found] == expected
    assert [value for value, _ in found] == pytest.approx([errors[b].mean() - errors[a].mean() for a, b in pairs])
    assert [verdict.word for _, verdict in found] == ["equal", "better", "undecided"]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """benchmarks/looks.py, whose simulated studies use the code of sweeps."""
    path = Path(__file__).parents[2] / "benchmarks" / "looks.py"
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location("benchmark_looks", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


@pytest.mark.parametrize("kind", ["even", "skewed", "5 % did not learn"])
def test_false_decisions(benchmark: ModuleType, kind: str) -> None:
    """Of equal spaces at most 5 % of studies call one better, three standard errors allowed; 2,000 in benchmarks."""
    rng, studies = np.random.default_rng(7), 400
    draw = benchmark.DRAWS[kind]
    wrong = sum(
        benchmark.false(benchmark.study({name: draw(rng, 60) for name in "abcd"}, 5, 1.0)) for _ in range(studies)
    )
    assert wrong / studies <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


def test_looks_without_correction_would_fail_that_test(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the level of a single one: many more than 5 % of studies err. So the test above can fail."""
    monkeypatch.setattr(benchmark, "next_level", lambda fractions, alpha, last: 1 - alpha)
    rng, studies = np.random.default_rng(7), 400
    draw = benchmark.DRAWS["even"]
    wrong = sum(
        benchmark.false(benchmark.study({name: draw(rng, 60) for name in "abcd"}, 5, 0.01)) for _ in range(studies)
    )
    assert wrong / studies > 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


@pytest.mark.parametrize(("effect", "share"), [(1.0, 0.809), (2.5, 0.421)])
def test_looks_save_networks(benchmark: ModuleType, effect: float, share: float) -> None:
    """The average share of n at the effect of 80 % power: 10⁶ random walks with drift against these boundaries."""
    rng, n, studies = np.random.default_rng(11), 500, 150
    shift = effect * float(ndtri(0.975) + ndtri(0.8)) * 5 * math.sqrt(2 / n)
    used = [
        benchmark.study({"a": rng.normal(40, 5, n), "b": rng.normal(40 + shift, 5, n)}, 5, 1e-9).used
        for _ in range(studies)
    ]
    assert np.mean(used) == pytest.approx(share, abs=3 * np.std(used) / math.sqrt(studies))


def test_adjusted_means_decide_at_a_look_where_they_can(benchmark: ModuleType) -> None:
    """With draws, 30 networks, and features that explain error: a narrower interval; with fewer, plain means."""
    rng = np.random.default_rng(5)
    tables = {name: benchmark.explained(rng, 60) for name in "ab"}
    for n, by in ((60, "adjusted"), (20, "plain")):
        populations = {name: Results(name, table[:n], draws={"": draws}) for name, (table, draws) in tables.items()}
        ((value, verdict),) = verdicts_of_a_look(populations, [("a", "b")], [0.99], 1e-9)
        plain = decided(*(populations[name].errors for name in "ab"), 1e-9, 0.99)
        assert verdict.by == by
        assert verdict.low < value < verdict.high
        width = (verdict.high - verdict.low) / (plain.high - plain.low)
        assert width < 0.8 if by == "adjusted" else width == pytest.approx(1)


def test_equal_spaces_are_rarely_told_apart_by_adjusted_means(benchmark: ModuleType) -> None:
    """Of 50 studies of three equal spaces at five looks: 5 %, within the Monte-Carlo error."""
    rng, wrong = np.random.default_rng(6), 0
    for _ in range(50):
        tables = {name: benchmark.explained(rng, 80) for name in "abc"}
        errors = {name: table["error"].to_numpy() for name, (table, _) in tables.items()}
        wrong += benchmark.false(benchmark.study(errors, 5, 1.0, tables))
    assert wrong <= 2.5 + 3 * np.sqrt(50 * 0.05 * 0.95)
