"""Changes to what the jobs of a sweep execute: in the copy of the package that stands in the sweep's folder."""

from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.snapshots import take_snapshot

BEFORE_RUN = """

def train(run, *words, honest=train):
    if run.key == {run!r}:
        {act}
    return honest(run, *words)
"""
AFTER_STEP = """

def train(run, images, device, keeping, on_epoch, on_step, on_resume, honest=train):
    def slowly(*step):
        time.sleep({step_s})
        on_step(*step)

    return honest(run, images, device, keeping, on_epoch, slowly, on_resume)
"""


def sabotage(sweep: Sweep, run: str, act: str) -> None:
    """Let the jobs do something where they train a run."""
    append(sweep, BEFORE_RUN.format(run=run, act=act))


def slow_down(sweep: Sweep, step_s: float) -> None:
    """Let each step of training take so much longer: a fast machine must not finish a run before it is disturbed."""
    append(sweep, AFTER_STEP.format(step_s=step_s))


def append(sweep: Sweep, text: str) -> None:
    """Add text to the copy of dsd/sweep/job/executor.py."""
    path = take_snapshot(sweep.folder) / "dsd" / "sweep" / "job" / "executor.py"
    path.write_text(path.read_text() + text)
