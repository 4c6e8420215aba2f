"""What is submitted, without a cluster: packing, arrays, the text of sbatch, what squeue says, requeues."""

import random
import signal
import subprocess
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd import DsdError
from dsd.processes import cores
from dsd.sweep.backends import Slurm
from dsd.sweep.backends.slurm import allocation, queue
from dsd.sweep.backends.slurm.allocation import fitted, go_on
from dsd.sweep.backends.slurm.packing import in_arrays, packed
from dsd.sweep.folder.events import Broken, Event, Record, event_of
from dsd.sweep.folder.jobs import Job, JobState, Submission
from dsd.sweep.folder.snapshots import importing_from, take_snapshot
from dsd.sweep.job.supervisor import WorkerPool, cause, interrupted, spoilt_its_device
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.cost import Cost, costs, fit_cost
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.planning.previews import preview_launch
from dsd.sweep.results.status import state_of

RUNS = {f"r{i}": float(10 - i) for i in range(10)}


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40), st.integers(1, 40))
def test_packed_jobs_end_together(values: list[float], jobs: int) -> None:
    """Every run is in one job; no job ends later than LPT's bound of the best possible, and longest runs come first."""
    runs = {str(i): value for i, value in enumerate(values)}
    jobs = min(jobs, len(runs))
    made = packed(runs, jobs)
    assert sorted(run for job in made for run in job) == sorted(runs)
    assert len(made) == jobs
    ends = [sum(runs[run] for run in job) for job in made]
    least = max(sum(values) / jobs, max(values))  # no packing ends before that
    assert max(ends) <= (2 - 1 / jobs) * least + 1e-9
    assert all(runs[a] >= runs[b] for job in made for a, b in pairwise(job))


def test_packing_is_as_good_as_its_bound() -> None:
    """Against every packing of seven runs into three jobs: at most 4/3 − 1/9 of the best end (Graham 1969)."""
    rng = random.Random(0)
    for _ in range(20):
        runs = {str(i): rng.uniform(1, 10) for i in range(7)}
        best = min(
            max(sum(v for v, j in zip(runs.values(), places, strict=True) if j == job) for job in range(3))
            for places in product(range(3), repeat=7)
        )
        assert max(sum(runs[run] for run in job) for job in packed(runs, 3)) <= (4 / 3 - 1 / 9) * best + 1e-9


