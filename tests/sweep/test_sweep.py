"""Sweeps from launch to table, undisturbed and disturbed. Oracle: the undisturbed sweep's own bits."""

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

import dsd
from dsd import DsdError, load_space, sample
from dsd.models.device import device_name
from dsd.paths import PACKAGE
from dsd.sweep.backends import Debug, Local
from dsd.sweep.folder.events import EventReader, events_of
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.snapshots import take_snapshot
from dsd.sweep.job import executor
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.status import StatusPoller
from dsd.sweep.submission import cancel, in_turns, launch
from dsd.training.run import run_key
from tests.fault_injection import heal, inject, slow_down

DEADLINE_S = 180
STEP_S = 0.1  # more for each step of runs that are to be disturbed: 4 s a run


def sweep_of(study: Path, folder: Path, *overrides: str) -> Sweep:
    """The sweep of a study, not launched."""
    return create(plan_runs(load_study(str(study), overrides)), folder)


def wait(sweep: Sweep, until: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    """Ask for the status until it is as wanted."""
    watch, deadline = StatusPoller(sweep), time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        counts = watch.status().counts()
        if until(counts):
            return counts
        time.sleep(0.1)
    logs = "\n".join(path.read_text() for path in (sweep.folder / "jobs").glob("*.err"))
    raise AssertionError(f"still {counts} after {DEADLINE_S} s\n{logs}")


def idle(counts: dict[str, int]) -> bool:
    """Nothing is queued or running."""
    return not counts["queued"] + counts["running"]


def errors(sweep: Sweep) -> dict[str, tuple[float, float, float]]:
    """What must agree to the bit, by run."""
    frame, _ = write_tables(sweep)
    assert (frame["status"] == "done").all(), frame[["status", "reason"]]
    return {row.run: (row.error, row.best_error, row.loss) for row in frame.itertuples()}


def curves(sweep: Sweep) -> dict[str, list[tuple[float, float]]]:
    """Loss and error of every epoch, by run."""
    records = EventReader(sweep.folder).poll()
    return {run: [(one.loss, one.error) for _, one in sorted(record.epochs.items())] for run, record in records.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """The tiny study, run in this process from beginning to end."""
    from tests.conftest import TINY_STUDY

    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "tiny.yaml").write_text(TINY_STUDY)
    sweep = sweep_of(folder / "tiny.yaml", folder / "sweep", "cluster=debug")
    launch(sweep, Debug())
    return sweep


def test_a_sweep_is_a_folder(undisturbed: Sweep) -> None:
    """Everything needed to understand it lies there: configuration, networks, events, jobs; no checkpoint is left."""
    folder = undisturbed.folder
    names = {path.name for path in folder.iterdir()}
    assert {"sweep.yaml", "networks.csv", "events", "checkpoints", "jobs"} <= names
    assert not list((folder / "checkpoints").iterdir())
    config = undisturbed.config
    assert config["recipe"]["epochs"] == 8
    assert config["spaces"]["RegNetX_cifar"]["w_m"]["high"] == 3
    assert config["draws"]["RegNetX_cifar"]["proposals"] > 0
    assert set(config["git"]) <= {"commit", "dirty"}


def test_the_table_has_one_row_per_planned_network(undisturbed: Sweep) -> None:
    """networks.csv and, for each row, status, errors and times; the error is that of the last epoch."""
    write_tables(undisturbed)
    frame = pd.read_csv(undisturbed.folder / "table.csv")
    assert list(frame["run"]) == undisturbed.runs
    assert list(frame.groupby("space").size()) == [2, 2]
    assert (frame["attempts"] == 1).all()
    assert (frame["trained_on"] == device_name("cpu")).all()
    started, finished = (pd.to_datetime(frame[name]) for name in ("started", "finished"))
    assert (started <= finished).all()
    assert (finished - started).dt.total_seconds().sub(frame["train_s"] + frame["eval_s"]).between(-2, 10).all()
    for row in frame.itertuples():
        curve = curves(undisturbed)[row.run]
        assert len(curve) == row.epochs == 8
        assert (row.loss, row.error) == curve[-1]
        assert row.best_error == min(error for _, error in curve)


def test_spaces_take_turns(undisturbed: Sweep) -> None:
    """Runs start with the first network of each space, then the second of each, not one space after the other."""
    (first, second), (third, fourth) = undisturbed.spaces.values()
    records = EventReader(undisturbed.folder).poll()
    assert sorted(records, key=lambda run: records[run].starts[0]) == [first, third, second, fourth]
    assert in_turns(["b2", "a1", "a2"], {"a": ["a1", "a2", "both"], "b": ["both", "b2"]}) == ("a1", "a2", "b2")
    assert in_turns(["both", "b2"], {"a": ["a1", "both"], "b": ["both", "b2"]}) == ("both", "b2")


def test_local_workers_reach_the_same_bits(undisturbed: Sweep, tiny: Path, tmp_path: Path) -> None:
    """Two background workers give every run the numbers it has in one process, each run once."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    before = time.monotonic()
    launched = launch(sweep, Local(workers=2))
    assert time.monotonic() - before < 5  # it returns; training takes longer
    assert (launched.jobs, len(launched.runs)) == (2, 4)
    wait(sweep, idle)
    assert errors(sweep) == errors(undisturbed)
    assert curves(sweep) == curves(undisturbed)
    assert [record.attempts for record in EventReader(sweep.folder).poll().values()] == [1] * 4
    assert not list((sweep.folder / "checkpoints").iterdir())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_sweep_goes_on(undisturbed: Sweep, tiny: Path, tmp_path: Path, seed: int) -> None:
    """SIGKILL to every process at a random moment, twice, then a launch: all results, each once, to the bit."""
    sweep, rng = sweep_of(tiny, tmp_path / "sweep"), random.Random(seed)
    slow_down(sweep, STEP_S)
    for _ in range(2):
        launch(sweep, Local(workers=2))
        wait(sweep, lambda counts: counts["running"] > 0)
        time.sleep(rng.uniform(0, 1.0))
        processes = [psutil.Process(int(job.job)) for job in StatusPoller(sweep).status().living]
        for process in [child for p in processes for child in (*p.children(recursive=True), p)]:
            process.kill()
        counts = wait(sweep, idle)
        assert counts["failed"] == 0
        assert counts["lost"] > 0  # the kill did interrupt something
    write_tables(sweep)  # a sweep in pieces can be collected
    launch(sweep, Local(workers=2))
    assert wait(sweep, idle)["done"] == 4
    assert errors(sweep) == errors(undisturbed)
    assert curves(sweep) == curves(undisturbed)
    results = [
        line["run"]
        for path in (sweep.folder / "events").iterdir()
        for line in map(json.loads, filter(None, path.read_text().split("\n")))
        if line["event"] == "done"
    ]
    assert sorted(results) == sorted(sweep.runs)
    assert launch(sweep, Local(workers=2)).runs == ()


def workers_of(sweep: Sweep) -> list[psutil.Process]:
    """The processes that train, below submitit's own and the supervisor's."""
    controllers = [psutil.Process(int(job.job)) for job in StatusPoller(sweep).status().living]
    supervisors = [process for controller in controllers for process in controller.children()]
    return [process for supervisor in supervisors for process in supervisor.children()]


@pytest.mark.parametrize("victim", ["controller", "supervisor"])
def test_a_killed_job_leaves_its_run(tiny: Path, tmp_path: Path, victim: str) -> None:
    """SIGKILL to submitit's process, or to the supervisor below it, ends the worker, too; its runs are lost."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    slow_down(sweep, STEP_S)
    launch(sweep, Local(workers=1))
    wait(sweep, lambda counts: counts["running"] > 0)
    (worker,) = workers_of(sweep)
    supervisor = worker.parent()
    assert supervisor
    (supervisor.parent() if victim == "controller" else supervisor).kill()
    psutil.wait_procs([worker], 20)
    assert wait(sweep, idle)["lost"] == 4
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


def test_a_killed_worker_is_replaced(undisturbed: Sweep, tiny: Path, tmp_path: Path) -> None:
    """SIGKILL to a worker is written down, and another one goes on: the same bits, without a new launch."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    slow_down(sweep, STEP_S)
    launch(sweep, Local(workers=1))
    wait(sweep, lambda counts: counts["running"] > 0)
    (worker,) = workers_of(sweep)
    worker.kill()
    wait(sweep, idle)
    assert errors(sweep) == errors(undisturbed)
    assert sorted(record.attempts for record in EventReader(sweep.folder).poll().values()) == [1, 1, 1, 2]
    stops = [e for path in (sweep.folder / "events").iterdir() for e in events_of(sweep.folder, path.stem)]
    assert [(e.reason, e.message) for e in stops if e.kind == "stopped"] == [("killed", "SIGKILL")]


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGKILL"])
def test_a_run_that_kills_its_worker_again_and_again_is_given_up(tiny: Path, tmp_path: Path, number: str) -> None:
    """It fails with its last reason after as many attempts as are allowed; the others are not disturbed."""
    sweep = sweep_of(tiny, tmp_path / "sweep", "recipe.epochs=2")
    deadly = sweep.runs[0]
    inject(sweep, deadly, f"os.kill(os.getpid(), signal.{number})")
    launch(sweep, Local(workers=1, max_attempts=2))
    assert wait(sweep, idle) | {"failed": 1, "done": 3} == wait(sweep, idle)
    frame, _ = write_tables(sweep)
    given_up = f"killed: given up after 2 consecutive attempts without progress; last attempt: {number}"
    assert list(frame["reason"]) == [given_up, "", "", ""]
    assert list(frame["attempts"]) == [2, 1, 1, 1]
    assert launch(sweep, Local(workers=1)).runs == ()
    heal(sweep)
    assert launch(sweep, Local(workers=1), retry_failed=True).runs == (deadly,)
    assert wait(sweep, idle)["done"] == 4


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A control group of 700 MB, of which the kernel's memory killer takes care."""
    group = Path("/sys/fs/cgroup/memory") / f"dsd-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("700000000")
    except OSError as error:
        pytest.skip(f"no control group of the first version can be made here: {error}")
    yield group
    deadline = time.monotonic() + 30
    while (group / "cgroup.procs").read_text():
        assert time.monotonic() < deadline, "its processes do not end"
        time.sleep(0.1)
    group.rmdir()


def test_the_kernels_memory_killer_is_known(tiny: Path, tmp_path: Path, little_memory: Path) -> None:
    """A run that takes all memory: its worker is killed by the kernel, and replaced; the run failed for that reason."""
    sweep = sweep_of(tiny, tmp_path / "sweep", "recipe.epochs=1")
    inject(sweep, sweep.runs[0], "torch.ones(400_000_000)")
    options = ["recipe.epochs=1", "cluster.workers=1", "cluster.max_attempts=2", "-o", str(sweep.folder)]
    words = shlex.join([sys.executable, "-m", "dsd", "launch", str(tiny), *options])
    subprocess.run(["sh", "-c", f"echo $$ > {little_memory}/cgroup.procs; exec {words}"], check=True)
    counts = wait(sweep, idle)
    assert (counts["failed"], counts["done"]) == (1, 3)
    reason = StatusPoller(sweep).status().reasons[sweep.runs[0]]
    assert reason.startswith(
        "out of memory: given up after 2 consecutive attempts without progress; last attempt: SIGKILL"
    )


def test_a_worker_that_does_not_end_is_killed(tiny: Path, tmp_path: Path) -> None:
    """Told to end, and deaf: after the time of grace it is killed, so that its job can still do what it has to."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    deaf = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); time.sleep(1000)"
    inject(sweep, sweep.runs[0], deaf)
    path = take_snapshot(sweep.folder) / "dsd" / "sweep" / "job" / "supervisor.py"
    text = path.read_text()
    assert "\nGRACE_S = 60.0" in text
    path.write_text(text.replace("\nGRACE_S = 60.0", "\nGRACE_S = 1.0"))
    launch(sweep, Local(workers=1))
    wait(sweep, lambda counts: counts["running"] == 1)
    cancel(sweep)
    assert wait(sweep, idle)["cancelled"] == 4
    (stop,) = [e for path in (sweep.folder / "events").iterdir() for e in events_of(sweep.folder, path.stem)][1:]
    assert (stop.kind, stop.message) == ("stopped", "SIGKILL")


def test_a_cancelled_sweep_keeps_its_state(undisturbed: Sweep, tiny: Path, tmp_path: Path) -> None:
    """Workers stop at the next step and keep their state; cancelled runs say so, and go on to the same bits."""
    sweep = sweep_of(tiny, tmp_path / "sweep")
    slow_down(sweep, STEP_S)
    launch(sweep, Local(workers=2))
    wait(sweep, lambda counts: counts["running"] == 2)
    assert len(cancel(sweep).living) == 2
    assert wait(sweep, idle)["cancelled"] == 4
    status = StatusPoller(sweep).status()
    assert set(status.reasons.values()) == {"resumable", "before it was started"}
    stopped = [record for record in status.records.values() if record.last.kind == "stopped"]
    assert len(stopped) == len(list((sweep.folder / "checkpoints").iterdir())) == 2
    assert len(launch(sweep, Local(workers=2)).runs) == 4
    wait(sweep, idle)
    assert errors(sweep) == errors(undisturbed)
    assert curves(sweep) == curves(undisturbed)
    assert cancel(sweep).living == ()


def committed(checkout: Path) -> str:
    """The commit of a new repository with these files."""
    (checkout / ".gitignore").write_text("__pycache__/\n")
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def test_jobs_run_the_code_of_their_launch(tiny: Path, tmp_path: Path) -> None:
    """Edits of the package after a launch do not reach its jobs: they import a copy that lies in the sweep."""
    package = tmp_path / "checkout" / "dsd"
    shutil.copytree(PACKAGE, package)
    words = ["-m", "dsd", "launch", str(tiny), "recipe.epochs=1", "cluster.workers=1", "-o", str(tmp_path / "sweep")]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONSAFEPATH": "1"}
    for name in ("spaces", "experiments"):
        shutil.copytree(PACKAGE.parent / name, package.parent / name)
    commit = committed(package.parent)
    subprocess.run([sys.executable, *words], check=True, env=environment, cwd=tmp_path)
    for path in package.rglob("*.py"):
        path.write_text("raise SystemError('edited')")
    sweep = Sweep(tmp_path / "sweep")
    assert wait(sweep, idle)["done"] == 4
    assert sweep.config["git"] == {"commit": commit, "dirty": False}
    assert {submission.commit for submission in sweep.submissions()[0]} == {commit}
    (code,) = (sweep.folder / "jobs" / "code").iterdir()
    assert (code / "dsd" / "cli" / "__init__.py").read_text() == (PACKAGE / "cli" / "__init__.py").read_text()


def test_launching_twice_at_the_same_moment_submits_once(tiny: Path, tmp_path: Path) -> None:
    """Of two launches at a time one submits everything, the other sees it queued; each run is executed once."""
    folder = tmp_path / "sweep"
    words = [sys.executable, "-m", "dsd", "launch", str(tiny), "cluster.workers=1", "-o", str(folder)]
    launches = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(launch.communicate(timeout=DEADLINE_S)[1].splitlines()[-1] for launch in launches)
    assert said[0].startswith("0 runs submitted to local in 0 jobs; before: ")
    assert said[1] == "4 runs submitted to local in 1 job"
    wait(Sweep(folder), idle)
    assert [record.attempts for record in EventReader(folder).poll().values()] == [1] * 4


def test_a_torn_record_of_jobs_is_skipped_and_reported(undisturbed: Sweep, tmp_path: Path) -> None:
    """A launch killed while it wrote down a job leaves a sweep that can be read and continued."""
    shutil.copytree(undisturbed.folder, tmp_path / "sweep")
    sweep = Sweep(tmp_path / "sweep")
    record = tmp_path / "sweep" / "jobs" / "submitted.jsonl"
    record.write_bytes(record.read_bytes()[:-40])
    assert StatusPoller(sweep).status().torn == 1
    assert launch(sweep, Debug()).runs == ()


def test_a_sweep_can_be_moved(undisturbed: Sweep, tiny: Path, tmp_path: Path) -> None:
    """Table, errors and launch are the same in another place."""
    shutil.copytree(undisturbed.folder, tmp_path / "moved")
    moved = sweep_of(tiny, tmp_path / "moved")
    assert errors(moved) == errors(undisturbed)
    assert launch(moved, Debug()).runs == ()


def test_a_sweep_goes_on_when_its_data_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the data is no part of a run's identity: a launch that names the new one uses it."""
    from tests.training.test_data import ARCHIVES, cifar_spec

    monkeypatch.setitem(ARCHIVES, "cifar10", replace(ARCHIVES["cifar10"], images=(20, 20)))

    words = ["n=1", "spaces=[RegNetX_cifar]", "recipe.epochs=1", "data.train_images=64", "data.test_images=20"]
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        cifar_spec(tmp_path / name)
    made = plan_runs(load_study("cifar_quick", [*words, f"data.folder={tmp_path / 'before'}", "recipe.batch_size=32"]))
    sweep = create(made, tmp_path / "sweep")
    shutil.rmtree(tmp_path / "before")
    with pytest.raises(DsdError, match=r"the job failed: DsdError: data.folder = .*before"):
        launch(sweep, Debug())
    status = StatusPoller(sweep).status()
    assert (status.counts()["lost"], len(status.broken)) == (1, 1)
    made = plan_runs(load_study("cifar_quick", [*words, f"data.folder={tmp_path / 'after'}", "recipe.batch_size=32"]))
    launch(create(made, tmp_path / "sweep"), Debug())
    assert StatusPoller(sweep).status().counts()["done"] == 1


def test_a_network_of_two_spaces_is_trained_once_and_stands_twice(tiny: Path, tmp_path: Path) -> None:
    """The run that two spaces share is submitted, paid for and counted once; the table has it in both."""
    (tmp_path / "same.yaml").write_text("extends: RegNetX_cifar\nw_0: {low: 16, high: 16}\nw_m: {low: 2, high: 2}\n"
                                        "depth: {low: 4, high: 4}\nw_a: {low: 24, high: 24}\n"
                                        "bottleneck_ratio: {high: 1}\ngroup_width: {high: 1}\n")  # fmt: skip
    (tmp_path / "again.yaml").write_text("extends: same\n")
    spaces = [f"spaces=[{tmp_path / 'same.yaml'},{tmp_path / 'again.yaml'}]", "n=1", "flops=':'", "acts=':'"]
    made = plan_runs(load_study(str(tiny), [*spaces, "recipe.epochs=1"]))
    assert len(made.runs) == 2
    assert len(set(made.runs)) == 1
    assert made.training_flops == 3 * 320 * int(made.tables[0]["flops"][0])
    sweep = create(made, tmp_path / "sweep")
    assert len(launch(sweep, Debug()).runs) == 1
    frame, status = write_tables(sweep)
    assert (status.counts()["done"], len(frame)) == (1, 2)


def test_spaces_of_a_study_are_drawn_independently(tiny: Path) -> None:
    """AnyNetX_A and B would share depths and widths if drawn with one seed; each has its own, written down."""
    made = plan_runs(load_study(str(tiny), ["spaces=[AnyNetX_A_cifar,AnyNetX_B_cifar]", "n=50"]))
    drawn = ("d1", "d2", "d3", "sampled_w1", "sampled_w2", "sampled_w3")
    a, b = (set(zip(*(table[column].tolist() for column in drawn), strict=True)) for table in made.tables)
    assert len(a & b) <= 1
    assert made.sample_seeds["AnyNetX_A_cifar"] != made.sample_seeds["AnyNetX_B_cifar"]
    space = load_space("AnyNetX_A_cifar")
    windows = {"flops": "100K:300K", "acts": ":10K", "resolution": 8}
    again = sample(space, 50, seed=made.sample_seeds["AnyNetX_A_cifar"], **windows)
    assert again.frame["key"].tolist() == made.tables[0]["key"].tolist()


def test_a_failing_run_is_a_row_with_its_reason(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exceptions and lack of memory end one run, not the sweep; they are tried again only when asked for."""
    sweep, train = sweep_of(tiny, tmp_path / "sweep"), executor.train
    broken, starved = sweep.runs[:2]

    def sabotage(run, *words, **named):
        if run.key == broken:
            raise ZeroDivisionError("a\nb")
        if run.key == starved:
            raise MemoryError("640 K")
        return train(run, *words, **named)

    monkeypatch.setattr(executor, "train", sabotage)
    launch(sweep, Debug())
    frame, _ = write_tables(sweep)
    assert list(frame["status"]) == ["failed", "failed", "done", "done"]
    assert list(frame["reason"][:2]) == ["exception: ZeroDivisionError: a b", "out of memory: MemoryError: 640 K"]
    assert frame["error"].isna().tolist() == [True, True, False, False]
    assert "sabotage" in EventReader(sweep.folder).poll()[broken].last.traceback
    assert launch(sweep, Debug()).runs == ()
    monkeypatch.undo()
    assert launch(sweep, Debug(), retry_failed=True).runs == (broken, starved)
    frame, _ = write_tables(sweep)
    assert list(frame["status"]) == ["done"] * 4
    assert list(frame["attempts"]) == [2, 2, 1, 1]


def test_a_diverged_run_is_a_result(tiny: Path, tmp_path: Path) -> None:
    """A loss that is not finite: status diverged, an error, and no second try."""
    sweep = sweep_of(tiny, tmp_path / "sweep", "recipe.lr=1e30", "n=1")
    launch(sweep, Debug())
    frame, status = write_tables(sweep)
    assert list(frame["status"]) == ["diverged"] * 2
    assert (frame["error"] > 80).all()
    assert frame["loss"].isna().all()
    assert status.counts()["failed"] == 0
    assert launch(sweep, Debug()).runs == ()


def test_a_folder_holds_one_sweep(undisturbed: Sweep, tiny: Path, tmp_path: Path) -> None:
    """The same study goes on in its folder; another one, or a folder of something else, is refused and left alone."""
    assert sweep_of(tiny, undisturbed.folder).folder == undisturbed.folder
    before = sorted((p, p.stat().st_mtime_ns) for p in undisturbed.folder.rglob("*"))
    with pytest.raises(DsdError, match=r"holds another sweep \(n = 2, not 3\); give"):
        sweep_of(tiny, undisturbed.folder, "n=3")
    assert sorted((p, p.stat().st_mtime_ns) for p in undisturbed.folder.rglob("*")) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(DsdError, match="exists and is not a sweep"):
        sweep_of(tiny, tmp_path / "mine")
    with pytest.raises(DsdError, match="is not a sweep"):
        Sweep(tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_what_differs_between_two_sweeps_is_named(undisturbed: Sweep, tiny: Path) -> None:
    """Settings under the names that override them, both values, the first three of many."""
    for overrides, told in [
        (["spaces=[RegNetX_cifar]"], r"\(spaces = \['AnyNetX_A_cifar', 'RegNetX_cifar'\], not \['RegNetX_cifar'\]\)"),
        (["recipe.epochs=4"], r"\(recipe.epochs = 8, not 4\)"),
        (
            ["recipe.lr=1", "n=3", "flops=:1M", "sample_seed=2"],
            r"n = 2, not 3; flops = 100K:300K, not :1M; .* and 1 more",
        ),
    ]:
        with pytest.raises(DsdError, match=told):
            sweep_of(tiny, undisturbed.folder, *overrides)


def test_a_folder_that_a_killed_launch_left_is_used(tiny: Path, tmp_path: Path) -> None:
    """An empty folder, and one without sweep.yaml that holds only parts of a sweep, become the sweep."""
    for name, parts in (("empty", []), ("left", ["events", "checkpoints"])):
        for part in ["", *parts]:
            (tmp_path / name / part).mkdir()
        if parts:
            (tmp_path / name / "networks.csv").write_text("half")
        assert len(sweep_of(tiny, tmp_path / name).runs) == 4
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("file", "content"), [("sweep.yaml", "x: ["), ("sweep.yaml", "- a"), ("networks.csv", ""), ("networks.csv", "a\n")]
)
def test_a_damaged_sweep_is_named(undisturbed: Sweep, dsd, tmp_path: Path, file: str, content: str) -> None:
    """One line that names the file."""
    shutil.copytree(undisturbed.folder, tmp_path / "sweep")
    (tmp_path / "sweep" / file).write_text(content)
    done = (
        dsd("report", tmp_path / "sweep") if file == "networks.csv" else dsd("launch", "demo", "-o", tmp_path / "sweep")
    )
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"{file}: is damaged" in done.err


def test_a_full_disk_breaks_the_job_not_the_run(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an event cannot be written the job ends; the run is lost, not failed, and the next launch finishes it."""
    sweep, write = sweep_of(tiny, tmp_path / "sweep", "n=1"), os.write
    monkeypatch.setattr(os, "write", lambda f, data: write(f, data[:30]) if b'"epoch": 2' in data else write(f, data))
    with pytest.raises(DsdError, match="disk full"):
        launch(sweep, Debug())
    monkeypatch.undo()
    status = StatusPoller(sweep).status()
    assert (status.counts()["lost"], status.torn, len(status.broken)) == (2, 1, 1)
    launch(sweep, Debug())
    assert StatusPoller(sweep).status().counts()["done"] == 2


def test_a_folder_appears_whole_or_not_at_all(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing it breaks off, nothing is left behind."""

    def full(tables: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("dsd.sweep.planning.creation.as_csv", full)
    with pytest.raises(OSError, match="disk full"):
        sweep_of(tiny, tmp_path / "sweep")
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.yaml"]


def test_of_two_launches_that_create_a_folder_one_wins(tiny: Path, tmp_path: Path, monkeypatch) -> None:
    """When another launch has made the folder in the meantime, its sweep is the sweep, and no half one is left."""
    from dsd.sweep.planning import creation as module

    as_csv = module.as_csv

    def slower(tables):
        monkeypatch.setattr(module, "as_csv", as_csv)
        sweep_of(tiny, tmp_path / "sweep")
        return as_csv(tables)

    monkeypatch.setattr(module, "as_csv", slower)
    assert len(sweep_of(tiny, tmp_path / "sweep").runs) == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sweep", "tiny.yaml"]


def test_what_is_drawn_of_the_recipe_is_trained_with(tmp_path: Path) -> None:
    """Learning rate and weight decay of a row replace the recipe's; a space without them keeps the recipe's."""
    study = load_study(
        "demo", ("spaces=[RegNetX_lr_wd,RegNetX_cifar]", "n=3", "flops=:300M", "sample_seed=1", "data=cifar10")
    )
    sweep = create(plan_runs(study), tmp_path / "sweep")
    rows = sweep.networks.to_dict("records")
    drawn, plain = rows[:3], rows[3:]
    assert len({row["lr"] for row in drawn}) == 3
    for row in drawn:
        recipe = sweep.run(row).recipe
        assert (recipe.lr, recipe.weight_decay) == (float(row["lr"]), float(row["weight_decay"]))
        assert row["run"] == run_key(row["key"], recipe, study.data, 0)
        assert row["run"] != run_key(row["key"], study.recipe, study.data, 0)
    assert all(sweep.run(row).recipe == study.recipe for row in plain)


def test_every_seed_is_a_run_of_its_own(tiny: Path) -> None:
    """Two training seeds of the same networks: twice the runs, all with keys of their own."""
    made = plan_runs(load_study(str(tiny), ["seeds=[0,1]"]))
    assert len(set(made.runs)) == 8
    keys = np.concatenate([table["key"] for table in made.tables])
    assert len(set(keys.tolist())) == 4


def test_some_networks_are_trained_with_more_seeds(tiny: Path) -> None:
    """Of each space the first `seeds_n` networks have a run with each seed, the others with the first."""
    once = plan_runs(load_study(str(tiny), []))
    made = plan_runs(load_study(str(tiny), ["seeds=[0,3,1]", "seeds_n=1"]))
    found = [(str(table["space"][0]), table["seed"].tolist(), table["key"].tolist()) for table in made.tables]
    keys = {str(table["space"][0]): table["key"].tolist() for table in once.tables}
    wanted = [(space, [seed] * n, of[:n]) for space, of in keys.items() for seed, n in ((0, len(of)), (3, 1), (1, 1))]
    assert found == wanted
    assert (
        plan_runs(load_study(str(tiny), ["seeds=[0,1]", "seeds_n=2"])).runs
        == plan_runs(load_study(str(tiny), ["seeds=[0,1]"])).runs
    )


def test_the_cost_is_that_of_training(tiny: Path) -> None:
    """Three passes × epochs × images × flops of all networks."""
    made = plan_runs(load_study(str(tiny), []))
    assert made.training_flops == 3 * 8 * 320 * sum(int(table["flops"].sum()) for table in made.tables)


def test_the_frame_of_collect_is_that_of_table_csv(tiny: Path, tmp_path: Path) -> None:
    """Analysed from Python, it has the same ranges as the file."""
    sweep = sweep_of(tiny, tmp_path / "sweep", "recipe.epochs=1")
    launch(sweep, Debug())
    frame = dsd.sweep.collect(sweep.folder)
    assert frame["d1"].dtype.kind == "i"
    file = sweep.folder / "table.csv"
    assert dsd.analyze(frame).as_json() == dsd.analyze(file).as_json()
    assert list(frame) == list(dsd.read_table(file))
