"""A study as a user runs it: plan, launch, status, collect, analyze, report."""

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from dsd.sweep.folder.folder import Sweep


@pytest.fixture
def folder(dsd, tiny: Path, tmp_path: Path) -> Path:
    """A finished sweep."""
    path = tmp_path / "sweep"
    assert dsd("launch", tiny, "cluster=debug", "-o", path).code == 0
    return path


def test_the_whole_line(dsd, tiny: Path, tmp_path: Path) -> None:
    """Every station prints where its result is, and the numbers agree with the table."""
    path = tmp_path / "sweep"
    planned = json.loads(dsd("plan", tiny, "-o", path, "--json").out)
    assert (planned["missing"], list(planned["spaces"])) == (4, ["AnyNetX_A_cifar", "RegNetX_cifar"])
    assert not path.exists()
    launched = dsd("launch", tiny, "-o", path)
    assert (launched.code, launched.out) == (0, f"{path}\n")
    watched = dsd("status", path, "--watch")
    assert watched.code == 0
    assert "4/4 finished" in watched.err
    state = json.loads(dsd("status", path, "--json").out)
    assert state["total"]["done"] == 4
    assert dsd("collect", path).out == f"{path / 'table.csv'}\n"
    table = pd.read_csv(path / "table.csv")
    analysis = json.loads(dsd("analyze", path, "--json").out)
    for population in analysis["populations"]:
        errors = table.loc[table["space"] == population["name"], "error"]
        assert population["error"]["mean"] == pytest.approx(errors.mean())
        assert set(population["best_ranges"]["depth"]) == {"low", "median", "high"}
    told = {"a", "b", "ks", "p_value", "p_holm", "mean_difference", "low", "high", "verdict"}
    assert told < set(analysis["comparisons"][0])
    reported = dsd("report", path)
    assert reported.out.split() == [str(path / "report.html"), str(path / "figures" / "edf.png")]
    assert "RegNetX_cifar" in (path / "report.html").read_text()
    again = dsd("launch", tiny, "-o", path)
    assert "0 runs submitted" in again.err
    assert json.loads(dsd("plan", tiny, "-o", path, "--json").out)["missing"] == 0


def test_tables_and_folders_can_be_compared(dsd, folder: Path, tmp_path: Path) -> None:
    """analyze and report take several sources, of any origin; the same call gives the same numbers."""
    foreign = tmp_path / "foreign.csv"
    pd.DataFrame({"error": [10.0, 20.0, 30.0], "layers": [1, 2, 3]}).to_csv(foreign, index=False)
    one, same = (json.loads(dsd("analyze", folder, foreign, "--json").out) for _ in range(2))
    assert one == same
    assert [p["name"] for p in one["populations"]][-1] == str(foreign)
    assert len(one["comparisons"]) == 3
    page = tmp_path / "out" / "r.html"
    assert dsd("report", foreign, "-o", page).out.split() == [str(page), str(page.parent / "r_edf.png")]
    assert dsd("analyze", foreign, "--columns", "layers").code == 0
    assert "column nothing" in dsd("analyze", foreign, "--columns", "nothing").err


def test_failed_and_unfinished_runs_are_told(dsd, folder: Path) -> None:
    """Torn and missing results show in status, table, legend and report, and the exit code of status is 1."""
    for path in (folder / "events").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]) + lines[-1][:30])
    now = dsd("status", folder)
    assert now.code == 1
    assert "ignored 1 journal line that cannot be read" in now.err
    assert "lost" in now.out
    dsd("collect", folder)
    dsd("report", folder)
    assert "Some runs have no result" in (folder / "report.html").read_text()
    assert pd.read_csv(folder / "table.csv")["status"].tolist().count("lost") == 1


