"""Comparisons and verdicts. Oracles: scipy, published procedures, coverage and power over simulated populations."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dsd import DsdError
from dsd.analysis import compare, verdict
from dsd.analysis.comparison import pairwise
from dsd.analysis.comparison.differences import detectable, mean_difference, quantile_difference, quantile_interval
from dsd.analysis.comparison.pairwise import holm, ks_critical, ks_test
from dsd.analysis.distribution.empirical import validate_errors
from dsd.analysis.results.populations import Results

RNG = np.random.default_rng
POPULATIONS = 2000
DISTRIBUTIONS = {  # of errors: even, skewed as populations are, and with the few networks that did not learn
    "normal": lambda rng, n: rng.normal(40, 5, n),
    "skewed": lambda rng, n: 30 + rng.gamma(2, 5, n),
    "diverged": lambda rng, n: np.where(rng.random(n) < 0.05, 90.0, rng.normal(40, 5, n)),
}


def population(name: str, errors) -> Results:
    """A population of these errors."""
    return Results(name, pd.DataFrame({"error": np.asarray(errors, float)}))


def test_ks_is_scipys_and_large_samples_use_the_asymptotic_law() -> None:
    """Statistic and p-value equal scipy's two-sample test."""
    a, b = RNG(8).normal(50, 5, 80), RNG(9).normal(52, 5, 90)
    reference = stats.ks_2samp(a, b, method="exact")
    assert ks_test(a, b) == pytest.approx((reference.statistic, reference.pvalue))
    assert ks_test(np.repeat(a, 10), np.repeat(b, 10))[0] == pytest.approx(reference.statistic)
    for shift in (0.0, 0.5, 1.0):
        a, b = RNG(1).normal(40, 5, 500), RNG(2).normal(40 + shift, 5, 400)
        reference = stats.ks_2samp(a, b, method="exact")
        assert ks_test(a, b)[0] == pytest.approx(reference.statistic)
        assert reference.pvalue * 0.98 < ks_test(a, b)[1] < reference.pvalue * 1.12


def test_the_interval_of_the_mean_is_welchs() -> None:
    """Equal to scipy's, at two levels."""
    a, b = RNG(3).normal(40, 5, 30), RNG(4).gamma(2, 10, 50)
    for level in (0.95, 0.995):
        found = mean_difference(a, b, level)
        reference = stats.ttest_ind(b, a, equal_var=False).confidence_interval(level)
        assert (found.low, found.high) == pytest.approx((reference.low, reference.high))


def test_the_critical_value_is_that_of_the_test() -> None:
    """A statistic a little above it has p < 0.05, one a little below has not."""
    n = 500
    critical = ks_critical(n, n)
    a = np.arange(n, dtype=float)
    above, below = (a + np.ceil(critical * n) + step for step in (1, -1))
    assert ks_test(a, above)[1] < 0.05 < ks_test(a, below)[1]


@pytest.mark.parametrize("distribution", list(DISTRIBUTIONS))
def test_the_interval_of_the_mean_covers(distribution: str) -> None:
    """Of 2,000 pairs of 100 and 60 networks, 93 to 97 % of the intervals hold the true difference, 0."""
    rng = RNG(10)
    found = [
        mean_difference(DISTRIBUTIONS[distribution](rng, 100), DISTRIBUTIONS[distribution](rng, 60))
        for _ in range(POPULATIONS)
    ]
    assert 0.93 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.97


@pytest.mark.parametrize("distribution", list(DISTRIBUTIONS))
@pytest.mark.parametrize("q", [0.5, 0.1])
def test_the_interval_of_a_quantile_covers(distribution: str, q: float) -> None:
    """Of 2,000 pairs at least 94 % of the intervals hold the true difference: order statistics are conservative."""
    rng = RNG(11)
    found = [
        quantile_difference(DISTRIBUTIONS[distribution](rng, 100), DISTRIBUTIONS[distribution](rng, 60), q)
        for _ in range(POPULATIONS)
    ]
    assert 0.94 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.995
    single = [quantile_interval(rng.random(100), q) for _ in range(POPULATIONS)]
    assert 0.94 <= np.mean([one.low <= q <= one.high for one in single]) <= 0.99


def test_quantiles_of_few_networks_have_no_interval() -> None:
    """Below 6 networks for the median and 36 for the quantile 0.1; the estimate is there all the same."""
    for q, least in ((0.5, 6), (0.1, 36)):
        enough, few = quantile_interval(np.arange(least), q), quantile_interval(np.arange(least - 1), q)
        assert np.isfinite([enough.low, enough.high]).all()
        assert np.isnan([few.low, few.high]).all()
        assert few.value == np.quantile(np.arange(least - 1), q)
    assert np.isnan(quantile_difference(np.arange(100), np.arange(3), 0.5).low)


