"""Waves of `until: decided` on a real Slurm: each is followed by a small job that starts the next, without a shell.

Oracle: the looks of the same study in one undisturbed process.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsd.sweep.backends import Debug
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.looks import LOOKS, looks_of
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.submission import cancel, launch
from tests.conftest import TINY_STUDY
from tests.fault_injection import heal, slow_down
from tests.slurm.cluster import TestCluster
from tests.slurm.conftest import DEADLINE_S, Bench

pytestmark = pytest.mark.timeout(600)
SMALL = ("spaces=[AnyNetX_A_cifar,RegNetX_cifar]", "until=decided", "n=10", "looks=2", "delta=1")
SHORT = (*SMALL, "recipe.epochs=1", "data.train_images=128", "data.test_images=100")
Make = Callable[..., Bench]


def made(sweep: Sweep) -> list[dict[str, object]]:
    """The looks that were made, without their times."""
    path = sweep.folder / LOOKS
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [{key: value for key, value in line.items() if key != "time"} for line in lines]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The looks of the study in this process."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "tiny.yaml").write_text(TINY_STUDY)
    sweep = create(plan_runs(load_study(str(folder / "tiny.yaml"), SHORT)), folder / "sweep")
    launch(sweep, Debug())
    return made(sweep)


def end_of(one: Bench) -> None:
    """Wait until all looks are made, or nothing goes on any more."""
    deadline = time.monotonic() + 2 * DEADLINE_S
    while one.status().working:
        one.hurry()
        assert time.monotonic() < deadline, (one.slurm.call("squeue").stdout, made(one.sweep), logs(one.sweep.folder))
        time.sleep(0.5)


def logs(folder: Path) -> str:
    """What jobs said."""
    return "\n".join(f"{path.name}\n{path.read_text()}" for path in (folder / "jobs").glob("*.err"))


def test_waves_follow_each_other(bench: Make, undisturbed: list[dict[str, object]]) -> None:
    """One launch: two waves and two looks. The small job waits for its wave, and needs one core and no GPU."""
    one = bench(*SHORT)
    launched = one.launch()
    assert (launched.jobs, len(launched.runs)) == (10, 10)
    (small,) = (job for job in one.status().living if not job.runs)
    said = one.slurm.call("scontrol", "show", "job", small.job).stdout
    assert "afterany:" in said
    assert "NumCPUs=1 " in said
    assert one.launch().runs == ()  # a second launch adds no second job that looks
    assert [job for job in one.status().living if not job.runs] == [small]
    end_of(one)
    assert made(one.sweep) == undisturbed
    assert looks_of(one.sweep).next is None
    assert one.launch().runs == ()


def test_a_cancelled_sweep_goes_on(bench: Make, slurm: TestCluster, undisturbed: list[dict[str, object]]) -> None:
    """dsd cancel ends the small job, too: no wave starts by itself. A launch goes on, to the same looks."""
    one = bench(*SHORT)
    slow_down(one.sweep, 2.0)
    one.launch(runs_per_job=5)
    one.wait(lambda counts: counts["running"] > 0)
    assert any(not job.runs for job in cancel(one.sweep).living)
    heal(one.sweep)
    slurm.await_that(lambda: not slurm.call("squeue", "-h").stdout.strip(), "all jobs end")
    assert not made(one.sweep)
    one.launch(runs_per_job=5)
    end_of(one)
    assert made(one.sweep) == undisturbed
