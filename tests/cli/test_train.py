"""dsd train, as a user meets it: a network that trains in a second, its lines, its files, and what goes wrong."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from dsd.sweep.job import executor
from dsd.training.data.in_memory.memory import InMemory
from tests.training.test_streamed import picture

NETWORK = """# two stages for 8×8 pixels
depths: [1, 1]
widths: [16, 32]
bottleneck_ratios: [1, 1]
group_widths: [8, 8]
stem: cifar
strides: [1, 2]
"""
WORDS = ("data=digits", "recipe=digits", "recipe.epochs=3", "data.train_images=320", "data.test_images=200")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a small network, in the folder where the commands run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(NETWORK)
    return path


def test_training_one_network(dsd, small: Path) -> None:
    """A line an epoch on standard error; then the result and a picture; the folder is a sweep of one run."""
    done = dsd("train", small, *WORDS)
    assert done.code == 0, done
    lines = done.err.splitlines()
    assert lines[0].startswith("small: 3 epochs of digits; runs/small-r")
    assert [line.split()[:2] for line in lines[1:]] == [["epoch", "1/3"], ["epoch", "2/3"], ["epoch", "3/3"]]
    assert all(word in lines[3] for word in ("loss ", "error ", "top-5", "images/s", "GB"))
    assert max(map(len, lines[1:])) <= 80
    result, picture = done.out.splitlines()
    assert result.startswith("error ")
    assert "after 3 epochs; best " in result
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    folder = Path(picture).parents[1]
    table = pd.read_csv(folder / "table.csv")
    assert table["error"].tolist() == [float(result.split()[1])]
    assert (table["images_s"] > 0).all()
    assert (table["peak_gb"] > 0.01).all()
    epochs = pd.read_csv(folder / "epochs.csv")
    assert epochs["epoch"].tolist() == [1, 2, 3]
    assert dsd("report", folder).code == 0


def test_training_again_shows_the_result(dsd, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained twice; --json gives one document with the run's numbers."""
    first = dsd("train", small, *WORDS)
    monkeypatch.setattr(executor, "train", None)
    again = dsd("train", small, *WORDS, "--json")
    facts = json.loads(again.out)
    assert first.out.startswith(f"error {facts['error']:.2f} % (top-5 {facts['top5_error']:.2f} %) after 3 epochs")
    assert facts["best_error"] <= facts["error"]
    assert 1 <= facts["best_epoch"] <= 3
    assert not facts["synthetic"]
    assert again.err.splitlines()[1:] == ["already trained; this is the result"]


