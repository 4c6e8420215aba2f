"""The handwritten digits that come with dsd (`digits.LICENSE`): the file that scikit-learn distributes."""

from pathlib import Path

import numpy as np
import torch

from dsd.training.data.in_memory.memory import Split
from dsd.training.data.spec import DataSpec

FILE = Path(__file__).with_name("digits.csv.gz")  # 1,797 rows of 64 pixels from 0 to 16, and the label


def load_digits(spec: DataSpec) -> tuple[Split, Split]:
    """Load 1,797 images of 8×8 pixels, grey repeated to RGB; 1,297 to train, 500 to test.

    The order is a fixed permutation: the original one groups digits by writer.
    """
    numbers = np.loadtxt(FILE, delimiter=",")
    pixels, target = numbers[:, :-1], numbers[:, -1]
    order = np.random.default_rng(0).permutation(len(target))
    images = torch.from_numpy((pixels[order] * (255 / 16)).round().astype(np.uint8).reshape(-1, 8, 8))
    labels = torch.from_numpy(target[order].astype(np.int64))
    split = Split(images[:, None].repeat(1, 3, 1, 1), labels)
    return Split(split.images[500:], split.labels[500:]), split.first(500)
