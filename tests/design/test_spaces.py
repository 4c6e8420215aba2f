"""Every shipped space. Oracles: the tables of the papers, closed forms, and what each refinement promises."""

import math
from functools import cache

import numpy as np
import pytest

from dsd import DsdError, Population, load_space, network, sample
from dsd.architecture.rows import TASK, network_of
from dsd.design.file import space_from_spec, space_names
from dsd.design.sampling.count import distinct
from dsd.design.window import Window

TABLE = {  # dimensions, size as the paper prints it ([DDS] Table 1)
    "AnyNetX_A": (16, 1.8e18),
    "AnyNetX_B": (13, 6.8e16),
    "AnyNetX_C": (10, 3.2e14),
    "AnyNetX_D": (10, 1.3e13),
    "AnyNetX_E": (10, 5.5e11),
    "RegNetX": (6, 3.0e8),
}
NDS = {  # [NDS] Table 1
    "NDS_Vanilla": 1_259_712,
    "NDS_ResNet": 1_259_712,
    "NDS_ResNeXt-A": 11_390_625,
    "NDS_ResNeXt-B": 52_734_375,
}
WIDTHS = math.comb(131, 4)  # ordered, four out of 128 with ties
DEPTHS = math.comb(19, 4)
LINE = 63 * 31 * 2480 * 1501  # settings of depth, w_0, w_a, w_m
SETTINGS = {
    "AnyNetX_A": (16 * 128 * 3 * 6) ** 4,
    "AnyNetX_B": (16 * 128 * 6) ** 4 * 3,
    "AnyNetX_C": (16 * 128) ** 4 * 18,
    "AnyNetX_D": 16**4 * WIDTHS * 18,
    "AnyNetX_E": DEPTHS * WIDTHS * 18,
    "AnyNetX_C_w_equal": 16**4 * 128 * 18,
    "AnyNetX_C_w_decreasing": 16**4 * WIDTHS * 18,
    "AnyNetX_D_d_equal": 16 * WIDTHS * 18,
    "AnyNetX_D_d_decreasing": DEPTHS * WIDTHS * 18,
    "AnyNetX_A_5stages": (16 * 128 * 3 * 6) ** 5,
    "AnyNetX_E_5stages": math.comb(20, 5) * math.comb(132, 5) * 18,
    "AnyNetR_A": (16 * 128 * 3) ** 4,
    "AnyNetV_A": (16 * 128) ** 4,
    "AnyNetVR_E": DEPTHS * WIDTHS,
    "RegNetX": LINE * 18,
    "RegNetY": LINE * 18,
    "RegNetR": LINE * 3,
    "RegNetV": LINE,
    "RegNetX_w_m_2": 63 * 31 * 2480 * 18,
    "RegNetX_w_0_w_a": 63 * 31 * 1501 * 18,
    "RegNetX_constrained": 40 * 31 * 2480 * 1001 * 6,
    "RegNetX_constrained_d_12_28": 17 * 31 * 2480 * 1001 * 6,
    "RegNetX_constrained_d_20": 31 * 2480 * 1001 * 6,
    "RegNetX_inverted": LINE * 4 * 6,
    "RegNetX_depthwise": LINE * 4,
    "RegNetX_3.2GF": LINE * 3 * 7,
    **NDS,
}


@pytest.mark.parametrize("name", list(TABLE))
def test_dimensions_and_sizes_are_the_papers(name: str) -> None:
    """Dimension and size, rounded as printed."""
    space = load_space(name)
    dimensions, size = TABLE[name]
    assert space.dimensions == dimensions
    assert f"{space.size_as_in_paper:.1e}" == f"{size:.1e}"


@pytest.mark.parametrize("name", list(SETTINGS))
def test_exact_sizes_include_ties(name: str) -> None:
    """The number of settings in closed form; D has 16⁴ · C(131, 4) · 18, the paper's count leaves ties out."""
    assert load_space(name).size == SETTINGS[name]


@pytest.mark.parametrize("name", list(NDS))
def test_nds_sizes_are_the_papers(name: str) -> None:
    """The totals of [NDS] Table 1 to the last digit, and no two settings are one network."""
    space = load_space(name)
    assert space.size == space.size_as_in_paper == NDS[name]
    found = distinct(space)
    assert found.networks == NDS[name]
    assert found.error <= NDS[name] / 2000  # of none in 2,000 settings drawn


