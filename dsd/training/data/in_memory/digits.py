"""scikit-learn's handwritten digits."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dsd.training.data.in_memory.memory import Split
from dsd.training.data.spec import DataSpec


def table() -> tuple[NDArray[Any], NDArray[Any]]:
    """Pixels (1797, 64) of 0–16 and labels (1797,).

    Read from scikit-learn's file: importing scikit-learn takes 2 seconds, and every job would wait for it.
    """
    found = find_spec("sklearn")
    for folder in found.submodule_search_locations or () if found else ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            numbers = np.loadtxt(path, delimiter=",")
            return numbers[:, :-1], numbers[:, -1]
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    return pixels, target


def load_digits(spec: DataSpec) -> tuple[Split, Split]:
    """1,797 images of 8×8 pixels, grey repeated to RGB; 1,297 to train, 500 to test.

    The order is a fixed permutation: the original one groups digits by writer.
    """
    pixels, target = table()
    order = np.random.default_rng(0).permutation(len(target))
    images = torch.from_numpy((pixels[order] * (255 / 16)).round().astype(np.uint8).reshape(-1, 8, 8))
    labels = torch.from_numpy(target[order].astype(np.int64))
    split = Split(images[:, None].repeat(1, 3, 1, 1), labels)
    return Split(split.images[500:], split.labels[500:]), split.first(500)
