"""Images read while training goes on. Oracles: Pillow's own resizing, numpy, one way of reading against the other."""

import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dsd import DsdError, Network
from dsd.architecture import Skeleton
from dsd.training import augmentation
from dsd.training.data.batches import shuffled_batches
from dsd.training.data.loading import load_data
from dsd.training.data.resolve import resolve_data
from dsd.training.data.spec import DataSpec
from dsd.training.data.streamed import decoding, packing
from dsd.training.data.streamed.listing import fingerprint, list_images
from dsd.training.data.streamed.packed import open_packed
from dsd.training.data.streamed.packing import pack
from dsd.training.data.streamed.readers import PackedReader, Request
from dsd.training.loop import CheckpointPolicy, train
from dsd.training.randomness import generator
from dsd.training.recipe import Recipe
from dsd.training.run import Run, check, run_key

CPU = torch.device("cpu")
SIDE = 32


def picture(label: int, rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """A smooth picture whose colour tells its class."""
    small = rng.integers(0, 256, (4, 5, 3)) * 0.4 + np.array([150 * (label == i) for i in range(3)])
    return Image.fromarray(small.clip(0, 255).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 training and 30 test images of three classes, JPEG and PNG, of many sizes, some grey."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for split, count in (("train", 200), ("val", 10)):
        for label, name in enumerate(("cat", "dog", "eel")):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                image = picture(label, rng, *map(int, rng.integers(36, 90, 2)))
                ending = ("jpg", "JPEG", "png")[i % 3]
                if i % 7 == 6:
                    image = image.convert("L")
                image.save(folder / split / name / f"{i:03}.{ending}")
            (folder / split / name / "notes.txt").write_text("no image")
    return folder


@pytest.fixture(scope="module")
def packed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, packed."""
    folder = tmp_path_factory.mktemp("packed")
    pack(source, folder, size=SIDE + 8)
    return folder


def spec_of(folder: Path, name: str = "folder", **changes: object) -> DataSpec:
    """The usual augmentation, on small images."""
    usual = {"flip": True, "area": 0.08, "lighting": 0.1, "test_side": SIDE + 8}
    return resolve_data(DataSpec(name, SIDE, folder=str(folder), **{**usual, **changes}))


def evaluated(spec: DataSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """All test images, not normalised, and their labels."""
    data = load_data(spec)
    images, labels = (torch.cat(parts) for parts in zip(*data.testing(), strict=True))
    return images * data.std.view(1, 3, 1, 1) + data.mean.view(1, 3, 1, 1), labels


def trained(spec: DataSpec, skip: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of an epoch from the `skip`-th on."""
    data, rng = load_data(spec), generator(0, 1)
    steps = shuffled_batches(data.train_size, 50, rng)
    data.skip(steps[:skip], rng)
    return list(data.training(steps[skip:], rng))


def equal(some: list[tuple[torch.Tensor, torch.Tensor]], others: list[tuple[torch.Tensor, torch.Tensor]]) -> bool:
    """Whether batches are the same to the bit."""
    pairs = zip(some, others, strict=True)
    return all(torch.equal(a, b) for one, other in pairs for a, b in zip(one, other, strict=True))


def test_a_test_image_is_resized_and_its_centre_cut_out(source: Path) -> None:
    """Shorter side 40, the central 32 × 32, as Pillow does it; labels are places among the classes' names."""
    images, labels = evaluated(spec_of(source))
    listing = list_images(source)[1]
    assert labels.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    for i in (0, 6, 13, 29):
        with Image.open(source / "val" / listing.files[i]) as opened:
            image = opened.convert("RGB")
        w, h = image.size
        size = (SIDE + 8, int(h / w * (SIDE + 8))) if w < h else (int(w / h * (SIDE + 8)), SIDE + 8)
        resized = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        top, left = (-(-(side - SIDE) // 2) for side in resized.shape[:2])
        expected = torch.from_numpy(resized[top : top + SIDE, left : left + SIDE].copy()).permute(2, 0, 1)
        torch.testing.assert_close(images[i], expected.float(), rtol=0, atol=1e-4)


def test_packed_test_images_are_those_of_the_folder(source: Path, packed: Path) -> None:
    """To the bit: packing is the same resizing, done once."""
    ours, labels = evaluated(spec_of(packed, "packed"))
    theirs, expected = evaluated(spec_of(source))
    assert torch.equal(ours, theirs)
    assert torch.equal(labels, expected)


@pytest.mark.parametrize("name", ["folder", "packed"])
def test_batches_do_not_depend_on_workers_or_on_where_an_epoch_is_taken_up(
    source: Path, packed: Path, name: str
) -> None:
    """Two worker processes give the bits that none gives; an epoch taken up at its fifth batch has the whole one's."""
    folder = source if name == "folder" else packed
    whole = trained(spec_of(folder, name))
    assert sorted(torch.cat([labels for _, labels in whole]).tolist()) == [0] * 200 + [1] * 200 + [2] * 200
    assert equal(trained(spec_of(folder, name, workers=2)), whole)
    assert equal(trained(spec_of(folder, name), skip=5), whole[5:])


def test_an_epoch_that_is_broken_off_leaves_nothing_behind(source: Path) -> None:
    """After a batch of one epoch, with workers that have read ahead, the next epoch has its own bits."""
    data, rng = load_data(spec_of(source, workers=2)), generator(0, 1)
    steps = shuffled_batches(data.train_size, 50, rng)
    next(data.training(steps, generator(0, 2)))
    assert equal(list(data.training(steps, rng)), trained(spec_of(source)))


@pytest.mark.parametrize(("height", "width"), [(375, 500), (500, 375), (30, 300)])
def test_parts_are_as_the_authors_cut_them(height: int, width: int) -> None:
    """Inside the image, 0.08 to 1 of its area, aspect 3/4 to 4/3, both ways equally; a ribbon gives its centre."""
    rows = augmentation.draw_parts(4000, generator(0, 0)).tolist()
    boxes = np.array([augmentation.part(height, width, 0.08, row) for row in rows])
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert boxes.min() >= 0
    assert (boxes[:, 2] <= width).all()
    assert (boxes[:, 3] <= height).all()
    shares = w * h / (height * width)
    if height == 30:  # no square of more than a tenth of its area fits in
        central = (w == 30) & (h == 30) & (boxes[:, 0] == 135)
        assert 0.1 < central.mean() < 0.9
        return
    assert 0.075 < shares.min() < 0.1
    assert shares.max() > 0.9
    assert 0.74 < (w / h).min() < (w / h).max() < 1.35
    assert abs((w > h).mean() - (w < h).mean()) < (0.1 if height == width else 0.3)


def test_parts_are_uniform_in_area_where_all_of_them_fit() -> None:
    """For parts of up to half of a square the first attempt always fits: area and place are uniform (KS, n = 4,000)."""
    from scipy.stats import kstest

    rows = augmentation.draw_parts(4000, generator(0, 1))
    rows[:, 0:30:3] *= 0.4  # areas of 0.08 to 0.448 only
    boxes = np.array([augmentation.part(2000, 2000, 0.08, row) for row in rows.tolist()])
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert kstest((w * h / 4e6 - 0.08) / 0.368, "uniform").pvalue > 0.001
    assert kstest(boxes[:, 0] / (2000 - w), "uniform").pvalue > 0.001


def test_cutting_on_the_device_is_bilinear() -> None:
    """Parts that are enlarged: torch's own resizing of the cut-out part; all at once to single precision, one by one to
    a step of 255.
    """
    images = torch.randint(0, 256, (3, 40, 40, 3), dtype=torch.uint8, generator=generator(0, 0)).permute(0, 3, 1, 2)
    boxes = torch.tensor([[0.0, 0, 40, 40], [5, 8, 25, 30], [39, 0, 40, 1]])
    at_once, one_by_one = (way(images, boxes, 48) for way in (augmentation.cut_all, augmentation.cut_each))
    assert torch.equal(augmentation.cut(images, boxes, 48), one_by_one)
    for i, (left, top, right, bottom) in enumerate(boxes.int().tolist()):
        part = images[i : i + 1, :, top:bottom, left:right].float()
        theirs = torch.nn.functional.interpolate(part, (48, 48), mode="bilinear", align_corners=False)[0]
        torch.testing.assert_close(at_once[i], theirs, rtol=0, atol=2e-3)
        torch.testing.assert_close(one_by_one[i].float(), theirs, rtol=0, atol=1)


def test_lighting_moves_colours_along_their_principal_components() -> None:
    """Covariance of what is added: σ² · V diag(λ²) Vᵀ, in 0–255 (20,000 draws: 5 %); the same for every pixel."""
    added = augmentation.draw_lighting(20_000, 0.1, generator(0, 0)).double().numpy()
    vectors, values = np.array(augmentation.EIGENVECTORS), np.array(augmentation.EIGENVALUES)
    expected = (255 * 0.1) ** 2 * vectors @ np.diag(values**2) @ vectors.T
    np.testing.assert_allclose(np.cov(added.T), expected, rtol=0.05)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-3)  # they are orthonormal


def test_without_variation_training_images_are_test_images(source: Path) -> None:
    """No parts, mirrors or lighting: an image of the training split is its centre."""
    ((images, _),) = trained(spec_of(source, flip=False, area=0.0, lighting=0.0, train_images=50))
    data = load_data(spec_of(source))
    pixels = images * data.std.view(1, 3, 1, 1) + data.mean.view(1, 3, 1, 1)
    listing = list_images(source)[0]
    known = {
        decoding.centre(decoding.decoded(source / "train" / name), SIDE + 8, SIDE).tobytes() for name in listing.files
    }
    for image in pixels.round().to(torch.uint8):
        assert image.permute(1, 2, 0).contiguous().numpy().tobytes() in known


def test_a_part_of_the_images_is_of_all_classes(source: Path) -> None:
    """train_images = 60 of 600 are not the first class alone, and always the same."""
    data = load_data(spec_of(source, train_images=60, test_images=6))
    (batch,) = data.training([torch.arange(60)], generator(0, 1))
    assert set(batch[1].tolist()) == {0, 1, 2}
    assert (data.train_size, data.test_size) == (60, 6)


@pytest.mark.parametrize("name", ["folder", "packed"])
def test_a_network_learns_from_files(source: Path, packed: Path, name: str) -> None:
    """Three epochs tell three colours apart: at most 10 % error, chance is 67 %."""
    network = Network((1, 1), (16, 32), (1, 1), (8, 8), Skeleton(stem="cifar", strides=(2, 2)), SIDE, 3)
    recipe = Recipe("test", epochs=3, lr=0.05, batch_size=50, precise_bn_images=0)
    torch.set_num_threads(1)
    spec = spec_of(source if name == "folder" else packed, name, workers=2)
    result = train(Run("r", network, recipe, spec, 0), load_data(spec), CPU)
    assert result.last.error <= 10
    assert result.last.top5_error == 0  # of three classes


def broken_copy(source: Path, target: Path) -> Path:
    """The images with two that cannot be decoded: one cut short, one that is no image; gives the first."""
    for split in ("train", "val"):
        for image in (source / split).rglob("*.*"):
            path = target / image.relative_to(source)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(image)
    cut, text = target / "train" / "dog" / "004.JPEG", target / "val" / "eel" / "000.jpg"
    content = cut.read_bytes()
    cut.unlink()
    cut.write_bytes(content[: len(content) // 2])
    text.unlink()
    text.write_text("no image")
    return cut


def test_a_broken_image_is_named_and_left_out_only_if_asked(source: Path, tmp_path: Path, caplog) -> None:
    """Its path, in one line; with skip_broken the others are trained on and each epoch says how many were left out."""
    path = broken_copy(source, tmp_path / "images")
    spec = spec_of(tmp_path / "images")
    with pytest.raises(DsdError, match=rf"{path}: .*: cannot be decoded; data.skip_broken=true leaves"):
        trained(spec)
    network = Network((1,), (16,), (1,), (8,), Skeleton(stem="cifar", strides=(2,)), SIDE, 3)
    recipe = Recipe("test", epochs=1, lr=0.05, batch_size=50, precise_bn_images=0)
    spec = replace(spec, skip_broken=True, workers=1)
    result = train(Run("r", network, recipe, spec, 0), load_data(spec), CPU)
    assert result.last.skipped == 2
    assert str(path) in caplog.text
    assert (result.last.error * 29 / 100) == pytest.approx(round(result.last.error * 29 / 100))


def without(source: Path, target: Path, change: Callable[[Path], None]) -> Path:
    """A copy of the folders of some images, changed."""
    for path in (source / "train", source / "val"):
        for folder in path.iterdir():
            (target / path.name / folder.name).mkdir(parents=True)
            first = sorted(folder.glob("*.jpg"))[0]
            (target / path.name / folder.name / first.name).symlink_to(first)
    change(target)
    return target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "val").rename(folder / "test"), "has no val/; give a folder with train/ and val/"),
        (lambda folder: (folder / "train").rename(folder / "test"), "has no train/"),
        (
            lambda folder: (folder / "val" / "eel").rename(folder / "val" / "ant"),
            "only in train/: eel; .*val/: ant",
        ),
        (lambda folder: (folder / "val" / "eel" / "000.jpg").unlink(), "val/ has classes without an image .*: eel"),
        (lambda folder: folder.rename(folder.with_name("gone")), "there is no such folder"),
    ],
)
def test_a_folder_that_is_not_as_it_should_be_is_refused(source: Path, tmp_path: Path, change, message: str) -> None:
    """Before anything is trained, in one line."""
    folder = without(source, tmp_path / "images", change)
    with pytest.raises(DsdError, match=rf"data.folder = {folder}: .*{message}"):
        spec_of(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": 4}, "data.classes = 4: .* has 3"),
        ({"train_images": 601}, "data.train_images = 601: .* has 600"),
        ({"shift": 4}, "data.shift = 4: not valid for data.name = folder"),
        ({"test_side": 16}, "data.test_side = 16: give 32"),
        ({"area": 1.5}, "data.area = 1.5: give a share"),
    ],
)
def test_a_spec_that_does_not_fit_the_folder_is_refused(source: Path, changes: dict[str, float], message: str) -> None:
    """With the key, the value and what there is."""
    with pytest.raises(DsdError, match=message):
        spec_of(source, **changes)