def test_what_is_detectable_is_detected_as_often_as_said() -> None:
    """Shifted by the detectable difference, 77 to 83 % of 2,000 pairs have an interval that leaves 0 out."""
    rng, seen = RNG(12), 0
    shift = detectable(stats.norm.ppf((np.arange(100) + 0.5) / 100), stats.norm.ppf((np.arange(100) + 0.5) / 100))
    for _ in range(POPULATIONS):
        interval = mean_difference(rng.normal(0, 1, 100), rng.normal(shift, 1, 100))
        seen += interval.low > 0
    assert 0.77 <= seen / POPULATIONS <= 0.83


@pytest.mark.parametrize("distribution", list(DISTRIBUTIONS))
def test_two_samples_of_one_population_are_rarely_called_different(distribution: str) -> None:
    """At n = 500, in at most 5 % of 4,000 pairs (and twice the standard error of that share: 5.7 %)."""
    rng = RNG(13)
    words = [
        verdict(DISTRIBUTIONS[distribution](rng, 500), DISTRIBUTIONS[distribution](rng, 500)).word
        for _ in range(2 * POPULATIONS)
    ]
    assert np.mean([word in ("better", "worse") for word in words]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 4000)


def test_of_many_pairs_one_false_call_is_rare() -> None:
    """Five samples of one population, ten pairs: in at most 5 % of 400 families is any pair called different."""
    rng = RNG(14)
    families = 0
    for _ in range(400):
        pairs = combinations([DISTRIBUTIONS["skewed"](rng, 100) for _ in range(5)], 2)
        families += any(verdict(a, b, pairs=10).word in ("better", "worse") for a, b in pairs)
    assert families / 400 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_steps_are_corrected_for_alone() -> None:
    """Of four populations the three steps, with the intervals and Holm's p-values that three pairs have."""
    populations = [population(name, RNG(i).normal(40 - i, 5, 60)) for i, name in enumerate("abcd")]
    populations.insert(2, population("nothing", []))
    every, found = compare(populations), compare(populations, stepwise=True)
    assert [(one.a, one.b) for one in found] == [("a", "b"), ("b", "c"), ("c", "d")]
    assert [one.p_holm for one in found] == holm([one.p_value for one in found]).tolist()
    for one in found:
        (same,) = [other for other in every if (other.a, other.b) == (one.a, one.b)]
        assert (one.ks, one.low, one.high, one.median) == (same.ks, same.low, same.high, same.median)
        assert one.verdict == verdict(*(p.errors for p in populations if p.name in (one.a, one.b)), pairs=3)
        assert same.verdict.low < one.verdict.low < one.verdict.high < same.verdict.high


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5, 0.7, 1.0, 2.0])
def test_the_n_that_is_needed_decides(shift: float) -> None:
    """With as many networks as an undecided verdict asks for, nine in ten pairs are decided at any difference."""
    rng, decided = RNG(15), 0
    first = verdict(rng.normal(40, 5, 50), rng.normal(40, 5, 50), delta=1.0)
    assert first.word == "undecided"
    n = round(first.n_always_decisive * 1.1)
    for _ in range(100):
        decided += verdict(rng.normal(40, 5, n), rng.normal(40 + shift, 5, n), delta=1.0).word != "undecided"
    assert decided >= 90


@pytest.mark.parametrize(("shift", "most"), [(0.0, 0.86), (0.2, 1.0), (0.8, 0.92), (2.0, 0.86)])
def test_the_n_that_is_likely_decides_as_often_as_said(shift: float, most: float) -> None:
    """If the difference is what it seems, 80 % of 400 pairs of that n are decided (of small differences, more)."""
    rng, even, decided = RNG(18), stats.norm.ppf((np.arange(40) + 0.5) / 40) * 5, 0
    n = verdict(even, even + shift, delta=1.0).n_for_power
    for _ in range(400):
        decided += verdict(rng.normal(0, 5, n), rng.normal(shift, 5, n), delta=1.0).word != "undecided"
    assert 0.75 <= decided / 400 <= most


