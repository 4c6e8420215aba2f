"""Oracle: the table of the method ([DDS] §3), and what each refinement promises."""

import math

import numpy as np
import pytest

from dsd import load_space, sample
from dsd.design.spacefile import space_from_spec, space_names

TABLE = {  # dimensions, size as the paper prints it
    "AnyNetX_A": (16, 1.8e18),
    "AnyNetX_B": (13, 6.8e16),
    "AnyNetX_C": (10, 3.2e14),
    "AnyNetX_D": (10, 1.3e13),
    "AnyNetX_E": (10, 5.5e11),
    "RegNetX": (6, 3.0e8),
}


@pytest.mark.parametrize("name", list(TABLE))
def test_dimensions_and_sizes_are_the_papers(name: str) -> None:
    """Dimension and size, rounded as printed."""
    space = load_space(name)
    dimensions, size = TABLE[name]
    assert space.dimensions == dimensions
    assert f"{space.size_as_printed:.1e}" == f"{size:.1e}"


def test_exact_sizes_include_ties() -> None:
    """D has 16⁴ · C(131, 4) · 18 settings; the paper's count leaves ties out."""
    assert load_space("AnyNetX_D").size == 16**4 * math.comb(131, 4) * 18
    assert load_space("AnyNetX_E").size == math.comb(19, 4) * math.comb(131, 4) * 18


@pytest.mark.parametrize("name", space_names())
def test_every_space_keeps_its_promises(name: str) -> None:
    """200 networks of each shipped space have the relations across stages that its refinements state."""
    space = load_space(name)
    population = sample(space, 200, flops=None)
    letter = "R" if name.startswith("RegNet") else name.split("_")[1]
    widths = (
        population.networks.widths
        if letter == "R"
        else np.stack([population.drawn[f"sampled_w{i}"] for i in range(1, space.facts.family.stages + 1)], axis=1)
    )
    if letter in "BCDER":
        assert (population.networks.bottleneck_ratios == population.networks.bottleneck_ratios[:, :1]).all()
    if letter in "CDE":
        assert (population.drawn["sampled_g1"] == population.drawn["sampled_g2"]).all()
    if letter in "DER":
        assert (np.diff(widths, axis=1) >= 0).all()
    if letter == "E":
        assert (np.diff(population.networks.depths, axis=1) >= 0).all()
    if letter == "A":
        assert len(np.unique(population.networks.bottleneck_ratios, axis=0)) > 3


@pytest.mark.parametrize("name", space_names())
def test_a_resolved_file_gives_the_space_back(name: str) -> None:
    """What a sweep stores of a space is enough to draw the same population without the file."""
    space = load_space(name)
    again = space_from_spec(name, space.facts.spec)
    assert sample(again, 5).frame.equals(sample(space, 5).frame)


def test_small_image_spaces_have_three_stages_and_the_small_stem() -> None:
    """The first stage of the networks for 32×32 has stride 1."""
    facts = load_space("RegNetX_cifar").facts
    assert (facts.family.stem, facts.family.strides, facts.resolution, facts.classes) == ("cifar", (1, 2, 2), 32, 10)
