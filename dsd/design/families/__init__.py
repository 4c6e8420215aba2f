"""Families of spaces: one file per family, with the schema of its space files and its Space class."""

from dataclasses import dataclass

from dsd.design.families.anynet import AnyNetSchema, AnyNetSpace
from dsd.design.families.regnet import LINE, RegNetSchema, RegNetSpace
from dsd.design.families.schema import SpaceSchema
from dsd.design.space import Space


@dataclass(frozen=True)
class SpaceFamily:
    """A family of spaces.

    schema: keys of its space files
    space: class of its spaces
    required: parameters that every space of the family has
    shared: pairs (parameter, source): the parameter can take the value of the source
    """

    schema: type[SpaceSchema]
    space: type[Space]
    required: tuple[str, ...]
    shared: tuple[tuple[str, str], ...] = ()


FAMILIES: dict[str, SpaceFamily] = {
    "AnyNet": SpaceFamily(AnyNetSchema, AnyNetSpace, ("depth", "width")),
    "RegNet": SpaceFamily(RegNetSchema, RegNetSpace, LINE, shared=(("w_a", "w_0"),)),  # shared in [DDS] Fig. 9
}
