"""Submit what a sweep still lacks, and only that."""

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

SETTLE_S = 120  # for jobs that are cancelled to end


@dataclass(frozen=True)
class Launched:
    """What a launch did: the status it found, the runs it submitted, in how many jobs, and those it left for later."""

    folder: Path
    before: Status
    runs: tuple[str, ...]
    jobs: int
    left: tuple[str, ...] = ()


def launch(sweep: Sweep, cluster: Cluster, retry_failed: bool = False) -> Launched:
    """Submit what has no result and is neither queued nor running. Two launches at a time submit nothing twice.

    What is submitted is written down before and after: a launch killed at any moment is known to the next one.

    Raises:
        DsdError: a cluster that may have jobs of this sweep does not answer, or does not take new ones
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
        now = max(time.time(), status.latest)  # clocks of other machines may be ahead
        try:
            for submission in cluster.submit(sweep.folder, wanted, status.living, now) if runs else ():
                sweep.record(replace(submission, commit=commit))
                if submission.job:
                    submitted.update(*submission.tasks)
                    jobs += len(submission.tasks)
        except DsdError as error:
            if submitted:
                told = f"{len(submitted)} of {len(runs)} runs were submitted, launch again for the rest"
                raise DsdError(f"{error}; {told}") from error
            raise
        done = tuple(run for run in runs if run in submitted)
        return Launched(sweep.folder, status, done, jobs, tuple(run for run in runs if run not in submitted))


def in_turns(runs: Iterable[str], spaces: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The runs as one of each space in turn, so that populations can be compared before all are finished.

    Workers of `local` keep this order; on Slurm the longest jobs go first.

    >>> in_turns(["a1", "a2", "b1", "b2"], {"a": ["a1", "a2"], "b": ["b1", "b2"]})
    ('a1', 'b1', 'a2', 'b2')
    """
    wanted = set(runs)
    turns = (run for turn in zip_longest(*spaces.values()) for run in turn)
    return tuple(dict.fromkeys(run for run in turns if run in wanted))


def settled(sweep: Sweep) -> Status:
    """The status of a sweep whose jobs all have a number.

    Where an earlier launch broke off while it submitted jobs, they may lack what they need: they are cancelled.

    Raises:
        DsdError: a cluster does not answer
    """
    deadline, cancelled = time.monotonic() + SETTLE_S, False
    while True:
        status = StatusPoller(sweep).status(launching=False)
        if status.silent:
            raise DsdError(f"{status.silent}; nothing was submitted, for jobs of this sweep may be in the queue")
        nameless = [job for job in status.living if not job.numbered]
        if not nameless:
            return status
        if time.monotonic() > deadline:
            mark = nameless[0].mark
            raise DsdError(f"jobs of a launch that broke off do not end; see squeue --name={mark}")
        if not cancelled:
            for name in sorted({job.cluster for job in nameless}):
                CLUSTERS[name].cancel([job for job in nameless if job.cluster == name])
            cancelled = True
        time.sleep(1)


def cancel(sweep: Sweep) -> Status:
    """End all jobs of a sweep; their runs keep their state, and the next launch lets them go on.

    Returns:
        the status before

    Raises:
        DsdError: a cluster does not answer, or does not do it
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
    """Remove checkpoints of runs that have their result: left by a kill between the two."""
    for run, record in status.records.items():
        if record.finished:
            sweep.checkpoint(run).unlink(missing_ok=True)
