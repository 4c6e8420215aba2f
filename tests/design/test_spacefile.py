"""A user's own space file: what it may say, and how it is refused."""

from itertools import pairwise
from pathlib import Path

import pytest

from dsd import DsdError, load_space, sample

ERRORS = {
    "extends: AnyNetX_A\nwidths: {high: 512}": r"mine.yaml: widths is not a key; choose one of: .*width",
    "extends: AnyNetX_A\nwidth: {higth: 512}": r"mine.yaml: width.higth is not a key; choose one of: across_stages",
    "extends: AnyNetX_A\nwidth: {high: 1020}": r"width.high = 1020 is not a multiple of width.step = 8",
    "extends: AnyNetX_A\nwidth: {low: 64, high: 32}": r"width: low = 64 and high = 32",
    "extends: AnyNetX_A\nwidth: {low: many}": r"mine.yaml: width.low: .*many",
    "extends: AnyNetX_A\nwidth: {distribution: normal}": (
        r"width.distribution = normal is not known; choose one of: log_spaced, log_un"
    ),
    "extends: AnyNetX_A\nwidth: {across_stages: up}": r"across_stages = up is not known; choose one of: equal, free",
    "extends: AnyNetX_A\ngroup_width: {high: 24}": r"group_width.high = 24 is not a power of two",
    "extends: AnyNetX_A\nblock: Q": r"mine.yaml: block = Q is not known; choose one of: R, V",
    "extends: AnyNetX_A\nflops: 4M:3M": r"mine.yaml: flops: '4M:3M' is reversed",
    "extends: AnyNetX_A\ndepth: {low: 0.5, step: 0.5}": r"depth: values from 0.5 to 16 must be whole numbers",
    "extends: AnyNetX_A\nbottleneck_ratio: {distribution: uniform, low: 1.5, high: 3, step: 0.5}": (
        r"_ratio: .* must be"
    ),
    "extends: RegNetX\nw_m: {low: 1}": r"w_m: values from 1 to 3 must be above 1",
    "extends: AnyNetX_A\nwidth: {high: .inf}": r"width.high = inf: give a finite number",
    "extends: AnyNetX_A\nwidth: {step: .nan}": r"width.step = nan",
    "extends: AnyNetX_A\nwidth: {high: 1.0e+12}": r"width: low = 8 and high = 1e\+12",
    "extends: AnyNetX_A\nresolution: 60000000": r"resolution = 60000000: give a whole number from 1 to 100,000",
    "extends: AnyNetX_A\nwidth: {distribution: values, values: [8, 8]}": (
        r"width.values = \[8.0, 8.0\]: give distinct numbers"
    ),
    "extends: AnyNetX_A\nwidth: []": r"width.values = \[\]: give distinct numbers",
    "extends: AnyNetX_A\nwidth: {distribution: values, values: [8, 16], weights: [1]}": (
        r"width.weights = \[1.0\]: .* each of 2"
    ),
    "extends: AnyNetX_A\nwidth: {distribution: values, values: [8], weights: [-1]}": r"width.weights = \[-1.0\]",
    "extends: AnyNetX_A\nwidth: {distribution: values, values: [8], step: 8}": (
        r"width.step is not a key of the distribution values"
    ),
    "extends: AnyNetX_A\ndepth: {distribution: log_spaced, low: 1, high: 4}": (
        r"depth.count is missing; the distribution log_spaced"
    ),
    "extends: AnyNetX_A\ndepth: {distribution: log_spaced, low: 1, high: 4, count: 9}": r"depth.count = 9: give at",
    "extends: AnyNetX_A\ndepth: true": r"mine.yaml: depth = True: give a number, a list",
    "extends: AnyNetX_A\nwidth: 0": r"width.values = \[0.0\]: give distinct numbers above 0",
    "extends: AnyNetX_A\nwidth: null": r"mine.yaml: width is missing",
    "extends: AnyNetX_A\nwidth: height": r"mine.yaml: width = height: only these parameters can take",
    "extends: RegNetX\nw_0: w_a\nw_a: w_0": r"mine.yaml: w_0 = w_a: only these parameters can take",
    "extends: AnyNetX_A\nblock: V": r"mine.yaml: bottleneck_ratio: block V has none; write `bottleneck_ratio: null`",
    "extends: AnyNetX_A\nblock: R": r"mine.yaml: group_width, groups: block R has none; write `group_width: null`",
    "extends: AnyNetX_A\ngroups: 4": r"group_width, groups: block X needs one of the two",
    "extends: RegNetX\ngroups: 4": r"mine.yaml: groups is not a key",
    "extends: AnyNetX_A\ngroup_width: width": r"mine.yaml: group_width = width: only these parameters can take",
    "extends: RegNetX_w_0_w_a\nw_a: {low: 16}": r"mine.yaml: w_a.low: w_a takes the value of w_0; give a distribution",
    "extends: AnyNetX_A\nactivation: '???'": r"mine.yaml: activation = \?\?\?: give a value",
    "extends: AnyNetX_A\nconstraints: [{a: b}]": r"mine.yaml: constraints = .*: give a list, such as",
    "extends: AnyNetX_A\nconstraints: ['1e999*d1 <= 3']": r"'1e999\*d1 <= 3' is not linear",
    "family: [a]": r"mine.yaml: family = \['a'\]; choose one of: AnyNet, RegNet",
    f"extends: AnyNetX_A\nstrides: {[2] * 17}": r"strides = .*: give a stride from 1 for each of 1 to 16 stages",
    "extends: AnyNetX_A\nactivation: gelu": r"activation = gelu is not known; choose one of: relu, silu",
    "extends: AnyNetX_A\nwidth_rule: round": r"width_rule = round is not known; choose one of: adjust, reject",
    "extends: AnyNetX_A\nconstraints: [w9 < w1]": r"constraints: 'w9 < w1': w9 is not a parameter; choose from: b1, b2",
    "extends: AnyNetX_A\nconstraints: [w1 * w2 < 9]": r"'w1 \* w2 < 9' is not linear",
    "extends: AnyNetX_A\nconstraints: [w1 + w2]": r"'w1 \+ w2' is not a comparison; use one of: <, <=, ==",
    "extends: AnyNetX_A\nconstraints: [w1 <]": r"'w1 <' is not a constraint; write one like",
    "extends: AnyNetX_A\nconstraints: [1 < 2]": r"'1 < 2' contains no parameter",
    "extends: AnyNetX_A\nconstraints: w1 < w2": r"mine.yaml: constraints = w1 < w2: give a list, such as",
    "extends: AnyNetX_A\nparams: {per_mf: 3M}": r"mine.yaml: params = .*: give a window LO:HI, or a mapping with",
    "extends: AnyNetX_A\nparams: {per_gf: lots}": r"mine.yaml: params.per_gf: 'lots' is not a number",
    "extends: AnyNetX_A\nparams: 6": r"mine.yaml: params = 6: give a window",
    "extends: AnyNetX_A\nresolution: {distribution: uniform, low: 32, high: 64}": r"resolution.step is missing",
    "extends: AnyNetX_A\nresolution: big": r"resolution = big: give a whole number, or a distribution",
    "extends: AnyNetX_A\nlr: fast": r"lr = fast: only these parameters can take",
    "extends: AnyNetX_A\nweight_decay: 2": r"weight_decay: values from 2 to 2 must be below 1",
    "extends: AnyNetX_Z": r"mine.yaml: extends: space AnyNetX_Z is not known; did you mean",
    "extends: AnyNetX_A\nrefines: Nothing": r"mine.yaml: refines: space Nothing is not known",
    "extends: AnyNetX_A\nwidth: [[32, 64], [64]]": r"mine.yaml: width",
    "extends: RegNetX\nlr: [[1]]": r"mine.yaml: lr",
    "extends: AnyNetX_A\nflops: 10:40": r"mine.yaml: line 2: flops: 10:40: YAML reads it as 640 \(base 60\)",
    "extends: AnyNetX_A\nflops: [360M, 400M]": r"mine.yaml: flops = .*: give a window LO:HI, in quotes",
    "extends: AnyNetX_A\nstrides: 2,2": r"mine.yaml: strides = 2,2: give a list of whole numbers",
    "extends: mine": r"mine.yaml: extends itself",
    "family: AnyNet": r"mine.yaml: .* is missing",
    "family: Any": r"mine.yaml: family = Any; choose one of: AnyNet, RegNet",
    "- a\n- b": r"mine.yaml: is not a mapping",
    "a: [": r"mine.yaml: cannot be read as YAML",
}


