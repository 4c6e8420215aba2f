"""Oracles: published values, hooks on every layer of the built module, and torch's FlopCounterMode."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dsd import DsdError, Network, complexity, load_space, network, sample
from dsd.architecture.blocks import BLOCKS
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.catalogue.published_values import DIFFERENCES, PUBLISHED, differing, meets
from dsd.architecture.complexities import MEASURES, UNITS, Complexity, flops_bound
from dsd.architecture.networks import Networks
from dsd.architecture.skeleton import Skeleton
from dsd.architecture.stems import STEMS
from dsd.design.file import space_from_spec
from dsd.models.anynet import AnyNet

ANCHORS = {  # to the last digit, as the authors' code counts
    "RegNetX-200MF": Complexity(199_040_872, 2_684_792, 2_164_056),
    "RegNetX-400MF": Complexity(397_678_568, 5_157_512, 3_143_272),
    "ResNet-56": Complexity(125_747_850, 855_770, 544_778),
}


def on(device: str, net: Network) -> tuple[AnyNet, torch.Tensor]:
    """Model and images; `meta` has shapes without arithmetic, which is faster for large networks only."""
    with torch.device(device):
        return AnyNet(net).eval(), torch.zeros(1, 3, net.resolution, net.resolution)


def measured(net: Network, device: str = "meta") -> tuple[Complexity, int]:
    """Complexity of the built module: parameters by numel, the rest by hooks on convolutions and linear layers.

    And how many of the flops are biases.
    """
    (model, images), flops, acts, biases = on(device, net), 0, 0, 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal flops, acts, biases
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        flops += output.numel() * layer.weight[0].numel()
        biases += output.numel() if layer.bias is not None else 0
        acts += output.numel()

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        model(images)
    return Complexity(flops + biases, sum(p.numel() for p in model.parameters()), acts), biases


def counted_by_torch(net: Network) -> int:
    """What torch's own counter says: two for a multiply-add, nothing for a bias."""
    model, images = on("meta", net)
    with FlopCounterMode(display=False) as counter:
        model(images)
    return int(counter.get_total_flops())


@pytest.mark.parametrize("name", list(ANCHORS))
def test_named_networks_have_the_published_complexity(name: str) -> None:
    """The closed form gives flops, params and acts to the last digit."""
    assert complexity(network(name)) == ANCHORS[name]


@pytest.mark.parametrize("name", list(NAMED))
def test_every_named_network_is_counted_as_built(name: str) -> None:
    """Closed form, hooks on the module, and torch's own counter through its known difference."""
    net = network(name)
    found, biases = measured(net)
    assert complexity(net) == found
    assert counted_by_torch(net) == 2 * (found.flops - biases)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_published_values_are_met_or_explained(name: str) -> None:
    """Each printed flops, params and acts is our count, rounded, or says why it is not."""
    assert all(reason for reason in differing(name, complexity(network(name))).values())


def test_no_difference_is_explained_that_is_none() -> None:
    """Explanations belong to values that differ; every named network is among the published."""
    differences = {(name, measure) for name in PUBLISHED for measure in differing(name, complexity(network(name)))}
    assert differences == set(DIFFERENCES)
    assert set(PUBLISHED) == set(NAMED)


def test_a_difference_would_be_found() -> None:
    """One more in the last printed digit is a difference."""
    assert set(differing("RegNetX-400MF", Complexity(450_000_001, 5_250_001, 3_150_001))) == set(UNITS)
    assert not meets("5.2", 5.2501)
    assert meets("5.2", 5.2499)


def random_networks(block: str, stem: str, n: int, rng: np.random.Generator) -> Networks:
    """n networks of one random family: 1 to 3 stages, kernels from 1 to 7, odd resolutions, any widths that go."""
    s = int(rng.integers(1, 4))
    family = Skeleton(
        *(block, stem, tuple(rng.integers(1, 4, s).tolist()), rng.choice(["relu", "silu"])),
        kernels=tuple(rng.choice([1, 3, 5, 7], s).tolist()),
        stem_width=int(rng.integers(1, 6)) * 4,
        head_width=int(rng.choice([0, 40])),
    )
    kind = BLOCKS[block]
    ratios = rng.choice([1, 2, 4, 1 / 2, 1 / 4], (n, s)) if kind.bottleneck else np.ones((n, s))
    ratios = rng.choice([1, 1 / 3, 1 / 6], (n, s)) if kind.groups == "depthwise" else ratios
    widths, groups = kind.realised(4 * rng.integers(1, 30, (n, s)), ratios, 2 ** rng.integers(0, 5, (n, s)))
    least = family.least_resolution
    resolution = rng.integers(least, least + 30, n)
    return Networks(rng.integers(1, 4, (n, s)), widths, ratios, groups, resolution, int(rng.integers(2, 50)), family)


