"""What tests share: the command line in this process, and a study small enough to train in seconds."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TINY_STUDY = """# @package _global_
defaults:
  - override /recipe: digits
  - override /data: digits
name: tiny
spaces: [AnyNetX_A_cifar, RegNetX_cifar]
n: 2
flops: "100K:300K"
params: ":"
acts: ":10K"
recipe: {epochs: 8}
data: {train_images: 320, test_images: 200}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def dsd(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line as a user would, in this process."""
    from dsd.cli import main

    def call(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dsd", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A study file of four runs of about a second."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY_STUDY)
    return path
