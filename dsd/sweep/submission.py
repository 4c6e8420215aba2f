"""Submit the runs of a sweep that have no result; cancel its jobs.

A sweep with `until: decided` is launched wave by wave. `launch` and `advance` both look at the status: where the
current wave has ended they make the look, then submit the next wave. `advance` is what jobs call; a person launches.
"""

import logging
import os
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from dsd.errors import DsdError
from dsd.runs import PENDING
from dsd.sweep.backends import CLUSTERS, Cluster
from dsd.sweep.folder.events import Broken, EventWriter
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import CANCELLED
from dsd.sweep.folder.launch_lock import one_at_a_time
from dsd.sweep.folder.looks import HELD, LOOKS, looks_of, record_look
from dsd.sweep.folder.snapshots import commit_here
from dsd.sweep.planning.cost import cost_of, costs
from dsd.sweep.results.status import Status, StatusPoller, missing

SETTLE_S = 120  # timeout for cancelled jobs to end
TRIES, PAUSE_S = 3, 20.0  # of a job that makes a look, where a cluster does not answer
DEVICES = "CUDA_VISIBLE_DEVICES"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Launched:
    """The result of a launch.

    before: the status before the launch
    runs: keys of the submitted runs
    jobs: number of submitted jobs
    left: keys of the runs that were not submitted
    """

    folder: Path
    before: Status
    runs: tuple[str, ...]
    jobs: int
    left: tuple[str, ...] = ()


def launch(sweep: Sweep, cluster: Cluster, retry_failed: bool = False) -> Launched:
    """Submit the runs that have no result and are neither queued nor running. Concurrent launches submit no run twice.

    Each submission is recorded before and after it happens, so the next launch can clean up after a killed one. With
    `until`, the runs of one wave are submitted; in the calling process (`debug`) one wave follows the other.

    Raises:
        DsdError: a cluster that can have jobs of this sweep does not answer, or a cluster rejects the new jobs
    """
    with one_at_a_time(sweep.folder):
        (sweep.folder / HELD).unlink(missing_ok=True)
        before = settled(sweep)
        launched = submit(sweep, cluster, looked(sweep, before, retry_failed), retry_failed)
        runs, jobs, wave = launched.runs, launched.jobs, launched
        while before.looks and wave.runs:
            status = settled(sweep)
            if status.pending or missing(status, False):
                break
            wave = submit(sweep, cluster, looked(sweep, status), False)
            runs, jobs = runs + wave.runs, jobs + wave.jobs
        return replace(wave, before=before, runs=runs, jobs=jobs)


def advance(sweep: Sweep, cluster: Cluster) -> None:
    """Make the look that is due, if any, and submit the next wave; do nothing while runs are queued or running.

    Runs that were submitted before and interrupted wait for a launch, as in every sweep: what ended them may end them
    again. Any number of processes may call this at any time; only the first one acts.

    Raises:
        DsdError: as for `launch`
    """
    with one_at_a_time(sweep.folder):
        if not (sweep.folder / HELD).exists():
            submit(sweep, cluster, looked(sweep, settled(sweep)), only_new=True)


def looked(sweep: Sweep, status: Status, retry_failed: bool = False) -> Status:
    """Make the looks that are due: nothing that has been released is missing, queued or running.

    Returns:
        the same status with the looks made
    """
    while status.looks and status.looks.next and not status.pending and not missing(status, retry_failed):
        from dsd.sweep.results.looks import make_look

        sweep.check_identity()
        number = status.looks.next
        record_look(sweep, make_look(sweep, status, status.looks))
        status = replace(status, looks=looks_of(sweep))
        if status.looks and len(status.looks.made) < number:
            raise DsdError(f"{sweep.folder / LOOKS}: look {number} was written but cannot be read back")
    return status


def submit(
    sweep: Sweep, cluster: Cluster, status: Status, retry_failed: bool = False, only_new: bool = False
) -> Launched:
    """Submit the missing runs that have been released; the caller holds the launch lock.

    Args:
        only_new: leave out runs that a job has had before
    """
    sweep.check_identity()
    tidy(sweep, status)
    runs = in_turns(missing(status, retry_failed), sweep.spaces)
    if only_new:
        runs = tuple(run for run in runs if run not in status.jobs)
    rows, images = sweep.rows(runs), sweep.recipe.epochs * sweep.data.images
    wanted = costs({run: rows[run] for run in runs}, images, cost_of(cluster, sweep, status.records))
    submitted: set[str] = set()
    jobs, commit = 0, commit_here() or last_commit(sweep) * only_new
    now = max(time.time(), status.latest)  # clocks of other machines can be ahead
    if status.looks is None:
        submissions = cluster.submit(sweep.folder, wanted, status.living, now) if runs else iter(())
    else:
        busy = [job for job in status.living if any(status.states[run] in PENDING for run in job.runs)]
        then = Advance(str(sweep.folder.resolve()), cluster, os.environ.get(DEVICES))
        if runs:
            submissions = cluster.submit(sweep.folder, wanted, busy, now, then if status.looks.next else None)
        else:
            submissions = cluster.follow(sweep.folder, status.living if status.looks.next else (), now, then)
    try:
        for submission in submissions:
            sweep.record(replace(submission, commit=commit))
            if submission.job:
                submitted.update(*submission.tasks)
                jobs += len(submission.tasks)
    except DsdError as error:
        if submitted:
            hint = f"{len(submitted)} of {len(runs)} runs were submitted; launch again to submit the rest"
            raise DsdError(f"{error}; {hint}") from error
        raise
    done = tuple(run for run in runs if run in submitted)
    return Launched(sweep.folder, status, done, jobs, tuple(run for run in runs if run not in submitted))


