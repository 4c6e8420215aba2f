"""How long counting and building take: warm calls on one core.

Usage: python benchmarks/complexity.py      one JSON line a row; exit code 1 where a row misses its target
"""

import os
import sys
from functools import partial

import torch
from rows import process, row, timed

from dsd import build, complexity, load_space, network, sample

N, DRAWN = 1_000_000, 50_000  # the draw is repeated: a count takes as long for equal networks as for others
RUNS, WARM_UP = 15, 3


def main() -> int:
    """All rows."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    held = []
    for name, target in (("AnyNetX_A", 1.0), ("RegNetY", None)):
        drawn = sample(load_space(name), DRAWN, flops=None).networks
        million = drawn.followed_by([drawn] * (N // DRAWN - 1))
        seconds = timed(partial(complexity, million), RUNS, WARM_UP)
        held.append(row(f"flops, params and acts of {N:,} networks of {name}, one core", seconds, "s", target))
    seconds = timed(partial(build, network("RegNetX-400MF")), RUNS * 2, WARM_UP)
    held.append(row("build RegNetX-400MF, one core", [1e3 * s for s in seconds], "ms", 60))
    seconds = timed(process("complexity", "--all"), RUNS, WARM_UP)
    held.append(row("dsd complexity --all, process", seconds, "s", None))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
