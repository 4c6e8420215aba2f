"""How fast dsd trains: whole sweeps, the way to the first step, loaders.

Usage: python benchmarks/training.py [ROW]...    sweep, start, loader, gpu32, gpu224; without one, all
       one JSON line a row; exit code 1 where a row misses its target
The rows of a GPU are measured where there is one, and not measured elsewhere.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rows import DSD, row

from dsd import Network, network
from dsd.training.data.batches import shuffled_batches
from dsd.training.data.loading import load_data
from dsd.training.data.resolve import resolve_data
from dsd.training.data.spec import DataSpec
from dsd.training.data.streamed.packing import pack
from dsd.training.data.streamed.readers import Request, Streamed
from dsd.training.randomness import generator

ROUNDS = 3
EPOCHS, IMAGES = 2, 6_400
STUDY = f"""# @package _global_
defaults:
  - override /recipe: dds_10ep
  - override /data: synthetic
name: speed
spaces: [RegNetX_cifar, AnyNetX_A_cifar]
n: 8
flops: "1M:5M"
params: ":"
acts: ":"
recipe: {{epochs: {EPOCHS}, precise_bn_images: 0}}
data: {{resolution: 32, classes: 10, train_images: {IMAGES}, test_images: 500, flip: true, shift: 4}}
"""


def sweep(folder: Path) -> bool:
    """A sweep of 16 networks on this machine's cores, in turns with as many lean loops."""
    (folder / "speed.yaml").write_text(STUDY)
    ours, lean = [], []
    for i in range(ROUNDS):
        place = folder / f"sweep{i}"
        launched(folder / "speed.yaml", place)
        ours.append(sweep_rate(place, IMAGES))
        lean.append(lean_rate(place))
        print(f"round {i + 1}: sweep {ours[-1]:.0f}, lean loops {lean[-1]:.0f} images/s", file=sys.stderr)
    ratios = sorted(a / b for a, b in zip(ours, lean, strict=True))
    row("sweep of 16 networks of 1-5 MF at 32x32, float32", sorted(ours), "images/s", None)
    row("as many lean loops side by side as cores", sorted(lean), "images/s", None)
    return row("sweep / lean loops, from submission to the last result, evaluation left out", ratios, "", 0.95, True)


def launched(study: Path, folder: Path, *overrides: str) -> None:
    """Run a study on this machine and wait for its end."""
    words = [*DSD, "launch", study, "cluster=local", *overrides, "-o", folder]
    subprocess.run(words, check=True, capture_output=True)
    subprocess.run([*DSD, "status", folder, "--watch"], check=True, capture_output=True)


def sweep_rate(folder: Path, images: int) -> float:
    """Training images a second of a finished sweep: each worker's since submission, without evaluation, summed."""
    jobs = [json.loads(line) for line in (folder / "jobs" / "submitted.jsonl").read_text().splitlines()]
    submitted, rate = min(job["submitted"] for job in jobs), 0.0
    for path in (folder / "events").glob("*.jsonl"):
        done = [event for event in map(json.loads, path.read_text().splitlines()) if event["event"] == "done"]
        if done:
            spent = max(event["time"] for event in done) - submitted - sum(event["eval_s"] for event in done)
            rate += len(done) * EPOCHS * images / spent
    return rate


def lean_rate(folder: Path) -> float:
    """Training images a second of lean loops on the networks of a sweep, one a core; added up."""
    cores = len(os.sched_getaffinity(0))
    script = str(Path(__file__).with_name("minimal_loop.py"))
    words = [[sys.executable, script, str(folder), *map(str, (i, cores, EPOCHS, IMAGES))] for i in range(cores)]
    running = [subprocess.Popen(one, stdout=subprocess.PIPE, text=True) for one in words]
    answers = [one.communicate()[0].split() for one in running]
    return sum(int(images) / float(seconds) for images, seconds in answers)


def start(folder: Path) -> bool:
    """From the start of a process to the end of its first step."""
    seconds = []
    for i in range(7):
        place, begun = folder / f"start{i}", time.time()
        words = ["train", "ResNet-56", "data=digits", "recipe=digits", "recipe.epochs=1", "data.train_images=64"]
        subprocess.run([*DSD, *words, "-o", place], check=True, capture_output=True)
        (events,) = (place / "events").glob("*.jsonl")
        (epoch,) = (e for e in map(json.loads, events.read_text().splitlines()) if e["event"] == "epoch")
        seconds.append(epoch["time"] - epoch["eval_s"] - begun)
    return row("dsd train, from the process's start to the end of its first step", sorted(seconds), "s", 4)


def photos(folder: Path, train: int = 512) -> None:
    """JPEG files of 500×375 pixels, cut from scikit-learn's two photographs, in folders of classes."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    images, rng = load_sample_images().images, np.random.default_rng(0)
    for split, count in (("train", train), ("val", 32)):
        for i in range(count):
            place = folder / split / f"class{i % 2}"
            place.mkdir(parents=True, exist_ok=True)
            y, x = rng.integers(0, 427 - 375 + 1), rng.integers(0, 640 - 500 + 1)
            Image.fromarray(images[i % 2][y : y + 375, x : x + 500]).save(place / f"{i:04}.jpg", quality=95)


def loader(folder: Path) -> bool:
    """Batches of 224² from JPEG files and from packed images, on one core."""
    torch.set_num_threads(1)
    photos(folder / "photos")
    pack(folder / "photos", folder / "packed", workers=2)
    folders = {"folder": folder / "photos", "packed": folder / "packed"}
    sets: dict[str, Streamed] = {}
    for name, place in folders.items():
        spec = DataSpec(name, 224, folder=str(place), flip=True, area=0.08, lighting=0.1, test_side=256)
        found = load_data(resolve_data(spec))
        assert isinstance(found, Streamed)
        sets[name] = found
    read: dict[str, list[float]] = {name: [] for name in sets}
    cut: dict[str, list[float]] = {name: [] for name in sets}
    for _ in range(1 + 5):
        for name, images in sets.items():
            read[name].append(rate(images, lambda answer: None))
            cut[name].append(rate(images, images.on_device))
    held = []
    for what, rates, target in (("handed to the device", read, None), ("cut to 224x224 on this CPU", cut, 20.0)):
        for name in sets:
            row(f"{name}: batches {what}, one core", sorted(rates[name][1:]), "images/s", None)
        ratios = sorted(a / b for a, b in zip(rates["packed"][1:], rates["folder"][1:], strict=True))
        held.append(row(f"packed / folder, batches {what}", ratios, "", target, at_least=True))
    return all(held)


def rate(images: Streamed, use: Callable[..., object]) -> float:
    """Images a second of an epoch's batches, read and used."""
    begun, count = time.perf_counter(), 0
    for answer in images.read(requests(images)):
        use(answer)
        count += len(answer.labels)
    return count / (time.perf_counter() - begun)


