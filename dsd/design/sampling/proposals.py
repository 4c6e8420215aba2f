"""Batches of proposals, drawn by this process or by several; this is the expensive part of sampling.

Proposals come in blocks of fixed size; block k has its own generator. A batch is a range of consecutive
blocks. The split into batches and the process that draws them do not change the proposals.
"""

import os
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from itertools import count

import numpy as np

from dsd.architecture.complexities import parts, total
from dsd.architecture.networks import Networks
from dsd.arrays import Columns, Floats, Ints
from dsd.design.space import Space
from dsd.design.window import Windows
from dsd.processes import end_with_parent

BLOCK = 8192  # part of the contract: another size gives other populations
BATCH = 8 * BLOCK  # most proposals per batch; like the next one, not part of the contract
AHEAD = 4  # batches queued per process


class Uniforms:
    """The uniform numbers of the proposals in [start, stop), whole blocks, with the interface of one generator.

    Block k has its own generator, from SeedSequence(seed, spawn_key=(k,)).
    """

    def __init__(self, seed: int, start: int, stop: int) -> None:
        assert start % BLOCK == stop % BLOCK == 0
        keys = range(start // BLOCK, stop // BLOCK)
        self.rngs = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,))) for k in keys]

    def random(self, size: int | tuple[int, ...]) -> Floats:
        """Draw numbers in [0, 1); the first axis is the proposals."""
        numbers = np.empty(size)
        for rng, block in zip(self.rngs, numbers.reshape(len(self.rngs), BLOCK, *numbers.shape[1:]), strict=True):
            rng.random(out=block)
        return numbers


@dataclass(frozen=True)
class Batch:
    """Consecutive proposals, filtered by the windows.

    n: number of proposals
    valid: number of proposals that form a network
    networks: m networks inside the windows
    drawn: values drawn for these networks, columns (m,)
    tried, tried_valid: (m,) number of proposals, and of valid ones, up to and including each network
    """

    n: int
    valid: int
    networks: Networks
    drawn: Columns
    tried: Ints
    tried_valid: Ints


def proposals_in_window(space: Space, windows: Windows, seed: int, start: int, stop: int) -> Batch:
    """Draw the proposals in [start, stop) and keep those inside the windows."""
    n = stop - start
    proposals = space.propose(Uniforms(seed, start, stop), n)
    networks, rows = proposals.networks, proposals.rows
    closed = windows.closed
    if "flops" in closed:  # most are outside: dropping these first, in single precision, halves the time for AnyNetX_C
        near, certain = windows.flops.near(total(list(parts(networks)), "flops"))
        networks, rows = networks.select(near), rows.take(near)
        closed = closed[1:] if certain else closed
    networks = networks.whole(space.ratio_type)
    for name in closed:
        inside = np.flatnonzero(getattr(windows, name).mask(total(list(parts(networks)), name)))
        networks, rows = networks.select(inside), rows.take(inside)
    tried_valid = np.searchsorted(proposals.rows, rows, side="right")
    return Batch(n, len(proposals.rows), networks, space.drawn(proposals.settings, rows), rows + 1, tried_valid)


def propose_serial(space: Space, windows: Windows, seed: int) -> Generator[Batch, int, None]:
    """Yield batches in order without end, drawn by this process; `send` sets the size of the next, in whole blocks."""
    start, asked = 0, BLOCK
    while True:
        stop = start + asked
        asked = yield proposals_in_window(space, windows, seed, start, stop)
        start = stop


def propose_parallel(workers: int, space: Space, windows: Windows, seed: int) -> Generator[Batch, int, None]:
    """Yield batches in order without end, drawn by several processes, at most one per core; `send` has no effect."""
    from concurrent.futures import Future, ProcessPoolExecutor  # imported here: most draws do not need it
    from multiprocessing import get_context

    # spawned, not forked: the caller can hold threads and locks
    workers = min(workers, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        waiting: deque[Future[Batch]] = deque()
        try:
            for start in count(0, BATCH):
                waiting.append(pool.submit(proposals_in_window, space, windows, seed, start, start + BATCH))
                if len(waiting) == AHEAD * workers:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def keep_pages() -> None:
    """Make the C library keep freed memory for the next array instead of returning it to the system.

    glibc raises its thresholds to the size of a freed block, here 16 MB. Otherwise the arrays of each batch cause new
    page faults: AnyNetX_C takes 1.4 times as long for 500 networks, 1.15 times for a million.
    """
    np.empty(2**21)
