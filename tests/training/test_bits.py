"""The same bits on another machine: stored runs are repeated with the vector instructions of their CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

DEMO = Path(__file__).parents[2] / "results" / "demo" / "table.csv"
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
CPU = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""


@pytest.mark.skipif("AuthenticAMD" not in CPU or "avx2" not in CPU, reason="no CPU of AMD with AVX2")
@pytest.mark.parametrize("space", ["AnyNetX_A_cifar", "AnyNetX_E_cifar", "RegNetX_cifar"])
def test_a_stored_run_is_repeated_to_the_bit(space: str, tmp_path: Path) -> None:
    """The first network of each space of the demo, trained here by the commands that docs/training.md shows."""
    frame = pd.read_csv(DEMO)
    row = frame[frame["space"] == space].iloc[0]
    words = [sys.executable, "-m", "dsd", "train", f"{DEMO}:{row.key}", "data=digits", "recipe=digits", "--json"]
    done = subprocess.run(words, cwd=tmp_path, env={**os.environ, **AVX2}, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["run"] == row.run
    assert told["device"].endswith("(AVX2)")
    assert (told["error"], told["best_error"], told["loss"]) == (row.error, row.best_error, row.loss)
