"""Sweeps with `until: decided`: waves, looks, kills, controllers. Oracle: the undisturbed sweep's looks.

Fast tests use a cluster that writes results instead of training; the others train the digits.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from dsd.cli.sources import gathered
from dsd.runs import Outcome, RunState
from dsd.sweep.backends import Debug, Local, Slurm
from dsd.sweep.folder.events import Done, EventWriter, Failed, Started
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import Submission
from dsd.sweep.folder.looks import HELD, LOOKS, comparisons_of, looks_of, waves_of
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.looks import facts, percent, saved
from dsd.sweep.results.status import StatusPoller, missing
from dsd.sweep.submission import Advance, advance, cancel, launch
from tests.fault_injection import slow_down

DEADLINE_S = 200
UNTIL = ("until=decided", "spaces=[AnyNetX_A_cifar,AnyNetX_E_cifar,RegNetX_cifar]", "n=20", "looks=4", "delta=4")
SMALL = (*UNTIL[:2], "n=10", "looks=2", "delta=1", "recipe.epochs=1", "data.train_images=128", "data.test_images=100")
A, E, R = "AnyNetX_A_cifar", "AnyNetX_E_cifar", "RegNetX_cifar"
MEANS = {A: 40.0, E: 40.3, R: 10.0}


@dataclass(frozen=True)
class Scripted(Debug):
    """A cluster that writes results from a script: normal errors around the mean of each space."""

    means: dict[str, float] = field(default_factory=lambda: MEANS)
    deviation: float = 2.0
    fails: frozenset[str] = frozenset()

    def execute(self, folder: Path, runs: tuple[str, ...], submitted: float) -> str:
        """Write the events of the runs."""
        sweep = Sweep(folder)
        space = {run: name for name, of_space in sweep.spaces.items() for run in of_space}
        with EventWriter(folder, f"scripted-{time.time_ns()}") as writer:
            for run in runs:
                rng = np.random.default_rng(int(run[1:], 16))
                error = float(np.clip(rng.normal(self.means[space[run]], self.deviation), 0, 100))
                writer.write(Started(run))
                outcome = Outcome(error, epochs=1, train_s=36.0, eval_s=0.0)
                writer.write(Failed(run, "exception", "scripted") if run in self.fails else Done(run, outcome=outcome))
        return ""


def sweep_of(study: Path, folder: Path, *overrides: str) -> Sweep:
    """The sweep of a study, not launched."""
    return create(plan_runs(load_study(str(study), overrides)), folder)


def made(sweep: Sweep) -> list[dict[str, object]]:
    """The looks that were made, without their times."""
    lines = (sweep.folder / LOOKS).read_text().splitlines() if (sweep.folder / LOOKS).exists() else []
    return [{key: value for key, value in json.loads(line).items() if key != "time"} for line in lines if line]


def wait(sweep: Sweep, until: Callable[[StatusPoller], bool]) -> None:
    """Ask until it is as wanted."""
    poller, deadline = StatusPoller(sweep), time.monotonic() + DEADLINE_S
    while not until(poller):
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text() for path in (sweep.folder / "jobs").glob("*.err"))
            raise AssertionError(f"still {poller.status().counts()}, {made(sweep)}\n{logs}")
        time.sleep(0.05)


def over(poller: StatusPoller) -> bool:
    """Nothing goes on."""
    return not poller.status().working


def test_waves_are_prefixes_and_settled_spaces_stop(unlaunched: Sweep) -> None:
    """A decided space gets no further runs; every look's networks are the first of each space."""
    sweep = unlaunched
    assert len(sweep.runs) == 60  # all rows are there from the start
    launched = launch(sweep, Scripted())
    status = StatusPoller(sweep).status()
    looks = status.looks
    assert looks is not None
    assert looks.next is None
    verdicts = {pair: (number, one.verdict) for pair, (number, one) in looks.decided.items()}
    assert verdicts[E, R] == (1, "better")  # a difference of 30 with deviation 2: at once
    number, word = verdicts[A, E]
    assert word == "equal"
    assert 1 < number <= 4
    finished = {space: sum(status.states[run] == "done" for run in runs) for space, runs in sweep.spaces.items()}
    assert finished == {A: 5 * number, E: 5 * number, R: 5}
    for space, count in finished.items():
        assert all(status.states[run] == "done" for run in sweep.spaces[space][:count])
    assert len(launched.runs) == sum(finished.values())
    assert missing(status, retry_failed=True) == ()
    assert launch(sweep, Scripted()).runs == ()
    spared = saved(sweep, status, looks)
    assert spared.runs == 60 - sum(finished.values())
    assert spared.hours == pytest.approx(spared.runs * 36 / 3600)