def test_a_batch_larger_than_the_data_is_refused(source: Path) -> None:
    """Whoever has so few images learns it before training."""
    with pytest.raises(DsdError, match=r"recipe.batch_size = 601: is more than the 600 training images"):
        check(Recipe("test", 1, 0.1, 601), spec_of(source))


def test_a_run_is_known_by_its_images_wherever_they_are(source: Path, tmp_path: Path) -> None:
    """A copy elsewhere gives the same key, with any number of workers; other images another one."""
    recipe = Recipe("test", 1, 0.1, 50)
    (tmp_path / "copy").symlink_to(source)
    here, there = spec_of(source), spec_of(tmp_path / "copy", workers=3)
    assert run_key("n", recipe, here, 0) == run_key("n", recipe, there, 0)
    fewer = spec_of(without(source, tmp_path / "fewer", lambda folder: None))
    assert run_key("n", recipe, here, 0) != run_key("n", recipe, fewer, 0)
    first = next((tmp_path / "fewer" / "train" / "cat").iterdir())
    content = first.read_bytes()
    first.unlink()
    first.write_bytes(content + b"0")  # another file under the same name
    assert spec_of(tmp_path / "fewer").fingerprint != fewer.fingerprint
    first.write_bytes(content)
    with pytest.raises(DsdError, match="images changed since the sweep was planned"):
        load_data(replace(fewer, folder=str(source)))


