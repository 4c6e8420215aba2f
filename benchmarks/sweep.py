"""How much sweeps weigh: launching on Slurm, status and table of many runs, and the start of a job.

Usage: python benchmarks/sweep.py [ROW]...    launch, start, many, most; without one, all
       one JSON line a row; exit code 1 where a row misses its target
`launch` and `start` need a Slurm: the one of this machine, or where there is none, root and Debian's packages
(tests/slurm/install.sh), with which a cluster of one node is started. `many` and `most` are sweeps of 10,000 and of
100,000 finished runs with made-up events: 10 epochs each, one job and one event file a run.
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rows import DSD, row

from dsd.runs import EPOCH_COLUMNS
from dsd.sweep.backends.slurm.packing import in_arrays
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import Submission
from dsd.sweep.planning.config import load_study
from dsd.sweep.planning.creation import create
from dsd.sweep.planning.plans import plan_runs

ONE_CORE = ("cluster=slurm", "cluster.gpus=0", "cluster.cpus=1")
EPOCHS, ARRAY = 10, 1000


@contextmanager
def slurm() -> Iterator[str]:
    """A Slurm to submit to; what is missing, where there is none."""
    if shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, check=False).returncode == 0:
        yield ""
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.slurm.cluster import cluster, lacking

    if lacking():
        yield lacking()
        return
    with cluster(max_array=1001):
        yield ""


def launching(folder: Path) -> bool:
    """Plan and launch of 500 runs, as whole processes; the jobs are held."""
    with slurm() as missing:
        seconds = []
        for i in range(0 if missing else 5):
            place = folder / f"launch{i}"
            words = ["demo", "spaces=[RegNetX_cifar]", "n=500", "flops=:2M", *ONE_CORE, "cluster.sbatch=['--hold']"]
            start = time.perf_counter()
            for command in ("plan", "launch"):
                subprocess.run([*DSD, command, *words, "-o", place], check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
            subprocess.run([*DSD, "cancel", place], check=True, capture_output=True)
    return row("dsd plan and dsd launch of 500 runs on Slurm, processes", sorted(seconds), "s", 10)


def start(folder: Path) -> bool:
    """From the job script's first command to the end of the first step, of one job at a time."""
    with slurm() as missing:
        seconds = []
        for i in range(0 if missing else 7):
            place = folder / f"start{i}"
            began = folder / f"began{i}"
            words = ["demo", "spaces=[]", "networks=[ResNet-56]", "recipe.epochs=1", "data.train_images=64", *ONE_CORE]
            words += [f"cluster.setup=['date +%s.%N > {began}']", "-o", str(place)]
            subprocess.run([*DSD, "launch", *words], check=True, capture_output=True)
            subprocess.run([*DSD, "status", place, "--watch"], check=True, capture_output=True)
            (events,) = (place / "events").glob("*.jsonl")
            (epoch,) = (e for e in map(json.loads, events.read_text().splitlines()) if e["event"] == "epoch")
            seconds.append(epoch["time"] - epoch["eval_s"] - float(began.read_text()))
    return row("a job of Slurm, from its script's start to the end of the first step", sorted(seconds), "s", 6)


def many(folder: Path) -> bool:
    """Status and table of 10,000 finished runs."""
    return of_size(folder / "many", 10_000, 5, 5.0, None)


def most(folder: Path) -> bool:
    """Status and table of 100,000 finished runs."""
    return of_size(folder / "most", 100_000, 2, 40.0, 2.0)


def of_size(place: Path, runs: int, rounds: int, seconds: float, memory_gb: float | None) -> bool:
    """Status and table of a sweep, as whole processes; the target is for each of the two."""
    made_up(place, runs)
    spent, peaks = [], []
    parts: dict[str, list[float]] = {"status": [], "collect": []}
    for i in range(rounds + 1):
        for command, own in parts.items():
            took, peak = measured([*DSD, command, str(place)])
            own.append(took)
            peaks.append(peak)
        spent.append(sum(own[-1] for own in parts.values()))
        if not i:  # the first round reads the files into memory
            spent.clear()
            for own in parts.values():
                own.clear()
    held = [
        row(f"dsd {command} of {runs:,} finished runs, process", sorted(own), "s", seconds)
        for command, own in parts.items()
    ]
    row(f"dsd status and dsd collect of {runs:,} finished runs, one after the other", sorted(spent), "s", None)
    return row(f"peak memory of these at {runs:,} runs", [max(peaks)], "GB", memory_gb) and all(held)


def measured(words: list[str]) -> tuple[float, float]:
    """Seconds and peak of memory [1e9 bytes] of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    assert code == 0, words
    process.returncode = 0
    assert isinstance(usage, resource.struct_rusage)
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e9


def made_up(place: Path, runs: int) -> Sweep:
    """A sweep with events as its jobs would have written them."""
    words = ["spaces=[AnyNetX_A_cifar]", f"n={runs}", "flops=:100M", "acts=:", f"recipe.epochs={EPOCHS}"]
    sweep = create(plan_runs(load_study("demo", words)), place)
    rng, now = random.Random(0), time.time()
    tasks = [(run,) for run in sweep.runs]
    for number, array in enumerate(in_arrays(tasks, ARRAY), start=1):
        sweep.record(Submission("slurm", f"most-{number:08x}", "login", now, array, str(number), array=True))
        for task, (run,) in enumerate(array):
            job = f"slurm-{number}_{task}-node-{1000 + task}.1"
            lines = [{"event": "started", "run": run, "time": now, "job": job, "host": "node", "device": "cuda"}]
            values = {name: rng.uniform(0, 100) for name in EPOCH_COLUMNS[1:]} | {"skipped": 0}
            lines += [
                {"event": "epoch", "run": run, "time": now + i, "epoch": i, **values} for i in range(1, EPOCHS + 1)
            ]
            done = {"best_error": 20.0, "best_epoch": 9, "epochs": EPOCHS, "diverged": False, "synthetic": False}
            lines.append({"event": "done", "run": run, "time": now + 11, **values, **done})
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (place / "events" / f"{job}.jsonl").write_text(text)
    return sweep


ROWS = {"launch": launching, "start": start, "many": many, "most": most}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        held = [ROWS[name](Path(folder)) for name in sys.argv[1:] or ROWS]
    sys.exit(not all(held))
