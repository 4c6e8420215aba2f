"""Sweeps on a real Slurm, disturbed in every way that a cluster knows.

Oracle: the same study, run undisturbed in this process. Each disturbed one ends with every run accounted for, with one
result each, and the same errors to the bit.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest

from dsd import DsdError
from dsd.sweep.backends import Slurm
from dsd.sweep.backends.slurm.backend import Slurm as SlurmSettings
from dsd.sweep.folder.events import EventReader
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.results.collection import write_tables
from dsd.sweep.results.status import StatusPoller
from dsd.sweep.submission import cancel, launch
from tests.fault_injection import heal, inject, slow_down
from tests.slurm.cluster import TestCluster
from tests.slurm.conftest import ONE_CORE, Bench, numbers

pytestmark = pytest.mark.timeout(600)  # the reference is run in the first test that asks for it
Make = Callable[..., Bench]
Reference = Callable[..., dict[str, tuple[object, ...]]]
STEP_S = 0.15  # more for each step of runs that are to be disturbed: 6 s a run
# two runs of a minute at least, to be interrupted in the middle of an epoch
LONG = ("spaces=[RegNetX_cifar]", "n=2", "recipe.epochs=2", "recipe.batch_size=8")
LONG_STEP_S = 0.75


def processes_of(bench: Bench) -> list[psutil.Process]:
    """The workers of this sweep, as the machine knows them."""
    place = str(bench.sweep.folder)
    found = [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"]]
    return [one for one in found if "dsd.sweep.job.worker" in one.info["cmdline"] and place in one.info["cmdline"]]


def test_a_sweep_runs_and_the_shell_is_free(bench: Make, undisturbed: Reference) -> None:
    """More runs than MaxArraySize: two arrays, submitted in seconds, and the errors of one process."""
    one = bench("n=4")
    before = time.monotonic()
    assert one.launch().jobs == 8
    assert time.monotonic() - before < 20
    arrays = {job.mark for job in one.status().living}
    assert len(arrays) == 2
    assert one.launch().runs == ()
    assert one.wait()["done"] == 8
    assert numbers(one.sweep) == undisturbed("n=4")
    assert one.launch().runs == ()


def test_runs_share_an_allocation(bench: Make, undisturbed: Reference) -> None:
    """Four runs in a job of two cores, two at a time; a job that is not an array."""
    one = bench()
    slow_down(one.sweep, STEP_S)
    assert one.launch(runs_per_job=4, cpus=2).jobs == 1
    assert one.wait(lambda counts: counts["running"] == 2)["queued"] == 2
    assert one.wait()["done"] == 4
    assert numbers(one.sweep) == undisturbed()


def test_a_killed_process_is_replaced_or_its_run_lost(bench: Make, undisturbed: Reference) -> None:
    """SIGKILL to a worker: another one goes on. To the supervisor above it: the job is gone, and launched again."""
    one = bench()
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    first, second = processes_of(one)
    first.kill()
    supervisor = second.parent()
    assert supervisor
    supervisor.kill()
    assert one.wait() == {**dict.fromkeys(one.status().counts(), 0), "done": 3, "lost": 1}
    assert [event.reason for event in one.events("stopped")] == ["killed"]
    assert len(one.launch().runs) == 1
    one.wait()
    assert numbers(one.sweep) == undisturbed()


def test_cancelled_tasks_are_told_and_go_on(bench: Make, slurm: TestCluster, undisturbed: Reference) -> None:
    """scancel of a running and of a waiting task: the one cancelled, the other lost, for Slurm forgets it."""
    one = bench()
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    (number,) = {job.job.partition("_")[0] for job in one.status().living}
    slurm.call("scancel", f"{number}_0", f"{number}_3")
    counts = one.wait(lambda counts: counts["cancelled"] + counts["lost"] == 2)
    assert (counts["cancelled"], counts["lost"]) == (1, 1)
    status = one.status()
    told = {status.reasons[run] for run, state in status.states.items() if state == "cancelled"}
    assert told == {"resumable"}
    (stop,) = one.events("stopped")
    assert stop.reason == "terminated"
    one.wait()
    assert len(one.launch().runs) == 2
    one.wait()
    assert numbers(one.sweep) == undisturbed()


def test_a_cancelled_sweep_goes_on(bench: Make, undisturbed: Reference) -> None:
    """dsd cancel ends running and queued jobs, and a launch goes on where they were."""
    one = bench()
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    assert len(cancel(one.sweep).living) == 4
    assert one.wait()["cancelled"] == 4
    assert len(list((one.sweep.folder / "checkpoints").iterdir())) == 2
    assert len(one.launch().runs) == 4
    one.wait()
    assert numbers(one.sweep) == undisturbed()


@pytest.mark.parametrize("grace", [0, 20])
def test_preempted_jobs_go_on(bench: Make, slurm: TestCluster, undisturbed: Reference, grace: int) -> None:
    """A job of the higher partition takes the node, at once or after a time of grace; then runs go on."""
    slurm.call("scontrol", "update", "PartitionName=low", f"GraceTime={grace}")
    one = bench()
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    slurm.call("sbatch", "-p", "high", "-n2", "-o", "/dev/null", "--wrap", "sleep 2")
    one.wait(lambda counts: counts["queued"] >= 3)
    slurm.await_that(lambda: len(one.events("stopped")) == 2, "both runs are stopped")
    assert one.wait()["done"] == 4
    assert {event.reason for event in one.events("stopped")} == {"terminated"}
    assert sorted(record.attempts for record in EventReader(one.sweep.folder).poll().values()) == [1, 1, 2, 2]
    assert numbers(one.sweep) == undisturbed()
    slurm.call("scontrol", "update", "PartitionName=low", "GraceTime=0")


def test_a_run_goes_on_after_the_time_limit(bench: Make, undisturbed: Reference) -> None:
    """A limit of one minute, in the middle of an epoch: each task of the array starts again, as often as needed."""
    one = bench(*LONG)
    slow_down(one.sweep, LONG_STEP_S)
    one.launch(time_min=1)
    assert one.wait()["done"] == len(one.sweep.runs)
    stops = one.events("stopped")
    assert stops
    assert {event.reason for event in stops} == {"time limit"}
    assert any(event.steps for event in stops)
    kept = sorted((event.run, event.epochs, event.steps) for event in stops)
    assert kept == sorted((event.run, event.epochs, event.steps) for event in one.events("resumed"))
    frame, _ = write_tables(one.sweep)
    assert sum(frame["attempts"]) == len(frame) + len(stops)
    assert (frame["attempts"] > 1).all()
    assert numbers(one.sweep) == undisturbed(*LONG)


def test_a_node_that_vanishes_and_returns_loses_nothing(
    bench: Make, slurm: TestCluster, undisturbed: Reference
) -> None:
    """slurmd is killed while runs are at work, and started again."""
    one = bench()
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    slurm.kill("slurmd")
    time.sleep(1)
    slurm.node()
    assert one.wait()["done"] == 4
    assert numbers(one.sweep) == undisturbed()


def test_a_controller_that_stops_during_launch_is_told(
    bench: Make, slurm: TestCluster, undisturbed: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two arrays slurmctld ends: a clear error, what was submitted is known, and a launch submits the rest."""
    one = bench("n=4")
    submit, count = SlurmSettings.sbatch_number, 0

    def interrupted(self: SlurmSettings, *words: object) -> str:
        nonlocal count
        count += 1
        if count == 2:
            slurm.end("slurmctld")
        return submit(self, *words)

    monkeypatch.setattr(SlurmSettings, "sbatch_number", interrupted)
    with pytest.raises(DsdError, match=r"Slurm rejected the jobs: .*4 of 8 runs were submitted"):
        one.launch()
    monkeypatch.undo()
    status = one.status()
    assert "squeue" in status.silent or "slurm" in status.silent
    with pytest.raises(DsdError, match="nothing was submitted"):
        one.launch()
    slurm.controller()
    assert len(one.launch().runs) == 4
    assert one.wait()["done"] == 8
    assert numbers(one.sweep) == undisturbed("n=4")
    assert [record.attempts for record in EventReader(one.sweep.folder).poll().values()] == [1] * 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_nothing(slurm: TestCluster, bench: Make, small_disk: Path, undisturbed: Reference) -> None:
    """The sweep's disk is full while runs are at work: their jobs end, and go on when there is place again."""
    one = Bench(slurm, small_disk)
    slow_down(one.sweep, STEP_S)
    one.launch()
    one.wait(lambda counts: counts["running"] == 2)
    fill(small_disk / "filler")
    slurm.await_that(lambda: not slurm.call("squeue", "-h", "-t", "R").stdout, "jobs end", 60)
    slurm.call("scancel", "-u", "root")
    slurm.await_that(lambda: not slurm.call("squeue", "-h").stdout, "jobs end")
    assert one.status().counts()["done"] < 4
    (small_disk / "filler").unlink()
    while one.launch().runs:
        one.wait()
    assert numbers(one.sweep) == undisturbed()


