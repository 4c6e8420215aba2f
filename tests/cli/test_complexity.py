"""dsd complexity and dsd time as a user calls them."""

import io
import json
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest
from rich.console import Console

from dsd import complexity, network
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.catalogue.published_values import COMPARISONS

EXPECTED = {"flops": 397678568, "params": 5157512, "acts": 3143272}
QUICK = ("--batch", 2, "--calls", 1, "--seconds", 0)


@pytest.fixture
def table(dsd, tmp_path: Path) -> Path:
    """Six small networks."""
    path = tmp_path / "c.csv"
    dsd("sample", "--space", "RegNetX_cifar", "-n", 6, "--flops", "1M:5M", "-o", path)
    return path


def test_networks_are_named_in_four_ways(dsd, table: Path, tmp_path: Path) -> None:
    """Published names as they are spelt, a file, a table's rows, one row by the beginning of its key."""
    (tmp_path / "mine.yaml").write_text("extends: RegNetX-400MF")
    assert json.loads(dsd("complexity", "regnetx_0.4gf", "--json").out) == EXPECTED
    assert json.loads(dsd("complexity", tmp_path / "mine.yaml", "--json").out) == EXPECTED
    frame = pd.read_csv(table)
    rows = json.loads(dsd("complexity", table, "--json").out)
    assert {key: row["flops"] for key, row in rows.items()} == dict(zip(frame["key"], frame["flops"], strict=True))
    key = frame["key"][2]
    assert json.loads(dsd("complexity", f"{table}:{key[:9]}", "--json").out) == rows[key]
    one = tmp_path / "one.csv"
    frame.head(1).to_csv(one, index=False)
    assert list(json.loads(dsd("complexity", one, "--json").out)) == [frame["key"][0]]
    (tmp_path / "ResNet-50.yaml").write_text("extends: RegNetX-400MF")
    for words in (("resnet-50", tmp_path / "ResNet-50.yaml"), (tmp_path / "ResNet-50.yaml", "resnet-50")):
        both = json.loads(dsd("complexity", *words, "--json").out)
        assert both["ResNet-50"] == EXPECTED
        assert both["ResNet-50 (published)"]["params"] == 25557032
    several = json.loads(dsd("complexity", "resnet-50", tmp_path / "mine.yaml", "--json").out)
    assert list(several) == ["ResNet-50", "mine"]


def test_resolution_and_classes_are_the_networks_own_unless_given(dsd) -> None:
    """EfficientNet-B1 is counted at 240, and at what is asked for."""
    own = json.loads(dsd("complexity", "efficientnet-b1", "--json").out)
    assert own["flops"] == complexity(network("EfficientNet-B1", resolution=240)).flops
    asked = json.loads(dsd("complexity", "efficientnet-b1", "--resolution", 64, "--classes", 10, "--json").out)
    assert asked["flops"] == complexity(network("EfficientNet-B1", 64, 10)).flops


def test_all_prints_every_network_beside_the_published_values(dsd) -> None:
    """A row each, stars where they differ, and a line that says why; the same as JSON."""
    text = dsd("complexity", "--all").out
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()[:1]}
    assert set(NAMED) <= set(lines)
    assert lines["RegNetX-400MF"][1:] == ["224", "397,678,568", "0.4", "5,157,512", "5.2", "3,143,272", "3.1"]
    assert lines["ResNet-50"][5] == "22.6*"
    notes = [line for line in text.splitlines() if line.startswith("* ")]
    assert len(notes) == text.count("*") - len(notes)
    assert "* ResNet-50, params: an error in the paper" in text
    rows = json.loads(dsd("complexity", "--all", "--json").out)
    assert [row["network"] for row in rows] == list(NAMED)
    assert rows[24]["differences"] == {"params": rows[24]["differences"]["params"]}


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal(width: int, dsd, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a network, its name whole; a narrow terminal gets three decimals."""
    monkeypatch.setattr("dsd.cli.output.console", lambda stderr=False: Console(width=width, highlight=False))
    lines = [line for line in dsd("complexity", "--all").out.splitlines() if line.strip().startswith("RegNetX-400MF ")]
    assert len(lines) == 1
    assert ("397,678,568" if width == 120 else "0.398") in lines[0]
    text = dsd("complexity", "--compare", "efficientnet", "--no-time").out
    assert len([line for line in text.splitlines() if line.strip().startswith("EfficientNet-B")]) == 6


@pytest.mark.parametrize("which", list(COMPARISONS))
def test_comparisons_group_as_the_paper_does(which: str, dsd) -> None:
    """Every network of each group, in order, with counted complexity and the published error, marked as published."""
    text = dsd("complexity", "--compare", which, "--no-time").out
    names = [line.split()[0] for line in text.splitlines() if line.split()[:1] and line.split()[0] in NAMED]
    assert names == [name for grouped in COMPARISONS[which].values() for group in grouped for name in group]
    assert "published: top-1 error, %" in text
    assert "here, ms" not in text
    rows = json.loads(dsd("complexity", "--compare", which, "--no-time", "--json").out)["networks"]
    assert [row["network"] for row in rows] == names
    assert rows[0]["flops"] == complexity(network(names[0])).flops
    assert ("23.2±0.09" if which == "resnext" else "24.9±0.03") in text


def test_a_comparison_is_timed_here(dsd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each network once, however many groups it is in; the device is told."""
    timed: list[str] = []

    def clock(net, conditions) -> dict[str, float]:
        timed.append(net.key)
        return {"infer_ms": 1000.0 + len(timed)}

    monkeypatch.setattr("dsd.models.timing.time_network", clock)
    text = dsd("complexity", "--compare", "resnext", "--batch", 3, "--device", "cpu").out
    assert len(timed) == len(set(timed)) == 11
    assert "1001" in text
    assert "median inference of 3 images on" in text


def test_time_prints_one_json_line_a_network(dsd) -> None:
    """With what it was measured on, counts, median, quartiles and memory; training where it is asked for."""
    done = dsd("time", "resnet-56", "RegNetX-200MF", "--resolution", 32, "--train", *QUICK)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["network"] for row in rows] == ["ResNet-56", "RegNetX-200MF"]
    assert rows[0]["flops"] == 125747850
    for row in rows:
        assert min(row["train_ms"], row["infer_ms"]) > 0
        assert row["infer_ms_low"] <= row["infer_ms"] <= row["infer_ms_high"]
        assert row["train_peak_gb"] > row["infer_peak_gb"] > 0
        assert (row["batch"], row["dtype"], row["resolution"]) == (2, "float32", 32)
    assert "train_ms" not in json.loads(dsd("time", "resnet-56", *QUICK).out)


