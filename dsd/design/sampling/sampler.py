"""Draw populations from a design space inside complexity windows.

A draw depends on (space, windows, seed) alone. Proposals come in blocks of fixed size, block k from its own generator,
and stay in order: a draw of 500 networks equals the first 500 of a draw of 1000, on any machine and with any number of
processes.
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
from dsd.design.file import as_space
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
    """Estimate how many proposals to draw next to get about `missing` new networks."""
    new = draw.in_window - draw.duplicates
    guess = round(1.1 * missing / new * draw.proposals) if new else draw.proposals
    return min(BATCH, max(math.ceil(guess / BLOCK), 1) * BLOCK)


def whole(batch: Batch, fresh: list[int]) -> Draw:
    """Return the counts of a batch; fresh: positions of its networks that are not duplicates."""
    return Draw(batch.n, batch.valid, len(batch.networks), len(batch.networks) - len(fresh))


def up_to(batch: Batch, fresh: list[int], taken: int) -> Draw:
    """Return the counts of a batch up to and including the last network taken."""
    last = fresh[taken - 1]
    return Draw(int(batch.tried[last]), int(batch.tried_valid[last]), last + 1, last + 1 - taken)


def codes_of(networks: Networks) -> list[bytes]:
    """Return one code per network; two networks are equal if their codes are."""
    # float32 distinguishes all values that occur (whole numbers to 2^24, ratios) and halves the memory
    columns = [*networks.stages, networks.resolution[:, None]]
    identity = np.concatenate(columns, axis=1, dtype=np.float32, casting="unsafe")
    codes: list[bytes] = np.ascontiguousarray(identity).view(f"V{4 * identity.shape[1]}")[:, 0].tolist()
    return codes


def new_rows(networks: Networks, seen: set[bytes]) -> list[int]:
    """Return the positions of the networks that are not in `seen`, in order, and add the networks to `seen`."""
    fresh = []
    for row, code in enumerate(codes_of(networks)):
        if code not in seen:
            seen.add(code)
            fresh.append(row)
    return fresh


def for_task(space: Space, resolution: int | None, classes: int | None) -> Space:
    """Return the space with this resolution and number of classes; None keeps its own."""
    info = space.info
    drawn = "resolution" in space.parameters
    if drawn and resolution is not None:
        raise DsdError(f"resolution = {resolution}: space {info.name} draws its resolution; omit the argument")
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

    A proposal that realises a network already drawn (after the width rule) counts as a duplicate and is dropped.

    Args:
        space: a Space, its name in `spaces/`, or a .yaml file
        n: number of networks
        flops, params, acts: windows, as a Window, (low, high), "LO:HI" or None for no limit; "default" takes the
            space's own
        seed: random seed; another seed gives another population
        resolution, classes: input resolution [pixels] and number of classes; None takes the space's own
        workers: number of processes, at most one per core; the population does not depend on it. More than one is
            faster from about 100,000 networks on; scripts then need `if __name__ == "__main__":` (multiprocessing)
        progress: called with the number of networks found and the draw so far, every few blocks

    Raises:
        DsdError: n < 1, or no new network among PATIENCE proposals; reports how many were tried and fell inside
    """
    space = as_space(space, "dsd.sample")
    check_numbers(space, n, seed, workers)
    space = for_task(space, resolution, classes)
    windows = space.info.limits.windows(flops, params, acts)
    check_reachable(space, windows)
    keep_pages()
    source = propose_serial(space, windows, seed) if workers == 1 else propose_parallel(workers, space, windows, seed)
    collector = Collector(space, windows, n)
    try:
        batch = next(source)
        while True:
            collector.add(batch)
            if progress:
                progress(collector.found, collector.draw)
            if collector.found == n:
                return collector.population(seed)
            collector.give_up_in_time(seed)
            batch = source.send(wanted(n - collector.found, collector.draw))
    finally:
        source.close()


