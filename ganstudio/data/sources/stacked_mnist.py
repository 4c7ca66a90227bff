"""Stacked-MNIST: three digits of MNIST, drawn at random, as the channels of an image.

1,000 classes, one for each number of three digits, to count how many of them a generator draws
(Metz et al. 2017, arXiv 1611.02163).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio.data.dataset import Dataset
from ganstudio.data.sources import mnist
from ganstudio.errors import Phrase
from ganstudio.work import Work

SEED = 1000


def load(root: Path | None, work: Work) -> Dataset:
    """Stack as many images as MNIST has, always the same; `root` is MNIST's, see there."""
    digits = mnist.load(root, work)
    rng = np.random.Generator(np.random.Philox(SEED))
    work.at(None, Phrase("stacking"))
    train, train_labels = _stacked(digits.train, digits.train_labels, rng)
    test, test_labels = _stacked(digits.test, digits.test_labels, rng)
    return Dataset(
        name="stacked-mnist",
        train=train,
        test=test,
        train_labels=train_labels,
        test_labels=test_labels,
    )


def _stacked(
    images: NDArray[np.uint8], labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    chosen = rng.integers(len(images), size=(len(images), 3))
    return images[chosen, 0], labels[chosen] @ np.array([100, 10, 1])
