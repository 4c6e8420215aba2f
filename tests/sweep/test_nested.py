"""Nested studies: plans, shared runs, a launch from beginning to end, and what is refused.

Oracles: the independent study's keys, draws of `dsd.sample`, and the mean of strata by hand.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError, load_space, sample
from dsd.analysis import adjust, compare
from dsd.analysis.results.populations import split_populations
from dsd.design.refinement import inside, remainder
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import Plan, plan_runs, sample_seed
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.status import StatusPoller
from dsd.sweep.submission import launch

LADDER = [f"AnyNetX_{letter}_cifar" for letter in "CDE"]
SPACES = f"spaces=[{','.join(LADDER)},RegNetX_cifar]"
TOP = "AnyNetX_C_cifar without AnyNetX_D_cifar"
MIDDLE = "AnyNetX_D_cifar without AnyNetX_E_cifar"


def planned(*words: str) -> Plan:
    """The plan of the demo's study with the spaces C, D, E and RegNetX, 4 networks each, and these overrides."""
    return plan_runs(load_study("demo", [SPACES, "n=4", *words]))


def table_of(plan: Plan) -> pd.DataFrame:
    """The rows of networks.csv."""
    return pd.concat([pd.DataFrame(dict(table)) for table in plan.tables], ignore_index=True)


@pytest.fixture(scope="module")
def nested() -> Plan:
    """The nested plan."""
    return planned("design=nested")


def test_a_space_is_the_union_of_its_strata(nested: Plan) -> None:
    """Each space has the strata below it, with shares that multiply to 1; a space apart is a stratum by itself."""
    table = table_of(nested)
    strata = {space: rows["stratum"].unique().tolist() for space, rows in table.groupby("space", sort=False)}
    assert strata == {
        "AnyNetX_C_cifar": [TOP, MIDDLE, "AnyNetX_E_cifar"],
        "AnyNetX_D_cifar": [MIDDLE, "AnyNetX_E_cifar"],
        "AnyNetX_E_cifar": ["AnyNetX_E_cifar"],
        "RegNetX_cifar": ["RegNetX_cifar"],
    }
    sums = table.groupby("space")["weight"].sum()
    np.testing.assert_allclose(sums, 1, rtol=1e-12)
    first, second = (step.share for step in nested.steps)
    shares = table[table["space"] == "AnyNetX_C_cifar"].groupby("stratum", sort=False)["weight"].sum()
    np.testing.assert_allclose(shares, [1 - first, first * (1 - second), first * second], rtol=1e-12)
    assert [(step.larger, step.smaller) for step in nested.steps] == list(pairwise(LADDER))
    assert all(step.draws >= 10_000 for step in nested.steps)


def test_a_network_is_planned_once(nested: Plan) -> None:
    """A stratum's runs are the same in every space: 16 in all, as without nesting."""
    table = table_of(nested)
    assert len(set(nested.runs)) == 16 == len(set(planned().runs))
    rows = Counter(table["run"])
    assert sorted(rows.values()) == [1] * 8 + [2] * 4 + [3] * 4
    assert nested.training_flops == 3 * nested.study.recipe.epochs * nested.study.data.images * int(
        table.drop_duplicates("run")["flops"].sum()
    )


def test_keys_are_those_of_independent_draws(nested: Plan) -> None:
    """The smallest space, and one apart, have the runs of the independent study, and a stratum those of its draw."""
    table, plain = table_of(nested), table_of(planned())
    for space in ("AnyNetX_E_cifar", "RegNetX_cifar"):
        runs = [rows[rows["space"] == space]["run"].tolist() for rows in (table, plain)]
        assert runs[0] == runs[1]
    assert "stratum" not in plain
    assert "weight" not in plain
    data = nested.study.data
    rest = remainder(load_space(LADDER[0]), load_space(LADDER[1]))
    drawn = sample(
        rest,
        9,
        flops="200K:400K",
        seed=sample_seed(0, TOP),
        resolution=data.resolution,
        classes=data.classes,
    )
    keys = table[(table["space"] == LADDER[0]) & (table["stratum"] == TOP)]["key"].tolist()
    assert keys == drawn.networks.keys()[:4]
    assert nested.sample_seeds[TOP] == drawn.seed


