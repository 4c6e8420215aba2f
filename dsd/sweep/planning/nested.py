"""The nested design: spaces that refine each other are drawn in strata that they share.

Of a chain A ⊃ B ⊃ C the strata are C, "B without C" and "A without B". A space is the union of its strata; the share of
each is a product of the shares of the steps (`dsd.design.sampling.shares`). A stratum is drawn once, and its networks
belong to every space that contains it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsd.design.refinement import comparable, remainder, why_not
from dsd.design.sampling.population import Population
from dsd.design.sampling.sampler import for_task, sample
from dsd.design.sampling.shares import DRAWS, PROPOSALS, Share, share_inside
from dsd.design.space import Space
from dsd.design.window import Windows
from dsd.errors import DsdError, known
from dsd.sweep.planning.study import NESTED, Study

DRAWS_PER_NETWORK = 20  # free draws for each share, per network of a stratum: its error is then negligible
WORTH = 1.3  # smallest saving that `dsd plan` hints at
HINT_PROPOSALS = 2**20  # most proposals for a hint; half a second
LOOK = 500  # draws after which a hint is given up, if the saving is surely below WORTH
Seed = Callable[[str], int]


@dataclass(frozen=True)
class Part:
    """A stratum of a space: the networks drawn from it, and its share of the space."""

    name: str
    population: Population
    share: float


@dataclass(frozen=True)
class NestedDraw:
    """The strata of each space, by the space's name, and the share of each step; names include the regime."""

    parts: dict[str, list[Part]]
    steps: list[Share]


def draw_nested(study: Study, spaces: Sequence[Space], regime: str, seed: Seed) -> NestedDraw:
    """Draw the strata of a study's spaces inside one window of flops: n networks of each.

    Args:
        regime: the window of flops
        seed: gives the sampling seed of a name

    Raises:
        DsdError: the spaces form no chain, differ in their windows, or a stratum cannot be drawn
    """
    parts: dict[str, list[Part]] = {}
    steps: list[Share] = []
    for chain in chains(spaces):
        windows = windows_of(study, chain, regime)
        draws = max(DRAWS, DRAWS_PER_NETWORK * study.n) if len(chain) > 1 else 0
        within: list[Part] = []  # the strata of the space before, from the smallest space upwards
        for i, space in reversed(list(enumerate(chain))):
            smaller = chain[i + 1] if within else None
            stratum = remainder(space, smaller) if smaller else space
            name = named(study, stratum.info.name, regime)
            share = 0.0
            if smaller:
                step = share_of(study, space, smaller, windows, regime, seed, draws)
                steps.append(step)
                share = step.share
            population = sample(
                stratum,
                study.n,
                flops=windows.flops,
                params=windows.params,
                acts=windows.acts,
                seed=seed(name),
                resolution=study.data.resolution,
                classes=study.data.classes,
            )
            below = [Part(part.name, part.population, part.share * share) for part in within]
            within = [Part(name, population, 1 - share), *below]
            parts[named(study, space.info.name, regime)] = within
    return NestedDraw(parts, steps[::-1])


def named(study: Study, name: str, regime: str) -> str:
    """The name of a space or stratum in a study: with the regime, if the study has several."""
    return f"{name} {regime}" if study.regimes else name


def share_of(
    study: Study,
    larger: Space,
    smaller: Space,
    windows: Windows,
    regime: str,
    seed: Seed,
    draws: int,
    most: int = PROPOSALS,
) -> Share:
    """Estimate the share of a step.

    Raises:
        DsdError: the share is 0 or 1 as far as the draws show
    """
    names = (named(study, larger.info.name, regime), named(study, smaller.info.name, regime))
    larger = for_task(larger, study.data.resolution, study.data.classes)
    step = share_inside(larger, smaller, windows, seed(f"share of {names[1]} in {names[0]}"), draws, most)
    if not 0 < step.inside < step.draws:
        raise DsdError(
            f"design = nested: {step.inside:,} of {step.draws:,} draws of {names[0]} lie in {names[1]}; "
            "leave one of the two out, or set design=independent"
        )
    return Share(*names, step.inside, step.draws, step.seed)


def windows_of(study: Study, chain: Sequence[Space], regime: str) -> Windows:
    """The windows of a chain of spaces.

    Raises:
        DsdError: the spaces have different windows
    """
    windows = [space.info.limits.windows(regime, study.params, study.acts) for space in chain]
    for space, own in zip(chain, windows, strict=True):
        if own != windows[0]:
            raise DsdError(
                f"design = nested: the window of {space.info.name} ({own}) is not that of {chain[0].info.name} "
                f"({windows[0]}); set params and acts, or design=independent"
            )
    return windows[0]


def chains(spaces: Sequence[Space]) -> list[list[Space]]:
    """Group spaces into chains in which each refines the one before; a space like no other is a chain by itself.

    Raises:
        DsdError: comparable spaces do not refine each other in the order given, or none refines another
    """
    found: list[list[Space]] = []
    for space in spaces:
        chain = next((chain for chain in found if comparable(chain[0], space)), None)
        if chain is None:
            found.append([space])
            continue
        larger = chain[-1]
        names = f"{space.info.name} does not refine {larger.info.name}"
        if reason := why_not(larger, space):
            remedy = "leave one of the two out, or set design=independent"
            if not why_not(space, larger):
                remedy = f"give {space.info.name} first"
            raise DsdError(f"design = nested: {names}: {reason}; {remedy}")
        if space.size >= larger.size:
            raise DsdError(f"design = nested: {names}: both have the same settings; leave one of the two out")
        chain.append(space)
    if all(len(chain) == 1 for chain in found):
        names = known(space.info.name for space in spaces)
        raise DsdError(f"design = nested: none of the spaces refines another ({names}); set design=independent")
    return found


def worthwhile(study: Study, spaces: Sequence[Space], seed: Seed) -> list[Share]:
    """The steps of an independent study that a nested design would save more than WORTH times the networks for."""
    if study.design == NESTED:
        return []
    steps = []
    for i, smaller in enumerate(spaces):
        larger = next((space for space in reversed(spaces[:i]) if comparable(space, smaller)), None)
        if larger is None or why_not(larger, smaller):
            continue
        for regime in study.regimes or (study.flops,):
            try:
                windows = windows_of(study, [larger, smaller], regime)
                for draws in (LOOK, DRAWS):
                    step = share_of(study, larger, smaller, windows, regime, seed, draws, HINT_PROPOSALS)
                    if 1 / (1 - min(step.share + 4 * step.error, 0.99)) ** 2 < WORTH:
                        break
                else:
                    steps.append(step)
            except DsdError:  # a hint is not worth an error
                continue
    return [step for step in steps if step.saving > WORTH]
