"""Populations drawn from a design space inside windows of complexity.

A draw is a function of (space, windows, seed) alone. Proposals come in blocks of fixed size, block k from its own
generator, and are kept in order: the first 500 of 1000 networks are the 500 of another call, on any machine.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dsd.design.complexity import complexity
from dsd.design.network import Networks, check_task
from dsd.design.population import Draw, Population, joined
from dsd.design.space import Space
from dsd.design.window import Window, Windows, as_window
from dsd.errors import DsdError

BLOCK = 8192  # part of the contract: another size is another population
PATIENCE = 2_000_000  # proposals in a row without a new network before giving up; about 2 s
MOST = 100_000_000
Limit = Window | str | tuple[float, float] | None


def blocks(space: Space, windows: Windows, seed: int) -> Iterator[Population]:
    """Endless blocks of proposals, each cut to the windows; block k comes from SeedSequence(seed, spawn_key=(k,))."""
    k = 0
    while True:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        proposals = space.propose(rng, BLOCK)
        costs = complexity(proposals.networks)
        inside = np.flatnonzero(windows.mask(costs))
        draw = Draw(proposals=proposals.n, valid=len(proposals.networks), in_window=len(inside))
        block = Population(space.facts.name, proposals.networks, proposals.drawn, costs, draw, windows, seed)
        yield block.select(inside)
        k += 1


def new_rows(networks: Networks, seen: set[bytes]) -> list[int]:
    """Positions of the networks that are not in `seen`, in order; they are added to it."""
    fresh = []
    identity = np.column_stack([networks.table(), networks.resolution])
    for row, content in enumerate(np.ascontiguousarray(identity)):
        code = content.tobytes()
        if code not in seen:
            seen.add(code)
            fresh.append(row)
    return fresh


def sample(
    space: Space,
    n: int,
    *,
    flops: Limit = "default",
    params: Limit = None,
    acts: Limit = None,
    seed: int = 0,
    resolution: int | None = None,
    classes: int | None = None,
) -> Population:
    """Draw n distinct networks of a space inside the windows.

    A proposal that realises a network already drawn (after the width rule) is counted as a duplicate and left out.

    Args:
        space: from `load_space`
        n: how many networks
        flops, params, acts: windows, as a Window, (low, high), "LO:HI" or None for no limit; "default" is the
            space's own window of flops
        seed: another seed, another population
        resolution, classes: of input [pixels] and head, where they differ from the space's

    Raises:
        DsdError: n < 1, or no new network among PATIENCE proposals; says how many were tried and how many fell inside
    """
    if n < 1:
        raise DsdError(f"n = {n}: give a whole number of networks, from 1")
    if n > min(space.size, MOST):
        raise DsdError(f"n = {n}: {space.facts.name} has {space.size:,} settings, and a draw at most {MOST:,} networks")
    if seed < 0:
        raise DsdError(f"seed = {seed}: give a whole number, from 0")
    facts = space.facts
    facts = replace(
        facts,
        resolution=facts.resolution if resolution is None else resolution,
        classes=facts.classes if classes is None else classes,
    )
    check_task(facts.resolution, facts.classes)
    space = replace(space, facts=facts)
    flops = facts.flops if flops == "default" else flops
    windows = Windows(as_window(flops, "flops"), as_window(params, "params"), as_window(acts, "acts"))
    kept: list[Population] = []
    total = Draw()
    found, last_success = 0, 0
    seen: set[bytes] = set()
    for block in blocks(space, windows, seed):
        fresh = new_rows(block.networks, seen)
        total = total + replace(block.draw, duplicates=len(block) - len(fresh))
        if fresh:
            last_success = total.proposals
            kept.append(block.select(np.array(fresh[: n - found])))
            found += len(kept[-1])
        if found == n:
            return joined(kept, total)
        if total.proposals - last_success >= PATIENCE:
            raise DsdError(
                f"space {facts.name} gave {found} of {n} networks inside {windows} and no new one in {PATIENCE:,} "
                f"proposals; of {total.proposals:,} proposals {total.in_window:,} fell inside, "
                f"{total.duplicates:,} of them duplicates; widen the window or ask for fewer"
            )
    raise AssertionError("blocks() is endless")
