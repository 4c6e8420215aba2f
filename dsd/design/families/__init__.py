"""Families of spaces: one file a family, with the keys of its space files and the space that they describe."""

from dataclasses import dataclass

from dsd.design.families.anynet import AnyNetSchema, AnyNetSpace
from dsd.design.families.regnet import LINE, RegNetSchema, RegNetSpace
from dsd.design.families.schema import SpaceSchema
from dsd.design.space import Space


@dataclass(frozen=True)
class SpaceFamily:
    """A family of spaces.

    schema: the keys of its space files
    space: what such a file becomes
    required: the parameters that every space of the family has
    shared: which parameter may take the value of which
    """

    schema: type[SpaceSchema]
    space: type[Space]
    required: tuple[str, ...]
    shared: tuple[tuple[str, str], ...] = ()


FAMILIES: dict[str, SpaceFamily] = {
    "AnyNet": SpaceFamily(AnyNetSchema, AnyNetSpace, ("depth", "width")),
    "RegNet": SpaceFamily(RegNetSchema, RegNetSpace, LINE, shared=(("w_a", "w_0"),)),  # shared in [DDS] Fig. 9
}
