"""Settings of a network, and networks of a space. Oracle: spaces small enough to realise every setting."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dsd import load_space
from dsd.design.sampling import count as counting
from dsd.design.sampling.count import distinct
from dsd.design.space import Space

SMALL = """
summary: small
family: AnyNet
strides: [2, 2, 2]
resolution: 32
depth: {distribution: uniform, low: 1, high: 2, step: 1}
width: {distribution: uniform, low: 8, high: 48, step: 8}
bottleneck_ratio: [1, 2]
group_width: {distribution: powers_of_two, low: 8, high: 32}
"""
LINE = """
summary: small
family: RegNet
strides: [2, 2, 2]
resolution: 32
depth: {distribution: uniform, low: 3, high: 9, step: 1}
w_0: {distribution: uniform, low: 8, high: 40, step: 8}
w_a: {distribution: uniform, low: 8, high: 40, step: 0.5}
w_m: {distribution: uniform, low: 1.5, high: 3, step: 0.1}
bottleneck_ratio: [1, 2]
group_width: {distribution: powers_of_two, low: 8, high: 32}
"""
SHARED = "bottleneck_ratio: {across_stages: equal}\ngroup_width: {across_stages: equal}\n"
COUNTED = "bottleneck_ratio: {across_stages: equal}\ngroup_width: null\n"
FILES = {
    "shared": f"{SHARED}",
    "ordered": f"{SHARED}width: {{across_stages: nondecreasing}}\ndepth: {{across_stages: nonincreasing}}\n",
    "one width": "width: {across_stages: equal}\nstrides: [2, 2]\n",
    "free": "strides: [2, 2]\n",
    "ordered groups": "group_width: {across_stages: nondecreasing}\nwidth: {across_stages: nonincreasing}\n",
    "reject": f"{SHARED}width_rule: reject\n",
    "inverted": "bottleneck_ratio: [0.25, 0.5, 1]\ngroup_width: {across_stages: equal}\nstrides: [2, 2]\n",
    "counted groups": f"{COUNTED}groups: {{distribution: values, values: [1, 3, 4], across_stages: equal}}\n",
    "counted groups, reject": f"{COUNTED}groups: [1, 3, 4]\nwidth_rule: reject\nstrides: [2, 2]\n",
    "no groups": "block: R\ngroup_width: null\n",
    "no bottleneck": "block: VR\ngroup_width: null\nbottleneck_ratio: null\n",
    "constrained depths": f"{SHARED}constraints: [d1 + d2 + d3 <= 4]\n",
    "constrained widths": f"{SHARED}constraints: [w1 + w2 <= w3, 2*g1 <= w1]\n",
}
LINES = {
    "regnet": "",
    "regnet, w_a = w_0": "w_a: w_0\n",
    "regnet, reject": "width_rule: reject\n",
    "regnet, constrained": "constraints: [w_0 + 4 <= w_a, depth <= w_0, g <= 16]\n",
    "regnet, R": "block: R\ngroup_width: null\n",
    "regnet, two stages": "strides: [2, 2]\n",
}


def spaces(folder: Path, base: str, texts: dict[str, str], name: str) -> Space:
    """The space of a file over a base."""
    (folder / "base.yaml").write_text(base)
    (folder / "small.yaml").write_text(f"extends: base\n{texts[name]}")
    return load_space(folder / "small.yaml")


def realised(space: Space) -> Counter:
    """How many settings are realised as each network, by realising all of them."""
    tables = {name: p.every() for name, p in space.parameters.items() if not p.same_as}
    grid = np.indices([len(table) for table in tables.values()]).reshape(len(tables), -1)
    settings = space.with_shared({name: t[rows] for (name, t), rows in zip(tables.items(), grid, strict=True)})
    rows = np.arange(grid.shape[1])
    if space.info.constraints:
        rows = rows[space.allowed(settings)]
    assert space.size == len(rows)
    networks, _ = space.realise(settings, rows)
    return Counter(networks.whole(space.ratio_type))


@pytest.mark.parametrize("name", [*FILES, *LINES])
def test_count_is_the_number_of_settings(name: str, tmp_path: Path) -> None:
    """For 60 networks of each small space, count is what enumeration finds; what it never finds counts 0."""
    base, texts = (SMALL, FILES) if name in FILES else (LINE, LINES)
    space = spaces(tmp_path, base, texts, name)
    table = realised(space)
    for net in list(table)[:: max(1, len(table) // 60)]:
        assert space.count(net) == table[net]
    (tmp_path / "wide").mkdir()
    wider = base.replace("high: 48", "high: 56").replace("low: 3, high: 9", "low: 3, high: 10")
    proposals = spaces(tmp_path / "wide", wider, texts, name).equally_likely.propose(np.random.default_rng(0), 500)
    others = list(proposals.networks.whole(space.ratio_type))
    assert [space.contains(net) for net in others] == [net in table for net in others]


@pytest.mark.parametrize("name", ["shared", "ordered", "constrained widths", "inverted", "regnet", "regnet, w_a = w_0"])
def test_the_estimate_of_distinct_networks_is_near_the_count(name: str, tmp_path: Path, monkeypatch) -> None:
    """Counted by realising every setting; the estimate lies within four of its standard errors, which are small."""
    base, texts = (SMALL, FILES) if name in FILES else (LINE, LINES)
    space = spaces(tmp_path, base, texts, name)
    counted = distinct(space)
    assert (counted.networks, counted.error) == (len(realised(space)), 0)
    monkeypatch.setattr(counting, "COUNTABLE", 0)
    estimated = distinct(space)
    assert 0 < estimated.error < 0.1 * counted.networks
    assert abs(estimated.networks - counted.networks) < 4 * estimated.error


def test_distinct_networks_of_a_free_space_multiply() -> None:
    """AnyNetX_A's stages are independent: the estimate agrees with (different stages)⁴."""
    from dsd.architecture.width_rule import adjust

    w, b, g = (a.ravel() for a in np.meshgrid(np.arange(8, 1025, 8.0), [1.0, 2.0, 4.0], 2.0 ** np.arange(6)))
    stages = len(set(zip(*(a.tolist() for a in (*adjust(w, b, g), b)), strict=True))) * 16
    found = distinct(load_space("AnyNetX_A"))
    assert abs(found.networks - stages**4) < 4 * found.error
