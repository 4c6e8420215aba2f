"""Draws of a space that nobody trains: many networks of the distribution that a population of n networks comes from.

A population holds n *distinct* networks. In a small space this changes the distribution: frequent networks come first,
then the others. So free draws are independent samples of n distinct networks each, as many as asked for. In a large
space, this equals drawing networks independently.
"""

import numpy as np

from dsd.architecture.complexities import MEASURES, count_complexity
from dsd.architecture.networks import Networks
from dsd.architecture.rows import TRAINING, by_stage
from dsd.arrays import Columns
from dsd.design.sampling.proposals import BATCH, BLOCK, propose_serial
from dsd.design.sampling.sampler import codes_of
from dsd.design.space import Space
from dsd.design.window import Windows
from dsd.errors import DsdError

MOST_PROPOSALS = 2**22  # about a second


def free_draws(space: Space, windows: Windows, n: int, count: int, seed: int) -> Columns:
    """Draw samples of n distinct networks each, until they hold `count` networks (ours).

    Args:
        n: networks of each sample, as many as the population has
        count: networks to draw; fewer if `MOST_PROPOSALS` proposals do not suffice
        seed: random seed, other than the population's

    Returns:
        columns (count,): d1.., w1.., b1.., g1.., depth, flops, params, acts, and resolution, lr and weight_decay where
        the space draws them

    Raises:
        DsdError: no proposal fell inside the windows
    """
    found: list[Networks] = []
    drawn: list[Columns] = []
    seen: set[bytes] = set()
    held = proposals = 0
    source = propose_serial(space, windows, seed)
    try:
        batch = next(source)
        while True:
            kept: list[int] = []
            for row, code in enumerate(codes_of(batch.networks)):
                if code not in seen and held + len(kept) < count:
                    kept.append(row)
                    seen.add(code)
                    if len(seen) == n:
                        seen.clear()
            rows = np.array(kept, np.int64)
            found.append(batch.networks.select(rows))
            drawn.append({name: batch.drawn[name][rows] for name in batch.drawn if name in TRAINING})
            held, proposals = held + len(kept), proposals + batch.n
            if held == count or proposals >= MOST_PROPOSALS:
                break
            guess = round(1.1 * (count - held) / held * proposals) if held else proposals
            batch = source.send(min(BATCH, max(guess // BLOCK, 1) * BLOCK))
    finally:
        source.close()
    if not held:
        raise DsdError(f"space {space.info.name}: none of {proposals:,} proposals fell inside {windows}")
    networks = found[0].followed_by(found[1:])
    counted = count_complexity(networks)
    return {
        **{
            key: column
            for letter, values in zip("dwbg", networks.stages, strict=True)
            for key, column in by_stage(letter, values).items()
        },
        "depth": networks.depths.sum(axis=1),
        **{name: getattr(counted, name) for name in MEASURES},
        **({"resolution": networks.resolution} if "resolution" in space.parameters else {}),
        **{name: np.concatenate([columns[name] for columns in drawn]) for name in drawn[0]},
    }