def test_keys_do_not_depend_on_looks(tiny: Path) -> None:
    """The runs of a study are the same with looks and without, and n is a prefix."""
    with_looks, without = (plan_runs(load_study(str(tiny), words)) for words in (UNTIL, UNTIL[1:3]))
    assert with_looks.runs == without.runs


def test_what_is_recorded_is_what_the_statistics_say(unlaunched: Sweep) -> None:
    """Fractions and levels of the journal against the boundaries, intervals against Welch at that level."""
    from dsd.analysis.comparison.differences import mean_difference
    from dsd.analysis.comparison.looks import boundaries, level_of

    sweep = unlaunched
    launch(sweep, Scripted())
    frame, _ = write_tables(sweep)
    for number, look in enumerate(made(sweep), start=1):
        assert look["look"] == number
        assert look["networks"] == 5 * number
        for one in look["comparisons"]:
            z = boundaries([k / 4 for k in range(1, number + 1)], 0.05 / 2, last=number == 4)[-1]
            assert one["fraction"] == pytest.approx(number / 4)
            assert one["level"] == pytest.approx(level_of(z))
            a, b = (frame[frame["space"] == one[side]].head(5 * number)["error"].to_numpy() for side in "ab")
            oracle = mean_difference(a, b, level_of(z))
            assert (one["difference"], one["low"], one["high"]) == pytest.approx(
                (oracle.value, oracle.low, oracle.high)
            )


def test_several_seeds_are_one_network(tiny: Path, tmp_path: Path) -> None:
    """A wave has all training seeds of its networks, and n counts networks."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *UNTIL, "seeds=[0,1]", "seeds_n=7")
    looks = looks_of(sweep)
    assert looks is not None
    assert len(looks.due) == 3 * 5 * 2
    launch(sweep, Scripted())
    assert [one["n_a"] for one in made(sweep)[0]["comparisons"]] == [5, 5]
    assert [one["n_a"] for one in made(sweep)[1]["comparisons"]] == [10] * len(made(sweep)[1]["comparisons"])


def test_failed_runs_are_absent_and_never_block(unlaunched: Sweep) -> None:
    """The information fraction counts networks with results; a space with too few is not looked at."""
    sweep = unlaunched
    fails = frozenset(sweep.spaces[E][:7:3])  # 3 of the first 10: 0, 3 and 6
    launch(sweep, Scripted(means=dict.fromkeys(MEANS, 40.0), deviation=8.0, fails=fails))
    first, second, *_ = made(sweep)
    assert [(one["n_a"], one["n_b"], one["fraction"]) for one in first["comparisons"]] == [(5, 3, None), (3, 5, None)]
    harmonic = 2 / (1 / 10 + 1 / 7) / 20
    assert [one["fraction"] for one in second["comparisons"]] == pytest.approx([harmonic, harmonic])
    assert looks_of(sweep).next is None
    retried = launch(sweep, Scripted(), retry_failed=True)
    assert set(retried.runs) <= fails  # they can be repeated, but nothing is decided again
    assert len(made(sweep)) == 4


def test_pairs_and_regimes() -> None:
    """Steps are neighbours of one regime, pairs all of one regime; waves are equal and end at n."""
    assert comparisons_of(["A", "B", "C"], (), "pairs") == (("A", "B"), ("A", "C"), ("B", "C"))
    names = ["A 1M:2M", "A 2M:4M", "B 1M:2M", "B 2M:4M"]
    assert comparisons_of(names, ["1M:2M", "2M:4M"], "steps") == (("A 1M:2M", "B 1M:2M"), ("A 2M:4M", "B 2M:4M"))
    assert waves_of(500, 5) == (100, 200, 300, 400, 500)
    assert waves_of(7, 3) == (3, 5, 7)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("until=done", "until = 'done': give 'decided', or '' to train everything"),
        ("looks=0", "looks = 0: give a whole number from 1 to n = 20"),
        ("looks=21", "looks = 21: give a whole number from 1 to n = 20"),
        ("looks=two", "looks = 'two' is not of type int"),
        ("delta=0", "delta = 0: give points of error, above 0 and at most 100"),
        ("delta=.nan", "delta"),
        ("compare=all", "compare = 'all': give 'steps' or 'pairs'"),
        ("spaces=[RegNetX_cifar]", "until = decided: compares spaces"),
    ],
)
def test_bad_values_are_one_line(tiny: Path, dsd, override: str, message: str) -> None:
    """Exit code 2, and what is allowed."""
    said = dsd("plan", tiny, *UNTIL, override)
    assert said.code == 2
    assert message in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize("override", ["looks=3", "delta=2", "compare=pairs", "until="])
def test_the_plan_of_looks_stays(tiny: Path, tmp_path: Path, dsd, override: str) -> None:
    """A launch into the folder with other looks is refused: they were stated beforehand."""
    sweep_of(tiny, tmp_path / "sweep", *UNTIL)
    said = dsd("launch", tiny, *UNTIL, override, "cluster=debug", "-o", tmp_path / "sweep")
    assert said.code == 2
    assert "was planned with" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_sweep_without_looks_gets_none(tiny: Path, tmp_path: Path, dsd) -> None:
    """Not even one that was made before there were looks."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    path = sweep.folder / "sweep.yaml"
    kept = [line for line in path.read_text().splitlines() if line.split(":")[0] not in ("until", "looks", "compare")]
    path.write_text("\n".join(kept) + "\n")
    said = dsd("launch", tiny, "until=decided", "looks=2", "cluster=debug", "-o", sweep.folder)
    assert "was planned with until = ''" in said.err
    assert looks_of(Sweep(sweep.folder)) is None


