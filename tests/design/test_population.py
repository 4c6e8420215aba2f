"""Tables of populations: columns, formats, and files that appear whole."""

from pathlib import Path

import pandas as pd
import pytest

from dsd import DsdError, load_space, sample
from dsd.design.sampling.population import write_populations

COLUMNS = "space key d1 d2 d3 w1 w2 w3 b1 b2 b3 g1 g2 g3 depth flops params acts"


def test_columns_are_the_documented_ones() -> None:
    """Realised parameters first, then complexity, what was drawn, and what completes the description."""
    frame = sample(load_space("RegNetX_cifar"), 3).frame
    drawn = "sampled_depth sampled_w_0 sampled_w_a sampled_w_m sampled_b sampled_g"
    assert list(frame) == f"{COLUMNS} {drawn} block stem strides activation resolution classes".split()
    assert (frame["depth"] == frame[["d1", "d2", "d3"]].sum(axis=1)).all()
    assert (frame["depth"] == frame["sampled_depth"]).all()


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_table(ending: str, tmp_path: Path) -> None:
    """What is read back equals the population's frame, dtypes included."""
    population = sample(load_space("AnyNetX_B"), 30)
    path = tmp_path / f"b{ending}"
    write_populations([population], path)
    readers = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".jsonl": lambda p: pd.read_json(p, lines=True, precise_float=True),
    }
    pd.testing.assert_frame_equal(readers[ending](path), population.frame)
    beside = [] if ending == ".parquet" else [f"{path.name}.meta.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, *beside]


def test_populations_of_several_spaces_share_a_file(tmp_path: Path) -> None:
    """Columns that a space lacks stay empty there; stages stay together."""
    populations = [sample(load_space(name), 4) for name in ("RegNetX_cifar", "AnyNetX_A")]
    write_populations(populations, tmp_path / "both.csv")
    frame = pd.read_csv(tmp_path / "both.csv")
    assert len(frame) == 8
    assert frame["d4"].isna().sum() == 4
    assert [c for c in frame if c.startswith("d") and c != "depth"] == ["d1", "d2", "d3", "d4"]


def test_a_wrong_ending_or_folder_is_refused(tmp_path: Path) -> None:
    """The error lists the formats, or names the missing folder."""
    population = sample(load_space("AnyNetX_A"), 1)
    with pytest.raises(DsdError, match=r"give one of: .csv, .jsonl, .parquet"):
        write_populations([population], tmp_path / "a.xlsx")
    with pytest.raises(DsdError, match="does not exist"):
        write_populations([population], tmp_path / "nowhere" / "a.csv")
