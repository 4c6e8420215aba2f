"""EDFs and their bands. Oracles: scipy's ecdf, resampling, coverage over simulated populations."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from dsd import DsdError
from dsd.analysis import edf
from dsd.analysis.distribution.empirical import bootstrap_band, dkw_band
from dsd.analysis.distribution.normalised import common_bins, normalised_band, permutation_ks, weights

RNG = np.random.default_rng
POPULATIONS = 2000


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


def test_weights_move_the_edf() -> None:
    """F is the sum of the weights below; weights that do not sum to 1 are refused."""
    assert edf([3.0, 1.0, 2.0], [1.5, 2.5, 9], weights=[0.5, 0.3, 0.2]).tolist() == pytest.approx([0.3, 0.5, 1.0])
    with pytest.raises(ValueError, match="sum 2"):
        edf([1.0, 2.0], [1.0], weights=[1, 1])


def test_the_dkw_band_covers_all_of_the_distribution() -> None:
    """Of 2,000 populations of 50 at least 93.5 % have the whole true F inside (the bound is conservative)."""
    rng, at = RNG(1), np.linspace(0.001, 0.999, 400)
    inside = 0
    for _ in range(POPULATIONS):
        band = dkw_band(rng.random(50), at)
        inside += bool(((band.low <= at) & (at <= band.high)).all())
    assert 0.935 <= inside / POPULATIONS <= 0.995


def test_the_bootstrap_band_covers_one_place() -> None:
    """At F = 0.2, 0.5 and 0.8 of 100 networks, 92 to 98 % of 2,000 populations have the true F inside."""
    rng, at = RNG(2), np.array([0.2, 0.5, 0.8])
    inside = np.zeros(3)
    for _ in range(POPULATIONS):
        band = bootstrap_band(rng.random(100), at)
        inside += (band.low <= at) & (at <= band.high)
    assert (inside / POPULATIONS >= 0.92).all()
    assert (inside / POPULATIONS <= 0.98).all()


def test_the_bootstrap_band_is_what_resampling_tends_to() -> None:
    """Its ends are the percentiles of F over 20,000 resamples, within a network or so."""
    errors, rng, at = RNG(3).normal(40, 5, 80), RNG(4), [36.0, 40.0, 44.0]
    resampled = np.stack([edf(rng.choice(errors, 80), at) for _ in range(20_000)])
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    band = bootstrap_band(errors, at)
    np.testing.assert_allclose(band.low, low, atol=1.01 / 80)
    np.testing.assert_allclose(band.high, high, atol=1.01 / 80)


def two_complexities(rng: np.random.Generator, n: int = 300) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two populations whose error falls with complexity in the same way; the second has more small networks."""
    found = []
    for shape in ((1, 1), (1, 2)):
        x = 100 + 300 * rng.beta(*shape, n)
        found.append((x, 60 - 0.1 * x + rng.normal(0, 3, n)))
    return found


def test_normalising_takes_complexity_out() -> None:
    """Weighted, complexity is uniform, and the distance of the EDFs falls below a third of the unweighted one."""
    (x, e), (y, f) = two_complexities(RNG(5), 3000)
    edges = common_bins([x, y], 10)
    for values in (x, y):
        shares = weights(values, edges)
        inside = (values >= edges[0]) & (values <= edges[-1])
        assert shares.sum() == pytest.approx(1)
        assert (shares[~inside] == 0).all()
        for low, high in pairwise(edges):
            assert shares[(values >= low) & (values < high)].sum() == pytest.approx(0.1, abs=0.01)
    at = np.linspace(10, 60, 200)
    plain = np.abs(edf(e, at) - edf(f, at)).max()
    normalised = np.abs(edf(e, at, weights(x, edges)) - edf(f, at, weights(y, edges))).max()
    assert normalised < plain / 3


def test_the_normalised_band_covers_one_place() -> None:
    """Of 2,000 populations of 300, 92 to 98 % have the true normalised F at two places inside."""
    rng, edges, at = RNG(6), np.linspace(100, 400, 6), np.array([30.0, 38.0])
    uniform = rng.uniform(100, 400, 2_000_000)
    truth = edf(60 - 0.1 * uniform + rng.normal(0, 3, len(uniform)), at)
    inside = np.zeros(2)
    for _ in range(POPULATIONS):
        x = rng.uniform(100, 400, 300)
        band = normalised_band(60 - 0.1 * x + rng.normal(0, 3, 300), x, edges, at)
        inside += (band.low <= truth) & (truth <= band.high)
    assert (inside / POPULATIONS >= 0.92).all()
    assert (inside / POPULATIONS <= 0.98).all()


def test_the_permutation_test_holds_its_level_and_finds_differences() -> None:
    """Equal in each bin: at most 7.5 % of 300 pairs below 0.05, where the plain KS test has more than half."""
    rng, below, plain, edges = RNG(7), 0, 0, np.array([100.0, 200, 300, 400])
    for _ in range(300):
        (x, y) = (x for x, _ in two_complexities(rng, 150))
        e, f = (60 - 10 * (one // 100) + rng.normal(0, 3, 150) for one in (x, y))
        below += permutation_ks([e, f], [x, y], edges, rng=rng, relabellings=199)[1] < 0.05
        plain += stats.ks_2samp(e, f).pvalue < 0.05
    assert below / 300 <= 0.075  # 0.05 and twice its standard error
    assert plain / 300 > 0.5
    (x, e), (y, f) = two_complexities(rng, 300)
    assert permutation_ks([e, f - 5], [x, y], common_bins([x, y], 3), rng=rng, relabellings=999)[1] < 0.01


def test_the_permutation_statistic_is_the_distance_of_the_edfs() -> None:
    """At and after every error; the same generator gives the same p-value. Equal errors count together."""
    (x, e), (y, f) = two_complexities(RNG(8), 200)
    e, f = e.round(), f.round()
    edges = common_bins([x, y], 4)
    found = permutation_ks([e, f], [x, y], edges, rng=RNG(9), relabellings=99)
    at = np.unique(np.concatenate([e, f])) + 0.5
    expected = np.abs(edf(e, at, weights(x, edges)) - edf(f, at, weights(y, edges))).max()
    assert found[0] == pytest.approx(expected)
    assert found == permutation_ks([e, f], [x, y], edges, rng=RNG(9), relabellings=99)


def test_ranges_of_complexity_that_cannot_be_shared_are_refused() -> None:
    """No overlap, a hole, or no network at all."""
    with pytest.raises(DsdError, match="share no range"):
        common_bins([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(DsdError, match="population 2 has no network of complexity"):
        common_bins([np.arange(100), np.r_[np.arange(40), np.arange(60, 100)]])
    with pytest.raises(DsdError, match="without results"):
        common_bins([[1.0], []])