def fill(path: Path) -> None:
    """Write a file until its disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_torn_event_is_told_and_its_run_goes_on(bench: Make, slurm: TestCluster, undisturbed: Reference) -> None:
    """An event file cut in the middle of a line, the last one and one before: nothing that is whole is lost."""
    one = bench()
    one.launch()
    one.wait()
    files = sorted((one.sweep.folder / "events").glob("*.jsonl"))
    files[0].write_bytes(files[0].read_bytes()[:-30])  # the result
    lines = files[1].read_bytes().split(b"\n")
    lines[2] = lines[2][:20]  # an epoch
    files[1].write_bytes(b"\n".join(lines))
    status = one.status()
    assert (status.torn, status.counts()["done"], status.counts()["lost"]) == (2, 3, 1)
    assert len(one.launch().runs) == 1
    one.wait()
    records = EventReader(one.sweep.folder).poll()
    assert {run: record.outcome.loss for run, record in records.items()} == {
        run: values[1] for run, values in undisturbed().items()
    }


def test_two_launches_and_a_collect_at_once(bench: Make, slurm: TestCluster, undisturbed: Reference) -> None:
    """Each run is submitted and executed once, and the table has every row."""
    one = bench()
    place, study = str(one.sweep.folder), str(one.study)
    words = [sys.executable, "-m", "dsd"]
    options = ["cluster=slurm", "cluster.gpus=0", "cluster.cpus=1", "-o", place]
    commands = [["launch", study, *options], ["launch", study, *options], ["collect", place]]
    running = [subprocess.Popen([*words, *more], stderr=subprocess.PIPE, text=True) for more in commands]
    said = [process.communicate(timeout=100)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    last = sorted(text.splitlines()[-1] for text in said[:2])
    assert last[0].startswith("0 runs submitted to slurm in 0 jobs")
    assert last[1] == "4 runs submitted to slurm in 4 jobs"
    assert len(pd.read_csv(one.sweep.folder / "table.csv")) == 4
    assert one.wait()["done"] == 4
    assert numbers(one.sweep) == undisturbed()
    assert [record.attempts for record in EventReader(one.sweep.folder).poll().values()] == [1] * 4


def test_a_run_whose_loss_is_nan_is_a_result(bench: Make) -> None:
    """Diverged, with its error, and not tried again."""
    one = bench("recipe.lr=1e30", "n=1")
    one.launch()
    assert one.wait()["diverged"] == 2
    assert (write_tables(one.sweep)[0]["error"] > 80).all()
    assert one.launch().runs == ()


def test_jobs_get_what_setup_exports(bench: Make) -> None:
    """cluster.setup can choose the vector instructions, and the table tells which they were."""
    one = bench("recipe.epochs=1", "n=1")
    one.launch(setup=("export ATEN_CPU_CAPABILITY=default",))
    one.wait()
    assert write_tables(one.sweep)[0]["trained_on"].str.endswith(" (DEFAULT)").all()


def test_a_run_without_memory_fails_alone(bench: Make, undisturbed: Reference) -> None:
    """A limit on memory: the run that asks for more says how much, the others go on; --retry-failed ends it."""
    one = bench()
    greedy = one.sweep.runs[0]
    inject(one.sweep, greedy, "torch.ones(3_000_000_000)")
    one.launch(runs_per_job=2, setup=("ulimit -v 8000000",))
    assert one.wait() | {"failed": 1, "done": 3} == one.wait()
    assert one.status().reasons[greedy].startswith("out of memory (12.0 GB requested, batch 64): RuntimeError")
    assert one.launch().runs == ()
    heal(one.sweep)
    assert one.launch(retry_failed=True).runs == (greedy,)
    one.wait()
    assert numbers(one.sweep) == undisturbed()


def test_a_job_that_dies_again_and_again_is_given_up(bench: Make) -> None:
    """A segmentation fault at every attempt: failed with the last reason, and its companion in the job is not lost."""
    one = bench("n=1")
    deadly = one.sweep.runs[0]
    inject(one.sweep, deadly, "os.kill(os.getpid(), signal.SIGSEGV)")
    one.launch(runs_per_job=2)
    counts = one.wait()
    assert (counts["failed"], counts["done"]) == (1, 1)
    reason = "killed: given up after 3 consecutive attempts without progress; last attempt: SIGSEGV"
    assert one.status().reasons[deadly] == reason


def test_a_finished_sweep_can_be_moved(bench: Make, tmp_path: Path, undisturbed: Reference) -> None:
    """Status, table and launch are the same in another place."""
    one = bench()
    one.launch(runs_per_job=2)
    one.wait()
    before = write_tables(one.sweep)[0]
    shutil.move(one.sweep.folder, tmp_path / "moved")
    moved = Sweep(tmp_path / "moved")
    pd.testing.assert_frame_equal(write_tables(moved)[0], before)
    assert launch(moved, Slurm(**ONE_CORE)).runs == ()
    assert numbers(moved) == undisturbed()


def test_the_plan_shows_what_sbatch_gets(bench: Make, dsd: Callable, tmp_path: Path) -> None:
    """The header of `dsd plan` is the one that is submitted, up to the name and the snapshot, which are made then."""
    one = bench()
    words = [
        "cluster=slurm",
        "cluster.gpus=0",
        "cluster.mem_gb=1",
        "cluster.setup=[echo hello]",
        "-o",
        one.sweep.folder,
    ]
    words += ["cluster.sbatch=['--comment=a b','--nice=5','--hold']", "cluster.cpus=2", "cluster.time_min=3"]
    words += ["-o", one.sweep.folder]
    planned = json.loads(dsd("plan", one.study, *words, "--json").out)["sbatch"]
    assert dsd("launch", one.study, *words).code == 0
    (script,) = (one.sweep.folder / "jobs").glob("*_submission.sh")
    (mark,) = {job.mark for job in one.status().living}
    (code,) = (one.sweep.folder / "jobs" / "code").iterdir()
    submitted = script.read_text().replace(mark, "MARK").replace(str(code), "CODE")
    name = f"'{one.sweep.folder.name}-…'"
    assert planned.replace(name, "MARK").replace(f"'{code.parent / '…'}'", "CODE").strip() == submitted.strip()
    assert {"--nice=5", "--hold", "--mem=1024MB", "--time=3", "--signal=USR2@45", "--comment='a b'"} <= {
        line.removeprefix("#SBATCH ") for line in submitted.splitlines()
    }
    assert one.status().counts()["queued"] == 4


def test_a_launch_that_was_killed_is_known_by_its_name(
    bench: Make, undisturbed: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between sbatch and writing down its number: jobs are found by their names, ended and submitted anew."""
    one = bench()
    record = Sweep.record

    def killed(self: Sweep, submission: object) -> None:
        if submission.job:
            raise KeyboardInterrupt
        record(self, submission)

    monkeypatch.setattr(Sweep, "record", killed)
    with pytest.raises(KeyboardInterrupt):
        one.launch()
    monkeypatch.undo()
    counts = one.status().counts()
    assert counts["queued"] + counts["running"] == 4
    assert len(one.launch().runs) == 4
    assert len({job.mark for job in one.status().living}) == 1
    assert one.wait()["done"] == 4
    assert numbers(one.sweep) == undisturbed()


