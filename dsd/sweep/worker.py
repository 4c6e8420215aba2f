"""What is submitted to a cluster: a light object that submitit pickles and calls in the job."""

import math
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Worker:
    """Executes runs of a sweep; torch is loaded where it is called, not where it is submitted.

    folder: the sweep
    runs: keys, in the order in which to take them
    submitted: when; runs that failed before are tried again, runs that fail later are left [s since 1970]
    gpu: the device to use, as CUDA_VISIBLE_DEVICES names it; empty leaves the environment as it is
    gpu_share: of the device's memory that this job may use
    checkpoint_s: seconds between two checkpoints in the middle of an epoch
    """

    folder: str
    runs: tuple[str, ...]
    submitted: float
    gpu: str = ""
    gpu_share: float = 1.0
    checkpoint_s: float = math.inf

    def __call__(self) -> int:
        """Execute the runs; returns how many of them this job gave a result."""
        if self.gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = self.gpu
        from dsd.sweep.execution import JobSettings, execute_all
        from dsd.sweep.folder import Sweep

        settings = JobSettings(checkpoint_s=self.checkpoint_s, gpu_share=self.gpu_share)
        return execute_all(Sweep(Path(self.folder)), self.runs, self.submitted, settings)

    def guarded(self) -> str:
        """Execute the runs; returns what broke the job off, in one line, or nothing."""
        try:
            self()
        except Exception as error:  # the event file has its traceback
            return " ".join(f"{type(error).__name__}: {error}".split())
        return ""
