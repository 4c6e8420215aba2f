"""The share of a space that lies in one that refines it, from free draws inside the complexity windows.

S refines B and has the share p of B. Then μ_B − μ_S = (1 − p)(μ_rest − μ_S) for the mean of anything over the networks.
Drawing S and the rest, B without S, instead of S and B, the difference has (1 − p)² times the variance for the same
number of networks (stratified sampling, Cochran 1977, chapter 5; the use for spaces is ours).
"""

import math
from dataclasses import dataclass

from dsd.design.refinement import marked
from dsd.design.sampling.proposals import BATCH, proposals_in_window
from dsd.design.space import Space
from dsd.design.window import Windows
from dsd.errors import DsdError

DRAWS = 10_000  # fewest free draws inside the windows
PROPOSALS = 2**25  # most proposals for them; some ten seconds


@dataclass(frozen=True)
class Share:
    """The share of `larger` that lies in `smaller`.

    inside: number of free draws of the larger space, inside the windows, that lie in the smaller
    draws: number of free draws of the larger space inside the windows; repeated networks count
    seed: of these draws
    """

    larger: str
    smaller: str
    inside: int
    draws: int
    seed: int

    @property
    def share(self) -> float:
        """p, between 0 and 1."""
        return self.inside / self.draws

    @property
    def error(self) -> float:
        """The standard error of the share."""
        return math.sqrt(self.share * (1 - self.share) / self.draws)

    @property
    def saving(self) -> float:
        """1/(1 − p)²: how many times as many networks independent draws need for the same precision of the step."""
        return 1 / (1 - self.share) ** 2 if self.inside < self.draws else math.inf


def share_inside(
    larger: Space, smaller: Space, windows: Windows, seed: int, draws: int = DRAWS, most: int = PROPOSALS
) -> Share:
    """Estimate the share of a space, inside the windows, that lies in a space that refines it.

    Args:
        draws: fewest free draws inside the windows; whole batches of proposals are used
        most: most proposals

    Raises:
        DsdError: fewer than `draws`, or DRAWS, of them fall inside the windows
    """
    space = marked(larger, smaller)
    found = within = start = 0
    while found < draws and start < most:
        batch = proposals_in_window(space, windows, seed, start, start + BATCH)
        found += len(batch.networks)
        within += int(batch.drawn["inside"].sum())
        start += BATCH
    if found < min(draws, DRAWS):
        raise DsdError(
            f"space {larger.info.name}: only {found:,} of {start:,} proposals fall inside {windows}; the share of "
            f"{smaller.info.name} needs {DRAWS:,}: widen the window, or set design=independent"
        )
    return Share(larger.info.name, smaller.info.name, within, found, seed)
