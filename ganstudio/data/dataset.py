"""What a dataset is, and how IDX files (LeCun's format for MNIST and its relatives) are read."""

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import Phrase, StudioError, reading
from ganstudio.work import Work


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Training and held-out images, in memory.

    Attributes
    ----------
    name : str
        The name it is chosen by.
    train, test : (N, C, H, W) uint8
        Images; 0 is black. `test` is held out: no net is ever trained on it.
    train_labels, test_labels : (N,) int64
        Class numbers.
    root : Path or None
        The folder its files were read from; None is its usual place.
    skipped : tuple of str
        Files in `root` that could not be read and are left out.
    """

    name: str
    train: NDArray[np.uint8]
    test: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_labels: NDArray[np.int64]
    root: Path | None = None
    skipped: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.train.shape
        return channels, height, width

    @property
    def classes(self) -> int:
        """How many classes its labels name."""
        return (
            int(max(labels.max(initial=0) for labels in (self.train_labels, self.test_labels))) + 1
        )

    def held_out(self, count: int) -> NDArray[np.intp]:
        """Return which of `test` stand for all of them where a few must do: always the same."""
        return np.random.default_rng(0).permutation(len(self.test))[:count]

    def with_train_images(self, count: int, rng: np.random.Generator) -> "Dataset":
        """Return the dataset with so many training images, at most, that `rng` draws; 0 is all."""
        if not 0 < count < len(self.train):
            return self
        kept = rng.permutation(len(self.train))[:count]
        return replace(self, train=self.train[kept], train_labels=self.train_labels[kept])

    @property
    def notice(self) -> StudioError | None:
        """What a person should know of it, though it can be used: which files are left out."""
        if not self.skipped:
            return None
        count = len(self.skipped)
        return StudioError(
            "skipped-files",
            count=count,
            total=len(self.train) + len(self.test) + count,
            path=self.root,
            names=first_names(self.skipped),
            all="\n" + "\n".join(self.skipped),  # for “Copy details”
        )


def first_names(names: Sequence[str]) -> object:
    """Return the first few names as words."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else Phrase("and-more", names=shown, more=len(names) - 3)


def find(folder: Path, name: str, dataset: str, needed: tuple[str, ...]) -> Path:
    """Return the file `name` in `folder`, plain or gzipped; ``missing-data`` if there is none."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise StudioError("missing-data", path=folder / name, dataset=dataset, files=", ".join(needed))


def read_idx(path: Path, dims: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes with `dims` dimensions; gzipped if it ends in ``.gz``.

    Raises
    ------
    StudioError
        ``cannot-read``, or ``bad-data`` naming the file and what is wrong with it.
    """
    idx = Phrase("idx-file")
    with reading(path):
        raw = path.read_bytes()
    try:
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        magic, *shape = struct.unpack_from(f">{dims + 1}I", raw)
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error) as error:
        raise StudioError("bad-data", path=path, expected=idx, detail=error) from None
    if magic != 0x0800 + dims:  # two zero bytes, 8 = unsigned byte, number of dimensions
        right = f"{0x0800 + dims:#010x}"
        detail = Phrase("other-magic", found=f"{magic:#010x}", expected=right)
        raise StudioError("bad-data", path=path, expected=idx, detail=detail)
    values = np.frombuffer(bytearray(raw), np.uint8, offset=4 * (dims + 1))
    expected = math.prod(shape)
    if values.size != expected:
        detail = Phrase("other-size", found=f"{values.size:,}", expected=f"{expected:,}")
        raise StudioError("bad-data", path=path, expected=idx, detail=detail)
    return values.reshape(shape)


def check_labels(path: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Refuse labels, read from `path`, that are not one for every image."""
    if len(labels) != len(images):
        detail = Phrase("other-size", found=f"{len(labels):,}", expected=f"{len(images):,}")
        raise StudioError("bad-data", path=path, expected=Phrase("labels"), detail=detail)


def load_idx(dataset: str, folder: Path, files: tuple[str, str, str, str], work: Work) -> Dataset:
    """Read a dataset from four IDX files: training images and labels, held-out ones and theirs.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``missing-data``, ``cannot-read`` or ``bad-data``, naming the file.
    """
    paths = [find(folder, name, dataset, files) for name in files]
    arrays = []
    for done, (path, dims) in enumerate(zip(paths, (3, 1, 3, 1), strict=True)):
        work.at(done / len(files))
        arrays.append(read_idx(path, dims))
    train, train_labels, test, test_labels = arrays
    check_labels(paths[1], train, train_labels)
    check_labels(paths[3], test, test_labels)
    return Dataset(
        name=dataset,
        train=train[:, None],
        test=test[:, None],
        train_labels=train_labels.astype(np.int64),
        test_labels=test_labels.astype(np.int64),
    )
