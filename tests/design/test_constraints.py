"""Linear constraints: what is read, what is refused, and the distribution that is drawn."""

import numpy as np
import pytest
from scipy import stats

from dsd import DsdError, load_space, sample
from dsd.design.parameters.constraints import parse_constraint

NAMES = ["d1", "d2", "w_0", "w_a"]
COLUMNS = {
    "d1": np.array([1, 4, 2]),
    "d2": np.array([2, 2, 2]),
    "w_0": np.array([8, 16, 24]),
    "w_a": np.array([8.0, 16.1, 2]),
}
READ = {
    "d1 <= d2": [True, False, True],
    "d1 < d2": [True, False, False],
    "d1 == d2": [False, False, True],
    "w_a >= w_0": [True, True, False],
    "2*d1 + d2*3 - 4 > 6": [False, True, False],
    "d1 / 2 <= (d2 - 1)": [True, False, True],
    "-w_a + 0.1 <= -w_0 + 0.1": [True, True, False],
    "+d1 <= d2": [True, False, True],
    "2 <= d1 <= 3": [False, False, True],
    "w_a - w_0 == 0.1": [False, True, False],
}


@pytest.mark.parametrize("text", list(READ))
def test_constraints_are_read_as_written(text: str) -> None:
    """Sums with factors on both sides, chains, and decimals without surprises."""
    rules = parse_constraint(text, NAMES, "here")
    assert np.logical_and.reduce([rule.holds(COLUMNS) for rule in rules]).tolist() == READ[text]


@pytest.mark.parametrize("text", ["0.1*d1 + 0.2*d2 == 0.3*d3", "0.7*d1 + 0.2*d2 <= 0.9*d3"])
def test_decimals_hold_in_the_precision_of_draws(text: str) -> None:
    """Depths are drawn in single precision; a decimal relation holds exactly where it does in whole tenths."""
    d1, d2, d3 = np.indices((16, 16, 16)).reshape(3, -1).astype(np.float32) + 1
    (rule,) = parse_constraint(text, ["d1", "d2", "d3"], "here")
    expected = d1 + 2 * d2 == 3 * d3 if "==" in text else 7 * d1 + 2 * d2 <= 9 * d3
    assert (rule.holds({"d1": d1, "d2": d2, "d3": d3}) == expected).all()


@pytest.mark.parametrize(
    "text", ["d1 * d2 <= 3", "d1 ** 2 <= 3", "3 / d1 < 2", "len(d1) < 2", "d1 / 0 < 2", "d1 < 'a'"]
)
def test_what_is_not_linear_is_refused(text: str) -> None:
    """The error quotes the constraint and names the place."""
    with pytest.raises(DsdError, match=r"here: .* is not linear"):
        parse_constraint(text, NAMES, "here")


def test_the_law_is_conditional(tmp_path) -> None:
    """d1 of AnyNetX_A given d1 + d2 <= 4 has its distribution by enumeration (χ², fixed seed)."""
    (tmp_path / "mine.yaml").write_text("extends: AnyNetX_A\nconstraints: [d1 + d2 <= 4]\n")
    space = load_space(tmp_path / "mine.yaml")
    p = dict(zip(range(1, 17), load_space("AnyNetX_A").parameters["depth"].distribution.probabilities, strict=True))
    mass = np.array([p[d] * sum(p[e] for e in range(1, 5 - d)) for d in (1, 2, 3)])
    population = sample(space, 20_000, flops=None)
    found = np.bincount(population.networks.depths[:, 0], minlength=4)[1:]
    assert stats.chisquare(found, mass / mass.sum() * found.sum()).pvalue > 1e-4
    assert population.draw.valid < population.draw.proposals
    assert space.size == load_space("AnyNetX_A").size * 6 // 256


def test_what_cannot_be_enumerated_is_counted_with_all_settings(tmp_path) -> None:
    """A constraint over all widths leaves the size an upper bound, and says so."""
    (tmp_path / "mine.yaml").write_text("extends: AnyNetX_A\nconstraints: [w1 + w2 + w3 + w4 <= 1000]\n")
    space = load_space(tmp_path / "mine.yaml")
    assert not space.size_is_exact
    assert space.size == load_space("AnyNetX_A").size
