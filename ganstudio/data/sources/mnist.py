"""MNIST: 60,000 training and 10,000 test digits, 28×28 grey; by Yann LeCun and Corinna Cortes."""

from pathlib import Path

import numpy as np

from ganstudio.data.dataset import Dataset, find, read_idx
from ganstudio.resources import resource

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def load(root: Path | None = None) -> Dataset:
    """Read the four IDX files from `root`, by default the bundled ones.

    Raises
    ------
    StudioError
        ``missing-data``, ``cannot-read`` or ``bad-data``, naming the file.
    """
    folder = root or resource("mnist")
    paths = [find(folder, name, "mnist", FILES) for name in FILES]
    train, test = (read_idx(paths[i], dims=3)[:, None] for i in (0, 2))
    train_labels, test_labels = (read_idx(paths[i], dims=1).astype(np.int64) for i in (1, 3))
    return Dataset(
        name="mnist",
        train=train,
        test=test,
        train_labels=train_labels,
        test_labels=test_labels,
    )
