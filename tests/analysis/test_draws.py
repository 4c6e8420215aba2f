"""Untrained networks: where they come from, and that they have the distribution of the trained ones."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import dsd
from dsd import DsdError
from dsd.analysis.adjusted.draws import SpaceDraws, TableDraws, recorded_draws
from dsd.analysis.adjusted.populations import adjust
from dsd.analysis.results.populations import split_populations, with_draws
from dsd.design.sampling.free_draws import free_draws
from dsd.design.sampling.population import write_populations

RESULTS = Path(__file__).parents[2] / "results"
SMALL = """family: AnyNet
block: X
stem: cifar
strides: [1, 2]
depth: {distribution: values, values: [1, 2], weights: [3, 1]}
width: {distribution: values, values: [8, 16]}
bottleneck_ratio: 1
group_width: 8
resolution: 32
classes: 10
flops: ":"
"""


@pytest.fixture
def small(tmp_path: Path) -> dsd.design.Space:
    """A space of 16 networks."""
    (tmp_path / "small.yaml").write_text(SMALL)
    return dsd.load_space(tmp_path / "small.yaml")


def codes(columns: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """The stages of each network."""
    return list(zip(*(columns[name].tolist() for name in ("d1", "d2", "w1", "w2")), strict=True))


def test_free_draws_are_samples_of_distinct_networks(small) -> None:
    """Blocks of n networks are distinct in themselves, and each network is as frequent as in samples of n."""
    windows = small.info.limits.windows()
    n, times = 12, 400
    found = codes(free_draws(small, windows, n, n * times, 5))
    assert len(found) == n * times
    assert all(len(set(found[i : i + n])) == n for i in range(0, n * times, n))
    counts = Counter(found)
    samples = Counter(code for seed in range(times) for code in codes(dsd.sample(small, n, seed=seed).columns))
    table = [[counter[code] for code in sorted(samples)] for counter in (counts, samples)]
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_free_draws_repeat_and_depend_on_the_seed(small) -> None:
    """Same seed, same networks; another seed, others; more draws begin with the same."""
    windows = small.info.limits.windows()
    first, again, other = (codes(free_draws(small, windows, 8, 64, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert codes(free_draws(small, windows, 8, 32, 1)) == first[:32]


def test_a_window_without_networks_is_one_line(small) -> None:
    """No endless search."""
    with pytest.raises(DsdError, match=r"none of [\d,]+ proposals fell inside flops"):
        free_draws(small, small.info.limits.windows(flops=":443K"), 8, 64, 1)


def test_a_sweep_records_where_its_populations_come_from() -> None:
    """Space, windows and seed of every population of the stored ladder; other seeds than those of its networks."""
    found = recorded_draws(RESULTS / "ladder" / "table.csv")
    assert list(found) == [*(f"AnyNetX_{letter}_cifar" for letter in "ABCDE"), "RegNetX_cifar"]
    own = found["AnyNetX_C_cifar"]
    assert isinstance(own, SpaceDraws)
    assert (own.windows.flops.low, own.windows.flops.high, own.space.info.classes) == (1e6, 2e6, 10)
    trained = split_populations(RESULTS / "ladder" / "table.csv")[2].frame
    drawn = own.table(trained)
    assert len(drawn) == 4000
    assert drawn["flops"].between(1e6, 2e6).all()
    known = own.known(drawn, trained)
    assert np.isfinite(known).mean() < 0.05
    of_small = found["RegNetX_cifar"]  # 726 networks in the window
    regnets = split_populations(RESULTS / "ladder" / "table.csv")[5].frame
    assert (
        0.1 < np.isfinite(of_small.known(of_small.table(regnets), regnets)).mean() < 0.6
    )  # 726 networks in the window


def test_a_sample_records_it_too_in_every_format(tmp_path: Path) -> None:
    """A table of dsd sample to which errors are added, .csv and .jsonl with the file beside it, .parquet within."""
    population = dsd.sample("AnyNetX_D_cifar", 40, flops="1M:2M", seed=3, classes=10)
    for ending in ("csv", "jsonl", "parquet"):
        path = tmp_path / f"d.{ending}"
        write_populations([population], path)
        (found,) = recorded_draws(path).values()
        assert isinstance(found, SpaceDraws)
        assert (found.windows, found.seed, found.space.info) == (population.windows, 3, population.info)
    errors = 70 + np.random.default_rng(0).normal(0, 1, 40) + 3 * np.log(population.frame["depth"])
    meta = (tmp_path / "d.csv.meta.json").read_text()
    population.frame.assign(error=errors).to_csv(tmp_path / "d.csv", index=False)
    (own,) = split_populations(tmp_path / "d.csv")
    assert adjust([own]).means["AnyNetX_D_cifar"].helps
    for change, reason in (
        ((population.info.hash, "s0000000000000000"), "has hash"),
        (('"width"', '"wide"'), "wide"),
        ('"seed"', "damaged"),
        (meta[:40], "damaged"),
    ):
        old, new = change if isinstance(change, tuple) else (change, '"speed"')
        (tmp_path / "d.csv.meta.json").write_text(meta.replace(old, new) if change != meta[:40] else meta[:-40])
        (own,) = split_populations(tmp_path / "d.csv")
        found = adjust([own])
        assert not found.means
        assert reason in found.reasons["AnyNetX_D_cifar"]


def test_networks_outside_the_recorded_window_are_compared_plainly(tmp_path: Path) -> None:
    """A table whose windows do not agree with its networks has no adjusted mean, and says which network."""
    population = dsd.sample("AnyNetX_D_cifar", 40, flops="1M:2M", seed=3, classes=10)
    write_populations([population], tmp_path / "d.csv")
    frame = population.frame.assign(error=np.linspace(60, 80, 40))
    frame.loc[7, "flops"] = 5_000_000
    frame.to_csv(tmp_path / "d.csv", index=False)
    found = adjust(split_populations(tmp_path / "d.csv"))
    assert found.reasons == {"AnyNetX_D_cifar": "flops = 5e+06 is outside its recorded window 1M:2M"}
    assert found.notes == [f"AnyNetX_D_cifar: no adjusted mean, because {found.reasons['AnyNetX_D_cifar']}."]


def foreign(n: int, rng: np.random.Generator, shift: float = 0.0) -> pd.DataFrame:
    """Networks of another family, with numbers and words, whose error their columns explain."""
    heads, act = rng.integers(1, 30, n), rng.choice(["gelu", "relu"], n)
    error = 30 + 4 * np.log(heads) + 3 * (act == "relu") + rng.normal(0, 1, n) + shift
    return pd.DataFrame(
        {"key": [f"k{i}" for i in rng.permutation(10**6)[:n]], "heads": heads, "act": act, "error": error}
    )


def test_tables_of_any_family_can_bring_their_draws(tmp_path: Path) -> None:
    """--draws from Python: a DataFrame or a file; gaps and columns of one table alone are left out."""
    rng = np.random.default_rng(1)
    trained, drawn = foreign(50, rng).assign(space="ViT"), foreign(3000, rng)
    drawn.drop(columns="error").to_csv(tmp_path / "draws.csv", index=False)
    populations = split_populations(trained)
    assert adjust(populations).means == {}
    assert adjust(populations).notes == []
    for table in (drawn, tmp_path / "draws.csv", str(tmp_path / "draws.csv")):
        mean = adjust(with_draws(populations, {"ViT": table})).means["ViT"]
        assert mean.r2 > 0.8
        assert mean.value == pytest.approx(drawn["error"].mean(), abs=0.6)
    gaps = drawn.assign(heads=drawn["heads"].where(drawn.index != 5))
    without = adjust(with_draws(populations, {"ViT": gaps}))
    assert without.means["ViT"].r2 < 0.5
    assert without.notes == ["ViT: no features of the surrogate, because they have gaps or mixed types: heads."]
    other = adjust(with_draws(populations, {"ViT": drawn[["key"]]}))
    assert other.reasons == {"ViT": "its table and its draws share no column that varies and has no gaps"}
    with pytest.raises(DsdError, match=r"--draws VIT: is no population; choose from: ViT"):
        with_draws(populations, {"VIT": drawn})
    own = TableDraws(drawn.assign(key=trained["key"].tolist() + [f"other{i}" for i in range(2950)]), "draws")
    assert len(own.table(trained)) == 2950
    assert own.why_not(trained) == ""
    for table, reason in (
        (drawn[:99], "draws of ViT has 99 untrained networks; it needs 100 or more"),
        (trained, "draws of ViT has 0 untrained networks; it needs 100 or more"),
        (drawn.assign(x=np.inf), "draws of ViT has an infinite x"),
    ):
        assert adjust(with_draws(populations, {"ViT": table})).reasons == {"ViT": reason}
    with pytest.raises(DsdError, match="column heads appears 2 times"):
        with_draws(populations, {"ViT": pd.concat([drawn, drawn["heads"]], axis=1)})


def test_texts_that_no_trained_network_has_widen_the_interval() -> None:
    """20 kinds of networks, of which most samples hold not all: 95 % intervals cover, as plain ones do."""
    rng, hits = np.random.default_rng(2), []
    effects = rng.permutation(np.linspace(-12, 12, 20))
    shares = np.array([0.43, *[0.03] * 19])
    truth = 40 + shares @ effects
    for _ in range(200):
        kinds = rng.choice(20, 2100, p=shares)
        table = pd.DataFrame(
            {"kind": [f"kind {k}" for k in kinds], "error": 40 + effects[kinds] + rng.normal(0, 0.5, 2100)}
        )
        (own,) = with_draws(split_populations(table[:100].assign(space="a")), {"a": table[100:].drop(columns="error")})
        interval = adjust([own]).means["a"].interval()
        hits.append(interval.low <= truth <= interval.high)
    assert np.mean(hits) > 0.935 - 2 * np.sqrt(0.05 * 0.95 / 200)


def test_trained_networks_have_to_come_from_the_recorded_space(tmp_path: Path) -> None:
    """Rows of another space under its name, or text in a number, give plain means and the reason."""
    table = pd.read_csv(RESULTS / "ladder" / "table.csv")
    (tmp_path / "sweep.yaml").write_text((RESULTS / "ladder" / "sweep.yaml").read_text())
    renamed = table[table["space"] == "AnyNetX_A_cifar"].assign(space="AnyNetX_E_cifar")
    renamed.to_csv(tmp_path / "table.csv", index=False)
    (reason,) = adjust(split_populations(tmp_path / "table.csv")).reasons.values()
    assert reason.startswith("network n")
    assert reason.endswith("is not in the recorded space AnyNetX_E_cifar")
    for column in ("d1", "flops"):
        text = table.assign(**{column: table[column].astype(object).where(table.index != 3, "many")})
        text.to_csv(tmp_path / "table.csv", index=False)
        reasons = adjust(split_populations(tmp_path / "table.csv")).reasons
        assert reasons["AnyNetX_A_cifar"] == f"its column {column} has gaps or text"


DAMAGE = ("spaces: 5", "spaces: [[1]]", "spaces: abc", "shares: 5", "shares: [{}]", "shares: {a: 1}", "sample_seeds: 3")


@pytest.mark.parametrize(
    "text",
    [
        "spaces: 5",
        "spaces: [[1]]",
        "spaces: abc",
        "shares: 5",
        "shares: [{}]",
        "shares: {a: 1}",
        "sample_seeds: 3",
        "x: [",
    ],
)
def test_a_damaged_sweep_file_gives_plain_means(text: str, tmp_path: Path) -> None:
    """One reason, no traceback."""
    import yaml

    config = yaml.safe_load((RESULTS / "ladder" / "sweep.yaml").read_text())
    if text.endswith("["):
        (tmp_path / "sweep.yaml").write_text(text)
    else:
        (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(config | yaml.safe_load(text)))
    (tmp_path / "table.csv").write_text((RESULTS / "ladder" / "table.csv").read_text())
    found = adjust(split_populations(tmp_path / "table.csv"))
    assert not found.means
    assert set(found.reasons) == {*(f"AnyNetX_{letter}_cifar" for letter in "ABCDE"), "RegNetX_cifar"}


def test_verdicts_are_by_adjusted_means_and_say_so(dsd, tmp_path: Path) -> None:
    """In text and JSON, beside the plain numbers, which --plain gives as they were."""
    table = RESULTS / "ladder" / "table.csv"
    found = json.loads(dsd("analyze", table, "--stepwise", "--json").out)
    plain = json.loads(dsd("analyze", table, "--stepwise", "--plain", "--json").out)
    for one, other in zip(found["populations"], plain["populations"], strict=True):
        assert other["adjusted"] is None
        assert one["error"] == other["error"]
        adjusted = one["adjusted"]
        assert adjusted["low"] < adjusted["mean"] < adjusted["high"]
        assert 0 < adjusted["r2"] < 1
        assert adjusted["as_if_n"] > 60
    for one, other in zip(found["comparisons"], plain["comparisons"], strict=True):
        assert (one["decision"]["by"], other["decision"]["by"]) == ("adjusted", "plain")
        assert (one["mean_difference"], one["low"]) == (other["mean_difference"], other["low"])
        assert set(one["adjusted"]) == {"difference", "low", "high"}
        assert other["adjusted"] is None
        assert one["plain"]["word"] == other["verdict"]
    done = dsd("analyze", table, "--stepwise")
    assert "as if n were" in done.out
    assert "adjusted means decide; by plain means (--plain):" in done.out
    assert "adjusted" not in dsd("analyze", table, "--stepwise", "--plain").out


def test_bad_draws_are_one_line_each(dsd, tmp_path: Path) -> None:
    """Not NAME=TABLE, an unknown population, a missing file, twice the same name."""
    table = RESULTS / "demo" / "table.csv"
    draws = tmp_path / "d.csv"
    draws.write_text("key,d1\na,1\n")
    for words, text in (
        (("--draws", draws), "give NAME=TABLE"),
        (("--draws", f"nobody={draws}"), "is no population; choose from: AnyNetX_A_cifar"),
        (("--draws", "RegNetX_cifar=no.csv"), "no.csv"),
        (("--draws", f"RegNetX_cifar={draws}", "--draws", f"RegNetX_cifar={draws}"), "second table"),
    ):
        done = dsd("analyze", table, *words)
        assert done.code == 2
        assert text in done.err
        assert "Traceback" not in done.err
    done = dsd("analyze", table)
    assert (done.code, "no adjusted mean, because it needs 30 networks" in done.err) == (0, True)