def test_a_killed_reader_costs_one_run(source: Path) -> None:
    """When a worker process is killed the epoch fails; the next one has new workers, and its own bits."""
    data = load_data(spec_of(source, workers=1))
    steps = shuffled_batches(data.train_size, 5, generator(0, 1))  # far more than are read ahead
    epoch = data.training(steps, generator(0, 2))
    next(epoch)
    # torch's handler raises wherever SIGCHLD finds the process, in pytest too; without it the loader finds out itself
    handler = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        for worker in psutil.Process().children():
            worker.kill()
        with pytest.raises(RuntimeError, match="DataLoader worker"):
            list(epoch)
        del epoch
        gc.collect()  # frames of the error hold the loader, which forgets its workers when it goes
    finally:
        signal.signal(signal.SIGCHLD, handler)
    rng = generator(0, 1)
    steps = shuffled_batches(data.train_size, 50, rng)
    assert equal(list(data.training(steps, rng)), trained(spec_of(source)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_readers_do_not_heed_signals_to_the_job(source: Path, number: int) -> None:
    """A cluster sends them to all processes of a job; the run that is told to stop still reads its batch to the end."""
    data = load_data(spec_of(source, workers=1))
    rng = generator(0, 1)
    steps = shuffled_batches(data.train_size, 50, rng)
    epoch = data.training(steps, rng)
    seen = [next(epoch)]
    for worker in psutil.Process().children():
        worker.send_signal(number)
    assert equal([*seen, *epoch], trained(spec_of(source)))


def test_a_batch_without_an_image_is_a_step_without_one(source: Path, tmp_path: Path) -> None:
    """Two of the three batches of an epoch are broken: its run is the same when taken up after each step."""
    for name in ("train", "val"):
        for i, path in enumerate(
            sorted((source / name / "cat").glob("00?.*")) + sorted((source / name / "dog").glob("00?.*"))
        ):
            target = tmp_path / "images" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path) if name == "val" or i % 10 < 3 else target.write_text("no image")
    network = Network((1,), (16,), (1,), (8,), Skeleton(stem="cifar", strides=(2,)), SIDE, 2)
    recipe = Recipe("test", epochs=3, lr=0.05, batch_size=2, precise_bn_images=4)
    spec = spec_of(tmp_path / "images", skip_broken=True)
    run = Run("r", network, recipe, spec, 0)
    undisturbed = train(run, load_data(spec), CPU)
    assert [epoch.skipped for epoch in undisturbed.epochs] == [14] * 3
    for after in (1, 4, 13, 26):
        path, left = tmp_path / f"{after}.pt", iter(range(after))
        with pytest.raises(StopIteration):
            train(run, load_data(spec), CPU, CheckpointPolicy(path, 0.0), on_step=lambda *_, left=left: next(left))
        again = train(run, load_data(spec), CPU, CheckpointPolicy(path, 0.0))
        assert [(e.loss, e.error, e.skipped) for e in again.epochs] == [
            (e.loss, e.error, e.skipped) for e in undisturbed.epochs
        ]


def test_an_image_that_cannot_be_read_is_not_broken(source: Path, tmp_path: Path) -> None:
    """A file that is gone, or no memory, says nothing of the image: no label is lost over it."""
    with pytest.raises(FileNotFoundError):
        decoding.decoded(tmp_path / "gone.jpg")
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(decoding.BrokenImage, match=r"text.jpg: is neither JPEG nor PNG"):
        decoding.decoded(tmp_path / "text.jpg")


@pytest.mark.parametrize("name", ["folder", "packed"])
def test_test_images_are_seen_as_at_224(source: Path, packed: Path, name: str) -> None:
    """Unless test_side is given, the centre is 7/8 of the shorter side at any resolution, as 224 of 256."""
    folder = source if name == "folder" else packed
    given, scaled = (evaluated(spec_of(folder, name, test_side=side))[0] for side in (37, 0))
    assert torch.equal(given, scaled)
    assert DataSpec("folder", 224).shorter_side == 256
    if name == "packed":  # of 40 pixels 35 are seen
        reader = PackedReader(spec_of(folder, name, test_side=0), open_packed(folder))
        assert reader[Request("val", [0])].boxes.tolist() == [[3, 3, 38, 38]]


def test_a_link_to_nothing_is_a_broken_image(source: Path, tmp_path: Path) -> None:
    """It is named, and left out if asked, like one that cannot be decoded; other files are counted as not used."""
    folder = without(source, tmp_path / "images", lambda folder: None)
    (folder / "train" / "cat" / "gone.jpg").symlink_to("nowhere.jpg")
    (folder / "train" / "cat" / "notes.webp").write_text("another kind")
    (folder / "train" / "stray.jpg").write_text("in no class")
    (folder / "train" / "cat" / "below").mkdir()
    assert sorted(list_images(folder)[0].unused) == ["cat/below", "cat/notes.webp", "stray.jpg"]
    with pytest.raises(DsdError, match=r"1 images cannot be decoded: .*gone.jpg: is a broken link; --skip-broken"):
        pack(folder, tmp_path / "p", size=SIDE)
    assert len(pack(folder, tmp_path / "p", size=SIDE, skip_broken=True).packed.kept("train")) == 3


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_kind_of_image_becomes_rgb(tmp_path: Path, mode: str) -> None:
    """As Pillow converts it."""
    image = picture(1, np.random.default_rng(0), 40, 50).convert(mode)
    path = tmp_path / ("i.jpg" if mode == "CMYK" else "i.png")
    image.save(path)
    with Image.open(path) as again:
        assert decoding.decoded(path).tobytes() == again.convert("RGB").tobytes()


def test_images_of_16_bits_keep_their_upper_8(tmp_path: Path) -> None:
    """A ramp over all 65,536 greys becomes a ramp over all 256."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    found = np.asarray(decoding.decoded(tmp_path / "ramp.png"))
    assert (found == (ramp >> 8)[:, :, None]).all()


# packing


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_packing_does_not_depend_on_workers(source: Path, packed: Path, tmp_path: Path) -> None:
    """Two processes write the bytes that one writes."""
    pack(source, tmp_path / "two", size=SIDE + 8, workers=2)
    assert contents(tmp_path / "two") == contents(packed)
    header = open_packed(packed)
    assert header.source == fingerprint(list_images(source))
    assert header.images == {"train": 600, "val": 30}


def test_a_packing_that_was_killed_at_its_start_goes_on(source: Path, packed: Path, tmp_path: Path) -> None:
    """With a torn first line, or before the arrays were made: the folder is ours; with arrays alone it is not."""
    folder = tmp_path / "p"
    folder.mkdir()
    for left in (b"", b'{"source": "ab', b'{"source": "ab\n'):
        (folder / "packing.jsonl").write_bytes(left)
        assert pack(source, folder, size=SIDE + 8).made == 4
        assert contents(folder) == contents(packed)
        for path in folder.iterdir():
            path.unlink()
    np.save(folder / "train.npy", np.arange(3))
    with pytest.raises(DsdError, match="is not empty and holds no packed images"):
        pack(source, folder, size=SIDE + 8)


def test_a_killed_packer_leaves_no_process(source: Path, tmp_path: Path) -> None:
    """SIGKILL to `dsd pack` ends its decoding processes, too; what they did is kept."""
    words = [sys.executable, "-m", "dsd", "pack", source, tmp_path / "p", "--size", "800", "--workers", "2"]
    running = psutil.Popen(list(map(str, words)), stderr=subprocess.DEVNULL)
    while not (children := running.children()) or not (tmp_path / "p" / "packing.jsonl").exists():
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.wait()
    gone, alive = psutil.wait_procs(children, 10)
    assert (len(gone), alive) == (len(children), [])
    assert pack(source, tmp_path / "p", size=800).packed.images == {"train": 600, "val": 30}


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_packing_goes_on_where_it_was_stopped(
    source: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Killed after so many chunks: not to be trained on, and the rest is packed by the next call, no chunk twice."""
    write, count = packing.write_chunk, 0

    def stop(chunk: packing.Chunk) -> packing.Done:
        nonlocal count
        if count == after:
            raise KeyboardInterrupt
        count += 1
        return write(chunk)

    monkeypatch.setattr(packing, "write_chunk", stop)
    with pytest.raises(KeyboardInterrupt):
        pack(source, tmp_path / "p", size=SIDE + 8)
    monkeypatch.undo()
    with pytest.raises(DsdError, match=r"holds no packed images \(packed.json\); make them: dsd pack"):
        open_packed(tmp_path / "p")
    done = pack(source, tmp_path / "p", size=SIDE + 8)
    assert (done.made, done.kept) == (4 - after, after)  # 600 images are three chunks, 30 one
    assert contents(tmp_path / "p") == contents(packed)


def test_a_damaged_packed_set_is_found_and_mended(source: Path, packed: Path, tmp_path: Path) -> None:
    """A flipped byte is found by its checksum and its chunk packed again; a cut file too; what is whole is left."""
    folder = tmp_path / "p"
    folder.mkdir()
    for name, content in contents(packed).items():
        (folder / name).write_bytes(content)
    assert (pack(source, folder, size=SIDE + 8).made, contents(folder)) == (0, contents(packed))
    with (folder / "train.npy").open("r+b") as file:
        file.seek(-10, 2)
        file.write(b"\x01\x02")
    assert (pack(source, folder, size=SIDE + 8).made, contents(folder)) == (1, contents(packed))
    with (folder / "train.npy").open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(DsdError, match=r"train.npy: is truncated or damaged \(.*\); pack the images again"):
        spec_of(folder, "packed")
    assert (pack(source, folder, size=SIDE + 8).made, contents(folder)) == (3, contents(packed))


def test_labels_out_of_range_are_refused(packed: Path, tmp_path: Path) -> None:
    """A label that no class has names the file."""
    for name, content in contents(packed).items():
        (tmp_path / name).write_bytes(content)
    labels = np.load(tmp_path / "val_labels.npy")
    labels[3] = 1
    np.save(tmp_path / "val_labels.npy", labels)
    with pytest.raises(DsdError, match=r"val_labels.npy: is damaged \(checksum\)"):
        spec_of(tmp_path, "packed")
    labels[3] = 7
    np.save(tmp_path / "val_labels.npy", labels)
    with pytest.raises(DsdError, match=r"val_labels.npy: holds label 7; allowed are 0 to 2"):
        spec_of(tmp_path, "packed")


def test_broken_images_are_left_out_of_a_packed_set_only_if_asked(source: Path, tmp_path: Path) -> None:
    """Both are named; then neither is trained or tested on, and repeating keeps it so."""
    path = broken_copy(source, tmp_path / "images")
    with pytest.raises(DsdError, match=rf"2 images cannot be decoded: {path}: .*; --skip-broken leaves them out"):
        pack(tmp_path / "images", tmp_path / "p", size=SIDE + 8)
    for made in (0, 0):
        done = pack(tmp_path / "images", tmp_path / "p", size=SIDE + 8, skip_broken=True)
        assert done.made == made
        assert [(split, Path(text.split(": ")[0]).name) for split, _, text in done.packed.skipped] == [
            ("train", "004.JPEG"),
            ("val", "000.jpg"),
        ]
    data = load_data(spec_of(tmp_path / "p", "packed"))
    assert (data.train_size, data.test_size) == (599, 29)


def test_a_folder_holds_one_packed_set(source: Path, packed: Path, tmp_path: Path) -> None:
    """Another size, other images or something else there: one line, and nothing is changed."""
    before = contents(packed)
    with pytest.raises(DsdError, match=f"holds images packed with size = {SIDE + 8}, not 48"):
        pack(source, packed, size=48)
    fewer = without(source, tmp_path / "fewer", lambda folder: None)
    with pytest.raises(DsdError, match="holds images packed with source = "):
        pack(fewer, packed, size=SIDE + 8)
    assert contents(packed) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(DsdError, match="is not empty and holds no packed images"):
        pack(source, tmp_path / "mine", size=SIDE + 8)
    assert list(contents(tmp_path / "mine")) == ["thesis.tex"]


def test_a_header_that_is_damaged_is_named(packed: Path, tmp_path: Path) -> None:
    """One line with the file."""
    for content in ("{", json.dumps({"size": 3})):
        (tmp_path / "packed.json").write_text(content)
        with pytest.raises(DsdError, match=r"packed.json: is damaged"):
            open_packed(tmp_path)


def test_packed_images_serve_resolutions_up_to_half_their_size(packed: Path) -> None:
    """Smaller ones would be cut with gaps between the pixels, larger ones have none to be cut from."""
    with pytest.raises(DsdError, match=r"data.resolution = 16: .* packed at 40, .* from 20 to 40"):
        resolve_data(DataSpec("packed", 16, folder=str(packed)))
    images, _ = evaluated(resolve_data(DataSpec("packed", 20, folder=str(packed), test_side=22)))
    assert images.shape == (30, 3, 20, 20)


def test_a_strip_is_cut_before_it_is_resized(tmp_path: Path) -> None:
    """20,000×1 pixels: the centre is what resizing the whole would give, without its 5 GB."""
    rng = np.random.default_rng(0)
    for size in ((3000, 4), (4, 3000)):
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        image = Image.fromarray(pixels)
        found = decoding.centre(image, 64, 64)
        scale = 64 / min(size)
        whole = image.resize((int(size[0] * scale), int(size[1] * scale)), decoding.BILINEAR)
        left, top = ((side - 64 + 1) // 2 for side in whole.size)
        wanted = np.asarray(whole.crop((left, top, left + 64, top + 64)))
        assert np.abs(found.astype(int) - wanted.astype(int)).max() <= 1
    Image.new("RGB", (20_000, 1), (1, 2, 3)).save(tmp_path / "strip.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (decoding.centre(decoding.decoded(tmp_path / "strip.png"), 256, 256) == (1, 2, 3)).all()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


def test_metadata_breaks_no_image(tmp_path: Path) -> None:
    """Much text, a damaged profile or text in a PNG: the pixels are whole; a chunk of pixels that is damaged is not."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    texts = PngInfo()
    texts.add_text("c", "x" * 3_000_000, zip=True)
    Image.fromarray(pixels).save(tmp_path / "text.png", pnginfo=texts)
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    content = (tmp_path / "plain.png").read_bytes()
    at = content.index(b"IDAT") - 4
    chunk = (4).to_bytes(4, "big") + b"iCCP" + b"abcd" + b"\0\0\0\0"
    (tmp_path / "profile.png").write_bytes(content[:at] + chunk + content[at:])
    for name in ("text.png", "plain.png", "profile.png"):
        assert np.array_equal(np.asarray(decoding.decoded(tmp_path / name)), pixels), name
    damaged = bytearray(content)
    damaged[at + 20] ^= 255
    (tmp_path / "damaged.png").write_bytes(bytes(damaged))
    with pytest.raises(decoding.BrokenImage, match=r"damaged\.png"):
        decoding.decoded(tmp_path / "damaged.png")


def test_an_orientation_is_not_followed(tmp_path: Path) -> None:
    """As in torchvision: an image is what its pixels are, though EXIF says that it lies on its side."""
    image = Image.new("RGB", (20, 10))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert decoding.decoded(tmp_path / "turned.jpg").size == (20, 10)


@pytest.mark.parametrize(
    "change",
    [
        {"size": "32"},
        {"size": 0},
        {"images": [1, 2]},
        {"images": {"train": 3}},
        {"images": {"train": "x", "val": 1}},
        {"checksums": {"train": 7, "val": []}},
        {"skipped": [["train"]]},
        {"skipped": {"a": 1}},
        {"classes": 5},
        {"chunk": True},
        {"more": 1},
    ],
)
def test_a_header_of_another_kind_is_damage(source: Path, tmp_path: Path, change: dict[str, object]) -> None:
    """Valid JSON of another type in packed.json: one line; packing again mends it."""
    pack(source, tmp_path / "packed", 16, 1, False)
    path = tmp_path / "packed" / "packed.json"
    sound = path.read_text()
    path.write_text(json.dumps({**json.loads(sound), **change}))
    with pytest.raises(DsdError, match=r"packed\.json: is damaged"):
        open_packed(tmp_path / "packed")
    with (tmp_path / "packed" / packing.STATE).open("a") as file:
        file.write('{"crc": "x", "split": [1], "number": null, "broken": 3}\n[1]\n')
    pack(source, tmp_path / "packed", 16, 1, False)
    assert json.loads(path.read_text()) == json.loads(sound)


def test_pipes_and_devices_are_no_images(source: Path, tmp_path: Path) -> None:
    """Reading them would never end; a broken link is a broken image, as before."""
    shutil.copytree(source, tmp_path / "images")
    os.mkfifo(tmp_path / "images" / "train" / "cat" / "pipe.png")
    (tmp_path / "images" / "train" / "cat" / "zero.png").symlink_to("/dev/zero")
    assert pack(tmp_path / "images", tmp_path / "packed", size=SIDE).packed.images == {"train": 600, "val": 30}
