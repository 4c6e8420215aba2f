"""Query Slurm for job states: squeue, and sacct (if accounting is on) for jobs that squeue has forgotten.

Jobs are identified by their names, which are unique per submission. Job ids are not enough: a reinstalled cluster
reuses them, and an interrupted submission has none.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence

from dsd.sweep.folder.jobs import (
    CANCELLED,
    ENDED,
    NODE_FAILURE,
    OUT_OF_MEMORY,
    PREEMPTED,
    TIME_LIMIT,
    Job,
    JobState,
    Phase,
)

PATIENCE_S = 30
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")
WHY = {
    "CANCELLED": CANCELLED,
    "REVOKED": CANCELLED,
    "TIMEOUT": TIME_LIMIT,
    "DEADLINE": TIME_LIMIT,
    "NODE_FAIL": NODE_FAILURE,
    "BOOT_FAIL": NODE_FAILURE,
    "OUT_OF_MEMORY": OUT_OF_MEMORY,
    "PREEMPTED": PREEMPTED,
}
SQUEUE = ("squeue", "--noheader", "--all", "--array", "--states=all", "--format=%i|%T|%S|%j|%r")
SACCT = ("sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State,Start,JobName,Reason")
Answers = dict[tuple[str, str], JobState]  # by `Job.key`


def ask(jobs: Sequence[Job], submitting: bool) -> tuple[list[JobState], str]:
    """Return the states of jobs, and the error message of squeue, or "".

    Args:
        submitting: whether a launch is running, so that a job without a number can still get one
    """
    names = ",".join(sorted({job.mark for job in jobs}))
    output, trouble = said(*SQUEUE, f"--name={names}")
    if trouble:
        return [JobState(Phase.UNKNOWN)] * len(jobs), trouble
    answers = read(output)
    forgotten = [job for job in jobs if job.key not in answers and job.numbered]
    if forgotten:
        since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(min(job.submitted for job in forgotten) - 60))
        names = ",".join(sorted({job.mark for job in forgotten}))
        output, _ = said(*SACCT, f"--name={names}", f"--starttime={since}")  # without accounting it prints nothing
        answers = {**{key: state for key, state in read(output).items() if not state.alive}, **answers}
    # a job whose submission was interrupted before its number was recorded is identified by name and task
    answers |= {(mark, number.lstrip("0123456789")): standing for (mark, number), standing in answers.items()}
    return [standing_of(job, answers, submitting) for job in jobs], ""


def standing_of(job: Job, answers: Answers, submitting: bool) -> JobState:
    """Return the state of a job."""
    return answers.get(job.key, JobState(Phase.WAITING) if submitting and not job.numbered else ENDED)


def read(output: str) -> Answers:
    """Parse the lines of squeue or sacct: number, state, start [s since 1970], name, reason.

    >>> read("12_3|CANCELLED by 0|1700000000|mine-3f|None")["mine-3f", "12_3"].why
    'cancelled'
    """
    answers: Answers = {}
    for line in output.splitlines():
        number, state, start, name, reason = [*line.split("|"), "", "", "", ""][:5]
        state = state.split()[0] if state else ""
        since = float(start) if start.isdigit() else 0.0
        if state in WAITING:
            standing = JobState(Phase.WAITING, since, "" if reason == "None" else reason)
        elif state in RUNNING:
            standing = JobState(Phase.RUNNING, since)
        else:
            standing = JobState(Phase.ENDED, since, WHY.get(state, ""))
        answers |= dict.fromkeys(((name, task) for task in tasks_of(number)), standing)
    return answers


def tasks_of(number: str) -> list[str]:
    """Expand a number to its jobs: sacct groups the pending tasks of an array.

    >>> tasks_of("12_[0,3-4%2]"), tasks_of("12_7")
    (['12_0', '12_3', '12_4'], ['12_7'])
    """
    array, bracket, tasks = number.rstrip("]").partition("_[")
    if not bracket:
        return [number]
    ranges = (part.partition("-") for part in tasks.partition("%")[0].split(",") if part[:1].isdigit())
    return [f"{array}_{task}" for low, _, high in ranges for task in range(int(low), int(high or low) + 1)]


def said(*words: str) -> tuple[str, str]:
    """Run a Slurm command; return its output and a one-line error message, or ""."""
    try:
        # the user's display settings must not hide jobs
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SQUEUE_", "SACCT_"))}
        environment = {**kept, "SLURM_TIME_FORMAT": "%s"}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        return "", f"{words[0]} is not found: this machine does not belong to a Slurm cluster"
    except subprocess.TimeoutExpired:
        return "", f"{words[0]} did not answer within {PATIENCE_S} s"
    if done.returncode == 0:
        return done.stdout, ""
    return done.stdout, one_line(done.stderr) or f"{words[0]}: exit code {done.returncode}"


def one_line(text: str) -> str:
    """Join the distinct lines of a message into one line."""
    return "; ".join(dict.fromkeys(filter(None, (line.strip() for line in text.splitlines()))))


def max_array_size() -> int | None:
    """Return the largest allowed size of an array, 1 without array support; None if Slurm does not report it."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", said("scontrol", "show", "config")[0], re.M)
    return max(int(match[1]), 1) if match else None


def cancel(jobs: Sequence[Job]) -> str:
    """Cancel jobs; return the error messages, or ""."""
    numbers = [job.job for job in jobs if job.numbered]
    nameless = sorted({job.mark for job in jobs if not job.numbered})
    troubles = [said("scancel", *numbers[i : i + 1000])[1] for i in range(0, len(numbers), 1000)]
    troubles += [said("scancel", f"--name={mark}")[1] for mark in nameless]
    return "; ".join(filter(None, troubles))
