"""Submit the runs of a sweep that have no result; cancel its jobs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from dsd.errors import DsdError
from dsd.sweep.backends import CLUSTERS, Cluster
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.jobs import CANCELLED
from dsd.sweep.folder.launch_lock import one_at_a_time
from dsd.sweep.folder.snapshots import commit_here
from dsd.sweep.planning.cost import cost_of, costs
from dsd.sweep.results.status import Status, StatusPoller, missing

SETTLE_S = 120  # timeout for cancelled jobs to end


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

    Each submission is recorded before and after it happens, so the next launch can clean up after a killed one.

    Raises:
        DsdError: a cluster that can have jobs of this sweep does not answer, or a cluster rejects the new jobs
    """
    with one_at_a_time(sweep.folder):
        status = settled(sweep)
        sweep.check_identity()
        tidy(sweep, status)
        runs = in_turns(missing(status, retry_failed), sweep.spaces)
        rows, images = sweep.rows(runs), sweep.recipe.epochs * sweep.data.images
        wanted = costs({run: rows[run] for run in runs}, images, cost_of(cluster, sweep, status.records))
        submitted: set[str] = set()
        jobs, commit = 0, commit_here()
        now = max(time.time(), status.latest)  # clocks of other machines can be ahead
        try:
            for submission in cluster.submit(sweep.folder, wanted, status.living, now) if runs else ():
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

    Returns:
        the status before the cancellation

    Raises:
        DsdError: a cluster does not answer, or does not cancel the jobs
    """
    with one_at_a_time(sweep.folder):
        status = StatusPoller(sweep).status(launching=False)
        if status.silent:
            raise DsdError(f"{status.silent}; nothing was cancelled")
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
