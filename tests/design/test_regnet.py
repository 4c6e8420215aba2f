"""Oracle: the equations of the paper, one block at a time in plain Python, and published stages."""

import math

import numpy as np
import pytest

from dsd import load_space, network
from dsd.design.compatibility import adjust
from dsd.design.regnet import generate

STAGES = {  # [DDS] Fig. 15
    "RegNetX-200MF": ((1, 1, 4, 7), (24, 56, 152, 368)),
    "RegNetX-400MF": ((1, 2, 7, 12), (32, 64, 160, 384)),
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
        widths, depths, levels = stages_by_hand(float(w_0[row]), float(w_a[row]), float(w_m[row]), int(d[row]))
        if len(widths) == levels == 4:
            expected[row] = (tuple(widths), tuple(depths))
    rows = zip(found.rows.tolist(), found.widths.tolist(), found.depths.tolist(), strict=True)
    assert {row: (tuple(w), tuple(depth)) for row, w, depth in rows} == expected
    assert 0.1 < len(expected) / n < 0.2  # about 14 % of draws have four stages


@pytest.mark.parametrize("name", list(STAGES))
def test_named_networks_have_the_published_stages(name: str) -> None:
    """Depths and widths are those printed in the paper."""
    net = network(name)
    assert (net.depths, net.widths) == STAGES[name]


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
