"""Adjusted estimates. Oracles: refits without a network, closed forms of survey sampling, the plain estimator where a
surrogate explains nothing, a second implementation (ppi-python), and coverage over simulated populations.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import pytest

from dsd.analysis.adjusted.distribution import adjusted_edf, adjusted_quantile
from dsd.analysis.adjusted.estimates import (
    Predictions,
    adjusted_difference,
    adjusted_mean,
    combined,
    predictions_of,
)
from dsd.analysis.adjusted.features import Features, features_of
from dsd.analysis.adjusted.surrogate import PENALTIES, fit_surrogate
from dsd.analysis.comparison.differences import welch
from dsd.analysis.distribution.empirical import dkw_half_width, edf

RNG = np.random.default_rng
LEAST = 0.935  # coverage of a 95 % interval


def enumerated() -> pd.DataFrame:
    """A space of 3^6 networks whose shallow ones err most, as in NAS-Bench-Macro: depth and error, skewed."""
    choices = np.array(list(product(range(3), repeat=6)))
    depth = (choices > 0).sum(axis=1)
    error = 7 + 30 / (1 + depth) ** 1.5 + 0.6 * (choices == 1).sum(axis=1) - 0.4 * (choices[:, 0] == 2)
    error = error * np.exp(RNG(5).normal(0, 0.03, len(error)))
    operations = {f"op{i + 1}": choices[:, i] for i in range(6)}
    return pd.DataFrame({"depth": depth, **operations, "error": error})


def repetitions(
    spaces: list[pd.DataFrame], n: int, times: int, rng: np.random.Generator, useless: bool = False
) -> Iterator[list[Predictions]]:
    """Train n networks of each space and predict the others, many times."""
    columns = [name for name in spaces[0] if name != "error"]
    features = [own.drawn for own in features_of(spaces, [space[columns] for space in spaces])]
    if useless:
        features = [rng.permutation(own) for own in features]
    for _ in range(times):
        rows = [rng.choice(len(space), n, replace=False) for space in spaces]
        errors = [space["error"].to_numpy() for space in spaces]
        known = [np.full(len(space), np.nan) for space in spaces]
        for own, at, e in zip(known, rows, errors, strict=True):
            own[at] = e[at]
        yield predictions_of(
            [Features(own[at], own) for own, at in zip(features, rows, strict=True)],
            [e[at] for e, at in zip(errors, rows, strict=True)],
            known,
        )


def line(rng: np.random.Generator, n: int, noise: float, p: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, p) and errors that are linear in them, with noise."""
    x = rng.normal(size=(n, p))
    return x, 40 + x @ np.array([3.0, -2.0, 1.0][:p]) + rng.normal(0, noise, n)


def test_left_out_predictions_are_those_of_a_refit() -> None:
    """Leave-one-out by the leverages equals fits without each network, for two populations of unequal variance."""
    rng = RNG(0)
    (x, e), (z, f) = line(rng, 12, 2.0), line(rng, 9, 6.0)
    found = fit_surrogate([x, z], [e, f])
    weights = np.repeat([1 / e.var(ddof=1), 1 / f.var(ddof=1)], [12, 9])
    both, errors, group = np.concatenate([x, z]), np.concatenate([e, f]), np.repeat([0, 1], [12, 9])
    centred = both - np.stack([x.mean(axis=0), z.mean(axis=0)])[group]
    scale = 1 / np.sqrt((centred**2).sum(axis=0) / (21 - 2))
    design = np.column_stack([group == 0, group == 1, both * scale])
    ridge = np.diag([0, 0, *[21 * found.penalty] * 3])
    for i in range(21):
        kept = np.arange(21) != i
        w, d = weights[kept], design[kept]
        coefficients = np.linalg.solve(d.T @ (w[:, None] * d) + ridge, d.T @ (w * errors[kept]))
        assert np.concatenate(found.left_out)[i] == pytest.approx(design[i] @ coefficients, rel=1e-9)


