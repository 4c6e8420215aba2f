"""Oracles: the text of the paper (structure, initialisation); complexity has its own test in tests/design."""

import math

import pytest
import torch
from torch import nn

from dsd import Network, build, network
from dsd.architecture import Skeleton
from dsd.models.anynet import AnyBlock, AnyNet, initialise
from dsd.models.layers import Convolution

SMALL = Network((1, 2), (16, 32), (1, 2), (8, 4), Skeleton(stem="cifar", strides=(1, 2)), 32, 10)


def test_blocks_are_the_papers() -> None:
    """1×1, 3×3 with groups and the stride, 1×1; ReLU after all but the last; projection where the shape changes."""
    first, second = build(SMALL).stages
    projected, plain = second
    convs = [layer for layer in projected.transform.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.kernel_size[0], c.stride[0], c.groups) for c in convs] == [(1, 1, 1), (3, 2, 4), (1, 1, 1)]
    assert [type(layer) for layer in projected.transform[-1]] == [Convolution, nn.BatchNorm2d]
    assert [type(layer) for layer in projected.transform[0]] == [Convolution, nn.BatchNorm2d, nn.ReLU]
    assert isinstance(plain.shortcut, nn.Identity)
    assert projected.shortcut[0].stride == (2, 2)
    assert isinstance(first[0].shortcut, nn.Identity)  # stem and first stage both have 16 channels and no stride


def test_the_first_block_of_a_stage_halves_the_image() -> None:
    """Both stems: 224² becomes 7² before the head, 32² stays 32² in the first stage of the small-image networks."""
    big = build(network("RegNetX-200MF")).eval()
    with torch.inference_mode():
        assert big.stages(big.stem(torch.zeros(1, 3, 224, 224))).shape == (1, 368, 7, 7)
        small = build(SMALL).eval()
        assert small.stages[0](small.stem(torch.zeros(1, 3, 32, 32))).shape == (1, 16, 32, 32)


def test_a_block_adds_its_shortcut() -> None:
    """With a transform of zeros a plain block is relu(x)."""
    block = next(m for m in build(SMALL).modules() if isinstance(m, AnyBlock) and not hasattr(m.shortcut, "0"))
    nn.init.zeros_(block.transform[-1][1].weight)
    x = torch.randn(2, 16, 8, 8)
    torch.testing.assert_close(block.eval()(x), x.relu())


def test_initialisation_is_the_papers() -> None:
    """Convolutions He-normal by fan-out, batch norm 1 and 0, linear N(0, 0.01) with zero bias."""
    model = build(network("RegNetX-400MF"), torch.Generator().manual_seed(0))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 5000:
            std = math.sqrt(2 / (layer.kernel_size[0] ** 2 * layer.out_channels))
            assert abs(layer.weight.std().item() / std - 1) < 0.05
        elif isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert (layer.bias == 0).all()
            assert (layer.running_mean == 0).all()
            assert (layer.running_var == 1).all()
        elif isinstance(layer, nn.Linear):
            assert abs(layer.weight.std().item() / 0.01 - 1) < 0.02
            assert (layer.bias == 0).all()


def test_the_generator_decides_the_weights() -> None:
    """Same generator, same weights; another, others."""
    one, same, other = (build(SMALL, torch.Generator().manual_seed(s)).state_dict() for s in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["stem.0.0.weight"], other["stem.0.0.weight"])


def small(block: str, activation: str = "relu") -> Network:
    """A network of two stages, the second with stride 2 and two blocks."""
    ratios, groups = ((1, 2), (8, 4)) if block in ("X", "Y") else ((1, 1), (16, 32))
    return Network((1, 2), (16, 32), ratios, groups, Skeleton(block, "cifar", (1, 2), activation), 32, 10)


LAYERS = {  # (kernel, stride, groups) of the convolutions of the last stage's first block
    "Y": [(1, 1, 1), (3, 2, 4), (1, 1, 1), (1, 1, 1), (1, 1, 1)],
    "R": [(1, 1, 1), (3, 2, 1), (1, 1, 1)],
    "V": [(3, 2, 1)],
    "VR": [(3, 2, 1)],
    "vanilla": [(3, 2, 1), (3, 1, 1)],
    "basic": [(3, 2, 1), (3, 1, 1)],
}


