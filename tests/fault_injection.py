"""Faults for the runs of a sweep: its jobs/hooks.py, which the workers call (`dsd.sweep.job.worker.hooks_of`)."""

from dsd.sweep.folder.folder import Sweep
from dsd.sweep.job.worker import HOOKS

ON_RUN = """
def on_run(run):
    if run == {run!r}:
        {act}
"""
ON_STEP = """
def on_step(epoch, done, steps):
    time.sleep({step_s})
"""


def inject(sweep: Sweep, run: str, act: str) -> None:
    """Have the workers do something where they start a run."""
    write(sweep, ON_RUN.format(run=run, act=act))


def slow_down(sweep: Sweep, step_s: float) -> None:
    """Let each step of training take so much longer: a fast machine must not finish a run before it is disturbed."""
    write(sweep, ON_STEP.format(step_s=step_s))


def heal(sweep: Sweep) -> None:
    """Let workers that start from now on train as usual."""
    (sweep.folder / "jobs" / HOOKS).unlink()


def write(sweep: Sweep, text: str) -> None:
    """Put functions into jobs/hooks.py."""
    imports = "import os\nimport signal\nimport time\n\nimport torch\n\n"
    (sweep.folder / "jobs" / HOOKS).write_text(imports + text)
