"""Oracles: published values, and hooks on every layer of the built module."""

import numpy as np
import pytest
import torch
from torch import nn

from dsd import build, complexity, load_space, network, sample
from dsd.design.complexity import Complexity
from dsd.design.network import Family, Network

PUBLISHED = {
    "RegNetX-200MF": Complexity(199_040_872, 2_684_792, 2_164_056),
    "RegNetX-400MF": Complexity(397_678_568, 5_157_512, 3_143_272),
}


def measured(net: Network) -> Complexity:
    """Complexity of the built module: parameters by numel, the rest by hooks on convolutions and linear layers."""
    model, flops, acts = build(net).to("meta").eval(), 0, 0  # shapes without arithmetic

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal flops, acts
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        flops += output.numel() * layer.weight[0].numel() + (output.numel() if layer.bias is not None else 0)
        acts += output.numel()

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        model(torch.zeros(1, 3, net.resolution, net.resolution, device="meta"))
    return Complexity(flops, sum(p.numel() for p in model.parameters()), acts)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_named_networks_have_the_published_complexity(name: str) -> None:
    """The closed form gives the published flops, params and acts to the last digit."""
    assert complexity(network(name)) == PUBLISHED[name]


ONE_OF_EACH_BLOCK = ["AnyNetX_A", "RegNetX_cifar", "RegNetY", "AnyNetR_A", "AnyNetV_A", "AnyNetVR_A"]
NDS = ["NDS_Vanilla", "NDS_ResNet", "NDS_ResNeXt-B"]


@pytest.mark.parametrize("space", [*ONE_OF_EACH_BLOCK, *NDS, "RegNetX_inverted", "RegNetX_swish"])
@pytest.mark.parametrize("resolution", [32, 37])
def test_closed_form_equals_the_built_module(space: str, resolution: int) -> None:
    """For 12 networks of each block and stem, odd resolutions included, the closed form is the module's own count."""
    population = sample(load_space(space), 12, flops="1M:60M", resolution=resolution, classes=7, seed=3)
    for net, row in zip(population, population.frame.itertuples(), strict=True):
        assert measured(net) == complexity(net) == Complexity(row.flops, row.params, row.acts)


def test_nds_resnet_56_has_its_published_complexity() -> None:
    """The basic block at 16, 32, 64 channels, nine blocks a stage, on 32×32."""
    net = Network((9, 9, 9), (16, 32, 64), (1, 1, 1), (16, 32, 64), Family("basic", "cifar", (1, 2, 2)), 32, 10)
    assert complexity(net) == Complexity(125_747_850, 855_770, 544_778)


def test_squeeze_and_excitation_is_a_quarter_of_the_block_input() -> None:
    """Half to even, as in the authors' code, and at least one channel."""
    from dsd.design.blocks import squeeze_excite

    assert [squeeze_excite(64, w_in).squeeze.w_out for w_in in (32, 10, 14, 1)] == [8, 2, 4, 1]
    assert squeeze_excite(64, 32).excite.w_out == 64


def test_an_inverted_bottleneck_is_counted_as_built() -> None:
    """b < 1 widens the 3×3 convolution; the counts stay whole numbers and equal the module's."""
    net = Network((2,), (16,), (0.25,), (8,), Family(strides=(2,)), 32, 10)
    assert measured(net) == complexity(net)


def test_complexity_of_a_population_is_that_of_each_network() -> None:
    """Arrays and single networks go through the same formula."""
    population = sample(load_space("AnyNetX_D"), 50)
    single = [complexity(net) for net in population]
    np.testing.assert_array_equal(population.complexity.flops, [c.flops for c in single])
    np.testing.assert_array_equal(population.complexity.acts, [c.acts for c in single])