@pytest.mark.parametrize("block", list(LAYERS))
def test_other_blocks_are_the_papers(block: str) -> None:
    """Their convolutions in order, with the stride on the first 3×3; V and vanilla have no shortcut; all train."""
    model = build(small(block))
    first, second = model.stages[1]
    convs = [layer for layer in first.transform.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.kernel_size[0], c.stride[0], c.groups) for c in convs] == LAYERS[block]
    assert (first.shortcut is None) == (block in ("V", "vanilla"))
    assert isinstance(second.shortcut, type(None) if block in ("V", "vanilla") else nn.Identity)
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_squeeze_and_excitation_scales_channels() -> None:
    """With a gate of zero weights every channel is halved: sigmoid(0) = 1/2; biases of the gate start at zero."""
    block = build(small("Y")).stages[1][1]
    gate = next(m for m in block.modules() if type(m).__name__ == "SqueezeExcitation")
    x = torch.randn(2, 16, 8, 8)
    assert all((layer.bias == 0).all() for layer in gate.modules() if isinstance(layer, nn.Conv2d))
    for parameter in gate.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(gate(x), x / 2)


def test_the_activation_is_the_familys() -> None:
    """Swish replaces every ReLU, in stem, branches, blocks and gates."""
    kinds = {type(m) for m in build(small("Y", "silu")).modules()}
    assert nn.SiLU in kinds
    assert nn.ReLU not in kinds


MBCONV = Network(
    depths=(1, 2),
    widths=(16, 24),
    bottleneck_ratios=(1, 1 / 6),
    group_widths=(1, 1),
    skeleton=Skeleton("mbconv", "simple", (1, 2), "silu", kernels=(3, 5), head_width=64),
    resolution=32,
    classes=10,
)


def test_mbconv_is_efficientnets() -> None:
    """[1×1 to 6 times the input, depthwise k×k, SE of a quarter of the input, 1×1]; nothing after the addition."""
    first, second = build(MBCONV).stages[1]
    convs = [layer for layer in first.transform.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0], c.groups) for c in convs] == [
        (16, 96, 1, 1, 1),
        (96, 96, 5, 2, 96),
        (96, 4, 1, 1, 1),
        (4, 96, 1, 1, 1),
        (96, 24, 1, 1, 1),
    ]
    assert first.shortcut is None  # stride 2: no shortcut, and no projection either
    assert isinstance(second.shortcut, nn.Identity)
    assert isinstance(first.activation, nn.Identity)
    assert isinstance(second.activation, nn.Identity)


def test_mbconv_with_ratio_1_does_not_expand() -> None:
    """The first stage of the EfficientNets has no first 1×1."""
    (block,) = build(MBCONV).stages[0]
    convs = [layer for layer in block.transform.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.groups) for c in convs] == [
        (32, 32, 32),
        (32, 8, 1),
        (8, 32, 1),
        (32, 16, 1),
    ]


def test_mbconv_adds_its_input_and_nothing_else() -> None:
    """With a transform of zeros a block that keeps its shape is the identity, negative values included."""
    block = build(MBCONV).stages[1][1].eval()
    nn.init.zeros_(block.transform[-1][1].weight)
    x = torch.randn(2, 24, 8, 8)
    torch.testing.assert_close(block(x), x)


def test_heads_may_have_a_convolution() -> None:
    """1×1, batch norm and activation before the pooling, as in the EfficientNets; all of it trains."""
    model = build(MBCONV)
    assert [type(layer) for layer in model.head[0]] == [Convolution, nn.BatchNorm2d, nn.SiLU]
    assert model.head[-1].in_features == 64
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_stem_of_resnets_is_theirs() -> None:
    """7×7 of stride 2 to 64 channels, batch norm, ReLU, and a 3×3 max-pool of stride 2: a quarter of the side."""
    stem = build(network("ResNet-50", classes=10)).stem.eval()
    conv, pool = stem[0][0], stem[1]
    assert (conv.kernel_size, conv.stride, conv.out_channels, conv.bias) == ((7, 7), (2, 2), 64, None)
    assert (pool.kernel_size, pool.stride, pool.padding) == (3, 2, 1)
    assert stem(torch.randn(1, 3, 65, 65)).shape == (1, 64, 17, 17)


def test_resnets_are_residual_bottlenecks_with_the_stride_on_the_3x3() -> None:
    """He et al. 2016, Fig. 5, in the authors' variant; ResNeXt's 3×3 has 32 groups."""
    for name, groups in (("ResNet-50", 1), ("ResNeXt-50", 32)):
        first = build(network(name, classes=10)).stages[1][0]
        convs = [layer for layer in first.transform.modules() if isinstance(layer, nn.Conv2d)]
        assert [(c.kernel_size[0], c.stride[0], c.groups) for c in convs] == [(1, 1, 1), (3, 2, groups), (1, 1, 1)]
        assert first.shortcut[0].stride == (2, 2)


def test_every_weight_is_initialised() -> None:
    """Whatever a model's memory held before, `initialise` leaves none of it."""
    for name in ("EfficientNet-B0", "ResNet-56"):
        model = AnyNet(network(name))
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                for parameter in layer.parameters():
                    nn.init.constant_(parameter, math.nan)
        initialise(model)
        assert not any(values.isnan().any() for values in model.state_dict().values())
