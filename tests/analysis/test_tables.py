"""Tables that others wrote: nothing in them is taken for something else, and what is not understood is said."""

import json
import logging
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, analyze, read_table, split_populations
from dsd.analysis import compare, seed_noise
from dsd.analysis.summary import Settings
from dsd.io.table_writing import write_table

RNG = np.random.default_rng


def results(n: int = 20, seed: int = 0, **columns: object) -> pd.DataFrame:
    """A table of errors around 50 %, with these columns."""
    return pd.DataFrame({**columns, "error": RNG(seed).normal(50, 3, n).round(2)})


def written(folder: Path, ending: str, frame: pd.DataFrame) -> Path:
    """The table as a file."""
    write_table(frame, folder / f"t{ending}")
    return folder / f"t{ending}"


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("names", "populations"),
    [
        (["20240101", "20240102"], ["by=20240101", "by=20240102"]),
        (["695e0514", "695e0515"], ["695e0514", "695e0515"]),
        (["1.10", "1.1"], ["by=1.1", "by=1.10"]),
        (["007", "7"], ["by=007", "by=7"]),
        (["NA", "None"], ["NA", "None"]),
        (["null", "nan"], ["null", "nan"]),
        (["True", "false"], ["by=false", "by=True"]),
        (["1e400", "1e401"], ["1e400", "1e401"]),
        (["123456789012345678901", "123456789012345678902"], ["by=123456789012345678901", "by=123456789012345678902"]),
    ],
)
def test_names_are_texts(tmp_path: Path, ending: str, names: list[str], populations: list[str]) -> None:
    """Names that look like numbers or like nothing name as many populations as there are, in every format."""
    path = written(tmp_path, ending, results(by=names * 10))
    assert sorted(one.name for one in split_populations(read_table(path, ("by",)), "by")) == sorted(populations)


def test_numbers_name_populations_by_their_value() -> None:
    """Of a DataFrame, too: whole numbers beyond six digits, and decimals that six digits would round."""
    for values in ([20240101, 20240102], [0.12345678, 0.12345679], [2**60, 2**60 + 1]):
        names = [one.name for one in split_populations(results(by=values * 10), "by")]
        assert names == [f"by={value}" for value in values]
    assert [one.name for one in split_populations(results(by=[16.0, 8.0] * 10), "by")] == ["by=8", "by=16"]


def test_blanks_around_names_are_removed_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A blank after each comma is no part of a header, nor of a name."""
    path = tmp_path / "t.csv"
    path.write_text("space, w1, error\nA, 8, 50\nA , 16, 51\n")
    with caplog.at_level(logging.WARNING):
        (only,) = split_populations(read_table(path))
    assert (only.name, only.frame["w1"].tolist()) == ("A", [8, 16])
    assert "blanks around column names: ' w1', ' error'" in caplog.text
    assert "blanks around 1 names in column space" in caplog.text


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "space,error,error\nA,1,2\n", "column error appears 2 times"),
        ("t.csv", "space, space,error\nA,B,2\n", "column space appears 2 times"),
        ("t.jsonl", '{"error": 1, "error": 2}\n', "line 1: error appears twice"),
        ("t.jsonl", '{"error": 1}\n[1]\n', "line 2 is not a JSON object"),
        ("t.jsonl", "[" * 100_000 + "\n", "nested too deeply"),
        ("t.jsonl", "\n", "has no rows"),
        ("t.csv", "", "is empty"),
        ("t.csv", 'a,error\n"x,1\n', "cannot be read"),
    ],
)
def test_files_that_say_two_things_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """A column or a key that is there twice, and what is no table."""
    (tmp_path / name).write_text(text)
    with pytest.raises(DsdError, match=message):
        read_table(tmp_path / name)
    with pytest.raises(DsdError, match="column w appears 2 times"):
        split_populations(pd.DataFrame([[1, 2, 3]], columns=["w", "w ", "error"]))


@pytest.mark.parametrize("odd", ["1,024", "8k", "unknown", "1_000", "1'024"])
def test_a_stray_text_in_a_column_of_numbers_is_said(odd: str, caplog: pytest.LogCaptureFixture) -> None:
    """By row and value; the column is neither a range nor a category."""
    frame = results(w=["8", "16"] * 9 + [odd, "8"], op=["a", "b"] * 10)
    with caplog.at_level(logging.WARNING):
        found = analyze(split_populations(frame, place="t.csv"))
    assert f"t.csv: w = {odd!r} in row 19 is not a number; column w is left out" in caplog.text
    assert (list(found.populations[0].best_ranges), list(found.populations[0].best_values)) == ([], ["op"])


def test_thousands_throughout_are_said(caplog: pytest.LogCaptureFixture) -> None:
    """A column of numbers with separators alone is one of numbers, too."""
    split_populations(results(w=["1,024", "2,048"] * 10))
    assert "w = '1,024' in row 1 is not a number" in caplog.text


def test_categories_may_be_called_none(tmp_path: Path) -> None:
    """None is a value of a column of texts, and nothing in a column of numbers."""
    path = written(tmp_path, ".csv", results(aug=["None", "cutmix"] * 10, w=["None", "8"] * 10))
    (found,) = analyze(split_populations(read_table(path))).populations
    assert set(found.best_values["aug"]) == {"None", "cutmix"}
    assert read_table(path)["w"].dropna().tolist() == [8.0] * 10


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_parameters_are_refused(value: float) -> None:
    """With row and value; an outcome of dsd's may be none."""
    with pytest.raises(DsdError, match=f"t: w = {value} in row 2; give a finite number"):
        split_populations(results(w=[1.0, value] * 10), place="t")


