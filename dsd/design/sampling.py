"""Populations drawn from a design space inside windows of complexity.

A draw is a function of (space, windows, seed) alone. Proposals come in blocks of fixed size, block k from its own
generator, and are kept in order: the first 500 of 1000 networks are the 500 of another call, on any machine, with
any number of processes.
"""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import get_context

import numpy as np

from dsd.design.axes import Floats, Ints
from dsd.design.complexity import complexity, parts, total
from dsd.design.network import Networks, check_task
from dsd.design.population import Draw, Population
from dsd.design.space import Columns, Space
from dsd.design.window import DEFAULT, Limit, Windows
from dsd.errors import DsdError

BLOCK = 8192  # part of the contract: another size is another population
PATIENCE = 10_000_000  # proposals in a row without a new network before giving up; a few seconds
MOST = 100_000_000
BATCH = 8  # blocks that are worked through together; no part of the contract
AHEAD = 4  # batches that wait for each process
Progress = Callable[[int, Draw], None]


class Blocks:
    """The uniform numbers of several blocks as if from one generator; block k's from SeedSequence(seed, (k,))."""

    def __init__(self, seed: int, first: int, count: int) -> None:
        keys = range(first, first + count)
        self.rngs = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,))) for k in keys]

    def random(self, size: int | tuple[int, ...]) -> Floats:
        """Uniform numbers in [0, 1); the first axis goes through the blocks."""
        drawn = np.empty(size)
        for i, rng in enumerate(self.rngs):
            rng.random(out=drawn[i * BLOCK : (i + 1) * BLOCK])
        return drawn


@dataclass(frozen=True)
class Batch:
    """Some blocks of proposals, cut to the windows.

    networks: m networks
    drawn: what was drawn for them
    block: (m,) which of the blocks each is from
    valid: for each block, how many proposals were valid
    """

    networks: Networks
    drawn: Columns
    block: Ints
    valid: Ints

    def draw(self, fresh: Ints, end: int) -> Draw:
        """The counts of blocks before `end`; fresh: positions of the networks that are no duplicates."""
        inside = int((self.block < end).sum())
        new = int((self.block[fresh] < end).sum())
        return Draw(end * BLOCK, int(self.valid[:end].sum()), inside, inside - new)


def batch(space: Space, windows: Windows, seed: int, first: int, count: int) -> Batch:
    """The proposals of `count` blocks from block `first` that lie in the windows."""
    proposals = space.propose(Blocks(seed, first, count), count * BLOCK)
    networks, rows = proposals.networks, proposals.rows
    valid = np.bincount(rows // BLOCK, minlength=count)
    for name in windows.closed:
        # in float64 these sums of whole numbers are exact up to 2^53
        inside = np.flatnonzero(getattr(windows, name).mask(total(list(parts(networks)), name)))
        networks, rows = networks.select(inside), rows.take(inside)
    drawn = space.drawn({name: values[rows] for name, values in proposals.settings.items()})
    return Batch(networks.whole(space.ratio_type), drawn, rows // BLOCK, valid)


def wanted(missing: int, draw: Draw) -> int:
    """How many blocks to draw next so that about `missing` networks come of them, at most BATCH."""
    so_far, new = draw.proposals // BLOCK, draw.in_window - draw.duplicates
    return min(BATCH, max(1, round(1.1 * missing / new * so_far) if new else so_far))


def drawn_here(space: Space, windows: Windows, seed: int) -> Generator[Batch, int, None]:
    """Endless batches in order, drawn by this process; `send` it how many blocks the next one shall have."""
    first, count = 0, 1
    while True:
        asked = yield batch(space, windows, seed, first, count)
        first, count = first + count, asked


def drawn_by(workers: int, space: Space, windows: Windows, seed: int) -> Generator[Batch, int, None]:
    """The same, drawn by so many processes beside this one, always BATCH blocks."""
    # spawned, not forked: the caller may hold threads and locks
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Batch]] = deque()
        try:
            for first in count(0, BATCH):
                waiting.append(pool.submit(batch, space, windows, seed, first, BATCH))
                if len(waiting) == AHEAD * workers:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def keep_pages() -> None:
    """Have the C library keep freed memory for the next array instead of handing it back to the system.

    glibc raises its thresholds to the size of a freed block, here 16 MB. Without it the arrays of a batch are paged in
    anew each time, which doubles the time of a draw.
    """
    np.empty(2**21)


