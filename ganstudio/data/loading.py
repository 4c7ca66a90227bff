"""From a name to a dataset whose images have the size that a recipe asks for."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio import parts
from ganstudio.data.dataset import Dataset
from ganstudio.data.published import Published
from ganstudio.work import Work

_PIECE = 1000  # images resized between two looks at whether they are still wanted
_ahead: dict[str, Future[Dataset]] = {}


def read_ahead(name: str) -> None:
    """Begin to read a dataset from its usual place, while torch is imported; `load` takes it."""
    pool = ThreadPoolExecutor(1)
    _ahead[name] = pool.submit(parts.load(parts.DATASET, name).load, None, Work(can_cancel=False))
    pool.shutdown(wait=False)


def load(name: str, image_size: int, root: Path | None, work: Work) -> Dataset:
    """Load a dataset.

    Parameters
    ----------
    name : str
        The dataset.
    image_size : int
        The sides of its images, in pixels; 0 leaves them as they are.
    root : Path or None
        The folder of its files, or the data folder that it is or shall be in; None is its usual
        place.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        If a file is missing or damaged, or cannot be downloaded, naming it.
    """
    module = parts.load(parts.DATASET, name)
    dataset: Dataset
    if root is None and name in _ahead:
        dataset = _ahead.pop(name).result()
    elif hasattr(module, "load_resized"):
        dataset = module.load_resized(root, image_size, work)
    else:
        dataset = module.load(root, work)
    if root is not None:
        dataset = replace(dataset, root=root.absolute())
    if image_size in (0, *dataset.image_shape[1:]):
        return dataset
    work.at(None)
    return replace(
        dataset,
        train=_resized(dataset.train, image_size, work),
        test=_resized(dataset.test, image_size, work),
    )


def find_root(name: str, root: Path | None, data_folder: Path | None) -> Path | None:
    """Return where to load a dataset from.

    Parameters
    ----------
    name : str
        The dataset.
    root : Path or None
        Where it was before, or where a person says it is. Only one that is published may be
        elsewhere by now.
    data_folder : Path or None
        Where downloads are kept; None is the usual place.
    """
    published = _published(name)
    if published is None:
        return root
    if root is not None and published.find(root) is not None:
        return root
    return data_folder


def downloads(data_folder: Path | None) -> dict[str, int]:
    """Return the datasets that would have to be downloaded, with their megabytes."""
    known = {name: _published(name) for name in parts.names(parts.DATASET)}
    return {
        name: item.megabytes
        for name, item in known.items()
        if item is not None and item.find(data_folder) is None
    }


def _published(name: str) -> Published | None:
    published: Published | None = getattr(parts.load(parts.DATASET, name), "PUBLISHED", None)
    return published


def _resized(images: NDArray[np.uint8], side: int, work: Work) -> NDArray[np.uint8]:
    """Return images as squares of `side` pixels, with antialiasing; on all cores."""
    from PIL import Image  # here, since the window imports this module

    out = np.empty((*images.shape[:2], side, side), np.uint8)

    def resize(start: int) -> None:
        work.at(None)
        for i in range(start, min(start + _PIECE, len(images))):
            for channel, target in zip(images[i], out[i], strict=True):
                # bilinear over the pixel's whole footprint, as torchvision's antialias does
                small = Image.fromarray(channel).resize((side, side), Image.Resampling.BILINEAR)
                target[:] = np.asarray(small)

    with ThreadPoolExecutor() as pool:  # Pillow lets go of Python's lock
        list(pool.map(resize, range(0, len(images), _PIECE)))
    return out
