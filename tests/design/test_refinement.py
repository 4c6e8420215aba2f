"""Spaces that refine each other, their remainders and shares. Oracle: enumeration of all settings of small spaces."""

from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from dsd import DsdError, load_space, sample
from dsd.architecture.complexities import count_complexity
from dsd.design.refinement import comparable, inside, remainder, why_not
from dsd.design.sampling.shares import share_inside
from dsd.design.space import Space
from dsd.design.window import Windows, parse_window

LARGE = """
family: AnyNet
summary: small, with unequal probabilities
block: X
stem: cifar
strides: [1, 2]
resolution: 8
classes: 10
flops: ":"
depth: {distribution: values, values: [1, 2, 3], weights: [3, 2, 1]}
width: {distribution: values, values: [8, 16, 24], weights: [1, 2, 4]}
bottleneck_ratio: [1, 2]
group_width: [4, 8]
"""
RESTRICTIONS = {
    "order": "width: {across_stages: nondecreasing}",
    "decreasing": "depth: {across_stages: nonincreasing}",
    "equal": "bottleneck_ratio: {across_stages: equal}",
    "range": "width: {distribution: values, values: [8, 24], weights: [1, 4]}",
    "equal_values": "depth: {distribution: values, values: [1, 2, 3], weights: [9, 4, 1], across_stages: equal}",
    "constraint": "constraints: [d1 + d2 <= 4]",
    "several": "depth: {across_stages: nondecreasing}\nconstraints: [w1 <= w2]\ngroup_width: {across_stages: equal}",
}
NO_RESTRICTIONS = {
    "weights": ("width: {distribution: values, values: [8, 24]}", "width is not distributed"),
    "equal_law": ("depth: {across_stages: equal}", "depth is not distributed"),
    "value": ("depth: [1, 2, 3, 4]", "depth is not distributed"),
    "rule": ("width_rule: reject", "width_rule is adjust"),
}
Setting = tuple[float, ...]


@pytest.fixture
def large(tmp_path: Path) -> Space:
    """A space of two stages with 1,296 settings of unequal probability."""
    (tmp_path / "large.yaml").write_text(LARGE)
    return load_space(tmp_path / "large.yaml")


def extending(large: Path, name: str, text: str) -> Space:
    """The space of a file that extends the large one."""
    (large / f"{name}.yaml").write_text(f"extends: large\n{text}\n")
    return load_space(large / f"{name}.yaml")


ORDERS = {"free": lambda a, b: True, "equal": lambda a, b: a == b, "nondecreasing": lambda a, b: a <= b}
ORDERS["nonincreasing"] = lambda a, b: a >= b


def probabilities(space: Space) -> dict[Setting, float]:
    """The probability of each setting (d1, d2, w1, …): independent values, given their order and constraints."""
    tables = []
    for parameter in space.parameters.values():
        value = dict(zip(parameter.distribution.values.tolist(), parameter.distribution.probabilities, strict=True))
        pairs = {
            (a, b): value[a] * (1.0 if parameter.across_stages == "equal" else value[b])
            for a, b in product(value, value)
            if ORDERS[parameter.across_stages](a, b)
        }
        total = sum(pairs.values())
        tables.append({pair: mass / total for pair, mass in pairs.items()})
    texts = {rule.text for rule in space.info.constraints}
    masses: dict[Setting, float] = {}
    for choice in product(*(table.items() for table in tables)):
        setting = tuple(value for pair, _ in choice for value in pair)
        d1, d2, w1, w2 = setting[:4]
        if ("d1 + d2 <= 4" in texts and d1 + d2 > 4) or ("w1 <= w2" in texts and w1 > w2):
            continue
        masses[setting] = float(np.prod([mass for _, mass in choice]))
    total = sum(masses.values())
    return {setting: mass / total for setting, mass in masses.items()}


