"""How long drawing takes: whole processes, as a user starts them, and warm calls.

Usage: python benchmarks/sampling.py        one JSON line a row; exit code 1 where a row misses its target
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from dsd import load_space, sample

RUNS, WARM_UP = 9, 2
DSD = [sys.executable, "-m", "dsd"]


def timed(call: Callable[[], object]) -> list[float]:
    """Seconds of each of RUNS calls, after a warm-up."""
    seconds = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[WARM_UP:])


def row(name: str, seconds: list[float], target: float | None) -> bool:
    """Print a row; whether it holds."""
    value = median(seconds)
    holds = None if target is None else value <= target
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    facts = {"name": name, "value": round(value, 4), "unit": "s", "target": target, "holds": holds, "n": RUNS}
    print(json.dumps({**facts, "min": round(seconds[0], 4), "max": round(seconds[-1], 4), "machine": machine}))
    return holds is not False


def process(*words: str) -> Callable[[], object]:
    """A whole run of the command line."""
    return lambda: subprocess.run([*DSD, *words], check=True, capture_output=True)


def main() -> int:
    """All rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "c.csv")
        command = ("sample", "--space", "AnyNetX_C", "-n", "500", "-o", path)
        held = [row("dsd " + " ".join(command[:-1]) + " c.csv", timed(process(*command)), 1.0)]
    held.append(row("dsd --help", timed(process("--help")), None))
    for name in ("AnyNetX_A", "AnyNetX_B", "AnyNetX_C", "AnyNetX_D", "AnyNetX_E", "RegNetX"):
        space = load_space(name)
        held.append(row(f"500 networks of {name} in 360-400 MF, warm", timed(partial(sample, space, 500)), None))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
