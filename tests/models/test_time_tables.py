"""Tables that get times: what is measured stays. Oracle: the same table, with a clock that counts its calls."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, load_space, network, sample
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import network_of
from dsd.design.sampling.population import write_populations as write_population
from dsd.io.table_reading import read_table
from dsd.io.table_writing import provenance_in, write_table
from dsd.models import time_tables
from dsd.models.time_tables import time_table
from dsd.models.timing import Conditions, TooLarge

CONDITIONS = Conditions(batch=2, calls=1, seconds=0)


TRAINING = Conditions(batch=2, calls=1, seconds=0, train=True)


def stop_at(row: int):
    """Progress that is interrupted before this row."""

    def progress(done: int, key: str) -> None:
        if done == row:
            raise KeyboardInterrupt

    return progress


@pytest.fixture
def frame() -> pd.DataFrame:
    """Six small networks."""
    return sample(load_space("RegNetX_cifar"), 6, flops="1M:5M").frame


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of networks that were timed; the n-th takes n + 0.5 ms."""
    keys: list[str] = []

    def clock(net: Network, conditions: Conditions) -> dict[str, float]:
        keys.append(net.key)
        return {"infer_ms": len(keys) + 0.5, "infer_n": 1} | ({"train_ms": 3.0} if conditions.train else {})

    monkeypatch.setattr(time_tables, "time_network", clock)
    return keys


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_table_gets_columns(ending: str, frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """All that there was, in its place, and the times; the same in the file."""
    timed = time_table(frame, CONDITIONS, tmp_path / f"t{ending}")
    pd.testing.assert_frame_equal(timed[list(frame)], frame, check_dtype=False)
    assert timed["infer_ms"].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert set(timed["time_batch"]) == {2}
    there = read_table(tmp_path / f"t{ending}")
    pd.testing.assert_frame_equal(there, timed, check_dtype=False)
    assert calls == list(frame["key"])


def test_real_times_are_there(frame: pd.DataFrame) -> None:
    """Without a stub: positive, with quartiles and memory, for every row."""
    timed = time_table(frame.head(2), Conditions(batch=2, calls=2, seconds=0, train=True))
    assert (timed[["infer_ms", "train_ms", "infer_peak_gb"]] > 0).all(axis=None)


def test_a_stopped_measurement_goes_on(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """Stopped after three rows, started again: three more calls, each row once, the first times kept."""
    path = tmp_path / "t.csv"

    with pytest.raises(KeyboardInterrupt):
        time_table(frame, CONDITIONS, path, progress=stop_at(3))
    half = pd.read_csv(path)
    assert half["infer_ms"].tolist()[:3] == [1.5, 2.5, 3.5]
    assert half["infer_ms"].isna().tolist() == [False] * 3 + [True] * 3
    timed = time_table(frame, CONDITIONS, path)
    assert calls == list(frame["key"])
    assert timed["infer_ms"].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert time_table(frame, CONDITIONS, path)["infer_ms"].tolist() == timed["infer_ms"].tolist()
    assert len(calls) == 6


def test_what_is_asked_for_later_is_measured(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """A training time that the file does not have yet is measured for every row; what it has stays until then."""
    path = tmp_path / "t.csv"
    time_table(frame, CONDITIONS, path)
    with pytest.raises(KeyboardInterrupt):
        time_table(frame, TRAINING, path, progress=stop_at(2))
    half = pd.read_csv(path)
    assert half["infer_ms"].tolist() == [7.5, 8.5, 3.5, 4.5, 5.5, 6.5]
    assert half["train_ms"].notna().tolist() == [True] * 2 + [False] * 4
    assert (time_table(frame, TRAINING, path)["train_ms"] == 3).all()
    assert len(calls) == 12


def test_the_table_itself_can_be_the_output(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """Its rows get their columns, stopped and repeated as often as one likes."""
    for path in (tmp_path / "c.csv", tmp_path / "c.jsonl"):
        write_table(frame, path)
        with pytest.raises(KeyboardInterrupt):
            time_table(read_table(path), CONDITIONS, path, progress=stop_at(3))
        time_table(read_table(path), CONDITIONS, path)
        time_table(read_table(path), CONDITIONS, path)
        assert read_table(path)["infer_ms"].notna().all()
    assert len(calls) == 12


def test_a_tables_own_columns_stay(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """A result's train_s is no time of ours, before and after a stop."""
    path = tmp_path / "t.csv"
    results = frame.assign(train_s=[1.0, 2, 3, 4, 5, 6], error=50.0)
    with pytest.raises(KeyboardInterrupt):
        time_table(results, CONDITIONS, path, progress=stop_at(2))
    assert time_table(results, CONDITIONS, path)["train_s"].tolist() == [1, 2, 3, 4, 5, 6]
    assert pd.read_csv(path)["train_s"].tolist() == [1, 2, 3, 4, 5, 6]


def test_times_measured_otherwise_are_left_out(frame: pd.DataFrame, calls: list[str]) -> None:
    """A table that has times already, measured again with another batch: none of the old ones remain."""
    old = time_table(frame, TRAINING)
    new = time_table(old, Conditions(batch=4, calls=1, seconds=0))
    assert "train_ms" not in new
    assert set(new["time_batch"]) == {4}
    assert new["infer_ms"].tolist() == [7.5, 8.5, 9.5, 10.5, 11.5, 12.5]


def test_a_network_that_does_not_fit_is_told_and_the_others_go_on(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its row has the reason; it is tried again the next time."""
    fits = {"yes": False}

    def clock(net: Network, conditions: Conditions) -> dict[str, float]:
        if net.key == frame["key"][2] and not fits["yes"]:
            raise TooLarge("not enough memory on cpu for it; give less")
        return {"infer_ms": 1.0}

    monkeypatch.setattr(time_tables, "time_network", clock)
    path = tmp_path / "t.csv"
    timed = time_table(frame, CONDITIONS, path)
    assert timed["infer_ms"].isna().tolist() == [False, False, True, False, False, False]
    assert timed["time_error"][2] == "not enough memory on cpu for it; give less"
    fits["yes"] = True
    again = time_table(frame, CONDITIONS, path)
    assert again["infer_ms"].notna().all()
    assert "time_error" not in again


def test_ratios_keep_their_digits(calls: list[str], tmp_path: Path) -> None:
    """b = 1/6 is written and read as such in every format: rows stay the networks they were."""
    net = network("EfficientNet-B0")
    population = sample(load_space("AnyNetX_A"), 1)
    frame = replace(population, networks=Networks.of([net]), drawn={}).frame
    for ending in (".csv", ".jsonl", ".parquet"):
        path = tmp_path / f"t{ending}"
        time_table(frame, CONDITIONS, path)
        row = read_table(path).to_dict("records")[0]
        assert network_of(row) == net
        assert row["key"] == net.key
        time_table(read_table(path), CONDITIONS, path)
    assert len(calls) == 3


def test_a_network_that_occurs_twice_is_measured_once(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """Both rows have its time."""
    timed = time_table(pd.concat([frame, frame]), CONDITIONS, tmp_path / "t.csv")
    assert (len(calls), timed["infer_ms"].notna().sum()) == (6, 12)


def test_another_resolution_stands_beside_the_rows(frame: pd.DataFrame, calls: list[str]) -> None:
    """A row stays the network that it was; what was timed is told by time_resolution and time_flops."""
    timed = time_table(frame, CONDITIONS, resolution=48)
    pd.testing.assert_frame_equal(timed[list(frame)], frame, check_dtype=False)
    assert (timed["time_resolution"] == 48).all()
    assert (timed["time_flops"] > frame["flops"]).all()
    assert calls == [network_of(row).for_task(48).key for row in frame.to_dict("records")]
    assert "time_flops" not in time_table(timed, CONDITIONS)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_provenance_goes_along(ending: str, calls: list[str], tmp_path: Path) -> None:
    """How the population was drawn is told by the timed file too, also where it is the same file."""
    path, other = tmp_path / f"c{ending}", tmp_path / f"t{ending}"
    write_population([sample(load_space("RegNetX_cifar"), 2, flops="1M:5M")], path)
    before = provenance_in(path)
    assert json.loads(before)["populations"][0]["seed"] == 0
    for output in (other, path):
        time_table(read_table(path), CONDITIONS, output, origin=path)
        assert provenance_in(output) == before


def test_a_file_with_something_else_is_left_alone(frame: pd.DataFrame, calls: list[str], tmp_path: Path) -> None:
    """Other rows, another batch, another ending: refused, and the file stays as it was."""
    path = tmp_path / "t.csv"
    time_table(frame, CONDITIONS, path)
    before = path.read_bytes()
    with pytest.raises(DsdError, match="exists already, with other rows; give another file"):
        time_table(frame.head(3), CONDITIONS, path)
    with pytest.raises(DsdError, match="was measured with batch 2, not 3; give another file"):
        time_table(frame, Conditions(batch=3, calls=1, seconds=0), path)
    write_table(read_table(path).assign(error=50.0), tmp_path / "results.csv")
    with pytest.raises(DsdError, match=r"with other columns \(error\); give another file"):
        time_table(frame, CONDITIONS, tmp_path / "results.csv")
    write_table(read_table(path).drop(columns="time_batch"), tmp_path / "foreign.csv")
    with pytest.raises(DsdError, match="was measured with batch unknown, not 2"):
        time_table(frame, CONDITIONS, tmp_path / "foreign.csv")
    with pytest.raises(DsdError, match=r"was measured with seconds 0.*, not 1"):
        time_table(frame, replace(CONDITIONS, seconds=1.0), path)
    with pytest.raises(DsdError, match="the file extension sets the format"):
        time_table(frame, CONDITIONS, tmp_path / "t.txt")
    with pytest.raises(DsdError, match="does not exist"):
        time_table(frame, CONDITIONS, tmp_path / "no" / "t.csv")
    assert path.read_bytes() == before


def test_a_row_that_is_no_network_is_named(frame: pd.DataFrame) -> None:
    """By its number from 1, and the column."""
    with pytest.raises(DsdError, match=r"c\.csv: row 2: stage 1: depth 0"):
        time_table(frame.assign(d1=[1, 0, 1, 1, 1, 1]), CONDITIONS, origin=Path("c.csv"))
    with pytest.raises(DsdError, match="table: row 1: column d1 is missing"):
        time_table(frame.drop(columns="d1"), CONDITIONS)
    with pytest.raises(DsdError, match="table: has no rows"):
        time_table(frame.head(0), CONDITIONS)


def test_different_families_share_a_table(calls: list[str]) -> None:
    """Rows of joined tables, where one has columns that the other lacks."""
    one = sample(load_space("RegNetX_cifar"), 1, flops="1M:5M").frame
    other = sample(load_space("RegNetX_cifar"), 1, flops="1M:5M", seed=1).frame.assign(kernels="5-5-5", head_width=64)
    timed = time_table(pd.concat([one, other]), CONDITIONS)
    assert len(set(timed["key"])) == 2
    assert np.isfinite(timed["flops"]).all()
