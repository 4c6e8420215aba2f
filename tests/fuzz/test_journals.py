"""A sweep's folder: whatever its files hold, status, collect and analyze answer; what does not fit is counted."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd.sweep.folder.folder import Sweep
from tests.fuzz.program import answer, fuzzed
from tests.fuzz.strategies import damaged_text, scalars, values

KINDS = ["started", "resumed", "epoch", "done", "stopped", "failed", "broken", "", "x"]
FIELDS = [
    *(
        "event",
        "run",
        "time",
        "epoch",
        "epochs",
        "steps",
        "error",
        "loss",
        "best_error",
        "reason",
        "message",
        "diverged",
    ),
    *(
        "device",
        "job",
        "asked_gb",
        "batch",
        "train_s",
        "since",
        "mark",
        "cluster",
        "tasks",
        "host",
        "submitted",
        "array",
    ),
]
STUDY = """# @package _global_
defaults:
  - override /recipe: digits
  - override /data: digits
  - override /cluster: debug
name: tiny
spaces: [AnyNetX_A_cifar]
n: 2
flops: "200K:400K"
recipe: {epochs: 1}
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two runs that have finished."""
    folder = tmp_path_factory.mktemp("journals")
    (folder / "tiny.yaml").write_text(STUDY)
    answer("launch", folder / "tiny.yaml", "-o", folder / "sweep")
    return folder / "sweep"


def copied(sweep: Path) -> Path:
    """A copy of the sweep to be damaged."""
    copy = sweep.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sweep, copy)
    return copy


def asked(folder: Path) -> None:
    """Every command that reads a sweep answers; only runs that failed are a reason for 1."""
    answer("status", folder, "--json", allowed=(0, 1, 2))
    answer("collect", folder)
    answer("analyze", folder)


@st.composite
def records(draw: st.DrawFn) -> str:
    """A line of a journal with some right and some odd values, of the sweep's own runs or of others."""
    record = {"event": draw(st.sampled_from(KINDS)), "run": "RUN", "time": 1e9, "epoch": 1, "epochs": 1, "error": 50.0}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=4)):
        record[name] = draw(st.one_of(scalars, values))
    for name in draw(st.lists(st.sampled_from(sorted(record)), max_size=2, unique=True)):
        del record[name]
    return json.dumps(record)


@fuzzed
@given(
    lines=st.lists(st.one_of(records(), values.map(json.dumps), st.text(max_size=9)), min_size=1, max_size=4),
    journal=st.sampled_from(["events", "jobs/submitted.jsonl", "jobs/ended.jsonl"]),
)
def test_any_line_of_a_journal_is_read_or_counted(sweep: Path, lines: list[str], journal: str) -> None:
    """Valid JSON of other types, and what is none."""
    folder, run = copied(sweep), Sweep(sweep).runs[0]
    path = next((folder / "events").glob("*.jsonl")) if journal == "events" else folder / journal
    with path.open("a", encoding="utf-8", errors="surrogatepass") as file:
        file.write("".join(line.replace('"RUN"', f'"{run}"') + "\n" for line in lines))
    asked(folder)


@fuzzed
@given(data=st.data(), name=st.sampled_from(["sweep.yaml", "networks.csv", "events"]))
def test_any_damage_of_a_file_is_one_line(sweep: Path, data: st.DataObject, name: str) -> None:
    """Other bytes in what a sweep is made of."""
    folder = copied(sweep)
    path = next((folder / "events").glob("*.jsonl")) if name == "events" else folder / name
    path.write_bytes(data.draw(damaged_text([path.read_text()])))
    asked(folder)