def test_every_space_of_the_method_is_there() -> None:
    """What the figures of the papers compare."""
    kinds = (("AnyNet", "_A"), ("AnyNet", "_E"), ("RegNet", ""))
    blocks = {f"{family}{block}{level}" for block in ("R", "V", "VR") for family, level in kinds}
    figures = {"RegNetX_3stages", "RegNetX_5stages", "RegNetX_resolution", "RegNetX_lr_wd", "RegNetY_swish"}
    small = {f"{name}_cifar" for name in TABLE}
    assert set(SETTINGS) | blocks | figures | small <= set(space_names())


@cache
def population_of(name: str) -> Population:
    """200 networks of a space, of any complexity."""
    return sample(load_space(name), 200, flops=None, params=None, acts=None)


def drawn(population: Population, letter: str) -> np.ndarray:
    """What was drawn for a parameter of each stage, (n, s); the network's own values where nothing was adjusted."""
    realised = {"w": population.networks.widths, "g": population.networks.group_widths}[letter]
    names = [f"sampled_{letter}{i + 1}" for i in range(realised.shape[1])]
    return np.stack([population.drawn[name] for name in names], axis=1) if names[0] in population.drawn else realised


@pytest.mark.parametrize("name", space_names())
def test_every_space_keeps_its_promises(name: str) -> None:
    """200 networks of each shipped space are of its block and keep the relations that its name states."""
    population = population_of(name)
    family, networks = population.networks.skeleton, population.networks
    regular = name.startswith("RegNet")
    level = "R" if regular else name.split("_")[1]
    same_ratio = (networks.bottleneck_ratios == networks.bottleneck_ratios[:, :1]).all()
    rising_widths = (np.diff(networks.widths if regular else drawn(population, "w"), axis=1) >= 0).all()
    rising_depths = (np.diff(networks.depths, axis=1) >= 0).all()
    if not name.startswith("NDS"):
        block = name.removeprefix("RegNet").removeprefix("AnyNet").split("_")[0]
        assert family.block == block
        dense = block in ("V", "VR")
        assert same_ratio == (level in "BCDER" or dense)
        assert rising_widths == (level in "DER" or "w_equal" in name)
        assert rising_depths == (level == "E" or "d_equal" in name)
    if level in ("C", "D", "E") and family.block == "X":
        assert (drawn(population, "g") == drawn(population, "g")[:, :1]).all()
    assert len(family.strides) == next((int(n) for n in "345" if f"{n}stages" in name), len(family.strides))
    assert (family.activation == "silu") == ("swish" in name)


@pytest.mark.parametrize("name", space_names())
def test_spaces_contain_their_networks(name: str) -> None:
    """Every network drawn is a network of the space; one with another block, depth or width is not."""
    space, population = load_space(name), population_of(name)
    for net in list(population)[:20]:
        assert space.contains(net)
        assert not space.contains(replace_stage(net, depths=net.depths[0] + 1000))
        assert not space.contains(replace_stage(net, widths=net.widths[0] + 10**6 * max(1, net.group_widths[0])))


def replace_stage(net, **first):
    """A network whose first stage has other values, of the same family; groups are widened along."""
    from dataclasses import replace

    changed = {name: (value, *getattr(net, name)[1:]) for name, value in first.items()}
    if "widths" in first:
        v = first["widths"] / net.bottleneck_ratios[0]
        changed["widths"] = (int(v) * net.bottleneck_ratios[0], *net.widths[1:])
        changed["group_widths"] = (int(v), *net.group_widths[1:])
    return replace(net, **changed)


def test_published_networks_are_where_they_belong() -> None:
    """RegNetX-400MF is a RegNetX, with and without the constraints, and no RegNet of three stages or other blocks."""
    net = network("RegNetX-400MF")
    for name in ("RegNetX", "RegNetX_constrained", "RegNetX_constrained_d_12_28"):
        assert load_space(name).contains(net)
    for name in ("RegNetX_3stages", "RegNetY", "RegNetX_constrained_d_20", "RegNetX_w_m_2", "RegNetX_depthwise"):
        assert not load_space(name).contains(net)


@pytest.mark.parametrize("name", space_names())
def test_a_resolved_file_gives_the_space_back(name: str) -> None:
    """What a sweep stores of a space is enough to draw the same population without the file."""
    space = load_space(name)
    again = space_from_spec(name, space.info.spec)
    assert again.info.hash == space.info.hash
    assert sample(again, 5).frame.equals(sample(space, 5).frame)