def test_a_stopped_training_goes_on(dsd, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control-C in the third epoch: exit code 130 and how to go on; then two epochs are not trained again."""
    undisturbed = dsd("train", small, *WORDS, "-o", "undisturbed")
    training, count = InMemory.training, 0

    def stop(self, *words):
        nonlocal count
        for batch in training(self, *words):
            count += 1
            if count > 12:  # an epoch has five steps
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(InMemory, "training", stop)
    stopped = dsd("train", small, *WORDS)
    monkeypatch.undo()
    monkeypatch.chdir(small.parent)
    assert (stopped.code, stopped.out) == (130, "")
    assert stopped.err.splitlines()[-1] == "stopped; repeat the command to resume from the last checkpoint"
    again = dsd("train", small, *WORDS)
    assert again.err.splitlines()[1] == "resuming from the last checkpoint"
    assert [line.split()[1] for line in again.err.splitlines()[2:]] == ["3/3"]
    assert again.out.splitlines()[0] == undisturbed.out.splitlines()[0]


def test_synthetic_images_are_marked(dsd, small: Path) -> None:
    """In what the command says, in the table, and in the report."""
    words = ("data=synthetic", "data.resolution=8", "data.classes=10", "data.train_images=320", "data.test_images=100")
    done = dsd("train", small, "recipe=digits", "recipe.epochs=1", *words, "-o", "run")
    assert done.code == 0, done
    assert done.err.splitlines()[-1] == "the images are synthetic: only the times mean anything"
    assert pd.read_csv("run/table.csv")["synthetic"].tolist() == [True]
    told = dsd("analyze", "run")
    assert "synthetic" in told.err
    dsd("report", "run")
    assert "synthetic images" in Path("run/report.html").read_text()


def test_a_run_that_lacks_memory_fails_with_the_size(dsd, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and one line with the size asked for and the batch; --retry-failed is not needed to try again."""

    def sabotage(*words, **named):
        torch.empty(10**18)

    monkeypatch.setattr(executor, "train", sabotage)
    done = dsd("train", small, *WORDS)
    assert done.code == 1
    assert "dsd train: out of memory (4000000000.0 GB requested, batch 64): RuntimeError: " in done.err
    assert "Traceback" not in done.err
    monkeypatch.undo()
    monkeypatch.chdir(small.parent)
    assert dsd("train", small, *WORDS).code == 0


WRONG = {
    "train nonsense": "network nonsense is not known",
    "train ResNet-56 data=nonsense": "nonsense is not known; choose one of: cifar10",
    "train ResNet-56 data=digits recipe.batch_size=1298": "recipe.batch_size = 1298: is more than the 1297 training",
    "train ResNet-56 data=digits recipe.precision=float8": "recipe.precision = float8 is not known; choose one of: bf",
    "train ResNet-56 data=digits recipe.precision=tfloat32": "recipe.precision = tfloat32: only CUDA devices",
    "train ResNet-56 data=digits recipe.micro_batch=48": "recipe.micro_batch = 48: give a number from 2 that divides",
    "train ResNet-56 data=digits seeds=[0,1]": "ResNet-56: 2 runs; dsd train trains one",
    "train RegNetX-200MF data=digits": "resolution = 8: stage 3 has stride 2",
    "train ResNet-56 data=folder": "data.folder = ",
    "train ResNet-56 data=packed": "holds no packed images",
    "train ResNet-56 data=folder data.folder=''": "data.folder is not given",
    "pack nowhere packed": "data.folder = nowhere: there is no such folder",
    "pack . packed": "has no train/; give a folder with train/ and val/",
    "launch demo cluster.runs_per_gpu=0": "cluster.runs_per_gpu = 0: give a whole number from 1",
    "launch demo cluster.checkpoint_min=0": "cluster.checkpoint_min = 0.0: give a number of minutes above 0",
    "train ResNet-56 data=digits data.shift=8": "data.shift = 8: give less than data.resolution = 8",
    "train ResNet-56 data=synthetic data.resolution=99999": "data.name = synthetic: not enough memory",
    "plan train": "spaces = []: give at least one, or networks",
    "plan demo networks=[ResNet-56,resnet56]": "two populations have the name ResNet-56",
    "plan demo networks=[missing.csv]": "missing.csv: there is no such file",
}


@pytest.mark.parametrize("command", list(WRONG))
def test_bad_input_is_one_line_before_anything_is_trained(dsd, small: Path, command: str) -> None:
    """Exit code 2 and one line that says what is wrong; nothing is written."""
    done = dsd(*command.split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert WRONG[command] in done.err
    assert [path.name for path in small.parent.iterdir()] == [small.name]


def test_packing_is_told(dsd, tmp_path: Path) -> None:
    """Counts, what was packed and what was there, and the folder, which training takes."""
    rng = np.random.default_rng(0)
    for split, label in (("train", 0), ("train", 1), ("val", 0), ("val", 1)):
        (tmp_path / "images" / split / f"c{label}").mkdir(parents=True)
        for i in range(32):
            picture(label, rng, 40, 48).save(tmp_path / "images" / split / f"c{label}" / f"{i}.png")
    for chunks in ("2 chunks packed, 0 already", "0 chunks packed, 2 already"):
        done = dsd("pack", tmp_path / "images", tmp_path / "packed", "--size", 36)
        assert done.code == 0, done
        assert done.out.strip() == str(tmp_path / "packed")
        assert done.err.splitlines() == [
            "64 train, 64 val images of 2 classes, 36×36",
            f"{chunks} packed and intact",
        ]
    words = ("data=packed", f"data.folder={tmp_path / 'packed'}", "data.resolution=32", "data.test_side=36")
    small = tmp_path / "small.yaml"
    small.write_text(NETWORK)
    done = dsd("train", small, *words, "recipe=digits", "recipe.epochs=1", "data.workers=1", "-o", tmp_path / "run")
    assert done.code == 0, done