@given(st.integers(0, 5000), st.integers(1, 1500))
def test_arrays_are_as_few_as_possible_and_alike(tasks: int, largest: int) -> None:
    """Nothing is left out, none is too large, sizes differ by one at most."""
    made = in_arrays(range(tasks), largest)
    assert [task for array in made for task in array] == list(range(tasks))
    assert len(made) == -(-tasks // largest)
    assert not made or max(map(len, made)) - min(map(len, made)) <= 1
    assert all(0 < len(array) <= largest for array in made)


@pytest.mark.parametrize(
    ("settings", "living", "sizes"),
    [
        ({}, 0, [1] * 10),
        ({"runs_per_job": 4}, 0, [3, 3, 4]),
        ({"max_jobs": 4}, 0, [2, 2, 3, 3]),
        ({"max_jobs": 4}, 2, [3, 3]),  # the rest is for another launch
        ({"max_jobs": 4, "runs_per_job": 5}, 0, [5, 5]),
        ({"max_jobs": 4}, 4, []),
        ({"runs_per_job": 99}, 0, [10]),
    ],
)
def test_runs_are_split_into_jobs(settings: dict[str, int], living: int, sizes: list[int]) -> None:
    """As many runs to a job as asked for, more where there may not be so many jobs; the first ones if not all fit."""
    tasks = Slurm(**settings).tasks(RUNS, living)
    assert sorted(map(len, tasks)) == sizes
    assert sorted(run for task in tasks for run in task) == list(RUNS)[: sum(sizes)]


def header_of(folder: Path, *overrides: str) -> list[str]:
    """The lines of the header of a study."""
    cluster = load_study("demo", ["cluster=slurm", *overrides]).cluster
    assert isinstance(cluster, Slurm)
    return cluster.header(folder, RUNS).splitlines()


def test_every_setting_is_in_the_header(tmp_path: Path) -> None:
    """As sbatch spells it; an option that is left open is not there."""
    plain = [line for line in header_of(tmp_path) if line.startswith("#SBATCH")]
    assert "#SBATCH --array=0-9%10" in plain
    assert "#SBATCH --gpus-per-node=1" in plain
    assert "#SBATCH --requeue" in plain
    assert not [line for line in plain if any(word in line for word in ("partition", "account", "qos", "mem", "wckey"))]
    texts = [f"cluster.{key}=a{key}" for key in ("partition", "account", "qos", "constraint")]
    numbers = ["cluster.gpus=2", "cluster.cpus=6", "cluster.mem_gb=1.5", "cluster.time_min=600"]
    lists = ["cluster.sbatch=['--gres=disk:5','--exclusive']", "cluster.setup=[module load cuda]"]
    lines = header_of(
        tmp_path, *texts, *numbers, *lists, "cluster.array_parallelism=3", "cluster.runs_per_job=2", "cluster.gpus=2"
    )
    wanted = ["partition=apartition", "account=aaccount", "qos=aqos", "constraint=aconstraint", "gpus-per-node=2"]
    wanted += ["cpus-per-task=6", "mem=1536MB", "time=600", "array=0-4%3", "gres=disk:5", "exclusive"]
    wanted += ["signal=USR2@90"]
    for option in wanted:
        assert f"#SBATCH --{option}" in lines, option
    setup = lines.index("module load cuda")
    assert "PYTHONPATH=" in lines[setup + 1]
    assert "PYTHONSAFEPATH=1" in lines[setup + 1]
    assert "--cpus-per-task=6" in lines[-1]  # srun does not inherit it


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 15), (4, 60), (10, 90), (600, 90)])
def test_short_limits_are_announced_in_time(minutes: int, seconds: int) -> None:
    """A quarter of a short limit before its end, or 90 s: a job is not told to end as soon as it has begun."""
    assert Slurm(time_min=minutes).signal_s == seconds


