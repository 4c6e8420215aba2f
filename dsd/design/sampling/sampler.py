"""Populations drawn from a design space inside windows of complexity.

A draw is a function of (space, windows, seed) alone. Proposals come in blocks of fixed size, block k from its own
generator, and are kept in order: the first 500 of 1000 networks are the 500 of another call, on any machine, with
any number of processes.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from dsd.architecture.complexities import MEASURES, along, flops_bound, parts, total
from dsd.architecture.networks import ARRAYS, Networks
from dsd.architecture.skeleton import check_task
from dsd.architecture.stems import STEMS
from dsd.architecture.units import readable
from dsd.arrays import Columns
from dsd.design.file import load_space
from dsd.design.sampling.population import Draw, Population
from dsd.design.sampling.proposals import (
    BATCH,
    BLOCK,
    Batch,
    keep_pages,
    propose_parallel,
    propose_serial,
)
from dsd.design.space import Space
from dsd.design.window import DEFAULT, Limit, Windows
from dsd.errors import DsdError

PATIENCE = 10_000_000  # proposals in a row without a new network before giving up; a few seconds
MOST = 100_000_000
Progress = Callable[[int, Draw], None]


def wanted(missing: int, draw: Draw) -> int:
    """How many proposals to draw next so that about `missing` networks come of them."""
    new = draw.in_window - draw.duplicates
    guess = round(1.1 * missing / new * draw.proposals) if new else draw.proposals
    return min(BATCH, max(math.ceil(guess / BLOCK), 1) * BLOCK)


def whole(batch: Batch, fresh: list[int]) -> Draw:
    """The counts of a batch; fresh: positions of its networks that are no duplicates."""
    return Draw(batch.n, batch.valid, len(batch.networks), len(batch.networks) - len(fresh))


def up_to(batch: Batch, fresh: list[int], taken: int) -> Draw:
    """The counts of a batch up to and with the network that was the last to be taken."""
    last = fresh[taken - 1]
    return Draw(int(batch.tried[last]), int(batch.tried_valid[last]), last + 1, last + 1 - taken)


def new_rows(networks: Networks, seen: set[bytes]) -> list[int]:
    """Positions of the networks that are not in `seen`, in order; they are added to it."""
    # float32 tells apart all values that occur (whole numbers to 2^24, ratios) and halves the memory
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
    info = space.info
    drawn = "resolution" in space.parameters
    if drawn and resolution is not None:
        raise DsdError(f"resolution = {resolution}: space {info.name} draws its resolution; leave it out")
    resolution = info.resolution if resolution is None else resolution
    classes = info.classes if classes is None else classes
    check_task(1 if drawn else resolution, classes)
    if not drawn:
        try:
            info.skeleton.check_resolution(resolution)
        except DsdError as error:
            raise DsdError(f"space {info.name}: {error}") from error
    return replace(space, info=replace(info, resolution=resolution, classes=classes))


def sample(
    space: Space | str | Path,
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
        space: a Space, or its name in `spaces/` or a .yaml file
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
    space = as_space(space)
    check_numbers(space, n, seed, workers)
    space = for_task(space, resolution, classes)
    windows = space.info.limits.windows(flops, params, acts)
    check_reachable(space, windows)
    keep_pages()
    source = propose_serial(space, windows, seed) if workers == 1 else propose_parallel(workers, space, windows, seed)
    gathered = Collector(space, windows, n)
    try:
        batch = next(source)
        while True:
            gathered.add(batch)
            if progress:
                progress(gathered.found, gathered.draw)
            if gathered.found == n:
                return gathered.population(seed)
            gathered.give_up_in_time(seed)
            batch = source.send(wanted(n - gathered.found, gathered.draw))
    finally:
        source.close()


def as_space(given: Space | str | Path) -> Space:
    """A space, or that of a name or file."""
    if isinstance(given, str | Path):
        return load_space(given)
    if not isinstance(given, Space):
        raise DsdError(
            f"dsd.sample takes a Space, or a name such as 'AnyNetX_C' or a .yaml file, not {type(given).__name__}; "
            "dsd.load_space(name) gives a Space"
        )
    return given


def check_numbers(space: Space, n: int, seed: int, workers: int) -> None:
    """Refuse numbers that are not whole, too small or too large."""
    for name, number, least in (("n", n, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise DsdError(f"{name} = {number}: give a whole number, from {least}")
    if n > space.size:
        raise DsdError(f"n = {n}: {space.info.name} has only {space.size:,} settings")
    if n > MOST:
        raise DsdError(f"n = {n}: a draw has at most {MOST:,} networks")


def check_reachable(space: Space, windows: Windows) -> None:
    """Refuse a window below what the stem of every network of the space costs."""
    info = space.info
    drawn = space.parameters.get("resolution")
    side = int(drawn.distribution.values.min()) if drawn else info.resolution
    stem = list(along(STEMS[info.skeleton.stem](info.skeleton.stem_channels), side))
    for measure in windows.closed:
        least, high = sum(MEASURES[measure](conv, at) for conv, at in stem), getattr(windows, measure).high
        if least > high:
            raise DsdError(
                f"space {info.name}: {measure} {getattr(windows, measure)}: the stem alone has {least:,} {measure} "
                f"at a resolution of {side}; give a window above"
            )


MOST_FLOPS = 2.0**62
LOOKED_AT = 200  # networks without a window, where nothing fell into it


def usual(space: Space, windows: Windows, seed: int) -> str:
    """What networks of the space have of the measures that are limited, in words; "" where none can be drawn."""
    try:
        found = sample(space, int(min(LOOKED_AT, space.size)), flops=None, params=None, acts=None, seed=seed)
    except DsdError:
        return ""
    told = []
    for measure in windows.closed:
        values = np.quantile(getattr(found.complexity, measure), (0.05, 0.95))
        low, high = (readable(measure, float(value)) for value in values)
        told.append(f"{measure} from {low} to {high}")
    return f"nine in ten networks of the space have {', '.join(told)}; " if told else ""


class Collector:
    """Distinct networks of batches that come in order, until there are n, and the counts of the draw so far."""

    def __init__(self, space: Space, windows: Windows, n: int) -> None:
        self.space, self.windows, self.n = space, windows, n
        self.draw, self.found = Draw(), 0
        self.last_success = 0  # proposals up to and with the last network that was new
        self.late = False  # whether a new one came after more than PATIENCE proposals without
        self.seen: set[bytes] = set()
        self.networks: list[Networks] = []
        self.drawn: list[Columns] = []

    def add(self, batch: Batch) -> None:
        """Take what is new in a batch, up to n networks."""
        fresh = new_rows(batch.networks, self.seen)
        taken = np.array(fresh[: self.n - self.found], np.int64)
        success = self.draw.proposals + batch.tried[taken]
        late = np.flatnonzero(np.diff(success, prepend=self.last_success) > PATIENCE)
        if len(late):  # given up before it: the same, however proposals are cut into batches
            taken, self.late = taken[: late[0]], True
        if len(taken):
            self.last_success = int(success[len(taken) - 1])
            self.networks.append(batch.networks.select(taken))
            self.drawn.append({name: column[taken] for name, column in batch.drawn.items()})
        self.found += len(taken)
        self.draw += up_to(batch, fresh, len(taken)) if self.found == self.n else whole(batch, fresh)

    def give_up_in_time(self, seed: int) -> None:
        """Raise an error after PATIENCE proposals in a row without a new network."""
        draw, info = self.draw, self.space.info
        if not self.late and draw.proposals - self.last_success < PATIENCE:
            return
        if not draw.valid:
            raise DsdError(
                f"space {info.name}: none of {draw.proposals:,} proposals was valid; check constraints, and that a "
                f"RegNet's line can form {info.skeleton.stages} stages, as many as strides"
            )
        seen = usual(self.space, self.windows, seed) if not draw.in_window else ""
        raise DsdError(
            f"space {info.name} gave {self.found} of {self.n} networks inside {self.windows} and no new one in "
            f"{PATIENCE:,} proposals; of {draw.proposals:,} proposals {draw.valid:,} were valid and "
            f"{draw.in_window:,} fell inside, {draw.duplicates:,} of them duplicates; {seen}widen the window or ask "
            "for fewer"
        )

    def population(self, seed: int) -> Population:
        """The networks that were found."""
        networks = self.networks[0].followed_by(self.networks[1:])
        check_size(self.space, networks)
        drawn = {name: np.concatenate([columns[name] for columns in self.drawn]) for name in self.drawn[0]}
        return Population(self.space.info, networks, drawn, self.draw, self.windows, seed)


def check_size(space: Space, networks: Networks) -> None:
    """Refuse networks whose flops do not fit in 64 bits."""
    if flops_bound(networks) <= MOST_FLOPS:
        return
    floats = replace(networks, **{name: getattr(networks, name).astype(float) for name in ARRAYS})
    flops = total(list(parts(floats)), "flops")
    if flops.max() > MOST_FLOPS:
        raise DsdError(
            f"space {space.info.name} has networks of {flops.max():.1e} flops; give windows below {MOST_FLOPS:.0e}"
        )