def new_rows(networks: Networks, seen: set[bytes]) -> list[int]:
    """Positions of the networks that are not in `seen`, in order; they are added to it."""
    # float32 holds every value that occurs (whole numbers to 2^24, powers of two) and halves the memory
    identity = np.ascontiguousarray(np.column_stack([*networks.stages, networks.resolution]), np.float32)
    fresh = []
    for row, code in enumerate(identity.view(f"V{identity.itemsize * identity.shape[1]}").ravel().tolist()):
        if code not in seen:
            seen.add(code)
            fresh.append(row)
    return fresh


def for_task(space: Space, resolution: int | None, classes: int | None) -> Space:
    """The space for another resolution or number of classes, where they are given."""
    facts = space.facts
    drawn = "resolution" in space.parameters
    if drawn and resolution is not None:
        raise DsdError(f"resolution = {resolution}: space {facts.name} draws its resolution; leave it out")
    resolution = facts.resolution if resolution is None else resolution
    classes = facts.classes if classes is None else classes
    check_task(1 if drawn else resolution, classes)
    return replace(space, facts=replace(facts, resolution=resolution, classes=classes))


def sample(
    space: Space,
    n: int,
    *,
    flops: Limit = DEFAULT,
    params: Limit = DEFAULT,
    acts: Limit = DEFAULT,
    seed: int = 0,
    resolution: int | None = None,
    classes: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Population:
    """Draw n distinct networks of a space inside the windows.

    A proposal that realises a network already drawn (after the width rule) is counted as a duplicate and left out.

    Args:
        space: from `load_space`
        n: how many networks
        flops, params, acts: windows, as a Window, (low, high), "LO:HI" or None for no limit; "default" is the
            space's own
        seed: another seed, another population
        resolution, classes: of input [pixels] and head, where they differ from the space's
        workers: processes; any number gives the same population. More than one pays from some 100,000 networks on;
            a script that asks for them needs `if __name__ == "__main__":`, as with all of Python's multiprocessing
        progress: called with the networks found and the draw so far, every few blocks

    Raises:
        DsdError: n < 1, or no new network among PATIENCE proposals; says how many were tried and how many fell inside
    """
    if n < 1:
        raise DsdError(f"n = {n}: give a whole number of networks, from 1")
    if n > min(space.size, MOST):
        raise DsdError(f"n = {n}: {space.facts.name} has {space.size:,} settings, and a draw at most {MOST:,} networks")
    for name, number, least in (("seed", seed, 0), ("workers", workers, 1)):
        if number < least:
            raise DsdError(f"{name} = {number}: give a whole number, from {least}")
    space = for_task(space, resolution, classes)
    windows = space.facts.limits.windows(flops, params, acts)
    keep_pages()
    source = drawn_here(space, windows, seed) if workers == 1 else drawn_by(workers, space, windows, seed)
    kept: list[tuple[Networks, Columns]] = []
    draw, found, last_success = Draw(), 0, 0
    seen: set[bytes] = set()
    try:
        part = next(source)
        while True:
            fresh = np.array(new_rows(part.networks, seen), np.int64)
            taken = fresh[: n - found]
            found += len(taken)
            draw += part.draw(fresh, end=int(part.block[taken[-1]]) + 1 if found == n else len(part.valid))
            if len(taken):
                last_success = draw.proposals
                kept.append((part.networks.select(taken), {name: c[taken] for name, c in part.drawn.items()}))
            if progress:
                progress(found, draw)
            if found == n:
                break
            if draw.proposals - last_success >= PATIENCE:
                raise DsdError(
                    f"space {space.facts.name} gave {found} of {n} networks inside {windows} and no new one in "
                    f"{PATIENCE:,} proposals; of {draw.proposals:,} proposals {draw.valid:,} were valid and "
                    f"{draw.in_window:,} fell inside, {draw.duplicates:,} of them duplicates; "
                    "widen the window or ask for fewer"
                )
            part = source.send(wanted(n - found, draw))
    finally:
        source.close()
    networks = kept[0][0].followed_by([more for more, _ in kept[1:]])
    drawn = {name: np.concatenate([columns[name] for _, columns in kept]) for name in kept[0][1]}
    return Population(space.facts, networks, drawn, complexity(networks), draw, windows, seed)
