"""Trends of complexity and time. Oracles: populations made from known coefficients, and numpy's own correlation."""

import numpy as np
import pandas as pd
import pytest

import dsd
from dsd import DsdError
from dsd.analysis.complexity_trends import correlations, fit_trend, trends

RNG = np.random.default_rng(0)
FLOPS = RNG.uniform(0.1e9, 8e9, 200)


def test_known_coefficients_are_found() -> None:
    """time = α·flops + β·√flops, exactly and with noise of 5 %."""
    x = FLOPS / 1e9
    exact = fit_trend(FLOPS, 7 * x + 20 * np.sqrt(x), ("flops", "√flops"))
    assert exact.coefficients == pytest.approx({"flops": 7, "√flops": 20})
    assert exact.r2 == pytest.approx(1)
    noisy = fit_trend(FLOPS, (7 * x + 20 * np.sqrt(x)) * RNG.normal(1, 0.05, 200), ("flops", "√flops"))
    assert noisy.coefficients == pytest.approx({"flops": 7, "√flops": 20}, rel=0.2)
    assert 0.9 < noisy.r2 < 1
    np.testing.assert_allclose(exact.at(FLOPS), 7 * x + 20 * np.sqrt(x))


def test_a_term_that_is_not_there_gets_nothing() -> None:
    """Coefficients do not become negative to follow the noise."""
    found = fit_trend(FLOPS, 3 * np.sqrt(FLOPS / 1e9), ("flops", "√flops"))
    assert found.coefficients["flops"] == pytest.approx(0, abs=1e-9)
    curved = fit_trend(FLOPS, (FLOPS / 1e9) ** 0.2, ("flops", "√flops"))
    assert min(curved.coefficients.values()) >= 0


@pytest.mark.parametrize("p", [0.5, 1.0, 1.3])
def test_the_exponent_is_that_of_the_power_law(p: float) -> None:
    """y ∝ flops^p, within four standard errors under noise."""
    found = fit_trend(FLOPS, 4 * FLOPS**p * np.exp(RNG.normal(0, 0.1, 200)), ("flops",))
    assert abs(found.exponent - p) < 4 * found.exponent_se
    assert found.exponent_se < 0.05


def test_r2_is_that_of_its_definition() -> None:
    """One minus the residual's share of the variance."""
    y = 5 * np.sqrt(FLOPS / 1e9) + RNG.normal(0, 1, 200) + 10
    found = fit_trend(FLOPS, y, ("√flops",))
    residual = y - found.at(FLOPS)
    assert found.r2 == pytest.approx(1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum())


def test_a_populations_trends_are_in_the_papers_units() -> None:
    """Millions against GF: activations against the root, parameters against flops; times where there are some."""
    frame = dsd.sample(dsd.load_space("RegNetX_constrained"), 60, flops="200M:800M", params=None, acts=None).frame
    found = trends(frame)
    assert set(found) == {"acts", "params"}
    assert list(found["acts"].coefficients) == ["√flops"]
    at = found["acts"].at(np.array([0.4e9]))[0]
    assert 0.5 < at / (frame["acts"].mean() / 1e6) < 2
    timed = trends(frame.assign(infer_ms=[*(frame["flops"] / 1e8)[:-1], np.nan]))
    assert timed["infer_ms"].coefficients["flops"] == pytest.approx(10)
    assert timed["infer_ms"].n == 59
    assert "infer_ms [ms] ≈ 10·flops" in str(timed["infer_ms"])


def test_correlations_are_pearsons() -> None:
    """numpy's own coefficient, over the rows that have a time."""
    frame = pd.DataFrame({name: RNG.uniform(1, 2, 30) for name in ("flops", "params", "acts", "infer_ms")})
    frame.loc[3, "infer_ms"] = np.nan
    there = frame.dropna()
    expected = {name: np.corrcoef(there[name], there["infer_ms"])[0, 1] for name in ("flops", "params", "acts")}
    assert correlations(frame) == pytest.approx(expected)


def test_what_cannot_be_told_is_refused() -> None:
    """Too few networks, all of the same flops, or a column that is not there."""
    with pytest.raises(DsdError, match="2 networks of 2 different flops are too few"):
        fit_trend(FLOPS[:2], FLOPS[:2], ("flops", "√flops"))
    with pytest.raises(DsdError, match="9 networks of 1 different flops are too few"):
        fit_trend(np.full(9, 1e9), np.arange(9.0), ("flops",))
    with pytest.raises(DsdError, match="no column infer_ms; its columns are: acts"):
        correlations(pd.DataFrame({"flops": [1], "params": [1], "acts": [1]}))


def test_values_without_a_logarithm_are_left_out() -> None:
    """Zeros, infinities and texts among flops or params neither stop a trend nor enter it."""
    frame = pd.DataFrame({"flops": [0.0, *FLOPS[:30]], "params": FLOPS[:31] / 100, "acts": ["2.6M", *[None] * 30]})
    frame.loc[5, "params"] = np.inf
    frame.loc[6, "params"] = 0
    found = trends(frame)
    assert list(found) == ["params"]
    assert found["params"].n == 28