def requests(images: Streamed) -> Iterator[Request]:
    """The batches of an epoch, as training asks for them."""
    rng = generator(0, 1)
    for rows in shuffled_batches(images.train_size, 128, rng):
        yield Request("train", rows.tolist(), images.draw(len(rows), rng)[0])


def gpu32(folder: Path) -> bool:
    """A sweep of networks of 5-50 MF on a GPU, for 1 to 8 runs at a time, against one eager lean loop on the same."""
    name, target = "GPU, 32x32, 5-50 MF, batch 128, bf16: sweep / eager lean loop", 3.0
    if not torch.cuda.is_available():
        return row(name, [], "", target, at_least=True)
    images = 25_600
    text = STUDY.replace("1M:5M", "5M:50M").replace(f"train_images: {IMAGES}", f"train_images: {images}")
    (folder / "gpu.yaml").write_text(text.replace("recipe: {", "recipe: {precision: bfloat16, "))
    rates = {}
    for runs in (1, 2, 4, 8):
        place = folder / f"gpu{runs}"
        launched(folder / "gpu.yaml", place, f"cluster.runs_per_gpu={runs}")
        rates[runs] = sweep_rate(place, images)
        row(f"GPU, 32x32, 5-50 MF: sweep, {runs} runs at a time", [rates[runs]], "images/s", None)
    networks = [Network.from_row(one) for one in pd.read_csv(place / "networks.csv").to_dict("records")]
    rate = lean_on_gpu(networks, images, 32, 10, EPOCHS)
    row("GPU, 32x32, 5-50 MF: eager lean loop", [rate], "images/s", None)
    return row(name, [max(rates.values()) / rate], "", target, at_least=True)


def lean_on_gpu(networks: list[Network], count: int, side: int, classes: int, epochs: int) -> float:
    """Training images a second of the lean loop in bf16 on random images, after a warm-up."""
    from minimal_loop import train

    device = torch.device("cuda")
    images = torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, device=device)
    labels = torch.randint(0, classes, (count,), device=device)
    train(networks[0], 1, images, labels, torch.bfloat16)
    torch.cuda.synchronize()
    begun = time.perf_counter()
    seen = sum(train(one, epochs, images, labels, torch.bfloat16) for one in networks)
    torch.cuda.synchronize()
    return seen / (time.perf_counter() - begun)


def gpu224(folder: Path) -> bool:
    """RegNetX-400MF on packed images against the eager lean loop on synthetic ones; and the loader alone."""
    name, target = "GPU, RegNetX-400MF, 224x224, packed, bf16: dsd train / eager lean loop on synthetic data", 1.2
    alone = "GPU, loader of 224x224 parts of packed images alone / training at the rate above"
    if not torch.cuda.is_available():
        return all([row(name, [], "", target, at_least=True), row(alone, [], "", 1.0, at_least=True)])
    photos(folder / "many", 12_800)
    pack(folder / "many", folder / "packed", workers=len(os.sched_getaffinity(0)))
    lean = lean_on_gpu([network("RegNetX-400MF", classes=2)], 2_560, 224, 2, 5)
    words = ["train", "RegNetX-400MF", "data=packed", f"data.folder={folder / 'packed'}", "data.workers=8"]
    words += ["recipe.precision=bfloat16", "recipe.epochs=3", "recipe.precise_bn_images=0", "--json"]
    done = subprocess.run([*DSD, *words, "-o", folder / "run"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)["images_s"]
    row("GPU, RegNetX-400MF, 224x224: eager lean loop on synthetic data", [lean], "images/s", None)
    row("GPU, RegNetX-400MF, 224x224: dsd train on packed images", [found], "images/s", None)
    spec = DataSpec("packed", 224, folder=str(folder / "packed"), flip=True, area=0.08, lighting=0.1, workers=8)
    images = load_data(resolve_data(spec), torch.device("cuda"))
    for i in range(2):
        begun, rng = time.perf_counter(), generator(0, i)
        seen = sum(len(labels) for _, labels in images.training(shuffled_batches(images.train_size, 128, rng), rng))
        torch.cuda.synchronize()
        rate = seen / (time.perf_counter() - begun)
    held = row(name, [found / lean], "", target, at_least=True)
    return row(alone, [rate / found], "", 1.0, at_least=True) and held


ROWS = {"sweep": sweep, "start": start, "loader": loader, "gpu32": gpu32, "gpu224": gpu224}


def main() -> int:
    """The rows that are asked for."""
    held = []
    for name in sys.argv[1:] or ROWS:
        with tempfile.TemporaryDirectory() as folder:
            held.append(ROWS[name](Path(folder)))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