@pytest.mark.parametrize("name", space_names())
def test_a_refinement_is_simpler(name: str) -> None:
    """What a space refines exists, has more dimensions or more settings, and within a family holds all its networks."""
    space = load_space(name)
    if space.info.refines:
        refined = load_space(space.info.refines)
        assert refined.dimensions > space.dimensions or refined.size > space.size
        assert refined.dimensions >= space.dimensions
        if type(refined) is type(space):
            assert all(refined.contains(net) for net in list(population_of(name))[:20])


def test_limits_of_the_constrained_space_follow_the_regime() -> None:
    """At 400 MF: params < 3 + 5.5 · 0.4 M and acts < 6.5 · √0.4 M; at 1.6 GF more; without an upper end an error."""
    space = load_space("RegNetX_constrained")
    windows = space.info.limits.windows()
    assert windows.params.high == pytest.approx(5.2e6)
    assert windows.acts.high == pytest.approx(6.5e6 * math.sqrt(0.4))
    assert space.info.limits.windows("1.44G:1.6G").params.high == pytest.approx(11.8e6)
    with pytest.raises(DsdError, match="depends on the upper end; give one"):
        sample(space, 5, flops="300M:")
    assert sample(space, 5, flops="300M:", params=":9M", acts=None).windows.acts == Window()
    frame = sample(space, 50).frame
    assert (frame["params"] <= 5.2e6).all()
    assert (frame["acts"] <= 6.5e6 * math.sqrt(0.4)).all()
    assert (sample(space, 200, params=None, acts=None).frame["params"] > 5.2e6).any()


def test_small_image_spaces_have_three_stages_and_the_small_stem() -> None:
    """The first stage of the networks for 32×32 has stride 1."""
    facts = load_space("RegNetX_cifar").info
    assert (facts.skeleton.stem, facts.skeleton.strides, facts.resolution, facts.classes) == (
        "cifar",
        (1, 2, 2),
        32,
        10,
    )


def test_groups_of_nds_are_counted() -> None:
    """There g is the number of groups: every group has w/(b·g) channels."""
    population = population_of("NDS_ResNeXt-B")
    groups = np.stack([population.drawn[f"sampled_groups{i}"] for i in (1, 2, 3)], axis=1)
    networks = population.networks
    assert (networks.group_widths * groups * networks.bottleneck_ratios == networks.widths).all()
    assert set(np.unique(groups)) == {1, 2, 4, 8, 16}


def test_what_is_drawn_with_a_network_is_no_dimension_of_the_papers_count() -> None:
    """Resolution, learning rate and weight decay are settings, and leave the paper's count alone."""
    for name in ("RegNetX_resolution", "RegNetX_lr_wd"):
        space = load_space(name)
        assert space.size_as_in_paper == load_space("RegNetX").size_as_in_paper
        assert space.dimensions > 6
        assert set(space.parameters) & set(TASK)


MBCONV = {
    "family": "AnyNet",
    "summary": "MBConv, with and without expansion",
    "block": "mbconv",
    "activation": "silu",
    "kernels": [3, 5, 3, 5],
    "stem_width": 40,
    "head_width": 640,
    "depth": {"distribution": "uniform", "low": 1, "high": 6, "step": 1},
    "width": {"distribution": "log_uniform", "low": 8, "high": 512, "step": 8},
    "bottleneck_ratio": {"distribution": "values", "values": [1, 1 / 6]},
    "flops": "100M:400M",
}


def test_a_space_of_efficientnets_blocks() -> None:
    """MBConv with kernels, stem and head of its own is drawn, contained, and read from its rows."""
    space = space_from_spec("mobile", MBCONV)
    population = sample(space, 50)
    assert all(space.contains(net) for net in population)
    assert [network_of(row) for row in population.frame.to_dict("records")] == list(population)
    assert (population.networks.group_widths == 1).all()
    with pytest.raises(DsdError, match="bottleneck_ratio = 2: block mbconv widens its input"):
        space_from_spec("mobile", {**MBCONV, "bottleneck_ratio": {"distribution": "values", "values": [2]}})
    with pytest.raises(DsdError, match="resolution = 16: stage 4"):
        space_from_spec("mobile", {**MBCONV, "resolution": 16})
    with pytest.raises(DsdError, match="resolution = 16: stage 4"):
        space_from_spec("mobile", {**MBCONV, "resolution": {"distribution": "values", "values": [16, 224]}})
