"""A cluster for the tests of this folder, without accounting and with it, and undisturbed sweeps to compare with."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsd.sweep.backends import Debug, Slurm
from dsd.sweep.folder.events import Event, EventReader, events_of
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs
from dsd.sweep.results.status import Status, StatusPoller
from dsd.sweep.submission import Launched, launch
from tests.conftest import TINY_STUDY
from tests.slurm.cluster import TestCluster, cluster, lacking

DEADLINE_S = 200
HELD_S = 4.0
ONE_CORE = {"gpus": 0, "cpus": 1}


def idle(counts: dict[str, int]) -> bool:
    """Nothing is queued or running."""
    return not counts["queued"] + counts["running"]


class Bench:
    """A study on the test cluster."""

    def __init__(self, slurm: TestCluster, folder: Path, *overrides: str) -> None:
        self.slurm = slurm
        study = folder / "tiny.yaml"
        if not study.exists():
            study.write_text(TINY_STUDY)
        self.study, self.overrides = study, overrides
        self.held: dict[str, float] = {}
        self.sweep = create(plan_runs(load_study(str(study), overrides)), folder / "sweep")

    def launch(self, retry_failed: bool = False, **settings: object) -> Launched:
        """Submit what is missing."""
        return launch(self.sweep, Slurm(**{**ONE_CORE, **settings}), retry_failed)

    def status(self) -> Status:
        """The status now."""
        return StatusPoller(self.sweep).status()

    def hurry(self) -> None:
        """Start jobs soon that Slurm would hold back for two minutes, because they were started before.

        Not at once: for some seconds the node refuses a job that it has just ended ("credential revoked").
        """
        now = time.monotonic()
        for line in self.slurm.call("squeue", "-h", "-r", "-t", "PD", "-o", "%i %r").stdout.splitlines():
            number, _, reason = line.partition(" ")
            if reason == "BeginTime" and now - self.held.setdefault(number, now) > HELD_S:
                self.slurm.call("scontrol", "update", f"JobId={number}", "StartTime=now")
                del self.held[number]

    def wait(self, until: Callable[[dict[str, int]], bool] = idle) -> dict[str, int]:
        """Ask for the status until it is as wanted."""
        watch, deadline = StatusPoller(self.sweep), time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            counts = watch.status().counts()
            if until(counts):
                return counts
            self.hurry()
            time.sleep(0.2)
        jobs = self.sweep.folder / "jobs"
        logs = "\n".join(f"{path.name}\n{path.read_text()}" for path in jobs.glob("*.err"))
        raise AssertionError(f"still {counts} after {DEADLINE_S} s\n{self.slurm.call('squeue').stdout}\n{logs}")

    def events(self, kind: str) -> list[Event]:
        """All events of a kind."""
        files = sorted((self.sweep.folder / "events").glob("*.jsonl"))
        return [event for path in files for event in events_of(self.sweep.folder, path.stem) if event.kind == kind]


def numbers(sweep: Sweep) -> dict[str, tuple[object, ...]]:
    """What must agree to the bit, by run: error, loss and every epoch's; each run has one result."""
    records = EventReader(sweep.folder).poll()
    results = [
        event.run
        for path in (sweep.folder / "events").glob("*.jsonl")
        for event in events_of(sweep.folder, path.stem)
        if event.kind == "done"
    ]
    assert sorted(results) == sorted(sweep.runs), "a result for each run, and only one"
    return {
        run: (
            records[run].outcome.error,
            records[run].outcome.loss,
            *((epochs[number].loss, epochs[number].error) for number in sorted(epochs)),
        )
        for run in sweep.runs
        if (epochs := records[run].epochs)
    }


@pytest.fixture(scope="module", params=[False, True], ids=["squeue", "accounting"])
def slurm(request: pytest.FixtureRequest) -> Iterator[TestCluster]:
    """A cluster; what it lacks is said where it cannot be."""
    lacks = lacking(request.param)
    if lacks:
        pytest.skip(lacks)
    with cluster(request.param) as made:
        assert (made.call("sacct").returncode == 0) == request.param
        yield made


@pytest.fixture
def bench(slurm: TestCluster, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Studies on the cluster; their jobs are ended when the test is."""
    yield lambda *overrides: Bench(slurm, tmp_path, *overrides)
    slurm.call("scancel", "-u", "root")
    slurm.await_that(lambda: not slurm.call("squeue", "-h").stdout.strip(), "jobs end")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, tuple[object, ...]]]:
    """The numbers of a study that is run in this process from beginning to end, once."""
    known: dict[tuple[str, ...], dict[str, tuple[object, ...]]] = {}

    def ask(*overrides: str) -> dict[str, tuple[object, ...]]:
        if overrides not in known:
            folder = tmp_path_factory.mktemp("undisturbed")
            (folder / "tiny.yaml").write_text(TINY_STUDY)
            sweep = create(plan_runs(load_study(str(folder / "tiny.yaml"), overrides)), folder / "sweep")
            launch(sweep, Debug())
            known[overrides] = numbers(sweep)
        return known[overrides]

    return ask


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """The environment is as before."""
    before = dict(os.environ)
    yield
    assert {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} == {
        k: v for k, v in before.items() if not k.startswith("PYTEST")
    }