def test_verdicts_follow_their_rule() -> None:
    """Better below zero, worse above, equal inside of δ even where zero is left out, undecided else."""
    rng = RNG(16)
    a = rng.normal(40, 1, 400)
    assert verdict(a, a - 3).word == "better"
    assert verdict(a, a + 3).word == "worse"
    assert verdict(a, a + 0.3).word == "equal"
    assert verdict(a, a + 0.3, delta=0.1).word == "worse"
    wide = verdict(a[:20] * 3, a[20:40] * 3, delta=0.5)
    assert (wide.word, wide.n_always_decisive >= wide.n_for_power > 20) == ("undecided", True)
    assert str(wide) == f"undecided, n ≈ {wide.n_for_power:,}"
    with pytest.raises(ValueError, match="positive"):
        verdict(a, a, delta=0)


def test_equal_is_said_falsely_in_few_cases() -> None:
    """Where the true difference is δ, at most 3.5 % of 2,000 pairs are called equal."""
    rng = RNG(17)
    words = [verdict(rng.normal(40, 3, 200), rng.normal(41, 3, 200), delta=1.0).word for _ in range(POPULATIONS)]
    assert words.count("equal") / POPULATIONS <= 0.035


def test_few_networks_decide_nothing() -> None:
    """Below five networks the verdict is undecided, whatever the difference; constant errors of five decide."""
    few = verdict([1.0], [50.0, 60.0])
    assert (few.word, few.n_always_decisive, str(few)) == ("undecided", None, "undecided, n < 5")
    assert verdict([10.0] * 5, [20.0] * 5).word == "worse"


def test_differences_are_found_with_their_sign() -> None:
    """A better population b has a negative difference and a small p, and the sentence says so."""
    found = compare([population("a", RNG(11).normal(50, 4, 100)), population("b", RNG(12).normal(45, 4, 100))])[0]
    assert (found.a, found.b) == ("a", "b")
    assert found.low < -5 < found.high < 0
    assert found.median.high < 0
    assert found.lower.high < 0
    assert found.p_holm == found.p_value < 1e-6
    assert str(found).startswith("b is better than a: mean error -")


def test_holm_is_the_published_procedure() -> None:
    """A worked example: sorted p-values times m, m-1, … kept monotone, cut at 1."""
    np.testing.assert_allclose(holm([0.01, 0.02, 0.03, 0.005]), [0.03, 0.04, 0.04, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1.0, 1.0])


def test_means_of_degenerate_populations() -> None:
    """One network has no interval; constant errors have one of width zero."""
    assert np.isnan(mean_difference([1.0], [2.0, 3.0]).low)
    constant = mean_difference([1.0, 1.0], [3.0, 3.0])
    assert (constant.value, constant.low, constant.high) == (2.0, 2.0, 2.0)


def test_thousands_of_populations_are_refused() -> None:
    """A column with a value for each network names no populations."""
    with pytest.raises(DsdError, match="101 populations are too many to compare each pair"):
        compare([population(str(i), [1.0]) for i in range(101)])
    assert len(compare([population(str(i), [1.0]) for i in range(101)], stepwise=True)) == 100


@pytest.mark.parametrize(("n", "m"), [(3, 5000), (10, 2000), (101, 100), (500, 400)])
def test_ks_is_exact_where_n_and_m_differ(n: int, m: int) -> None:
    """The limiting distribution may be off by factors there."""
    a, b = RNG(1).normal(0, 1, n), RNG(2).normal(0.6, 1, m)
    assert ks_test(a, b)[1] == pytest.approx(stats.ks_2samp(a, b, method="exact").pvalue)


def test_what_is_needed_is_more_than_there_is() -> None:
    """Where an interval of few networks is wider by t than by the normal distribution, too."""
    for seed in range(200):
        a, b = RNG(seed).normal(40, 0.5, 6), RNG(1000 + seed).normal(40.3, 0.5, 6)
        found = verdict(a, b)
        assert found.word != "undecided" or found.n_always_decisive > 6


def test_errors_are_validated_once_for_each_population(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each statistic of each pair; a population with NaN is still refused."""
    asked = []
    monkeypatch.setattr(
        pairwise, "validate_errors", lambda errors: asked.append(len(errors)) or validate_errors(errors)
    )
    populations = [
        Results(name, pd.DataFrame({"error": np.arange(n) + 40.0})) for name, n in (("a", 9), ("b", 8), ("c", 7))
    ]
    assert len(compare(populations)) == 3
    assert asked == [9, 8, 7]
    with pytest.raises(ValueError, match="errors contains NaN"):
        compare([populations[0], Results("d", pd.DataFrame({"error": [1.0, np.nan]}))])


def test_populations_that_hardly_differ_have_a_p_value_near_1() -> None:
    """Where scipy's exact sum fails, without a warning."""
    a = np.arange(0.0, 10.0, 2)
    assert ks_test(a, a + 1) == pytest.approx((0.2, 1.0), abs=1e-3)
