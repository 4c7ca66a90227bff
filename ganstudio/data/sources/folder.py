"""A folder of images: all in it and in the folders in it, grey if all are, else RGB.

One in seven is held out. There are no classes.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ganstudio.data.dataset import Dataset, first_names
from ganstudio.data.pictures import SUFFIXES, rgb
from ganstudio.errors import ConfigError, Phrase, StudioError
from ganstudio.work import Work

USUAL_SIDES = (28, 32, 64)  # px; kept as they are where all images have one of them
HELD_OUT = 7  # one in so many
_PIECE = 16  # images that a thread reads at a time


def load_resized(root: Path | None, side: int, work: Work) -> Dataset:
    """Read every image in `root`; what cannot be read is left out and named in ``skipped``.

    Parameters
    ----------
    root : Path or None
        The folder; there is no usual one.
    side : int
        The middle square of an image is resized to so many pixels a side, with antialiasing. 0 is
        28, 32 or 64 where all are squares of that size, else 64.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``folder-not-chosen``, ``folder-missing``, ``no-images``, ``no-good-images`` or
        ``too-few-images``.
    """
    if root is None:
        raise ConfigError("folder-not-chosen", field="dataset", value="folder")
    if not root.is_dir():
        raise StudioError("folder-missing", path=root)
    paths = list(_image_files(root, work))
    if not paths:
        raise StudioError("no-images", path=root, known=", ".join(SUFFIXES))
    read = _read_all(paths, side or _common_side(paths, work), work)
    names = [path.relative_to(root).as_posix() for path in paths]
    skipped = tuple(name for name, image in zip(names, read, strict=True) if image is None)
    good = [image for image in read if image is not None]
    if not good:
        raise StudioError(
            "no-good-images", path=root, count=len(skipped), names=first_names(skipped)
        )
    if len(good) == 1:
        raise StudioError("too-few-images", path=root)
    images = np.ascontiguousarray(np.stack(good))  # which keeps the order of what it stacks
    if (images == images[:, :1]).all():
        images = images[:, :1].copy()
    held_out = _held_out([n for n, image in zip(names, read, strict=True) if image is not None])
    train, test = images[~held_out], images[held_out]
    return Dataset(
        name="folder",
        train=train,
        test=test,
        train_labels=np.zeros(len(train), np.int64),
        test_labels=np.zeros(len(test), np.int64),
        skipped=skipped,
    )


def _held_out(names: list[str]) -> NDArray[np.bool_]:
    """Return which images are held out: by name, so that others come and go without a change."""
    chosen = np.array([crc32(name.encode()) % HELD_OUT == 0 for name in names])
    if chosen.all() or not chosen.any():  # of very few
        chosen = np.arange(len(names)) % HELD_OUT == 1
    return chosen


def _image_files(root: Path, work: Work) -> Iterator[Path]:
    """Yield the images below `root` in an order that depends on names alone."""
    for folder, inner, names in os.walk(root, onerror=_refuse):
        work.at(None)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _refuse(error: OSError) -> None:
    """Name a folder that cannot be read, which `os.walk` would pass over."""
    raise StudioError("cannot-read", path=error.filename, detail=error.strerror or error) from error


def _common_side(paths: list[Path], work: Work) -> int:
    """Return the usual side that all images have, or else 64."""
    from PIL import Image

    found = 0
    for path in paths:
        work.at(None)
        try:
            with Image.open(path) as image:
                width, height = image.size
        except Exception:  # it will be left out
            continue
        if width != height or width not in USUAL_SIDES or found not in (0, width):
            return 64
        found = width
    return found or 64


def _read_all(paths: list[Path], side: int, work: Work) -> list[NDArray[np.uint8] | None]:
    """Read images on all cores; None is one that cannot be read."""
    read: list[NDArray[np.uint8] | None] = [None] * len(paths)
    done, note = count(1), Phrase("decoding", count=f"{len(paths):,}")

    def read_piece(start: int) -> None:
        for i in range(start, min(start + _PIECE, len(paths))):
            work.at(next(done) / len(paths), note)
            read[i] = _read(paths[i], side)

    work.at(0, note)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow lets go of Python's lock
        list(pool.map(read_piece, range(0, len(paths), _PIECE)))
    return read


def _read(path: Path, side: int) -> NDArray[np.uint8] | None:
    """Return the middle square of an image, (3, side, side); None if it cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            if file.format == "TIFF" and file.mode in ("I", "F"):  # no range is common to them
                return None
            file.draft(None, (2 * side, 2 * side))  # a JPEG is decoded no larger than it must be
            image = rgb(ImageOps.exif_transpose(file))
        width, height = image.size
        edge = min(width, height)
        left, top = (width - edge) / 2, (height - edge) / 2
        box = (left, top, left + edge, top + edge)
        small = image.resize((side, side), Image.Resampling.BILINEAR, box)
    except Exception:  # a damaged file makes Pillow raise anything
        return None
    return np.asarray(small).transpose(2, 0, 1)
