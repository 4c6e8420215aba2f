"""The Slurm cluster, through submitit: arrays of jobs that resume from checkpoints, whatever ends them."""

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
from types import MappingProxyType
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError
from submitit.slurm.slurm import _make_sbatch_string

from dsd.errors import DsdError, shortened
from dsd.sweep.backends.base import Settings, Then
from dsd.sweep.backends.slurm import queue
from dsd.sweep.backends.slurm.allocation import Allocation
from dsd.sweep.backends.slurm.packing import in_arrays, packed
from dsd.sweep.folder.jobs import Job, JobState, Submission
from dsd.sweep.folder.snapshots import CODE, imports_from, take_snapshot
from dsd.sweep.job.supervisor import WorkerPool

USUAL_ARRAY = 1001  # Slurm's default MaxArraySize
ANNOUNCED_S = 90  # signal before the time limit; less for short jobs
TEXTS = ("partition", "account", "qos", "constraint")
LOOK_MIN, LOOK_GB = 10, 2.0  # limits of the small job that makes a look [minutes, GiB]
LOOK_OPTIONS = ("reservation", "exclude", "comment")  # sbatch options that it shares with the jobs that train
AGAIN_S = 60  # before it looks again for jobs that Slurm has requeued


@dataclass(frozen=True)
class Slurm(Settings):
    """Settings of jobs on Slurm.

    partition, account, qos, constraint: sbatch options; "": the cluster's default
    gpus: per job
    cpus: cores per job
    mem_gb: memory per job [GiB]; 0: the cluster's default
    time_min: time limit per job [minutes]; an unfinished run resumes in the next job
    runs_per_job: runs per job, executed concurrently as far as the allocation has room, else sequentially
    runs_per_gpu: concurrent runs per GPU, each with its share of the GPU memory
    array_parallelism: concurrent jobs per array
    max_jobs: most jobs of this sweep in the queue; jobs then hold more runs. 0: no limit
    sbatch: further sbatch options, such as --mail-type=FAIL, or --gres=gpu:a100:1 with gpus = 0
    setup: shell commands that run before a job starts, such as module load cuda
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
            raise DsdError(f"cluster.mem_gb = {self.mem_gb}: give a number of GiB from 0")
        for key in TEXTS:
            if not getattr(self, key).isprintable():
                raise DsdError(f"cluster.{key} = {getattr(self, key)!r}: give one line without control characters")
        for line in self.sbatch:
            if not re.fullmatch(r"--[a-z][\w-]*(=.+)?", line) or not line.isprintable():
                raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: write options as --option=value, not {line!r}")
            key = line[2:].partition("=")[0]
            for own, why in OWN.items():
                if own.startswith(key):  # sbatch accepts abbreviations
                    raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: --{own} is {why}")
            if self.mem_gb and key.startswith("mem-"):
                raise DsdError(
                    f"cluster.sbatch = {list(self.sbatch)}: --{key} conflicts with cluster.mem_gb; give one of them"
                )
        names = [line.partition("=")[0] for line in self.sbatch]
        if len(set(names)) < len(names):
            raise DsdError(f"cluster.sbatch = {list(self.sbatch)}: give each option once")
        if self.gpus and self.gpus_of_lines:
            lines = f"cluster.sbatch = {list(self.sbatch)}"
            raise DsdError(f"{lines}: requests GPUs in addition to cluster.gpus = {self.gpus}; set cluster.gpus = 0")
        room = self.gpus_asked * self.runs_per_gpu
        if room > self.runs_per_job:
            raise DsdError(
                f"cluster.runs_per_job = {self.runs_per_job}: gpus = {self.gpus_asked} and runs_per_gpu = "
                f"{self.runs_per_gpu} have room for {room} at a time; give at least {room}"
            )
        super().__post_init__()

    @property
    def signal_s(self) -> int:
        """How long before the time limit a job gets a signal [s]: at most a quarter of the limit."""
        return min(ANNOUNCED_S, 60 * self.time_min // 4)

    @property
    def has_gpus(self) -> bool:
        """Whether jobs request GPUs."""
        return self.gpus_asked > 0

    @property
    def gpus_asked(self) -> int:
        """GPUs per job, including those that `sbatch` options request."""
        return self.gpus or self.gpus_of_lines

    @property
    def gpus_of_lines(self) -> int:
        """GPUs that `sbatch` options request, such as --gres=gpu:a100:2."""
        count = 0
        for line in self.sbatch:
            key, _, value = line[2:].partition("=")
            kinds = [kind for kind in value.split(",") if key != "gres" or kind.partition(":")[0] == "gpu"]
            if key == "gres" or key.startswith("gpus-per-"):
                numbers = [kind.rpartition(":")[2] for kind in kinds]
                count += sum(int(number) if number.isdecimal() else 1 for number in numbers)
        return count

    def check_folder(self, folder: Path) -> None:
        """Refuse a folder whose path Slurm would change in the paths of logs.

        Raises:
            DsdError: the path has a character that Slurm expands, or that ends a line of the sbatch script
        """
        path = str(folder.resolve())
        wrong = next((sign for sign in path if sign in "%\\" or not sign.isprintable()), "")
        if wrong:
            raise DsdError(f"{shortened(path, 200)!r}: Slurm misreads {wrong!r} in paths; give a folder without it")

    @property
    def sharing(self) -> int:
        """Number of runs that share a GPU; 1 without a GPU."""
        return self.runs_per_gpu if self.has_gpus else 1

    def header(self, folder: Path, runs: Mapping[str, float], living: int = 0) -> str:
        """Return the sbatch script for the first array of these runs, as submitit writes it.

        The job name and the path of the code snapshot are incomplete before the launch.
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
        """Return the parameters of submitit's executor."""
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
            "setup": [
                *self.setup,
                *imports_from(code),
                "export SLURM_EXPORT_ENV=ALL",
            ],  # so that exported variables reach srun
            "srun_args": [f"--cpus-per-task={self.cpus}"],  # srun does not inherit it since Slurm 22.05
            "additional_parameters": more,
        }

    def tasks(self, runs: Mapping[str, float], living: int) -> list[tuple[str, ...]]:
        """Distribute the runs over jobs, the longest job first; if the queue lacks room, only the first runs.

        Args:
            living: jobs of the sweep that are already in the queue
        """
        each = max(self.runs_per_job, -(-len(runs) // self.max_jobs) if self.max_jobs else 1)
        room = self.max_jobs - living if self.max_jobs else len(runs)
        chosen = dict(list(runs.items())[: each * max(room, 0)])
        return packed(chosen, -(-len(chosen) // each))

    def split(self, runs: Mapping[str, float], living: int = 0) -> str:
        """Describe how these runs are executed."""
        tasks = self.tasks(runs, living)
        if not tasks:
            return f"none of {len(runs)} runs: {self.full(living)}"
        largest = queue.max_array_size()
        arrays = in_arrays(tasks, largest or USUAL_ARRAY)
        limit = (
            f"MaxArraySize {largest}"
            if largest
            else f"MaxArraySize is not known; assuming Slurm's default {USUAL_ARRAY}"
        )
        most = max(map(len, tasks))
        each = "1 run" if most == 1 else f"up to {most} runs"
        sizes = ", ".join(str(len(array)) for array in arrays[:5]) + (", …" if len(arrays) > 5 else "")
        return (
            f"{sum(map(len, tasks))} of {len(runs)} runs in {counted(len(tasks), 'job')} of {each}, in "
            f"{counted(len(arrays), 'array')} of {sizes} ({limit}), up to "
            f"{min(self.array_parallelism, len(arrays[0]))} jobs of an array at a time"
        )

    def full(self, living: int) -> str:
        """The message that the queue has no room for more jobs."""
        return f"{living} jobs of this sweep are in the queue, and cluster.max_jobs = {self.max_jobs}"

    def submit(
        self, folder: Path, runs: Mapping[str, float], living: Sequence[Job], now: float, then: Then | None = None
    ) -> Iterator[Submission]:
        """Submit arrays; yield each before it is submitted, and again with its job number.

        With `then` a small job follows, which calls it when all of them have ended.

        Raises:
            DsdError: Slurm rejects an array; those yielded with a number are submitted
        """
        own = sum(job.cluster == self.name for job in living)
        tasks = self.tasks(runs, own)
        if not tasks:
            raise DsdError(f"{self.full(own)}; launch again when some have ended")
        if not submitit.SlurmExecutor.affinity() > 0:
            raise DsdError(
                "cluster = slurm: srun is not found; launch on a machine of the cluster, or use cluster=local"
            )
        code = take_snapshot(folder)
        for array in in_arrays(tasks, queue.max_array_size() or USUAL_ARRAY):
            mark = f"{plain(folder.resolve().name)}-{uuid.uuid4().hex[:8]}"
            submission = Submission(self.name, mark, socket.gethostname(), now, array, array=len(array) > 1)
            yield submission
            jobs = [self.allocation(folder, task, now) for task in array]
            submission = replace(submission, job=self.sbatch_number(folder, self.parameters(mark, code), jobs))
            living = [*living, *submission.jobs()]
            yield submission
        if then:
            yield from self.look_after(folder, living, now, then)

    def follow(self, folder: Path, living: Sequence[Job], now: float, then: Then) -> Iterator[Submission]:
        """Submit the small job that calls `then` when the living jobs have ended, unless one waits already.

        Raises:
            DsdError: Slurm rejects it
        """
        own = [job for job in living if job.cluster == self.name]
        waiting = [job for job in own if not job.runs and job.job != os.environ.get("SLURM_JOB_ID")]
        if any(job.runs for job in own) and not waiting:
            late = {"begin": f"now+{AGAIN_S}"} if "SLURM_JOB_ID" in os.environ else {}  # not at once, again and again
            yield from self.look_after(folder, own, now, then, late)

    def look_after(
        self,
        folder: Path,
        jobs: Sequence[Job],
        now: float,
        then: Then,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[Submission]:
        """Submit one core without a GPU that calls `then` after these jobs; yield it before and after."""
        numbers = dict.fromkeys(job.job.partition("_")[0] for job in jobs if job.cluster == self.name and job.runs)
        mark = f"{plain(folder.resolve().name)}-{uuid.uuid4().hex[:8]}"
        submission = Submission(self.name, mark, socket.gethostname(), now, ())
        yield submission
        parameters = self.small.parameters(mark, take_snapshot(folder))
        parameters["additional_parameters"] |= {"dependency": f"afterany:{':'.join(numbers)}", **options}
        yield replace(submission, job=self.sbatch_number(folder, parameters, [then]))

    @property
    def small(self) -> "Slurm":
        """The settings of the job that makes a look."""
        lines = tuple(line for line in self.sbatch if line[2:].partition("=")[0] in LOOK_OPTIONS)
        return replace(
            self,
            gpus=0,
            cpus=1,
            mem_gb=min(self.mem_gb, LOOK_GB),
            time_min=min(self.time_min, LOOK_MIN),
            runs_per_job=1,
            runs_per_gpu=1,
            sbatch=lines,
        )

    def allocation(self, folder: Path, runs: tuple[str, ...], submitted: float) -> Allocation:
        """Return the job that executes these runs."""
        pool = WorkerPool(str(folder.resolve()), runs, submitted, settings=self.for_workers)
        return Allocation(pool, self.has_gpus, self.runs_per_gpu, self.time_min, self.signal_s)

    def sbatch_number(self, folder: Path, parameters: dict[str, Any], jobs: Sequence[Then]) -> str:
        """Submit jobs as an array, or one job alone; return its Slurm job id."""
        executor = submitit.SlurmExecutor(folder.resolve() / "jobs")
        executor.update_parameters(**parameters)
        try:
            with outside_of_jobs():
                submitted = executor.submit_array(jobs)
        except (FailedJobError, FailedSubmissionError) as error:
            raise DsdError(f"Slurm rejected the jobs: {queue.one_line(str(error))}") from error
        return str(submitted[0].job_id).partition("_")[0]

    @staticmethod
    def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
        """Return the states of jobs, and the error message of Slurm, or ""."""
        return queue.ask(jobs, submitting)

    @staticmethod
    def cancel(jobs: Sequence[Job]) -> None:
        """Cancel jobs; their workers first save checkpoints.

        Raises:
            DsdError: Slurm does not cancel them
        """
        trouble = queue.cancel(jobs)
        if trouble:
            raise DsdError(f"Slurm did not cancel the jobs: {trouble}")


@contextmanager
def outside_of_jobs() -> Iterator[None]:
    """Hide the Slurm job that a launch runs in: sbatch would read the variables of this job as its own options."""
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
    """Replace the characters of a name that break `squeue --name` or the parsing of its output."""
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[:64]


def counted(n: int, noun: str) -> str:
    """Format a count with its noun: "1 job", "2 jobs"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


# sbatch options that have their own setting, that jobs rely on, or that break a launch; and the reason
OWN = {
    **{key: f"set by cluster.{key}" for key in TEXTS},
    **dict.fromkeys(("gpus", "gpus-per-node"), "set by cluster.gpus"),
    **{"cpus-per-task": "set by cluster.cpus", "mem": "set by cluster.mem_gb", "time": "set by cluster.time_min"},
    "array": "set by cluster.array_parallelism",
    **dict.fromkeys(
        ("nodes", "ntasks", "ntasks-per-node", "tasks", "tasks-per-node", "job-name", "output", "error", "open-mode"),
        "set by dsd",
    ),
    **dict.fromkeys(("signal", "requeue", "no-requeue", "export"), "set by dsd: jobs need it to resume"),
    "wait": "not supported: a launch returns when everything is submitted",
    **dict.fromkeys(
        ("parsable", "quiet", "test-only", "help", "usage", "version"), "not supported: dsd reads the job number"
    ),
    **dict.fromkeys(("wrap", "input"), "not supported: dsd sets the command of a job"),
    **dict.fromkeys(("clusters", "cluster"), "not supported: dsd queries only the cluster of this machine"),
}
