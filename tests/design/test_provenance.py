"""What a file tells of how it came about, and that it is enough to draw the same rows again."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dsd import __version__, load_space, sample
from dsd.design import space_from_spec
from dsd.design.sampling.population import write_populations
from dsd.io.table_writing import beside


def told(path: Path) -> dict[str, Any]:
    """The provenance of a file."""
    if path.suffix == ".parquet":
        return json.loads(pq.read_schema(path).metadata[b"dsd"])
    return json.loads(beside(path).read_text())


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_file_can_be_drawn_again(ending: str, tmp_path: Path) -> None:
    """Space, windows, seed, resolution and classes of the provenance give the same rows; hash and version are there."""
    (tmp_path / "mine.yaml").write_text("extends: RegNetX_constrained\nw_m: [2, 2.5]\n")
    population = sample(load_space(tmp_path / "mine.yaml"), 30, seed=5, resolution=160, classes=10, acts="1M:")
    path = tmp_path / f"mine{ending}"
    write_populations([population], path)
    record = told(path)
    assert record["dsd_version"] == __version__
    (facts,) = record["populations"]
    space = space_from_spec(facts["space"], facts["spec"])
    assert space.info.hash == facts["space_hash"] == population.info.hash
    again = sample(
        space,
        facts["n"],
        seed=facts["seed"],
        resolution=facts["resolution"],
        classes=facts["classes"],
        **facts["windows"],
    )
    assert again.frame.equals(population.frame)
    assert facts["draw"] == {
        "proposals": population.draw.proposals,
        "valid": population.draw.valid,
        "in_window": population.draw.in_window,
        "duplicates": population.draw.duplicates,
    }
    assert facts["windows"]["flops"] == [360e6, 400e6]
    assert facts["draw"]["valid"] < facts["draw"]["proposals"]


def test_a_parquet_file_holds_several_spaces_and_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written piece by piece it reads as the joined frames; what a space lacks is missing there."""
    monkeypatch.setattr("dsd.design.sampling.population.ROWS", 7)
    populations = [sample(load_space(name), 20) for name in ("RegNetX_inverted", "AnyNetX_A_cifar", "RegNetX_lr_wd")]
    write_populations(populations, tmp_path / "all.parquet")
    frame = pd.read_parquet(tmp_path / "all.parquet")
    assert [facts["space"] for facts in told(tmp_path / "all.parquet")["populations"]] == list(frame["space"].unique())
    for population in populations:
        part = frame[frame["space"] == population.space]
        expected = population.frame
        assert part[[c for c in frame if c not in expected]].isna().all(axis=None)
        for column in expected:
            assert part[column].tolist() == expected[column].tolist()
    assert [c for c in frame if c.startswith("d") and c != "depth"] == ["d1", "d2", "d3", "d4"]


def test_a_resolution_that_is_drawn_is_left_to_the_space(tmp_path: Path) -> None:
    """Its provenance names none, and draws the same again; rows have their own. Windows keep all their digits."""
    space = load_space("RegNetX_resolution")
    population = sample(space, 20, flops=(1234567891, 2345678912))
    facts = json.loads(json.dumps(population.provenance))
    assert facts["resolution"] is None
    assert facts["windows"]["flops"] == [1234567891, 2345678912]
    assert sample(space, 20, resolution=facts["resolution"], **facts["windows"]).frame.equals(population.frame)
    assert population.frame["resolution"].nunique() > 1