def test_what_went_wrong_for_the_same_reason_is_one_line(dsd, folder: Path) -> None:
    """Three runs whose job is gone, and one that failed: two lines, each with a run to look at, and where all are."""
    (path,) = (folder / "events").iterdir()
    started = [line for line in path.read_text().splitlines() if '"started"' in line]
    runs = [json.loads(line)["run"] for line in started]
    failed = {"event": "failed", "run": runs[0], "time": time.time(), "reason": "exception", "message": "no luck"}
    path.write_text("\n".join([*started, json.dumps(failed), ""]))
    told = dsd("status", folder).err.splitlines()
    assert told[0].startswith(f"run {runs[0]} failed, ")
    assert "no luck" in told[0]
    assert [line for line in told if "lost" in line] == [
        f"run {min(runs[1:], key=Sweep(folder).runs.index)} and 2 more lost, its job disappeared (no exit status)"
    ]
    assert told[-1] == "dsd collect writes the reason of each run to table.csv"


def test_another_study_does_not_touch_a_sweep(dsd, folder: Path, tiny: Path) -> None:
    """One line, exit code 2."""
    done = dsd("launch", tiny, "n=3", "-o", folder)
    assert done.code == 2
    assert "holds another sweep" in done.err
    assert done.err.splitlines()[-1].endswith("give another folder with -o")


def test_a_pipe_closes_when_launch_returns(tiny: Path, tmp_path: Path) -> None:
    """`dsd launch … | tee log` ends with the launch, though workers go on in the background."""
    import subprocess
    import sys
    import time

    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.status import StatusPoller

    words = [sys.executable, "-m", "dsd", "launch", str(tiny), "-o", str(tmp_path / "sweep")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{tmp_path / 'sweep'}\n"
    watch = StatusPoller(Sweep(tmp_path / "sweep"))
    assert watch.status().pending > 0
    deadline = time.monotonic() + 120
    while watch.status().pending:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_studys_keys_survive_composition(dsd) -> None:
    """The demo's own n and window, not the defaults of config.yaml, are planned; a typed key outweighs both."""
    from dsd.sweep.planning.config import load_study

    study = load_study("demo")
    assert (study.flops, study.recipe.name, study.data.name) == ("200K:400K", "digits", "digits")
    assert study.n != 500
    assert load_study("demo", ["n=3", "recipe=dds_10ep"]).n == 3
    assert load_study("demo", ["recipe=dds_10ep"]).recipe.lr == 0.05


def test_the_papers_recipe_is_exact() -> None:
    """dds_10ep: 10 epochs, lr 0.05, batch 128, momentum 0.9, Nesterov, 5e-5 on everything, rate set once an epoch."""
    from dsd.sweep.planning.config import load_study
    from dsd.training.recipe import Recipe

    expected = Recipe("dds_10ep", 10, 0.05, 128, 0.9, True, 5e-5, "epoch", 8192)
    assert load_study("demo", ["recipe=dds_10ep"]).recipe == expected


@pytest.mark.parametrize("name", ["demo", "cifar_quick", "ladder", "ladder_imagenet"])
def test_every_shipped_study_can_be_planned(dsd, name: str, tmp_path: Path, monkeypatch) -> None:
    """dsd plan shows spaces, cost and folder of each."""
    monkeypatch.chdir(tmp_path)
    text = dsd("plan", name).out
    assert "multiply-adds" in text
    assert "nothing was started" in text


def test_a_study_file_without_its_header_is_explained(dsd, tmp_path: Path) -> None:
    """The most likely slip in a study file, and a misspelt key in it, are answered with the remedy."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nspaces: [AnyNetX_A]\n")
    assert "@package _global_" in dsd("plan", path).err
    path.write_text("# @package _global_\nname: mine\nspaces: [AnyNetX_A]\nepocs: 3\n")
    assert "epocs is not a key; known keys are" in dsd("plan", path).err
    assert "there is no such file" in dsd("plan", tmp_path / "other.yaml").err
    path.write_text("a: [")
    assert "mine.yaml: cannot be read as YAML" in dsd("plan", path).err


def test_a_study_file_may_have_any_name(dsd, tiny: Path, tmp_path: Path) -> None:
    """Blanks and signs in its name do not confuse hydra's grammar."""
    odd = tmp_path / "my study, 2nd=try.yaml"
    odd.write_text(tiny.read_text())
    assert dsd("plan", odd, "n=1").code == 0
