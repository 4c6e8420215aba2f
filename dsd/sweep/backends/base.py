"""The settings and methods that all clusters share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsd.errors import DsdError
from dsd.sweep.folder.jobs import Job, Submission
from dsd.sweep.job.settings import WorkerSettings

Then = Callable[[], None]  # what goes on when the submitted runs have ended: the next look, then the next wave


@dataclass(frozen=True)
class Settings:
    """Settings that all clusters share.

    checkpoint_min: minutes between two checkpoints within an epoch; every epoch ends with a checkpoint anyway
    max_attempts: consecutive starts of a run without progress after which it has failed
    alpha, beta: seconds per image, forward and backward, per GF and per million activations; `dsd plan` prints them
        for a sweep with finished runs; 0: unknown
    """

    checkpoint_min: float = 10.0
    max_attempts: int = 3
    alpha: float = 0.0
    beta: float = 0.0

    def __post_init__(self) -> None:
        if not self.checkpoint_min > 0:
            raise DsdError(f"cluster.checkpoint_min = {self.checkpoint_min}: give a number of minutes above 0")
        if self.max_attempts < 1:
            raise DsdError(f"cluster.max_attempts = {self.max_attempts}: give a whole number from 1")
        for key in ("alpha", "beta"):
            if not 0 <= getattr(self, key) < float("inf"):
                raise DsdError(f"cluster.{key} = {getattr(self, key)}: give seconds from 0")

    @property
    def for_workers(self) -> WorkerSettings:
        """The worker settings that follow from the study."""
        return WorkerSettings(checkpoint_s=60 * self.checkpoint_min, max_attempts=self.max_attempts)

    @property
    def sharing(self) -> int:
        """Number of runs that share a GPU; 1 without a GPU."""
        return 1

    def check_folder(self, folder: Path) -> None:
        """Raise DsdError for a folder that jobs of this cluster cannot use."""

    def follow(self, folder: Path, living: Sequence[Job], now: float, then: Then) -> Iterator[Submission]:
        """Yield the submission of a job that calls `then` when the living jobs have ended, if the cluster needs one."""
        return iter(())

    def header(self, folder: Path, runs: Mapping[str, float], living: int = 0) -> str:
        """Return the sbatch script for these runs; "" if the cluster does not use sbatch."""
        return ""
