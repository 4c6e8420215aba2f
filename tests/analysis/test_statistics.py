"""Oracles: scipy, the closed-form law of the winner, simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dsd import DsdError, compare, edf, empirical_bootstrap, split
from dsd.analysis.compare import holm, ks_test, mean_difference
from dsd.analysis.populations import Results, read_table, told_apart
from dsd.analysis.summary import analyze

RNG = np.random.default_rng


def test_the_edf_is_strict_and_otherwise_scipys() -> None:
    """Between errors F equals scipy's ecdf; at an error it leaves that error out (Eq. 1 has <)."""
    errors = RNG(0).integers(0, 50, 200).astype(float)
    between = np.arange(-0.5, 51)
    np.testing.assert_allclose(edf(errors, between), stats.ecdf(errors).cdf.evaluate(between))
    assert edf([1.0, 2.0, 2.0], [2.0])[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("errors", [[], [1.0, np.nan], [[1.0]]])
def test_the_edf_refuses_what_is_no_population(errors) -> None:
    """No errors, NaN, or a matrix: an error, not a silent number."""
    with pytest.raises(ValueError, match="errors"):
        edf(errors, [1.0])


def winner_law(n: int, m: int) -> np.ndarray:
    """P(the k-th best of n wins a resample of m) = ((n-k+1)^m - (n-k)^m) / n^m."""
    k = np.arange(1, n + 1)
    return ((n - k + 1) ** float(m) - (n - k) ** float(m)) / float(n) ** m


def test_the_bootstrap_has_the_law_of_the_winner() -> None:
    """Percentiles over 10⁴ resamples are those of the closed form; order of rows does not matter."""
    n = 200
    errors = RNG(1).permutation(n).astype(float)
    law = np.cumsum(winner_law(n, 50))
    found = empirical_bootstrap(errors, errors, rng=RNG(2))
    for value, p in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
        assert law[int(value)] >= p - 0.01
        assert (law[int(value) - 1] if value else 0.0) <= p + 0.01


def test_equal_errors_share_the_win() -> None:
    """When all errors are equal every row wins alike: the range is that of x itself."""
    found = empirical_bootstrap(np.arange(1000), np.full(1000, 5.0), rng=RNG(3))
    assert found.low == pytest.approx(25, abs=8)
    assert found.median == pytest.approx(500, abs=25)
    assert found.high == pytest.approx(975, abs=8)


def test_the_seed_decides_the_bootstrap() -> None:
    """Same generator state, same range; another, another."""
    x, errors = RNG(4).random(300), RNG(5).random(300)
    one, same, other = (empirical_bootstrap(x, errors, rng=RNG(s), resamples=20) for s in (6, 6, 7))
    assert one == same != other


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_bootstrap_of_very_few_networks_is_among_their_values(n: int) -> None:
    """At least one pair is drawn."""
    found = empirical_bootstrap(range(n), range(n), rng=RNG(0))
    assert {found.low, found.median, found.high} <= set(range(n))


def population(name: str, errors) -> Results:
    """A population of these errors."""
    return Results(name, pd.DataFrame({"error": np.asarray(errors, float)}))


def test_ks_is_scipys_and_large_samples_use_the_asymptotic_law() -> None:
    """Statistic and p-value equal scipy's two-sample test."""
    a, b = RNG(8).normal(50, 5, 80), RNG(9).normal(52, 5, 90)
    reference = stats.ks_2samp(a, b, method="exact")
    assert ks_test(a, b) == pytest.approx((reference.statistic, reference.pvalue))
    assert ks_test(np.repeat(a, 10), np.repeat(b, 10))[0] == pytest.approx(reference.statistic)


def test_two_samples_of_one_population_are_rarely_called_different() -> None:
    """Of 400 pairs of samples of one law at n = 100 at most 7 % have p < 5 %, and the interval covers 0 in 93-97 %."""
    rng = RNG(10)
    pairs = [(rng.gamma(4, 10, 100).clip(0, 100), rng.gamma(4, 10, 100).clip(0, 100)) for _ in range(400)]
    assert np.mean([ks_test(a, b)[1] < 0.05 for a, b in pairs]) <= 0.07
    covered = [low <= 0 <= high for _, low, high in (mean_difference(a, b) for a, b in pairs)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_differences_are_found_with_their_sign() -> None:
    """A better population b has a negative difference and a small p."""
    found = compare([population("a", RNG(11).normal(50, 4, 100)), population("b", RNG(12).normal(45, 4, 100))])[0]
    assert (found.a, found.b) == ("a", "b")
    assert found.low < -5 < found.high < 0
    assert found.p_holm == found.p_value < 1e-6


def test_holm_is_the_published_procedure() -> None:
    """A worked example: sorted p-values times m, m-1, … kept monotone, cut at 1."""
    np.testing.assert_allclose(holm([0.01, 0.02, 0.03, 0.005]), [0.03, 0.04, 0.04, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1.0, 1.0])


def test_degenerate_populations_say_what_cannot_be_computed() -> None:
    """One network has no interval; constant errors have one of width zero; no results, no comparison."""
    assert np.isnan(mean_difference([1.0], [2.0, 3.0])[1])
    assert mean_difference([1.0, 1.0], [3.0, 3.0]) == (2.0, 2.0, 2.0)
    empty = Results(
        "none", pd.DataFrame({"error": pd.Series(dtype=float)}), pd.DataFrame({"run": "abc"}, index=range(3))
    )
    found = analyze([empty, population("one", [5.0])]).as_json()
    assert found["comparisons"] == []
    assert found["populations"][0] == {
        "name": "none", "n": 0, "failed": 3, "unfinished": 0,
        "error": {"min": None, "mean": None, "median": None}, "best_ranges": {},
    }  # fmt: skip


def test_rows_without_a_result_are_counted_not_dropped() -> None:
    """Failed, invalid, unfinished and NaN rows stay out of the numbers and in the counts."""
    frame = pd.DataFrame(
        {
            "space": ["s"] * 7,
            "error": [10, 20, 99, None, None, None, 30],
            "status": ["done", "diverged", "done", "failed", "running", "done", "done"],
            "valid": [True, True, False, True, True, True, True],
        }
    )
    (results,) = split(frame)
    assert sorted(results.errors) == [10, 20, 30]
    assert (results.failed, results.unfinished) == (2, 2)
    assert results.lacking == "2 failed, 2 unfinished"


def test_any_table_with_errors_can_be_analysed(tmp_path) -> None:
    """A foreign table, its populations named by any column, gets ranges of its own numeric columns."""
    frame = pd.DataFrame({"family": ["p", "q"] * 50, "layers": RNG(0).integers(1, 9, 100), "error": RNG(1).random(100)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = analyze(split(read_table(tmp_path / "t.csv"), by="family"))
    assert [p.name for p in found.populations] == ["p", "q"]
    assert list(found.populations[0].best_ranges) == ["layers"]
    assert split(frame)[0].name == "table"


@pytest.mark.parametrize(
    ("frame", "by", "message"),
    [
        ({"accuracy": [1.0]}, "space", "has no column error"),
        ({"error": [1.0]}, "family", "has no column family"),
        ({"error": [50.0, 101.0]}, "space", "error = 101 in row 2"),
        ({"error": [-0.5]}, "space", "error = -0.5 in row 1"),
        ({"error": []}, "space", "has no rows"),
        ({"error": ["41.2%", "3"]}, "space", "error = '41.2%' in row 1 is not a number"),
        ({"error": [1.0, 2.0], "space": ["a", None]}, "space", "space is empty in row 2"),
        ({"error": [1.0], "valid": ["maybe"]}, "space", "valid = 'maybe' in row 1; give true or false"),
        ({"error": [1.0], "status": ["completed"]}, "space", "status = 'completed' in row 1 is not known"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(frame, by: str, message: str) -> None:
    """The error names column or row, and the table."""
    with pytest.raises(DsdError, match=f"mine.csv: .*{message}"):
        split(pd.DataFrame(frame), by, "mine.csv")


def test_populations_of_one_name_are_told_apart() -> None:
    """A name that two sources share gets its source in brackets; others stay as they are."""
    a, b = population("A", [1]), population("B", [1])
    names = [results.name for results in told_apart([("x", [a, b]), ("y", [a])])]
    assert names == ["A (x)", "B", "A (y)"]
    with pytest.raises(DsdError, match="x: is given twice"):
        told_apart([("x", [a]), ("x", [a])])


def test_unreadable_files_are_refused(tmp_path) -> None:
    """No such file, an ending that is no format, a file that is not what it says, rows longer than the header."""
    (tmp_path / "bad.parquet").write_text("no")
    (tmp_path / "ragged.csv").write_text("space,error\nA,10,500\n")
    messages = {
        "no.csv": "no such file",
        "a.txt": "give one of",
        "bad.parquet": "cannot be read",
        "ragged.csv": "cannot be read",
    }
    for name, message in messages.items():
        with pytest.raises(DsdError, match=message):
            read_table(tmp_path / name)