def test_a_column_that_copies_the_error_is_no_parameter() -> None:
    """An accuracy, as percent or share, rounded or not; a column that only goes with the error is one."""
    frame = results(50)
    error = frame["error"]
    frame = frame.assign(top1=100 - error, accuracy=(1 - error / 100).round(4), other=error + RNG(1).normal(0, 1, 50))
    (found,) = analyze(split_populations(frame)).populations
    assert list(found.best_ranges) == ["other"]


def test_a_parameter_is_no_seed(caplog: pytest.LogCaptureFixture) -> None:
    """Rows of one key that differ in epochs count apart, and add nothing to the noise of seeds; a note says so."""
    keys = [f"k{i}" for i in range(20)]
    frame = pd.concat(
        [results(key=keys, epochs=10).assign(seed=0), results(seed=1, key=keys, epochs=50).assign(seed=1)],
        ignore_index=True,
    )
    (found,) = split_populations(frame, place="t.csv")
    assert (len(found), analyze([found]).populations[0].noise, seed_noise(frame)) == (40, None, None)
    assert "t.csv: rows of one key differ in epochs and count as separate networks" in caplog.text
    (averaged,) = split_populations(frame, outcomes=("epochs",))
    assert (len(averaged), averaged.frame["epochs"].tolist()) == (20, [30.0] * 20)
    with pytest.raises(DsdError, match="has no column nope"):
        split_populations(frame, outcomes=("nope",))


def test_every_format_gives_the_same_table(tmp_path: Path) -> None:
    """Types, values and what is missing, to the last bit."""
    rng = RNG(3)
    frame = results(n=50, key=[f"n{i}" for i in range(50)], flops=rng.integers(1, 2**62, 50), x=rng.random(50))
    frame = frame.assign(w=[8, None] * 25, ok=[True, False] * 25, text=["a", None] * 25)
    tables = [read_table(written(tmp_path, ending, frame)) for ending in (".csv", ".jsonl", ".parquet")]
    for one in tables:
        assert list(one) == list(frame)
        for name in frame:
            assert one[name].dropna().tolist() == frame[name].dropna().tolist(), name
            assert one[name].isna().tolist() == frame[name].isna().tolist(), name


def conditions(resolution: object, **more: object) -> pd.DataFrame:
    """Two populations: A as given first, B as given second."""
    frames = []
    for i, name in enumerate("AB"):
        columns = {key: values[i] for key, values in {"resolution": resolution, **more}.items()}
        frames.append(results(seed=i, n=20, space=[name] * 20, **columns))
    return pd.concat(frames)


@pytest.mark.parametrize("name", ["resolution", "classes", "data", "recipe"])
def test_populations_that_were_not_trained_alike_get_no_verdict(name: str) -> None:
    """Unless it is asked for; a line says what differs."""
    frame = conditions((32, 32), **{name: ("8", "32")}) if name != "resolution" else conditions((8, 32))
    found = analyze(split_populations(frame))
    (pair,) = found.comparisons
    assert (pair.verdict.word, pair.differs) == ("no verdict", {name: ("8", "32")})
    assert found.as_json()["comparisons"][0]["p_holm"] is None
    assert f"{name} differs (8: A; 32: B); no verdict between them without --across {name}." in found.notes
    assert f"B against A: no verdict, because they differ in {name} 8 and 32" in str(pair)
    asked = analyze(split_populations(frame), Settings(across=(name,)))
    assert asked.comparisons[0].verdict.word != "no verdict"
    assert any(note.startswith(f"{name} differs") for note in asked.notes)
    with pytest.raises(DsdError, match="across = depth: give one or more of"):
        analyze(split_populations(frame), Settings(across=("depth",)))


