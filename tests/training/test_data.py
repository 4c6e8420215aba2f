"""Images: known statistics of the data sets, and what is refused. CIFAR's layout is made here, by its description."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dsd import DsdError
from dsd.training import augmentation
from dsd.training.data import CIFAR_TEST, CIFAR_TRAIN, load_data
from dsd.training.run import TRAIN_IMAGES, DataSpec

DIGITS = DataSpec("digits", 8, 10)


def cifar_spec(folder: Path) -> DataSpec:
    """A folder of 20 random records a file in the official layout, and its spec."""
    rng = np.random.default_rng(0)
    for name in (*CIFAR_TRAIN, *CIFAR_TEST):
        pixels = rng.integers(0, 256, (20, 3072), dtype=np.uint8)
        labels = rng.integers(0, 10, (20, 1), dtype=np.uint8)
        np.concatenate([labels, pixels], axis=1).tofile(folder / name)
    return DataSpec("cifar10", 32, 10, str(folder))


def test_digits_are_scikit_learns() -> None:
    """1,297 + 500 images, each once, every class in both splits, grey in all three channels."""
    from sklearn.datasets import load_digits

    data = load_data(DIGITS)
    assert (len(data.train), len(data.test)) == (TRAIN_IMAGES["digits"], 500)
    images = torch.cat([data.train.images, data.test.images])
    assert (images[:, 0] == images[:, 2]).all()
    ours = sorted(map(bytes, images[:, 0].numpy().reshape(len(images), -1)))
    theirs = sorted(map(bytes, (load_digits().images * (255 / 16)).round().astype(np.uint8).reshape(len(images), -1)))
    assert ours == theirs
    assert set(data.test.labels.tolist()) == set(data.train.labels.tolist()) == set(range(10))


def test_cifar_records_are_label_then_planes(tmp_path: Path) -> None:
    """A record is one label byte and 3,072 bytes of red, green and blue planes, row by row."""
    spec = cifar_spec(tmp_path)
    record = np.fromfile(tmp_path / "data_batch_2.bin", np.uint8)[: 3 * 3073].reshape(3, 3073)[2]
    data = load_data(spec)
    assert len(data.train) == 100
    assert data.train.labels[22] == record[0]
    assert data.train.images[22, 1, 3, 5] == record[1 + 1024 + 3 * 32 + 5]


def test_normalised_images_have_mean_0_and_deviation_1() -> None:
    """Mean and deviation are those of the training images, to single precision."""
    data = load_data(DIGITS)
    pixels = data.train.images.double()
    torch.testing.assert_close(data.mean.double(), pixels.mean(dim=(0, 2, 3)), rtol=1e-6, atol=0)
    torch.testing.assert_close(data.std.double(), pixels.std(dim=(0, 2, 3), correction=0), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": 101}, "cifar10 has 100"),
        ({"resolution": 16}, "images of cifar10 are 32 wide"),
        ({"classes": 3}, "has label"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(change: dict[str, int], message: str, tmp_path: Path) -> None:
    """One line that says what there is."""
    with pytest.raises(DsdError, match=message):
        load_data(replace(cifar_spec(tmp_path), **change))


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    """A missing folder says how to get the files; a cut file and a wrong label are named."""
    with pytest.raises(DsdError, match=r"data_batch_1.bin is not there; get cifar-10-binary.tar.gz"):
        load_data(DataSpec("cifar10", 32, 10, str(tmp_path / "nowhere")))
    spec = cifar_spec(tmp_path)
    broken = tmp_path / "data_batch_3.bin"
    content = broken.read_bytes()
    broken.write_bytes(content[:-1])
    with pytest.raises(DsdError, match=r"data_batch_3.bin: 61459 bytes are not whole records"):
        load_data(spec)
    broken.write_bytes(b"\x63" + content[1:])
    with pytest.raises(DsdError, match="label 99"):
        load_data(spec)


def test_shift_moves_each_image_and_lets_zeros_in() -> None:
    """Every result is the padded image at one of the 9 offsets, and all of them occur."""
    image = torch.arange(1, 28, dtype=torch.uint8).reshape(1, 3, 3, 3)
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1))[0]
    allowed = {bytes(padded[:, y : y + 3, x : x + 3].numpy()) for y in range(3) for x in range(3)}
    moved = augmentation.shift(image.repeat(300, 1, 1, 1), 1, torch.Generator().manual_seed(0))
    assert {bytes(m.numpy()) for m in moved.contiguous()} == allowed


def test_flip_mirrors_half_of_the_images() -> None:
    """An image comes out as it is or mirrored, each about as often."""
    images = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 2, 2).repeat(1000, 1, 1, 1)
    flipped = augmentation.flip(images, torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(-1)).flatten(1).all(dim=1)
    same = (flipped == images).flatten(1).all(dim=1)
    assert (mirrored ^ same).all()
    assert 440 < int(mirrored.sum()) < 560  # 1000 coin flips: beyond 3.8 deviations