def test_torn_and_repeated_lines(unlaunched: Sweep) -> None:
    """A torn last line is a look that was not made; it is made again, with the same numbers. First records count."""
    sweep = unlaunched
    launch(sweep, Scripted(means=dict.fromkeys(MEANS, 40.0), deviation=8.0))
    path, whole = sweep.folder / LOOKS, made(sweep)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    looks = looks_of(sweep)
    assert looks is not None
    assert (len(looks.made), looks.torn, looks.next) == (3, 1, 4)
    assert launch(sweep, Scripted()).runs == ()  # all results are there
    assert [json.loads(line) | {"time": 0} for line in path.read_text().splitlines()[-1:]] == [
        json.loads(lines[-1]) | {"time": 0}
    ]
    with path.open("ab") as file:
        changed = json.loads(lines[0]) | {"comparisons": []}
        file.write(json.dumps(changed).encode() + b"\n" + b'{"look": 5, "networks": 1, "comparisons": 3}\n')
    again = looks_of(sweep)
    assert again is not None
    assert len(again.made) == 4
    assert [len(look.comparisons) for look in again.made] == [len(look["comparisons"]) for look in whole]


def test_status_plan_and_table_show_looks(tiny: Path, tmp_path: Path, dsd) -> None:
    """Looks made and to come; runs that are not needed are planned with that reason, and no fault."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *UNTIL)
    planned = json.loads(dsd("plan", tiny, *UNTIL, "cluster=debug", "-o", tmp_path / "other", "--json").out)
    assert planned["missing"] == 15
    assert [row["state"] for row in planned["looks"]["looks"]] == ["next", "to come", "to come", "to come"]
    assert [row["networks"] for row in planned["looks"]["looks"]] == [5, 10, 15, 20]
    launch(sweep, Scripted())
    said = dsd("status", sweep.folder)
    assert said.code == 0
    assert f"look 1: {R} better than {E}" in said.out
    assert "planned runs are not needed" in said.out
    assert "launch again" not in said.out
    content = json.loads(dsd("status", sweep.folder, "--json").out)
    assert content["looks"]["concluded"]
    assert content["looks"]["not_needed"] == content["total"]["planned"] > 0
    assert set(content["reasons"].values()) <= {f"not needed: decided at look {k}" for k in range(1, 5)}
    frame, _ = write_tables(sweep)
    spared = frame[frame["status"] == RunState.PLANNED]
    assert len(frame) == 60
    assert len(spared) == content["looks"]["not_needed"]
    assert spared["reason"].str.startswith("not needed: decided at look").all()
    assert dsd("plan", tiny, *UNTIL, "cluster=debug", "-o", sweep.folder).out.count("made") >= 1


def test_analysis_gives_the_verdicts_of_the_looks_only(tiny: Path, tmp_path: Path, dsd) -> None:
    """Before the last look: no verdict but those recorded, and a note. At the end: those of the looks."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *UNTIL)
    launch(sweep, Scripted())
    path = sweep.folder / LOOKS
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0])  # as it was after the first look
    said = dsd("analyze", sweep.folder, "--json")
    assert "a look outside the plan spends no error and decides nothing" in said.err
    pairs = {(c["a"], c["b"]): c for c in json.loads(said.out)["comparisons"]}
    assert {pair: c["verdict"] for pair, c in pairs.items()} == {(A, E): "no verdict", (E, R): "better"}
    assert pairs[E, R]["decision"]["look"] == 1
    assert pairs[A, E]["p_holm"] is None
    path.write_text("".join(lines))
    gathered.cache_clear()  # a command reads a folder once
    said = dsd("analyze", sweep.folder, "--json")
    pairs = {(c["a"], c["b"]): c for c in json.loads(said.out)["comparisons"]}
    assert {pair: c["verdict"] for pair, c in pairs.items()} == {(A, E): "equal", (E, R): "better"}
    recorded = json.loads(lines[0])["comparisons"][1]
    assert (pairs[E, R]["decision"]["low"], pairs[E, R]["decision"]["level"]) == (recorded["low"], recorded["level"])
    assert "(look 1)" in dsd("analyze", sweep.folder).out
    assert dsd("report", sweep.folder).code == 0
    page = (sweep.folder / "report.html").read_text()
    assert "Looks of sweep" in page
    assert f"{R} better than {E}: look 1" in page
    assert "planned runs saved" in page
    assert "unfinished" not in dsd("analyze", sweep.folder).err


