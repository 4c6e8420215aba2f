"""The devices that workers of a job share."""

import os
import shutil
import subprocess

TORCHS = 0.9  # of a shared GPU's memory that is for tensors; the rest is for what CUDA takes for each process


def visible_gpus() -> list[str]:
    """The CUDA devices of this machine that the caller may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [device.strip() for device in chosen.split(",") if device.strip() not in ("", "-1")]
    if not shutil.which("nvidia-smi"):
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listing.stdout.splitlines()))]


def gpu_share(workers: int, gpus: int, runs_per_gpu: int) -> float:
    """How much of its GPU's memory each worker may use; some is left for what CUDA takes for each process."""
    sharing = max(runs_per_gpu, -(-workers // gpus)) if gpus else 1
    return 1.0 if sharing == 1 else TORCHS / sharing