@pytest.mark.parametrize("stem", list(STEMS))
@pytest.mark.parametrize("block", list(BLOCKS))
def test_200_random_networks_are_counted_as_built(block: str, stem: str) -> None:
    """Of each block and stem, together and one by one: flops, params and acts are the module's own."""
    rng = np.random.default_rng([list(BLOCKS).index(block), list(STEMS).index(stem)])
    for _ in range(10):
        networks = random_networks(block, stem, 20, rng)
        together = complexity(networks)
        assert flops_bound(networks) >= together.flops.max()
        for row, net in enumerate(networks):
            found, biases = measured(net, "cpu")
            assert complexity(net) == found
            assert [getattr(together, name)[row] for name in UNITS] == [found.flops, found.params, found.acts]
        assert counted_by_torch(net) == 2 * (found.flops - biases)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("conv_flops", lambda conv, side: conv.kernel**2 * side**2 * conv.w_in * conv.w_out),  # groups forgotten
        ("conv_params", lambda conv, side: conv.kernel**2 * conv.fan_in * conv.w_out),  # batch norm forgotten
        ("conv_acts", lambda conv, side: (side + 1) ** 2 * conv.w_out),  # a pixel too many
    ],
)
def test_the_comparison_with_the_module_can_fail(place: str, wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed form that is wrong in one place is found out."""
    net = network("RegNetY-200MF", resolution=64)
    found, _ = measured(net)
    assert complexity(net) == found
    monkeypatch.setitem(MEASURES, place.removeprefix("conv_"), wrong)
    assert complexity(net) != found


ONE_OF_EACH_BLOCK = ["AnyNetX_A", "RegNetX_cifar", "RegNetY", "AnyNetR_A", "AnyNetV_A", "AnyNetVR_A"]
NDS = ["NDS_Vanilla", "NDS_ResNet", "NDS_ResNeXt-B"]


@pytest.mark.parametrize("space", [*ONE_OF_EACH_BLOCK, *NDS, "RegNetX_inverted", "RegNetX_swish"])
@pytest.mark.parametrize("resolution", [32, 37])
def test_closed_form_equals_the_built_module(space: str, resolution: int) -> None:
    """For 12 networks of each block and stem, odd resolutions included, the closed form is the module's own count."""
    population = sample(load_space(space), 12, flops="1M:60M", resolution=resolution, classes=7, seed=3)
    for net, row in zip(population, population.frame.itertuples(), strict=True):
        assert measured(net)[0] == complexity(net) == Complexity(row.flops, row.params, row.acts)


def test_squeeze_and_excitation_is_a_quarter_of_the_block_input() -> None:
    """Half to even, as in the authors' code, and at least one channel."""
    from dsd.architecture.blocks.bottleneck import squeeze_excite

    assert [squeeze_excite(64, w_in).squeeze.w_out for w_in in (32, 10, 14, 1)] == [8, 2, 4, 1]
    assert squeeze_excite(64, 32).excite.w_out == 64


def test_an_inverted_bottleneck_is_counted_as_built() -> None:
    """b < 1 widens the 3×3 convolution; the counts stay whole numbers and equal the module's."""
    net = Network((2,), (16,), (0.25,), (8,), Skeleton(strides=(2,)), 32, 10)
    assert measured(net)[0] == complexity(net)


def test_complexity_of_a_population_is_that_of_each_network() -> None:
    """Arrays and single networks go through the same formula."""
    population = sample(load_space("AnyNetX_D"), 50)
    single = [complexity(net) for net in population]
    np.testing.assert_array_equal(population.complexity.flops, [c.flops for c in single])
    np.testing.assert_array_equal(population.complexity.acts, [c.acts for c in single])


def test_complexity_for_another_resolution_or_classes() -> None:
    """A population at another resolution is each of its networks at that resolution."""
    population = sample(load_space("AnyNetX_A"), 20)
    found = complexity(population.networks.for_task(resolution=161, classes=11))
    single = [complexity(net.for_task(161, 11)) for net in population]
    np.testing.assert_array_equal(found.flops, [c.flops for c in single])
    np.testing.assert_array_equal(found.params, [c.params for c in single])


@pytest.mark.parametrize("side", [np.int64(160), 160.0])
def test_numbers_of_other_types_are_numbers(side) -> None:
    """A resolution out of an array is the same as a plain one, and makes the same network."""
    net = network("ResNet-50", resolution=side)
    assert complexity(net) == complexity(network("ResNet-50", resolution=160))
    assert net == network("ResNet-50", resolution=160)
    assert net.key == network("ResNet-50", resolution=160).key


def test_wide_kernels_and_heads_do_not_overflow_unnoticed() -> None:
    """Flops that do not fit in 64 bits are refused; where they do, counts of arrays are those of Python's integers."""
    large = {**load_space("AnyNetX_A").info.spec, "resolution": 100_000, "flops": ":", "classes": 100_000}
    for change in ({"head_width": 1_000_000}, {"stem_width": 1_000_000}):
        population = sample(space_from_spec("wide", {**large, **change}), 5)
        assert population.complexity.flops.tolist() == [complexity(net).flops for net in population]
    with pytest.raises(DsdError, match=r"has networks of 8\.0e\+18 flops; give windows below"):
        sample(space_from_spec("wide", {**large, "kernels": [999] * 4}), 5)
