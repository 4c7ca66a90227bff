"""MNIST: 60,000 training and 10,000 test digits, 28×28 grey; by Yann LeCun and Corinna Cortes."""

from pathlib import Path

import numpy as np

from ganstudio.data.dataset import Dataset, check_labels, find, read_idx
from ganstudio.resources import resource
from ganstudio.work import Work

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def load(root: Path | None, work: Work) -> Dataset:
    """Read the four IDX files from `root`; None is the folder of the bundled ones.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``missing-data``, ``cannot-read`` or ``bad-data``, naming the file.
    """
    folder = root or resource("mnist")
    paths = [find(folder, name, "mnist", FILES) for name in FILES]
    arrays = []
    for done, (path, dims) in enumerate(zip(paths, (3, 1, 3, 1), strict=True)):
        work.at(done / len(FILES))
        arrays.append(read_idx(path, dims))
    train, train_labels, test, test_labels = arrays
    check_labels(paths[1], train, train_labels)
    check_labels(paths[3], test, test_labels)
    return Dataset(
        name="mnist",
        train=train[:, None],
        test=test[:, None],
        train_labels=train_labels.astype(np.int64),
        test_labels=test_labels.astype(np.int64),
    )