def test_verdicts_allow_for_the_pairs_that_get_one() -> None:
    """A population of another resolution costs the others nothing."""
    frame = conditions((32, 32))
    other = results(seed=5, space=["C"] * 20, resolution=8)
    (alone,) = analyze(split_populations(frame)).comparisons
    beside = analyze(split_populations(pd.concat([frame, other]))).comparisons[0]
    assert beside.verdict == alone.verdict
    assert beside.p_holm == alone.p_holm


def test_a_line_says_where_flops_differ() -> None:
    """Medians a fifth apart are said, those of one window not."""
    assert not analyze(split_populations(conditions((32, 32), flops=(400e6, 360e6)))).notes
    (note,) = analyze(split_populations(conditions((32, 32), flops=(400e6, 300e6)))).notes
    assert note.startswith("flops differ (median: A 400M, B 300M)")


def test_ten_thousand_columns_are_read_and_analysed(tmp_path: Path) -> None:
    """A wide table is no reason to wait: every column has its range."""
    rng = RNG(0)
    columns = {f"x{i}": rng.integers(0, 50, 40) for i in range(10_000)}
    path = written(tmp_path, ".csv", results(40, **columns))
    (found,) = analyze(split_populations(read_table(path))).populations
    assert len(found.best_ranges) == 10_000


def test_names_in_json_keep_their_type_apart(tmp_path: Path) -> None:
    """A number and the text of it are one name; an object is its JSON."""
    rows = [{"by": by, "error": 50 + i} for i, by in enumerate([1, "1", 1.5, {"a": 1}] * 3)]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert {one.name for one in split_populations(read_table(path, ("by",)), "by")} == {"1", "1.5", '{"a": 1}'}


def test_whole_numbers_beyond_floats_are_refused_as_infinite(tmp_path: Path) -> None:
    """In a column of numbers; beside a text the column is one of texts."""
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"error": 50, "w": 1{"0" * 400}}}\n{{"error": 51, "w": 1}}\n')
    with pytest.raises(DsdError, match="w = inf in row 1"):
        split_populations(read_table(path))
    path.write_text(f'{{"error": 50, "w": 1{"0" * 400}}}\n{{"error": 51, "w": "x"}}\n')
    assert len(split_populations(read_table(path))[0]) == 2


@pytest.mark.parametrize("scale", [1e153, 1.7e308, 1e-320])
def test_parameters_at_the_ends_of_floats_are_parameters(scale: float) -> None:
    """No product of them overflows; one that goes with the error is still a copy of it."""
    frame = results(50)
    wide = np.where(np.arange(50) % 2, scale, -scale)
    (found,) = analyze(split_populations(frame.assign(wide=wide, copy=frame["error"] / 100 * scale))).populations
    assert list(found.best_ranges) == (["wide"] if scale > 1 else ["wide", "copy"])


def test_decimals_of_parquet_keep_their_fractions(tmp_path: Path) -> None:
    """39.60 as databases write it."""
    pd.DataFrame({"error": [Decimal("39.60"), Decimal("40.25")]}).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["error"].tolist() == [39.6, 40.25]


def test_parquet_of_other_types_is_read(tmp_path: Path) -> None:
    """An index, nullable numbers, categories, lists and numbers as text are read, without a warning."""
    frame = pd.DataFrame(
        {
            "space": pd.Categorical(["a", "b"] * 5),
            "error": [40.0 + i for i in range(10)],
            "flops": pd.array([None, *range(9)], dtype="Int64"),
            "recipe": [[1, 2]] * 10,
            "lr": ["0.1", "0.20"] * 5,
            "version": ["1.1", "1.10"] * 5,
        }
    )
    frame.set_index("space").to_parquet(tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    assert sorted(found) == sorted(frame)
    assert found["flops"].tolist()[1:] == list(range(9))
    assert found["lr"].tolist() == [0.1, 0.2] * 5
    assert found["version"].tolist() == ["1.1", "1.10"] * 5
    assert [results.name for results in analyze(str(tmp_path / "t.parquet")).populations] == ["a", "b"]
    assert [one.name for one in split_populations(read_table(tmp_path / "t.parquet", ["version"]), by="version")] == [
        "version=1.1",
        "version=1.10",
    ]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    "names", [["1.10", "1.1"], ["007", "7"], ["695e0514", "695e0515"], ["true", "True"], ["None", "null"]]
)
def test_names_pass_through_as_they_are_written(tmp_path: Path, names: list[str], ending: str) -> None:
    """Of a table that is read, extended and written again; any column can be one of names."""
    (tmp_path / "t.csv").write_text("name,d1\n" + "".join(f"{name},3\n" for name in names))
    frame = read_table(tmp_path / "t.csv", as_written=True)
    assert frame["d1"].tolist() == [3, 3]
    write_table(frame, tmp_path / f"u{ending}")
    assert read_table(tmp_path / f"u{ending}", names=["name"])["name"].tolist() == names