def test_where_there_is_no_slurm_it_is_said(dsd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan can be made anywhere; a launch is one line that says what is missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    planned = dsd("plan", "demo", "cluster=slurm")
    assert planned.code == 0
    assert "MaxArraySize is not known; assuming Slurm's default 1001" in planned.out
    launched = dsd("launch", "demo", "cluster=slurm", "n=1")
    assert launched.code == 2
    assert launched.err.splitlines()[-1].startswith("dsd: cluster = slurm: srun is not found")


LINES = """7_0|RUNNING|1700000000|mine-1a|None
7_1|PENDING|N/A|mine-1a|Resources
7_2|CANCELLED|1700000100|mine-1a|None
7_3|TIMEOUT|1700000100|mine-1a|TimeLimit
7_4|NODE_FAIL|1700000100|mine-1a|None
7_5|COMPLETED|1700000100|mine-1a|None
7_6|COMPLETING|1700000100|mine-1a|None
7_7|OUT_OF_MEMORY|1700000100|mine-1a|None
8|PENDING|1700000900|mine-2b|BeginTime
"""


def jobs(*names: str, mark: str = "mine-1a") -> list[Job]:
    """Jobs of these numbers."""
    return [Job(name, "slurm", mark, "login", 1.7e9, ("r",)) for name in names]


def said_by(monkeypatch: pytest.MonkeyPatch, **answers: tuple[str, str]) -> list[str]:
    """Let programs of Slurm answer so; gives which were asked."""
    asked: list[str] = []

    def said(*words: str) -> tuple[str, str]:
        asked.append(" ".join(words))
        return answers.get(words[0], ("", f"{words[0]} is not found"))

    monkeypatch.setattr(queue, "said", said)
    return asked


def test_what_squeue_says_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each state of Slurm's; a job that squeue does not know has ended."""
    said_by(monkeypatch, squeue=(LINES, ""))
    answers, silent = queue.ask(jobs(*(f"7_{i}" for i in range(9))), submitting=False)
    assert silent == ""
    assert [(one.phase, one.why) for one in answers] == [
        ("running", ""),
        ("waiting", "Resources"),
        ("ended", "cancelled"),
        ("ended", "time limit"),
        ("ended", "node failure"),
        ("ended", ""),
        ("running", ""),
        ("ended", "out of memory"),
        ("ended", ""),
    ]
    assert answers[0].since == 1.7e9


def test_sacct_is_asked_only_of_what_squeue_has_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it believes to be alive still, is not: squeue knows better."""
    accounts = "7_8|CANCELLED by 0|1700000000|mine-1a|\n7_9|RUNNING|1700000000|mine-1a|\n"
    accounts += "7_[10-12%3]|CANCELLED by 0|Unknown|mine-1a|\n"
    asked = said_by(monkeypatch, squeue=(LINES, ""), sacct=(accounts, ""))
    queue.ask(jobs("7_0", "7_1"), submitting=False)
    assert [words.split()[0] for words in asked] == ["squeue"]
    answers, _ = queue.ask(jobs("7_8", "7_9"), submitting=False)
    assert [(one.phase, one.why) for one in answers] == [("ended", "cancelled"), ("ended", "")]
    assert [one.why for one in queue.ask(jobs("7_10", "7_12"), submitting=False)[0]] == ["cancelled"] * 2


def test_a_silent_squeue_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its jobs are unknown, not gone, and its words are passed on."""
    said_by(monkeypatch, squeue=("", "squeue: error: Unable to contact slurm controller"))
    answers, silent = queue.ask(jobs("7_0"), submitting=False)
    assert answers == [JobState("unknown")]
    assert answers[0].alive
    assert silent == "squeue: error: Unable to contact slurm controller"


def test_a_number_that_is_given_again_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names tell jobs apart: somebody else's 7_0 is not ours."""
    said_by(monkeypatch, squeue=(LINES.replace("mine-1a", "theirs"), ""))
    assert queue.ask(jobs("7_0"), submitting=False)[0] == [JobState("ended")]


def test_a_submission_without_a_number_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Task by task; while a launch is at work one that is not found may still come."""
    tasks = (("r1",), ("r2",), ("r3",))
    broken_off = list(Submission("slurm", "mine-1a", "login", 1.7e9, tasks, array=True).jobs())
    single = list(Submission("slurm", "mine-2b", "login", 1.7e9, (("r1",),)).jobs())
    said_by(monkeypatch, squeue=(LINES, ""))
    answers, _ = queue.ask([*broken_off, *single], submitting=False)
    assert [one.phase for one in answers] == ["running", "waiting", "ended", "waiting"]
    said_by(monkeypatch, squeue=("", ""))
    assert [one.phase for one in queue.ask(broken_off, submitting=True)[0]] == ["waiting"] * 3
    assert [one.phase for one in queue.ask(broken_off, submitting=False)[0]] == ["ended"] * 3


@pytest.mark.parametrize(
    ("told", "useful", "state", "requeued", "trouble"),
    [
        (["SIGUSR2"], True, "", True, ""),
        (["SIGUSR2"], False, "", False, "before the first run began; increase"),  # or it would start again for ever
        (["SIGTERM"], True, "COMPLETING", False, ""),  # cancelled, or requeued by Slurm itself
        (["SIGTERM"], True, "PENDING", False, ""),
        (["SIGTERM"], True, "RUNNING", True, ""),  # a time of grace before preemption
        (["SIGTERM"], False, "RUNNING", True, ""),
        (["SIGUSR2", "SIGTERM"], True, "COMPLETING", False, ""),  # cancelled while it was ending anyway
    ],
)
def test_jobs_start_again_unless_they_were_cancelled(
    monkeypatch: pytest.MonkeyPatch, told: list[str], useful: bool, state: str, requeued: bool, trouble: str
) -> None:
    """Which signals, and what Slurm says of the job, decide; of an array it is the one task."""
    asked = said_by(monkeypatch, squeue=(f"{state}\n", ""), scontrol=("", ""))
    assert trouble in go_on("7_3", [signal.Signals[name] for name in told], useful)
    assert ("scontrol requeue 7_3" in asked) == requeued
    assert not [words for words in asked if "7_3" not in words]


def test_a_busy_controller_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A requeue that does not get through is tried again; one that is refused is told with Slurm's words."""
    monkeypatch.setattr(allocation, "PAUSE_S", 0.0)
    asked = said_by(monkeypatch, scontrol=("", "Requeue is disabled"))
    assert go_on("7", [signal.SIGUSR2], True) == "it cannot be requeued: Requeue is disabled"
    assert len(asked) == allocation.TRIES
    answers = iter([("", "Socket timed out"), ("", "")])
    monkeypatch.setattr(queue, "said", lambda *words: next(answers))
    assert go_on("7", [signal.SIGUSR2], True) == ""


def test_gpus_are_shared_only_where_there_are_any() -> None:
    """Hours of a GPU are those of its runs over how many share it; without GPUs nothing is shared."""
    assert Slurm(runs_per_gpu=3, runs_per_job=3).sharing == 3
    assert Slurm(runs_per_gpu=3, gpus=0).sharing == 1
    assert Slurm(runs_per_gpu=3, gpus=0, runs_per_job=3, sbatch=("--gres=gpu:a100:1",)).sharing == 3


def test_a_task_knows_its_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last task of an array has the array's number as its own, which Slurm takes for all tasks."""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert allocation.number_here() == "7"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert allocation.number_here() == "7_3"


def test_cores_are_those_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every Slurm binds its jobs to their cores: what it says counts."""
    here = cores()
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert cores() == 1
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4096")
    assert cores() == here


@pytest.mark.parametrize(
    ("gpus", "cores", "runs", "per_gpu", "width", "share"),
    [
        ([], 4, 9, 1, 4, 1.0),
        ([], 4, 2, 1, 2, 1.0),
        (["0"], 8, 9, 1, 1, 1.0),
        (["0"], 8, 9, 3, 3, 0.3),
        (["0", "1"], 8, 9, 2, 4, 0.45),
        (["0", "1"], 8, 1, 2, 1, 0.45),
    ],
)
def test_a_crew_fits_into_its_allocation(gpus, cores: int, runs: int, per_gpu: int, width: int, share: float) -> None:
    """As many workers as GPUs have room for, or cores; never more than runs."""
    pool = fitted(WorkerPool("sweep", tuple(map(str, range(runs))), 0.0), gpus, cores, per_gpu)
    assert (pool.width, list(pool.gpus)) == (width, gpus)
    assert pool.settings.gpu_share == pytest.approx(share)


def event(kind: str, run: str = "r1") -> Event:
    """An event of a run."""
    found = event_of({"event": kind, "run": run, "time": 1.0, "epoch": 1, "epochs": 1, "error": 5.0})
    assert found is not None
    return found


def test_the_run_that_a_worker_was_at() -> None:
    """It is open after its start, its resumption and its epochs, and no more when it has ended in whatever way."""
    for last in ("started", "resumed", "epoch"):
        assert interrupted([event("done", "r0"), event("started"), event(last)]) == "r1"
    for last in ("done", "failed", "stopped"):
        assert interrupted([event("started"), event(last)]) == ""
    assert interrupted([]) == ""
    assert spoilt_its_device([event("started"), event("failed"), Broken()])
    assert not spoilt_its_device([event("started"), Broken()])


def test_what_ended_a_worker() -> None:
    """SIGKILL while the memory killer was at work is lack of memory; a segmentation fault is not."""
    assert cause(signal.SIGKILL, True)[0] == "out of memory"
    assert cause(signal.SIGKILL, False) == ("killed", "SIGKILL")
    assert cause(signal.SIGSEGV, True) == ("killed", "SIGSEGV")


def record_of(*events: dict[str, object]) -> Record:
    """What events say, in whatever order they are read."""
    orders = [list(events), list(reversed(events))]
    records = []
    for order in orders:
        records.append(Record())
        for one in order:
            event = event_of(one)
            assert event is not None
            records[-1].add(event)
    assert records[0].fruitless(0.0) == records[1].fruitless(0.0)
    return records[0]


def test_attempts_that_bring_nothing_are_counted() -> None:
    """Starts since the run last got further: by an epoch, or by a checkpoint that it was stopped at or goes on from."""
    starts = [{"event": "started", "run": "r", "time": float(t)} for t in (10, 20, 30)]
    assert record_of(*starts).fruitless(0.0) == 3
    assert record_of(*starts).fruitless(15.0) == 2
    epoch = {"event": "epoch", "run": "r", "time": 25.0, "epoch": 1}
    assert record_of(*starts, epoch).fruitless(0.0) == 1
    again = {**epoch, "time": 35.0}  # the same epoch again brings nothing
    assert record_of(*starts, epoch, again).fruitless(0.0) == 1
    stop = {"event": "stopped", "run": "r", "time": 15.0, "reason": "time limit", "epochs": 0, "steps": 7}
    assert record_of(*starts, stop).fruitless(0.0) == 2
    killed = {"event": "stopped", "run": "r", "time": 15.0, "reason": "killed"}
    assert record_of(*starts, killed).fruitless(0.0) == 3
    resumed = {"event": "resumed", "run": "r", "time": 20.5, "since": 20.0, "epochs": 0, "steps": 5}
    assert record_of(*starts, resumed).fruitless(0.0) == 2  # the first attempt brought five steps
    same = {**resumed, "time": 30.5, "since": 30.0}
    assert record_of(*starts, resumed, same).fruitless(0.0) == 2


def test_times_are_fitted_and_told() -> None:
    """Exact on exact data; neither coefficient is negative; two runs are too few."""
    rows = [{"flops": f * 1e9, "acts": a * 1e6} for f, a in ((1, 2), (2, 1), (3, 5), (4, 4))]
    cost = fit_cost(rows, [0.1 * row["flops"] / 1e9 + 0.02 * row["acts"] / 1e6 for row in rows])
    assert cost is not None
    assert (cost.alpha, cost.beta, cost.runs) == (pytest.approx(0.1), pytest.approx(0.02), 4)
    assert cost.seconds(rows[2], 1000) == pytest.approx(400)
    assert fit_cost(rows[:2], [1.0, 1.0]) is None
    falling = fit_cost(rows, [4.0, 5.0, 1.0, 2.0])
    assert falling is not None
    assert min(falling.alpha, falling.beta) >= 0
    named = dict(zip("abcd", rows, strict=True))
    assert costs(named, 10, None) == {name: row["flops"] for name, row in named.items()}
    assert costs(named, 10, Cost(1.0, 0.0)) == pytest.approx({"a": 10, "b": 20, "c": 30, "d": 40})


def test_a_snapshot_is_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder for each state of the code, used again; Python imports from there, and not from where it starts."""
    place = take_snapshot(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    assert take_snapshot(tmp_path) == place
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
    (tmp_path / "here" / "dsd").mkdir(parents=True)
    (tmp_path / "here" / "dsd" / "__init__.py").write_text("raise SystemError('live code')")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    with importing_from(place):
        import sys

        words = [sys.executable, "-c", "import dsd.sweep.job.worker, sys; print(dsd.__file__, sys.path)"]
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path / "here", check=True)
    assert done.stdout.startswith(str(place))
    assert "/elsewhere" in done.stdout
    import os

    assert (os.environ["PYTHONPATH"], "PYTHONSAFEPATH" in os.environ) == ("/elsewhere", False)


def test_settings_that_make_no_sense_are_refused() -> None:
    """With the key, the value and what is allowed."""
    for settings, told in (
        ({"cpus": 0}, r"cluster.cpus = 0: give a whole number from 1"),
        ({"runs_per_job": 0}, r"cluster.runs_per_job = 0"),
        ({"sbatch": ("--partition=a",)}, r"--partition is set by cluster.partition"),
        ({"sbatch": ("--no-requeue",)}, r"--no-requeue is set by dsd"),
        ({"sbatch": ("--nice=1", "--nice=2")}, r"give each option once"),
        ({"runs_per_gpu": 3}, r"runs_per_job = 1: gpus = 1 and runs_per_gpu = 3 have room for 3 at a time"),
        ({"checkpoint_min": 0.0}, r"cluster.checkpoint_min = 0.0: give a number of minutes above 0"),
    ):
        with pytest.raises(DsdError, match=told):
            Slurm(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *(
            ({"sbatch": (line,)}, "not supported")
            for line in ("--wait", "--parsable", "--test-only", "--quiet", "--wrap=ls")
        ),
        *(
            ({"sbatch": (line,)}, "not supported")
            for line in ("--clusters=a", "--cluster=a", "--pars", "--test", "--qui")
        ),
        *(({"sbatch": (line,)}, "is ") for line in ("--req", "--outp=x", "--job=a", "--export=NONE")),
        ({"sbatch": ("--mem-per-cpu=1G",), "mem_gb": 2.0}, "--mem-per-cpu conflicts with cluster.mem_gb; give one"),
        ({"sbatch": ("--mem-per-gpu=1G",), "mem_gb": 2.0}, "--mem-per-gpu conflicts with cluster.mem_gb"),
        ({"sbatch": ("--gres=gpu:a100:1",), "gpus": 1}, "in addition to cluster.gpus = 1; set cluster.gpus = 0"),
        ({"sbatch": ("--gres=gpu:8",)}, "have room for 8 at a time; give at least 8"),
        ({"sbatch": ("--gres=gpu:a100:8,disk:1",)}, "have room for 8 at a time"),
        ({"sbatch": ("--gpus-per-task=2",)}, "have room for 2 at a time"),
    ],
)
def test_options_that_would_break_a_launch_are_refused(settings: dict[str, object], message: str) -> None:
    """Also abbreviated; memory and GPUs that are asked for twice, and GPUs that nobody would use."""
    with pytest.raises(DsdError, match=message):
        Slurm(**{"gpus": 0, **settings})


