"""Count the distinct networks of a space: the width rule and Eq. 2–4 can realise several settings as one network.

Let m(θ) be the number of settings realised as the network of setting θ. The number of networks is Σ_θ 1/m(θ) over the
settings that form one: the number of settings times the mean of 1/m over settings drawn uniformly (ours).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsd.architecture.networks import Networks
from dsd.architecture.rows import TRAINING
from dsd.design.file import as_space
from dsd.design.space import Space
from dsd.errors import DsdError

COUNTABLE = 2_000_000  # up to this many settings, all are realised
DRAWN = 2**16  # settings drawn for the share that forms a network
INVERTED = 2_000  # networks for the mean of 1/m


@dataclass(frozen=True)
class Distinct:
    """A number of networks; error: its standard error, 0 if the count is exact."""

    networks: float
    error: float


def distinct(space: Space | str | Path, seed: int = 0) -> Distinct:
    """Count the distinct networks of a space, or of its name or file: exactly for a small space, else estimated.

    Learning rate and weight decay do not distinguish networks; resolution does.

    >>> from dsd import load_space
    >>> distinct(load_space("NDS_ResNet"))
    Distinct(networks=1259712, error=0.0)
    """
    space = as_space(space, "dsd.design.distinct")
    settings = math.prod(p.settings for name, p in space.parameters.items() if name not in TRAINING)
    if settings <= COUNTABLE:
        return Distinct(counted(space), 0.0)
    proposals = space.equally_likely.propose(np.random.default_rng(seed), DRAWN)
    share = len(proposals.rows) / DRAWN
    if not share:
        raise DsdError(f"space {space.info.name}: none of {DRAWN:,} settings forms a network; check its constraints")
    some = proposals.networks.select(np.arange(min(INVERTED, len(proposals.rows)))).whole(space.ratio_type)
    inverse = np.array([1 / space.count(network) for network in some])
    value = settings * share * float(inverse.mean())
    relative_variance = (1 - share) / (share * DRAWN) + inverse.var() / len(inverse) / inverse.mean() ** 2
    # if all 1/m are equal their variance is 0; one different value among as many more draws is still plausible
    return Distinct(value, value * max(math.sqrt(relative_variance), 1 / len(inverse)))


def counted(space: Space) -> int:
    """Count the distinct networks of a space by realising every setting."""
    settings = space.every(name for name in space.parameters if name not in TRAINING)
    rows = np.arange(len(settings["depth"]))
    if space.info.constraints:
        rows = rows[space.allowed(settings)]
    networks, _ = space.realise(settings, rows)
    return different(networks)


def different(networks: Networks) -> int:
    """Count the distinct ones among the networks."""
    identity = np.column_stack([*networks.stages, networks.resolution])
    _, groups = np.unique(identity[:, 0], return_inverse=True)
    for column in identity.T[1:]:  # numbering prefixes column by column is faster than sorting rows
        values, where = np.unique(column, return_inverse=True)
        _, groups = np.unique(groups * len(values) + where, return_inverse=True)
    return int(groups.max(initial=-1)) + 1