def test_a_user_limit_of_jobs_packs_runs(bench: Make) -> None:
    """cluster.max_jobs: all runs are submitted, in no more jobs than that; a further launch has to wait."""
    one = bench("n=3", "recipe.epochs=1")
    assert one.launch(max_jobs=2, sbatch=("--hold",)).jobs == 2
    with pytest.raises(DsdError, match=r"2 jobs of this sweep are in the queue, and cluster.max_jobs = 2"):
        launch_more(one)
    assert one.status().counts()["queued"] == 5


def launch_more(one: Bench) -> None:
    """A launch when a run of a queued job has failed."""
    failed = one.status().living[0].runs[0]
    with (one.sweep.folder / "events" / "other.jsonl").open("w") as file:
        event = {"event": "failed", "run": failed, "time": time.time(), "reason": "exception", "message": ""}
        file.write(json.dumps(event) + "\n")
    one.launch(retry_failed=True, max_jobs=2)


def test_jobs_can_be_launched_from_a_job(bench: Make, slurm: TestCluster, undisturbed: Reference) -> None:
    """A launch inside an allocation is not confused by what Slurm tells it of that."""
    one = bench()
    words = [sys.executable, "-m", "dsd", "launch", str(one.study), "cluster=slurm", "cluster.gpus=0"]
    words += ["cluster.cpus=1", "-o", str(one.sweep.folder)]
    done = slurm.call("srun", "-n1", *words)
    assert done.returncode == 0, done.stderr
    assert one.wait()["done"] == 4
    assert numbers(one.sweep) == undisturbed()
    assert os.environ["SLURM_CONF"]


def test_what_slurm_refuses_is_one_line(bench: Make, dsd: Callable) -> None:
    """A partition that is not there: sbatch's words, exit code 2, nothing in the queue, the runs still planned."""
    one = bench()
    done = dsd(
        "launch", one.study, "cluster=slurm", "cluster.partition=nowhere", "cluster.gpus=0", "-o", one.sweep.folder
    )
    assert done.code == 2
    assert "invalid partition" in done.err.splitlines()[-1]
    assert StatusPoller(one.sweep).status().counts()["planned"] == 4
