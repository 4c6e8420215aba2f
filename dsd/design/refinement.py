"""When one space is another one given a condition, and what remains of the larger one.

A space S *refines* B if S has the distribution of B given that the drawn values lie in S. With p the probability of S
in B, the distribution of B is p times that of S plus 1 − p times that of the remainder, B without S: exactly, also
inside a complexity window. Membership is decided on the drawn values, because different values can be realised as one
network. Shape letters: n settings, s stages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.arrays import Columns, Ints
from dsd.design.parameters.across_stages import keeps
from dsd.design.parameters.constraints import Constraint
from dsd.design.parameters.distributions import Uniform
from dsd.design.parameters.parameter import Parameter
from dsd.design.space import Proposals, Space

RELATIVE = 1e-9  # rounding of probabilities that are equal


def comparable(a: Space, b: Space) -> bool:
    """Whether two spaces have one family, one skeleton and the same parameters, so that one can refine the other."""
    return type(a) is type(b) and a.info.skeleton == b.info.skeleton and set(a.parameters) == set(b.parameters)


def why_not(larger: Space, smaller: Space) -> str:
    """The first reason why a comparable space is not `larger` given a condition; "" if it is.

    Every parameter is checked by itself: the draws of a space are a product of distributions, given its constraints.

    >>> from dsd import load_space
    >>> why_not(load_space("AnyNetX_C"), load_space("AnyNetX_D"))
    ''
    >>> why_not(load_space("AnyNetX_D"), load_space("AnyNetX_C"))
    'width is nondecreasing in AnyNetX_D and free in AnyNetX_C'
    """
    names = f"in {larger.info.name} and {{}} in {smaller.info.name}"
    if larger.info.width_rule != smaller.info.width_rule:
        return f"width_rule is {larger.info.width_rule} {names.format(smaller.info.width_rule)}"
    for name, small in smaller.parameters.items():
        large = larger.parameters[name]
        if not ordered_within(large, small):
            return f"{name} is {relation(large)} {names.format(relation(small))}"
        if not small.same_as and not given_condition(larger, smaller, name):
            return f"{name} is not distributed as in {larger.info.name} given the values of {smaller.info.name}"
    kept = {rule_of(rule) for rule in smaller.info.constraints}
    dropped = [rule.text for rule in larger.info.constraints if rule_of(rule) not in kept]
    return f"{smaller.info.name} lacks the constraint {dropped[0]} of {larger.info.name}" if dropped else ""


def rule_of(rule: Constraint) -> tuple[Any, ...]:
    """A constraint without its wording."""
    return rule.terms, rule.constant, rule.operator


def relation(parameter: Parameter) -> str:
    """The relation of a parameter across stages, or the parameter whose value it takes."""
    return f"as {parameter.same_as}" if parameter.same_as else parameter.relation or "one value"


def ordered_within(large: Parameter, small: Parameter) -> bool:
    """Whether all tuples of `small` have the order, and the shared value, of `large`."""
    if large.same_as or bool(large.stages) != bool(small.stages):
        return large.same_as == small.same_as and bool(large.stages) == bool(small.stages)
    return large.across_stages in ("free", small.across_stages) or constant(small)


def constant(parameter: Parameter) -> bool:
    """Whether all stages of a parameter have one value."""
    return parameter.across_stages == "equal" or len(parameter.distribution) == 1


def given_condition(larger: Space, smaller: Space, name: str) -> bool:
    """Whether a parameter has the distribution of the larger space, given its values and relations in the smaller.

    Independent stages with probability P(v) are all equal to v with a probability proportional to P(v)^s; two
    independent parameters are both v with one proportional to P(v) P'(v).
    """
    large, small = larger.parameters[name], smaller.parameters[name]
    mass = mass_at(large, small)
    if constant(small) and large.across_stages != "equal":
        mass = mass ** max(small.stages, 1)
    for taker, parameter in smaller.parameters.items():
        if parameter.same_as == name and not larger.parameters[taker].same_as:
            mass = mass * mass_at(larger.parameters[taker], small)
    return bool((mass > 0).all()) and np.allclose(mass / mass.sum(), small.distribution.probabilities, RELATIVE, 0)


def mass_at(large: Parameter, small: Parameter) -> NDArray[np.float64]:
    """The probability in `large` of each value (k,) of `small`; 0 for a value that it lacks."""
    table, wanted = large.distribution.values, small.distribution.values
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return np.where(table[at] == wanted, large.distribution.probabilities[at], 0.0)


def inside(larger: Space, smaller: Space, settings: Columns) -> NDArray[np.bool_]:
    """Mask (n,) of the settings of a space that lie in a space that refines it."""
    n = len(next(iter(settings.values())))
    masks: list[Any] = [np.ones(n, bool)]
    for name, small in smaller.parameters.items():
        large, drawn = larger.parameters[name], settings[name]
        if small.same_as and not large.same_as:
            masks.append(drawn == settings[small.same_as])
        if small.same_as:
            continue
        if len(small.distribution) < len(large.distribution):
            among = np.isin(drawn, small.distribution.values.astype(drawn.dtype))
            masks.append(among.reshape(n, -1).all(axis=1))
        if small.stages and small.across_stages not in ("free", large.across_stages):
            masks.append(keeps(small.across_stages, drawn))
    if len(smaller.info.constraints) > len(larger.info.constraints):
        masks.append(smaller.allowed(settings))
    mask: NDArray[np.bool_] = np.logical_and.reduce(masks)
    return mask


@dataclass(frozen=True, repr=False)
class PartOfSpace(Space):
    """A space that is drawn like `larger`, with a look at whether each setting lies in `smaller`."""

    larger: Space
    smaller: Space

    @cached_property
    def whole(self) -> Space:
        """The larger space, for the resolution and classes of this one."""
        return replace(self.larger, info=self.info)

    def realise(self, settings: Columns, rows: Ints) -> tuple[Networks, Ints]:
        """Build the networks of the settings at `rows`."""
        return self.whole.realise(settings, rows)

    def propose(self, rng: Uniform, n: int) -> Proposals:
        """Draw n settings of the larger space."""
        return self.whole.propose(rng, n)

    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """Return the table columns of the drawn values at `rows`."""
        return self.whole.drawn(settings, rows)

    def within(self, settings: Columns, rows: Sequence[int] | Ints) -> NDArray[np.bool_]:
        """Mask (m,) of the settings at `rows` that lie in the smaller space."""
        return inside(self.larger, self.smaller, {name: column[rows] for name, column in settings.items()})

    def count(self, network: Network) -> int:
        """Count the settings realised as this network."""
        return self.whole.count(network)

    @property
    def size_as_in_paper(self) -> float:
        """The number of settings of the larger space as the paper counts it."""
        return self.whole.size_as_in_paper


class Marked(PartOfSpace):
    """The larger space; its drawn values say `inside` whether each network lies in the smaller one."""

    def drawn(self, settings: Columns, rows: Ints) -> Columns:
        """Return the column `inside`, (m,) booleans."""
        return {"inside": self.within(settings, rows)}


class Remainder(PartOfSpace):
    """The larger space without the smaller: the larger one given that the drawn values do not lie in the smaller."""

    def propose(self, rng: Uniform, n: int) -> Proposals:
        """Draw n settings of the larger space; build the networks of those outside the smaller one."""
        proposals = self.whole.propose(rng, n)
        outside = np.flatnonzero(~self.within(proposals.settings, proposals.rows))
        return replace(proposals, networks=proposals.networks.select(outside), rows=proposals.rows.take(outside))

    def count(self, network: Network) -> int:
        """Count the settings outside the smaller space that are realised as this network."""
        return self.whole.count(network) - self.smaller.count(network)

    @property
    def size(self) -> int:
        """The number of settings; exact if those of both spaces are."""
        return self.larger.size - self.smaller.size

    @property
    def size_as_in_paper(self) -> float:
        """The number of settings as the paper counts that of both spaces."""
        return self.whole.size_as_in_paper - self.smaller.size_as_in_paper


def marked(larger: Space, smaller: Space) -> Marked:
    """The larger space, with a mark on the networks that lie in the smaller."""
    return Marked(larger.info, larger.parameters, larger, smaller)


def remainder(larger: Space, smaller: Space) -> Remainder:
    """What the larger space has beyond the smaller, named "LARGER without SMALLER"."""
    named = replace(larger.info, name=f"{larger.info.name} without {smaller.info.name}")
    return Remainder(named, larger.parameters, larger, smaller)
