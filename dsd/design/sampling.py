"""Populations drawn from a design space inside windows of complexity.

A draw is a function of (space, windows, seed) alone. Proposals come in blocks of fixed size, block k from its own
generator, and are kept in order: the first 500 of 1000 networks are the 500 of another call, on any machine, with
any number of processes.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dsd.design.batches import BATCH, LEAST, Batch, drawn_by, drawn_here, keep_pages
from dsd.design.complexity import complexity, parts, total
from dsd.design.network import ARRAYS, Networks, check_task
from dsd.design.population import Draw, Population
from dsd.design.space import Columns, Space
from dsd.design.window import DEFAULT, Limit
from dsd.errors import DsdError

PATIENCE = 10_000_000  # proposals in a row without a new network before giving up; a few seconds
MOST = 100_000_000
Progress = Callable[[int, Draw], None]


def wanted(missing: int, draw: Draw) -> int:
    """How many proposals to draw next so that about `missing` networks come of them."""
    new = draw.in_window - draw.duplicates
    guess = round(1.1 * missing / new * draw.proposals) if new else draw.proposals
    return min(BATCH, max(LEAST, guess))


def whole(batch: Batch, fresh: list[int]) -> Draw:
    """The counts of a batch; fresh: positions of its networks that are no duplicates."""
    return Draw(batch.n, batch.valid, len(batch.networks), len(batch.networks) - len(fresh))


def up_to(batch: Batch, fresh: list[int], taken: int) -> Draw:
    """The counts of a batch up to and with the network that was the last to be taken."""
    last = fresh[taken - 1]
    return Draw(int(batch.tried[last]), int(batch.tried_valid[last]), last + 1, last + 1 - taken)


def new_rows(networks: Networks, seen: set[bytes]) -> list[int]:
    """Positions of the networks that are not in `seen`, in order; they are added to it."""
    # float32 holds every value that occurs (whole numbers to 2^24, powers of two) and halves the memory
    columns = [*networks.stages, networks.resolution[:, None]]
    identity = np.concatenate(columns, axis=1, dtype=np.float32, casting="unsafe")
    fresh = []
    for row, code in enumerate(np.ascontiguousarray(identity).view(f"V{4 * identity.shape[1]}")[:, 0].tolist()):
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
        workers: processes, at most one a core; any number gives the same population. More than one pays from some
            100,000 networks on; a script that asks for them needs `if __name__ == "__main__":`, as always in Python
        progress: called with the networks found and the draw so far, every few blocks

    Raises:
        DsdError: n < 1, or no new network among PATIENCE proposals; says how many were tried and how many fell inside
    """
    for name, number in (("n", n), ("seed", seed), ("workers", workers)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise DsdError(f"{name} = {number}: give a whole number")
    if n < 1:
        raise DsdError(f"n = {n}: give a whole number of networks, from 1")
    if n > space.size:
        raise DsdError(f"n = {n}: {space.facts.name} has only {space.size:,} settings")
    if n > MOST:
        raise DsdError(f"n = {n}: a draw has at most {MOST:,} networks")
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
        batch = next(source)
        while True:
            fresh = new_rows(batch.networks, seen)
            taken = np.array(fresh[: n - found], np.int64)
            success = draw.proposals + batch.tried[taken]
            late = np.flatnonzero(np.diff(success, prepend=last_success) > PATIENCE)
            if len(late):  # given up before it: the same, however proposals are cut into batches
                taken = taken[: late[0]]
            found += len(taken)
            if len(taken):
                last_success = int(success[len(taken) - 1])
                kept.append((batch.networks.select(taken), {name: c[taken] for name, c in batch.drawn.items()}))
            draw += up_to(batch, fresh, len(taken)) if found == n else whole(batch, fresh)
            if progress:
                progress(found, draw)
            if found == n:
                break
            if len(late) or draw.proposals - last_success >= PATIENCE:
                if not draw.valid:
                    raise DsdError(
                        f"space {space.facts.name}: none of {draw.proposals:,} proposals was valid; check constraints, "
                        f"and that a RegNet's line can form {space.facts.family.stages} stages, as many as strides"
                    )
                raise DsdError(
                    f"space {space.facts.name} gave {found} of {n} networks inside {windows} and no new one in "
                    f"{PATIENCE:,} proposals; of {draw.proposals:,} proposals {draw.valid:,} were valid and "
                    f"{draw.in_window:,} fell inside, {draw.duplicates:,} of them duplicates; "
                    "widen the window or ask for fewer"
                )
            batch = source.send(wanted(n - found, draw))
    finally:
        source.close()
    networks = kept[0][0].followed_by([more for more, _ in kept[1:]])
    drawn = {name: np.concatenate([columns[name] for _, columns in kept]) for name in kept[0][1]}
    check_size(space, networks)
    return Population(space.facts, networks, drawn, complexity(networks), draw, windows, seed)


def check_size(space: Space, networks: Networks) -> None:
    """Refuse networks whose flops do not fit in 64 bits."""
    d, w, b, _ = networks.stages
    v = w.max() / min(1.0, float(b.min()))
    bound = (
        100.0 * d.sum(axis=1).max() * v**2 * float(networks.resolution.max()) ** 2
    )  # a block: 3×3 twice and three 1×1
    if bound + float(w.max()) * networks.classes > 2.0**62:
        flops = total(
            list(parts(replace(networks, **{n: getattr(networks, n).astype(float) for n in ARRAYS}))), "flops"
        )
        if flops.max() > 2.0**62:
            raise DsdError(
                f"space {space.facts.name} has networks of {flops.max():.1e} flops; give windows below {2**62:.0e}"
            )
