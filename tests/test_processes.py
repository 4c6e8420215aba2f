"""Processes that end with their parents, whenever these end."""

import subprocess
import sys

WAIT = "import time; from dsd.processes import end_with_parent; end_with_parent({}); time.sleep(30); print('here')"


def test_a_process_whose_parent_is_gone_ends() -> None:
    """Also one that asks for it only after the parent has ended, when another process has adopted it."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    done = subprocess.run([sys.executable, "-c", WAIT.format(gone.pid)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_process_whose_parent_lives_goes_on() -> None:
    """It ends when its own work does."""
    words = [sys.executable, "-c", WAIT.format("").replace("sleep(30)", "sleep(1.5)")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "here\n")
