"""Oracles: published structure; complexity has its own test in tests/architecture/test_complexity.py."""

import pytest

from dsd import DsdError, network
from dsd.architecture.catalogue.names import canonical
from dsd.architecture.catalogue.published_networks import EFFICIENTNETS, NAMED, REGNET_X, REGNET_Y, regnet


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("regnety-4gf", "RegNetY-4.0GF"),
        ("REGNETY-4.0GF", "RegNetY-4.0GF"),
        ("RegNetY 4000MF", "RegNetY-4.0GF"),
        ("regnet_y_1_6gf", "RegNetY-1.6GF"),
        ("regnet-x-1-6gf", "RegNetX-1.6GF"),
        ("RegNetX 3 2GF", "RegNetX-3.2GF"),
        ("RegNetX_16GF", "RegNetX-16GF"),
        ("regnetx0.4gf", "RegNetX-400MF"),
        ("RegNetX-1.6G", "RegNetX-1.6GF"),
        ("regnety_040", "RegNetY-4.0GF"),
        ("regnetx_002", "RegNetX-200MF"),
        ("regnety_320", "RegNetY-32GF"),
        ("EN-B0", "EfficientNet-B0"),
        ("R-50", "ResNet-50"),
        ("X-101-32x4d", "ResNeXt-101"),
        ("resnet50", "ResNet-50"),
        ("ResNeXt-101-32x4d", "ResNeXt-101"),
        ("ResNeXt-101 (32×4d)", "ResNeXt-101"),
        ("efficientnet_b3", "EfficientNet-B3"),
    ],
)
def test_spelling_is_forgiven(spelt: str, name: str) -> None:
    """Case, separators, 4GF for 4.0GF; torchvision's names too."""
    assert canonical(spelt) == name
    assert network(spelt) == network(name)


def test_no_two_networks_share_a_spelling() -> None:
    """What is forgiven never leads to another network; RegNetX-1.6GF is not RegNetX-16GF."""
    assert {canonical(name) for name in NAMED} == set(NAMED)
    assert len({network(name).key for name in NAMED}) == len(NAMED) == 38
    assert network("regnet_x_1_6gf") != network("regnet_x_16gf")
    assert network("regnetx_016") == network("RegNetX-1.6GF")
    assert network("regnetx_160") == network("RegNetX-16GF")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("RegNetX-401MF", "RegNetX-400MF"),
        ("RegNetZ-400MF", "RegNetX-400MF"),
        ("resnet-51", "ResNet-50"),
        ("efficientnet-b7", "EfficientNet-B"),
        ("vgg", "dsd complexity --all"),
        ("resnet50_32x4d", "similar names: "),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(name: str, near: str) -> None:
    """One line that names what it may have been, or where all are listed."""
    with pytest.raises(DsdError, match=near):
        network(name)


def test_regnets_have_four_stages_of_their_published_depth() -> None:
    """d is the number of blocks, b = 1, and one group width but where a stage is narrower."""
    for kind, table in (("RegNetX", REGNET_X), ("RegNetY", REGNET_Y)):
        for regime, (d, _, _, _, b, g) in table.items():
            net = network(f"{kind}-{regime}")
            assert (sum(net.depths), len(net.depths)) == (d, 4)
            assert set(net.bottleneck_ratios) == {b}
            assert all(g_i == min(g, w) for g_i, w in zip(net.group_widths, net.widths, strict=True))


def test_resnets_have_as_many_layers_as_their_names_say() -> None:
    """Convolutions on the longest way and the linear layer: 3 a bottleneck, 2 a basic block, and the stem."""
    for name in NAMED:
        if name.startswith("ResN"):
            net, layers = network(name), int(name.rpartition("-")[2])
            assert (3 if net.skeleton.block in "XR" else 2) * sum(net.depths) + 2 == layers


def test_resnexts_have_32_groups_of_4_channels() -> None:
    """32×4d: 128 channels in the first stage's bottlenecks, doubling with it."""
    net = network("ResNeXt-50")
    inner = [w // b for w, b in zip(net.widths, net.bottleneck_ratios, strict=True)]
    assert inner == [128, 256, 512, 1024]
    assert [v // g for v, g in zip(inner, net.group_widths, strict=True)] == [32] * 4


B3 = ((2, 3, 3, 5, 5, 6, 2), (24, 32, 48, 96, 136, 232, 384), 40, 1536, 300)
B5 = ((3, 5, 5, 7, 7, 9, 3), (24, 40, 64, 128, 176, 304, 512), 48, 2048, 456)


@pytest.mark.parametrize(("name", "expected"), [("EfficientNet-B3", B3), ("EfficientNet-B5", B5)])
def test_efficientnets_are_scaled_as_published(name: str, expected: tuple) -> None:
    """Depths, widths, stem, head and resolution of the authors' models."""
    net = network(name)
    assert (net.depths, net.widths, net.skeleton.stem_width, net.skeleton.head_width, net.resolution) == expected
    assert net.skeleton.kernels == (3, 3, 5, 3, 5, 5, 3)
    assert set(net.group_widths) == {1}


def test_networks_have_their_own_resolution_and_classes() -> None:
    """224 and 1000 but for the EfficientNets and the networks for CIFAR-10; both can be asked for."""
    assert [network(f"EfficientNet-{name}").resolution for name in EFFICIENTNETS] == [224, 240, 260, 300, 380, 456]
    assert (network("ResNet-56").resolution, network("ResNet-56").classes) == (32, 10)
    assert (network("ResNet-50", resolution=64, classes=10).resolution, network("ResNet-50").resolution) == (64, 224)
    assert network("ResNet-50", classes=10).classes == 10


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ((1, 24, 24, 2.5, 1, 16), "form 1 stage of widths 24; strides are for 4"),
        ((20, 24, -1, 2.5, 1, 16), "w_a = -1: give a number above 0"),
        ((20, 24, 24, 1, 1, 16), "w_m = 1: give a number above 1"),
        ((0, 24, 24, 2.5, 1, 16), "depth = 0: give a number from 1"),
        ((20, 24, 24, 2.5, 0, 16), "bottleneck ratio = 0: give a number above 0"),
    ],
)
def test_impossible_lines_are_refused(line: tuple, message: str) -> None:
    """The error names the parameter, or says that the line has another number of stages."""
    with pytest.raises(DsdError, match=message):
        regnet(*line)
