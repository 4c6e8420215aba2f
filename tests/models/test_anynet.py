"""Oracles: the text of the paper (structure, initialisation); complexity has its own test in tests/design."""

import math

import torch
from torch import nn

from dsd import Family, Network, build, network
from dsd.models.anynet import ResidualBlock

SMALL = Network((1, 2), (16, 32), (1, 2), (8, 4), Family(stem="cifar", strides=(1, 2)), 32, 10)


def test_blocks_are_the_papers() -> None:
    """1×1, 3×3 with groups and the stride, 1×1; ReLU after all but the last; projection where the shape changes."""
    first, second = build(SMALL).stages
    projected, plain = second
    convs = [layer for layer in projected.transform.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.kernel_size[0], c.stride[0], c.groups) for c in convs] == [(1, 1, 1), (3, 2, 4), (1, 1, 1)]
    assert [type(layer) for layer in projected.transform[-1]] == [nn.Conv2d, nn.BatchNorm2d]
    assert [type(layer) for layer in projected.transform[0]] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
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
    block = next(m for m in build(SMALL).modules() if isinstance(m, ResidualBlock) and not hasattr(m.shortcut, "0"))
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
    assert not torch.equal(one["stem.0.weight"], other["stem.0.weight"])