def check_numbers(space: Space, n: int, seed: int, workers: int) -> None:
    """Reject numbers that are not whole, too small or too large."""
    for name, number, least in (("n", n, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise DsdError(f"{name} = {number}: give a whole number from {least}")
    if n > space.size:
        raise DsdError(f"n = {n}: {space.info.name} has only {space.size:,} settings")
    if n > MOST:
        raise DsdError(f"n = {n}: a draw has at most {MOST:,} networks")


def check_reachable(space: Space, windows: Windows) -> None:
    """Reject a window below the cost of the stem, which all networks of the space share."""
    info = space.info
    drawn = space.parameters.get("resolution")
    side = int(drawn.distribution.values.min()) if drawn else info.resolution
    stem = list(along(STEMS[info.skeleton.stem](info.skeleton.stem_channels), side))
    for measure in windows.closed:
        least, high = sum(MEASURES[measure](conv, at) for conv, at in stem), getattr(windows, measure).high
        if least > high:
            raise DsdError(
                f"space {info.name}: {measure} {getattr(windows, measure)}: the stem alone has {least:,} {measure} "
                f"at a resolution of {side}; give a higher window"
            )


MOST_FLOPS = 2.0**62
LOOKED_AT = 200  # networks drawn without a window, after no proposal fell inside


def usual(space: Space, windows: Windows, seed: int) -> str:
    """Describe the usual range of the limited measures in the space; "" if no network can be drawn."""
    try:
        population = sample(space, int(min(LOOKED_AT, space.size)), flops=None, params=None, acts=None, seed=seed)
    except DsdError:
        return ""
    ranges = []
    for measure in windows.closed:
        values = np.quantile(getattr(population.complexity, measure), (0.05, 0.95))
        low, high = (readable(measure, float(value)) for value in values)
        ranges.append(f"{measure} from {low} to {high}")
    return f"nine in ten networks of the space have {', '.join(ranges)}; " if ranges else ""


class Collector:
    """Collects n distinct networks from batches in order, with the counts of the draw so far."""

    def __init__(self, space: Space, windows: Windows, n: int) -> None:
        self.space, self.windows, self.n = space, windows, n
        self.draw, self.found = Draw(), 0
        self.last_success = 0  # proposals up to and including the last new network
        self.late = False  # whether a new network came only after more than PATIENCE proposals
        self.seen: set[bytes] = set()
        self.networks: list[Networks] = []
        self.drawn: list[Columns] = []

    def add(self, batch: Batch) -> None:
        """Add the new networks of a batch, up to n in total."""
        fresh = new_rows(batch.networks, self.seen)
        taken = np.array(fresh[: self.n - self.found], np.int64)
        success = self.draw.proposals + batch.tried[taken]
        late = np.flatnonzero(np.diff(success, prepend=self.last_success) > PATIENCE)
        if len(late):  # give up before it: the result must not depend on the batch size
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
                f"RegNet's line can form {info.skeleton.stages} stages, one for each stride"
            )
        seen = usual(self.space, self.windows, seed) if not draw.in_window else ""
        raise DsdError(
            f"space {info.name} gave {self.found} of {self.n} networks inside {self.windows} and no new one in "
            f"{PATIENCE:,} proposals; of {draw.proposals:,} proposals {draw.valid:,} were valid and "
            f"{draw.in_window:,} fell inside, {draw.duplicates:,} of them duplicates; {seen}widen the window or "
            "lower n"
        )

    def population(self, seed: int) -> Population:
        """Build the population of the collected networks."""
        networks = self.networks[0].followed_by(self.networks[1:])
        check_size(self.space, networks)
        drawn = {name: np.concatenate([columns[name] for columns in self.drawn]) for name in self.drawn[0]}
        return Population(self.space.info, networks, drawn, self.draw, self.windows, seed)


def check_size(space: Space, networks: Networks) -> None:
    """Reject networks whose flops exceed 64 bits."""
    if flops_bound(networks) <= MOST_FLOPS:
        return
    floats = replace(networks, **{name: getattr(networks, name).astype(float) for name in ARRAYS})
    flops = total(list(parts(floats)), "flops")
    if flops.max() > MOST_FLOPS:
        raise DsdError(
            f"space {space.info.name} has networks of {flops.max():.1e} flops; give windows below {MOST_FLOPS:.0e}"
        )
