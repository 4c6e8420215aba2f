"""The lean loop that dsd is measured against: plain PyTorch, images in memory, no logging, nothing kept.

Usage: python benchmarks/minimal_loop.py FOLDER START STEP EPOCHS IMAGES
       trains every STEP-th network of FOLDER/networks.csv from START on; prints images and seconds
"""

import sys
import time
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from dsd import Network, build

BATCH, CLASSES, PAD = 128, 10, 4


def train(
    network: Network, epochs: int, images: torch.Tensor, labels: torch.Tensor, dtype: torch.dtype = torch.float32
) -> int:
    """Train on the device of the images (n, 3, r, r) uint8: shift, mirror, normalise, SGD; the images it has seen."""
    device, r = images.device, images.shape[-1]
    model = build(network).to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-5, fused=True)
    padded = nn.functional.pad(images, (PAD,) * 4)
    mean, std = torch.full((1, 3, 1, 1), 127.5, device=device), torch.full((1, 3, 1, 1), 73.9, device=device)
    seen = 0
    for _ in range(epochs):
        order = torch.randperm(len(images), device=device)
        for rows in order[: len(images) // BATCH * BATCH].split(BATCH):
            windows = padded[rows].unfold(2, r, 1).unfold(3, r, 1)
            y, x = torch.randint(0, 2 * PAD + 1, (2, BATCH), device=device)
            batch = windows[torch.arange(BATCH, device=device), :, y, x]
            mirror = torch.rand(BATCH, device=device) < 0.5
            batch = torch.where(mirror[:, None, None, None], batch.flip(-1), batch)
            batch = ((batch.float() - mean) / std).contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                loss = nn.functional.cross_entropy(model(batch), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += BATCH
    return seen


def main() -> None:
    """Train the networks, one after the other, on one core."""
    folder, (start, step, epochs, count) = Path(sys.argv[1]), map(int, sys.argv[2:])
    torch.set_num_threads(1)
    networks = [Network.from_row(row) for row in pd.read_csv(folder / "networks.csv").to_dict("records")]
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (count,))
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)  # imports torch's compiler: not counted
    begun = time.perf_counter()
    seen = sum(train(network, epochs, images, labels) for network in networks[start::step])
    print(seen, time.perf_counter() - begun)


if __name__ == "__main__":
    main()
