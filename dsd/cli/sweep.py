"""dsd launch, status, collect, cancel: run a sweep."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsd.cli.messages import emit, say
from dsd.cli.options import FOLDER, OUTPUT, OVERRIDES, RETRY_FAILED, STUDY
from dsd.runs import WITH_REASON, RunState

if TYPE_CHECKING:
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.status import Status

SHOWN = 20  # most lines of runs to print


@click.command()
@STUDY
@OVERRIDES
@OUTPUT
@RETRY_FAILED
def launch(study: str, overrides: tuple[str, ...], output: Path | None, retry_failed: bool) -> None:
    """Submit the runs of STUDY that have no result, print the sweep's folder, and return.

    Launching again submits only missing and interrupted runs; these resume from their checkpoints. KEY=VALUE overrides
    a setting of the study, for example n=100 cluster=slurm cluster.partition=gpu.
    """
    from dsd.cli.output import counted
    from dsd.cli.progress import progress
    from dsd.sweep import loop

    planned = loop.plan(loop.load_study(study, *overrides))
    launched = loop.launch(planned, folder=output, retry_failed=retry_failed, progress=progress)
    for name, draw in planned.draws.items():
        say(f"{name}: {planned.study.n} networks; {draw}", err=True)
    counts = {state: count for state, count in launched.before.counts().items() if count and state != RunState.PLANNED}
    already = ", ".join(f"{count} {state}" for state, count in counts.items())
    say(
        f"{len(launched.runs)} runs submitted to {planned.study.cluster.name} in {counted(launched.jobs, 'job')}"
        + (f"; before: {already}" if already else ""),
        err=True,
    )
    if launched.left:
        say(f"{len(launched.left)} runs are left for another launch: cluster.max_jobs is reached", err=True)
    say(launched.folder)


@click.command()
@FOLDER
@click.option("--watch", is_flag=True, help="Follow until nothing is queued or running.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(folder: Path, watch: bool, as_json: bool) -> None:
    """Show the progress of the sweep in FOLDER; exit code 1 if runs failed or were lost.

    The states come from the journals of the runs, and from squeue if it answers. sacct is not needed.
    """
    from dsd.cli.watch import ASK_EVERY_S, follow
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.progress import at_work
    from dsd.sweep.results.status import StatusPoller, by_space

    sweep = Sweep(folder)
    watching = StatusPoller(sweep, ASK_EVERY_S if watch else 0.0)
    now = follow(sweep, watching) if watch else watching.status()
    counts = by_space(sweep, now)
    if as_json:
        running = [asdict(run) for run in at_work(sweep, now)]
        facts = {"folder": str(folder), "spaces": counts, "total": now.counts(), "running": running}
        reasons = {run: reason for run, reason in now.reasons.items() if now.states[run] in WITH_REASON}
        looks = None
        if now.looks:
            from dsd.sweep.results.looks import facts as looks_facts

            looks = looks_facts(now.looks)
        more = {"reasons": reasons | now.unneeded, "torn": now.torn, "silent": now.silent, "looks": looks}
        emit(json.dumps({**facts, **more}))
    else:
        print_status(counts, now)
        if now.looks:
            from dsd.cli.looks import print_looks

            print_looks(now.looks)
            if now.unneeded:
                say(f"{len(now.unneeded):,} planned runs are not needed: their spaces are decided")
        print_running(sweep, now)
        tell_idle(folder, now)
    sys.exit(1 if now.counts()[RunState.FAILED] or now.counts()[RunState.LOST] else 0)


def tell_idle(folder: Path, now: "Status") -> None:
    """Print how many runs are left without a job, and the errors of their last jobs."""
    itself = sum(now.failed_itself(run) for run in now.runs)
    idle = (RunState.PLANNED, RunState.LOST, RunState.CANCELLED, RunState.FAILED)
    left = sum(now.states[run] in idle and now.is_due(run) for run in now.runs) - itself
    if now.looks and now.looks.next and not left and not now.working:
        for event in now.broken[-3:]:
            say(f"job {event.job} failed: {' '.join(event.message.split())}", err=True)
        say(f"look {now.looks.next} is due and no job makes it: launch again; logs are in {folder / 'jobs'}")
    if left and not now.working:
        for event in now.broken[-3:]:
            say(f"job {event.job} failed: {' '.join(event.message.split())}", err=True)
        say(f"no job works on {left} runs: launch again to submit them; logs are in {folder / 'jobs'}")
    if itself and not now.working:
        say(f"{itself} runs failed in training: launch with --retry-failed to try them again")


def print_status(counts: Mapping[str, Mapping[RunState, int]], now: "Status") -> None:
    """Print the states of all spaces as a table, and below it what went wrong."""
    from dsd.cli.output import print_table

    states = [state for state, count in now.counts().items() if count]
    print_table(("space", "runs", *states), [(s, sum(c.values()), *(c[x] for x in states)) for s, c in counts.items()])
    waiting = Counter(
        now.reasons[run] for run, state in now.states.items() if state == RunState.QUEUED and run in now.reasons
    )
    if waiting:
        say(f"queued: {', '.join(f'{count} for {why}' for why, count in waiting.most_common())}")
    wrong: dict[str, list[str]] = {}  # runs by what went wrong: all runs of a lost job share one reason
    for run, state in now.states.items():
        if state in WITH_REASON:
            wrong.setdefault(f"{state}, {now.reasons[run]}", []).append(run)
    for trouble, runs in list(wrong.items())[:SHOWN]:
        more = f" and {len(runs) - 1:,} more" if len(runs) > 1 else ""
        say(f"run {runs[0]}{more} {trouble}", err=True)
    left = sum(map(len, list(wrong.values())[SHOWN:]))
    more = f"and {left:,} more; " if left else ""
    if left or any(len(runs) > 1 for runs in wrong.values()):
        say(f"{more}dsd collect writes the reason of each run to table.csv", err=True)
    tell_unread(now)


def print_running(sweep: "Sweep", now: "Status") -> None:
    """Print the running runs."""
    from dsd.cli.output import print_table
    from dsd.cli.watch import HEADER, cells
    from dsd.sweep.results.progress import at_work

    running = at_work(sweep, now)
    if running:
        print_table(HEADER, [cells(run) for run in running[:SHOWN]])
    if len(running) > SHOWN:
        say(f"and {len(running) - SHOWN} more; --json lists all")


def tell_unread(now: "Status") -> None:
    """Print how many journal lines cannot be read, and whether a cluster did not answer."""
    if now.torn:
        from dsd.cli.output import counted

        lines = counted(now.torn, "journal line")
        say(f"ignored {lines} that cannot be read; finished runs can appear unfinished", err=True)
    if now.silent:
        say(f"{now.silent}; queued and running runs are as last known", err=True)


@click.command()
@FOLDER
def collect(folder: Path) -> None:
    """Write FOLDER/table.csv: one row per planned run, with its status and error. Can be repeated."""
    from dsd.sweep.folder.folder import TABLE, Sweep
    from dsd.sweep.results.collection import write_tables

    sweep = Sweep(folder)
    _, now = write_tables(sweep)
    counts = ", ".join(f"{count} {state}" for state, count in now.counts().items() if count)
    say(f"{len(now.runs)} runs: {counts}", err=True)
    tell_unread(now)
    say(folder / TABLE)


@click.command()
@FOLDER
def cancel(folder: Path) -> None:
    """Cancel all jobs of the sweep in FOLDER. Results and checkpoints stay; launch resumes the runs."""
    from dsd.cli.output import counted
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.submission import cancel as end

    before = end(Sweep(folder))
    counts = before.counts()
    runs = f"{counted(counts[RunState.RUNNING], 'running run')} and {counts[RunState.QUEUED]} queued"
    say(f"{counted(len(before.living), 'job')} cancelled, with {runs}" if before.living else "no jobs to cancel")