def test_an_undecided_end_is_said(tiny: Path, tmp_path: Path, dsd) -> None:
    """After the last look undecided is the verdict, and stays it."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *UNTIL, "delta=0.01")
    launch(sweep, Scripted(means=dict.fromkeys(MEANS, 40.0), deviation=8.0))
    content = json.loads(dsd("analyze", sweep.folder, "--json").out)
    assert {c["verdict"] for c in content["comparisons"]} == {"undecided"}
    assert {c["decision"]["look"] for c in content["comparisons"]} == {4}
    status = StatusPoller(sweep).status()
    assert facts(status.looks)["concluded"]
    assert saved(sweep, status, status.looks).runs == 0


def test_cancelled_sweeps_hold(unlaunched: Sweep) -> None:
    """After `dsd cancel` no controller goes on; a launch does."""
    sweep = unlaunched
    cancel(sweep)
    advance(sweep, Scripted())
    assert not made(sweep)
    assert StatusPoller(sweep).status().counts()["done"] == 0
    launch(sweep, Scripted())
    assert not (sweep.folder / HELD).exists()
    assert made(sweep)


def test_interrupted_runs_wait_for_a_launch(unlaunched: Sweep) -> None:
    """A controller makes no look without them, and submits none of them again: what ended them may end them again."""
    sweep = unlaunched
    looks = looks_of(sweep)
    assert looks is not None
    first = tuple(run for run in sweep.runs if run in looks.due)
    sweep.record(Submission("local", "gone: x", "nowhere", time.time(), (first,), "123"))
    advance(sweep, Scripted())
    assert StatusPoller(sweep).status().counts()["lost"] == 15
    assert not made(sweep)
    assert set(first) <= set(launch(sweep, Scripted()).runs)
    assert looks_of(sweep).next is None


def test_a_controller_that_cannot_says_so(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dsd) -> None:
    """Its error is recorded as a broken job, which status prints beside what to do."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *UNTIL)
    monkeypatch.setattr("dsd.sweep.submission.PAUSE_S", 0.0)
    with (sweep.folder / "networks.csv").open("a") as file:
        file.write("x\n")
    Advance(str(sweep.folder), Scripted(), None)()
    (path,) = (sweep.folder / "events").glob("look-*")
    event = json.loads(path.read_text())
    assert event["event"] == "broken"
    assert "the next look was not made" in event["message"]
    assert "is damaged" in event["message"]


