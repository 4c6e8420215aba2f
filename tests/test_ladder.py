"""What docs/ladder.md and the README tell of the ladder is what results/ladder holds and the program computes."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from scipy.stats import chi2

import dsd as package
from dsd.analysis.comparison.differences import mean_difference
from dsd.analysis.linear_fit import COARSE, block_widths, fit_all
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.plans import plan_runs

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "ladder"
PAGE, README = (ROOT / "docs" / "ladder.md").read_text(), (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The stored table."""
    return package.read_table(RESULTS / "table.csv")


def test_every_planned_run_is_in_the_table(table: pd.DataFrame) -> None:
    """Those of the shipped study, in their order; each has a result, and none is left out of the page's counts."""
    planned = plan_runs(load_study("ladder", images=False))
    assert table["run"].tolist() == planned.runs
    assert set(table["status"]) <= {"done", "diverged"}
    assert table["error"].between(0, 100).all()
    assert (table.groupby("space")["key"].nunique() == 60).all()
    assert f"All {len(table)} planned rows have a result ({table['run'].nunique()} runs" in PAGE


def test_the_curves_are_those_of_the_table(table: pd.DataFrame) -> None:
    """Three epochs of every run; the last one's error is the run's."""
    curves = pd.read_csv(RESULTS / "epochs.csv")
    assert (curves.groupby("run").size() == 3).all()
    last = curves[curves["epoch"] == 3].set_index("run")["error"]
    assert (last.loc[table["run"]].to_numpy() == table["error"].to_numpy()).all()


def test_the_stored_study_is_the_shipped_one_and_tells_its_cost(table: pd.DataFrame) -> None:
    """sweep.yaml: spaces, seeds and recipe of the plan; devices, times and hours of the table."""
    stored, planned = OmegaConf.load(RESULTS / "sweep.yaml"), plan_runs(load_study("ladder", images=False))
    assert stored.sample_seeds == planned.sample_seeds
    assert stored.recipe.lr == planned.study.recipe.lr
    assert len(stored.git.commit) == 40
    assert not stored.git.dirty
    runs, trained = table.drop_duplicates("run"), stored.trained
    assert [trained.started, trained.finished] == [runs["started"].min(), runs["finished"].max()]
    assert list(trained.devices) == sorted(set(runs["trained_on"]))
    assert trained.training_h == pytest.approx(runs["train_s"].sum() / 3600, abs=0.005)
    assert trained.evaluation_h == pytest.approx(runs["eval_s"].sum() / 3600, abs=0.005)


def test_no_network_of_the_pilot_is_one_of_the_ladder(table: pd.DataFrame) -> None:
    """The rate was chosen on other networks; the page's table of the pilot is that of pilot.csv."""
    pilot = package.read_table(RESULTS / "pilot.csv")
    assert not set(pilot["key"]) & set(table["key"])
    tried = ["batch_size", "lr", "precise_bn_images", "seed"]
    errors = pilot.pivot_table(index="key", columns=tried, values="error")
    chosen = errors[(32, 0.05, 1024, 0)]
    shown = re.findall(r"^\| \**(?:32|64)\** \|.*\|$", PAGE, re.M)
    told = {tuple(float(x) for x in line.replace("*", "").split("|")[4:8]) for line in shown}
    computed = {
        (
            *(round(value, 2) for value in (column.mean(), column.std(), column.max())),
            round(column.corr(chosen, method="spearman"), 2),
        )
        for _, column in errors.items()
    }
    assert told == computed


def test_the_page_shows_what_is_printed(dsd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts, intervals and ranges are the program's, line by line; plain, and adjusted after the fact."""
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"\$ dsd (analyze .*)\n((?:.*\n)*?)```", PAGE)
    assert ["--plain" in command for command, _ in blocks] == [True, False]
    for command, shown in blocks:
        printed = [" ".join(line.split()) for line in dsd(*shlex.split(command)).out.splitlines()]
        assert [" ".join(line.split()) for line in shown.splitlines()] == [line for line in printed if line]


