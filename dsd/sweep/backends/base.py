"""What can be said of every cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dsd.errors import DsdError
from dsd.sweep.job.settings import WorkerSettings


@dataclass(frozen=True)
class Settings:
    """Settings that all clusters have.

    checkpoint_min: minutes between two checkpoints in the middle of an epoch; after each epoch there is one anyway
    max_attempts: how often in a row a run is started without getting any further, before it is given up
    alpha, beta: seconds that an image takes, forward and backward, for each GF and for each million activations, as
        `dsd plan` prints them for a sweep whose runs have finished; 0 where they are not known
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
        """How workers execute runs, as far as the study says it."""
        return WorkerSettings(checkpoint_s=60 * self.checkpoint_min, max_attempts=self.max_attempts)

    @property
    def sharing(self) -> int:
        """Runs that share a GPU; 1 where there is none."""
        return 1

    def check_folder(self, folder: Path) -> None:
        """Refuse a folder that jobs of this cluster could not use."""

    def header(self, folder: Path, runs: Mapping[str, float], living: int = 0) -> str:
        """What sbatch would be given for these runs; "" where there is no sbatch."""
        return ""