def as_columns(space: Space, settings: list[Setting]) -> dict[str, np.ndarray]:
    """Settings as the columns of a draw."""
    table = np.array(settings, float)
    return {name: table[:, 2 * i : 2 * i + 2] for i, name in enumerate(space.parameters)}


@pytest.mark.parametrize("name", list(RESTRICTIONS))
def test_the_larger_space_is_a_mixture(name: str, large: Space, tmp_path: Path) -> None:
    """The larger space given that a setting lies in S has the probabilities of S: exactly, setting by setting."""
    small = extending(tmp_path, name, RESTRICTIONS[name])
    assert why_not(large, small) == ""
    everything, part = probabilities(large), probabilities(small)
    within = inside(large, small, as_columns(large, list(everything)))
    members = {setting for setting, is_in in zip(everything, within, strict=True) if is_in}
    assert members == set(part)
    p = sum(everything[setting] for setting in members)
    assert 0 < p < 1
    for setting, mass in part.items():
        assert mass == pytest.approx(everything[setting] / p, rel=1e-9)


@pytest.mark.parametrize("name", list(RESTRICTIONS))
def test_a_remainder_is_drawn_exactly(name: str, large: Space, tmp_path: Path) -> None:
    """Settings of 200,000 proposals outside of S have the probabilities of the larger space given that; chi-square."""
    small = extending(tmp_path, name, RESTRICTIONS[name])
    rest = remainder(large, small)
    proposals = rest.propose(np.random.default_rng(5), 200_000)
    drawn = np.concatenate([proposals.settings[key][proposals.rows] for key in large.parameters], axis=1)
    counts = Counter(map(tuple, drawn.tolist()))
    within = probabilities(small)
    outside = {s: mass for s, mass in probabilities(large).items() if s not in within}
    assert set(counts) <= set(outside)
    assert rest.size == len(outside)
    expected = {s: mass / sum(outside.values()) * len(drawn) for s, mass in outside.items()}
    squares = sum((counts[s] - n) ** 2 / n for s, n in expected.items())
    k = len(outside) - 1
    assert abs(squares - k) < 5 * np.sqrt(2 * k)


@pytest.mark.parametrize("name", list(NO_RESTRICTIONS))
def test_other_distributions_are_told_apart(name: str, large: Space, tmp_path: Path) -> None:
    """A subset of the settings with another distribution is no refinement; the reason names the parameter."""
    text, reason = NO_RESTRICTIONS[name]
    assert reason in why_not(large, extending(tmp_path, name, text))


def test_shipped_spaces() -> None:
    """The ladder of the paper refines step by step and not backwards; other families are not comparable."""
    ladder = [load_space(f"AnyNetX_{letter}") for letter in "ABCDE"]
    assert [why_not(a, b) for i, a in enumerate(ladder) for b in ladder[i + 1 :]] == [""] * 10
    assert all(why_not(b, a) for a, b in pairwise(ladder))
    assert not comparable(ladder[-1], load_space("RegNetX"))
    assert why_not(load_space("RegNetX"), load_space("RegNetX_w_m_2")) == ""
    assert why_not(load_space("RegNetX"), load_space("RegNetX_w_0_w_a")).startswith("w_0 is not distributed")


@pytest.mark.parametrize(("a", "b"), ["AB", "BC", "CD", "DE"])
def test_shares_of_the_small_ladder(a: str, b: str) -> None:
    """The share of each step equals one that is counted from plain draws, within five standard errors of both."""
    larger, smaller = (load_space(f"AnyNetX_{letter}_cifar") for letter in (a, b))
    step = share_inside(larger, smaller, Windows(parse_window("1M:2M")), seed=1, draws=10_000)
    rng, found, within = np.random.default_rng(7), 0, 0
    while found < 10_000:
        draw = larger.propose(rng, 2**16)
        flops = count_complexity(draw.networks.whole(larger.ratio_type)).flops
        rows = draw.rows[(flops >= 1e6) & (flops <= 2e6)]
        ratio, group, width, depth = (
            draw.settings[name][rows] for name in ("bottleneck_ratio", "group_width", "width", "depth")
        )
        holds = {
            "B": (ratio == ratio[:, :1]).all(axis=1),
            "C": (group == group[:, :1]).all(axis=1),
            "D": (np.diff(width) >= 0).all(axis=1),
            "E": (np.diff(depth) >= 0).all(axis=1),
        }
        found, within = found + len(rows), within + int(holds[b].sum())
    p = within / found
    assert abs(step.share - p) < 5 * np.hypot(step.error, np.sqrt(p * (1 - p) / found))
    assert step.saving == pytest.approx(1 / (1 - step.share) ** 2)
    assert step.draws >= 10_000


