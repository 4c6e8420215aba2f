"""Oracle: complete enumeration of a small axis, and rejection."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from scipy import stats

from dsd.design.parameters.across_stages import ORDERS, every, keeps
from dsd.design.parameters.distributions import log_uniform

AXIS = log_uniform(1, 5, 1)
HOLDS = {
    "free": lambda row: True,
    "equal": lambda row: len(set(row)) == 1,
    "nondecreasing": lambda row: list(row) == sorted(row),
    "nonincreasing": lambda row: list(row) == sorted(row, reverse=True),
}


def draw(order: str, axis, stages: int, seed: int, n: int) -> np.ndarray:
    """Values (n, stages)."""
    return ORDERS[order](axis, stages).draw(np.random.default_rng(seed), n).T


def conditional_law(order: str, stages: int) -> dict[tuple[int, ...], float]:
    """The distribution of independent draws given the order, by enumerating every tuple."""
    mass = dict(zip(AXIS.values.tolist(), AXIS.probabilities, strict=True))
    distribution = {
        row: math.prod(mass[value] for value in row)
        for row in product(AXIS.values.tolist(), repeat=stages)
        if HOLDS[order](row)
    }
    total = sum(distribution.values())
    return {row: mass / total for row, mass in distribution.items()}


@pytest.mark.parametrize("order", ["free", "nondecreasing", "nonincreasing"])
@pytest.mark.parametrize("stages", [1, 3])
def test_ordered_draws_have_the_conditional_law(order: str, stages: int) -> None:
    """χ² of 100,000 draws against the enumerated distribution, ties included, does not reject at 1e-4 (fixed seed)."""
    distribution = conditional_law(order, stages)
    drawn = Counter(map(tuple, draw(order, AXIS, stages, 2, 100_000).tolist()))
    assert set(drawn) <= set(distribution)
    observed = [drawn[row] for row in distribution]
    assert stats.chisquare(observed, [mass * 100_000 for mass in distribution.values()]).pvalue > 1e-4


def test_sorting_would_be_another_law() -> None:
    """The test above can fail: sorted independent draws are rejected by the same χ²."""
    distribution = conditional_law("nondecreasing", 3)
    rows = np.sort(AXIS.draw(np.random.default_rng(2), 300_000).reshape(-1, 3), axis=1)
    drawn = Counter(map(tuple, rows.tolist()))
    assert (
        stats.chisquare([drawn[row] for row in distribution], [mass * 100_000 for mass in distribution.values()]).pvalue
        < 1e-12
    )


def test_ties_are_as_frequent_as_under_rejection() -> None:
    """For d in 1..16 and four stages the share of equal neighbours is that of rejection, within four errors."""
    axis = log_uniform(1, 16, 1)
    exact = draw("nondecreasing", axis, 4, 3, 50_000)
    free = axis.draw(np.random.default_rng(4), 2_000_000).reshape(-1, 4)
    kept = free[(np.diff(free, axis=1) >= 0).all(axis=1)]
    shares = [(np.diff(rows, axis=1) == 0).mean() for rows in (exact, kept)]
    assert shares[0] == pytest.approx(shares[1], abs=4 * 0.5 / math.sqrt(3 * len(exact)))


def test_equal_draws_once_from_the_axis() -> None:
    """All stages share one draw of the axis' own distribution."""
    rows = draw("equal", AXIS, 4, 5, 50_000)
    assert (rows == rows[:, :1]).all()
    drawn = np.bincount(rows[:, 0].astype(int), minlength=len(AXIS) + 1)[1:]
    assert stats.chisquare(drawn, AXIS.probabilities * 50_000).pvalue > 1e-4


@pytest.mark.parametrize("order", list(ORDERS))
def test_settings_count_what_can_be_drawn(order: str) -> None:
    """The exact count is the number of tuples that keep the order, ties included."""
    tuples = list(product(range(len(AXIS)), repeat=3))
    kept = [row for row in tuples if HOLDS[order](row)]
    assert ORDERS[order].settings(len(AXIS), 3) == len(kept)
    assert set(map(tuple, every(order, len(AXIS), 3).tolist())) == set(kept)
    assert keeps(order, np.array(tuples)).tolist() == [HOLDS[order](row) for row in tuples]


@pytest.mark.parametrize("order", list(ORDERS))
def test_what_may_follow_counts_ordered_tuples(order: str) -> None:
    """Stage after stage, `follows` counts the tuples that end at each value."""
    counts = np.ones(5, int)
    for _ in range(2):
        counts = ORDERS[order].follows(counts, 0)
    ends = Counter(row[-1] for row in product(range(5), repeat=3) if HOLDS[order](row))
    assert counts.tolist() == [ends[value] for value in range(5)]


def test_the_paper_divides_by_the_factorial() -> None:
    """AnyNetX_D's widths: 128⁴ / 4! as printed, C(131, 4) with ties."""
    assert ORDERS["nondecreasing"].count_as_in_paper(128, 4) == 128**4 / 24
    assert ORDERS["nondecreasing"].settings(128, 4) == math.comb(131, 4)
