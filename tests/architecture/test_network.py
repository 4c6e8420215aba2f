"""Descriptions of networks: identity, rows, and what cannot be built."""

from dataclasses import replace

import numpy as np
import pytest

from dsd import DsdError, Network, build, load_space, network, sample
from dsd.architecture import Skeleton
from dsd.architecture.catalogue.published_networks import regnet
from dsd.architecture.networks import Networks
from dsd.architecture.rows import network_of


@pytest.mark.parametrize("space", ["AnyNetX_A", "RegNetX_cifar"])
def test_a_row_of_a_table_is_the_network(space: str) -> None:
    """A population's row gives back the network, with the key the row states."""
    population = sample(load_space(space), 20)
    rows = population.frame.to_dict("records")
    assert [network_of(row) for row in rows] == list(population)
    assert [net.key for net in population] == list(population.frame["key"])


def test_keys_tell_networks_apart() -> None:
    """Any difference in what is built is a difference in the key."""
    base = Network((1, 2), (16, 32), (1, 2), (8, 8), Skeleton(strides=(1, 2)), 32, 10)
    others = [
        Network((2, 1), (16, 32), (1, 2), (8, 8), Skeleton(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 48), (1, 2), (8, 8), Skeleton(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 1), (8, 8), Skeleton(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 4), Skeleton(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Skeleton(strides=(2, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Skeleton(stem="cifar", strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Skeleton(strides=(1, 2)), 64, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Skeleton(strides=(1, 2)), 32, 100),
    ]
    others += [
        replace(base, skeleton=replace(base.skeleton, **change))
        for change in ({"kernels": (3, 5)}, {"kernels": (5, 3)}, {"stem_width": 48}, {"head_width": 48})
    ]
    others.append(replace(base, skeleton=replace(base.skeleton, activation="silu")))
    assert len({net.key for net in [base, *others]}) == 14


def test_keys_are_stable() -> None:
    """A key written into a table years ago still names the same network."""
    assert network("RegNetX-400MF").key == "n26a325f302bf4d4f"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (((1, 0), (8, 8), (1, 1), (8, 8)), "stage 2: depth 0: give a whole number from 1"),
        (((1, 1), (8, 0), (1, 1), (8, 8)), "stage 2: width 0: give a whole number from 1"),
        (((1, 1), (8, 8), (1, 1), (8, 2.5)), "stage 2: group width 2.5: give a whole number from 1"),
        (((1, 1), (8, 8), (0, 1), (8, 8)), "stage 1: bottleneck ratio 0: give a positive number"),
        (((1, 1), (8, 8), (1, 3), (8, 1)), "stage 2: width 8 / bottleneck ratio 3 = 2.66667 channels: not a whole"),
        (
            ((1, 1), (8, 20), (1, 1), (8, 8)),
            "stage 2: 20 / 1 = 20 channels do not divide into groups of 8; .* 16",
        ),
        (((1,), (8, 8), (1, 1), (8, 8)), "a network of 2 stages needs one depth, .*, not 1, 2, 2, 2"),
    ],
)
def test_what_cannot_be_built_is_refused(stages, message: str) -> None:
    """The error names the stage and the reason, and what would do."""
    with pytest.raises(DsdError, match=message):
        Network(*stages, Skeleton(strides=(2, 2)))


@pytest.mark.parametrize(
    ("block", "b", "g", "message"),
    [
        ("mbconv", 2, 1, "bottleneck ratio 2: block mbconv widens its input; give 1, 1/2"),
        ("mbconv", 0.3, 1, "bottleneck ratio 0.3: block mbconv"),
        ("mbconv", 1 / 6, 8, "group width 8: block mbconv is depthwise; give 1"),
        ("V", 2, 8, "bottleneck ratio 2: block V has no bottleneck; give 1"),
        ("R", 2, 8, "group width 8: block R has one group; give 4"),
    ],
)
def test_what_a_block_does_not_have_is_refused(block: str, b: float, g: int, message: str) -> None:
    """Ratios and group widths that the block cannot have."""
    with pytest.raises(DsdError, match=f"stage 1: {message}"):
        Network((1,), (8,), (b,), (g,), Skeleton(block, strides=(2,)))


@pytest.mark.parametrize(
    ("family", "least", "place"),
    [
        (Skeleton(), 17, "stage 4"),  # 17, 9, 5, 3, 2, 1
        (Skeleton(stem="resnet", strides=(1, 2, 2, 2)), 17, "stage 4"),
        (Skeleton(stem="cifar", strides=(1, 2, 2)), 3, "stage 3"),
        (Skeleton(stem="cifar", strides=(1, 1)), 1, ""),
        (Skeleton(stem="resnet", strides=(3, 1)), 9, "stage 1"),  # 9, 5, 3, 1
    ],
)
def test_images_that_are_used_up_are_refused(family: Skeleton, least: int, place: str) -> None:
    """By the first stride that has fewer pixels than it steps over; one pixel more will do."""
    s = family.stages
    assert family.least_resolution == least
    Network((1,) * s, (8,) * s, (1,) * s, (8,) * s, family, least)
    if place:
        with pytest.raises(DsdError, match=f"resolution = {least - 1}: {place} has stride .* from {least}"):
            Network((1,) * s, (8,) * s, (1,) * s, (8,) * s, family, least - 1)


def test_too_small_images_are_refused_before_a_draw() -> None:
    """By a space and by a population, with the same message."""
    with pytest.raises(DsdError, match="resolution = 16: stage 4 has stride 2"):
        sample(load_space("AnyNetX_A"), 1, resolution=16)
    with pytest.raises(DsdError, match="resolution = 16: stage 4 has stride 2"):
        sample(load_space("AnyNetX_A"), 1).networks.for_task(resolution=16)


@pytest.mark.parametrize("name", ["EfficientNet-B3", "ResNet-50", "ResNet-56", "RegNetY-200MF"])
def test_named_networks_stand_in_rows(name: str) -> None:
    """Kernels, stem and head width are columns where they are not as usual."""
    net = network(name)
    population = sample(load_space("AnyNetX_A"), 1)
    columns = replace(population, networks=Networks.of([net]), drawn={}).columns
    row = {key: column.tolist()[0] for key, column in columns.items()}
    assert network_of(row) == net
    assert network_of({key: str(value) for key, value in row.items()}) == net
    assert ("kernels" in row) == ("head_width" in row) == name.startswith("Eff")


def test_numbers_of_any_type_make_the_same_network() -> None:
    """Lists, floats and numpy's integers: equal, hashable, and built."""
    family = Skeleton(strides=(2, 2))
    plain = Network((1, 2), (8, 16), (1, 2), (8, 8), family, 32, 10)
    for kind in (float, np.int64):
        other = Network(*([kind(value) for value in values] for values in plain.stages), family, kind(32), kind(10))
        assert (other, hash(other), other.key) == (plain, hash(plain), plain.key)
        assert build(other).head[-1].out_features == 10


def test_ratios_are_exact() -> None:
    """1/3 however it was rounded on its way: the same network, the same key."""
    one, other = (Network((1,), (24,), (b,), (8,), Skeleton(strides=(2,)), 32, 10) for b in (1 / 3, 0.333333333333))
    assert one == other
    assert one.key == other.key


def test_a_kernel_that_a_table_reader_made_a_float_is_read() -> None:
    """In a joined table a column with gaps becomes 5.0."""
    row = {
        "block": "V",
        "stem": "cifar",
        "strides": 1,
        "d1": 1,
        "w1": 8,
        "b1": 1,
        "g1": 8,
        "resolution": 8,
        "classes": 2,
    }
    assert network_of({**row, "kernels": 5.0}).skeleton.kernels == (5,)


def test_equal_families_are_equal() -> None:
    """However the usual is written; and a family can be changed in one field."""
    assert Skeleton(kernels=(3, 3, 3, 3), stem_width=32) == Skeleton()
    assert hash(Skeleton(strides=[2, 2, 2, 2])) == hash(Skeleton())
    with pytest.raises(DsdError, match="strides = 2: give a list of whole numbers"):
        Skeleton(strides=2)
    assert replace(Skeleton(), strides=(1, 2, 2)).kernel_sizes == (3, 3, 3)
    assert replace(Skeleton(), stem="resnet").stem_channels == 64
    assert Skeleton(stem_width=64).stem_channels == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w2": None}, "column w2 is missing or empty"),
        ({"w2": "wide"}, "column w2 = wide: is not a number"),
        ({"block": None}, "column block is missing"),
        ({"resolution": 224.5}, "column resolution = 224.5: give a whole number"),
        ({"resolution": "inf"}, "column resolution = inf: is not a finite number"),
        ({"d1": [1]}, r"column d1 = \[1\]: is not a number"),
        ({"strides": "2;2"}, "column strides = 2;2: give one whole number per stage"),
        ({"strides": ""}, "column strides is missing"),
        ({"d1": 0}, "stage 1: depth 0"),
    ],
)
def test_a_row_that_is_no_network_says_why(change: dict, message: str) -> None:
    """The column, or the stage, and what is wrong."""
    row = sample(load_space("AnyNetX_A"), 1).frame.to_dict("records")[0]
    with pytest.raises(DsdError, match=message):
        network_of({**row, **change})


def test_unknown_blocks_and_names_list_the_known_ones() -> None:
    """A misspelt name is answered with the names there are."""
    with pytest.raises(DsdError, match="block = Z is not known; choose one of: R, V, VR, X, Y, basic, mbconv, vanilla"):
        Skeleton(block="Z")
    with pytest.raises(DsdError, match="RegNetX-400MF"):
        network("RegNetX-401MF")
    with pytest.raises(DsdError, match="form 1 stage of widths 24; strides are for 4"):
        regnet(1, 24, 24, 2.5, 1, 16)