@pytest.mark.parametrize("text", list(ERRORS))
def test_a_wrong_file_is_refused_with_file_key_and_what_is_allowed(text: str, tmp_path: Path) -> None:
    """One line that names the place, the value and the remedy."""
    (tmp_path / "mine.yaml").write_text(text + "\n")
    with pytest.raises(DsdError, match=ERRORS[text]) as caught:
        load_space(tmp_path / "mine.yaml")
    assert "\n" not in str(caught.value)


def test_a_refinement_is_one_line(tmp_path: Path) -> None:
    """A user's file may extend a shipped space, or a file beside it, and changes only what it states."""
    (tmp_path / "mine.yaml").write_text("extends: AnyNetX_C\nwidth: {high: 256}\n")
    (tmp_path / "narrower.yaml").write_text("extends: mine\nwidth: {high: 128, across_stages: nonincreasing}\n")
    space = load_space(tmp_path / "narrower.yaml")
    population = sample(space, 100, flops=None)
    widths = [population.drawn[f"sampled_w{i}"] for i in (1, 2, 3, 4)]
    assert all((a >= b).all() for a, b in pairwise(widths))
    assert max(w.max() for w in widths) <= 128
    assert space.info.refines == "mine"
    assert space.dimensions == 10


def test_an_unknown_space_lists_the_known_ones() -> None:
    """A misspelt name is answered with near ones, in either case, and where all are listed."""
    with pytest.raises(DsdError, match=r"did you mean .*AnyNetX_A.* a name that `dsd spaces` lists"):
        load_space("anynetxa")
    with pytest.raises(DsdError, match=r"nowhere.yaml: there is no such file"):
        load_space("nowhere.yaml")


