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
    "extends: AnyNetX_A\nwidth: {law: normal}": r"width.law = normal is not known; choose one of: log_uniform",
    "extends: AnyNetX_A\nwidth: {across_stages: up}": r"across_stages = up is not known; choose one of: equal, free",
    "extends: AnyNetX_A\ngroup_width: {high: 24}": r"group_width.high = 24 is not a power of two",
    "extends: AnyNetX_A\nblock: Q": r"mine.yaml: block = Q is not known; choose one of: X",
    "extends: AnyNetX_A\nflops: 4M:3M": r"mine.yaml: flops: '4M:3M' is reversed",
    "extends: AnyNetX_A\ndepth: {low: 0.5, step: 0.5}": r"depth: values from 0.5 to 16 must be whole numbers",
    "extends: AnyNetX_A\nbottleneck_ratio: {law: uniform, low: 1.5, high: 3, step: 0.5}": r"_ratio: .* must be",
    "extends: RegNetX\nw_m: {low: 1}": r"w_m: values from 1 to 3 must be above 1",
    "extends: AnyNetX_A\nwidth: {high: .inf}": r"width: low = 8 and high = inf",
    "extends: AnyNetX_A\nwidth: {step: .nan}": r"width.step = nan",
    "extends: AnyNetX_A\nwidth: {high: 1.0e+12}": r"width: low = 8 and high = 1e\+12",
    "extends: AnyNetX_A\nresolution: 60000000": r"resolution = 60000000: give a whole number from 1 to 100,000",
    "extends: AnyNetX_Z": r"space AnyNetX_Z is not known; did you mean",
    "extends: mine": r"mine.yaml: extends itself",
    "family: AnyNet": r"mine.yaml: .* is missing",
    "family: Any": r"mine.yaml: family = Any; choose one of: AnyNet, RegNet",
    "- a\n- b": r"mine.yaml: is not a mapping",
    "a: [": r"mine.yaml: is not YAML",
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
    assert space.facts.refines == "mine"
    assert space.dimensions == 10


def test_an_unknown_space_lists_the_known_ones() -> None:
    """A misspelt name is answered with near ones and all of them."""
    with pytest.raises(DsdError, match=r"did you mean .*AnyNetX_A.*one of: AnyNetX_A, "):
        load_space("AnyNetXA")