def test_levels_read_well() -> None:
    """Two digits of the distance to 100 %."""
    assert [percent(x) for x in (0.5, 0.975, 0.99918, 1 - 1.17e-6, 1 - 1e-15)] == [
        "50.0 %",
        "97.5 %",
        "99.918 %",
        "99.99988 %",
        "99.99999999999990 %",
    ]


def test_the_small_job_of_slurm() -> None:
    """One core, no GPU, minutes; the account and the reservation of the others, none of their resources."""
    asked = Slurm(partition="p", account="a", gpus=2, cpus=8, mem_gb=64, time_min=600, runs_per_job=2)
    one = Slurm(**{**vars(asked), "sbatch": ("--reservation=r", "--exclusive", "--mail-type=FAIL")}).small
    assert (one.partition, one.account, one.sbatch) == ("p", "a", ("--reservation=r",))
    assert (one.gpus, one.cpus, one.mem_gb, one.time_min) == (0, 1, 2.0, 10)
    assert "gpus_per_node" not in one.parameters("x", Path("/code"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The looks of the small study, trained in this process."""
    from tests.conftest import TINY_STUDY

    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "tiny.yaml").write_text(TINY_STUDY)
    sweep = sweep_of(folder / "tiny.yaml", folder / "sweep", *SMALL)
    launch(sweep, Debug())
    looks = made(sweep)
    assert len(looks) == 2
    return looks


def test_waves_follow_each_other_on_local(undisturbed: list[dict[str, object]], tiny: Path, tmp_path: Path) -> None:
    """One launch, no shell: the last worker to end makes the look and starts the next wave, from the copy of dsd."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *SMALL)
    assert len(launch(sweep, Local(workers=2)).runs) == 15
    wait(sweep, over)
    assert made(sweep) == undisturbed
    submissions, _ = sweep.submissions()
    assert [len(one.tasks[0]) for one in submissions[:2]] == [15, 15]
    assert len(submissions) == 4  # two workers a wave
    assert {one.tasks[0] for one in submissions[2:]} == {submissions[-1].tasks[0]}
    assert len({one.commit for one in submissions}) == 1
    assert launch(sweep, Local(workers=2)).runs == ()


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_anywhere_it_goes_on(
    undisturbed: list[dict[str, object]], tiny: Path, tmp_path: Path, seed: int
) -> None:
    """SIGKILL to every process at random moments, also between waves; launches then give the same looks."""
    sweep, rng = sweep_of(tiny, tmp_path / "sweep", *SMALL), random.Random(seed)
    slow_down(sweep, 0.2)
    for _ in range(3):
        launch(sweep, Local(workers=2))
        time.sleep(rng.uniform(0.0, 9.0))
        for process in processes_of(sweep):
            process.kill()
        wait(sweep, over)
        before = made(sweep)
        assert before == undisturbed[: len(before)]
    launch(sweep, Local(workers=2))
    wait(sweep, over)
    assert made(sweep) == undisturbed


def processes_of(sweep: Sweep) -> list[psutil.Process]:
    """All processes that work for a sweep."""
    place = str(sweep.folder)
    return [one for one in psutil.process_iter(["cmdline"]) if any(place in word for word in one.info["cmdline"] or ())]


CONTROL = """
import sys
from pathlib import Path
from dsd.sweep.backends import Local
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.submission import advance
sys.stdin.read()
advance(Sweep(Path(sys.argv[1])), Local(workers=1))
"""


def test_controllers_at_the_same_moment_do_no_harm(tiny: Path, tmp_path: Path) -> None:
    """Of four that are let go at once one makes the look and starts the wave; the others find it done."""
    sweep = sweep_of(tiny, tmp_path / "sweep", *SMALL, "n=12")
    looks = looks_of(sweep)
    assert looks is not None
    first = tuple(run for run in sweep.runs if run in looks.due)
    Scripted(means={A: 40.0, E: 40.0, R: 40.0}, deviation=20.0).execute(sweep.folder, first, time.time())
    words = [sys.executable, "-c", CONTROL, str(sweep.folder)]
    processes = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(4)]
    time.sleep(1)
    for process in processes:
        assert process.stdin
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0] * 4
    assert [look["look"] for look in made(sweep)] == [1]
    submissions, _ = sweep.submissions()
    assert len(submissions) == 1
    assert len(submissions[0].tasks[0]) == 18
    cancel(sweep)
    wait(sweep, over)
    assert len(made(sweep)) == 1  # its supervisor received the signal to end, and made no look
    frame, _ = write_tables(sweep)
    assert set(pd.unique(frame["status"])) <= {"done", "cancelled"}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that was not launched, to copy."""
    from tests.conftest import TINY_STUDY

    folder = tmp_path_factory.mktemp("planned")
    (folder / "tiny.yaml").write_text(TINY_STUDY)
    return sweep_of(folder / "tiny.yaml", folder / "sweep", *UNTIL).folder


@pytest.fixture
def unlaunched(planned: Path, tmp_path: Path) -> Sweep:
    """A copy of it."""
    return Sweep(Path(shutil.copytree(planned, tmp_path / "sweep")))


COMPARED = {"a": A, "b": E, "n_a": 5, "n_b": 5, "fraction": 0.25, "level": 0.9, "verdict": "undecided"}


@pytest.mark.parametrize(
    "changed",
    [
        {"look": True},
        {"look": 1e9},
        {"networks": "5"},
        {"time": "noon"},
        {"comparisons": 3},
        {"comparisons": [3]},
        {"comparisons": [COMPARED | {"fraction": 1e300}]},
        {"comparisons": [COMPARED | {"level": 1.5}]},
        {"comparisons": [COMPARED | {"verdict": "best"}]},
        {"comparisons": [COMPARED | {"low": "x"}]},
        {"comparisons": [COMPARED | {"n_a": -0.5}]},
        {"comparisons": [COMPARED | {"more": 1}]},
        {"comparisons": [COMPARED | {"a": 3}]},
    ],
)
def test_a_damaged_look_was_not_made(unlaunched: Sweep, changed: dict[str, object]) -> None:
    """It is counted as a line that cannot be read, and made when it is due."""
    sweep = unlaunched
    line = {"look": 1, "networks": 5, "time": 1.0, "comparisons": [COMPARED]}
    path = sweep.folder / LOOKS
    path.write_text(json.dumps(line) + "\n")
    assert len(looks_of(sweep).made) == 1  # undamaged it counts
    path.write_text(json.dumps(line | changed) + "\n")
    looks = looks_of(sweep)
    assert (len(looks.made), looks.next) == (0, 1)
    assert looks.torn == 1


def test_a_repeated_fraction_does_no_harm(unlaunched: Sweep) -> None:
    """Where a look came without new networks, by whatever way, the next one has boundaries all the same."""
    sweep = unlaunched
    lines = [{"look": k, "networks": 5 * k, "comparisons": [COMPARED]} for k in (1, 2)]
    (sweep.folder / LOOKS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    launch(sweep, Scripted())
    assert looks_of(sweep).next is None


@pytest.mark.parametrize(
    "change",
    [
        {"n": 19},
        {"n": "x"},
        {"looks": 0},
        {"looks": 10**9},
        {"delta": 0},
        {"delta": "x"},
        {"spaces": 3},
        {"regimes": 3},
    ],
)
def test_a_damaged_plan_is_one_line(unlaunched: Sweep, dsd, change: dict[str, object]) -> None:
    """sweep.yaml names what is wrong."""
    import yaml

    sweep = unlaunched
    path = sweep.folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    said = dsd("status", sweep.folder)
    assert said.code == 2
    assert "is damaged" in said.err
    assert len(said.err.strip().splitlines()) == 1
