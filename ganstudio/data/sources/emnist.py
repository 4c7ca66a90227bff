"""EMNIST: handwritten digits and letters, 28×28 grey (Cohen et al. 2017, arXiv 1702.05373).

Of its six splits this is "balanced": 112,800 training and 18,800 test images of 47 classes, all as
frequent; upper and lower case that look alike are one class.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio.data.dataset import Dataset, load_idx
from ganstudio.data.published import Published
from ganstudio.work import Work

FILES = (
    "emnist-balanced-train-images-idx3-ubyte",
    "emnist-balanced-train-labels-idx1-ubyte",
    "emnist-balanced-test-images-idx3-ubyte",
    "emnist-balanced-test-labels-idx1-ubyte",
)
PUBLISHED = Published(
    dataset="emnist",
    torchvision="EMNIST",
    place="EMNIST/raw",
    files=FILES,
    megabytes=562,
    archive="gzip.zip",
)


def load(root: Path | None, work: Work) -> Dataset:
    """Read the four IDX files; see `Published.obtain` for where from."""
    dataset = load_idx("emnist", PUBLISHED.obtain(root, work), FILES, work)
    return replace(dataset, train=_upright(dataset.train), test=_upright(dataset.test))


def _upright(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Swap rows and columns, which the files have the other way round."""
    return np.ascontiguousarray(images.swapaxes(2, 3))
