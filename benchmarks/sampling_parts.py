"""What each speed-up of sampling gains: CPU time with all of them, and with one of them switched off.

    python benchmarks/sampling_parts.py [--n 500 1000000] [--repeats 5]

Each measurement is a process of its own, for the C library keeps its thresholds; variants take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from dsd.design.file import load_space
from dsd.design.parameters.distributions import Distribution, Lookup
from dsd.design.sampling import sampler
from dsd.design.window import Window

SPACES = ("AnyNetX_C", "RegNetX")


def search_always() -> None:
    """A binary search instead of guide tables and equal steps."""
    Lookup.find = lambda self, u: np.searchsorted(self.edges[:-1], u, side="right")  # type: ignore[method-assign]


def search_unless_even() -> None:
    """A binary search instead of guide tables."""
    Lookup.MOST_STEPS = -1


def count_in_double() -> None:
    """All candidates are counted in double precision at once."""
    Window.near = lambda self, values: (np.arange(len(values)), False)  # type: ignore[method-assign]


def double_values() -> None:
    """Values are float64, whether or not float32 holds them."""
    Distribution.floats = property(lambda self: self.values.astype(np.float64))  # type: ignore[assignment]


def default_malloc() -> None:
    """The C library hands freed arrays back."""
    sampler.keep_pages = lambda: None


VARIANTS: dict[str, Callable[[], None]] = {
    "all": lambda: None,
    "no guide tables": search_unless_even,
    "no guide tables, no equal steps": search_always,
    "no single-precision filter": count_in_double,
    "no float32": double_values,
    "default malloc": default_malloc,
}


def measure(variant: str, name: str, n: int) -> float:
    """CPU seconds of one draw; of the median of 15 where it is short."""
    VARIANTS[variant]()
    space = load_space(name)
    sampler.sample(space, 100)
    times = []
    for seed in range(15 if n <= 10_000 else 1):
        start = time.process_time()
        sampler.sample(space, n, seed=seed)
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    """Print a table: milliseconds, and the ratio to "all" of the same turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", nargs="*", type=int, default=[500, 1_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", nargs=3)
    words = parser.parse_args()
    if words.one:
        print(measure(words.one[0], words.one[1], int(words.one[2])))
        return
    for n in words.n:
        for name in SPACES if n < 100_000 else SPACES[:1]:  # the window has no million of RegNetX
            found: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
            for _ in range(words.repeats):
                for variant in VARIANTS:
                    command = [sys.executable, __file__, "--one", variant, name, str(n)]
                    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
                    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
                    found[variant].append(float(out))
            print(f"\n{name}, n = {n:,}: CPU time [ms], and times that with all speed-ups (median, least, most)")
            for variant, times in found.items():
                ratios = [mine / base for mine, base in zip(times, found["all"], strict=True)]
                spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})"
                print(f"{variant:34}{1000 * statistics.median(times):10.1f}   {spread}", flush=True)


if __name__ == "__main__":
    main()
