"""Quantized linear fits. Oracles: brute force on a fine grid of w_a, RegNets with known parameters, the definition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsd
from dsd import DsdError
from dsd.analysis import fit_quantized_linear
from dsd.analysis.linear_fit import COARSE, GRID, Grid, block_widths, fit_all, plain_fit, predicted_widths

TINY = Grid(w_0=(8, 72, 32), w_m=(1.5, 3.0, 0.5))
SMALL = Grid(w_0=(8, 104, 24), w_m=(1.5, 3.0, 0.25))


def blocks(network: dsd.Network) -> np.ndarray:
    """The width of each block."""
    return np.repeat(network.widths, network.depths).astype(float)


def brute_force(observed: np.ndarray, grid: Grid) -> float:
    """The least e_fit over the grid and 3,000 values of w_a, by Eq. 2-4 as they are printed."""
    j, w_a = np.arange(len(observed)), np.geomspace(0.02, grid.w_a, 3000)[:, None]
    best = np.inf
    for w_0 in grid.w_0s:
        for w_m in grid.w_ms:
            u = w_0 + w_a * j
            s = np.log(u / w_0) / np.log(w_m)
            w = np.maximum(8 * np.rint(w_0 * w_m ** np.rint(s) / 8), 8)
            best = min(best, np.abs(np.log(w / observed)).mean(axis=1).min())
    return best


@pytest.mark.parametrize("space", ["AnyNetX_C", "AnyNetX_D", "RegNetX"])
def test_no_fine_grid_of_w_a_is_better(space: str) -> None:
    """Exact in w_a: never above brute force, and not below by more than its 0.3 % steps leave."""
    for network in dsd.sample(dsd.load_space(space), 8, seed=1):
        found, searched = fit_quantized_linear(blocks(network), SMALL).e_fit, brute_force(blocks(network), SMALL)
        assert found <= searched + 1e-9
        assert found >= searched - 0.02


@given(st.lists(st.integers(8, 1024), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_any_widths_have_the_fit_of_brute_force(widths: list[int]) -> None:
    """In any order, of any length; and e_fit is that of the parameters it comes with."""
    observed = np.array(widths, float)
    found = fit_quantized_linear(observed, SMALL)
    assert found.e_fit <= brute_force(observed, SMALL) + 1e-9
    predicted = found.widths(len(observed))
    assert found.e_fit == pytest.approx(np.abs(np.log(predicted / observed)).mean())
    assert 0 < found.w_a <= SMALL.w_a


@given(st.lists(st.integers(1, 128).map(lambda n: 8 * n), min_size=1, max_size=9))
@settings(max_examples=25, deadline=None)
def test_the_fast_fit_is_the_plain_one(widths: list[int]) -> None:
    """The same least e_fit as the plain lines find, for any widths; the parameters of both give it."""
    fast, plain = fit_quantized_linear(widths, TINY), plain_fit(widths, TINY)
    assert fast.e_fit == pytest.approx(plain.e_fit, abs=1e-12)
    for fit in (fast, plain):
        assert np.abs(np.log(fit.widths(len(widths)) / widths)).mean() == pytest.approx(plain.e_fit, abs=1e-12)


def test_regnets_fit_themselves() -> None:
    """RegNets that no rule adjusted: e_fit below 0.02, and 0 where w_m is on the grid, as all are on a finer one."""
    population = dsd.sample(dsd.load_space("RegNetX"), 200, seed=2)
    unadjusted = [
        (row, blocks(network))
        for row, network in zip(population.frame.itertuples(), population, strict=True)
        if np.array_equal(
            predicted_widths(row.sampled_w_0, row.sampled_w_a, row.sampled_w_m, row.depth), blocks(network)
        )
    ]
    assert len(unadjusted) > 80
    fits = fit_all([widths for _, widths in unadjusted])
    assert max(fit.e_fit for fit in fits) < 0.02
    exact = [
        fit.e_fit for (row, _), fit in zip(unadjusted, fits, strict=True) if round(1000 * row.sampled_w_m) % 5 == 0
    ]
    assert len(exact) > 5
    assert max(exact) == 0
    finest = Grid(w_m=(1.5, 3.0, 0.001))
    assert max(fit_quantized_linear(widths, finest).e_fit for _, widths in unadjusted[:8]) == 0


def test_the_paper_s_regnetx_is_found() -> None:
    """RegNetX-200MF (w_0 24, w_a 36.44, w_m 2.49, d 13): the fit predicts its widths exactly."""
    network = dsd.network("RegNetX-200MF")
    fit = fit_quantized_linear(blocks(network))
    assert fit.e_fit == 0
    assert fit.w_0 == 24
    np.testing.assert_array_equal(fit.widths(13), blocks(network))


def test_the_fit_improves_from_c_to_e() -> None:
    """Mean e_fit falls from AnyNetX_C to D to E, 60 networks each ([DDS] Fig. 8: it falls)."""
    means = []
    for space in ("AnyNetX_C", "AnyNetX_D", "AnyNetX_E"):
        fits = fit_all([blocks(network) for network in dsd.sample(dsd.load_space(space), 60)], COARSE)
        means.append(np.mean([fit.e_fit for fit in fits]))
    assert means[0] > means[1] > means[2]


def test_a_finer_grid_is_never_worse() -> None:
    """And the coarse one is near: the mean of 30 networks differs by less than 0.02."""
    networks = [blocks(network) for network in dsd.sample(dsd.load_space("AnyNetX_D"), 30, seed=3)]
    fine, coarse = (np.array([fit.e_fit for fit in fit_all(networks, grid)]) for grid in (GRID, COARSE))
    assert (fine <= coarse + 1e-9).all()
    assert (coarse - fine).mean() < 0.02


def test_edges_of_the_search() -> None:
    """One block, widths that never change, and widths that would need a larger w_a than allowed."""
    assert fit_quantized_linear([24]).e_fit == 0
    assert fit_quantized_linear([48] * 20).e_fit == 0
    steep = fit_quantized_linear([8, 1024, 1024], Grid(w_a=50.0))
    assert steep.w_a <= 50
    assert steep.e_fit > fit_quantized_linear([8, 1024, 1024]).e_fit > 0


def test_tables_give_widths_of_blocks() -> None:
    """Stages in order, d_i blocks of w_i each; networks of fewer stages leave the last columns empty."""
    frame = pd.DataFrame({"d1": [1, 2], "d2": [2, None], "w1": [8, 16], "w2": [24, None]})
    assert [one.tolist() for one in block_widths(frame)] == [[8, 24, 24], [16, 16]]
    (nothing,) = fit_all(block_widths(pd.DataFrame({"d1": [None], "w1": [None]}, dtype=float)))
    assert np.isnan(nothing.e_fit)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"error": [1.0]}, "has no columns d1, d2"),
        ({"d1": [1]}, "has no column w1"),
        ({"d1": [1, 0], "w1": [8, 8]}, "row 2: stage depths"),
        ({"d1": [1.5], "w1": [8]}, "row 1: stage depths"),
        ({"d1": [1, None], "w1": [8, 8]}, "row 2: stage depths"),
        ({"d1": [1], "w1": [-8]}, "row 1: stage depths"),
        ({"d1": [10**9], "w1": [8]}, "at most 1,000 in total"),
        ({"d1": ["x"], "w1": [8]}, "must be numbers"),
    ],
)
def test_tables_that_are_no_networks_are_refused(frame, message: str) -> None:
    """The error names the table and the row or column."""
    with pytest.raises(DsdError, match=f"mine.csv: .*{message}"):
        block_widths(pd.DataFrame(frame), "mine.csv")


@pytest.mark.parametrize("widths", [[], [0.0], [np.nan], [[8.0]]])
def test_what_has_no_widths_is_refused(widths) -> None:
    """No blocks, or a width that is none."""
    with pytest.raises(DsdError, match="positive number"):
        fit_quantized_linear(widths)


def test_a_grid_that_is_none_is_refused() -> None:
    """Bounds in the wrong order, no step, no w_a."""
    for wrong in ({"w_m": (3.0, 1.5, 0.1)}, {"w_m": (1.0, 2.0, 0.1)}, {"w_m": (1.5, 3.0, 0.0)}, {"w_a": 0.0}):
        with pytest.raises(DsdError, match="give"):
            Grid(**wrong)


@pytest.mark.parametrize("w_0", [40, 104, 200])
def test_steps_at_the_same_place_are_taken_together(w_0: int) -> None:
    """At w_m = 2.25 blocks 4 and 19 step at one r: no w_a lies between, and the best is what brute force finds."""
    widths = 8 * np.rint(w_0 * 2.25 ** np.array([0] * 4 + [1] * 16) / 8)
    grid = Grid(w_0=(w_0, w_0, 8), w_m=(2.0, 2.5, 0.25))
    assert fit_quantized_linear(widths, grid).e_fit == pytest.approx(brute_force(widths, grid), abs=1e-3)
    coarse = Grid(w_m=(1.5, 3.0, 0.25))
    assert fit_quantized_linear(widths, coarse).e_fit <= brute_force(widths, coarse) + 1e-9


def test_the_grid_ends_where_it_says() -> None:
    """A step that does not divide the range leaves its end out, and never passes it."""
    assert Grid(w_m=(1.5, 3.0, 0.04)).w_ms[-1] == pytest.approx(2.98)
    assert Grid(w_m=(1.5, 3.0, 1.0)).w_ms.tolist() == [1.5, 2.5]
    assert (len(GRID.w_ms), GRID.w_ms[-1]) == (301, 3.0)