def test_the_penalty_has_the_least_left_out_error() -> None:
    """No other penalty of the grid predicts left-out networks better."""
    x, e = line(RNG(1), 25, 4.0)
    chosen, variance = fit_surrogate([x], [e]), e.var(ddof=1)
    assert chosen.penalty in PENALTIES
    losses = {}
    for penalty in PENALTIES[:-1]:
        centred = (x - x.mean(axis=0)) / np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=0) / 24)
        inverse = np.linalg.inv(centred.T @ centred + 25 * penalty * variance * np.eye(3))
        hat = 1 / 25 + centred @ inverse @ centred.T
        losses[penalty] = float((((e - hat @ e) / (1 - np.diag(hat))) ** 2).sum())
    assert chosen.penalty == min(losses, key=losses.get)


def test_a_constant_surrogate_gives_the_plain_estimates() -> None:
    """Without features that vary: the mean with its t interval, Welch's difference, the EDF; bit for bit."""
    e, f = RNG(2).normal(40, 5, 40), RNG(3).normal(42, 9, 50)
    flat = [Features(np.ones((len(own), 2)), np.ones((100, 2))) for own in (e, f)]
    predictions = predictions_of(flat, [e, f])
    a, b = (adjusted_mean(own) for own in predictions)
    assert not a.helps
    assert a.interval() == a.plain
    assert (a.value, a.as_if_n) == (e.mean(), 40)
    plain, found = welch(e, f, 0.99), adjusted_difference(a, b, 0.99)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-12)
    distribution = adjusted_edf(predictions[0])
    assert distribution.share == pytest.approx(edf(e, distribution.at), abs=1e-12)


def test_a_linear_population_is_estimated_as_survey_sampling_has_it() -> None:
    """Without noise the regression estimator is exact; with noise its value is mean(e) + β (mean X − mean x)."""
    rng = RNG(4)
    x, e = line(rng, 60, 1e-9)
    drawn, _ = line(rng, 4000, 0.0)
    found = adjusted_mean(predictions_of([Features(x, drawn)], [e])[0])
    truth = 40 + drawn.mean(axis=0) @ [3.0, -2.0, 1.0]
    assert found.value == pytest.approx(truth, abs=0.01)
    assert found.r2 > 0.999
    x, e = line(rng, 2000, 3.0)
    drawn, _ = line(rng, 4000, 0.0)
    found = adjusted_mean(predictions_of([Features(x, drawn)], [e])[0])
    slopes = np.linalg.lstsq(x - x.mean(axis=0), e - e.mean(), rcond=None)[0]
    assert found.value == pytest.approx(e.mean() + slopes @ (drawn.mean(axis=0) - x.mean(axis=0)), abs=2e-3)
    assert np.sqrt(found.variance) == pytest.approx(np.sqrt(9 / 2000 + 14 / 4000), rel=0.1)  # σ²(1−R²)/n + R²σ²/N


def test_networks_with_a_known_error_are_not_estimated() -> None:
    """If every network of a space is trained its mean is exact; if a share f is, the variance falls by 1 − f."""
    x, e = line(RNG(6), 50, 3.0)
    whole = adjusted_mean(predictions_of([Features(x, x)], [e], [e])[0])
    assert (whole.value, whole.interval().high - whole.interval().low) == (pytest.approx(e.mean()), 0.0)
    drawn, _ = line(RNG(7), 150, 3.0)
    drawn, known = np.concatenate([x, drawn]), np.concatenate([e, np.full(150, np.nan)])
    (none,), (some,) = (predictions_of([Features(x, drawn)], [e], hits) for hits in (None, [known]))
    noise = none.power**2 * none.predicted.var(ddof=1) / 200
    share = (adjusted_mean(some).variance - noise) / (adjusted_mean(none).variance - noise)
    assert share == pytest.approx(0.75)


