"""What Slurm says of jobs: squeue where it answers, and sacct, where there is accounting, for those it has forgotten.

Jobs are found by their names, which are made up for each submission: numbers are given again when a cluster is set up
anew, and a submission that broke off has none.
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
    """Where jobs stand, and what Slurm said where it did not answer.

    Args:
        submitting: whether a launch is at work, so that a job which has no number yet may still get one
    """
    names = ",".join(sorted({job.mark for job in jobs}))
    output, trouble = said(*SQUEUE, f"--name={names}")
    if trouble:
        return [JobState("unknown")] * len(jobs), trouble
    answers = read(output)
    forgotten = [job for job in jobs if job.key not in answers and job.numbered]
    if forgotten:
        since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(min(job.submitted for job in forgotten) - 60))
        names = ",".join(sorted({job.mark for job in forgotten}))
        output, _ = said(*SACCT, f"--name={names}", f"--starttime={since}")  # without accounting it has nothing to say
        answers = {**{key: one for key, one in read(output).items() if not one.alive}, **answers}
    # a job whose submission broke off before its number was written down is known by its name and task
    answers |= {(mark, number.lstrip("0123456789")): standing for (mark, number), standing in answers.items()}
    return [standing_of(job, answers, submitting) for job in jobs], ""


def standing_of(job: Job, answers: Answers, submitting: bool) -> JobState:
    """Where a job stands."""
    return answers.get(job.key, JobState("waiting") if submitting and not job.numbered else ENDED)


def read(output: str) -> Answers:
    """What lines of squeue or sacct say: number, state, start [s since 1970], name, reason.

    >>> read("12_3|CANCELLED by 0|1700000000|mine-3f|None")["mine-3f", "12_3"].why
    'cancelled'
    """
    answers: Answers = {}
    for line in output.splitlines():
        number, state, start, name, reason = [*line.split("|"), "", "", "", ""][:5]
        state = state.split()[0] if state else ""
        since = float(start) if start.isdigit() else 0.0
        if state in WAITING:
            standing = JobState("waiting", since, "" if reason == "None" else reason)
        elif state in RUNNING:
            standing = JobState("running", since)
        else:
            standing = JobState("ended", since, WHY.get(state, ""))
        answers |= dict.fromkeys(((name, one) for one in tasks_of(number)), standing)
    return answers


def tasks_of(number: str) -> list[str]:
    """The jobs that a number stands for: sacct gathers tasks of an array that have not begun.

    >>> tasks_of("12_[0,3-4%2]"), tasks_of("12_7")
    (['12_0', '12_3', '12_4'], ['12_7'])
    """
    array, bracket, tasks = number.rstrip("]").partition("_[")
    if not bracket:
        return [number]
    ranges = (part.partition("-") for part in tasks.partition("%")[0].split(",") if part[:1].isdigit())
    return [f"{array}_{task}" for low, _, high in ranges for task in range(int(low), int(high or low) + 1)]


def said(*words: str) -> tuple[str, str]:
    """What a program of Slurm prints, and what went wrong, in one line."""
    try:
        # what somebody prefers to see of the queue must not hide jobs
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SQUEUE_", "SACCT_"))}
        environment = {**kept, "SLURM_TIME_FORMAT": "%s"}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        return "", f"{words[0]} is not found: this is no machine of a Slurm cluster"
    except subprocess.TimeoutExpired:
        return "", f"{words[0]} has not answered in {PATIENCE_S} s"
    if done.returncode == 0:
        return done.stdout, ""
    return done.stdout, one_line(done.stderr) or f"{words[0]}: exit code {done.returncode}"


def one_line(text: str) -> str:
    """The message of a program in one line."""
    return "; ".join(dict.fromkeys(filter(None, (line.strip() for line in text.splitlines()))))


def max_array_size() -> int | None:
    """How many tasks an array may have here, 1 where there are no arrays; None where Slurm does not say it."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", said("scontrol", "show", "config")[0], re.M)
    return max(int(found[1]), 1) if found else None


def cancel(jobs: Sequence[Job]) -> str:
    """Cancel jobs; what went wrong."""
    numbers = [job.job for job in jobs if job.numbered]
    nameless = sorted({job.mark for job in jobs if not job.numbered})
    troubles = [said("scancel", *numbers[i : i + 1000])[1] for i in range(0, len(numbers), 1000)]
    troubles += [said("scancel", f"--name={mark}")[1] for mark in nameless]
    return "; ".join(filter(None, troubles))
