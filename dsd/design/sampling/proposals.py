"""Batches of proposals, drawn by this process or by several: the part of sampling that takes the time.

Proposals come in blocks of fixed size, block k from its own generator. A batch is a run of whole blocks: how many it
has, and which process draws them, changes nothing in them.
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

BLOCK = 8192  # part of the contract: another size is another population
BATCH = 8 * BLOCK  # most proposals of a batch; no part of the contract, nor is what follows
AHEAD = 4  # batches that wait for each process


class Uniforms:
    """The uniform numbers of the proposals from `start` to before `stop`, which are whole blocks.

    Block k has a generator of its own, from SeedSequence(seed, spawn_key=(k,)).
    """

    def __init__(self, seed: int, start: int, stop: int) -> None:
        assert start % BLOCK == stop % BLOCK == 0
        keys = range(start // BLOCK, stop // BLOCK)
        self.rngs = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,))) for k in keys]

    def random(self, size: int | tuple[int, ...]) -> Floats:
        """Numbers in [0, 1); the first axis goes through the proposals."""
        numbers = np.empty(size)
        for rng, block in zip(self.rngs, numbers.reshape(len(self.rngs), BLOCK, *numbers.shape[1:]), strict=True):
            rng.random(out=block)
        return numbers


@dataclass(frozen=True)
class Batch:
    """A run of proposals, cut to the windows.

    n: how many proposals
    valid: how many of them form a network
    networks: m networks that lie in the windows
    drawn: what was drawn for them, columns (m,)
    tried, tried_valid: (m,) how many proposals, and valid ones, the batch has up to and with each of these
    """

    n: int
    valid: int
    networks: Networks
    drawn: Columns
    tried: Ints
    tried_valid: Ints


def proposals_in_window(space: Space, windows: Windows, seed: int, start: int, stop: int) -> Batch:
    """The proposals from `start` to before `stop` that lie in the windows."""
    n = stop - start
    proposals = space.propose(Uniforms(seed, start, stop), n)
    networks, rows = proposals.networks, proposals.rows
    closed = windows.closed
    if "flops" in closed:  # most fall outside. Dropping those first in single precision halves the time of a draw
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
    """Endless batches in order, drawn by this process; `send` it how many proposals the next one has, whole blocks."""
    start, asked = 0, BLOCK
    while True:
        stop = start + asked
        asked = yield proposals_in_window(space, windows, seed, start, stop)
        start = stop


def propose_parallel(workers: int, space: Space, windows: Windows, seed: int) -> Generator[Batch, int, None]:
    """The same, drawn by so many processes, at most one a core; always whole batches, whatever is sent."""
    from concurrent.futures import Future, ProcessPoolExecutor  # here: most draws need none of it
    from multiprocessing import get_context

    # spawned, not forked: the caller may hold threads and locks
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
    """Have the C library keep freed memory for the next array instead of handing it back to the system.

    glibc raises its thresholds to the size of a freed block, here 16 MB. Without it the arrays of a batch are paged in
    anew each time: AnyNetX_C takes 1.4 times as long for 500 networks, 1.15 times for a million.
    """
    np.empty(2**21)