@pytest.mark.parametrize("line", ["--mem-per-cpu=1G", "--mail-type=FAIL", "--gres=disk:8", "--exclusive", "--nice=5"])
def test_other_options_are_passed_on(line: str) -> None:
    """As they are."""
    assert Slurm(gpus=0, sbatch=(line,)).sbatch == (line,)


@pytest.mark.parametrize("name", ["50%", "a%j", "a\nb", "a\\b", "a\tb"])
def test_a_folder_that_slurm_would_rewrite_is_refused(name: str, tmp_path: Path) -> None:
    """By plan and by launch, before anything is made; other clusters take it."""
    study = load_study("demo", ["n=1", "cluster=slurm", "cluster.gpus=0"])
    made = plan_runs(study)
    for ask in (lambda: preview_launch(made, tmp_path / name), lambda: create(made, tmp_path / name)):
        with pytest.raises(DsdError, match="Slurm misreads"):
            ask()
    assert list(tmp_path.iterdir()) == []
    local_study = load_study("demo", ["n=1", "cluster=local"])
    assert create(plan_runs(local_study), tmp_path / name).runs


def test_a_job_that_never_got_a_number_leaves_its_runs_planned() -> None:
    """What was never submitted is not lost."""
    assert state_of(None, False, 50.0, JobState("ended"), numbered=False) == ("planned", "")


@pytest.mark.parametrize(
    "record",
    [
        {"tasks": "x"},
        {"tasks": [["r1"], 3]},
        {"mark": ["m"]},
        {"submitted": "noon"},
        {"submitted": 1e400},
        {"job": "1; rm"},
        {"cluster": None},
        {"array": "yes"},
    ],
)
def test_a_record_of_jobs_of_another_kind_is_none(record: dict[str, object]) -> None:
    """Refused at the one place where it is read."""
    sound = {
        "cluster": "slurm",
        "mark": "m",
        "host": "h",
        "submitted": 1.0,
        "tasks": [["r1"]],
        "job": "12",
        "array": False,
    }
    assert Submission.from_record(sound).job == "12"
    with pytest.raises(ValueError, match=r"is|no"):
        Submission.from_record({**sound, **record})
