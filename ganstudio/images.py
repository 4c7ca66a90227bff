"""Images as arrays: grids of them, and files of them."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganstudio.atomic import replacing

Pixels = NDArray[np.uint8]

_GIF_SIDE = 224  # px, at most: smaller images are enlarged by whole numbers


def columns_for(n: int) -> int:
    """Return how many columns a grid of `n` images has: as square as can be."""
    return max(1, math.ceil(math.sqrt(n)))


def grid(images: Pixels, columns: int | None = None, gap: int = 2) -> Pixels:
    """Lay images out in rows.

    Parameters
    ----------
    images : (N, C, H, W) uint8
        Grey (C = 1) or RGB (C = 3).
    columns : int, optional
        Images in a row; by default as square as can be.
    gap : int
        Pixels between two images.

    Returns
    -------
    (rows, columns, C) uint8
        With a black gap between images, none around them.
    """
    n, channels, height, width = images.shape
    columns = columns or columns_for(n)
    rows = max(1, math.ceil(n / columns))
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    sheet = np.zeros(shape, np.uint8)
    for i, image in enumerate(images):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = image.transpose(1, 2, 0)
    return sheet


def save_png(sheet: Pixels, path: Path) -> None:
    """Write a picture, (H, W, 1 or 3) uint8, as PNG."""
    picture = Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet)
    with replacing(path) as file:
        picture.save(file, format="PNG")


def save_gif(images: Pixels, path: Path, frames_a_second: float) -> None:
    """Write images, (N, C, H, W) uint8, as a GIF that repeats, large enough to be seen."""
    scale = max(1, _GIF_SIDE // images.shape[2])
    large = images.repeat(scale, axis=2).repeat(scale, axis=3).transpose(0, 2, 3, 1)
    first, *others = (
        Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image) for image in large
    )
    with replacing(path) as file:
        first.save(
            file,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=round(1000 / frames_a_second),
            loop=0,
        )


def save_npy(array: NDArray[Any], path: Path) -> None:
    """Write an array as .npy."""
    buffer = io.BytesIO()  # numpy would not say why a file takes no more
    np.save(buffer, array)
    with replacing(path) as file:
        file.write(buffer.getbuffer())