def test_a_remainder_is_drawn_in_blocks() -> None:
    """100 networks of a remainder are the first of 200, by one process or two, and none has a setting in S."""
    larger, smaller = load_space("AnyNetX_C_cifar"), load_space("AnyNetX_D_cifar")
    rest = remainder(larger, smaller)
    few, many = (sample(rest, n, flops="1M:2M", seed=3) for n in (100, 200))
    assert few.networks.keys() == many.networks.keys()[:100]
    assert sample(rest, 100, flops="1M:2M", seed=3, workers=2).networks.keys() == few.networks.keys()
    drawn = few.frame[[column for column in few.frame if column.startswith("sampled_w")]].to_numpy()
    assert (np.diff(drawn, axis=1) < 0).any(axis=1).all()
    assert few.space == "AnyNetX_C_cifar without AnyNetX_D_cifar"


def test_a_window_too_rare() -> None:
    """A window with too few proposals inside is refused in one line."""
    larger, smaller = load_space("AnyNetX_A"), load_space("AnyNetX_B")
    with pytest.raises(DsdError, match=r"only .* proposals fall inside flops 50G:51G; .*design=independent"):
        share_inside(larger, smaller, Windows(parse_window("50G:51G")), 0, most=2**17)


def test_strata_save_what_the_plan_says() -> None:
    """The step C → D in depth and acts at 1–2 MF, from strata and from both spaces, agrees; the variance falls.

    Populations of 2,000 networks stand for the spaces; the ratio of variances is that of the formulas, and as large as
    the saving as far as the deviations of the rest and of C agree.
    """
    larger, smaller = load_space("AnyNetX_C_cifar"), load_space("AnyNetX_D_cifar")
    step = share_inside(larger, smaller, Windows(parse_window("1M:2M")), seed=2)
    both, small, rest = (
        sample(space, 2_000, flops="1M:2M", seed=seed).frame
        for seed, space in enumerate((larger, smaller, remainder(larger, smaller)))
    )
    n, repeats, rng = 30, 10_000, np.random.default_rng(3)
    for name in ("depth", "acts", "params"):
        of_both, of_small, of_rest = (np.log(frame[name].to_numpy(float)) for frame in (both, small, rest))
        free, nested = of_small.mean() - of_both.mean(), (1 - step.share) * (of_small.mean() - of_rest.mean())
        # two independent estimates of one number; D is in both, so its error enters with the difference of its weights
        error = np.sqrt(
            of_both.var() / 2_000
            + (1 - step.share) ** 2 * of_rest.var() / 2_000
            + step.share**2 * of_small.var() / 2_000
        )
        assert abs(free - nested) < 4 * error + 4 * step.error * abs(of_small.mean() - of_rest.mean())
        draws = [rng.choice(values, (repeats, n)).mean(axis=1) for values in (of_both, of_small, of_small, of_rest)]
        independent, saved = draws[1] - draws[0], (1 - step.share) * (draws[2] - draws[3])
        expected = (of_both.var() + of_small.var()) / (of_rest.var() + of_small.var()) * step.saving
        assert independent.var() / saved.var() == pytest.approx(expected, rel=4 * np.sqrt(4 / repeats))
        assert expected == pytest.approx(step.saving, rel=0.25)