def test_strata_hold_what_they_say(nested: Plan) -> None:
    """By their drawn values, no network of a remainder lies in the smaller space, and all of the smaller do."""
    table = table_of(nested)
    larger, smaller = (load_space(name) for name in LADDER[:2])
    part = table[table["space"] == LADDER[0]]
    settings = {
        "depth": part[["d1", "d2", "d3"]].to_numpy(float),
        "width": part[["sampled_w1", "sampled_w2", "sampled_w3"]].to_numpy(float),
        "bottleneck_ratio": part[["b1", "b2", "b3"]].to_numpy(float),
        "group_width": part[["sampled_g1", "sampled_g2", "sampled_g3"]].to_numpy(float),
    }
    assert inside(larger, smaller, settings).tolist() == (part["stratum"] != TOP).tolist()


def test_regimes_and_seeds() -> None:
    """Each regime has its own chain, and the further seeds train the first networks of each stratum."""
    plan = planned("design=nested", "regimes=[200K:300K,300K:400K]", "seeds=[0,1]", "seeds_n=1")
    table = table_of(plan)
    assert {step.larger for step in plan.steps} == {f"{s} {w}" for s in LADDER[:2] for w in ("200K:300K", "300K:400K")}
    large = table[table["space"] == "AnyNetX_C_cifar 200K:300K"]
    assert Counter(large["seed"]) == {0: 12, 1: 3}
    assert large[large["seed"] == 1]["stratum"].nunique() == 3
    populations = split_populations(table.assign(error=50.0))
    assert populations[0].weights.sum() == pytest.approx(1)


def test_a_nested_sweep_from_beginning_to_end(dsd, tmp_path: Path) -> None:
    """A launch trains each network once; status, table, analysis and report count it in every space."""
    words = ["cluster=debug", "recipe.epochs=1", "data.train_images=320", "data.test_images=200"]
    plan = planned("design=nested", "n=5", *words)
    sweep = create(plan, tmp_path / "sweep")
    launch(sweep, plan.study.cluster)
    status = StatusPoller(sweep).status()
    assert (len(status.runs), status.counts()["done"]) == (20, 20)
    frame, _ = write_tables(sweep)
    assert len(frame) == 35
    assert frame.groupby("run")["error"].nunique().max() == 1
    assert [(step["larger"], step["draws"]) for step in sweep.config["shares"]] == [
        (step.larger, step.draws) for step in plan.steps
    ]
    done = dsd("analyze", str(sweep.folder), "--json")
    content = json.loads(done.out)
    means = {p["name"]: p["error"]["mean"] for p in content["populations"]}
    part = frame[frame["space"] == "AnyNetX_D_cifar"]
    share = plan.steps[1].share
    by_stratum = part.groupby("stratum")["error"].mean()
    expected = share * by_stratum["AnyNetX_E_cifar"] + (1 - share) * by_stratum[MIDDLE]
    assert means["AnyNetX_D_cifar"] == pytest.approx(expected)
    step = next(c for c in content["comparisons"] if (c["a"], c["b"]) == ("AnyNetX_D_cifar", "AnyNetX_E_cifar"))
    variance = part.groupby("stratum")["error"].var()
    half = np.sqrt((1 - share) ** 2 * variance.sum() / 5)
    assert step["detectable"] / half == pytest.approx(dsd_detectable_factor(len(content["comparisons"])), rel=1e-9)
    assert "drawn in strata" in done.err
    assert dsd("report", str(sweep.folder)).code == 0
    assert dsd("launch", "demo", SPACES, "n=5", *words, "-o", str(sweep.folder)).code == 2


def dsd_detectable_factor(pairs: int) -> float:
    """z of the interval plus z of the power."""
    from scipy.stats import norm

    return float(norm.ppf(1 - 0.05 / pairs / 2) + norm.ppf(0.8))


