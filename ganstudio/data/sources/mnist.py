"""MNIST: 60,000 training and 10,000 test digits, 28×28 grey; by Yann LeCun and Corinna Cortes."""

from pathlib import Path

from ganstudio.data.dataset import Dataset, load_idx
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
    return load_idx("mnist", root or resource("mnist"), FILES, work)