WORKED = """
extends: RegNetX
summary: a space of my own
depth: {distribution: values, values: [10, 20, 30], weights: [1, 2, 1]}
w_a: w_0
w_m: [2, 2.5]
bottleneck_ratio: [1, 2]
group_width: 8
width_rule: reject
constraints: [depth <= 0.25 * w_0 + 8]
flops: 100M:4G
params: {constant: 1M, per_gf: 2M}
resolution: {distribution: values, values: [160, 224]}
lr: {distribution: log_uniform, low: 0.01, high: 1, step: 0.01}
"""


def test_everything_a_file_may_say_is_drawn(tmp_path: Path) -> None:
    """Shorthand, weights, sharing, constraints, the width rule, regime limits, resolution and learning rate."""
    (tmp_path / "mine.yaml").write_text(WORKED)
    space = load_space(tmp_path / "mine.yaml")
    population = sample(space, 40)
    frame = population.frame
    assert set(frame["sampled_depth"]) <= {10, 20, 30}
    assert (frame["sampled_w_a"] == frame["sampled_w_0"]).all()
    assert set(frame["sampled_w_m"]) == {2, 2.5}
    assert set(frame["sampled_b"]) == {1, 2}
    assert (frame["sampled_depth"] <= 0.25 * frame["sampled_w_0"] + 8).all()
    assert set(frame["resolution"]) == {160, 224}
    assert frame["lr"].between(0.01, 1).all()
    assert (frame["params"] <= 1e6 + 4 * 2e6).all()
    assert (frame[["g1", "g2", "g3", "g4"]] == 8).all(axis=None)  # nothing was adjusted
    assert (frame["w1"] == frame["sampled_w_0"]).all()
    assert all(space.contains(network) for network in population)
    assert space.dimensions == 6  # depth, w_0, w_m, b, resolution, lr
    assert population.draw.valid < population.draw.proposals


def test_a_law_replaces_a_law_as_a_whole(tmp_path: Path) -> None:
    """A new distribution drops the old one's keys and keeps the relation across stages; without one only keys
    change.
    """
    (tmp_path / "mine.yaml").write_text("extends: AnyNetX_D\nwidth: {distribution: powers_of_two, low: 8, high: 64}\n")
    widths = load_space(tmp_path / "mine.yaml").parameters["width"]
    assert widths.distribution.values.tolist() == [8, 16, 32, 64]
    assert widths.across_stages == "nondecreasing"


def test_the_error_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    """A typo in a file that is extended is reported there."""
    (tmp_path / "base.yaml").write_text("extends: AnyNetX_C\nwidht: {high: 256}\n")
    (tmp_path / "mine.yaml").write_text("extends: base\n")
    with pytest.raises(DsdError, match=r"base.yaml: widht is not a key"):
        load_space(tmp_path / "mine.yaml")


def test_the_hash_is_that_of_the_law(tmp_path: Path) -> None:
    """Another summary or name is the same space; another range is not."""
    texts = {"a": "summary: one", "b": "summary: two", "c": "width: {high: 512}"}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(f"extends: AnyNetX_C\n{text}\n")
    one, two, other = (load_space(tmp_path / f"{name}.yaml").info.hash for name in texts)
    assert one == two == load_space("AnyNetX_C").info.hash != other


def test_constraints_come_to_those_that_there_are(tmp_path: Path) -> None:
    """A file that extends another keeps its constraints, so that a refinement is a subset."""
    (tmp_path / "base.yaml").write_text("extends: AnyNetX_C\nconstraints: [d1 <= 2]\n")
    (tmp_path / "mine.yaml").write_text("extends: base\nconstraints: [d2 <= 2]\n")
    base, mine = (load_space(tmp_path / f"{name}.yaml") for name in ("base", "mine"))
    assert mine.size == base.size * 2 // 16
    assert all(base.contains(network) for network in sample(mine, 20))


def test_files_extend_files_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`extends: base.yaml` is the one beside the file, not one of the working directory."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text("extends: AnyNetX_C\nwidth: {high: 64}\n")
    (tmp_path / "sub" / "base.yaml").write_text("extends: AnyNetX_C\nwidth: {high: 128}\n")
    (tmp_path / "sub" / "mine.yaml").write_text("extends: base.yaml\n")
    monkeypatch.chdir(tmp_path)
    assert load_space("sub/mine.yaml").parameters["width"].distribution.values[-1] == 128


def test_fractions_and_fine_steps_are_what_is_written(tmp_path: Path) -> None:
    """1/3 of a width is whole where it should be; a step of 1.25e-9 is not rounded away."""
    text = "extends: AnyNetX_C\nbottleneck_ratio: [1/3, 1/10, 1]\n"
    text += "weight_decay: {distribution: uniform, low: 1.25e-9, high: 5e-9, step: 1.25e-9}\n"
    (tmp_path / "mine.yaml").write_text(text)
    space = load_space(tmp_path / "mine.yaml")
    population = sample(space, 100)
    assert all(space.contains(network) for network in population)
    assert set(population.frame["weight_decay"]) == {1.25e-9, 2.5e-9, 3.75e-9, 5e-9}
