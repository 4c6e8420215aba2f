"""How long statistics take, on one core: warm calls, and `dsd analyze` as a user starts it.

Usage: python benchmarks/analysis.py    one JSON line a row; exit code 1 where a row misses its target
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from rows import process, row, timed

import dsd
from dsd.analysis.linear_fit import fit_all
from dsd.analysis.parameters.bootstrap import exact_winners, resampled_winners
from dsd.design.sampling.population import write_populations

RUNS, WARM_UP = 15, 2
COLUMNS = 20
SPACES = ("AnyNetX_A", "AnyNetX_B", "AnyNetX_C", "AnyNetX_D", "AnyNetX_E")


def exact(errors: np.ndarray, x: np.ndarray) -> None:
    """The exact best range of every column."""
    winners = exact_winners(errors)
    for column in x:
        winners.range(column)


def resampled(errors: np.ndarray, x: np.ndarray) -> None:
    """The paper's, of 10⁴ resamples."""
    winners = resampled_winners(errors, rng=np.random.default_rng(0))
    for column in x:
        winners.range(column)


def populations(n: int) -> pd.DataFrame:
    """Five spaces of n networks, with errors that have to do with depth and chance."""
    rng = np.random.default_rng(0)
    frames = [dsd.sample(dsd.load_space(name), n).frame for name in SPACES]
    frame = pd.concat(frames, ignore_index=True)
    error = 40 + 5 * np.abs(np.log(frame["depth"] / 20)) + rng.normal(0, 3, len(frame))
    return frame.assign(error=error.clip(0, 100))


def with_provenance(n: int, table: Path) -> None:
    """The same in a file that records its spaces, so that untrained networks are drawn for adjusted means."""
    write_populations([dsd.sample(dsd.load_space(name), n) for name in SPACES], table)
    populations(n).to_csv(table, index=False)


def main() -> int:
    """All rows."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, for the processes that are started too
    rng, held = np.random.default_rng(0), []
    for n, target in ((500, 10.0), (100_000, 1000.0)):
        errors, x = rng.normal(40, 5, n), rng.random((COLUMNS, n))
        seconds = timed(partial(exact, errors, x), RUNS, WARM_UP)
        held.append(row(f"exact bootstrap of {COLUMNS} columns, n = {n}", [1e3 * s for s in seconds], "ms", target))
    errors, x = rng.normal(40, 5, 500), rng.random((COLUMNS, 500))
    seconds = timed(partial(resampled, errors, x), RUNS, WARM_UP)
    name = f"bootstrap of 10⁴ resamples of {COLUMNS} columns, n = 500"
    held.append(row(name, [1e3 * s for s in seconds], "ms", 50.0))
    networks = dsd.sample(dsd.load_space("AnyNetX_D"), 500)
    widths = [np.repeat(network.widths, network.depths) for network in networks]
    seconds = timed(partial(fit_all, widths), 7, 1)
    held.append(row("quantized linear fit of 500 networks of AnyNetX_D", seconds, "s", 3.0))
    with tempfile.TemporaryDirectory() as folder:
        table, page = Path(folder) / "five.csv", Path(folder) / "report.html"
        with_provenance(500, table)
        for name, words in (("", ()), (", --plain", ("--plain",))):
            seconds = timed(process("analyze", str(table), *words), RUNS, 1)
            held.append(row(f"dsd analyze of 5 × 500 rows{name}, process", seconds, "s", 2.0 if words else 2.5))
        command = process("report", str(table), "-o", str(page))
        held.append(row("dsd report of 5 × 500 rows, process", timed(command, 5, 1), "s", 10.0))
        held.append(row("its page", [page.stat().st_size / 1e6], "MB", 5.0))
        with_provenance(20_000, table)
        seconds = timed(process("analyze", str(table)), 5, 1)
        held.append(row("dsd analyze of 100,000 rows, process", seconds, "s", 8.0))
        held.append(row("dsd report of 100,000 rows, process", timed(command, 1, 0), "s", None))
        held.append(row("its page", [page.stat().st_size / 1e6], "MB", None))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