def test_ppi_python_gives_the_same_mean() -> None:
    """Prediction-powered inference as its authors wrote it, with our predictions and λ: the same value."""
    ppi = pytest.importorskip("ppi_py", reason="ppi-python is not installed: no second implementation to compare with")
    x, e = line(RNG(8), 80, 3.0)
    drawn, _ = line(RNG(9), 1000, 0.0)
    (own,) = predictions_of([Features(x, drawn)], [e])
    theirs = ppi.ppi_mean_pointestimate(e, own.left_out, own.predicted, lam=own.power)
    assert adjusted_mean(own).value == pytest.approx(float(np.squeeze(theirs)), abs=1e-9)
    low, high = ppi.ppi_mean_ci(e, own.left_out, own.predicted, alpha=0.05, lam=own.power)
    width = adjusted_mean(own).interval().high - adjusted_mean(own).interval().low
    assert width == pytest.approx(float(np.squeeze(high - low)), rel=0.1)  # Student's t, and extrapolation


@pytest.mark.parametrize("n", [30, 60, 100])
def test_intervals_cover_the_truth_and_are_narrower(n: int) -> None:
    """Of 400 samples of a skewed enumerated space and of a subspace: means and difference, all but the Monte-Carlo
    error above 93.5 %, at less than 0.75 of the plain width.
    """
    space = enumerated()
    spaces, times = [space, space[space["depth"] >= 3]], 400
    truths = [own["error"].mean() for own in spaces]
    hits, widths = [], []
    for predictions in repetitions(spaces, n, times, RNG(n)):
        means = [adjusted_mean(own) for own in predictions]
        intervals = [*(mean.interval() for mean in means), adjusted_difference(*means)]
        plain = welch(*(own.errors for own in predictions), 0.95)
        widths.append((intervals[2].high - intervals[2].low) / (plain.high - plain.low))
        wanted = (*truths, truths[1] - truths[0])
        hits.append([own.low <= truth <= own.high for own, truth in zip(intervals, wanted, strict=True)])
    assert (np.mean(hits, axis=0) > LEAST - 2 * np.sqrt(0.95 * 0.05 / times)).all(), np.mean(hits, axis=0)
    assert np.mean(widths) < 0.75


@pytest.mark.parametrize("n", [30, 100])
def test_a_useless_surrogate_costs_nothing(n: int) -> None:
    """With features of other networks each interval is at most 3 % wider than the plain one, and on average no more."""
    ratios = []
    for predictions in repetitions([enumerated()], n, 100, RNG(1), useless=True):
        mean = adjusted_mean(predictions[0])
        ratios.append((mean.interval().high - mean.interval().low) / (mean.plain.high - mean.plain.low))
    assert max(ratios) <= 1.03
    assert np.mean(ratios) <= 1.0


def test_rare_networks_beyond_the_trained_range_widen_the_interval() -> None:
    """Draws outside of what was trained move the surrogate; the interval grows by how much it extrapolates."""
    x, e = line(RNG(10), 60, 1.0, p=1)
    near = RNG(11).normal(size=(4000, 1)).clip(x.min(), x.max())
    far = np.append(near, [[x.max() + 0.5]] * 400, axis=0)
    inside, outside = (adjusted_mean(predictions_of([Features(x, drawn)], [e])[0]) for drawn in (near, far))
    assert inside.extrapolation == 0
    assert outside.extrapolation == pytest.approx(400 / 4400 * 1.5, rel=0.1)  # slope 3, half beyond
    assert outside.interval().high - outside.value > 1.3 * (inside.interval().high - inside.value)


