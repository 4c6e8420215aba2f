"""What benchmarks share: timing calls, and printing a JSON line with a target."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

DSD = [sys.executable, "-m", "dsd"]


def timed(call: Callable[[], object], runs: int, warm_up: int) -> list[float]:
    """Seconds of each of `runs` calls, after a warm-up, in order of size."""
    seconds = []
    for _ in range(warm_up + runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[warm_up:])


def row(
    name: str, values: list[float], unit: str, target: float | None, at_least: bool = False, n: int | None = None
) -> bool:
    """Print a row with the median of its values, in order of size; whether it holds.

    The target is the most that the median may be, or the least. Without values the row was not measured. `n` is the
    number of measurements where the values summarise them.
    """
    value = round(median(values), 4) if values else None
    holds = None if target is None or value is None else value >= target if at_least else value <= target
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    facts = {"name": name, "value": value, "unit": unit, "target": target, "holds": holds, "n": n or len(values)}
    spread = {"min": round(values[0], 4), "max": round(values[-1], 4)} if values else {"note": "not measured"}
    print(json.dumps({**facts, **spread, "machine": machine}), flush=True)
    return holds is not False


def process(*words: str) -> Callable[[], object]:
    """A whole run of the command line."""
    return lambda: subprocess.run([*DSD, *words], check=True, capture_output=True)
