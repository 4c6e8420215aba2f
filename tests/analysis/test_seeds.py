"""Several seeds of one network. Oracles: simulation from known variances, and a small table by hand."""

from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, analyze, split_populations
from dsd.analysis import seed_noise
from dsd.analysis.results.seeds import SeedNoise

RNG = np.random.default_rng


def runs(networks: int, seeds: int, network_sd: float, seed_sd: float, rng: np.random.Generator) -> pd.DataFrame:
    """A row a run, with errors from known variances."""
    levels = rng.normal(40, network_sd, networks)
    errors = levels[:, None] + rng.normal(0, seed_sd, (networks, seeds))
    keys = [f"n{i}" for i in range(networks)]
    return pd.DataFrame({"key": np.repeat(keys, seeds), "seed": list(range(seeds)) * networks, "error": errors.ravel()})


def test_known_variances_are_found() -> None:
    """Between networks 5 points, between seeds 1: over 200 tables the mean estimates are right within 2 %."""
    rng = RNG(0)
    found = [seed_noise(runs(60, 3, 5.0, 1.0, rng)) for _ in range(200)]
    assert np.mean([one.seed_sd**2 for one in found]) == pytest.approx(1, rel=0.02)
    assert np.mean([one.network_sd**2 for one in found]) == pytest.approx(25, rel=0.04)
    assert found[0].reliability == pytest.approx(25 / 26, abs=0.03)


def test_a_column_for_each_seed_says_the_same() -> None:
    """A wide table has the noise of the long one; a seed that is missing is left out."""
    long = runs(30, 3, 4.0, 2.0, RNG(1))
    wide = long.pivot(index="key", columns="seed", values="error").add_prefix("error_seed").reset_index()
    assert astuple(seed_noise(wide)) == pytest.approx(astuple(seed_noise(long)))
    assert seed_noise(long[1:]).runs == 89
    wide.loc[0, "error_seed1"] = np.nan
    assert seed_noise(wide).runs == 89


def test_noise_alone_leaves_nothing_between_networks() -> None:
    """Networks that are all alike have a spread near 0; without repetition nothing can be told."""
    found = seed_noise(runs(500, 2, 0.0, 3.0, RNG(2)))
    assert found.network_sd < 0.8
    assert found.seed_sd == pytest.approx(3, rel=0.1)
    assert seed_noise(runs(20, 1, 1.0, 1.0, RNG(3))) is None
    assert seed_noise(pd.DataFrame({"error": [1.0, 2.0]})) is None
    assert np.isnan(SeedNoise(2, 4, 0.0, 0.0).reliability)


def test_a_network_counts_once_with_its_mean() -> None:
    """Two networks of two and three seeds are two networks in the numbers; the noise is told from the runs."""
    frame = pd.DataFrame(
        {
            "key": ["a", "a", "b", "b", "b"],
            "seed": [0, 1, 0, 1, 2],
            "depth": [4, 4, 9, 9, 9],
            "error": [10.0, 20.0, 30.0, 33.0, 36.0],
        }
    )
    (results,) = split_populations(frame)
    assert results.errors.tolist() == [15.0, 33.0]
    assert results.frame["seeds"].tolist() == [2, 3]
    (found,) = analyze([results]).populations
    assert (found.n, found.noise.runs) == (2, 5)
    assert found.noise.seed_sd == pytest.approx(np.sqrt((50 + 18) / 3))


def test_rows_that_differ_in_more_than_a_seed_stay_apart() -> None:
    """A network trained with two learning rates is two points; only its seeds are averaged."""
    frame = pd.DataFrame(
        {"key": ["a"] * 4, "seed": [0, 1, 0, 1], "lr": [0.1, 0.1, 0.2, 0.2], "error": [10.0, 20.0, 50.0, 60.0]}
    )
    (results,) = split_populations(frame)
    assert results.frame[["lr", "error", "seeds"]].to_numpy().tolist() == [[0.1, 15, 2], [0.2, 55, 2]]


def test_unfinished_seeds_say_nothing() -> None:
    """The noise is that of the rows with a result; a network whose second seed is missing has one."""
    frame = runs(8, 2, 5.0, 1.0, np.random.default_rng(4))
    lacking = frame.assign(error=frame["error"].where(frame.index != 1))
    assert seed_noise(lacking) == seed_noise(frame.drop(index=1))
    assert seed_noise(lacking).runs == 14


def test_a_run_of_two_spaces_is_one_training() -> None:
    """Its second row is not another seed."""
    frame = runs(6, 2, 5.0, 1.0, np.random.default_rng(3)).assign(run=[f"r{i}" for i in range(12)])
    twice = pd.concat([frame, frame.head(4)])
    assert seed_noise(twice) == seed_noise(frame)
    assert seed_noise(twice.drop_duplicates("key")) is None


def test_runs_are_told_apart_within_a_network() -> None:
    """A column `run` may number repeats of each network, be empty for some rows, or come first without a result."""
    frame = runs(6, 2, 5.0, 1.0, np.random.default_rng(3))
    assert seed_noise(frame.assign(run=[0, 1] * 6)) == seed_noise(frame)
    assert seed_noise(frame.assign(run=None)) == seed_noise(frame)
    named = frame.assign(run=[f"r{i}" for i in range(12)])
    assert seed_noise(pd.concat([named.head(4).assign(error=np.nan), named])) == seed_noise(frame)


def test_seeds_that_are_missing_tell_nothing_apart() -> None:
    """An empty seed beside 0 is refused; so is text where the errors of seeds should be."""
    with pytest.raises(DsdError, match="key = a is in rows 1, 2"):
        split_populations(pd.DataFrame({"key": ["a", "a"], "seed": [0, None], "error": [1.0, 2.0]}))
    wide = pd.DataFrame({"error_seed0": [1.0, 2.0], "error_seed1": ["x", "3"], "error": [1.0, 2.0]})
    with pytest.raises(DsdError, match="error_seed1 holds text"):
        analyze(split_populations(wide))
