"""The GPUs that the workers of a job share."""

import os
import shutil
import subprocess

TORCHS = 0.9  # fraction of a shared GPU's memory for tensors; the rest is for the CUDA context of each process


def visible_gpus() -> list[str]:
    """List the CUDA devices that this process can use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [device.strip() for device in chosen.split(",") if device.strip() not in ("", "-1")]
    if not shutil.which("nvidia-smi"):
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listing.stdout.splitlines()))]


def gpu_share(workers: int, gpus: int, runs_per_gpu: int) -> float:
    """Return the fraction of GPU memory that each worker can use; the CUDA contexts get the rest."""
    sharing = max(runs_per_gpu, -(-workers // gpus)) if gpus else 1
    return 1.0 if sharing == 1 else TORCHS / sharing
