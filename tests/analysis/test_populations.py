"""Tables cut into populations: what counts as a result, what is refused, how sources are told apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, analyze, read_table, split_populations
from dsd.analysis.results.populations import Results, disambiguate_names
from dsd.analysis.summary import Settings

RNG = np.random.default_rng


def population(name: str, errors) -> Results:
    """A population of these errors."""
    return Results(name, pd.DataFrame({"error": np.asarray(errors, float)}))


def test_degenerate_populations_say_what_cannot_be_computed() -> None:
    """No results, no comparison; one network, no verdict; constant errors, meaningless ranges."""
    empty = Results(
        "none", pd.DataFrame({"error": pd.Series(dtype=float)}), pd.DataFrame({"run": "abc"}, index=range(3))
    )
    analysis = analyze([empty, population("one", [5.0]), population("same", [7.0] * 9)])
    found = analysis.as_json()
    nothing = found["populations"][0]
    assert (nothing["n"], nothing["failed"], nothing["best_ranges"]) == (0, 3, {})
    assert nothing["error"] == {"min": None, "mean": None, "median": None}
    assert [(c["a"], c["verdict"], c["low"]) for c in found["comparisons"]] == [("one", "undecided", None)]
    words = ["one (n = 1): too few", "none: no results", "same: nearly all errors are equal"]
    assert [note.startswith(start) for note, start in zip(analysis.notes, words, strict=True)] == [True] * 3


def test_rows_without_a_result_are_counted_not_dropped() -> None:
    """Failed, invalid, unfinished and NaN rows stay out of the numbers and in the counts."""
    frame = pd.DataFrame(
        {
            "space": ["s"] * 7,
            "error": [10, 20, 99, None, None, None, 30],
            "status": ["done", "diverged", "done", "failed", "running", "lost", "done"],
            "valid": [True, True, False, True, True, True, True],
        }
    )
    (results,) = split_populations(frame)
    assert sorted(results.errors) == [10, 20, 30]
    assert (results.failed, results.unfinished) == (2, 2)
    assert results.missing_note == "2 failed, 2 unfinished"


def test_any_table_with_errors_can_be_analysed(tmp_path) -> None:
    """A foreign table, its populations named by any column, gets ranges of its own numeric columns."""
    errors = 100 * RNG(1).random(100)
    frame = pd.DataFrame({"family": ["p", "q"] * 50, "layers": RNG(0).integers(1, 9, 100), "error": errors})
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = analyze(split_populations(read_table(tmp_path / "t.csv"), by="family"))
    assert [p.name for p in found.populations] == ["p", "q"]
    assert list(found.populations[0].best_ranges) == ["layers"]
    assert split_populations(frame)[0].name == "table"


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
        ({"error": [1.0, None], "status": ["done", "done"]}, "space", "error is empty in row 2, whose status is done"),
        ({"error": [1.0, 2.0], "key": ["n1", "n1"]}, "space", "key = n1 is in rows 1, 2 of one population"),
        ({"error": [1.0, 2.0], "key": ["n1", "n1"], "seed": [3, 3]}, "space", "key = n1 is in rows 1, 2"),
        ({"error": [1.0], "status": ["completed"]}, "space", "status = 'completed' in row 1 is not known"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(frame, by: str, message: str) -> None:
    """The error names column or row, and the table."""
    with pytest.raises(DsdError, match=f"mine.csv: .*{message}"):
        split_populations(pd.DataFrame(frame), by, "mine.csv")


def test_populations_of_one_name_are_told_apart() -> None:
    """A name that two sources share gets its source in brackets; others stay as they are."""
    a, b = population("A", [1]), population("B", [1])
    names = [results.name for results in disambiguate_names([("x", [a, b]), ("y", [a])])]
    assert names == ["A (x)", "B", "A (y)"]
    with pytest.raises(DsdError, match="x: is given twice"):
        disambiguate_names([("x", [a]), ("x", [a])])


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


def test_keys_of_digits_stay_texts(tmp_path) -> None:
    """A key such as 02012100 keeps its first digit, in .csv and .jsonl."""
    frame = pd.DataFrame({"key": ["02012100", "11"], "error": [1.0, 2.0]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for name in ("t.csv", "t.jsonl"):
        assert read_table(tmp_path / name)["key"].tolist() == ["02012100", "11"]


def test_populations_named_by_numbers_say_by_which_and_rise() -> None:
    """op=0, op=1, op=2 in this order, whatever the order of rows; texts stay as they come."""
    frame = pd.DataFrame({"op": [2, 0, 1, 0], "error": [1.0, 2.0, 3.0, 4.0], "name": ["b", "a", "b", "a"]})
    assert [one.name for one in split_populations(frame, by="op")] == ["op=0", "op=1", "op=2"]
    assert [one.name for one in split_populations(frame, by="name")] == ["b", "a"]


def test_errors_that_may_be_losses_or_shares_need_a_delta() -> None:
    """0.2 to 0.5, or 2.25 against 2.31, are not judged by a percent point; dsd's own are."""
    for low, high in ((0.2, 0.5), (2.2, 2.4), (3.0, 9.0)):
        a, b = (population(name, RNG(i).uniform(low, high, 20)) for i, name in enumerate("ab"))
        with pytest.raises(DsdError, match=r"losses or shares.*--delta"):
            analyze([a, b])
        assert analyze([a, b], Settings(delta=0.01)).comparisons[0].verdict.delta == 0.01
        assert analyze([a]).delta == 1
        own = [replace(one, in_percent=True) for one in (a, b)]
        assert analyze(own).comparisons[0].verdict.delta == 1


def test_every_number_is_a_parameter_unless_it_tells_an_outcome_or_a_name() -> None:
    """lr and resolution beside depth; not loss, times, seeds, ids or constants; a category alone, if that is chosen."""
    rng = RNG(0)
    columns = ("depth", "lr", "resolution", "sampled_b", "loss", "infer_ms", "train_s", "net_id", "sampled_w1", "error")
    frame = pd.DataFrame({name: rng.random(20) for name in columns})
    frame = frame.assign(classes=10, op=["a", "b"] * 10, status="done", attempts=1, seed=range(20), time_torch="2.6")
    frame = frame.assign(run=[f"r{i:016x}" for i in range(20)], key=[f"n{i:016x}" for i in range(20)])
    (found,) = analyze(split_populations(frame)).populations
    assert list(found.best_ranges) == ["depth", "lr", "resolution", "sampled_b"]
    (chosen,) = analyze(split_populations(frame), Settings(columns=("op",))).populations
    assert (list(chosen.best_ranges), list(chosen.best_values)) == ([], ["op"])


def test_a_number_in_one_table_may_be_text_in_another() -> None:
    """The first still has its range."""
    one, other = (
        pd.DataFrame({"depth": range(9), "error": range(30, 39)}),
        pd.DataFrame({"depth": ["x"] * 9, "error": range(30, 39)}),
    )
    found = analyze([*split_populations(one, place="a"), *split_populations(other, place="b")]).populations
    assert [list(population.best_ranges) for population in found] == [["depth"], []]
