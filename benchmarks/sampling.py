"""How long drawing takes: whole processes, as a user starts them, and warm calls.

Usage: python benchmarks/sampling.py        one JSON line a row; exit code 1 where a row misses its target
"""

import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from rows import process, row, timed

from dsd import load_space, sample

RUNS, WARM_UP = 25, 3
WARM_MS = {"AnyNetX_A": 8, "AnyNetX_B": 8, "AnyNetX_C": 8, "AnyNetX_D": 8, "AnyNetX_E": 15, "RegNetX": 25}
MILLION_RUNS = 3


def main() -> int:
    """All rows."""
    held = []
    for name, target in WARM_MS.items():
        space = load_space(name)
        seconds = timed(partial(sample, space, 500), RUNS, WARM_UP)
        held.append(row(f"500 networks of {name} in 360-400 MF, warm", [1e3 * s for s in seconds], "ms", target))
    with tempfile.TemporaryDirectory() as folder:
        for n, file, target, runs in ((500, "c.csv", 0.5, RUNS), (1_000_000, "c.parquet", 30.0, MILLION_RUNS)):
            command = ("sample", "--space", "AnyNetX_C", "-n", str(n), "-o", str(Path(folder) / file))
            seconds = timed(process(*command), runs, min(WARM_UP, runs // 3))
            held.append(row(f"dsd sample --space AnyNetX_C -n {n} -o {file}, process", seconds, "s", target))
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6  # Linux counts kB; the largest child's
    held.append(row("peak memory of 1,000,000 networks to .parquet", [peak_gb], "GB", 1.5))
    held.append(row("dsd --help, process", timed(process("--help"), RUNS, WARM_UP), "s", 0.25))
    bare = partial(subprocess.run, [sys.executable, "-c", "import dsd"], check=True)
    held.append(row("import dsd, process", timed(bare, RUNS, WARM_UP), "s", 0.15))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