def test_trends_are_told_of_what_was_measured(dsd, table: Path, tmp_path: Path) -> None:
    """A column with too few values gets no trend, and the others get theirs."""
    path = tmp_path / "t.csv"
    dsd("time", table, "-o", path, "--train", *QUICK)
    timed = pd.read_csv(path)
    timed.loc[2:, [name for name in timed if name.startswith("train_")]] = None
    timed.to_csv(path, index=False)
    done = dsd("time", table, "-o", path, *QUICK)
    assert done.code == 0
    assert "correlation of infer_ms" in done.out
    assert "train_ms for 2 different flops: too few for a trend, give 5 or more" in done.out


def test_a_stopped_measurement_says_how_to_go_on(dsd, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: exit code 130, one line that names the file where there is one."""
    clock = Mock(side_effect=[KeyboardInterrupt, {"infer_ms": 1.0}, KeyboardInterrupt, KeyboardInterrupt])
    monkeypatch.setattr("dsd.models.time_tables.time_network", clock)
    words = ("time", table, "-o", table.with_name("t.csv"), *QUICK)
    assert dsd(*words).err.strip() == "stopped; nothing was written"
    done = dsd(*words)
    assert done.code == 130
    assert "t.csv; repeat the command to resume" in done.err
    assert dsd("time", table, *QUICK).err.strip() == "stopped; nothing was written"


def test_repeated_rows_are_all_counted(dsd, table: Path) -> None:
    """A table in which networks occur twice, as with two seeds, has a line for each row."""
    frame = pd.read_csv(table)
    pd.concat([frame, frame.head(2)]).to_csv(table, index=False)
    printed = dsd("complexity", table).out
    assert sum(line.split()[:1] == [frame["key"][0]] for line in printed.splitlines()) == 2


def test_time_adds_columns_to_a_table(dsd, table: Path, tmp_path: Path) -> None:
    """To -o, with correlations and trends on standard output; without -o the table is there and they are beside it."""
    done = dsd("time", table, "-o", tmp_path / "t.csv", *QUICK)
    assert done.code == 0
    assert "correlation of infer_ms with flops" in done.out
    assert "acts [M] ≈" in done.out
    assert "infer_ms [ms] ≈" in done.out
    timed, frame = pd.read_csv(tmp_path / "t.csv"), pd.read_csv(table)
    assert list(timed)[: frame.shape[1]] == list(frame)
    assert (timed["infer_ms"] > 0).all()
    printed = dsd("time", table, *QUICK)
    assert list(pd.read_csv(io.StringIO(printed.out))) == list(timed)
    assert "correlation of infer_ms" in printed.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("complexity", "give exactly one of NETWORKS, --all and --compare"),
        ("complexity --all resnet-50", "give exactly one of"),
        ("complexity --all --resolution 64", "published values are for each network's own"),
        ("complexity resnet-50 --batch 8", "only valid with --compare; to time networks use `dsd time`"),
        ("complexity --compare vgg", "'vgg' is not one of 'resnext', 'efficientnet'"),
        ("complexity resnet-50 --resolution 16", "resolution = 16: stage 4 has stride 2"),
        ("complexity no.yaml", "no.yaml: there is no such file"),
        ("complexity no.csv", "no.csv: there is no such file"),
        ("complexity c.csv:n", "c.csv:n: 6 keys start with this; give more of the key"),
        ("complexity c.csv:x", "c.csv:x: no key starts with this"),
        ("complexity c.csv:", "c.csv:: no key starts with this"),
        ("complexity c.tsv", "network c.tsv is not known"),
        ("complexity ./c.tsv", "./c.tsv: is not a network; give a table (.csv, .jsonl, .parquet)"),
        ("time resnet-50 --device cpu:7", "device = cpu:7: give cpu, cuda or cuda:N"),
        ("time", "Missing argument"),
        ("time resnet-50 c.csv", "c.csv: a table must be the only argument"),
        ("time resnet-50 -o x.csv", "-o x.csv: only valid with a TABLE"),
        ("time c.csv -o x.txt", "the file extension sets the format"),
        ("time resnet-50 --device gpu", "device = gpu is not known"),
        ("time resnet-50 --dtype half", "'half' is not one of 'float32', 'bfloat16', 'float16'"),
        ("time resnet-50 --batch 1 --train", "batch norm cannot be trained on one image"),
        ("time resnet-51", "network resnet-51 is not known; similar names: "),
    ],
)
def test_bad_input_is_one_line(words: str, message: str, dsd, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, nothing on standard output, one line on standard error."""
    monkeypatch.chdir(table.parent)
    done = dsd(*words.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
