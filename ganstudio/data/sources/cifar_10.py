"""CIFAR-10: 50,000 training and 10,000 test photographs of ten kinds, 32×32 RGB.

Krizhevsky 2009, "Learning multiple layers of features from tiny images".
"""

import io
import pickle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio.data.dataset import Dataset
from ganstudio.data.published import Published
from ganstudio.errors import Phrase, StudioError, reading
from ganstudio.work import Work

TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST = "test_batch"
CLASSES = 10
PUBLISHED = Published(
    dataset="cifar-10",
    torchvision="CIFAR10",
    place="cifar-10-batches-py",
    files=(*TRAIN, TEST),
    megabytes=170,
    archive="cifar-10-python.tar.gz",
)


def load(root: Path | None, work: Work) -> Dataset:
    """Read the six batches of the Python version; see `Published.obtain` for where from.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``cannot-read`` or ``bad-data``, naming the file; or as `Published.obtain`.
    """
    folder = PUBLISHED.obtain(root, work)
    batches = []
    for done, name in enumerate(PUBLISHED.files):
        work.at(done / len(PUBLISHED.files))
        batches.append(_read_batch(folder / name))
    images, labels = zip(*batches, strict=True)
    return Dataset(
        name="cifar-10",
        train=np.concatenate(images[:-1]),
        test=images[-1],
        train_labels=np.concatenate(labels[:-1]),
        test_labels=labels[-1],
    )


def _read_batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images, (N, 3, 32, 32), and labels, (N,), of a file. Nothing in it is executed."""
    with reading(path):
        raw = path.read_bytes()
    try:
        content = _Reader(io.BytesIO(raw), encoding="bytes").load()
        pixels = np.frombuffer(bytearray(content[b"data"].state[-1]), np.uint8)
        images = pixels.reshape(-1, 3, 32, 32)
        labels = np.array(content[b"labels"], np.int64)
        if labels.shape != (len(images),) or not np.isin(labels, range(CLASSES)).all():
            raise ValueError(Phrase("labels"))
    except Exception as error:  # damaged bytes make a pickle raise anything
        detail = error.args[0] if error.args else type(error).__name__
        expected = Phrase("cifar-file")
        raise StudioError("bad-data", path=path, expected=expected, detail=detail) from None
    return images, labels


class _StandIn:
    """What NumPy's array, and its type, become: something that holds what they are made from."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[bytes, ...] = ()

    def __setstate__(self, state: tuple[bytes, ...]) -> None:
        self.state = state


class _Reader(pickle.Unpickler):
    """Reads dictionaries, lists, numbers, text and the bytes of arrays; calls nothing."""

    def find_class(self, module: str, name: str) -> type[_StandIn]:
        """Return the stand-in for the three names that a pickled array has; refuse the others."""
        numpy = module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
        if numpy and name in ("_reconstruct", "ndarray", "dtype"):
            return _StandIn
        raise pickle.UnpicklingError(Phrase("pickled-code", name=f"{module}.{name}"))