def last_commit(sweep: Sweep) -> str:
    """The commit of the latest submission: jobs run a copy of its code, outside of its checkout."""
    submissions, _ = sweep.submissions()
    return max(submissions, key=lambda submission: submission.submitted).commit if submissions else ""


@dataclass(frozen=True)
class Advance:
    """`advance`, as a job calls it. submitit pickles it.

    folder: of the sweep
    cluster: the settings of the next wave
    devices: CUDA_VISIBLE_DEVICES at the launch; submitit hides the GPUs from the process that calls this
    """

    folder: str
    cluster: Cluster
    devices: str | None

    def __call__(self) -> None:
        """Call `advance`; if a cluster does not answer, try again. An error is recorded as a broken job."""
        os.environ.pop(DEVICES, None)
        if self.devices is not None:
            os.environ[DEVICES] = self.devices
        for attempt in range(1, TRIES + 1):
            try:
                advance(Sweep(Path(self.folder)), self.cluster)
                return
            except DsdError as error:
                message = str(error)
                log.warning("attempt %d to make the next look failed: %s", attempt, message)
                if attempt < TRIES:
                    time.sleep(PAUSE_S)
            except Exception as error:
                message = f"{type(error).__name__}: {error}"
                traceback.print_exc()
                break
        if not Path(self.folder).is_dir():  # moved or deleted
            return
        name = f"look-{os.getpid()}"
        with EventWriter(Path(self.folder), name) as writer:
            writer.write(Broken(job=name, message=f"the next look was not made: {message}"))


def in_turns(runs: Iterable[str], spaces: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Interleave the runs of all spaces, so that populations can be compared before all runs are finished.

    `local` workers keep this order; on Slurm the longest jobs start first.

    >>> in_turns(["a1", "a2", "b1", "b2"], {"a": ["a1", "a2"], "b": ["b1", "b2"]})
    ('a1', 'b1', 'a2', 'b2')
    """
    wanted = set(runs)
    turns = (run for turn in zip_longest(*spaces.values()) for run in turn)
    return tuple(dict.fromkeys(run for run in turns if run in wanted))


def settled(sweep: Sweep) -> Status:
    """Wait until every living job has a number, then return the status.

    Jobs without a number come from a launch that was interrupted while it submitted them. They can lack files that
    they need, so they are cancelled.

    Raises:
        DsdError: a cluster does not answer, or the cancelled jobs do not end within `SETTLE_S`
    """
    deadline, cancelled = time.monotonic() + SETTLE_S, False
    while True:
        status = StatusPoller(sweep).status(launching=False)
        if status.silent:
            raise DsdError(f"{status.silent}; nothing was submitted, because jobs of this sweep can still be queued")
        nameless = [job for job in status.living if not job.numbered]
        if not nameless:
            return status
        if time.monotonic() > deadline:
            mark = nameless[0].mark
            raise DsdError(
                f"cancelled jobs of an interrupted launch are still alive after {SETTLE_S} s; see squeue --name={mark}"
            )
        if not cancelled:
            for name in sorted({job.cluster for job in nameless}):
                CLUSTERS[name].cancel([job for job in nameless if job.cluster == name])
            cancelled = True
        time.sleep(1)


def cancel(sweep: Sweep) -> Status:
    """Cancel all jobs of a sweep; their runs keep their checkpoints, and the next launch resumes them.

    With `until`, no wave starts by itself until then.

    Returns:
        the status before the cancellation

    Raises:
        DsdError: a cluster does not answer, or does not cancel the jobs
    """
    with one_at_a_time(sweep.folder):
        status = StatusPoller(sweep).status(launching=False)
        if status.silent:
            raise DsdError(f"{status.silent}; nothing was cancelled")
        if status.looks:
            (sweep.folder / HELD).touch()
        for name in sorted({job.cluster for job in status.living}):
            own = [job for job in status.living if job.cluster == name]
            CLUSTERS[name].cancel(own)
            sweep.record_ends((job, CANCELLED) for job in own)
        return status


def tidy(sweep: Sweep, status: Status) -> None:
    """Delete the checkpoints of finished runs, left behind by a kill after the result was written."""
    for run, record in status.records.items():
        if record.finished:
            sweep.checkpoint(run).unlink(missing_ok=True)