def test_the_adjusted_means_of_the_digits_are_the_programs(dsd, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/figures.md: adjusted means, intervals, R² and n of the first six spaces."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "figures.md").read_text()
    for own in json.loads(dsd("analyze", "results/digits/table.csv", "--json").out)["populations"][:6]:
        found = own["adjusted"]
        numbers = f"{found['low']:.2f} to {found['high']:.2f} | {found['r2']:.2f} | {found['as_if_n']} of {own['n']}"
        assert f"| {own['name']} | {own['error']['mean']:.2f} | {found['mean']:.2f} | {numbers} |" in page


def test_the_told_fits_are_those_of_the_table(table: pd.DataFrame) -> None:
    """e_fit of all and of the best fifteen of C, D and E; errors where it is 0, and where a width more than triples."""
    for space in package.analysis.select_populations(
        package.split_populations(table), ["AnyNetX_C", "AnyNetX_D", "AnyNetX_E"]
    ):
        frame = space.frame.assign(e_fit=[fit.e_fit for fit in fit_all(block_widths(space.frame), COARSE)])
        best = frame.sort_values("error").head(15)
        rank = frame["e_fit"].corr(frame["error"], method="spearman")
        steep = np.maximum(frame["w2"] / frame["w1"], frame["w3"] / frame["w2"]) > 3
        cells = [f"{frame['e_fit'].mean():.3f}", f"{best['e_fit'].mean():.3f}", f"{rank:.2f}"]
        for chosen in (frame["e_fit"] == 0, steep):
            means = [frame.loc[part, "error"].mean() for part in (chosen, ~chosen)]
            cells += [f"{chosen.sum()}", *(f"{mean:.2f}" for mean in means)]
        row = f"| {space.name} | {' | '.join(cells)} |"
        assert row.replace("-", "−") in PAGE.splitlines(), row


def test_the_told_depths_are_those_of_the_table(table: pd.DataFrame) -> None:
    """Median depth, its rank correlation with error, mean errors of shallow networks, and RegNetX's lead there."""
    for space in package.split_populations(table):
        frame = space.frame
        rank = frame["depth"].corr(frame["error"], method="spearman")
        shallow = frame[frame["depth"] <= 8]
        row = (
            f"| {space.name} | {frame['depth'].median():g} | {rank:.2f} | {len(shallow)} | "
            f"{shallow['error'].mean():.2f} | {np.std(shallow['error'], ddof=1):.2f} |"
        )
        assert row.replace("-", "−") in PAGE.splitlines(), row
    e, regnet = package.analysis.select_populations(package.split_populations(table), ["AnyNetX_E", "RegNetX"])
    assert regnet.frame["depth"].max() == 8
    lead = mean_difference(regnet.errors, e.frame.loc[e.frame["depth"] <= 8, "error"])
    assert f"over E is {lead.value:.1f} point ({lead.low:.1f} to {lead.high:.1f}, Welch" in PAGE


def test_the_told_verdicts_allow_for_all_pairs(table: pd.DataFrame) -> None:
    """Among all 15 pairs RegNetX is better than each other space, E by what is told; no other pair is decided."""
    pairs = package.analysis.compare(package.split_populations(table))
    decided = [pair for pair in pairs if pair.verdict.word != "undecided"]
    assert len(pairs) == 15
    assert [(pair.b, pair.verdict.word) for pair in decided] == [("RegNetX_cifar", "better")] * 5
    low, high = -decided[-1].verdict.high, -decided[-1].verdict.low
    assert f"{low:.1f} to {high:.1f} points of mean error, allowing for all 15 pairs" in " ".join(README.split())
    assert f"({low:.1f} to {high:.1f} allowing for all 15 pairs)" in PAGE


def test_the_told_noise_is_that_of_the_table(table: pd.DataFrame) -> None:
    """Deviations between seeds and networks of a space, the networks' share of the variance, agreement of seeds."""
    each = [package.analysis.seed_noise(space.runs) for space in package.split_populations(table)]
    seeds, networks = (np.mean(np.square(sd)) for sd in zip(*((n.seed_sd, n.network_sd) for n in each), strict=True))
    twice = table.drop_duplicates("run").pivot_table(index="key", columns="seed", values="error").dropna()
    freedom = len(twice)
    assert freedom == sum(noise.networks for noise in each) == 36
    low, high = np.sqrt(freedom * seeds / chi2.ppf([0.975, 0.025], freedom))
    told = " ".join(PAGE.split("**Noise.**")[1].split("##")[0].split())
    assert f"deviate by {np.sqrt(seeds):.1f} points ({low:.1f} to {high:.1f}" in told
    assert f"by about {np.sqrt(networks):.1f}" in told
    assert f"{100 * networks / (networks + seeds):.0f} % of the variance" in told
    assert f"is {twice.corr(method='spearman').iloc[0, 1]:.2f}" in told


def test_the_told_shares_of_widths_that_do_not_fall(table: pd.DataFrame) -> None:
    """Of the ladder's C, of more networks of it, and of the paper's."""

    def rising(frame: pd.DataFrame) -> pd.Series:
        return (frame.filter(regex=r"^w\d$").diff(axis=1).iloc[:, 1:] >= 0).all(axis=1)

    (c,) = package.analysis.select_populations(package.split_populations(table), ["AnyNetX_C"])
    windows = {"AnyNetX_C_cifar": (1e6, 2e6), "AnyNetX_C": (360e6, 400e6)}
    here, there = (
        100 * rising(package.sample(package.load_space(name), 500, flops=window, seed=0).frame).mean()
        for name, window in windows.items()
    )
    told = " ".join(PAGE.split())
    assert f"in {rising(c.frame).sum()} of the 60 networks of C" in told
    assert f"({here:.0f} % of 500 drawn with `seed=0`; of 500" in told
    assert f"at 360–400 MF, {there:.0f} %)" in told


def test_the_cost_at_scale_is_what_plan_says(dsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's runs, multiply-adds, arrays and disk are those of the command that it shows."""
    monkeypatch.chdir(tmp_path)
    command = re.search(r"^dsd (plan ladder_imagenet .*)$", README, re.M)[1]
    printed = " ".join(dsd(*shlex.split(command)).out.split())
    told = " ".join(README.split())
    cost = re.search(r"cost (\S+ multiply-adds of training)", printed)[1]
    jobs, arrays = re.search(r"of (\d+) runs in \d+ jobs of 1 run, in (\d+) arrays of 825", printed).groups()
    disk = re.search(r"disk (\S+ bytes of checkpoints at most)", printed)[1]
    for fact in (f"{int(jobs):,} runs", f"in {arrays} arrays of 825", cost, disk):
        assert fact in told, fact
