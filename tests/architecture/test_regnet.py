"""Oracle: the equations of the paper, one block at a time in plain Python, and published stages."""

import math

import numpy as np
import pytest

from dsd import load_space, network
from dsd.architecture.catalogue.published_networks import regnet
from dsd.architecture.quantized_linear import Quantized, generate, quantized
from dsd.architecture.width_rule import adjust

PUBLISHED = {  # [DDS] Fig. 15: d, w_0, w_a, w_m, g; depths and widths of the stages
    "200MF": ((13, 24, 36.44, 2.49, 8), (1, 1, 4, 7), (24, 56, 152, 368)),
    "400MF": ((22, 24, 24.48, 2.54, 16), (1, 2, 7, 12), (32, 64, 160, 384)),
    "600MF": ((16, 48, 36.97, 2.24, 24), (1, 3, 5, 7), (48, 96, 240, 528)),
    "800MF": ((16, 56, 35.73, 2.28, 16), (1, 3, 7, 5), (64, 128, 288, 672)),
    "1.6GF": ((18, 80, 34.01, 2.25, 24), (2, 4, 10, 2), (72, 168, 408, 912)),
    "3.2GF": ((25, 88, 26.31, 2.25, 48), (2, 6, 15, 2), (96, 192, 432, 1008)),
    "4.0GF": ((23, 96, 38.65, 2.43, 40), (2, 5, 14, 2), (80, 240, 560, 1360)),
    "6.4GF": ((17, 184, 60.83, 2.07, 56), (2, 4, 10, 1), (168, 392, 784, 1624)),
    "8.0GF": ((23, 80, 49.56, 2.88, 120), (2, 5, 15, 1), (80, 240, 720, 1920)),
    "12GF": ((19, 168, 73.36, 2.37, 112), (2, 5, 11, 1), (224, 448, 896, 2240)),
    "16GF": ((22, 216, 55.59, 2.1, 128), (2, 6, 13, 1), (256, 512, 896, 2048)),
    "32GF": ((23, 320, 69.86, 2.0, 168), (2, 7, 13, 1), (336, 672, 1344, 2520)),
}


def stages_by_hand(w_0: float, w_a: float, w_m: float, d: int) -> tuple[list[int], list[int], int]:
    """Widths and depths of the stages, and the number of levels (Eq. 2-4 with rounding to 8)."""
    levels = [round(math.log((w_0 + w_a * j) / w_0) / math.log(w_m)) for j in range(d)]
    widths = [8 * round(w_0 * w_m**level / 8) for level in levels]
    distinct = sorted(set(widths))
    return distinct, [widths.count(w) for w in distinct], max(levels) + 1


def test_generate_agrees_with_the_equations() -> None:
    """Of 20,000 draws exactly those with as many widths as levels, and four of them, are kept, with these stages."""
    rng = np.random.default_rng(0)
    n = 20_000
    space = load_space("RegNetX")
    d, w_0, w_a, w_m = (space.parameters[name].draw(rng, n) for name in ("depth", "w_0", "w_a", "w_m"))
    found = generate(w_0, w_a, w_m, d, 4)
    expected = {}
    for row in range(n):
        line = float(w_0[row]), float(w_a[row]), float(w_m[row]), int(d[row])
        widths, depths, levels = stages_by_hand(*line)
        assert quantized(*line) == Quantized(widths, depths, levels)
        if len(widths) == levels == 4:
            expected[row] = (tuple(widths), tuple(depths))
    rows = zip(found.rows.tolist(), found.widths.tolist(), found.depths.tolist(), strict=True)
    assert {row: (tuple(w), tuple(depth)) for row, w, depth in rows} == expected
    assert 0.1 < len(expected) / n < 0.2  # about 14 % of draws have four stages


@pytest.mark.parametrize("regime", list(PUBLISHED))
def test_published_parameters_give_the_published_stages(regime: str) -> None:
    """Depths and widths of RegNetX-200MF to 32GF are those printed in the paper, by hand and by `generate`."""
    (d, w_0, w_a, w_m, g), depths, widths = PUBLISHED[regime]
    net = regnet(d, w_0, w_a, w_m, 1, g)
    assert (net.depths, net.widths) == (depths, widths)
    by_hand, counts, levels = stages_by_hand(w_0, w_a, w_m, d)
    realised = adjust(np.array(by_hand), np.ones(4, int), np.full(4, g))[0]
    assert (tuple(counts), tuple(realised.tolist()), levels) == (depths, widths, 4)


@pytest.mark.parametrize("name", ["RegNetX-200MF", "RegNetX-400MF"])
def test_named_networks_have_the_published_stages(name: str) -> None:
    """A name stands for the published parameters."""
    net = network(name)
    assert (net.depths, net.widths) == PUBLISHED[name.removeprefix("RegNetX-")][1:]


@pytest.mark.parametrize(
    ("w", "b", "g", "expected"),
    [
        (24, 1, 16, (32, 16)),  # 24/16 = 1.5 rounds to the even 2
        (40, 1, 16, (32, 16)),  # 2.5 rounds to the even 2
        (16, 4, 8, (16, 4)),  # g is cut to the bottleneck width 4
        (8, 1, 32, (8, 8)),
        (1000, 4, 32, (1024, 32)),
    ],
)
def test_the_width_rule(w: int, b: int, g: int, expected: tuple[int, int]) -> None:
    """Hand-computed cases of the authors' rule: clip g, round v/g half to even."""
    widths, groups = adjust(np.array([w]), np.array([b]), np.array([g]))
    assert (widths[0], groups[0]) == expected


def test_the_width_rule_changes_widths_by_at_most_a_third() -> None:
    """Over every width, ratio and group width of AnyNetX the realised width is within 1/3 and divides."""
    w, b, g = (a.ravel() for a in np.meshgrid(np.arange(8, 1025, 8), [1, 2, 4], 2 ** np.arange(6)))
    widths, groups = adjust(w, b, g)
    assert (np.abs(widths - w) <= w / 3 + 1e-9).all()
    assert ((widths // b) % groups == 0).all()
    assert (widths % b == 0).all()
