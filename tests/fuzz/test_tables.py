"""Tables from elsewhere: whatever stands in their cells, `dsd analyze` answers in one line or reads them."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.program import answer, fuzzed
from tests.fuzz.strategies import damaged_text, scalars

HEADER = ["space", "key", "seed", "w1", "flops", "op", "status", "valid", "lr", "error"]
ODD_CELLS = [
    *(
        "",
        " ",
        "NA",
        "None",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1,234",
        "1_000",
        "0x10",
        "x",
        "done",
        "failed",
        "true",
        "²",
    ),
    *("[/x]", "a$\\frac{$", "_A", "\x1b[31mred", "😀", "=1+1", "-1", "100.0001", "9" * 400, "x" * 3_000, "a\nb", '"'),
]
cells = st.one_of(
    st.sampled_from(ODD_CELLS), st.text(max_size=6), st.integers(-5, 10**20).map(str), st.floats().map(str)
)


def rows(seed: int) -> list[list[str]]:
    """Two populations of twelve networks."""
    rng = np.random.default_rng(seed)
    names = (("AB"[i % 2], f"k{i // 2}", "0", str(8 * rng.integers(1, 9)), str(10**8 + i)) for i in range(24))
    return [
        [*one, "xyz"[i % 3], "done", "true", "0.1", f"{rng.normal(50 + i % 2, 3):.2f}"] for i, one in enumerate(names)
    ]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A header and rows of which some cells, names or lengths are others."""
    header, content = list(HEADER), rows(draw(st.integers(0, 3)))
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["cell", "cell", "cell", "column", "name", "length", "repeat"]))
        i, j = draw(st.integers(0, len(content) - 1)), draw(st.integers(0, len(header) - 1))
        if kind == "cell":
            content[i][min(j, len(content[i]) - 1)] = draw(cells)
        elif kind == "column":
            value = draw(cells)
            for row in content:
                row[min(j, len(row) - 1)] = value
        elif kind == "name":
            header[j] = draw(st.one_of(st.sampled_from([*HEADER, "loss", "epochs", " error", "", "depth"]), cells))
        elif kind == "length" and len(content[i]) > 1:
            content[i] = content[i][:-1] if draw(st.booleans()) else [*content[i], "1"]
        elif kind == "repeat":
            content.append(list(content[i]))
    return header, content


def as_csv(header: list[str], content: list[list[str]]) -> str:
    """The table as .csv."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *content])
    return text.getvalue()


@fuzzed
@given(table=tables(), by=st.sampled_from(["space", "w1", "op", "lr", "key"]))
def test_a_table_of_other_cells_is_read_or_refused(table, by: str, tmp_path_factory) -> None:
    """Any cell, name or length of a row, by any column."""
    path = tmp_path_factory.getbasetemp() / "t.csv"
    path.write_text(as_csv(*table), encoding="utf-8", errors="surrogatepass")
    _, out, _ = answer("analyze", path, "--by", by, "--json")
    if out:
        json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


@fuzzed
@given(content=damaged_text([as_csv(HEADER, rows(0)[:8])]))
def test_a_table_of_other_bytes_is_read_or_refused(content: bytes, tmp_path_factory) -> None:
    """Any bytes."""
    path = tmp_path_factory.getbasetemp() / "t.csv"
    path.write_bytes(content)
    answer("analyze", path)


@fuzzed
@given(
    content=st.lists(
        st.fixed_dictionaries(
            {"error": st.one_of(st.floats(0, 100), scalars), "space": st.one_of(st.sampled_from("AB"), scalars)},
            optional={"w1": scalars, "status": scalars, "key": scalars, "op": st.one_of(scalars, st.lists(scalars))},
        ),
        max_size=12,
    )
)
def test_rows_of_json_are_read_or_refused(content: list[dict], tmp_path_factory) -> None:
    """Any value for any key."""
    path = tmp_path_factory.getbasetemp() / "t.jsonl"
    lines = (json.dumps(row) + "\n" for row in content)
    path.write_text("".join(lines), encoding="utf-8", errors="surrogatepass")
    answer("analyze", path, "--delta", "1")