def test_the_adjusted_edf_is_a_distribution_and_nearer_to_the_truth() -> None:
    """Non-decreasing, from 0 to 1, with a band that covers the whole truth and is narrower than DKW's."""
    space = enumerated()
    errors = space["error"].to_numpy()
    covered, nearer, narrower = [], [], []
    for (own,) in repetitions([space], 60, 100, RNG(11)):
        found = adjusted_edf(own)
        truth = edf(errors, found.at)
        assert (np.diff(found.share) >= 0).all()
        assert found.share[0] >= 0
        assert found.share[-1] <= 1
        assert (found.band.low <= found.share).all()
        covered.append(((found.band.low <= truth + 1e-9) & (truth - 1e-9 <= found.band.high)).all())
        nearer.append(np.abs(found.share - truth).mean() / np.abs(edf(own.errors, found.at) - truth).mean())
        narrower.append((found.band.high - found.band.low).max() / 2 / dkw_half_width(60))
    assert np.mean(covered) > LEAST - 2 * np.sqrt(0.95 * 0.05 / 100)
    assert np.median(nearer) < 0.9
    assert np.mean(narrower) < 0.85


@pytest.mark.parametrize("q", [0.1, 0.5])
def test_adjusted_quantiles_cover_the_truth(q: float) -> None:
    """The interval by inverting the EDF covers the quantile of the whole space."""
    space = enumerated()
    truth = np.quantile(space["error"], q)
    hits = []
    for (own,) in repetitions([space], 60, 200, RNG(12)):
        found = adjusted_quantile(own, q)
        hits.append(not (found.low > truth or found.high < truth))
    assert np.mean(hits) > LEAST - 2 * np.sqrt(0.95 * 0.05 / 200)


def test_strata_combine_by_their_shares() -> None:
    """The mean of a population of strata is the sum of share · mean; its variance that of share² · variance."""
    space = enumerated()
    deep, shallow = space[space["depth"] >= 4], space[space["depth"] < 4]
    (predictions,) = repetitions([deep, shallow], 40, 1, RNG(13))
    means, shares = [adjusted_mean(own) for own in predictions], np.array([0.7, 0.3])
    both = combined(means, shares)
    assert both.value == pytest.approx(0.7 * means[0].value + 0.3 * means[1].value)
    assert both.variance == pytest.approx(0.49 * means[0].variance + 0.09 * means[1].variance)
    assert both.n == 80
    assert combined(means[:1], np.ones(1)) is means[0]


def test_features_follow_their_rule() -> None:
    """Logarithms and squares, indicators of few whole numbers and of texts; gaps, outcomes and names are left out."""
    trained = pd.DataFrame(
        {
            "error": [40.0, 41, 42],
            "key": ["a", "b", "c"],
            "w1": [8, 16, 64],
            "skips": [0, 10, 5],
            "shift": [-1.5, 2.5, 0.5],
            "b1": [1, 2, 4],
            "block": ["X", "Y", "X"],
            "gap": [1.0, np.nan, 3.0],
            "same": [7, 7, 7],
            "status": ["done"] * 3,
            "loss": [1.5, 2.5, 3.5],
        }
    )
    drawn = trained.drop(columns="error").assign(w1=[8, 32, 256], gap=1.0)
    (found,) = features_of([trained], [drawn], outcomes=("loss",))
    columns = found.trained.T
    logs = np.log([8, 16, 64])
    assert columns[0] == pytest.approx(logs)
    assert columns[1] == pytest.approx((logs - np.log([8, 16, 64, 8, 32, 256]).mean()) ** 2)
    assert (found.trained.shape[1], found.drawn.shape[1]) == (9, 9)  # two each of w1, skips, shift and b1; one of block


def test_a_population_without_a_column_gets_zeros() -> None:
    """Spaces of other families are fitted together; what only one of them has explains nothing in the other."""
    four = pd.DataFrame({"error": [1.0, 2, 3, 4, 5], "d1": range(1, 6), "d4": range(2, 7)})
    three = pd.DataFrame({"error": [1.0, 2, 3, 4, 5], "d1": range(1, 6)})
    a, b = features_of([four, three], [four, three])
    assert a.trained.shape == b.trained.shape == (5, 4)
    assert (b.trained[:, 2:] == 0).all()
    assert not (a.trained[:, 2:] == 0).all()