def test_a_hash_that_looks_like_a_number_beyond_floats_is_text(tmp_path: Path) -> None:
    """695e0514, constant or not; 1e3 is a number."""
    (tmp_path / "t.csv").write_text("commit,x,error\n695e0514,1e3,40\n695e0514,2e3,41\n")
    frame = read_table(tmp_path / "t.csv")
    assert (frame["commit"].tolist(), frame["x"].tolist()) == (["695e0514"] * 2, [1000.0, 2000.0])
    split_populations(frame)


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    """It cannot be read twice."""
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(DsdError, match=r"t\.csv: is a folder or a pipe"):
        read_table(tmp_path / "t.csv")


def test_lists_and_durations_are_written_as_text(tmp_path: Path) -> None:
    """Into .jsonl, too."""
    frame = pd.DataFrame({"a": [[1, 2]], "b": [Decimal("1.5")], "c": [pd.Timedelta("1s")], "d": [pd.NA], "e": [pd.NaT]})
    write_table(frame, tmp_path / "t.jsonl")
    assert json.loads((tmp_path / "t.jsonl").read_text())["a"] == [1, 2]


def runs(**columns: object) -> pd.DataFrame:
    """Thirty rows of each of two populations."""
    rng = np.random.default_rng(0)
    errors = np.concatenate([rng.normal(40, 2, 30), rng.normal(30, 2, 30)])
    return pd.DataFrame({"space": ["a"] * 30 + ["b"] * 30, "error": errors, **columns})


@pytest.mark.parametrize(
    ("columns", "across"),
    [
        ({"epochs": [10] * 30 + [100] * 30}, "epochs"),
        ({"dataset": ["cifar10"] * 30 + ["svhn"] * 30}, "data"),
        ({"Resolution": [32] * 30 + [224] * 30}, "resolution"),
        ({"data": ["x"] * 29 + ["y"] + ["y"] * 29 + ["x"]}, "data"),
        ({"data": ["x"] * 59 + ["y"]}, "data"),
    ],
)
def test_other_conditions_get_no_verdict(columns: dict[str, list[object]], across: str) -> None:
    """Epochs without a recipe, names of other programs, mixtures within a population."""
    (pair,) = compare(runs(**columns))
    assert (pair.verdict.word, list(pair.differs)) == ("no verdict", [across])
    assert analyze(runs(**columns)).conditions
    (allowed,) = compare(runs(**columns), across=[across])
    assert allowed.verdict.word == "better"


def test_a_training_that_diverged_early_is_no_other_condition() -> None:
    """Its fewer epochs do not count; the verdict stays."""
    frame = runs(epochs=[10] * 60, status=["done"] * 60)
    frame.loc[3, ["epochs", "status"]] = [2, "diverged"]
    (pair,) = compare(frame)
    assert (pair.verdict.word, pair.differs) == ("better", {})


def test_shares_beside_percent_are_asked_for() -> None:
    """One population in shares, the other in percent, or an import of shares."""
    frame = runs()
    frame.loc[:29, "error"] /= 100
    with pytest.raises(DsdError, match=r"errors of a lie between .* losses or shares"):
        compare(frame)
    with pytest.raises(DsdError, match="losses or shares"):
        compare(frame.assign(error=frame["error"].where(frame["error"] < 1, frame["error"] / 100), recorded_by="pycls"))


@pytest.mark.parametrize("name", ["augment_id", "strides", "kernels"])
def test_rows_of_one_key_that_differ_in_more_than_the_seed_stay_apart(name: str) -> None:
    """Only what differs between runs by nature is left out of account."""
    frame = pd.DataFrame({"key": ["k1", "k1", "k2", "k2"], "seed": [0, 1] * 2, name: ["p", "q"] * 2})
    frame["error"] = [40.0, 41.0, 42.0, 43.0]
    assert len(split_populations(frame)[0]) == 4
    assert len(split_populations(frame.rename(columns={name: "run_id"}))[0]) == 2


def test_a_column_of_other_names_is_not_split_by() -> None:
    """A population for each row of a large table would take minutes."""
    frame = pd.DataFrame({"net": [f"n{i}" for i in range(2001)], "error": 40.0})
    with pytest.raises(DsdError, match="column net names 2,001 populations; the maximum is 2,000"):
        split_populations(frame, by="net")