def test_plan_says_share_and_saving(dsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dsd plan` prints each step of a nested study, and hints at large savings of an independent one."""
    monkeypatch.chdir(tmp_path)
    done = dsd("plan", "demo", SPACES, "n=4", "design=nested", "--json")
    content = json.loads(done.out)
    assert content["design"]["name"] == "nested"
    assert content["design"]["hints"] == []
    for step in content["design"]["steps"]:
        assert step["saving"] == pytest.approx(1 / (1 - step["share"]) ** 2)
    text = dsd("plan", "demo", SPACES, "n=4", "design=nested")
    assert "nested: 16 runs of 4 strata" in text.out + text.err
    hinted = json.loads(dsd("plan", "demo", SPACES, "n=4", "--json").out)["design"]
    assert hinted["steps"] == []
    assert hinted["hints"][0]["larger"] == "AnyNetX_C_cifar"
    assert all(hint["saving"] > 1.3 for hint in hinted["hints"])
    assert "hint" in dsd("plan", "demo", SPACES, "n=4").out


REFUSED = {
    "unknown": (["design=stratified"], "design = 'stratified' is not known; choose one of: independent, nested"),
    "order": (
        ["spaces=[AnyNetX_D_cifar,AnyNetX_C_cifar]"],
        "width is nondecreasing in AnyNetX_D_cifar and free in .*first",
    ),
    "no chain": (["spaces=[AnyNetX_A_cifar,RegNetX_cifar]"], "none of the spaces refines another"),
    "no space": (["spaces=[]", "networks=[ResNet-56]"], "none of the spaces refines another"),
    "branches": (
        ["spaces=[AnyNetX_C,AnyNetX_C_w_decreasing,AnyNetX_D]"],
        "AnyNetX_D does not refine AnyNetX_C_w_decreasing: width is nonincreasing",
    ),
    "distribution": (["spaces=[AnyNetX_C,AnyNetX_C_w_equal]"], "width is not distributed as in AnyNetX_C given"),
    "window": (
        ["spaces=[RegNetX,RegNetX_constrained]", "params=default"],
        "the window of RegNetX_constrained .* is not",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_bad_designs_are_refused(name: str) -> None:
    """One line says which space and parameter differ, and what to do."""
    words, message = REFUSED[name]
    with pytest.raises(DsdError, match=message) as caught:
        plan_runs(load_study("demo", ["n=2", "design=nested", *words]))
    assert "\n" not in str(caught.value)


def test_nested_populations_have_adjusted_means(tmp_path: Path) -> None:
    """Each stratum is drawn from its own space, and fitted once; the difference covers the truth."""
    words = ["design=nested", "n=40", "spaces=[AnyNetX_C_cifar,AnyNetX_D_cifar]", "seeds=[0]", "seeds_n=0"]
    study = load_study("ladder", words, images=False)
    sweep = create(plan_runs(study), tmp_path / "nested")

    def errors(frame: pd.DataFrame) -> pd.Series:
        return 60 + 4 * np.log(frame["depth"]) + 2 * np.log(frame["w1"] / frame["w3"])

    frame = pd.read_csv(sweep.folder / "networks.csv")
    noise = dict(zip(frame["run"].unique(), np.random.default_rng(0).normal(0, 0.5, 200), strict=False))
    frame = frame.assign(error=errors(frame) + frame["run"].map(noise), status="done")
    frame.to_csv(sweep.folder / "table.csv", index=False)
    populations = split_populations(sweep.folder / "table.csv")
    found = adjust(populations)
    assert found.reasons == {}
    assert len({id(mean) for mean in found.strata.values()}) == 2
    assert len(found.strata) == 3
    truths = []
    for name in ("AnyNetX_C_cifar", "AnyNetX_D_cifar"):
        mean = found.means[name]
        assert mean.helps
        truths.append(errors(sample(name, 20_000, flops="1M:2M", classes=10, seed=77).frame).mean())
        assert mean.interval().low < truths[-1] < mean.interval().high
    (pair,) = compare(populations)
    assert pair.verdict.by == "adjusted"
    assert pair.adjusted.low < truths[1] - truths[0] < pair.adjusted.high
    assert pair.adjusted.high - pair.adjusted.low < 0.7 * (pair.high - pair.low)
