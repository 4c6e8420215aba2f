"""Slurm, through submitit: arrays of jobs that go on where they were, whatever ends them."""

import math
import os
import re
import shlex
import socket
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError
from submitit.slurm.slurm import _make_sbatch_string

from dsd.errors import DsdError, shortened
from dsd.sweep.backends.base import Settings
from dsd.sweep.backends.slurm import queue
from dsd.sweep.backends.slurm.allocation import Allocation
from dsd.sweep.backends.slurm.packing import in_arrays, packed
from dsd.sweep.folder.jobs import Job, JobState, Submission
from dsd.sweep.folder.snapshots import CODE, imports_from, take_snapshot
from dsd.sweep.job.supervisor import WorkerPool

USUAL_ARRAY = 1001  # Slurm's own MaxArraySize
ANNOUNCED_S = 90  # before the time limit; less for short ones
TEXTS = ("partition", "account", "qos", "constraint")


@dataclass(frozen=True)
class Slurm(Settings):
    """Settings of jobs on Slurm.

    partition, account, qos, constraint: as sbatch understands them; "" leaves them to the cluster
    gpus: of each job
    cpus: cores of each job
    mem_gb: memory of each job [GiB]; 0 leaves it to the cluster
    time_min: limit of each job [minutes]; a run that is not done by then goes on in the next
    runs_per_job: runs that share an allocation, one after the other or as many at a time as there is room for
    runs_per_gpu: runs that share a GPU at a time, each with its share of the GPU's memory
    array_parallelism: jobs of an array at a time
    max_jobs: jobs that this sweep may have in the queue; so many more runs go into each. 0: no limit
    sbatch: further lines of the header, such as --mail-type=FAIL, or --gres=gpu:a100:1 with gpus = 0
    setup: commands of the shell before a job's work begins, such as module load cuda
    """

    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    gpus: int = 1
    cpus: int = 4
    mem_gb: float = 0.0
    time_min: int = 60
    runs_per_job: int = 1
    runs_per_gpu: int = 1
    array_parallelism: int = 256
    max_jobs: int = 0
    sbatch: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    name: str = "slurm"

    def __post_init__(self) -> None:
        least = {"gpus": 0, "cpus": 1, "time_min": 1, "runs_per_job": 1, "runs_per_gpu": 1, "array_parallelism": 1}
        for key, low in {**least, "max_jobs": 0}.items():
            if getattr(self, key) < low:
                raise DsdError(f"cluster.{key} = {getattr(self, key)}: give a whole number from {low}")
        if not 0 <= self.mem_gb < math.inf:
            raise DsdError(f"cluster.mem_gb = {self.mem_gb}: give a size from 0")
        for line in self.sbatch:
            if not re.fullmatch(r"--[a-z][\w-]*(=.+)?", line):
                raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: write lines as --option=value, not {line!r}")
            key = line[2:].partition("=")[0]
            for own, why in OWN.items():
                if own.startswith(key):  # sbatch takes abbreviations
                    raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: --{own} is {why}")
            if self.mem_gb and key.startswith("mem-"):
                raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: --{key} beside cluster.mem_gb; give one of them")
        names = [line.partition("=")[0] for line in self.sbatch]
        if len(set(names)) < len(names):
            raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: give each option once")
        if self.gpus and self.gpus_of_lines:
            told = f"cluster.sbatch = {list(self.sbatch)}"
            raise DsdError(f"{told}: asks for GPUs beside cluster.gpus = {self.gpus}; set that to 0")
        room = self.gpus_asked * self.runs_per_gpu
        if room > self.runs_per_job:
            raise DsdError(
                f"cluster.runs_per_job = {self.runs_per_job}: gpus = {self.gpus_asked} and runs_per_gpu = "
                f"{self.runs_per_gpu} have room for {room} at a time; give at least so many"
            )
        super().__post_init__()

    @property
    def signal_s(self) -> int:
        """How long before the time limit a job is told so [s]: a quarter of a short one."""
        return min(ANNOUNCED_S, 60 * self.time_min // 4)

    @property
    def has_gpus(self) -> bool:
        """Whether jobs ask for any."""
        return self.gpus_asked > 0

    @property
    def gpus_asked(self) -> int:
        """GPUs of each job, also where lines of the header ask for them."""
        return self.gpus or self.gpus_of_lines

    @property
    def gpus_of_lines(self) -> int:
        """GPUs that lines of the header ask for, such as --gres=gpu:a100:2."""
        found = 0
        for line in self.sbatch:
            key, _, value = line[2:].partition("=")
            kinds = [one for one in value.split(",") if key != "gres" or one.partition(":")[0] == "gpu"]
            if key == "gres" or key.startswith("gpus-per-"):
                numbers = [one.rpartition(":")[2] for one in kinds]
                found += sum(int(number) if number.isdecimal() else 1 for number in numbers)
        return found

    def check_folder(self, folder: Path) -> None:
        """Refuse a folder in whose log paths Slurm would replace something.

        Raises:
            DsdError: it has a sign that Slurm expands, or that ends a line of its header
        """
        place = str(folder.resolve())
        wrong = next((sign for sign in place if sign in "%\\" or not sign.isprintable()), "")
        if wrong:
            raise DsdError(
                f"{shortened(place, 200)!r}: Slurm does not keep {wrong!r} in paths; give a folder without it"
            )

    @property
    def sharing(self) -> int:
        """Runs that share a GPU."""
        return self.runs_per_gpu if self.has_gpus else 1

    def header(self, folder: Path, runs: Mapping[str, float], living: int = 0) -> str:
        """What sbatch is given for the first array of these runs, as submitit writes it.

        Of the name and of the snapshot of the code only a part is known before the launch.
        """
        self.check_folder(folder)
        folder = folder.resolve()
        arrays = in_arrays(self.tasks(runs, living), queue.max_array_size() or USUAL_ARRAY)
        if not arrays:
            return ""
        tasks = len(arrays[0])
        command = f"{shlex.quote(sys.executable)} -u -m submitit.core._submit {shlex.quote(str(folder / 'jobs'))}"
        code, name = folder / CODE / "…", f"{plain(folder.name)}-…"
        count: dict[str, Any] = {"map_count": tasks} if tasks > 1 else {}
        return str(_make_sbatch_string(command, folder / "jobs", **self.parameters(name, code), **count))

    def parameters(self, name: str, code: Path) -> dict[str, Any]:
        """What submitit has to know."""
        lines = (line[2:].partition("=") for line in self.sbatch)
        more = {"requeue": True, **{key: value if equal else True for key, equal, value in lines}}
        texts = {key: getattr(self, key) for key in TEXTS if getattr(self, key)}
        return {
            **texts,
            **({"gpus_per_node": self.gpus} if self.gpus else {}),
            **({"mem": f"{math.ceil(1024 * self.mem_gb)}MB"} if self.mem_gb else {}),
            "job_name": name,
            "cpus_per_task": self.cpus,
            "time": self.time_min,
            "nodes": 1,
            "ntasks_per_node": 1,
            "signal_delay_s": self.signal_s,
            "array_parallelism": self.array_parallelism,
            "wckey": None,
            "setup": [*self.setup, *imports_from(code), "export SLURM_EXPORT_ENV=ALL"],  # what is exported reaches srun
            "srun_args": [f"--cpus-per-task={self.cpus}"],  # srun does not inherit it since Slurm 22.05
            "additional_parameters": more,
        }

    def tasks(self, runs: Mapping[str, float], living: int) -> list[tuple[str, ...]]:
        """The runs of each job, the longest job first; where there is not room for all in the queue, the first of them.

        Args:
            living: jobs of the sweep that are in the queue already
        """
        each = max(self.runs_per_job, -(-len(runs) // self.max_jobs) if self.max_jobs else 1)
        room = self.max_jobs - living if self.max_jobs else len(runs)
        chosen = dict(list(runs.items())[: each * max(room, 0)])
        return packed(chosen, -(-len(chosen) // each))

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """How these runs are executed, in words."""
        tasks = self.tasks(runs, living)
        if not tasks:
            return f"none of {len(runs)} runs: {self.full(living)}"
        largest = queue.max_array_size()
        arrays = in_arrays(tasks, largest or USUAL_ARRAY)
        limit = f"MaxArraySize {largest}" if largest else f"Slurm is not here; at its usual MaxArraySize {USUAL_ARRAY}"
        most = max(map(len, tasks))
        each = "1 run" if most == 1 else f"up to {most} runs"
        sizes = ", ".join(str(len(array)) for array in arrays[:5]) + (", …" if len(arrays) > 5 else "")
        return (
            f"{sum(map(len, tasks))} of {len(runs)} runs in {counted(len(tasks), 'job')} of {each}, in "
            f"{counted(len(arrays), 'array')} of {sizes} ({limit}), up to "
            f"{min(self.array_parallelism, len(arrays[0]))} jobs of an array at a time"
        )

    def full(self, living: int) -> str:
        """That the queue has room for no more, in words."""
        return f"{living} jobs of this sweep are in the queue, and cluster.max_jobs = {self.max_jobs}"

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float
    ) -> Iterator[Submission]:
        """Submit arrays, one after the other; each is told of before it is submitted, and again when it has its number.

        Raises:
            DsdError: Slurm does not take one; those that were told of with a number are submitted
        """
        own = sum(job.cluster == self.name for job in living)
        tasks = self.tasks(runs, own)
        if not tasks:
            raise DsdError(f"{self.full(own)}; launch again when some have ended")
        if not submitit.SlurmExecutor.affinity() > 0:
            raise DsdError("cluster = slurm: srun is not found; launch on a machine of the cluster, or cluster=local")
        code = take_snapshot(folder)
        for array in in_arrays(tasks, queue.max_array_size() or USUAL_ARRAY):
            mark = f"{plain(folder.resolve().name)}-{uuid.uuid4().hex[:8]}"
            submission = Submission(self.name, mark, socket.gethostname(), now, array, array=len(array) > 1)
            yield submission
            jobs = [self.allocation(folder, task, now) for task in array]
            yield replace(submission, job=self.sbatch_number(folder, mark, code, jobs))

    def allocation(self, folder: Path, runs: tuple[str, ...], submitted: float) -> Allocation:
        """What a job is to do."""
        pool = WorkerPool(str(folder.resolve()), runs, submitted, settings=self.for_workers)
        return Allocation(pool, self.has_gpus, self.runs_per_gpu, self.time_min, self.signal_s)

    def sbatch_number(self, folder: Path, mark: str, code: Path, jobs: list[Allocation]) -> str:
        """Submit jobs as an array, or a single one; the number that Slurm has given it."""
        executor = submitit.SlurmExecutor(folder.resolve() / "jobs")
        executor.update_parameters(**self.parameters(mark, code))
        try:
            with outside_of_jobs():
                submitted = executor.submit_array(jobs)
        except (FailedJobError, FailedSubmissionError) as error:
            raise DsdError(f"Slurm does not take the jobs: {queue.one_line(str(error))}") from error
        return str(submitted[0].job_id).partition("_")[0]

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Where jobs stand."""
        return queue.ask(jobs, submitting)

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """Cancel jobs; their workers keep the state of their runs first.

        Raises:
            DsdError: Slurm does not do it
        """
        trouble = queue.cancel(jobs)
        if trouble:
            raise DsdError(f"Slurm does not cancel the jobs: {trouble}")


@contextmanager
def outside_of_jobs() -> Iterator[None]:
    """Hide the job in which a launch may itself run: sbatch would take what is said of it for its own options."""
    own = ("SLURM_", "SLURMD_", "SRUN_", "SUBMITIT_")
    hidden = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if "SLURM_JOB_ID" in os.environ and name.startswith(own) and name not in ("SLURM_CONF", "SLURM_JOB_ID")
    }
    number = os.environ.pop("SLURM_JOB_ID", None)
    try:
        yield
    finally:
        os.environ.update({**hidden, **({"SLURM_JOB_ID": number} if number else {})})


def plain(name: str) -> str:
    """A name that squeue takes for one, and that its lines do not confuse."""
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[:64]


def counted(n: int, noun: str) -> str:
    """So many things."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


# options of sbatch that are settings of their own, on which a job relies, or that a launch cannot do with
OWN = {
    **{key: f"cluster.{key}" for key in TEXTS},
    **{"gpus": "cluster.gpus", "gpus-per-node": "cluster.gpus", "cpus-per-task": "cluster.cpus"},
    **{"mem": "cluster.mem_gb", "time": "cluster.time_min", "array": "cluster.array_parallelism"},
    **dict.fromkeys(("nodes", "ntasks", "ntasks-per-node", "job-name", "output", "error", "open-mode"), "set by dsd"),
    **dict.fromkeys(("signal", "requeue", "no-requeue", "export"), "set by dsd: jobs go on by it"),
    "wait": "not for dsd: a launch returns when everything is submitted",
    **dict.fromkeys(("parsable", "quiet", "test-only", "help", "usage", "version"), "not for dsd: it reads the number"),
    **dict.fromkeys(("wrap", "input"), "not for dsd: a job's work is its own"),
    **dict.fromkeys(("clusters", "cluster"), "not for dsd: it asks the cluster of this machine for its jobs"),
}
