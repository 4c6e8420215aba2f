"""Images: known statistics of the data sets, and what is refused. CIFAR's layout is made here, by its description."""

import hashlib
import shutil
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from dsd import DsdError
from dsd.training import augmentation
from dsd.training.data.in_memory.cifar import ARCHIVES
from dsd.training.data.loading import load_data
from dsd.training.data.spec import TRAIN_IMAGES, DataSpec
from dsd.training.recipe import Recipe
from dsd.training.run import run_key

DIGITS = DataSpec("digits", 8, 10)


def write_cifar(folder: Path, name: str = "cifar10", n: int = 20) -> None:
    """Random records in the files of the official layout."""
    rng, archive = np.random.default_rng(0), ARCHIVES[name]
    for file in (*archive.train, *archive.test):
        pixels = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        labels = rng.integers(0, archive.classes, (n, archive.labels), dtype=np.uint8)
        np.concatenate([labels, pixels], axis=1).tofile(folder / file)


def cifar_spec(folder: Path) -> DataSpec:
    """A folder of 20 random records a file in the official layout, and its spec."""
    write_cifar(folder)
    return DataSpec("cifar10", 32, 10, str(folder))


@pytest.fixture(autouse=True)
def small_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives of 20 images a file instead of the official numbers."""
    for name, archive in ARCHIVES.items():
        monkeypatch.setitem(ARCHIVES, name, replace(archive, images=(20, 20)))


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


def test_cifar100_has_the_fine_label_second(tmp_path: Path) -> None:
    """A record is a coarse and a fine label, of which the second counts, and 3,072 bytes."""
    write_cifar(tmp_path, "cifar100")
    records = np.fromfile(tmp_path / "train.bin", np.uint8).reshape(20, 3074)
    data = load_data(DataSpec("cifar100", 32, 100, str(tmp_path)))
    assert data.train.labels.tolist() == records[:, 1].tolist()
    assert data.train.images[7, 2, 31, 31] == records[7, -1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server on the loopback address that gives the files of a folder; its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def served_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: bool = True) -> None:
    """An archive in the official layout to be downloaded, and its checksum instead of the authors'."""
    inner = tmp_path / "served" / "cifar-10-batches-bin"
    inner.mkdir(parents=True)
    write_cifar(inner)
    (inner / "readme.html").write_text("not an image")
    with tarfile.open(tmp_path / "served" / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(inner, inner.name)
    content = (tmp_path / "served" / "cifar-10-binary.tar.gz").read_bytes()
    md5 = hashlib.md5(content if right else b"other").hexdigest()
    monkeypatch.setitem(ARCHIVES, "cifar10", replace(ARCHIVES["cifar10"], md5=md5))


def test_missing_files_are_downloaded_and_checked(tmp_path: Path, server: str, monkeypatch) -> None:
    """The archive's images and nothing else lie in the folder, the bar reached its end, nothing is fetched twice."""
    served_archive(tmp_path, monkeypatch)
    told: list[int] = []

    @contextmanager
    def progress(title: str, total: int) -> Iterator[Callable[[int, str], None]]:
        assert title == "download cifar-10-binary.tar.gz"
        yield lambda done, words: told.append(done)
        assert told[-1] == total

    folder = tmp_path / "new" / "cifar"
    spec = DataSpec("cifar10", 32, 10, str(folder), url=f"{server}/cifar-10-binary.tar.gz")
    data = load_data(spec, progress=progress)
    assert len(data.train) == 100
    archive = ARCHIVES["cifar10"]
    assert sorted(path.name for path in folder.iterdir()) == sorted((*archive.train, *archive.test))
    assert told == sorted(told)
    shutil.rmtree(tmp_path / "served")
    assert torch.equal(load_data(spec, progress=progress).train.images, data.train.images)


def test_a_download_that_was_killed_is_begun_again(tmp_path: Path, server: str, monkeypatch) -> None:
    """Half an archive, and files that were half written, are in nobody's way: the folder is completed."""
    served_archive(tmp_path, monkeypatch)
    folder = tmp_path / "cifar"
    (folder / ".download").mkdir(parents=True)
    (folder / ".download" / "tmp1234").write_bytes(b"half")
    (folder / ".download" / "cifar-10-binary.tar.gz").write_bytes(b"half")
    (folder / ".data_batch_1.bin.abcd").write_bytes(b"half")
    spec = DataSpec("cifar10", 32, 10, str(folder), url=f"{server}/cifar-10-binary.tar.gz")
    assert len(load_data(spec, progress=lambda title, total: nullcontext(lambda done, words: None)).train) == 100
    assert not (folder / ".download").exists()


@pytest.mark.parametrize(
    ("right", "path", "message"),
    [
        (False, "cifar-10-binary.tar.gz", "is not the authors' archive: its MD5 is not"),
        (True, "nowhere.tar.gz", r"cannot be downloaded \(404"),
    ],
)
def test_a_download_that_fails_leaves_nothing(
    tmp_path: Path, server: str, monkeypatch, right: bool, path: str, message: str
) -> None:
    """Another archive, or none: one line that says so and how to get the files by hand; no folder is left."""
    served_archive(tmp_path, monkeypatch, right)
    spec = DataSpec("cifar10", 32, 10, str(tmp_path / "new"), url=f"{server}/{path}")
    with pytest.raises(DsdError, match=f"data_batch_1.bin is missing, and .*{message}.*unpack it"):
        load_data(spec, progress=lambda title, total: nullcontext(lambda done, words: None))
    assert not (tmp_path / "new").exists()


def test_a_folder_of_other_files_is_no_place_for_a_download(tmp_path: Path) -> None:
    """A slip of the pen in data.folder downloads nothing, and names what is there instead."""
    (tmp_path / "cifar-10-batches-bin").mkdir()
    spec = DataSpec("cifar10", 32, 10, str(tmp_path), url="http://127.0.0.1:9/c.tar.gz")
    with pytest.raises(DsdError, match=r"data_batch_1.bin is missing, but cifar-10-batches-bin exists; get cifar-10"):
        load_data(spec, progress=lambda title, total: nullcontext(lambda done, words: None))


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    """No connection: one line with the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/cifar-10-binary.tar.gz"
        spec = DataSpec("cifar10", 32, 10, str(tmp_path / "new"), url=url)
        with pytest.raises(DsdError, match=rf"{url} cannot be downloaded \(no connection\)"):
            load_data(spec, progress=lambda title, total: nullcontext(lambda done, words: None))


def test_synthetic_images_are_always_the_same() -> None:
    """As many labels as asked for, of all classes; 256 images that come again; never without numbers."""
    spec = DataSpec("synthetic", 16, 10, train_images=1000, test_images=100)
    data = load_data(spec)
    assert (data.train_size, data.test_size, len(data.train.images)) == (1000, 100, 256)
    assert set(data.train.labels.tolist()) == set(range(10))
    images, _ = data.train.at(torch.tensor([3, 259]))
    assert torch.equal(images[0], images[1])
    assert torch.equal(load_data(spec).train.images, data.train.images)
    with pytest.raises(DsdError, match=r"data.test_images = 0: synthetic"):
        load_data(replace(spec, test_images=0))


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
        ({"resolution": 16}, "images of cifar10 have side 32"),
        ({"classes": 3}, "has labels up to"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(change: dict[str, int], message: str, tmp_path: Path) -> None:
    """One line that says what there is."""
    with pytest.raises(DsdError, match=message):
        load_data(replace(cifar_spec(tmp_path), **change))


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    """A missing folder says how to get the files; a cut file and a wrong label are named."""
    with pytest.raises(DsdError, match=r"data_batch_1.bin is missing; get cifar-10-binary.tar.gz from"):
        load_data(DataSpec("cifar10", 32, 10, str(tmp_path / "nowhere")))
    spec = cifar_spec(tmp_path)
    broken = tmp_path / "data_batch_3.bin"
    content = broken.read_bytes()
    broken.write_bytes(content[:-1])
    with pytest.raises(DsdError, match=r"data_batch_3.bin: has 61,459 bytes instead of 61,460"):
        load_data(spec)
    broken.write_bytes(content[:3073])
    with pytest.raises(DsdError, match=r"data_batch_3.bin: has 3,073 bytes instead of 61,460"):
        load_data(spec)
    broken.write_bytes(b"\x63" + content[1:])
    with pytest.raises(DsdError, match="label 99"):
        load_data(spec)


def test_shift_moves_each_image_and_lets_zeros_in() -> None:
    """Every result is the padded image at one of the 9 offsets, and all of them occur."""
    image = torch.arange(1, 28, dtype=torch.uint8).reshape(1, 3, 3, 3)
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1))[0]
    allowed = {bytes(padded[:, y : y + 3, x : x + 3].numpy()) for y in range(3) for x in range(3)}
    offsets = augmentation.draw_shift(300, 1, torch.Generator().manual_seed(0))
    moved = augmentation.shift(image.repeat(300, 1, 1, 1), 1, offsets)
    assert {bytes(m.numpy()) for m in moved.contiguous()} == allowed


def test_what_comes_in_is_black_or_the_mean() -> None:
    """The frame around a shifted image has the colour that is given; the image itself is not touched."""
    images = torch.full((200, 3, 4, 4), 100, dtype=torch.uint8)
    offsets = augmentation.draw_shift(200, 2, torch.Generator().manual_seed(0))
    black = augmentation.shift(images, 2, offsets)
    mean = augmentation.shift(images, 2, offsets, torch.tensor([7.0, 8, 9]))
    assert set(black.unique().tolist()) == {0, 100}
    for channel, colour in enumerate((7, 8, 9)):
        assert torch.equal(mean[:, channel] == colour, black[:, channel] == 0)


def test_the_authors_fill_is_the_mean_of_the_training_images(tmp_path: Path) -> None:
    """With data.fill=mean what comes in is nearly zero after normalisation, and the run is another one."""
    spec = replace(cifar_spec(tmp_path), shift=4)
    filled = replace(spec, fill="mean")
    data = load_data(filled)
    (batch,) = data.training([torch.arange(100)], torch.Generator().manual_seed(0))
    corners = batch[0][:, :, (0, -1)][..., (0, -1)].abs()
    assert (corners < 0.5 / data.std.min() + 1e-6).float().mean() > 0.3
    recipe = Recipe("test", 1, 0.1, 10)
    assert run_key("n", recipe, spec, 0) != run_key("n", recipe, filled, 0)
    with pytest.raises(DsdError, match=r"data.fill = grey is not known; choose one of: black, mean"):
        replace(spec, fill="grey")


def test_flip_mirrors_half_of_the_images() -> None:
    """An image comes out as it is or mirrored, each about as often."""
    images = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 2, 2).repeat(1000, 1, 1, 1)
    flipped = augmentation.flip(images, augmentation.draw_flip(1000, torch.Generator().manual_seed(0)))
    mirrored = (flipped == images.flip(-1)).flatten(1).all(dim=1)
    same = (flipped == images).flatten(1).all(dim=1)
    assert (mirrored ^ same).all()
    assert 440 < int(mirrored.sum()) < 560  # 1000 coin flips: beyond 3.8 deviations
